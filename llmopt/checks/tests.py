"""The target's tests on the candidate: the same node ids with the same outcomes as on the base.

A test that differs is given a second chance: some tests look at a clock, and machines are busy. It counts as passed
only if it passes by itself and then once more among all others, and the evidence names it. Others hang on the folder
that they run in, as by the order of a set of paths: what differs on the base in the candidate's folder too is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from llmopt.checks import parallel, suite
from llmopt.checks.coverage import Executed
from llmopt.data import Base, Candidate, Check, Finding, Limits, Tree
from llmopt.target import Target


def check(
    target: Target,
    tree_of: Callable[[str], Tree],
    limits: Limits,
    folder: Path | None = None,
    executed: Executed | None = None,
    instead: suite.Instead | None = None,
) -> Check:
    """The gate of the base's outcomes; the run stops at the first that differs.

    `folder` remembers whether they may run in several workers; without it one process runs them.
    """

    def tests(candidate: Candidate, base: Base) -> Finding:
        if not base.gate:
            return Finding(True, "", {"tests": "none"})
        tree = tree_of(candidate.commit)
        options = parallel.options(target, tree_of(base.commit), base, limits, folder) if folder else ()
        tasks = executed.tasks(candidate, base) if executed else {}
        run, probed = suite.run_probed(target, tree, limits, base.gate, tasks, options=options)
        if options and suite.compare(base.gate, run):  # workers may get in each other's way: one process decides
            options = ()
            run, probed = suite.run_probed(target, tree, limits, base.gate, tasks)
        gate, chance = base.gate, ""
        if difference := suite.compare(gate, run):
            changed = next(iter(suite.differing(gate, run)), "")
            if changed and _passes_alone(target, tree, limits, base, changed):
                chance = changed
            elif instead and (changed or not run.problem):
                gate = _gate_there(target, instead, limits, candidate, base, changed)
            if gate == base.gate and not chance:
                return Finding(False, difference)
            run, _ = suite.run_probed(target, tree, limits, gate)  # unwatched: that may be what took too long
            if difference := suite.compare(gate, run):
                return Finding(False, difference)
        if executed:
            executed.note(candidate, base, probed, "all tests")
        return Finding(True, "", {"tests": _text(base, options, chance, gate)})

    return tests


def _passes_alone(target: Target, tree: Tree, limits: Limits, base: Base, test: str) -> bool:
    assert target.project.tests is not None
    if target.project.tests.kind == "command":  # one test: the second run of all is its second chance
        return True
    expect = {test: base.gate[test]}
    return not suite.compare(expect, suite.run_probed(target, tree, limits, expect, select=[test])[0])


def _gate_there(
    target: Target, instead: suite.Instead, limits: Limits, candidate: Candidate, base: Base, changed: str
) -> Mapping[str, str]:
    """The outcomes that the base has in the candidate's folder as well, all of them where the test that has changed is
    as before there, or the run does not end well. Names may hold the folder: then tests are missing, and none has
    changed."""
    with instead(base.commit, candidate.commit) as tree:
        if changed and not suite.differing(base.gate, suite.run_probed(target, tree, limits, select=[changed])[0]):
            return base.gate
        run, _ = suite.run_probed(target, tree, limits)
    if run.problem:
        return base.gate
    return {test: outcome for test, outcome in base.gate.items() if run.outcomes.get(test) == outcome}


def _text(base: Base, options: tuple[str, ...], chance: str, gate: Mapping[str, str]) -> str:
    left_out = len(base.unstable) + len(base.failing)
    text = f"{sum(outcome == 'passed' for outcome in gate.values())} tests passed as before"
    text += f" in {options[1]} workers" if options else ""
    text += f", {left_out} unstable or failing left out" if left_out else ""
    text += f", {len(base.gate) - len(gate)} that hang on the folder they run in" if gate != base.gate else ""
    return text + (f", {chance} only when run again" if chance else "")
