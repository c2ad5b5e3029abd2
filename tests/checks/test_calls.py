"""Recorded calls replayed on real trees: what must be told apart, and what must be called equal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import call_pairs
import pytest
import targets
from call_pairs import Pair
from interpreters import EVERY, OWN

from llmopt import workloads
from llmopt.checks import calls, coverage, edited, replays
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Limits, Proposal, TestCommand, Tree
from llmopt.target import Target

LIMITS = Limits(seconds=60)
BASE, EDIT = "b" * 40, "c" * 40
SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
BOUNDS = replays.Bounds(derived=40, held=3, run_seconds=10.0)  # of so many functions at once


@dataclass(frozen=True)
class Case:
    """A target with a workload, the tree of its base and that of an edit."""

    target: Target
    trees: Mapping[str, Tree]
    changed: tuple[str, ...]
    folder: Path

    def finding(self, **options: object) -> Finding:
        check = calls.check(
            self.target, self.trees.__getitem__, self.folder / "kept", workload=LIMITS, tests=LIMITS, **options
        )  # type: ignore[arg-type]
        return check(Candidate(Proposal("m", SPOT, ""), BASE, EDIT, self.changed), Base(BASE, {}))


def case(
    folder: Path,
    files: Mapping[str, str],
    edit: Mapping[str, str],
    workload: str = "drive.py",
    python: str = sys.executable,
    tests: TestCommand | None = None,
) -> Case:
    target, tree = targets.make(folder, files, python=python, tests=tests)
    shutil.copytree(tree.path, folder / "edit")
    targets.write(folder / "edit", edit)
    if workload:
        chosen = workloads.parse(workload, target.project.root, target.project.interpreter)
        target = replace(target, project=replace(target.project, workloads=(chosen,)))
    trees = {BASE: Tree(BASE, tree.path), EDIT: Tree(EDIT, folder / "edit")}
    return Case(target, trees, tuple(edit), folder)


def drive(pairs: Sequence[Pair]) -> str:
    lines = ["import importlib", "def run(module, lines):", "    names = dict(vars(importlib.import_module(module)))"]
    lines += ["    for line in lines.splitlines():", "        try: exec(line, names)", "        except Exception: pass"]
    lines += ["def workload():"]
    lines += [f"    run({pair.name!r}, {pair.calls!r})" for pair in pairs]
    return "\n".join(lines)


def differences(folder: Path, pairs: Sequence[Pair], python: str) -> dict[str, str]:
    """What is said of each pair that is told apart, by its name; all in one go."""
    files = {f"{pair.name}.py": pair.old for pair in pairs}
    edit = {f"{pair.name}.py": pair.new for pair in pairs}
    made = case(folder, {**files, "drive.py": drive(pairs)}, edit, python=python)
    found = edited.of(files, edit)
    functions = [unit.function for unit in found.units.values()]
    base, tree = made.trees[BASE], made.trees[EDIT]
    recorded = replays.record(made.target, base, functions, folder / "kept", LIMITS, LIMITS)
    comparison = calls.compare(made.target, base, tree, found, recorded, folder / "kept", BOUNDS)
    covered = {each["path"].removesuffix(".py") for each in comparison.inputs}
    told: dict[str, str] = dict.fromkeys(covered, "")
    for key, text in comparison.differences():
        name = key.partition(".py")[0]
        told[name] = told[name] or text
    return told


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return differences(tmp_path_factory.mktemp("pairs"), [*call_pairs.TOLD_APART, *call_pairs.EQUAL], OWN)


@pytest.fixture(scope="module")
def found_of_arrays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pytest.importorskip("pandas")
    pairs = [*call_pairs.ARRAYS_TOLD_APART, *call_pairs.ARRAYS_EQUAL]
    return differences(tmp_path_factory.mktemp("arrays"), pairs, OWN)


@pytest.mark.parametrize("pair", call_pairs.TOLD_APART, ids=lambda pair: pair.name)
def test_edits_that_change_behaviour_are_told_apart(pair: Pair, found: dict[str, str]) -> None:
    assert found[pair.name]
    assert pair.says in found[pair.name]


NOT_COVERED = ("not_deterministic_on_the_base", "depends_on_the_hash_seed")


@pytest.mark.parametrize("pair", call_pairs.EQUAL, ids=lambda pair: pair.name)
def test_edits_that_keep_behaviour_are_called_equal(pair: Pair, found: dict[str, str]) -> None:
    if pair.name not in NOT_COVERED:
        assert found[pair.name] == ""
    else:
        assert not found.get(pair.name)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("python", [EVERY[0], EVERY[-1]])  # the suite's own has all pairs too
def test_every_python_tells_the_same_pairs_apart(tmp_path: Path, python: str) -> None:
    told = differences(tmp_path, [*call_pairs.TOLD_APART, *call_pairs.EQUAL], python)
    assert [pair.name for pair in call_pairs.TOLD_APART if not told.get(pair.name)] == []
    assert [(pair.name, told[pair.name]) for pair in call_pairs.EQUAL if told.get(pair.name)] == []


@pytest.mark.parametrize("pair", call_pairs.ARRAYS_TOLD_APART, ids=lambda pair: pair.name)
def test_edits_that_change_arrays_are_told_apart(pair: Pair, found_of_arrays: dict[str, str]) -> None:
    assert found_of_arrays[pair.name]
    assert pair.says in found_of_arrays[pair.name]


@pytest.mark.parametrize("pair", call_pairs.ARRAYS_EQUAL, ids=lambda pair: pair.name)
def test_edits_that_keep_arrays_are_called_equal(pair: Pair, found_of_arrays: dict[str, str]) -> None:
    assert found_of_arrays[pair.name] == ""


SHOP = """
    import logging

    def customers(orders):
        seen = []
        for order in orders:
            if order["customer"] not in seen:
                seen.append(order["customer"])
        return seen

    def never(x):
        return x
