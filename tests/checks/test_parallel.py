"""Tests in several workers, where that is faster and comes to the same: real runs with pytest-xdist."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import targets

from llmopt.checks import parallel, suite
from llmopt.checks import tests as gate
from llmopt.data import Base, Candidate, Command, Function, Hotspot, Limits, Proposal, Ran, TestCommand, Tree
from llmopt.target import Target

LIMITS = Limits(seconds=60)
SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
MADE = Candidate(Proposal("m", SPOT, ""), "b", "c", ("a.py",))
SLOW = 60.0  # seconds that one process is said to take
STEADY = {
    "test_a.py": "import a\ndef test_one(): assert a.f() == 1\ndef test_two(): pass\n",
    "test_b.py": "import pytest\n@pytest.mark.parametrize('x', [1, 'a b'])\ndef test_b(x): pass\n",
    "test_c.py": "import pytest\npytest.importorskip('nothing_of_that_name')\n",
    "a.py": "def f(): return 1\n",
}
ALONE = {
    "test_a.py": "import os\ndef test_alone(): assert 'PYTEST_XDIST_WORKER' not in os.environ\n",
    "test_b.py": "def test_b(): pass\n",
}


class Suite:
    """A target whose commands are counted, and its base."""

    def __init__(
        self, folder: Path, files: Mapping[str, str], tests: TestCommand, without: tuple[str, ...] = ()
    ) -> None:
        plain, self.tree = targets.make(folder, files, tests=tests, without=without)
        self.commands: list[Command] = []

        def sandbox(command: Command, limits: Limits) -> Ran:
            self.commands.append(command)
            return plain.sandbox(command, limits)

        self.target = Target(plain.project, sandbox)
        run = suite.run_tests(plain, self.tree, LIMITS)
        self.base = Base("b", run.outcomes, test_seconds=SLOW)
        self.folder = folder / "kept"

    def options(self) -> tuple[str, ...]:
        return parallel.options(self.target, self.tree, self.base, LIMITS, self.folder)


def made(folder: Path, files: Mapping[str, str], *arguments: str, without: tuple[str, ...] = ()) -> Suite:
    return Suite(folder, files, TestCommand("pytest", arguments), without)


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})


@pytest.mark.slow
def test_same_outcomes_allow_workers(tmp_path: Path) -> None:
    found = made(tmp_path, STEADY)
    assert found.base.gate["test_c.py"] == "skipped", "workers tell of modules that skip as well"
    assert found.options() == ("-n", "2", "--dist", "loadfile")


def test_workers_are_tried_once(tmp_path: Path) -> None:
    found = made(tmp_path, STEADY)
    assert [found.options() for _ in range(2)] == [("-n", "2", "--dist", "loadfile")] * 2
    assert len(found.commands) == 1


@pytest.mark.slow
def test_other_outcomes_forbid_workers(tmp_path: Path) -> None:
    found = made(tmp_path, ALONE)
    assert [found.options() for _ in range(2)] == [(), ()]
    assert len(found.commands) == 1


@pytest.mark.slow
def test_workers_that_save_no_time_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made(tmp_path, STEADY)
    monkeypatch.setattr(parallel, "LEAST_SECONDS", 0.0)
    found.base = replace(found.base, test_seconds=0.01)
    assert found.options() == ()


@pytest.mark.parametrize(
    ("arguments", "without", "seconds"),
    [
        (("-n", "0"), (), SLOW),
        (("-n2",), (), SLOW),
        (("--dist=no",), (), SLOW),
        (("-p", "no:xdist"), (), SLOW),
        ((), ("pytest-xdist",), SLOW),
        ((), (), 1.0),
    ],
)
def test_workers_are_not_tried(
    tmp_path: Path, arguments: tuple[str, ...], without: tuple[str, ...], seconds: float
) -> None:
    target, tree = targets.make(tmp_path, {}, tests=TestCommand("pytest", arguments), without=without)
    base = Base("b", {"a": "passed"}, test_seconds=seconds)
    assert parallel.options(target, tree, base, LIMITS, tmp_path / "kept") == ()
    assert not (tmp_path / "kept").exists()


def test_project_that_blocks_xdist_keeps_one_process(tmp_path: Path) -> None:
    assert made(tmp_path, {**STEADY, "pytest.ini": "[pytest]\naddopts = -p no:xdist\n"}).options() == ()


def finding(found: Suite, folder: Path, files: Mapping[str, str]) -> tuple[bool, str, Mapping[str, str]]:
    _, tree = targets.make(folder / "candidate", files)
    trees = {"b": found.tree, "c": Tree("c", tree.path)}
    said = gate.check(found.target, trees.__getitem__, LIMITS, found.folder)(MADE, found.base)
    return said.passed, said.reason, said.evidence


@pytest.mark.slow
def test_right_edit_passes_in_workers(tmp_path: Path) -> None:
    found = made(tmp_path, STEADY)
    passed, _, evidence = finding(found, tmp_path, {**STEADY, "a.py": "def f(): return 2 - 1\n"})
    assert passed
    assert evidence == {"tests": "4 tests passed as before in 2 workers"}
    assert len(found.commands) == 2


@pytest.mark.slow
def test_wrong_edit_is_turned_down_by_one_process(tmp_path: Path) -> None:
    found = made(tmp_path, STEADY)
    passed, reason, _ = finding(found, tmp_path, {**STEADY, "a.py": "def f(): return 2\n"})
    assert not passed
    assert "test_a.py::test_one was passed, now failed" in reason
    assert "-n" not in found.commands[-1].argv


@pytest.mark.slow
def test_a_difference_only_workers_show_turns_nothing_down(tmp_path: Path) -> None:
    edit = "import os\ndef f(): return 2 if 'PYTEST_XDIST_WORKER' in os.environ else 1\n"
    found = made(tmp_path, STEADY)
    passed, _, evidence = finding(found, tmp_path, {**STEADY, "a.py": edit})
    assert passed
    assert evidence == {"tests": "4 tests passed as before"}


@pytest.mark.slow
def test_crash_of_a_worker_is_turned_down(tmp_path: Path) -> None:
    found = made(tmp_path, STEADY)
    passed, reason, _ = finding(found, tmp_path, {**STEADY, "a.py": "import os\ndef f(): os.kill(os.getpid(), 11)\n"})
    assert not passed
    assert "was ended by signal 11" in reason


def test_the_machine_that_runs_these_tests_has_xdist() -> None:
    assert "pytest-xdist" in targets.interpreter(sys.executable).packages
