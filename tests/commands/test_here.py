"""`llmopt` alone, in folders of every kind: what it says is there, and that the command it names is the right one."""

from __future__ import annotations

import fcntl
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import shop

from llmopt import git, keep
from llmopt.commands import here
from llmopt.data import Outcome, Verdict
from llmopt.journal import Journal
from llmopt.keep import Kept

KEPT = Verdict(True, "confirmation", "", "m.py::f", "rules", plan="p" * 200_000, speedup=1.3)


def commands(folder: Path) -> list[str]:
    return [command for command, _ in here.advice(here.look(folder))]


def run_of(
    folder: Path, outcome: Outcome | None, model: str = "rules", name: str = "20260101-000000", kept: Kept | None = None
) -> None:
    """A run's journal as `optimize` writes it."""
    journal = Journal(folder / ".llmopt" / "runs" / name / "journal.jsonl")
    journal.add("start", {"settings": {"model": model}}, key="start")
    journal.add("verdict", KEPT, key="k")
    if kept:
        journal.add("kept", kept, key="c")
    if outcome:
        journal.add("outcome", outcome)
    journal.close()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "shop" / ".git").mkdir(parents=True)
    (tmp_path / "shop" / "m.py").write_text("x = 1\n")
    return tmp_path / "shop"


@pytest.fixture
def tested(repo: Path) -> Path:
    (repo / "tests").mkdir()
    (repo / "bench.py").write_text("def workload(): pass\n")
    return repo


def test_where_there_is_nothing_it_points_elsewhere(tmp_path: Path) -> None:
    assert commands(tmp_path) == ["cd REPOSITORY && llmopt"]
    assert "no Python files" in here.about(here.look(tmp_path))


def test_without_git_both_ways_are_named(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("")
    first, second = commands(tmp_path)
    assert first.startswith("git init && ")
    assert second == "llmopt optimize --no-git"


def test_a_fresh_repository_begins_with_init_and_a_configured_one_with_doctor(tested: Path) -> None:
    assert commands(tested) == ["llmopt init", "llmopt optimize"]
    (tested / "pyproject.toml").write_text("[tool.other]\n")
    assert commands(tested)[0] == "llmopt init"
    (tested / "pyproject.toml").write_text("[tool.llmopt]\n")
    assert commands(tested) == ["llmopt doctor", "llmopt optimize"]
    (tested / "sub").mkdir()
    assert here.look(tested / "sub").table == {}  # the nearest one above counts


def test_what_is_missing_is_asked_for(repo: Path) -> None:
    assert commands(repo)[1] == "llmopt optimize --test 'COMMAND'"
    (repo / "test_m.py").write_text("")
    assert commands(repo)[1] == "llmopt optimize --workload SPEC"
    (repo / "llmopt.toml").write_text('workloads = ["m:f"]\n')
    assert commands(repo) == ["llmopt doctor", "llmopt optimize"]


def test_a_broken_configuration_is_left_to_doctor(tested: Path) -> None:
    (tested / "llmopt.toml").write_text("[\n")
    assert commands(tested)[0] == "llmopt doctor"


def test_a_run_that_did_not_end_is_gone_on_with(tested: Path) -> None:
    run_of(tested, None)
    assert commands(tested) == ["llmopt optimize --resume last", "llmopt show last"]
    assert "20260101-000000, has not ended" in here.about(here.look(tested))
    run_of(tested, Outcome("r", "b", interrupted=True), name="20260102-000000")
    assert commands(tested)[0] == "llmopt optimize --resume last"


def test_what_a_run_kept_is_to_be_looked_at_and_taken(tested: Path) -> None:
    outcome = Outcome("r", "b", branch="llmopt/r", speedup=1.31, verdicts=(KEPT,))
    run_of(tested, outcome, kept=Kept("llmopt/r", "on branch llmopt/r; take it with `git merge llmopt/r`", "x"))
    assert commands(tested) == ["llmopt show last", "git merge llmopt/r"]
    assert "made it 1.31x as fast" in here.about(here.look(tested))
    run_of(tested, outcome, name="20260102-000000", kept=Kept("main", "committed on main (1)", "x"))
    assert commands(tested) == ["llmopt show last"]


@pytest.mark.parametrize("is_dirty", [False, True])
def test_it_takes_the_edits_in_the_way_that_the_run_itself_has_named(tmp_path: Path, is_dirty: bool) -> None:
    repo = shop.repository(tmp_path / "shop")
    (repo / "mine.txt").write_text("not committed" if is_dirty else "committed")
    if not is_dirty:
        shop.git(repo, "add", "--all")
        shop.git(repo, "commit", "--quiet", "--message", "Mine")
    base, _ = git.snapshot(repo)
    commit = git.commit_files(repo, base, {"new.txt": b"faster"}, "Speed up")
    kept = keep.keep("branch", repo, repo, "r", base, [commit], tmp_path / "no.patch")
    run_of(repo, Outcome("r", base, branch=kept.branch, verdicts=(KEPT,)), kept=kept)
    take = commands(repo)[1]
    assert take in kept.where
    shop.git(repo, *shlex.split(take)[3:])  # after `git -C FOLDER`
    assert (repo / "new.txt").read_text() == "faster"
    assert shop.git(repo, "status", "--porcelain", "mine.txt") == ("?? mine.txt" if is_dirty else "")


def test_after_the_rules_a_model_is_next_and_after_a_model_another_workload(tested: Path) -> None:
    run_of(tested, Outcome("r", "b"))
    assert commands(tested)[0].startswith("llmopt optimize --model anthropic:NAME")
    run_of(tested, Outcome("r", "b"), model="openai:x", name="20260102-000000")
    assert commands(tested)[1] == "llmopt optimize --workload SPEC"


def test_a_run_that_goes_on_is_not_disturbed(tested: Path) -> None:
    run_of(tested, None)
    with (tested / ".llmopt" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write("process 1")
        stream.flush()
        assert commands(tested) == ["llmopt show last"]
    assert commands(tested)[0] == "llmopt optimize --resume last"


@pytest.mark.parametrize("text", ["", "\n", "[]\n", '{"value": 3}\n', "\x00" * 100_000, '{"kind": "outcome"}\n'])
def test_a_damaged_journal_is_a_run_that_did_not_end(tested: Path, text: str) -> None:
    folder = tested / ".llmopt" / "runs" / "r"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text(text)
    assert commands(tested)[0] == "llmopt optimize --resume last"


def test_on_the_command_line_it_is_fast_and_fits_80_columns(repo: Path) -> None:
    heavy = ("rich", "git", "libcst", "openai", "anthropic", "jinja2", "llmopt.config", "llmopt.session")
    code = f"""
import sys
from llmopt import cli
code = cli.main([])
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, env=shop.environment()
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "  llmopt init\n" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 80
    assert done.stdout.endswith("\nAll commands: llmopt --help   Topics: llmopt help\n")
