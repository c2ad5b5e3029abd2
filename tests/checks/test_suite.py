"""Tests of a target, run by real pytest and unittest: outcomes by test, the early end, and what a crash looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
import targets
from environments import environment
from interpreters import EVERY

from llmopt.checks import suite
from llmopt.data import Limits, TestCommand, TestRun

LIMITS = Limits(seconds=60)
PYTEST = TestCommand("pytest", ("tests",))
OUTCOMES = """
    import unittest
    import pytest

    def test_passes(): pass
    def test_fails(): assert 1 == 2, "one is not two"
    @pytest.mark.skip
    def test_skipped(): pass
    def test_skips(): pytest.skip("now")
    @pytest.mark.xfail
    def test_xfails(): assert 0
    @pytest.mark.xfail
    def test_xpasses(): pass
    @pytest.mark.xfail(strict=True)
    def test_xpasses_strictly(): pass

    @pytest.fixture
    def bad_setup(): raise ValueError
    @pytest.fixture
    def bad_teardown():
        yield
        raise ValueError

    def test_with_bad_setup(bad_setup): pass
    def test_with_bad_teardown(bad_teardown): pass

    @pytest.mark.parametrize("n", ["a b", "ü::[1]"])
    def test_parameters(n): pass

    class TestUnit(unittest.TestCase):
        def test_good(self): pass
        def test_bad(self): self.fail()
        def test_subtests(self):
            for n in (1, 2, 3):
                with self.subTest(n=n):
                    assert n != 2
        @unittest.expectedFailure
        def test_expected(self): assert 0
