"""Tests of the target whose outcomes hang on the folder that they run in, as by the order of a set of paths."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import repositories
from targets import interpreter

from llmopt import git
from llmopt.checks import near, suite
from llmopt.checks import tests as gate
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Limits, Project, Proposal, TestCommand
from llmopt.sandbox import process
from llmopt.target import Target
from llmopt.trees import Trees

LIMITS = Limits(seconds=60)
CODE = "def double(text):\n    return text + text\n"
RIGHT = CODE.replace("text + text", "2 * text")
WRONG = CODE.replace("text + text", "2 * text if text else None")
TESTS = """
    import pathlib
    import pytest
    from a import double

    FILES = {f"{pathlib.Path(__file__).parent}/{number}" for number in range(60)}

    @pytest.mark.parametrize("file", FILES, ids=[f"file{number}" for number in range(60)])
    def test_files(file):
        if file.endswith("7"):
            pytest.xfail("known")
        assert double(file) == file + file

    def test_nothing(): assert double("") == ""
"""


def found(tmp_path: Path, edit: str, source: str = TESTS) -> tuple[Finding, Finding, Trees, str]:
    """What the tests near the edit and all tests say, the trees, and the candidate's commit."""
    root = repositories.make(tmp_path / "project", {"a.py": CODE, "test_a.py": dedent(source)})
    base = git.head(root)
    commit = git.commit_files(root, base, {"a.py": edit.encode()}, "edit")
    trees = Trees(root, tmp_path / "trees")

    target = Target(Project(root, "", interpreter(sys.executable), TestCommand("pytest"), (), ("",)), process.run)
    run = suite.run_tests(target, trees.of(base), LIMITS)
    known = Base(base, dict(run.outcomes), test_seconds=run.seconds)
    spot = Hotspot(Function("a.py", "double", 1), 2, 0.5, 0.5, 0.5, 2.0)
    candidate = Candidate(Proposal("m", spot, ""), base, commit, ("a.py",))
    bounds = near.Bounds(least_seconds=0.0, share=1.0)
    first = near.check(target, trees.of, LIMITS, tmp_path / "kept", bounds=bounds, instead=trees.instead)
    every = gate.check(target, trees.of, LIMITS, instead=trees.instead)
    return first(candidate, known), every(candidate, known), trees, commit


def test_outcomes_that_hang_on_the_folder_are_nobodys_fault(tmp_path: Path) -> None:
    first, every, trees, commit = found(tmp_path, RIGHT)
    assert (first.passed, first.reason) == (True, "")
    assert every.passed, every.reason
    assert every.evidence["tests"].endswith(" that hang on the folder they run in")
    assert (trees.of(commit).path / "a.py").read_text() == RIGHT, "the candidate is in its place again"


def test_names_that_hold_the_folder_are_nobodys_fault_either(tmp_path: Path) -> None:
    named = TESTS.replace('[f"file{number}" for number in range(60)]', "lambda file: '-'.join(file.split('/')[-3:])")
    _, every, _, _ = found(tmp_path, RIGHT, named)
    assert every.passed, every.reason
    assert every.evidence["tests"] == "1 tests passed as before, 60 that hang on the folder they run in"
    _, wrong, _, _ = found(tmp_path / "wrong", WRONG, named)
    assert not wrong.passed


def test_beside_them_a_wrong_edit_is_turned_down(tmp_path: Path) -> None:
    _, every, _, _ = found(tmp_path, WRONG)
    assert not every.passed
    assert "test_a.py::test_nothing was passed, now failed" in every.reason
