"""The first pass: every workload under the stack sampler; a `Profile` with stacks and line shares out.

A share is CPU seconds over the run's wall seconds (or its CPU seconds, when processes or threads ran side by side and
used more): waiting is nobody's, and shows as what is missing to 1. Time in which other programs had the cores is left
out of the wall time where the system tells it (Linux).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmopt.data import Function, Profile, Project, Stack, Tree
from llmopt.errors import WorkloadError
from llmopt.profilers import loops
from llmopt.profilers.names import Resolver
from llmopt.target import Probed, Tasks

RunOne = Callable[[int, Tasks], Probed]
"""Runs one workload (by its index in the project) once, with these tasks of the probe."""

# The kernel's clock bounds the sampler to about 250 samples per CPU second: short workloads run several times for more.
ENOUGH_SECONDS = 1.0  # of CPU time: a share of 10 % is then known to +- 2 %
MOST_RUNS = 5
MOST_SECONDS = 5.0  # of wall time after which no further run is begun
FEW_SECONDS = 0.2  # of CPU time in all runs, below which the profile says that it is a rough one
START_SECONDS = 0.05  # an interpreter's CPU time before the sampler begins
LEAST_SECONDS = 1e-6  # of any run, whatever its report says
MUCH_COLLECTED = 0.05  # a share of the run that is told
UNSEEN = 0.5  # a sampler that saw less of the CPU time than this missed other programs' time


@dataclass(frozen=True)
class _Run:
    """One workload's reports, as CPU seconds by stack (outermost first) and by line."""

    seconds: float
    cpu: float
    whole: float  # what shares are fractions of
    stacks: Mapping[loops.Frames, float]
    lines: Mapping[str, float]
    collecting: float  # seconds in full garbage collections
    notices: tuple[str, ...]


def profile(run_one: RunOne, tree: Tree, project: Project) -> Profile:
    """Sample each workload of the project; WorkloadError when no Python process of one could be sampled."""
    resolver = Resolver(tree, project.root)
    runs = []
    for index, workload in enumerate(project.workloads):
        repeated: list[_Run] = []
        while not _is_enough(repeated):
            repeated.append(_read(run_one(index, {"sample": {}}), resolver, workload.spec))
        runs.append(_added(repeated, workload.spec))
    return _merged(runs, [workload.weight for workload in project.workloads], tree.commit)


def _is_enough(runs: Sequence[_Run]) -> bool:
    cpu, wall = sum(run.cpu for run in runs), sum(run.whole for run in runs)
    return len(runs) == MOST_RUNS or cpu >= ENOUGH_SECONDS or wall >= MOST_SECONDS


def _read(probed: Probed, resolver: Resolver, spec: str) -> _Run:
    reports = probed.reports.get("sample", ())
    if not reports:
        raise WorkloadError(
            f"the sampler saw no Python process in workload {spec!r}",
            "it must start the project's interpreter, without -I, -E or -S, and let it end by itself",
        )
    stacks: defaultdict[loops.Frames, float] = defaultdict(float)
    starts: defaultdict[tuple[str, loops.Frames], int] = defaultdict(int)
    lines: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        functions = [resolver.function(*entry) for entry in report["functions"]]
        names = [name for _, name, _ in report["functions"]]
        for indices, seconds in report["stacks"]:
            stacks[_frames(indices, functions, names)] += seconds
        for runner, indices, times in report["starts"]:
            starts[runner, _frames(indices, functions, names)] += times
        for file, line, seconds in report["lines"]:
            path = resolver.relative(file)
            if path != file and line is not None:
                lines[f"{path}:{line}"] += seconds
    first = min(reports, key=lambda report: float(report["started"]))
    wall = first["wall"] if first["windowed"] else probed.ran.wall_seconds
    cpu = sum(report["cpu"] for report in reports)
    stacks.pop((), None)  # samples of the probe alone
    whole = max(wall - first["delay"], cpu, LEAST_SECONDS)  # a busy machine makes the run longer, not the program wait
    charged = loops.charged(stacks, starts)
    collecting = sum(report["collecting"] for report in reports)
    return _Run(wall, cpu, whole, charged, lines, collecting, tuple(_notices(reports, probed, cpu, spec)))


