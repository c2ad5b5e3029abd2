"""The gate of the target's tests, run by real pytest on base and candidate."""

from __future__ import annotations

from pathlib import Path

import pytest
import targets

from llmopt.checks import tests as gate
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Limits, Proposal, TestCommand

SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
MADE = Candidate(Proposal("m", SPOT, ""), "b", "c", ("a.py",))
CODE = "def double(x):\n    return x + x\n"
TESTS = """
    from a import double

    def test_numbers(): assert double(2) == 4
    def test_text(): assert double("a") == "aa"
    def test_flaky(): assert double([]) is None
"""
GATE = {"test_a.py::test_numbers": "passed", "test_a.py::test_text": "passed"}


def found(tmp_path: Path, code: str, outcomes: dict[str, str], failing: tuple[str, ...] = ()) -> Finding:
    files = {"a.py": code, "test_a.py": TESTS}
    target, tree = targets.make(tmp_path, files, tests=TestCommand("pytest", ("test_a.py",)))
    check = gate.check(target, lambda commit: tree, Limits(seconds=60))
    return check(MADE, Base("b", outcomes, failing=failing))


def test_same_outcomes_pass_though_tests_outside_the_gate_fail(tmp_path: Path) -> None:
    finding = found(tmp_path, CODE, GATE, ("test_a.py::test_flaky",))
    assert finding.passed
    assert finding.evidence == {"tests": "2 tests passed as before, 1 unstable or failing left out"}


@pytest.mark.slow
def test_changed_outcome_is_turned_down_with_the_failure(tmp_path: Path) -> None:
    finding = found(tmp_path, "def double(x):\n    return 2 * x if x != 'a' else 'b'\n", GATE)
    assert not finding.passed
    assert "test_a.py::test_text was passed, now failed" in finding.reason
    assert "assert 'b' == 'aa'" in finding.reason


def test_code_that_does_not_import_is_turned_down(tmp_path: Path) -> None:
    assert not found(tmp_path, "import no_such_module\n", GATE).passed


def test_leaving_the_process_early_is_turned_down(tmp_path: Path) -> None:
    assert not found(tmp_path, "import os\ndef double(x):\n    os._exit(0)\n", GATE).passed


def test_without_a_gate_nothing_runs(tmp_path: Path) -> None:
    finding = found(tmp_path, "this is no python", {})
    assert (finding.passed, finding.evidence) == (True, {"tests": "none"})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import pytest\npytest.skip('later', allow_module_level=True)\n", "did not run"),
        ("import pytest\ndef double(x):\n    pytest.skip()\n", "was passed, now skipped"),
        ("import pytest\ndef double(x):\n    pytest.xfail()\n", "was passed, now xfailed"),
        ("import pytest\ndef double(x):\n    pytest.exit('enough', 0)\n", "did not run (2 of 2 tests are missing)"),
        ("import os\ndef double(x):\n    os.abort()\n", "was ended by signal 6"),
        ("import sys\ndef double(x):\n    sys.exit(0)\n", "was passed, now failed"),
    ],
)
def test_tests_that_skip_or_vanish_or_crash_now_are_turned_down(tmp_path: Path, code: str, said: str) -> None:
    finding = found(tmp_path, code, GATE)
    assert not finding.passed
    assert said in finding.reason


def test_missing_tests_are_turned_down(tmp_path: Path) -> None:
    finding = found(tmp_path, CODE, {**GATE, "test_a.py::test_gone": "passed"})
    assert not finding.passed
    assert finding.reason == "test_a.py::test_gone did not run (1 of 3 tests are missing)"


BUSY = """
    from pathlib import Path

    HERE = Path({folder!r})

    def times():
        (HERE / "ran").open("a").write(".")
        return len((HERE / "ran").read_text())

    def test_first(): (HERE / "all").open("a").write(".")
    def test_clock(): assert times() not in {slow}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slow", "passes", "runs", "whole"),
    [({1}, True, 3, 2), ({1, 2}, False, 2, 1), ({1, 3}, False, 3, 2)],
    ids=["once", "also-alone", "also-among-all"],
)
def test_a_test_that_differs_passes_only_alone_and_then_among_all(
    tmp_path: Path, slow: set[int], passes: bool, runs: int, whole: int
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    files = {"a.py": CODE, "test_a.py": BUSY.format(folder=str(scratch), slow=slow)}
    target, tree = targets.make(tmp_path, files, tests=TestCommand("pytest", ("test_a.py",)))
    outcomes = {"test_a.py::test_first": "passed", "test_a.py::test_clock": "passed"}
    finding = gate.check(target, lambda commit: tree, Limits(seconds=60))(MADE, Base("b", outcomes))
    assert finding.passed is passes
    assert len((scratch / "ran").read_text()) == runs
    assert len((scratch / "all").read_text()) == whole
    if passes:
        assert finding.evidence == {"tests": "2 tests passed as before, test_a.py::test_clock only when run again"}
