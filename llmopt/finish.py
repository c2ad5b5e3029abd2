"""The end of a run: its verdicts in, the end-to-end number and what was kept out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from llmopt import git, judge, keep, session, timer
from llmopt.data import Base, Candidate, Check, Decision, Finding, Function, Hotspot, Outcome, Pair, Proposal, Verdict
from llmopt.keep import Kept
from llmopt.session import Session

# Rounds of the end-to-end measurement: it ends when the interval is this narrow (high / low), when --max-time is over
# and the least are there, or at the most.
LEAST_ROUNDS, MOST_ROUNDS, NARROW = judge.COMPARED_PAIRS, 20, 1.04


def unmeasured(opened: Session, verdicts: Sequence[Verdict]) -> Outcome:
    """The outcome with the product of the edits' own speedups: what is known when a run is cut off."""
    outcome = Outcome(
        opened.name,
        opened.base,
        objective=opened.settings.objective,
        sandbox=opened.target.layer,
        scope=opened.scope.name if opened.scope else "",
        verdicts=tuple(verdicts),
        usage=session.spent(opened.journal),
    )
    if not outcome.accepted:
        return outcome
    speedup, interval = judge.product(outcome.accepted)
    return replace(outcome, speedup=speedup, interval=interval, measured="per edit")


def verify(
    opened: Session, base: Base, outcome: Outcome, checks: Mapping[str, Check], watch: Callable[[str], None]
) -> Outcome:
    """The outcome with all kept edits checked together against the original base: recorded calls, output and tests.

    Each edit was checked on the base before it; small differences may add up. Edits that fail together are dropped from
    the last one on. A single edit was checked on the original base already.
    """
    while len(outcome.accepted) > 1:
        last = outcome.accepted[-1]
        check = functools.partial(_together, opened, base, last, checks, watch)
        finding = opened.journal.once("whole", f"{opened.base}:{last.commit}", Finding, check)
        if finding.passed:
            return replace(outcome, whole=finding.evidence)
        dropped = replace(last, accepted=False, stage="whole run", reason=f"with the edits before: {finding.reason}")
        outcome = replace(outcome, verdicts=tuple(dropped if each is last else each for each in outcome.verdicts))
    return outcome


def _together(
    opened: Session, base: Base, last: Verdict, checks: Mapping[str, Check], watch: Callable[[str], None]
) -> Finding:
    """What the checks say of the stack of edits that ends with `last`."""
    nowhere = Function("", "all kept edits", 0)
    proposal = Proposal("llmopt", Hotspot(nowhere, 0, 0.0, 0.0, 0.0, 1.0), "all kept edits together")
    candidate = Candidate(proposal, base.commit, last.commit, git.changed(opened.place.root, base.commit, last.commit))
    evidence: dict[str, str] = {}
    for stage, check in checks.items():
        watch(f"{stage}: all kept edits together on the original base")
        finding = check(candidate, base)
        evidence |= finding.evidence
        if not finding.passed:
            return replace(finding, evidence=evidence)
    return Finding(True, "", evidence)


def measure(opened: Session, base: Base, outcome: Outcome, progress: Callable[[Decision], None]) -> Outcome:
    """All kept edits together against the original base, on fresh samples."""
    final = outcome.accepted[-1].commit

    def take() -> list[list[Pair]]:
        old, new = opened.trees.of(opened.base), opened.trees.of(final)
        rounds: list[list[Pair]] = []
        limits, objective = opened.workload_limits, opened.settings.objective
        for pairs in timer.rounds(opened.target, base, old, new, limits, counter=opened.counter):
            rounds.append(list(pairs))
            speedup, bounds = judge.end_to_end(rounds, weights(opened), objective)
            progress(Decision("continue", "", speedup, bounds, len(rounds)))
            settled = bounds[1] < NARROW * bounds[0] or opened.seconds_left() <= 0
            if len(rounds) >= MOST_ROUNDS or (len(rounds) >= LEAST_ROUNDS and settled):
                return rounds
        raise AssertionError("the timer is endless")

    rounds = opened.journal.once("end-to-end", f"{opened.base}:{final}", list[list[Pair]], take)
    objective = opened.settings.objective
    speedup, bounds = judge.end_to_end(rounds, weights(opened), objective)
    each = tuple(
        (workload.spec, judge.end_to_end([[pairs[index]] for pairs in rounds], [1.0], objective)[0])
        for index, workload in enumerate(opened.project.workloads)
    )
    return replace(outcome, speedup=speedup, interval=bounds, measured="end to end", workloads=each)


def weights(opened: Session) -> list[float]:
    """The workloads' weights."""
    return [workload.weight for workload in opened.project.workloads]


def keep_edits(opened: Session, outcome: Outcome) -> Kept:
    """Do what `--keep` asks for with the accepted edits, once for a run."""
    commits = [verdict.commit for verdict in outcome.accepted]
    patch = opened.folder / "kept.patch"
    patch.write_bytes(git.diff(opened.place.root, opened.base, commits[-1]))

    def act() -> Kept:
        place = opened.place
        where = opened.settings.keep, place.root, place.origin
        return keep.keep(*where, opened.name, opened.base, commits, patch, opened.scope)

    return opened.journal.once("kept", commits[-1], Kept, act)
