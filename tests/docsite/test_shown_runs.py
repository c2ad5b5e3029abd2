"""The closing lines of runs that pages show are of the kind that a run prints today; their figures are as seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shop

ROOT = Path(__file__).parents[2]
FIGURES = (
    (r"\bgit -C \S+", "git"),
    (r"\d{8}-\d{6}", "RUN"),
    (r"\S+::\S+", "FUNCTION"),
    (r"(\d+ h )?(\d+ min )?[\d.]+ m?s\b", "TIME"),
    (r"no tokens used|[\d.]+k? tokens, \$\d+\.\d+", "COST"),
    (r"\bby (rules: .*|manual)$", "by WHO"),
    (r"sandbox: \w+", "sandbox: LAYER"),
    (r"\b1 edit tried", "1 edits tried"),
    (r"\b1 changed line,", "1 changed lines,"),
    (r"\d+([.,]\d+)*", "0"),
)


def kind(line: str) -> str:
    """A line without its figures and names."""
    for pattern, name in FIGURES:
        line = re.sub(pattern, name, line)
    return line


def closing_lines(page: Path) -> list[str]:
    """Those of the run that a page shows; what hangs on the project (what is left, what was checked) is left out."""
    (block,) = re.findall(r"^```text\n([\d.]+x \[.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line for line in block.splitlines() if not line.startswith(("All together", "Left: "))]


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_a_page_shows_all_kinds_of_closing_lines(page: str) -> None:
    kinds = {kind(line) for line in closing_lines(ROOT / page)}
    assert len(kinds) == 5, kinds
    assert not any(re.search(r"[1-9]", each) for each in kinds)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_run_prints_them_like_that(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop", {**shop.FILES, **shop.COUNTING})
    done = shop.llmopt(repo, "optimize", "--workload", "bench.py")
    assert done.code == 0, done.err
    printed = {kind(line) for line in done.out.splitlines()}
    for page in ("README.md", "docs/tutorial.md"):
        assert {kind(line) for line in closing_lines(ROOT / page)} <= printed
