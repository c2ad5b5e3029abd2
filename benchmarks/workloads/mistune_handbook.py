"""Render a handbook in Markdown to HTML with mistune: nested lists, links, tables."""

import hashlib

import mistune

PAGES = []


def setup():
    """Write the handbook."""
    for number in range(60):
        lines = [f"# Chapter {number}", ""]
        for step in range(8):
            link = f"https://example.org/handbook/{number}/step_{step}_(draft)?lang=en&edition=3"
            lines += [
                f"{step + 1}. Open the *case* of unit {step} and see [the drawing]({link} 'Drawing') first.",
                "    - take out `four` screws",
                "\t- keep them  ",
                "      in a **box**",
                "",
            ]
        lines += ["| part | number | note |", "|:-----|-------:|------|"]
        lines += [
            f"| bolt {at} | {at * 7} | see \\| and `x` |" if at % 5 == 0 else f"| nut {at} | {at} | |"
            for at in range(40)
        ]
        PAGES.append("\n".join([*lines, ""]))


def workload():
    """Render all of it."""
    render = mistune.create_markdown(plugins=["table", "strikethrough"])
    digest = hashlib.sha256()
    for page in PAGES:
        digest.update(render(page).encode())
    print(digest.hexdigest())
