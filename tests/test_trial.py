"""The funnel: the first check that a candidate does not pass decides, and every check before leaves its evidence."""

from __future__ import annotations

import pytest

from llmopt import trial
from llmopt.data import Base, Candidate, Check, Decision, Finding, Function, Hotspot, Proposal, Usage
from llmopt.errors import EditError, ProjectError

BASE = Base("b" * 40, {})
SPOT = Hotspot(Function("pkg/a.py", "Table.find", 3), 9, 0.5, 0.5, 0.6, 2.5)
PROPOSAL = Proposal("rules: x", SPOT, "Use a set.", {"pkg/a.py": "x = 1\n"}, usage=Usage(1, 0, 2, 0, 0.01))


def commit(proposal: Proposal, base: Base) -> Candidate:
    return Candidate(proposal, base.commit, "c" * 40, tuple(proposal.files))


def passes(name: str, decision: Decision | None = None) -> Check:
    return lambda candidate, base: Finding(
        True, f"{name} fine", {name: f"{candidate.commit[:1]} on {base.commit[:1]}"}, decision
    )


def fails(name: str, decision: Decision | None = None) -> Check:
    return lambda candidate, base: Finding(False, f"{name} failed", {name: "seen"}, decision)


def never(candidate: Candidate, base: Base) -> Finding:
    raise AssertionError("a check after the one that decided")


def test_candidate_that_passes_all_checks_is_accepted_with_the_last_measurement() -> None:
    seen: list[str] = []
    screened, confirmed = Decision("accept", "", 1.5, (1.2, 1.8), 5), Decision("accept", "", 1.4, (1.3, 1.5), 9)
    checks = {
        "tests": passes("tests"),
        "timing": passes("timing", screened),
        "confirmation": passes("confirmation", confirmed),
    }
    verdict = trial.attempt(PROPOSAL, BASE, commit, checks, seen.append)
    assert verdict.accepted
    assert (verdict.stage, verdict.reason, verdict.commit, verdict.base) == (
        "confirmation",
        "confirmation fine",
        "c" * 40,
        BASE.commit,
    )
    assert (verdict.speedup, verdict.interval) == (1.4, (1.3, 1.5))
    assert verdict.evidence == dict.fromkeys(checks, "c on b")
    assert seen == list(checks)
    assert (verdict.function, verdict.author, verdict.plan) == ("pkg/a.py::Table.find", "rules: x", "Use a set.")
    assert verdict.usage == PROPOSAL.usage
    assert verdict.seconds >= 0


def test_first_check_that_fails_decides_and_later_ones_do_not_run() -> None:
    checks = {"guard": passes("guard"), "tests": fails("tests"), "timing": never}
    verdict = trial.attempt(PROPOSAL, BASE, commit, checks, lambda stage: None)
    assert (verdict.accepted, verdict.stage, verdict.reason) == (False, "tests", "tests failed")
    assert verdict.evidence == {"guard": "c on b", "tests": "seen"}
    assert (verdict.speedup, verdict.interval) == (1.0, (0.0, 0.0))


def test_slower_candidate_keeps_its_measurement() -> None:
    slower = Decision("reject", "slower", 0.8, (0.7, 0.9), 2)
    verdict = trial.attempt(PROPOSAL, BASE, commit, {"timing": fails("timing", slower)}, lambda stage: None)
    assert (verdict.accepted, verdict.speedup, verdict.interval) == (False, 0.8, (0.7, 0.9))


def test_edits_that_do_not_apply_are_a_verdict_without_a_commit() -> None:
    proposal = Proposal("m", SPOT, "", problem="search text not found")
    verdict = trial.attempt(proposal, BASE, commit, {"guard": never}, lambda stage: None)
    assert (verdict.accepted, verdict.stage, verdict.reason, verdict.commit) == (
        False,
        "apply",
        "search text not found",
        "",
    )


def test_files_that_cannot_be_written_are_a_verdict() -> None:
    def refuse(proposal: Proposal, base: Base) -> Candidate:
        raise EditError("x.py is latin-1, which cannot hold 'λ'", "hint")

    verdict = trial.attempt(PROPOSAL, BASE, refuse, {"guard": never}, lambda stage: None)
    assert (verdict.stage, verdict.reason, verdict.commit) == ("apply", "x.py is latin-1, which cannot hold 'λ'", "")


def test_edit_error_in_a_check_is_that_checks_verdict() -> None:
    def unreadable(candidate: Candidate, base: Base) -> Finding:
        raise EditError("pkg/a.py does not exist in the repository")

    checks = {"guard": passes("guard"), "duplicate": unreadable, "tests": never}
    verdict = trial.attempt(PROPOSAL, BASE, commit, checks, lambda stage: None)
    assert (verdict.accepted, verdict.stage) == (False, "duplicate")
    assert "does not exist" in verdict.reason
    assert verdict.commit == "c" * 40


def test_without_checks_nothing_is_accepted() -> None:
    assert not trial.attempt(PROPOSAL, BASE, commit, {}, lambda stage: None).accepted


def test_surprises_are_no_verdict() -> None:
    def leaking(candidate: Candidate, base: Base) -> Finding:
        raise ProjectError("the wrong code was imported")

    with pytest.raises(ProjectError):
        trial.attempt(PROPOSAL, BASE, commit, {"tests": leaking}, lambda stage: None)
