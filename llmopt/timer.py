"""Two trees in, paired samples out: base and candidate side by side in fresh processes, a coin deciding the order."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from dataclasses import replace

from llmopt import workloads
from llmopt.data import Base, Limits, Pair, Sample, Tree
from llmopt.target import Target


def rounds(
    target: Target, base: Base, old: Tree, new: Tree, limits: Limits, *, counter: str = ""
) -> Iterator[tuple[Pair, ...]]:
    """Endless rounds; each has one pair of every workload. A pair shares its PYTHONHASHSEED, the next has another.

    A coin decides who comes first, anew in each round: whatever the machine does and did before, equal code is as
    likely to look faster as slower. The judge needs no more than that. (In strict alternation a machine whose speed
    changes in step with the pairs would favour one side.) `counter` counts instructions too.
    """
    for hash_seed in itertools.count(1):
        candidate_first = random.random() < 0.5
        yield tuple(
            _pair(target, base, old, new, index, hash_seed, candidate_first, limits, counter)
            for index in range(len(target.project.workloads))
        )


def _pair(
    target: Target,
    base: Base,
    old: Tree,
    new: Tree,
    index: int,
    hash_seed: int,
    candidate_first: bool,
    limits: Limits,
    counter: str,
) -> Pair:
    bounds = replace(limits, cores=quiet_core()) if base.pinned[index : index + 1] == (True,) else limits

    def sample(tree: Tree) -> Sample:
        workload, repetitions = target.project.workloads[index], base.repetitions[index]
        return workloads.run(
            target, tree, workload, bounds, hash_seed=hash_seed, repetitions=repetitions, counter=counter
        ).sample

    if candidate_first:
        after, before = sample(new), sample(old)
    else:
        before, after = sample(old), sample(new)
    return Pair(index, before, after, candidate_first)


def quiet_core() -> tuple[int, ...]:
    """The core to pin both sides of a pair to: the last one that this process may use, as the first ones serve most
    interrupts. None where there is no choice, or where the system gives none."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (allowed[-1],) if len(allowed) > 1 else ()
