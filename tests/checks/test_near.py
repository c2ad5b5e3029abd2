"""The tests that execute an edit, run first on real projects: what they turn down, and what they leave to all tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import targets
from environments import environment
from interpreters import EVERY

from llmopt.checks import near, suite
from llmopt.checks.contexts import Contexts
from llmopt.checks.coverage import Executed
from llmopt.data import Base, Candidate, Command, Finding, Function, Hotspot, Limits, Proposal, Ran, TestCommand, Tree
from llmopt.target import Target

LIMITS = Limits(seconds=60)
ALWAYS = near.Bounds(least_seconds=0.0, share=1.0)
SPOT = Hotspot(Function("a.py", "double", 1), 2, 0.5, 0.5, 0.5, 2.0)
CODE = """
    def double(x):
        return x + x

    def halve(x):
        return x / 2
"""
WRONG = CODE.replace("x + x", "x + x if x != 'b' else 'c'")
PYTEST = TestCommand("pytest")
TESTS = """
    import time
    import pytest
    from a import double, halve

    def test_halves(): assert halve(4) == 2
    def test_slow(): time.sleep(0.4); assert halve(2) == 1
    @pytest.mark.parametrize("text", ["a b", "ü::[1]", "x\\ny", "-k", "@file", "ab", "b"])
    def test_text(text): assert double(text) == text + text
    def test_numbers(): assert double(2) == 4
"""
UNITTESTS = """
    import unittest
    from a import double, halve
    class Doubles(unittest.TestCase):
        def test_text(self): self.assertEqual(double("b"), "bb")
    class Halves(unittest.TestCase):
        def test_halves(self): self.assertEqual(halve(4), 2)
