"""What is known of the base before anything is changed: which tests gate, how long workloads take, how noisy it is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import interpreters
import pytest
import scripted
import targets
from scripted import Scripted

from llmopt import baseline
from llmopt.baseline import with_tests
from llmopt.checks import contexts
from llmopt.data import Base, Limits, Project, TestCommand, TestRun, Workload
from llmopt.errors import ProjectError, WorkloadError
from llmopt.target import Target

LIMITS = Limits(seconds=60)
EMPTY = Base("c", {})


def run(problem: str = "", seconds: float = 1.0, **outcomes: str) -> TestRun:
    return TestRun(outcomes, seconds, problem)


# --- the gate ----------------------------------------------------------------------------------------------------


def test_gate_is_what_both_runs_agree_on_and_passes() -> None:
    first = run(a="passed", b="failed", c="passed", d="skipped", e="xfailed", f="error", g="passed", h="xpassed")
    second = run(
        seconds=2.0, a="passed", b="failed", c="failed", d="skipped", e="xfailed", f="error", i="passed", h="xpassed"
    )
    base = with_tests(EMPTY, first, second)
    assert base.gate == {"a": "passed", "d": "skipped", "e": "xfailed", "h": "xpassed"}
    assert base.failing == ("b", "f")
    assert base.unstable == ("c", "g", "i")
    assert base.test_seconds == 2.0


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (run(), run(), "no tests were found"),
        (
            run(a="failed", b="error"),
            run(a="failed", b="error"),
            "no test passes on the unchanged code; 2 fail, such as a",
        ),
        (run(a="passed"), run(a="failed"), "no test gives the same outcome twice on the unchanged code, such as a"),
        (run(a="skipped", b="skipped"), run(a="skipped", b="skipped"), "all 2 tests are skipped"),
    ],
)
def test_tests_that_cannot_gate_are_an_error_that_says_why(first: TestRun, second: TestRun, words: str) -> None:
    with pytest.raises(ProjectError, match=words) as caught:
        with_tests(EMPTY, first, second)
    assert "--allow-no-tests" in caught.value.hint


@pytest.mark.parametrize("outcomes", [{}, {"a": "passed"}])
@pytest.mark.parametrize("broken", [0, 1])
def test_run_that_breaks_off_is_an_error_also_when_some_tests_passed(outcomes: dict[str, str], broken: int) -> None:
    """Else a gate of half the tests would stand, and each candidate would be turned down for breaking off as well."""
    runs = [run(a="passed"), run(a="passed")]
    runs[broken] = run("the test run timed out after 5 s", **outcomes)
    with pytest.raises(ProjectError, match="timed out after 5 s"):
        with_tests(EMPTY, *runs)


# --- workloads ---------------------------------------------------------------------------------------------------


def measured(seconds: scripted.Seconds, prints: Callable[[str], str] = lambda commit: "x", lines: int = 1) -> Base:
    target = Scripted(seconds, prints).target([f"w{n}" for n in range(lines)], [1.0] * lines)
    return baseline.timed(target, EMPTY, scripted.tree_of(scripted.BASE), LIMITS, lambda text: None)


def test_seconds_are_the_least_of_the_calibration_without_the_first_run() -> None:
    table = {"w0": (9.0, 1.3, 1.1), "w1": (9.0, 2.0, 2.0)}
    base = measured(lambda commit, line, before: [*table[line], *[1.0] * 99][before], lines=2)
    assert base.seconds == (1.1, 2.0)
    assert base.repetitions == (1, 1)
    assert all(base.outputs)


def test_noise_is_the_spread_of_the_base_against_itself() -> None:
    quiet = measured(lambda commit, line, before: 1.0)
    source = random.Random(1)
    noisy = measured(lambda commit, line, before: math.exp(source.gauss(0.0, 0.1)))
    assert quiet.noise == 0.0
    assert 0.07 < noisy.noise < 0.28  # sqrt(2) * 0.1, known from eight pairs


def test_two_workloads_that_are_alike_have_less_noise_together() -> None:
    source = random.Random(1)
    times = [math.exp(source.gauss(0.0, 0.1)) for _ in range(200)]
    one = measured(lambda commit, line, before: times[before])
    both = measured(lambda commit, line, before: times[before + 100 * (line == "w1")], lines=2)
    assert both.noise < one.noise


def test_a_remembered_noise_floor_is_not_taken_again(tmp_path: Path) -> None:
    sandbox = Scripted(lambda commit, line, before: 1.0)
    counts = []
    for _ in range(2):
        tree, file = scripted.tree_of(scripted.BASE), tmp_path / "noise.json"
        baseline.timed(sandbox.target(), EMPTY, tree, LIMITS, lambda text: None, floors=file)
        counts.append(len(sandbox.commands))
    assert counts == [3 + 2 * baseline.NOISE_PAIRS, 6 + 2 * baseline.NOISE_PAIRS]


def test_one_core_is_enough_for_what_uses_no_more() -> None:
    assert measured(lambda commit, line, before: 1.0).pinned == (True,)  # half a CPU second in a second


def test_output_that_changes_from_run_to_run_is_not_compared() -> None:
    texts = iter(range(99))
    assert measured(lambda commit, line, before: 1.0, lambda commit: str(next(texts))).outputs == ("",)


def test_workload_that_fails_on_the_base_is_an_error() -> None:
    sandbox = Scripted(lambda commit, line, before: 1.0)
    sandbox.exit_codes[scripted.BASE] = 2
    with pytest.raises(WorkloadError, match="workload work ended with exit code 2"):
        baseline.timed(sandbox.target(), EMPTY, scripted.tree_of(scripted.BASE), LIMITS, lambda text: None)


def test_real_project_is_measured(tmp_path: Path) -> None:
    files = {
        "mod.py": "def f(n=2000):\n    return sum(range(n))\n",
        "test_mod.py": """
            import mod, os
            def test_sum(): assert mod.f(3) == 3
            def test_broken(): assert mod.f(3) == 4
            def test_flaky(): assert not os.path.exists("flag") and open("flag", "w")
        """,
    }
    made, tree = targets.make(tmp_path, files, tests=TestCommand("pytest", ("test_mod.py",)))
    workload = Workload("mod:f", "function", "mod:f")
    target = Target(
        Project(made.project.root, "", made.project.interpreter, made.project.tests, (workload,)), made.sandbox
    )
    watched: list[str] = []
    gated = baseline.gate(target, tree, LIMITS, watched.append)
    base = baseline.timed(target, gated, tree, LIMITS, watched.append)
    assert base.gate == {"test_mod.py::test_sum": "passed"}
    assert base.failing == ("test_mod.py::test_broken",)
    assert base.unstable == ("test_mod.py::test_flaky",)
    assert watched.pop(1).startswith("tests on the base, second run (the first took ")
    assert watched == [
        "tests on the base, first run",
        "workload 1: mod:f",
        *(f"noise floor: the base against itself, pair {pair} of 8" for pair in range(1, 9)),
    ]
    assert base.repetitions[0] > 10
    assert 0 < base.seconds[0] < 0.05
    assert 0 <= base.noise < 2


@pytest.mark.parametrize("python", interpreters.EVERY)
def test_second_run_tells_which_test_executes_what_where_that_costs_little(tmp_path: Path, python: str) -> None:
    files = {
        "mod.py": "def f():\n    return 3\n",
        "test_mod.py": "import unittest, mod\nclass T(unittest.TestCase):\n    def test_f(self): mod.f()\n",
    }
    made, tree = targets.make(tmp_path, files, tests=TestCommand("unittest"), python=python)
    baseline.gate(made, tree, LIMITS, lambda stage: None, tmp_path / "kept")
    assert contexts.are_in(tmp_path / "kept") == (made.project.interpreter.version >= (3, 12))
    known = contexts.of(made, tree, tmp_path / "kept", LIMITS)
    assert known.functions == {"mod.py::f": ("test_mod.T.test_f",)}
