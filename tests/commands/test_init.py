"""`llmopt init` on real repositories: what it writes is a configuration, and says what it is."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
import shop

from llmopt.config import Settings, load

COMMENTED = re.compile(r"^# (\w+ = .*)$", re.MULTILINE)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {**shop.FILES, "benchmarks/bench_report.py": shop.FILES["bench.py"]}
    return shop.repository(tmp_path / "shop", files)


def written(folder: Path) -> str:
    done = shop.llmopt(folder, "init", "--yes")
    assert done.code == 0, done.err
    return (folder / "pyproject.toml").read_text()


def test_what_was_detected_is_set_and_said(repo: Path) -> None:
    text = written(repo)
    table = tomllib.loads(text)["tool"]["llmopt"]
    assert table == {
        "python": sys.executable,
        "workloads": ["benchmarks/bench_report.py"],
        "test": "python -m pytest tests",
    }
    for name in table:
        assert re.search(rf"^# .*\n(python = .*\n)?{name} = |^# .*\n{name} = ", text, re.MULTILINE), name
    assert text.startswith(shop.FILES["pyproject.toml"].strip().splitlines()[0])  # what was there is kept


def test_every_other_setting_stands_there_with_its_default(repo: Path) -> None:
    text = written(repo)
    lines = COMMENTED.findall(text)
    given = tomllib.loads("\n".join(lines))
    assert Settings.model_validate(given) == Settings()
    table = text.partition("[tool.llmopt]")[2]
    assert all(len(re.findall(rf"(?:# |^|, |: ){name}\b", table, re.MULTILINE)) >= 1 for name in Settings.model_fields)
    assert "python," not in table.partition("# Not set: ")[2]  # it is set
    assert "One of branch, commit, worktree, patch, index." in table
    (repo / "pyproject.toml").write_text("[tool.llmopt]\n" + "\n".join(lines))
    assert load(repo, repo, {}, {}) == Settings()  # none of them is refused in a repository's own file


def test_what_was_not_found_is_not_made_up(tmp_path: Path) -> None:
    folder = shop.repository(tmp_path / "bare", {"m.py": "x = 1\n"})
    done = shop.llmopt(folder, "init", "--yes")
    assert done.code == 0, done.err
    text = (folder / "llmopt.toml").read_text()
    table = tomllib.loads(text)["tool"]["llmopt"]
    assert list(table) == ["python"]
    assert "No benchmark was found" in text
    assert "No tests were found" in text
    assert "bench.py" not in text


def test_a_second_call_changes_nothing(repo: Path) -> None:
    text = written(repo)
    again = shop.llmopt(repo, "init", "--yes")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "has a [tool.llmopt] table already" in again.err
    assert (repo / "pyproject.toml").read_text() == text