"""


@dataclass
class Candidates:
    """A base with its gate, and edits of it; `runs` are the commands that ran, with the environment they got."""

    target: Target
    base: Base
    trees: dict[str, Tree]
    runs: list[Command]
    folder: Path

    def find(
        self, bounds: near.Bounds = ALWAYS, executed: Executed | None = None, commit: str = "candidate"
    ) -> Finding:
        check = near.check(self.target, self.trees.__getitem__, LIMITS, self.folder, executed, bounds)
        return check(Candidate(Proposal("m", SPOT, ""), "base", commit, ("a.py",)), self.base)


def candidates(
    folder: Path,
    files: Mapping[str, str],
    edit: str,
    tests: TestCommand = PYTEST,
    python: str = sys.executable,
) -> Candidates:
    plain, tree = targets.make(folder / "base", files, tests=tests, python=python)
    _, edited = targets.make(folder / "candidate", {**files, "a.py": edit}, tests=tests, python=python)
    runs: list[Command] = []

    def sandbox(command: Command, limits: Limits) -> Ran:
        runs.append(command)
        return plain.sandbox(command, limits)

    run = suite.run_tests(plain, tree, LIMITS)
    gate = {test: outcome for test, outcome in run.outcomes.items() if outcome == "passed"}
    base = Base("base", gate, test_seconds=run.seconds)
    trees = {"base": Tree("base", tree.path), "candidate": Tree("candidate", edited.path)}
    return Candidates(Target(plain.project, sandbox), base, trees, runs, folder / "kept")


@pytest.mark.slow
def test_wrong_edit_is_turned_down_by_a_test_that_executes_it(tmp_path: Path) -> None:
    made = candidates(tmp_path, {"a.py": CODE, "test_a.py": TESTS}, WRONG)
    finding = made.find()
    assert not finding.passed
    assert "test_a.py::test_text[b] was passed, now failed" in finding.reason


def test_right_edit_passes_and_says_how_many_tests_ran(tmp_path: Path) -> None:
    made = candidates(tmp_path, {"a.py": CODE, "test_a.py": TESTS}, CODE.replace("x + x", "2 * x"))
    assert len(made.base.gate) == 10
    assert made.find() == Finding(True, "", {"near tests": "8 that execute the edit passed first"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "packages", "settings"),
    [
        ("3.9", ("pytest==7.0.1",), ""),
        ("3.10", ("pytest==7.4.4", "pytest-xdist"), "-n 2"),
        ("3.12", ("pytest==8.2.2",), "--import-mode=importlib"),
        ("3.13", ("pytest",), "--ff"),
    ],
)
def test_chosen_tests_run_under_every_pytest(
    tmp_path: Path, version: str, packages: tuple[str, ...], settings: str
) -> None:
    files = {
        "src/a.py": "",
        "a.py": CODE,
        "tests/test_a.py": TESTS,
        "tests/sub/conftest.py": "",
        "tests/sub/test_b.py": TESTS,
    }
    files["pytest.ini"] = f"[pytest]\naddopts = {settings}\n"
    files["tests/__init__.py"] = files["tests/sub/__init__.py"] = ""
    python = environment(version, *packages)
    right = candidates(tmp_path, files, CODE.replace("x + x", "2 * x"), python=python)
    assert right.find().evidence == {"near tests": "16 that execute the edit passed first"}
    wrong = candidates(tmp_path / "wrong", files, WRONG, python=python)
    assert "test_text[b] was passed, now failed" in wrong.find().reason


@pytest.mark.slow
def test_other_tests_do_not_run(tmp_path: Path) -> None:
    files = {"a.py": CODE, "test_a.py": TESTS, "test_b.py": "import b", "b.py": "open('ran', 'w')"}
    made = candidates(tmp_path, files, CODE.replace("x + x", "2 * x"))
    (made.trees["candidate"].path / "ran").unlink(missing_ok=True)
    assert made.find().passed
    assert not (made.trees["candidate"].path / "ran").exists(), "not even collected"


@pytest.mark.slow
def test_wrong_result_costs_less_than_all_tests(tmp_path: Path) -> None:
    slow = {f"test_slow{n}.py": f"import time\ndef test_{n}(): time.sleep(2)\n" for n in range(4)}
    made = candidates(tmp_path, {"a.py": CODE, "test_a.py": TESTS, **slow}, WRONG)
    made.find()  # records which test executes what
    made.runs.clear()
    times = []
    sandbox = made.target.sandbox
    made.target = Target(made.target.project, lambda c, limits: times.append(r := sandbox(c, limits)) or r)  # type: ignore[func-returns-value]
    assert not made.find().passed
    assert len(times) == 3, "the candidate, the base for comparison, and the candidate once more"
    assert sum(ran.wall_seconds for ran in times) < made.base.test_seconds


@pytest.mark.parametrize("python", EVERY)
def test_unittests_that_execute_the_edit_run_first(tmp_path: Path, python: str) -> None:
    files = {"a.py": CODE, "test_a.py": UNITTESTS}
    made = candidates(tmp_path, files, WRONG, TestCommand("unittest"), python)
    finding = made.find()
    assert finding.reason.startswith("test_a.Doubles.test_text was passed, now failed")
    right = candidates(tmp_path / "right", files, CODE.replace("x + x", "2 * x"), TestCommand("unittest"), python)
    assert right.find() == Finding(True, "", {"near tests": "1 that execute the edit passed first"})


@pytest.mark.slow
def test_tests_that_rely_on_others_turn_nothing_down(tmp_path: Path) -> None:
    source = """
        from a import double, halve
        seen = []
        def test_first(): seen.append(halve(2))
        def test_second(): assert double(len(seen)) == 2
    """
    made = candidates(tmp_path, {"a.py": CODE, "test_a.py": source}, CODE.replace("x + x", "2 * x"))
    assert len(made.base.gate) == 2
    finding = made.find()
    assert finding.passed
    assert finding.evidence == {"near tests": "they rely on other tests, or on their folder: all tests decide"}


@pytest.mark.slow
def test_a_test_that_differs_only_once_leaves_it_to_all_tests(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    clock = f"""
    from pathlib import Path
    import a

    def test_clock():
        assert a.double(1) == 2
        if "2 * x" in Path(a.__file__).read_text():
            with Path({str(ran)!r}).open("a") as file:
                file.write(".")
            assert Path({str(ran)!r}).read_text() != "."
    """
    made = candidates(tmp_path, {"a.py": CODE, "test_a.py": clock}, CODE.replace("x + x", "2 * x"))
    finding = made.find()
    assert (finding.passed, finding.evidence["near tests"]) == (True, "one differed once: all tests decide")
    assert ran.read_text() == ".."


def test_crash_is_turned_down(tmp_path: Path) -> None:
    crash = CODE.replace("return x + x", "__import__('os').kill(__import__('os').getpid(), 11)")
    finding = candidates(tmp_path, {"a.py": CODE, "test_a.py": TESTS}, crash).find()
    assert not finding.passed
    assert "was ended by signal 11" in finding.reason


@pytest.mark.slow
def test_workers_of_the_users_own_choice_do_not_get_in_the_way(tmp_path: Path) -> None:
    files = {"a.py": CODE, "test_a.py": TESTS, "pytest.ini": "[pytest]\naddopts = -n 2\n"}
    finding = candidates(tmp_path, files, CODE.replace("x + x", "2 * x")).find()
    assert finding.evidence == {"near tests": "8 that execute the edit passed first"}


def test_quick_suites_and_commands_run_as_a_whole(tmp_path: Path) -> None:
    files = {"a.py": CODE, "test_a.py": TESTS}
    made = candidates(tmp_path, files, WRONG)
    assert made.find(near.Bounds(least_seconds=60.0)) == Finding(True, "")
    line = candidates(tmp_path / "line", files, WRONG, TestCommand("command", ("true",)))
    assert line.find() == Finding(True, "")
    assert line.runs == []


@pytest.mark.slow
def test_long_runs_are_not_repeated_to_learn_which_test_executes_what(tmp_path: Path) -> None:
    made = candidates(tmp_path, {"a.py": CODE, "test_a.py": TESTS}, WRONG)
    bounds = near.Bounds(least_seconds=0.0, share=1.0, most_seconds_of_own_run=0.01)
    is_cheap = sys.version_info >= (3, 12)
    assert made.find(bounds).passed != is_cheap
    assert not made.find(ALWAYS).passed
    assert not made.find(bounds).passed, "it is known now"


@pytest.mark.slow
def test_untested_edit_is_left_to_all_tests(tmp_path: Path) -> None:
    code = CODE + "\n    def other():\n        return 1\n"
    made = candidates(tmp_path, {"a.py": code, "test_a.py": TESTS}, code.replace("return 1", "return 2"))
    assert made.find() == Finding(True, "", {"near tests": "none is known to execute the edit"})


def test_chosen_tests_are_the_fastest_of_each_function_file_by_file() -> None:
    seconds = {
        "b.py::slow": 9.0,
        "b.py::one": 0.2,
        "a.py::one": 0.5,
        "a.py::two": 0.1,
        "b.py::two": 0.1,
        "c.py::f": 0.1,
    }
    functions = {"m::f": ("b.py::slow", "b.py::one", "a.py::one", "a.py::two"), "m::g": ("b.py::two", "c.py::f")}
    known, gate = Contexts(seconds, functions), dict.fromkeys(seconds, "passed")
    keys = ["m::f", "m::g"]
    assert near.chosen(known, keys, gate, 100.0, near.Bounds()) == (
        "c.py::f",
        "a.py::one",
        "a.py::two",
        "b.py::slow",
        "b.py::one",
        "b.py::two",
    )
    assert near.chosen(known, keys, gate, 1.6, near.Bounds()) == ("a.py::two", "b.py::one", "b.py::two")
    assert near.chosen(known, keys, gate, 0.1, near.Bounds()) == ("a.py::two",)
    assert near.chosen(known, keys, {"a.py::one": "passed"}, 100.0, near.Bounds()) == ("a.py::one",)
    assert near.chosen(known, keys, gate, 100.0, near.Bounds(tests=2)) == ("a.py::two", "b.py::two")
