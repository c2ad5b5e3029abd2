"""The target's tests on the candidate: the same node ids with the same outcomes as on the base."""

from __future__ import annotations

from collections.abc import Callable

from llmopt.checks import suite
from llmopt.data import Base, Candidate, Check, Finding, Limits, Tree
from llmopt.target import Target


def check(target: Target, tree_of: Callable[[str], Tree], limits: Limits) -> Check:
    """The gate of the base's outcomes; the run stops at the first that differs."""

    def tests(candidate: Candidate, base: Base) -> Finding:
        if not base.gate:
            return Finding(True, "", {"tests": "none"})
        run = suite.run_tests(target, tree_of(candidate.commit), limits, expect=base.gate)
        if difference := suite.compare(base.gate, run):
            return Finding(False, difference)
        left_out = len(base.unstable) + len(base.failing)
        text = f"{sum(o == 'passed' for o in base.gate.values())} tests passed as before"
        return Finding(True, "", {"tests": text + (f", {left_out} unstable or failing left out" if left_out else "")})

    return tests
