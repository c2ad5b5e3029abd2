"""The weighing of the evidence: what the checks before it left decides, for each candidate alone."""

from __future__ import annotations

from collections.abc import Mapping

from llmopt import trial
from llmopt.checks import require
from llmopt.data import Base, Candidate, Check, Finding, Function, Hotspot, Proposal, Verdict

TESTED = Base("b" * 40, {"test_a": "passed"})
UNTESTED = Base("b" * 40, {})
SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)


def leaves(text: str) -> Check:
    return lambda candidate, base: Finding(True, "", {"calls": text})


def attempt(base: Base, checks: Mapping[str, Check], commit: str = "c") -> Verdict:
    proposal = Proposal("x", SPOT, "")
    return trial.attempt(proposal, base, lambda p, b: Candidate(p, b.commit, commit, ()), checks, lambda stage: None)


def prints(same: str) -> Check:
    return lambda candidate, base: Finding(True, "", {"output": f"{same} of 1 workloads print and return the same"})


def test_tests_are_required_where_there_are_any_and_else_the_output() -> None:
    funnel = require.after({"output": prints("1")})
    refused = attempt(TESTED, funnel)
    assert (refused.accepted, refused.stage) == (False, "require")
    assert "the evidence reaches output, tests is required: no tests ran" in refused.reason
    assert "--require" in refused.reason
    assert attempt(UNTESTED, funnel, "d").accepted
    assert not attempt(UNTESTED, require.after({"output": prints("0")})).accepted


def test_what_is_asked_for_wins_over_what_is_usual() -> None:
    assert attempt(TESTED, require.after({"output": prints("0")}, "none")).accepted
    assert not attempt(TESTED, require.after({"calls": leaves("none: nothing changed")}, "calls")).accepted
    assert attempt(TESTED, require.after({"calls": leaves("3 recorded calls agree")}, "calls")).accepted


def test_evidence_of_one_candidate_is_none_of_another() -> None:
    texts = iter(["3 recorded calls agree", "none: nothing recorded"])
    funnel = require.after({"calls": lambda candidate, base: Finding(True, "", {"calls": next(texts)})}, "calls")
    assert attempt(TESTED, funnel, "c").accepted
    assert not attempt(TESTED, funnel, "d").accepted


def test_it_runs_last_and_not_after_a_check_that_is_not_passed() -> None:
    funnel = require.after({"tests": lambda candidate, base: Finding(False, "test_a failed")}, "calls")
    assert list(funnel) == ["tests", "require"]
    assert attempt(TESTED, funnel).stage == "tests"