"""
GOOD = SHOP.replace("return seen", "return seen[:]").replace("return x", "return +x")
WRONG = SHOP.replace("return seen", "return sorted(seen)")
DRIVE = """
    from a import customers
    def workload():
        customers([{"customer": c} for c in "bacab"])
        customers([])
"""


@pytest.mark.slow
@pytest.mark.parametrize("python", EVERY)
def test_an_edit_that_keeps_behaviour_passes_and_says_what_was_compared(tmp_path: Path, python: str) -> None:
    finding = case(tmp_path, {"a.py": SHOP, "drive.py": DRIVE}, {"a.py": GOOD}, python=python).finding()
    assert finding.passed, finding.reason
    text = finding.evidence["calls"]
    assert text.startswith("2 recorded calls of 1 function and ")
    assert text.endswith("derived inputs agree (1 function not covered: never (never called))")


DECORATED = """
    from functools import wraps

    def counted(function):
        @wraps(function)
        def inner(*args):
            found = [each for each in function(*args)]
            return found
        return inner

    class Words:
        @counted
        def long(self, text):
            return [word for word in text.split() if len(word) > 2]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("new", "passes"), [("list(found)", True), ("found[1:]", False)])
def test_a_decorator_is_compared_through_what_it_decorates(tmp_path: Path, new: str, passes: bool) -> None:
    lines = "from a import Words\ndef workload():\n    for text in ('one of many', 'a', 'two'): Words().long(text)\n"
    edit = {"a.py": DECORATED.replace("return found", f"return {new}")}
    finding = case(tmp_path, {"a.py": DECORATED, "drive.py": lines}, edit).finding()
    assert finding.passed is passes
    assert "3 recorded calls" in finding.evidence["calls"] if passes else "Words.long differs" in finding.reason


