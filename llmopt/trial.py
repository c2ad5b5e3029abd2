"""The funnel: a proposal in, a verdict out. The cheapest check comes first, and each leaves its evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from llmopt.data import Base, Candidate, Check, Finding, Proposal, Verdict
from llmopt.errors import EditError

Commit = Callable[[Proposal, Base], Candidate]  # EditError when the edits cannot be written


def attempt(
    proposal: Proposal, base: Base, commit: Commit, checks: Mapping[str, Check], watch: Callable[[str], None]
) -> Verdict:
    """Try one proposal on the base: the first check that it does not pass decides."""
    started = time.monotonic()
    evidence: dict[str, str] = {}
    finding, stage, made = Finding(False, proposal.problem), "apply", ""
    if not proposal.problem:
        try:
            candidate = commit(proposal, base)
            made = candidate.commit
            for stage, check in checks.items():
                watch(stage)
                finding = check(candidate, base)
                evidence |= finding.evidence
                if not finding.passed:
                    break
        except EditError as problem:
            finding = Finding(False, problem.message)
    return _verdict(proposal, base, made, stage, finding, evidence, time.monotonic() - started)


def _verdict(
    proposal: Proposal, base: Base, made: str, stage: str, finding: Finding, evidence: dict[str, str], seconds: float
) -> Verdict:
    decision = finding.decision
    return Verdict(
        accepted=finding.passed,
        stage=stage,
        reason=finding.reason,
        function=proposal.hotspot.function.key,
        author=proposal.author,
        plan=proposal.plan,
        commit=made,
        base=base.commit,
        speedup=decision.speedup if decision else 1.0,
        interval=decision.interval if decision else (0.0, 0.0),
        evidence=evidence,
        usage=proposal.usage,
        seconds=seconds,
        put_aside=finding.put_aside,
    )
