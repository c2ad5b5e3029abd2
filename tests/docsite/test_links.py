"""Links of the documentation lead somewhere; and a link that does not is seen."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import links
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*/*.md"))]


def problem(page: Path, target: str) -> str:
    """What is wrong with a link of a page, "" for nothing. External ones are looked at, not asked for."""
    if re.match(r"[a-z]+:", target):
        parts = urlsplit(target)
        return "" if parts.scheme in ("http", "https") and "." in parts.netloc else "no web address"
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists() or ROOT not in (file, *file.parents):
        return "no such file"
    if anchor and file.suffix == ".md" and anchor not in links.anchors(file.read_text(encoding="utf-8")):
        return "no such heading"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    found = list(links.links(page.read_text(encoding="utf-8")))
    wrong = {f"{page.name}:{link.line} {link.target}": said for link in found if (said := problem(page, link.target))}
    assert not wrong


def test_pages_have_links() -> None:
    assert sum(len(list(links.links(page.read_text(encoding="utf-8")))) for page in PAGES) > 100


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("nowhere.md", "no such file"),
        ("../../../etc/passwd", "no such file"),
        ("../README.md", ""),
        ("reference.md#exit-codes", ""),
        ("reference.md#exit-code", "no such heading"),
        ("#exit-codes", ""),
        ("#nothing", "no such heading"),
        ("https://example.org/a#b", ""),
        ("https:/example.org", "no web address"),
        ("mailto:somebody", "no web address"),
    ],
)
def test_a_link_that_leads_nowhere_is_seen(target: str, expected: str) -> None:
    assert problem(ROOT / "docs" / "reference.md", target) == expected


def test_links_in_code_and_comments_are_none() -> None:
    text = "[a](b.md) `[c](d.md)` ``[`e`](f)`` <!-- [g](h) -->\n```\n[i](j)\n```\n![k](l_(m).svg)\n"
    assert [(link.target, link.line) for link in links.links(text)] == [("b.md", 1), ("l_(m).svg", 5)]
    first = next(links.links(text))
    assert text[first.start : first.end] == "b.md"


def test_anchors_are_those_of_github() -> None:
    code = "```\n# no heading\n```\n"
    text = f"# `llmopt` help\n## 2026-11-22 · A key, sent\n### See [there](x.md)!\n{code}## Same\n## Same\n"
    assert links.anchors(text) == ["llmopt-help", "2026-11-22--a-key-sent", "see-there", "same", "same-1"]
