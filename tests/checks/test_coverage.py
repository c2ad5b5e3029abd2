"""Which changed lines of an edit the tests and the workload execute, on every interpreter."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import targets
from interpreters import EVERY, OWN

from llmopt.checks import coverage, suite
from llmopt.checks.coverage import Executed
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Limits, Proposal, TestCommand, Tree

LIMITS = Limits(seconds=60)
SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
MADE = Candidate(Proposal("m", SPOT, ""), "base", "candidate", ("a.py",))
BASE = Base("base", {})
BEFORE = '''\
"""Text."""
import os

def f(x):
    """Say."""
    if x > 9:
        return "large"
    total = 0
    for n in range(x):
        total = total + n
    return total

def g():
    return f(3)
'''
AFTER = '''\
"""Other text."""
import os
import math

def f(x):
    """Say something."""
    # a comment

    if x > 8:
        return "very large"
    return sum(
        range(x)
    )

def g():
    return f(3)
'''
TESTS = "import unittest, a\nclass T(unittest.TestCase):\n    def test_f(self): self.assertEqual(a.f({}), {})\n"
UNITTEST = TestCommand("unittest", ())


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc", "a\nb\nc", []),
        ("a\nb\nc", "a\nX\nc", [2]),
        ("a\nb\nc", "a\nb\nX\nY\nc", [3, 4]),
        ("a\nb\nc\nd", "a\nd", [2]),
        ("a\nb\nc", "a\n\n# b\nc\n", [2, 3, 5]),
        ("a\nb\n", "a\n", [1]),
        ("a\nb\n\n# c\nd", "a\n\n# c\nd", [4]),
        ("def f():\n  a\n  b\ndef g():\n  c", "def f():\n  a\ndef g():\n  c", [2]),
        ("if a:\n  b\n  c\nd", "if a:\n  b\nd", [2]),
        ("if a:\n  b\nc\nd", "if a:\n  b\nd", [3]),
        ("def f():\n  a\ndef g():\n  c", "def g():\n  c", []),
        ("a\n# b\n\nc", "a\nc", []),
        ("", "a\nb", [1, 2]),
        ("a\fb\nc", "a\fb\nd", [2]),
    ],
)
def test_changed_lines_are_those_the_base_does_not_have(before: str, after: str, lines: list[int]) -> None:
    assert coverage.changed_in(before, after) == lines


def pair(folder: Path, before: str, after: str, files: Mapping[str, str], python: str = sys.executable) -> Executed:
    target, base = targets.make(folder / "base", {"a.py": before, **files}, tests=UNITTEST, python=python)
    _, tree = targets.make(folder / "candidate", {"a.py": after, **files}, tests=UNITTEST, python=python)
    trees = {"base": Tree("base", base.path), "candidate": Tree("candidate", tree.path)}
    return Executed(target, trees.__getitem__)


def judged(executed: Executed, **options: bool) -> Finding:
    """The finding after a run of the tests."""
    tree = executed.tree_of("candidate")
    run, probed = suite.run_probed(executed.target, tree, LIMITS, tasks=executed.tasks(MADE, BASE))
    assert set(run.outcomes.values()) == {"passed"}, run.problem
    executed.note(MADE, BASE, probed, "all tests")
    return coverage.check(executed, **options)(MADE, BASE)


@pytest.mark.parametrize("python", EVERY)
def test_lines_without_code_do_not_count(tmp_path: Path, python: str) -> None:
    wanted = pair(tmp_path, BEFORE, AFTER, {}, python).record(MADE, BASE).wanted
    assert wanted is not None
    assert {(kind, line) for _, kind, line in wanted} == {
        ("module", 3),
        *(("functions", line) for line in (9, 10, 11, 12)),
    }


@pytest.mark.parametrize("python", EVERY)
def test_executed_lines_are_counted(tmp_path: Path, python: str) -> None:
    executed = pair(tmp_path, BEFORE, AFTER, {"test_a.py": TESTS.format(4, 6)}, python)
    assert judged(executed) == Finding(True, "", {"coverage": "4 of 5 changed lines executed, by all tests"})
    assert ("a.py", "functions", 10) not in executed.record(MADE, BASE).seen


@pytest.mark.parametrize("python", EVERY)
def test_an_edit_that_nothing_executes_is_turned_down(tmp_path: Path, python: str) -> None:
    tests = "import unittest, a\nclass T(unittest.TestCase):\n    def test_other(self): pass\n"
    finding = judged(pair(tmp_path, BEFORE, AFTER, {"test_a.py": tests}, python))
    assert not finding.passed
    text = "1 of 5 changed lines executed, by all tests"
    assert finding.reason == f"neither calls, tests nor the workload execute what was changed: {text}"
    assert finding.evidence == {"coverage": text}


def test_an_edit_that_nothing_executes_passes_where_that_is_allowed(tmp_path: Path) -> None:
    executed = pair(
        tmp_path,
        BEFORE,
        AFTER,
        {"test_a.py": "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"},
    )
    finding = judged(executed, allow_unexecuted=True)
    assert finding == Finding(True, "", {"coverage": "0 of 5 changed lines executed"})


DECORATED = """\
import functools

