"""Compare two editions of a changelog in all formats, and apply the patch."""

import random
import sys

from difftext import Comparison, Differ, HtmlFormat, Patch, UnifiedFormat, WordFormat

VERBS = ["Fix", "Add", "Remove", "Deprecate", "Document", "Speed up", "Rename", "Support", "Validate", "Refactor"]
THINGS = ["the parser", "cookie handling", "timeouts", "the connection pool", "type hints", "error messages", "redirects", "the CLI",
          "streaming uploads", "proxy settings", "Windows paths", "the test suite", "retry logic", "header encoding"]
TAILS = ["when the server closes early", "for Python 3.13", "in the async client", "with empty bodies", "on slow networks",
         "as reported on the mailing list", "without breaking old callers", "if no content type is given", ""]


def make_item(rng):
    item = "- %s %s %s" % (rng.choice(VERBS), rng.choice(THINGS), rng.choice(TAILS))
    return "%s (#%d)" % (item.rstrip(), rng.randrange(100, 4000))


def make_release(rng, number):
    lines = ["", "## %d.%d.%d (2023-%02d-%02d)" % (number // 12, number // 3 % 4, number % 3, number % 12 + 1, number % 28 + 1), ""]
    for heading in rng.sample(["### Added", "### Fixed", "### Changed"], 2):
        lines += [heading, ""] + [make_item(rng) for _ in range(rng.randrange(3, 12))] + [""]
    return lines


def edit_line(rng, line, rewritten):
    chance = rng.random()
    if not line.startswith("-"):
        return [line]
    if rewritten:
        chance = rng.choice([0.75, 0.85, 0.96, 0.99])
    if chance < 0.72:
        return [line]
    if chance < 0.80:
        return [line.replace("(#", "(thanks to @user%d, #" % rng.randrange(50))]
    if chance < 0.88:
        return [line.replace(" the ", " a ").replace("Fix ", "Correct ") + "."]
    if chance < 0.94:
        return [line + "  "]
    if chance < 0.97:
        return [make_item(rng), line]
    return []


def make_editions(releases=17, seed=11):
    rng = random.Random(seed)
    history = [make_release(rng, number) for number in range(releases, 0, -1)]
    old = ["# Changelog"] + [line for release in history[3:] for line in release]
    new = ["# Changelog"] + [line for release in history[:3] for line in release]
    rewritten = False
    for line in old[1:]:
        if line.startswith("## "):
            rewritten = rng.random() < 0.6
        new += edit_line(rng, line, rewritten)
    return old, new


def main():
    old, new = make_editions()
    differ = Differ(old, new, Comparison(ignore_space=True))
    for render in (WordFormat, HtmlFormat):
        sys.stdout.write(render(differ, "CHANGELOG-1.md", "CHANGELOG-2.md").render())
    print(differ.summary())
    exact = Differ(old, new)
    patch = UnifiedFormat(exact, "CHANGELOG-1.md", "CHANGELOG-2.md").render()
    print(patch)
    print("patch applies:", Patch.parse(patch).apply(old) == new)


if __name__ == "__main__":
    main()
