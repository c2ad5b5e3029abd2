"""Two trees in, paired samples out: base and candidate run side by side in fresh processes, the order alternating."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from llmopt import workloads
from llmopt.data import Base, Limits, Pair, Sample, Tree, Workload
from llmopt.target import Target

Watch = Callable[[str], None]


def rounds(target: Target, base: Base, old: Tree, new: Tree, limits: Limits) -> Iterator[tuple[Pair, ...]]:
    """Endless rounds; each has one pair of every workload. A pair shares its PYTHONHASHSEED, the next has another.

    The order alternates, and a coin decides which comes first in every two rounds: whatever the machine does, equal code
    is as likely to look faster as slower. The judge needs no more than that.
    """
    number = 0
    while True:
        if number % 2 == 0:
            candidate_first = random.random() < 0.5
        yield tuple(
            _pair(target, base, old, new, workload, index, number + 1, candidate_first, limits)
            for index, workload in enumerate(target.project.workloads)
        )
        number += 1
        candidate_first = not candidate_first


def _pair(
    target: Target,
    base: Base,
    old: Tree,
    new: Tree,
    workload: Workload,
    index: int,
    hash_seed: int,
    candidate_first: bool,
    limits: Limits,
) -> Pair:
    bounds = replace(limits, cores=quiet_core()) if base.pinned[index : index + 1] == (True,) else limits

    def sample(tree: Tree) -> Sample:
        repetitions = base.repetitions[index]
        return workloads.run(target, tree, workload, bounds, hash_seed=hash_seed, repetitions=repetitions).sample

    if candidate_first:
        after, before = sample(new), sample(old)
    else:
        before, after = sample(old), sample(new)
    return Pair(index, before, after, candidate_first)


def quiet_core() -> tuple[int, ...]:
    """The core to pin both sides of a pair to: the last one this process may use (the first ones serve most
    interrupts). None where there is no choice, or the system gives none."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (allowed[-1],) if len(allowed) > 1 else ()
