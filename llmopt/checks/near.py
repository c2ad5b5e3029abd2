"""The fastest tests that execute what was edited run first: a wrong edit ends there, before all tests run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from llmopt import encoding
from llmopt.checks import contexts, edited, suite
from llmopt.checks.contexts import Contexts
from llmopt.checks.coverage import Executed
from llmopt.data import Base, Candidate, Check, Finding, Limits, TestRun, Tree
from llmopt.errors import EditError
from llmopt.target import Target


@dataclass(frozen=True)
class Bounds:
    """How many tests are near, and how long all tests must take for it to be worth while to run some of them first.

    Where a run of its own tells which test executes what, all tests must not take long either.
    """

    least_seconds: float = 3.0
    most_seconds_of_own_run: float = 120.0
    share: float = 0.25  # of the time of all tests
    tests: int = 400


def check(
    target: Target,
    tree_of: Callable[[str], Tree],
    limits: Limits,
    folder: Path,
    executed: Executed | None = None,
    bounds: Bounds | None = None,
    instead: suite.Instead | None = None,
) -> Check:
    """`folder` keeps which test executes what. A difference counts only if the base shows none in the same run, in the
    candidate's folder: tests may rely on others that ran before them, or on the path that they run in."""
    allowed = bounds or Bounds()
    unsteady: set[str] = set()

    def near(candidate: Candidate, base: Base) -> Finding:
        if not _is_worthwhile(target, base, folder, allowed):
            return Finding(True, "")
        before, after = tree_of(base.commit), tree_of(candidate.commit)
        known = contexts.of(target, before, folder, limits)
        gate = {test: outcome for test, outcome in base.gate.items() if test not in unsteady}
        selected = chosen(known, _edited(before, after, candidate.changed), gate, base.test_seconds, allowed)
        if not selected:
            return Finding(True, "", {"near tests": "none is known to execute the edit"})
        expect = {test: gate[test] for test in selected}
        tasks = executed.tasks(candidate, base) if executed else {}
        run, probed = suite.run_probed(target, after, limits, expect, tasks, select=selected)
        if executed:
            executed.note(candidate, base, probed, f"{len(run.outcomes)} test{'s' * (len(run.outcomes) != 1)}")
        if not (difference := suite.compare(expect, run)):
            return Finding(True, "", {"near tests": f"{len(selected)} that execute the edit passed first"})
        again = _until_difference(selected, run)
        with instead(base.commit, candidate.commit) if instead else nullcontext(before) as there:
            on_base = suite.run_probed(target, there, limits, select=again)[0]
        unsteady.update(test for test in again if on_base.outcomes.get(test) != expect[test])
        if on_base.problem or unsteady & {*again}:
            return Finding(True, "", {"near tests": "they rely on other tests, or on their folder: all tests decide"})
        if suite.differing(expect, run) and not suite.compare(
            {test: expect[test] for test in again}, suite.run_probed(target, after, limits, select=again)[0]
        ):
            return Finding(True, "", {"near tests": "one differed once: all tests decide"})
        return Finding(False, difference, {"near tests": f"of {len(selected)} that execute the edit one differs"})

    return near


def _is_worthwhile(target: Target, base: Base, folder: Path, bounds: Bounds) -> bool:
    tests = target.project.tests
    if tests is None or tests.kind == "command" or not base.gate or base.test_seconds < bounds.least_seconds:
        return False
    known = contexts.is_cheap(target) or contexts.are_in(folder)
    return known or base.test_seconds <= bounds.most_seconds_of_own_run


def _until_difference(selected: Sequence[str], run: TestRun) -> Sequence[str]:
    """The tests up to the last one that ran, all of them when nobody knows."""
    ran = [place for place, test in enumerate(selected) if test in run.outcomes]
    return selected[: ran[-1] + 1] if ran else selected


def _edited(before: Tree, after: Tree, paths: Sequence[str]) -> tuple[str, ...]:
    """`Function.key` of what the edit changes, and of the callers by which it is to be compared."""
    try:
        edit = edited.of(_texts(before, paths), _texts(after, paths))
    except (SyntaxError, EditError):
        return ()
    return (*edit.units, *edit.left_out)


def _texts(tree: Tree, paths: Sequence[str]) -> dict[str, str]:
    read = encoding.reader(tree)
    return {path: read(path) for path in paths if path.endswith(".py") and (tree.path / path).is_file()}


def chosen(
    known: Contexts, functions: Sequence[str], gate: Mapping[str, str], all_seconds: float, bounds: Bounds
) -> tuple[str, ...]:
    """The fastest tests of each function, in turns, as long as they take no more than their share of all tests.

    They keep the order of the whole run within a file, the cheapest file first: what a file sets up is set up once.
    """
    lists = [[test for test in contexts.touching(known, [key]) if test in gate] for key in functions]
    kept: dict[str, float] = {}
    for test in dict.fromkeys(test for test in chain(*zip_longest(*lists)) if test):
        seconds = known.seconds.get(test, 0.0)
        if kept and (len(kept) >= bounds.tests or sum(kept.values()) + seconds > bounds.share * all_seconds):
            continue
        kept[test] = seconds
    places = {test: place for place, test in enumerate(known.seconds)}
    files: dict[str, list[str]] = {}
    for test in sorted(kept, key=places.__getitem__):
        files.setdefault(_group(test), []).append(test)
    ranked = sorted(files.values(), key=lambda tests: sum(kept[test] for test in tests))
    return tuple(test for tests in ranked for test in tests)


def _group(test: str) -> str:
    """The file of a pytest node, the class of a unittest id."""
    return test.partition("::")[0] if "::" in test else test.rpartition(".")[0]
