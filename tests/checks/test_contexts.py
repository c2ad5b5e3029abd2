"""Which test executes which function, as real test runs of pytest and unittest tell on every interpreter."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
import targets
from environments import environment
from interpreters import EVERY

from llmopt.checks import contexts, suite
from llmopt.checks.contexts import Contexts
from llmopt.data import Limits, TestCommand
from llmopt.target import PROBE

LIMITS = Limits(seconds=60)
SHOP = """
    import functools
    import os
    import sys

    def plain(x):
        return x + 1

    def outer(values):
        def inner(x):
            return plain(x)
        return [inner(each) for each in values]

    class Basket:
        def __init__(self):
            self.items = []

        @property
        def total(self):
            return sum(item for item in self.items)

        @functools.lru_cache
        def cached(self, x):
            return x

    def lazy(n):
        yield from range(n)

    if sys.version_info > (3, 0):
        def branch():
            return 1

    def child():
        process = os.fork()
        if process == 0:
            plain(1)
            os._exit(0)
        os.waitpid(process, 0)

    TABLE = plain(3)
"""
TESTS = """
    import os
    import subprocess
    import sys
    import threading
    import time
    import unittest

    import shop
    from shop import plain as renamed

    class All(unittest.TestCase):
        def test_basket(self):
            basket = shop.Basket()
            self.assertEqual(basket.total, 0)
            basket.cached(1)

        def test_branch(self):
            shop.branch()

        def test_child(self):
            shop.child()

        def test_lazy(self):
            list(shop.lazy(3))

        def test_nothing(self):
            pass

        def test_outer(self):
            self.assertEqual(shop.outer([1, 2]), [2, 3])

        def test_plain(self):
            for n in range(1000):
                renamed(n)

        def test_process(self):
            subprocess.run([sys.executable, "-c", "import shop; shop.branch()"], check=True)

        def test_slow(self):
            time.sleep(0.5)  # longer than it takes to start a process on a busy machine
            renamed(1)

        def test_thread(self):
            thread = threading.Thread(target=shop.branch)
            thread.start()
            thread.join()
"""
FILES = {"src/shop.py": SHOP, "tests/test_shop.py": TESTS}
EXPECTED = {
    "plain": {"test_child", "test_outer", "test_plain", "test_process", "test_slow"},  # a child imports its module
    "outer": {"test_outer"},
    "Basket.__init__": {"test_basket"},
    "Basket.total": {"test_basket"},
    "Basket.cached": {"test_basket"},
    "lazy": {"test_lazy"},
    "branch": {"test_branch", "test_process", "test_thread"},
    "child": {"test_child"},
}
UNITTEST = TestCommand("unittest", ("discover", "-s", "tests"))
PYTEST = TestCommand("pytest", ("tests",))


def recorded(folder: Path, files: Mapping[str, str], tests: TestCommand, python: str = sys.executable) -> Contexts:
    target, tree = targets.make(folder, files, tests=tests, python=python, roots=("src",))
    return contexts.of(target, tree, folder / "kept", LIMITS)


def short(found: Contexts) -> dict[str, set[str]]:
    """Plain names of the tests by the qualified name of the function."""
    return {
        key.removeprefix("src/shop.py::"): {test.replace("::", ".").rpartition(".")[2] for test in tests}
        for key, tests in found.functions.items()
    }


@pytest.mark.parametrize("python", EVERY)
def test_functions_are_known_by_the_unittests_that_execute_them(tmp_path: Path, python: str) -> None:
    found = recorded(tmp_path, FILES, UNITTEST, python)
    assert short(found) == EXPECTED
    assert "test_shop.All.test_nothing" in found.seconds
    assert 0.1 <= found.seconds["test_shop.All.test_slow"] < 1


def test_functions_are_known_by_the_pytest_nodes_that_execute_them(tmp_path: Path) -> None:
    assert short(recorded(tmp_path, FILES, PYTEST)) == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize(("version", "package"), [("3.9", "pytest==7.0.1"), ("3.12", "pytest==8.2.2")])
def test_functions_are_known_by_pytest_nodes_elsewhere(tmp_path: Path, version: str, package: str) -> None:
    assert short(recorded(tmp_path, FILES, PYTEST, environment(version, package))) == EXPECTED


@pytest.mark.slow
def test_workers_of_the_users_own_choice_are_heard(tmp_path: Path) -> None:
    assert short(recorded(tmp_path, FILES, TestCommand("pytest", ("-n", "2", "tests")))) == EXPECTED


def test_fixtures_count_for_the_test_that_sets_them_up(tmp_path: Path) -> None:
    source = """
        import pytest
        import shop
        @pytest.fixture
        def one():
            shop.plain(1)
            yield
            shop.branch()
        def test_a(one): pass
        def test_b(): pass
    """
    found = recorded(tmp_path, {"src/shop.py": SHOP, "tests/test_x.py": source}, PYTEST)
    assert short(found) == {"plain": {"test_a"}, "branch": {"test_a"}}


def test_recording_changes_no_outcome(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, FILES, tests=PYTEST, roots=("src",))
    plain = suite.run_tests(target, tree, LIMITS)
    assert suite.run_probed(target, tree, LIMITS, tasks=contexts.TASKS)[0].outcomes == plain.outcomes


def test_fastest_tests_come_first(tmp_path: Path) -> None:
    found = recorded(tmp_path, FILES, PYTEST)
    near = contexts.touching(found, ["src/shop.py::plain", "src/shop.py::lazy"])
    assert len(near) == 6
    assert [found.seconds[test] for test in near] == sorted(found.seconds[test] for test in near)
    assert "tests/test_shop.py::All::test_slow" in near[-2:]
    assert contexts.touching(found, ["src/shop.py::unknown"]) == ()


def test_what_the_folder_has_is_not_recorded_again(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, FILES, tests=UNITTEST, roots=("src",))
    first = contexts.of(target, tree, tmp_path / "kept", LIMITS)
    for path in tree.path.rglob("*.py"):
        path.unlink()
    assert contexts.of(target, tree, tmp_path / "kept", LIMITS) == first
    later = targets.Tree("1" * 40, tree.path)
    assert contexts.of(target, later, tmp_path / "kept", LIMITS) == first


def test_a_function_of_many_tests_names_some_from_all_over_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PROBE))
    import llmopt_contexts

    function = llmopt_contexts.Function(test_recording_changes_no_outcome.__code__, "a.py")
    for number in range(1, 10_001):
        function.add(number)
    kept = function.report()[3]
    assert 200 <= len(kept) <= llmopt_contexts.MOST
    assert max(kept) > 9_000
    assert all(later - one == kept[1] - kept[0] for one, later in pairwise(kept))


@pytest.mark.parametrize("python", EVERY)
def test_a_function_of_many_tests_is_still_named(tmp_path: Path, python: str) -> None:
    source = """
        import unittest
        import shop
        class Many(unittest.TestCase): pass
        for n in range(1500):
            setattr(Many, f"test_{n:04}", lambda self: shop.plain(1))
        class Other(unittest.TestCase):
            def test_last(self): shop.lazy(1)
    """
    found = recorded(tmp_path, {"src/shop.py": SHOP, "tests/test_many.py": source}, UNITTEST, python)
    kept = found.functions["src/shop.py::plain"]
    assert 200 <= len(kept) <= 400
    assert kept[-1] > "test_many.Many.test_1400"
