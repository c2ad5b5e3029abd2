"""Two trees in, paired samples out: base and candidate run side by side in fresh processes, the order alternating."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from llmopt import workloads
from llmopt.data import Base, Limits, Pair, Tree, Workload
from llmopt.target import Target

Watch = Callable[[str], None]


def rounds(target: Target, base: Base, old: Tree, new: Tree, limits: Limits) -> Iterator[tuple[Pair, ...]]:
    """Endless rounds; each has one pair of every workload. A pair shares its PYTHONHASHSEED, the next has another."""
    number = 0
    while True:
        yield tuple(
            _pair(target, old, new, workload, index, number, base.repetitions[index], limits)
            for index, workload in enumerate(target.project.workloads)
        )
        number += 1


def _pair(
    target: Target, old: Tree, new: Tree, workload: Workload, index: int, number: int, repetitions: int, limits: Limits
) -> Pair:
    def sample(tree: Tree) -> workloads.Sample:
        return workloads.run(target, tree, workload, limits, hash_seed=number + 1, repetitions=repetitions)

    candidate_first = number % 2 == 1
    first, second = (sample(new), sample(old)) if candidate_first else (sample(old), sample(new))
    before, after = (second, first) if candidate_first else (first, second)
    return Pair(
        workload=index,
        base_seconds=before.seconds,
        candidate_seconds=after.seconds,
        candidate_first=candidate_first,
        base_cpu_seconds=before.probed.ran.cpu_seconds,
        candidate_cpu_seconds=after.probed.ran.cpu_seconds,
        base_peak_bytes=before.probed.ran.peak_memory_bytes,
        candidate_peak_bytes=after.probed.ran.peak_memory_bytes,
    )