"""
EXPECTED = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_skipped": "skipped",
    "test_skips": "skipped",
    "test_xfails": "xfailed",
    "test_xpasses": "xpassed",
    "test_xpasses_strictly": "failed",
    "test_with_bad_setup": "error",
    "test_with_bad_teardown": "error",
    "test_parameters[a b]": "passed",
    "test_parameters[\\xfc::[1]]": "passed",
    "TestUnit::test_good": "passed",
    "TestUnit::test_bad": "failed",
    "TestUnit::test_subtests": "failed",
    "TestUnit::test_expected": "xfailed",
}
BROKEN = {
    "tests/test_broken.py": "import nothing_of_that_name",
    "tests/test_absent.py": "import pytest\npytest.importorskip('nothing_of_that_name')\ndef test_x(): pass\n",
}


def run(folder: Path, files: dict[str, str], tests: TestCommand = PYTEST, **options: object) -> TestRun:
    target, tree = targets.make(folder, files, tests=tests, python=str(options.pop("python", targets.sys.executable)))
    before = targets.contents(tree)
    expect = options.get("expect")
    ran = suite.run_tests(target, tree, LIMITS, expect=expect if isinstance(expect, dict) else None)
    assert targets.contents(tree) == before, "the tree stays as it is"
    return ran


def outcomes_are_right(ran: TestRun) -> None:
    expected = {f"tests/test_all.py::{name}": outcome for name, outcome in EXPECTED.items()}
    assert ran.outcomes == expected | {"tests/test_broken.py": "error", "tests/test_absent.py": "skipped"}
    assert ran.problem == ""


def test_every_outcome_is_known_by_node_id(tmp_path: Path) -> None:
    outcomes_are_right(run(tmp_path, {"tests/test_all.py": OUTCOMES, **BROKEN}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "packages"),
    [
        ("3.9", ("pytest==7.0.1",)),
        ("3.9", ("pytest==8.4.2", "pytest-subtests", "pytest-cov")),
        ("3.10", ("pytest==7.4.4", "pytest-xdist")),
        ("3.12", ("pytest==8.2.2",)),
        ("3.13", ("pytest==9.0.1", "pytest-rerunfailures")),
        ("3.13", ("pytest",)),
    ],
)
def test_outcomes_are_the_same_for_pytest_7_to_9(tmp_path: Path, version: str, packages: tuple[str, ...]) -> None:
    settings = "[pytest]\nfilterwarnings = error\n"
    if "pytest-cov" in packages:
        settings += "addopts = --cov=tests --cov-fail-under=100\n"
    if "pytest-xdist" in packages:
        settings += "addopts = -n 2\n"
    files = {"tests/test_all.py": OUTCOMES, **BROKEN, "pytest.ini": settings}
    ran = run(tmp_path, files, python=environment(version, *packages))
    if "pytest-xdist" in packages:  # its workers do not tell of modules that are skipped as a whole
        ran = TestRun({"tests/test_absent.py": "skipped", **ran.outcomes}, ran.seconds, ran.problem)
    outcomes_are_right(ran)


def test_settings_of_the_project_do_not_get_in_the_way(tmp_path: Path) -> None:
    settings = "[pytest]\naddopts = -x --ff --strict-config\nfilterwarnings = error\ncache_dir = .cache\n"
    outcomes_are_right(run(tmp_path, {"tests/test_all.py": OUTCOMES, **BROKEN, "pytest.ini": settings}))


@pytest.mark.slow
def test_workers_of_xdist_are_heard(tmp_path: Path) -> None:
    files = {"tests/test_all.py": OUTCOMES, "tests/test_broken.py": BROKEN["tests/test_broken.py"]}
    ran = run(tmp_path, files, TestCommand("pytest", ("-n", "2", "tests")))
    expected = {f"tests/test_all.py::{name}": outcome for name, outcome in EXPECTED.items()}
    assert ran.outcomes == expected | {"tests/test_broken.py": "error"}


def test_subtests_of_the_fixture_count_for_their_test(tmp_path: Path) -> None:
    source = """
        import pytest
        def test_one_fails(subtests):
            for n in (1, 2):
                with subtests.test(n=n):
                    assert n == 1
        def test_one_skips(subtests):
            with subtests.test():
                pytest.skip("part")
    """
    ran = run(tmp_path, {"tests/test_s.py": source})
    assert ran.outcomes == {"tests/test_s.py::test_one_fails": "failed", "tests/test_s.py::test_one_skips": "passed"}


def test_run_ends_at_the_first_outcome_that_differs(tmp_path: Path) -> None:
    source = """
        def test_flaky(): assert 0
        def test_a(): pass
        def test_b(): assert 1 == 2, "one is not two"
        def test_c(): pass
    """
    gate = {f"tests/test_x.py::test_{name}": "passed" for name in "abc"}
    ran = run(tmp_path, {"tests/test_x.py": source}, expect=gate)
    assert "tests/test_x.py::test_c" not in ran.outcomes
    said = suite.compare(gate, ran)
    assert said.startswith("tests/test_x.py::test_b was passed, now failed:\n")
    assert "one is not two" in said


@pytest.mark.slow
def test_run_with_xdist_ends_at_the_first_outcome_that_differs(tmp_path: Path) -> None:
    source = "import time\ndef test_a(): assert 0\n" + "".join(f"def test_{n}(): time.sleep(0.2)\n" for n in range(40))
    gate = {"tests/test_x.py::test_a": "passed"}
    ran = run(tmp_path, {"tests/test_x.py": source}, TestCommand("pytest", ("-n", "2", "tests")), expect=gate)
    assert len(ran.outcomes) < 35
    assert suite.compare(gate, ran).startswith("tests/test_x.py::test_a was passed, now failed")


@pytest.mark.slow
def test_same_outcomes_pass_the_gate(tmp_path: Path) -> None:
    ran = run(tmp_path, {"tests/test_all.py": OUTCOMES})
    gate = {name: outcome for name, outcome in ran.outcomes.items() if outcome in ("passed", "skipped", "xfailed")}
    again = run(tmp_path / "again", {"tests/test_all.py": OUTCOMES}, expect=gate)
    assert len(again.outcomes) == len(EXPECTED)
    assert suite.compare(gate, again) == ""


@pytest.mark.parametrize("way", ["os._exit(0)", "os.kill(os.getpid(), 11)"])
def test_crash_is_a_problem_and_no_pass(tmp_path: Path, way: str) -> None:
    source = f"import os\ndef test_a(): pass\ndef test_b(): {way}\n"
    ran = run(tmp_path, {"tests/test_x.py": source})
    assert ran.outcomes == {}
    assert "ended with exit code 0" in ran.problem or "was ended by signal 11" in ran.problem
    assert suite.compare({"tests/test_x.py::test_a": "passed"}, ran) == ran.problem


def test_exit_of_pytest_from_a_test_is_a_problem(tmp_path: Path) -> None:
    source = "import pytest\ndef test_a(): pass\ndef test_b(): pytest.exit('enough')\ndef test_c(): pass\n"
    ran = run(tmp_path, {"tests/test_x.py": source})
    assert ran.outcomes == {"tests/test_x.py::test_a": "passed"}
    assert "exit code 2" in ran.problem
    assert "enough" in ran.problem


def test_broken_conftest_is_a_problem_with_its_reason(tmp_path: Path) -> None:
    ran = run(tmp_path, {"tests/test_x.py": "def test_a(): pass", "tests/conftest.py": "import nothing_like_it"})
    assert ran.outcomes == {}
    assert "nothing_like_it" in ran.problem


def test_hanging_tests_name_the_flag(tmp_path: Path) -> None:
    source = "import time\ndef test_a(): time.sleep(60)\n"
    target, tree = targets.make(tmp_path, {"tests/test_x.py": source}, tests=PYTEST)
    ran = suite.run_tests(target, tree, Limits(seconds=1.5))
    assert ran.problem.startswith("the test run timed out after 1.5 s (--test-timeout)")


def test_no_tests_collected_is_no_outcome(tmp_path: Path) -> None:
    ran = run(tmp_path, {"tests/data.txt": ""})
    assert (ran.outcomes, ran.problem) == ({}, "")


def test_nested_pytest_does_not_report(tmp_path: Path) -> None:
    source = """
        import subprocess, sys
        pytest_plugins = "pytester"
        def test_inline(pytester):
            pytester.makepyfile("def test_in(): assert 0")
            pytester.inline_run().assertoutcome(failed=1)
        def test_child(tmp_path):
            (tmp_path / "test_in.py").write_text("def test_in(): assert 0")
            assert subprocess.run([sys.executable, "-m", "pytest", str(tmp_path)]).returncode == 1
    """
    ran = run(tmp_path, {"test_nested.py": source}, TestCommand("pytest"))
    assert ran.outcomes == {"test_nested.py::test_inline": "passed", "test_nested.py::test_child": "passed"}


UNITTEST = """
    import unittest
    class Sums(unittest.TestCase):
        def test_good(self): pass
        def test_bad(self): self.assertEqual(1, 2)
        def test_error(self): raise KeyError
        @unittest.skip("no")
        def test_skipped(self): pass
        @unittest.expectedFailure
        def test_expected(self): self.fail()
        @unittest.expectedFailure
        def test_unexpected(self): pass
        def test_subtests(self):
            with self.subTest(): pass
            with self.subTest(): raise KeyError
    class Broken(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise ValueError
        def test_never(self): pass
"""


@pytest.mark.parametrize("python", EVERY)
def test_unittest_outcomes_are_known_without_pytest(tmp_path: Path, python: str) -> None:
    tests = TestCommand("unittest", ("discover", "-s", "tests", "-v"))
    files = {"tests/test_u.py": UNITTEST, "tests/test_v.py": "import nothing_like_it", "own.py": ""}
    ran = run(tmp_path, files, tests, python=python)
    assert ran.outcomes == {
        "test_u.Sums.test_good": "passed",
        "test_u.Sums.test_bad": "failed",
        "test_u.Sums.test_error": "error",
        "test_u.Sums.test_skipped": "skipped",
        "test_u.Sums.test_expected": "xfailed",
        "test_u.Sums.test_unexpected": "xpassed",
        "test_u.Sums.test_subtests": "failed",
        "setUpClass (test_u.Broken)": "error",
        "unittest.loader._FailedTest.test_v": "error",
    }
    assert ran.problem == ""


def test_unittest_ends_at_the_first_outcome_that_differs(tmp_path: Path) -> None:
    gate = {"test_u.Sums.test_bad": "passed", "test_u.Sums.test_good": "passed"}
    tests = TestCommand("unittest", ("discover", "-s", "tests"))
    ran = run(tmp_path, {"tests/test_u.py": UNITTEST}, tests, expect=gate)
    assert "test_u.Sums.test_good" not in ran.outcomes
    assert suite.compare(gate, ran).startswith("test_u.Sums.test_bad was passed, now failed:\n")
    assert "1 != 2" in suite.compare(gate, ran)


def test_command_passes_by_its_exit_code(tmp_path: Path) -> None:
    line = "test -f data.txt && python -c 'import sys; print(sys.version)'"
    ran = run(tmp_path, {"data.txt": ""}, TestCommand("command", (line,)))
    assert (ran.outcomes, ran.problem) == ({line: "passed"}, "")
    failed = run(tmp_path / "other", {}, TestCommand("command", (line,)))
    assert failed.outcomes == {line: "failed"}
    assert suite.compare(ran.outcomes, failed).startswith(f"{line} was passed, now failed:")


def test_project_without_tests_has_no_outcomes(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {})
    assert suite.run_tests(target, tree, LIMITS) == TestRun({}, 0.0)


@pytest.mark.parametrize(
    ("outcomes", "problem", "said"),
    [
        ({"a": "passed", "b": "skipped"}, "", ""),
        ({"a": "passed", "b": "skipped", "new": "failed"}, "", ""),
        ({"a": "skipped", "b": "skipped"}, "", "a was passed, now skipped"),
        ({"a": "failed", "b": "passed"}, "", "a was passed, now failed (and 1 more)"),
        ({"a": "passed"}, "", "b did not run (1 of 2 tests are missing)"),
        ({}, "the test run crashed", "the test run crashed"),
        ({"a": "passed", "b": "skipped"}, "the test run crashed", "the test run crashed"),
    ],
)
def test_first_difference_is_told_in_words(outcomes: dict[str, str], problem: str, said: str) -> None:
    assert suite.compare({"a": "passed", "b": "skipped"}, TestRun(outcomes, 1.0, problem)) == said