def _added(runs: Sequence[_Run], spec: str) -> _Run:
    """Several runs of one workload as one, its seconds their mean."""
    stacks: defaultdict[loops.Frames, float] = defaultdict(float)
    lines: defaultdict[str, float] = defaultdict(float)
    for run in runs:
        for stack, seconds in run.stacks.items():
            stacks[stack] += seconds
        for line, seconds in run.lines.items():
            lines[line] += seconds
    cpu = sum(run.cpu for run in runs)
    rough = f"workload {spec!r} used {cpu:.3f} s of CPU time in {len(runs)} runs: too short for a precise profile"
    notices = dict.fromkeys(notice for run in runs for notice in run.notices)
    return _Run(
        seconds=sum(run.seconds for run in runs) / len(runs),
        cpu=cpu,
        whole=sum(run.whole for run in runs),
        stacks=stacks,
        lines=lines,
        collecting=sum(run.collecting for run in runs),
        notices=(*notices, *([rough] if cpu < FEW_SECONDS else [])),
    )


def _frames(indices: Sequence[int], functions: Sequence[Function], names: Sequence[str]) -> loops.Frames:
    """The functions of a stack; a comprehension's frame is its function's, which is right above it already."""
    frames: list[Function] = []
    for index in indices:
        nested = names[index].rpartition(".")[2].startswith("<")
        if not (nested and frames and frames[-1] == functions[index]):
            frames.append(functions[index])
    return tuple(frames)


def _notices(reports: Sequence[Any], probed: Probed, cpu: float, spec: str) -> list[str]:
    notices = []
    if any(report["taken"] for report in reports):
        notices.append(f"workload {spec!r} uses SIGPROF itself: the profile ends where it began to")
    windowed = any(report["windowed"] for report in reports)
    if not windowed and cpu < UNSEEN * probed.ran.cpu_seconds - START_SECONDS:
        notices.append(
            f"workload {spec!r} used {probed.ran.cpu_seconds:.2f} s of CPU time, of which only {cpu:.2f} s in Python "
            "processes that could be sampled"
        )
    return notices


def _merged(runs: Sequence[_Run], weights: Sequence[float], commit: str) -> Profile:
    numbers: dict[Function, int] = {}
    stacks = []
    for index, run in enumerate(runs):
        for frames, seconds in run.stacks.items():
            numbered = tuple(numbers.setdefault(function, len(numbers)) for function in frames)
            stacks.append(Stack(index, numbered, seconds / run.whole))
    return Profile(
        commit=commit,
        seconds=tuple(run.seconds for run in runs),
        functions=tuple(numbers),
        stacks=tuple(sorted(stacks, key=lambda stack: (stack.workload, -stack.share, stack.frames))),
        line_shares=_line_shares(runs, weights),
        notices=tuple(notice for run in runs for notice in (*run.notices, *_much_collected(run))),
        collecting=sum(w * run.collecting / run.whole for run, w in zip(runs, weights, strict=True)) / sum(weights),
    )


def _much_collected(run: _Run) -> list[str]:
    share = run.collecting / run.whole
    told = f"{share:.0%} of the time goes to full garbage collections: shared among all who allocate, by how much"
    return [told] if share >= MUCH_COLLECTED else []


def _line_shares(runs: Sequence[_Run], weights: Sequence[float]) -> dict[str, float]:
    """Self share per line, the workloads' weighted mean; largest first."""
    shares: defaultdict[str, float] = defaultdict(float)
    for run, weight in zip(runs, weights, strict=True):
        for line, seconds in run.lines.items():
            shares[line] += weight / sum(weights) * seconds / run.whole
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
