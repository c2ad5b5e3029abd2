"""The pages of the site: each has its source, and its links lead to other pages or to the repository's host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import stage

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("source", "written", "expected"),
    [
        ("README.md", "docs/reference.md#json", "reference.md#json"),
        ("README.md", "CONTRIBUTING.md", "contributing.md"),
        ("docs/cheats.md", "../README.md", "index.md"),
        ("docs/cheats.md", "how-it-works.md", "how-it-works.md"),
        ("docs/cheats.md", "#below", "#below"),
        ("docs/cheats.md", "../tests/cheats", f"{stage.SOURCE}/tree/main/tests/cheats"),
        ("docs/cheats.md", "../llmopt/loop.py#L3", f"{stage.SOURCE}/blob/main/llmopt/loop.py#L3"),
        ("docs/cheats.md", "https://example.org/x.md", "https://example.org/x.md"),
    ],
)
def test_where_a_link_leads_in_the_site(source: str, written: str, expected: str) -> None:
    assert stage.target(written, source, ROOT) == expected


def test_only_targets_change() -> None:
    text = "see [`loop`](../llmopt/loop.py), `[x](../README.md)` and [the start](../README.md#undo)"
    assert stage.for_the_site(text, "docs/faq.md", ROOT) == (
        f"see [`loop`]({stage.SOURCE}/blob/main/llmopt/loop.py), `[x](../README.md)` and [the start](index.md#undo)"
    )


def test_every_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"^ +- .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(name for name in stage.staged(ROOT).values() if name.endswith(".md"))
