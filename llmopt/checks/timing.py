"""Paired timing of candidate and base: a quick look, the screening, and the confirmation on fresh samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from llmopt import judge, timer
from llmopt.data import Base, Candidate, Check, Decision, Finding, Limits, Pair, Tree
from llmopt.errors import WorkloadError
from llmopt.target import Target

Progress = Callable[[Decision], None]
Save = Callable[[str, str, tuple[Pair, ...]], None]  # stage, commit, one round


def check(
    stage: str,
    rule: judge.Rule,
    target: Target,
    tree_of: Callable[[str], Tree],
    limits: Limits,
    progress: Progress,
    save: Save,
) -> Check:
    """Time until the rule decides. `save` gets every round as soon as it is there, `progress` what it means so far."""
    weights = [workload.weight for workload in target.project.workloads]

    def timing(candidate: Candidate, base: Base) -> Finding:
        pairs: list[Sequence[Pair]] = []
        try:
            for pair in timer.rounds(target, base, tree_of(base.commit), tree_of(candidate.commit), limits):
                pairs.append(pair)
                save(stage, candidate.commit, pair)
                decision = judge.decide(pairs, weights, rule)
                progress(decision)
                if decision.outcome != "continue":
                    break
        except WorkloadError as problem:
            return Finding(False, problem.message)
        speedup, bounds = judge.end_to_end(pairs, weights)
        evidence = {stage: f"{judge.describe(speedup, bounds)}, {decision.pairs} pairs"}
        return Finding(decision.outcome == "accept", decision.reason, evidence, replace(decision, interval=bounds))

    return timing