@pytest.mark.slow
@pytest.mark.parametrize(("new", "passes"), [("list(found)", True), ("found[1:]", False)])
def test_a_decorator_of_another_file_is_compared_through_what_it_decorates(
    tmp_path: Path, new: str, passes: bool
) -> None:
    decorator, _, words = textwrap.dedent(DECORATED).partition("class Words")
    files = {"b.py": decorator, "a.py": f"from b import counted\n\n\nclass Words{words}"}
    lines = "from a import Words\ndef workload():\n    for text in ('one of many', 'a', 'two'): Words().long(text)\n"
    edit = {"b.py": decorator.replace("return found", f"return {new}")}
    finding = case(tmp_path / "seen", {**files, "drive.py": lines}, edit).finding()
    assert finding.passed is passes
    assert "3 recorded calls" in finding.evidence["calls"] if passes else "Words.long differs" in finding.reason
    unseen = case(tmp_path / "unseen", {**files, "drive.py": "def workload(): pass\n"}, edit).finding()
    assert not unseen.passed
    assert unseen.reason.startswith("counted gives back another function, and no call")


@pytest.mark.slow
def test_a_difference_is_told_as_input_expected_and_got(tmp_path: Path) -> None:
    finding = case(tmp_path, {"a.py": SHOP, "drive.py": DRIVE}, {"a.py": WRONG}).finding()
    assert not finding.passed
    orders = ", ".join(f"{{'customer': '{name}'}}" for name in "bacab")
    assert finding.reason.splitlines() == [
        "customers differs from the base in result[0], for a recorded call",
        f"input: customers(orders=[{orders}])",
        "expected: 'b' (str)",
        "got: 'a' (str)",
    ]


def test_calls_of_tests_are_recorded_too(tmp_path: Path) -> None:
    files = {"a.py": SHOP, "test_a.py": "from a import customers\ndef test(): customers([{'customer': 1}])\n"}
    tests = TestCommand("pytest", ("test_a.py",))
    assert case(tmp_path / "good", files, {"a.py": GOOD}, "", tests=tests).finding().passed
    assert not case(tmp_path / "wrong", files, {"a.py": WRONG}, "", tests=tests).finding().passed


@pytest.mark.slow
def test_the_base_is_recorded_once_for_all_candidates(tmp_path: Path) -> None:
    made = case(tmp_path, {"a.py": SHOP, "drive.py": DRIVE}, {"a.py": GOOD})
    commands: list[tuple[str, str]] = []
    sandbox = made.target.sandbox

    def counted(command, limits):  # type: ignore[no-untyped-def]
        commands.append((command.folder.name, Path(command.argv[1]).stem))
        return sandbox(command, limits)

    made = replace(made, target=replace(made.target, sandbox=counted))
    assert made.finding().passed
    assert ("tree", "llmopt_runner") in commands
    commands.clear()
    assert made.finding().passed
    # Two early looks at both, then all inputs under both hash seeds in one command.
    assert sorted(commands) == [("edit", "llmopt_replay")] * 3 + [("tree", "llmopt_replay")] * 2


def test_nothing_recorded_is_told_and_no_failure(tmp_path: Path) -> None:
    files = {"a.py": SHOP, "drive.py": "def workload(): pass"}
    finding = case(tmp_path, files, {"a.py": WRONG}).finding()
    assert finding.passed
    assert finding.evidence["calls"] == (
        "0 recorded calls of 0 functions and 0 derived inputs agree (1 function not covered: customers (never called))"
    )


def test_an_edit_of_no_function_is_told(tmp_path: Path) -> None:
    finding = case(tmp_path, {"a.py": SHOP, "drive.py": DRIVE}, {"b.py": "def f(): return 1\n"}).finding()
    assert (finding.passed, finding.evidence) == (True, {"calls": "none: no function changed"})


@pytest.mark.slow
def test_a_module_that_does_not_import_is_a_difference(tmp_path: Path) -> None:
    finding = case(
        tmp_path, {"a.py": SHOP, "drive.py": DRIVE}, {"a.py": WRONG + "\n    raise OSError('no')\n"}
    ).finding()
    assert not finding.passed
    assert "OSError: no" in finding.reason


