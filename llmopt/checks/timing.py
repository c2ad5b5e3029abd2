"""Paired timing of candidate and base: the screening, and the confirmation on fresh samples with a look at the gain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from llmopt import judge, timer
from llmopt.data import Base, Candidate, Check, Decision, Finding, Limits, Pair, Tree
from llmopt.errors import WorkloadError
from llmopt.target import Target

Progress = Callable[[Decision], None]
Save = Callable[[str, str, tuple[Pair, ...]], None]  # stage, commit, one round
Rounds = Sequence[Sequence[Pair]]
# What speaks against a gain that was shown, None for nothing.
Review = Callable[[Candidate, Base, Rounds, Decision], Finding | None]
# Do the samples point to something against it that more of them may show, or take away?
Unclear = Callable[[Base, Rounds], bool]


def check(
    stage: str,
    rule: judge.Rule,
    target: Target,
    tree_of: Callable[[str], Tree],
    limits: Limits,
    progress: Progress,
    save: Save,
    *,
    counter: str = "",
    review: Review = lambda candidate, base, rounds, decision: None,
    unclear: Unclear = lambda base, rounds: False,
) -> Check:
    """Time until the rule decides, and for a gain until nothing is unclear, or the rule's pairs end. `save` gets every
    round as soon as it is there, `progress` what it means so far."""
    weights = [workload.weight for workload in target.project.workloads]

    def timing(candidate: Candidate, base: Base) -> Finding:
        pairs: list[Sequence[Pair]] = []
        old, new = tree_of(base.commit), tree_of(candidate.commit)
        shown = False
        try:
            for pair in timer.rounds(target, base, old, new, limits, counter=counter):
                pairs.append(pair)
                save(stage, candidate.commit, pair)
                decision = judge.decide(pairs, weights, rule)
                shown = shown or decision.outcome == "accept"
                if shown and not judge.losing_workloads(pairs, rule.objective):
                    # What was shown stays so, however the pairs after it look.
                    measured = judge.describe(decision.speedup, decision.interval)
                    decision = replace(decision, outcome="accept", reason=measured)
                progress(decision)
                if decision.outcome == "accept" and len(pairs) < rule.max_pairs and unclear(base, pairs):
                    continue
                if decision.outcome != "continue":
                    break
        except WorkloadError as problem:
            return Finding(False, problem.message)
        against = review(candidate, base, pairs, decision) if decision.outcome == "accept" else None
        finding = against or Finding(decision.outcome == "accept", decision.reason)
        evidence = {stage: f"{judge.describe(decision.speedup, decision.interval)}, {decision.pairs} pairs"}
        return replace(finding, evidence=evidence, decision=decision)

    return timing
