"""`llmopt init` on real repositories: what it writes is a configuration, and says what it is."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
import shop
from terminal import Terminal

from llmopt.commands import workflow
from llmopt.commands.hooks import FILE, block
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


# --- on a terminal; standard output goes to a file: a question that went there would be waited for unseen -----------

HOOKS = "Write pre-commit hooks too (docs/hooks.md)? [y/N]:"


def asked(folder: Path, *answers: tuple[str, str], code: int = 0) -> str:
    """What `llmopt init` says on a terminal where each question gets its answer."""
    with Terminal(shop.command("init"), folder, shop.environment()) as terminal:
        for question, answer in answers:
            terminal.wait_for(question, 60)
            terminal.read(1.0)  # nobody types sooner; and a signal just before Python reads is seen only after it has
            terminal.type(answer)
        assert terminal.end(60) == code, terminal.shown
        return terminal.out if code == 0 else terminal.shown


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_hooks_are_offered_and_written_on_a_yes_alone(repo: Path, answer: str, written: bool) -> None:
    said = asked(repo, (HOOKS, answer))
    assert "[tool.llmopt]" in (repo / "pyproject.toml").read_text()
    assert (repo / FILE).exists() is written
    assert ("Next: pre-commit install" in said) is written
    if written:
        assert (repo / FILE).read_text() == f"repos:\n{block('')}\n"


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("\n", False)])
def test_a_workflow_is_offered_where_the_repository_has_some(repo: Path, answer: str, written: bool) -> None:
    (repo / ".github").mkdir()
    said = asked(repo, (HOOKS, "\n"), ("Write a workflow for pull requests (docs/ci.md)? [y/N]:", answer))
    assert (repo / workflow.FILE).exists() is written
    assert ("Next: look at how it installs the project" in said) is written


def test_hooks_are_not_offered_where_pre_commit_is_set_up(repo: Path) -> None:
    (repo / FILE).write_text("repos: []\n")
    asked(repo)
    assert (repo / FILE).read_text() == "repos: []\n"


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_who_leaves_at_the_question_for_hooks_keeps_the_table(repo: Path, key: str) -> None:
    said = asked(repo, (HOOKS, key), code=130)
    assert "Traceback" not in said
    assert "[tool.llmopt]" in (repo / "pyproject.toml").read_text()
    assert not (repo / FILE).exists()


@pytest.mark.slow
def test_what_was_not_found_is_asked_for(tmp_path: Path) -> None:
    folder = shop.repository(tmp_path / "bare", {"m.py": "def f():\n    pass\n", "check.py": "import m\n"})
    asked(
        folder,
        ("What is to become faster", "m:f\n"),
        ("Which command runs them", "python check.py\n"),
        (HOOKS, "\n"),
    )
    table = tomllib.loads((folder / "llmopt.toml").read_text())["tool"]["llmopt"]
    assert (table["workloads"], table["test"]) == (["m:f"], "python check.py")


def test_a_workload_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = shop.repository(tmp_path / "bare", {"m.py": "x = 1\n"})
    said = asked(folder, ("What is to become faster", "nowhere.py\n"), code=2)
    assert "nowhere.py" in said.rpartition("llmopt: ")[2]
    assert not (folder / "llmopt.toml").exists()
