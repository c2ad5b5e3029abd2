"""Verdicts of earlier runs: what is used again, what is found anew, and what never counts for an edit."""

from __future__ import annotations

import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from llmopt import known, trial
from llmopt.data import Base, Candidate, Check, Decision, Finding, Function, Hotspot, Proposal, Verdict

BASE = Base("b", {})
PROPOSAL = Proposal("tiny", Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0), "plan", {"m.py": "x = 2\n"})
STAGES = ("duplicate", "guard", "calls", "tests", "timing", "confirmation")


class Funnel:
    """Checks that note when they run; one of them may turn the edit down."""

    def __init__(self, failing: str = "", speedup: float = 1.5, interval: tuple[float, float] = (1.3, 1.7)) -> None:
        self.ran: list[str] = []
        self.failing, self.decision = failing, Decision("reject", "", speedup, interval, 9)

    def checks(self) -> dict[str, Check]:
        return {stage: self._check(stage) for stage in STAGES}

    def _check(self, stage: str) -> Check:
        def check(candidate: Candidate, base: Base) -> Finding:
            self.ran.append(stage)
            evidence = {"syntax": "mark"} if stage == "duplicate" else {stage: f"{stage} says"}
            decision = self.decision if stage in known.MEASURED else None
            return Finding(stage != self.failing, f"{stage} fails", evidence, decision)

        return check


def store(folder: Path, run: str = "second", about: str = "same", machine: str = "here") -> known.Store:
    return known.Store(folder, about, run, machine)


def attempt(funnel: Funnel, kept: known.Store) -> Verdict:
    """One edit through the funnel of a run, its verdict kept as `stages.attempt` does."""
    checks = known.remembering(funnel.checks(), kept)
    verdict = trial.attempt(
        PROPOSAL, BASE, lambda each, base: Candidate(each, base.commit, "c", ("m.py",)), checks, lambda stage: None
    )
    kept.keep(verdict)
    return verdict


@pytest.mark.parametrize("failing", ["guard", "calls", "tests"])
def test_what_behaved_otherwise_is_turned_down_again_without_a_check(tmp_path: Path, failing: str) -> None:
    first = attempt(Funnel(failing), store(tmp_path, "first"))
    again = Funnel()
    second = attempt(again, store(tmp_path, machine="another"))
    assert again.ran == ["duplicate"]
    assert (second.accepted, second.stage, second.reason) == (False, failing, f"{failing} fails")
    assert second.evidence == {**first.evidence, "known": "first"}


def test_a_third_run_still_names_the_run_that_found_it(tmp_path: Path) -> None:
    attempt(Funnel("calls"), store(tmp_path, "first"))
    attempt(Funnel(), store(tmp_path, "second"))
    assert attempt(Funnel(), store(tmp_path, "third")).evidence["known"] == "first"


def test_an_edit_that_was_kept_is_checked_and_confirmed_again(tmp_path: Path) -> None:
    assert attempt(Funnel(), store(tmp_path, "first")).accepted
    again = Funnel("confirmation")
    second = attempt(again, store(tmp_path))
    assert again.ran == ["duplicate", "guard", "calls", "tests", "confirmation"]
    assert not second.accepted
    assert second.evidence["timing"] == "timing says (in run first)"


def test_a_forged_file_lets_nothing_through(tmp_path: Path) -> None:
    verdict = attempt(Funnel("tests"), store(tmp_path, "first"))
    forged = known.Known("first", "here", time.time(), replace(verdict, accepted=True, stage="confirmation"))
    store(tmp_path).path("mark").write_bytes(known.TypeAdapter(known.Known).dump_json(forged))
    again = Funnel("tests")
    assert not attempt(again, store(tmp_path)).accepted
    assert "tests" in again.ran


@pytest.mark.parametrize(("about", "machine"), [("other settings", "here"), ("same", "another")])
def test_a_measurement_counts_under_the_same_circumstances_alone(tmp_path: Path, about: str, machine: str) -> None:
    attempt(Funnel("timing", 0.9, (0.8, 0.95)), store(tmp_path, "first"))
    again = Funnel()
    assert attempt(again, store(tmp_path, about=about, machine=machine)).accepted
    assert again.ran == list(STAGES)


def test_a_measured_loss_is_used_again_with_its_numbers(tmp_path: Path) -> None:
    attempt(Funnel("timing", 0.9, (0.8, 0.95)), store(tmp_path, "first"))
    again = Funnel()
    second = attempt(again, store(tmp_path))
    assert again.ran == ["duplicate"]
    assert (second.stage, second.speedup, second.interval) == ("timing", 0.9, (0.8, 0.95))


def test_a_gain_that_noise_may_have_hidden_is_measured_again(tmp_path: Path) -> None:
    attempt(Funnel("timing", 1.2, (0.9, 1.6)), store(tmp_path, "first"))
    again = Funnel()
    assert attempt(again, store(tmp_path)).accepted


AGES = [
    ("timing", 23, True),
    ("timing", 25, False),
    ("calls", 25, True),
    ("calls", 24 * 31, False),
    ("calls", -1, False),
]


@pytest.mark.parametrize(("stage", "hours", "usable"), AGES)
def test_what_is_known_grows_old(stage: str, hours: float, usable: bool) -> None:
    verdict = Verdict(False, stage, "", "m.py::f", "tiny", speedup=0.9, interval=(0.8, 0.95))
    assert known.is_usable(known.Known("r", "here", 1e9, verdict), "here", 1e9 + hours * 3600) == usable


def test_what_is_put_aside_or_costs_nothing_is_not_kept(tmp_path: Path) -> None:
    verdict = attempt(Funnel("calls"), store(tmp_path / "first"))
    for each in (replace(verdict, put_aside=True), replace(verdict, stage="duplicate"), replace(verdict, evidence={})):
        store(tmp_path / "second").keep(each)
    assert not (tmp_path / "second").exists()


def test_the_file_is_its_users_alone_and_a_broken_one_is_as_none(tmp_path: Path) -> None:
    kept = store(tmp_path, "first")
    attempt(Funnel("calls"), kept)
    assert stat.S_IMODE(kept.path("mark").stat().st_mode) == 0o600
    kept.path("mark").write_text("{")
    again = Funnel()
    assert attempt(again, kept).accepted
    assert again.ran == list(STAGES)