@functools.lru_cache(None)
def f(x):
    return x * 2

def g(): return f(1)

class C:
    '''Text.'''
    size = 3
    def size_of(self, unit=2): return self.size

table = [each for each in "ab"]
async def h():
    yield 1
"""


@pytest.mark.parametrize("python", EVERY)
def test_a_changed_head_stands_for_its_function(tmp_path: Path, python: str) -> None:
    before = DECORATED.replace("@functools.lru_cache(None)\n", "").replace("import functools\n", "import os\n")
    tests = "import unittest, a\nclass T(unittest.TestCase):\n    def test_other(self): a.C().size_of()\n"
    finding = judged(pair(tmp_path, before, DECORATED, {"test_a.py": tests}, python))
    assert not finding.passed
    assert finding.evidence["coverage"].startswith("1 of 2 changed lines executed")


@pytest.mark.parametrize("python", EVERY)
def test_every_way_to_write_code_is_seen(tmp_path: Path, python: str) -> None:
    tests = """
        import asyncio
        import unittest
        import a
        class T(unittest.TestCase):
            def test_all(self):
                self.assertEqual(a.g(), 2)
                self.assertEqual(a.C().size_of(), 3)
                async def drain():
                    return [each async for each in a.h()]
                self.assertEqual(asyncio.run(drain()), [1])
    """
    executed = pair(tmp_path, "", DECORATED, {"test_a.py": tests}, python)
    finding = judged(executed)
    known = executed.record(MADE, BASE)
    assert known.wanted == known.seen
    assert {line for _, _, line in known.seen} == {1, 5, 7, 11, 12, 14, 16}
    assert finding.evidence == {"coverage": "7 of 7 changed lines executed, by all tests"}


@pytest.mark.parametrize("python", EVERY)
def test_children_and_threads_are_seen(tmp_path: Path, python: str) -> None:
    after = "def f():\n    return 1\n\ndef g():\n    return 2\n\ndef h():\n    return 3\n"
    tests = """
        import os
        import subprocess
        import sys
        import threading
        import unittest
        import a
        class T(unittest.TestCase):
            def test_all(self):
                thread = threading.Thread(target=a.f)
                thread.start()
                thread.join()
                subprocess.run([sys.executable, "-c", "import a; a.g()"], check=True)
                process = os.fork()
                if not process:
                    a.h()
                    os._exit(0)
                os.waitpid(process, 0)
    """
    finding = judged(pair(tmp_path, "", after, {"test_a.py": tests}, python))
    assert finding.evidence == {"coverage": "3 of 3 changed lines executed, by all tests"}


def test_several_runs_add_up(tmp_path: Path) -> None:
    after = "def f():\n    return 1\n\ndef g():\n    return 2\n"
    tests = "import unittest, a\nclass T(unittest.TestCase):\n    def test_f(self): a.f()\n"
    executed = pair(tmp_path, "", after, {"test_a.py": tests, "run.py": "import a\na.f(); a.g()\n"})
    run = coverage.run_command(
        executed.target, executed.tree_of("candidate"), (OWN, "run.py"), LIMITS, tasks=executed.tasks(MADE, BASE)
    )
    assert judged(executed).evidence == {"coverage": "1 of 2 changed lines executed, by all tests"}
    executed.note(MADE, BASE, run, "the workload")
    finding = coverage.check(executed)(MADE, BASE)
    assert finding.evidence == {"coverage": "2 of 2 changed lines executed: 1 by all tests, 1 more by the workload"}
    assert executed.tasks(MADE, BASE) == {}, "there is nothing left to look for"


def test_lines_that_are_gone_are_looked_for_around_them(tmp_path: Path) -> None:
    after = BEFORE.replace('    if x > 9:\n        return "large"\n', "")
    executed = pair(tmp_path, BEFORE, after, {"test_a.py": TESTS.format(4, 6)})
    assert judged(executed).evidence == {"coverage": "1 of 1 changed line executed, by all tests"}


def test_an_edit_without_code_is_nothing_to_execute(tmp_path: Path) -> None:
    executed = pair(tmp_path, BEFORE, BEFORE.replace("Say", "Tell"), {"test_a.py": TESTS.format(4, 6)})
    assert judged(executed) == Finding(True, "", {"coverage": coverage.UNWATCHED})


@pytest.mark.parametrize("paths", [("a.py", "b.pyx"), ("data.txt",)])
def test_other_languages_are_not_known(tmp_path: Path, paths: tuple[str, ...]) -> None:
    executed = pair(tmp_path, BEFORE, AFTER, {})
    made = Candidate(MADE.proposal, "base", "candidate", paths)
    assert coverage.check(executed)(made, BASE) == Finding(True, "", {"coverage": coverage.UNREADABLE})


def test_text_beside_the_code_does_not_matter(tmp_path: Path) -> None:
    executed = pair(tmp_path, BEFORE, AFTER, {"README.md": ""})
    made = Candidate(MADE.proposal, "base", "candidate", ("a.py", "README.md"))
    assert not coverage.check(executed)(made, BASE).passed


def test_functions_that_a_decorator_compiles_are_not_watched(tmp_path: Path) -> None:
    before = "def njit(f): return f\n\n@njit\ndef f(x):\n    return x + x\n"
    executed = pair(tmp_path, before, before.replace("x + x", "2 * x"), {})
    assert coverage.check(executed)(MADE, BASE) == Finding(True, "", {"coverage": coverage.UNWATCHED})


def test_what_this_interpreter_does_not_compile_is_not_known(tmp_path: Path) -> None:
    executed = pair(tmp_path, BEFORE, "def f(:\n", {})
    assert coverage.check(executed)(MADE, BASE) == Finding(True, "", {"coverage": coverage.UNREADABLE})


def test_forged_reports_count_for_nothing(tmp_path: Path) -> None:
    forged = """
        import json, os, unittest
        folder = os.path.dirname(os.environ["LLMOPT_PROBE"])
        for number, text in enumerate(["7", "[[1, 2, 3]]", '[["a.py", "functions", ["x", 99]]]', '{"a": 1}']):
            open(os.path.join(folder, "touched-1-%d.json" % number), "w").write(text)
        class T(unittest.TestCase):
            def test_x(self): pass
    """
    assert not judged(pair(tmp_path, BEFORE, AFTER, {"test_a.py": forged})).passed


def test_a_tracer_gives_up_after_many_calls_without_news(tmp_path: Path) -> None:
    """Below 3.12 only; elsewhere nothing is traced."""
    after = "def f(): pass\ndef g():\n    return 2\n"
    tests = """
        import sys, unittest, a, llmopt_touched
        llmopt_touched.BORING = 1000
        class T(unittest.TestCase):
            def test_f(self):
                for _ in range(2000): a.f()
                a.g()
                self.assertIsNone(sys.gettrace())
    """
    executed = pair(tmp_path, "def f(): pass\n", after, {"test_a.py": tests})
    if sys.version_info < (3, 12):
        assert not judged(executed).passed
    else:
        assert judged(executed).passed
