"""A project and a tree in, the base out: which tests gate, how long the workloads take, how noisy the machine is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from llmopt import judge, noise_floor, timer, workloads
from llmopt.checks import suite
from llmopt.data import Base, Limits, TestRun, Tree, Workload
from llmopt.errors import ProjectError, WorkloadError
from llmopt.target import Target

Watch = Callable[[str], None]

# One sample should last this long: shorter ones are dominated by what else the machine does. In-process workloads are
# repeated until they do.
SAMPLE_SECONDS = 0.3
MOST_REPETITIONS = 1000
NOISE_PAIRS = 8
# CPU time over wall time, above which a workload is taken to use several cores.
ONE_CORE = 1.1
PASSING = ("passed", "skipped", "xfailed", "xpassed")


def gate(target: Target, tree: Tree, limits: Limits, watch: Watch) -> Base:
    """Run the tests twice on the base, which is not timed yet; ProjectError when no test passes."""
    base = Base(commit=tree.commit, gate={})
    if target.project.tests is None:
        return base
    watch("tests on the base, first run")
    first = suite.run_tests(target, tree, limits)
    watch("tests on the base, second run")
    second = suite.run_tests(target, tree, limits)
    return with_tests(base, first, second)


def timed(
    target: Target,
    base: Base,
    tree: Tree,
    limits: Limits,
    watch: Watch,
    *,
    objective: str = "time",
    counter: str = "",
    floors: Path | None = None,
) -> Base:
    """Calibrate each workload on the base, and take the noise floor; WorkloadError when one does not run.

    The floor is remembered in the file `floors` for a day: it is the machine's and the workloads', not the code's.
    """
    found = []
    for index, workload in enumerate(target.project.workloads):
        watch(f"workload {index + 1}: {workload.spec}")
        found.append(_calibrated(target, tree, workload, limits, counter))
    calibrated = replace(
        base,
        seconds=tuple(each.seconds for each in found),
        repetitions=tuple(each.repetitions for each in found),
        outputs=tuple(each.output for each in found),
        pinned=tuple(each.pinned for each in found),
    )

    def measure() -> float:
        watch("noise floor: the base against itself")
        rounds = timer.rounds(target, calibrated, tree, tree, limits, counter=counter)
        return judge.noise(list(itertools.islice(rounds, NOISE_PAIRS)), weights, objective)

    weights = [workload.weight for workload in target.project.workloads]
    key = noise_floor.key(target.project, calibrated, objective)
    return replace(calibrated, noise=noise_floor.remembered(floors, key, measure))


@dataclass(frozen=True)
class Calibrated:
    """What is known of one workload on the base."""

    seconds: float
    repetitions: int
    output: str
    pinned: bool


def with_tests(base: Base, first: TestRun, second: TestRun) -> Base:
    """The base with the outcomes that both runs agree on as its gate; ProjectError when nothing can gate."""
    for run in (first, second):
        if run.problem:  # every candidate's run would end the same way, half of the tests not run
            raise ProjectError(
                f"the tests do not run to their end on the unchanged code: {run.problem}",
                "run them yourself first; --test names another command, --python another interpreter",
            )
    both = {**second.outcomes, **first.outcomes}
    unstable = sorted(name for name in both if first.outcomes.get(name) != second.outcomes.get(name))
    stable = {name: outcome for name, outcome in first.outcomes.items() if name not in unstable}
    gate = {name: outcome for name, outcome in stable.items() if outcome in PASSING}
    failing = tuple(sorted(set(stable) - set(gate)))
    if "passed" not in gate.values():
        raise ProjectError(
            _no_gate(first, failing, unstable),
            "llmopt needs tests that pass on the unchanged code to check its edits; --test chooses which, "
            "--allow-no-tests goes on with the workload's output as the only check",
        )
    return replace(
        base,
        gate=gate,
        unstable=tuple(unstable),
        failing=failing,
        test_seconds=max(first.seconds, second.seconds),
    )


def _no_gate(run: TestRun, failing: tuple[str, ...], unstable: list[str]) -> str:
    if not run.outcomes:
        return "no tests were found"
    if failing:
        return f"no test passes on the unchanged code; {len(failing)} fail, such as {failing[0]}"
    if unstable:
        return f"no test gives the same outcome twice on the unchanged code, such as {unstable[0]}"
    return f"all {len(run.outcomes)} tests are skipped on the unchanged code"


def _calibrated(target: Target, tree: Tree, workload: Workload, limits: Limits, counter: str) -> Calibrated:
    # The first run compiles the byte code, checks which files are imported, and tells how long one repetition takes.
    first = workloads.run(target, tree, workload, limits, tasks={"leaks": {}})
    if first.sample.seconds <= 0:
        raise WorkloadError(f"workload {workload.spec} took no measurable time", "give it more to do")
    repetitions = 1
    if workloads.can_repeat(workload) and not counter:  # counts need no long samples, and slow a run down
        repetitions = min(MOST_REPETITIONS, max(1, math.ceil(SAMPLE_SECONDS / first.sample.seconds)))
    again = [workloads.run(target, tree, workload, limits, repetitions=repetitions) for _ in range(2)]
    digests = {run.probed.ran.stdout_digest for run in again}
    return Calibrated(
        seconds=min(run.sample.seconds for run in again),
        repetitions=repetitions,
        output=digests.pop() if len(digests) == 1 else "",
        pinned=first.probed.ran.cpu_seconds <= ONE_CORE * first.probed.ran.wall_seconds,
    )
