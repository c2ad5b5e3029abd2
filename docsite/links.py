"""A Markdown text in; its links and the anchors of its headings out. Code is left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*[ \t]*$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TARGET = re.compile(r"(?<=\]\()([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?=\))")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
LINK_TEXT = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Link:
    """What `[text](target)` points at, and where in the text the target stands."""

    target: str
    start: int
    end: int
    line: int


def links(text: str) -> Iterator[Link]:
    """Every inline link and picture, in order."""
    prose = _blanked(text, CODE, COMMENT)
    for found in TARGET.finditer(prose):
        yield Link(found[0], found.start(), found.end(), prose.count("\n", 0, found.start()) + 1)


def anchors(text: str) -> list[str]:
    """The anchor of each heading as GitHub and the built site make it: one that comes again gets a number."""
    seen: dict[str, int] = {}
    made = []
    fenceless = _blanked(text, re.compile(r"^(`{3,}|~{3,}).*?^\1`*[ \t]*$", re.MULTILINE | re.DOTALL))
    for heading in HEADING.findall(fenceless):
        plain = LINK_TEXT.sub(r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        times = seen[anchor] = seen.get(anchor, -1) + 1
        made.append(f"{anchor}-{times}" if times else anchor)
    return made


def _blanked(text: str, *patterns: re.Pattern[str]) -> str:
    """The text with what the patterns match turned into blanks; lines and positions stay."""
    for pattern in patterns:
        text = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return text
