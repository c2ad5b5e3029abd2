"""The funnel's checks and what earlier runs found of the same edits in, checks that do not find it again out.

Only what turned an edit down is used again. An edit that was kept goes through every check of behaviour once more and
is confirmed on fresh samples; what it is spared is the screening, where the same machine did that lately. So a file in
the cache, whoever wrote it, can cost a gain, and never lets an edit through.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from llmopt.data import Base, Candidate, Check, Decision, Finding, Verdict
from llmopt.folders import write_private

MARK = "known"  # the piece of evidence that says which run it is from
DUPLICATE, SCREENING = "duplicate", "timing"
MEASURED = (SCREENING, "confirmation")
NEVER = ("apply", DUPLICATE)  # stages that cost nothing
# What a machine's noise and its other work decided is only taken for so long, and never from another machine.
SECONDS, MEASURED_SECONDS = 30 * 24 * 3600.0, 24 * 3600.0
# A gain of this size that noise hid may show the next time: it is measured again.
HIDDEN = 1.02


@dataclass(frozen=True)
class Known:
    """A verdict of an earlier run, which machine it was reached on, and when (seconds since the epoch)."""

    run: str
    machine: str
    at: float
    verdict: Verdict


@dataclass(frozen=True)
class Store:
    """Where verdicts are kept. `about` stands for all that they depend on but the edit: the base's code, interpreter,
    workloads, tests with their outcomes, settings, sandbox and llmopt itself."""

    folder: Path
    about: str
    run: str
    machine: str

    def path(self, mark: str) -> Path:
        """The file of the edit whose changed files have the fingerprint `mark`."""
        return self.folder / f"{sha256(f'{self.about} {mark}'.encode()).hexdigest()[:32]}.json"

    def find(self, mark: str) -> Known | None:
        """What is known of an edit and may still be used."""
        path = self.path(mark)
        try:
            known = TypeAdapter(Known).validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        return known if is_usable(known, self.machine, time.time()) else None

    def keep(self, verdict: Verdict) -> None:
        """Remember a verdict; what a run did not find itself stays as it is, with its age."""
        mark = verdict.evidence.get("syntax")
        if mark and verdict.stage not in NEVER and MARK not in verdict.evidence and not verdict.put_aside:
            known = Known(self.run, self.machine, time.time(), verdict)
            write_private(self.path(mark), TypeAdapter(Known).dump_json(known))


def is_usable(known: Known, machine: str, now: float) -> bool:
    """Is it of the same machine and new enough, where it was measured, and not a gain that noise may have hidden?"""
    verdict, age = known.verdict, now - known.at
    if not verdict.accepted and verdict.stage not in MEASURED:
        return 0 <= age <= SECONDS
    low, high = verdict.interval
    hidden = not verdict.accepted and low < 1 < high and verdict.speedup > HIDDEN
    return known.machine == machine and 0 <= age <= MEASURED_SECONDS and not hidden


def remembering(checks: Mapping[str, Check], store: Store) -> dict[str, Check]:
    """The checks in their order; what comes after `duplicate` is answered by the store where that knows the edit."""
    found: dict[str, Known | None] = {}  # by the candidate's commit

    def looked_up(candidate: Candidate, base: Base) -> Finding:
        finding = checks[DUPLICATE](candidate, base)
        found[candidate.commit] = store.find(finding.evidence.get("syntax", ""))
        return finding

    def answered(stage: str, check: Check) -> Check:
        def ask(candidate: Candidate, base: Base) -> Finding:
            known = found.get(candidate.commit)
            return (known and _answer(stage, known)) or check(candidate, base)

        return ask

    rest = {stage: answered(stage, check) for stage, check in checks.items() if stage != DUPLICATE}
    return {DUPLICATE: looked_up, **rest}


def _answer(stage: str, known: Known) -> Finding | None:
    """What is known of a stage; None for what is done anew."""
    verdict = known.verdict
    if verdict.accepted:
        if stage != SCREENING or stage not in verdict.evidence:
            return None
        return Finding(True, "", {stage: f"{verdict.evidence[stage]} (in run {known.run})"})
    if stage != verdict.stage:
        return Finding(True, "")
    evidence = {**verdict.evidence, MARK: known.run}
    low, high = verdict.interval
    decision = Decision("reject", verdict.reason, verdict.speedup, (low, high), 0) if high else None
    return Finding(False, verdict.reason, evidence, decision)
