"""Render a long changelog with HTML anchors and comments between its entries."""

import markdown

PAGES = []


def setup():
    """Make changelogs of a hundred and of seven hundred releases."""
    PAGES.clear()
    for releases in (100, 700):
        lines = []
        for number in range(releases, 0, -1):
            lines += [
                f'<a name="v{number}"></a>',
                "",
                f"## Release {number}",
                "",
                f"<!-- built by job {number} -->",
                "",
            ]
            lines += [f"* Entry {entry} of release {number}, *by* `somebody`." for entry in range(4)] + [""]
            lines += ["<p>", f"Download <em>{number}</em>", "</p>", ""]
        PAGES.append("\n".join(lines))


def workload():
    """Convert them."""
    for page in PAGES:
        print(markdown.markdown(page))