@pytest.mark.slow
def test_a_call_that_does_not_end_is_a_difference(tmp_path: Path) -> None:
    old = "def f(n):\n    return max(n, 3)\n"
    new = "def f(n):\n    while n < 10**9 and n != 4: n -= 1\n    return n\n"
    drive = "from a import f\ndef workload():\n    f(4); f(3)\n"
    finding = case(tmp_path, {"a.py": old, "drive.py": drive}, {"a.py": new}).finding(bounds=replays.Bounds(derived=0))
    assert not finding.passed
    assert "got: took longer than 2" in finding.reason


SHARED = {
    "module": (
        "def f(n):\n    return [n * i for i in range(200)]",
        "PARTS = []\ndef f(n):\n{fill}".replace("{p}", "PARTS"),
        "PARTS",
    ),
    "global": (
        "def f(n):\n    return [n * i for i in range(200)]",
        """
        last = 0
        def f(n):
            global last
            last = n
            return [last * i for i in range(200)]
        """,
        "last",
    ),
    "attribute of the function": (
        "def f(n):\n    return [n * i for i in range(200)]",
        """
        def f(n):
            f.last = n
            return [f.last * i for i in range(200)]
        """,
        "f.last",
    ),
    "default": (
        "def _f(n):\n    return [n * i for i in range(200)]\ndef f(n):\n    return _f(n)",
        """
        def _f(n, parts=[]):
            parts.clear()
            for i in range(200):
                parts.append(n * i)
            return list(parts)
        def f(n):
            return _f(n)
        """,
        "_f(parts=…)",
    ),
    "class": (
        "class C:\n    def g(self, n):\n        return [n * i for i in range(200)]\ndef f(n):\n    return C().g(n)",
        """
        class C:
            parts = []
            def g(self, n):
                C.parts = []
                for i in range(200):
                    C.parts.append(n * i)
                return C.parts[:]
        def f(n):
            return C().g(n)
        """,
        "C.parts",
    ),
}
FILL = """
    PARTS.clear()
    for i in range(200):
        PARTS.append(n * i)
    return list(PARTS)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHARED)
def test_state_that_threads_spoil_is_a_difference(tmp_path: Path, kind: str) -> None:
    old, new, name = SHARED[kind]
    drive = "from a import f\ndef workload():\n    for n in range(9): f(n)\n"
    edit = {"a.py": textwrap.dedent(new).replace("{fill}", FILL)}
    finding = case(tmp_path, {"a.py": old + "\n", "drive.py": drive}, edit).finding()
    assert not finding.passed
    assert "several threads" in finding.reason
    assert f"(they share {name}" in finding.reason


METHOD = """
    class C:
        def __init__(self, by): self.by = by
        def g(self, n):
            return [n * i * self.by for i in range(200)]
"""
BUFFER = """
    class C:
        def __init__(self, by): self.by = by
        def g(self, n):
            self._parts = []
            for i in range(200):
                self._parts.append(n * i * self.by)
            return self._parts[:]
"""
DRIVE_C = "from a import C\ndef workload():\n    c = C(3)\n    for n in range(9): c.g(n)\n"


def test_an_instance_that_threads_share_and_spoil_is_a_difference(tmp_path: Path) -> None:
    finding = case(tmp_path, {"a.py": METHOD, "drive.py": DRIVE_C}, {"a.py": BUFFER}).finding()
    assert not finding.passed
    assert "C.g gives something else when several threads call it at once (they share C._parts)" in finding.reason


@pytest.mark.slow
def test_a_long_private_attribute_more_does_not_take_the_room_of_the_others(tmp_path: Path) -> None:
    kept = METHOD.replace("return", "self._last = [str(n)] * 3000\n            return")
    finding = case(tmp_path, {"a.py": METHOD, "drive.py": DRIVE_C}, {"a.py": kept}).finding()
    assert finding.passed, finding.reason


LONG = """
    class C:
        def __init__(self, by): self.by = by
        def g(self, n):
            return [[n * i * self.by] for i in range(3000)]
