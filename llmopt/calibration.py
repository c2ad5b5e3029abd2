"""A workload and the trees it is to be timed in: how often one process repeats it, and whether one core is enough."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from llmopt import workloads
from llmopt.data import Limits, Tree, Workload
from llmopt.errors import WorkloadError
from llmopt.target import Target
from llmopt.workloads import Run

# One sample should last this long: shorter ones are dominated by what else the machine does. In-process workloads are
# repeated until they do.
SAMPLE_SECONDS = 0.3
MOST_REPETITIONS = 1000
# CPU time over wall time, above which a workload is taken to use several cores.
ONE_CORE = 1.1


@dataclass(frozen=True)
class Calibrated:
    """What holds for all samples of a workload, whichever tree they are of."""

    repetitions: int
    pinned: bool


def first_run(target: Target, tree: Tree, workload: Workload, limits: Limits, counter: str = "") -> Run:
    """The first run in a tree, which is not timed: it compiles the byte code, and shows which files are imported."""
    run = workloads.run(target, tree, workload, limits, tasks={"leaks": {}}, counter=counter)
    if run.sample.seconds <= 0:
        raise WorkloadError(f"workload {workload.spec} took no measurable time", "give it more to do")
    return run


def calibrate(workload: Workload, runs: Sequence[Run], counter: str = "") -> Calibrated:
    """From the first run in each tree: as many repetitions as make a sample long enough between them all, and one core
    only where none of them uses more."""
    seconds = statistics.geometric_mean(run.sample.seconds for run in runs)
    repeats = workloads.can_repeat(workload) and not counter  # counts need no long samples, and slow a run down
    repetitions = min(MOST_REPETITIONS, max(1, math.ceil(SAMPLE_SECONDS / seconds))) if repeats else 1
    return Calibrated(repetitions, all(_uses_one_core(run) for run in runs))


def _uses_one_core(run: Run) -> bool:
    return run.probed.ran.cpu_seconds <= ONE_CORE * run.probed.ran.wall_seconds
