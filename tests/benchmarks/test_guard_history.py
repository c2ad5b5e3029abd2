"""The study of the guard: which commits are taken, what is left out of them, and that the figures are those saved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import guard_history


@pytest.mark.parametrize(
    "subject",
    [
        "Speed up parsing",
        "perf: cache regexes",
        "Faster isel",
        "Optimise `f` (#3)",
        "[mypyc] Micro-optimize x",
        "speedup y",
    ],
)
def test_subjects_about_performance_are_taken(subject: str) -> None:
    assert guard_history.SUBJECT.search(subject)
    assert not guard_history.OTHER.search(subject)


@pytest.mark.parametrize(
    "subject",
    ["Fix speed of x", 'Revert "Speed up"', "Add optimizer rule", "Docs: performance", "Breakfast", "Fasta files"],
)
def test_other_subjects_are_not(subject: str) -> None:
    assert not guard_history.SUBJECT.search(subject) or guard_history.OTHER.search(subject)


def test_only_library_code_is_a_candidate() -> None:
    taken = ["pkg/a.py", "src/pkg/a.py", "a.py"]
    left = ["tests/a.py", "pkg/tests/a.py", "docs/conf.py", "setup.py", "pkg/test_a.py", "asv_bench/a.py", ".ci/a.py"]
    assert [path for path in taken + left if guard_history.is_library(PurePosixPath(path))] == taken


def test_commits_of_a_repository_are_judged(tmp_path: Path) -> None:
    repository = tmp_path / "one+two"
    (repository / "pkg").mkdir(parents=True)

    def commit(subject: str, text: str) -> None:
        (repository / "pkg" / "a.py").write_text(text)
        (repository / "test_a.py").write_text(f"# {subject}\n")
        name = ["-c", "user.name=A", "-c", "user.email=a@localhost"]
        for line in (["init", "-q"], ["add", "-A"], [*name, "commit", "-qm", subject]):
            subprocess.run(["git", *line], cwd=repository, check=True)

    commit("Begin", "def f(x):\n    return [y for y in x]\n")
    commit("Speed up f", "def f(x):\n    return list(x)\n")
    commit("Faster f", "def f(x, fast=True):\n    return list(x)\n")
    commit("Add g", "def f(x, fast=True):\n    return list(x)\n\ndef g(): pass\n")
    found = [(subject, verdict) for verdict, subject, _ in guard_history.study(repository, 0, 9)]
    assert [(subject, verdict.repository, verdict.rules) for subject, verdict in found] == [
        ("Faster f", "one/two", ("signature",)),
        ("Speed up f", "one/two", ()),
    ]
    assert found[0][1].where == ("pkg/a.py:1 `f` takes `fast` now",)


def test_every_saved_refusal_was_judged() -> None:
    verdicts = [guard_history.Verdict(**json.loads(line)) for line in guard_history.DATA.read_text().splitlines()]
    assert len(verdicts) >= 200
    words = {word for verdict in verdicts for word in verdict.judged}
    assert words == {"right", "false alarm"}
    assert all(len(each.rules) == len(each.where) == len(each.judged) for each in verdicts)


def test_results_quote_the_saved_figures() -> None:
    verdicts = [guard_history.Verdict(**json.loads(line)) for line in guard_history.DATA.read_text().splitlines()]
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    for line in guard_history.summary(verdicts):
        assert line in text