"""


@pytest.mark.slow
@pytest.mark.thorough
def test_a_private_attribute_more_does_not_show_in_the_digest_of_a_long_result(tmp_path: Path) -> None:
    kept = LONG.replace("return", "self._last = [n]\n            return")
    finding = case(tmp_path, {"a.py": LONG, "drive.py": DRIVE_C}, {"a.py": kept}).finding()
    assert finding.passed, finding.reason


@pytest.mark.slow
def test_an_instance_that_the_base_spoils_as_well_is_no_objection(tmp_path: Path) -> None:
    edit = {"a.py": BUFFER.replace("[:]", ".copy()").replace("self._parts", "self._other")}
    finding = case(tmp_path, {"a.py": BUFFER, "drive.py": DRIVE_C}, edit).finding()
    assert "several threads" not in finding.reason


LINES = """
    RATES = {"DE": 19}
    def f(n):
        if n == 4:
            return n * 10
        if n > 1000:
            return 1000
        if n == -7:
            return -7
        return n
"""


@pytest.mark.parametrize("python", EVERY)
def test_changed_lines_that_the_replay_executes_are_noted(tmp_path: Path, python: str) -> None:
    after = LINES.replace("n * 10", "10 * n").replace("return 1000", "return 10 * 100").replace("= -7:", "= -1 * 7:")
    after = after.replace('"DE": 19', '"DE": 20 - 1').replace("return -7", "return 0 - 7")
    drive = "from a import f\ndef workload():\n    for n in (1, 4, 5): f(n)\n"
    made = case(tmp_path, {"a.py": LINES, "drive.py": drive}, {"a.py": after}, python=python)
    executed = coverage.Executed(made.target, made.trees.__getitem__)
    finding = made.finding(executed=executed)
    assert finding.passed, finding.reason
    known = executed.record(Candidate(Proposal("m", SPOT, ""), BASE, EDIT, made.changed), Base(BASE, {}))
    assert known.wanted is not None
    unseen = {line for _, _, line in known.wanted - known.seen}
    assert known.by["recorded calls"] == 3  # the table, the line under 4, and the last condition
    assert known.by["derived inputs"] >= 1  # more than 1000
    assert unseen <= {10}


PLAIN = "def f(name):\n    return name.upper()\n"
CACHED = "from functools import lru_cache\n@lru_cache(maxsize=None)\n" + PLAIN
KEPT = """
    KEPT = {}
    def f(name):
        if name not in KEPT:
            KEPT[name] = name.upper()
        return KEPT[name]
"""
OF_CLASS = """
    from functools import lru_cache
    class Upper:
        @staticmethod
        @lru_cache(maxsize=None)
        def of(name):
            return name.upper()
    def f(name):
        return Upper.of(name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("cached", [CACHED, KEPT, OF_CLASS], ids=["lru_cache", "dictionary", "of a class"])
def test_a_cache_without_a_bound_is_turned_down(tmp_path: Path, cached: str) -> None:
    base = OF_CLASS.replace("@lru_cache(maxsize=None)", "") if cached is OF_CLASS else PLAIN
    made = case(tmp_path, {"a.py": base, "drive.py": DRIVE_F}, {"a.py": cached})
    finding = made.finding()
    assert not finding.passed
    head, advice = finding.reason.splitlines()
    assert head.startswith("memory grows without a bound: a.py::")
    assert "(base 0 bytes) after " in head
    assert "give the cache a bound, such as lru_cache(maxsize=1024)" in advice
    allowed = made.finding(may_grow=True)
    assert allowed.passed
    assert "a.py::" in allowed.evidence["memory"]


DRIVE_F = "from a import f\ndef workload():\n    f('a' * 50)\n"
BOUNDED = {
    "a small bound": (CACHED.replace("None", "16"), "no growth over distinct inputs"),
    "a large bound": (CACHED.replace("None", "100_000"), ", up to 100000 entries"),
    "emptied when full": (
        KEPT.replace("KEPT[name] = name", "if len(KEPT) >= 1000: KEPT.clear()\n            KEPT[name] = name"),
        "no growth over distinct inputs",
    ),
    "for one call": (
        "CALLS = {}\ndef f(name):\n    seen = {}\n    seen[name] = name.upper()\n    return seen[name]\n",
        "no growth over distinct inputs",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOUNDED)
def test_a_cache_with_a_bound_passes(tmp_path: Path, kind: str) -> None:
    cached, told = BOUNDED[kind]
    finding = case(tmp_path, {"a.py": PLAIN, "drive.py": DRIVE_F}, {"a.py": cached}).finding()
    assert finding.passed, finding.reason
    assert told in finding.evidence["memory"]


@pytest.mark.slow
def test_a_cache_that_ends_with_its_instance_passes(tmp_path: Path) -> None:
    old = """
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class C:
            name: str
            @property
            def upper(self): return self.name.upper()
            def twice(self, times): return self.upper * times
        """
    new = "from functools import cached_property\n" + textwrap.dedent(old).replace("@property", "@cached_property")
    drive = "from a import C\ndef workload():\n    C('a' * 50).twice(2); C('b').upper\n"
    finding = case(tmp_path, {"a.py": old, "drive.py": drive}, {"a.py": new}).finding()
    assert finding.passed, finding.reason
    assert finding.evidence["memory"] in ("growth not measured", "no growth over distinct inputs")


@pytest.mark.slow
def test_growth_that_the_base_has_too_is_no_objection(tmp_path: Path) -> None:
    base = KEPT.replace("name.upper()", "name.upper()[:]")
    finding = case(tmp_path, {"a.py": base, "drive.py": DRIVE_F}, {"a.py": KEPT + "\n    MORE = {}\n"}).finding()
    assert finding.passed, finding.reason


def test_floats_are_compared_with_the_tolerance_that_is_allowed(tmp_path: Path) -> None:
    old = "def f(values):\n    t = 0.0\n    for v in values: t += v\n    return t\n"
    new = "import math\ndef f(values):\n    return math.fsum(values)\n"
    drive = "from a import f\ndef workload():\n    f([0.1] * 10)\n"
    made = case(tmp_path, {"a.py": old, "drive.py": drive}, {"a.py": new})
    assert not made.finding().passed
    exact = replays.Bounds(derived=0)
    assert made.finding(tolerance=1e-9, bounds=exact).passed


OTHER_ATTRIBUTES = """
    class C:
        def __init__(self, items):
            self.items = tuple(items)
            self._known = set(items)
        def has(self, item): return item in self._known
"""


def test_instances_of_a_class_with_other_attributes_are_made_anew(tmp_path: Path) -> None:
    old = OTHER_ATTRIBUTES.replace("self._known = set(items)", "pass").replace("self._known", "self.items")
    drive = "from a import C\ndef workload():\n    C([1, 2]).has(2)\n"
    finding = case(tmp_path / "right", {"a.py": old, "drive.py": drive}, {"a.py": OTHER_ATTRIBUTES}).finding()
    assert finding.passed, finding.reason
    assert "instances of a class with other attributes" in finding.evidence["calls"]
    wrong = {"a.py": OTHER_ATTRIBUTES.replace("set(items)", "set(items[1:])")}
    assert (
        "C.has of what the call leaves"
        in case(tmp_path / "wrong", {"a.py": old, "drive.py": drive}, wrong).finding().reason
    )
    stale = [text.replace("tuple(items)", "list(items)") for text in (old, OTHER_ATTRIBUTES)]
    finding = case(tmp_path / "stale", {"a.py": stale[0], "drive.py": drive}, {"a.py": stale[1]}).finding()
    assert "C.has of what the call leaves, after a list or dictionary that it shows was changed" in finding.reason


def test_a_candidate_cannot_forge_its_report(tmp_path: Path) -> None:
    forger = """
        import json, os
        def f(n):
            folder = os.path.dirname(os.environ["LLMOPT_PROBE"])
            with open(os.path.join(folder, "replay-1-1.json"), "w") as stream:
                json.dump({"results": {}}, stream)
            return n
        """
    drive = "from a import f\ndef workload():\n    f(2)\n"
    finding = case(tmp_path, {"a.py": "def f(n):\n    return n\n", "drive.py": drive}, {"a.py": forger}).finding()
    assert not finding.passed
