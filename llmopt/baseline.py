"""A project and a tree in, the base out: which tests gate, how long the workloads take, how noisy the machine is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from llmopt import workloads
from llmopt.checks import suite
from llmopt.data import Base, Limits, TestRun, Tree, Workload
from llmopt.errors import ProjectError, WorkloadError
from llmopt.target import Target

Watch = Callable[[str], None]

# One sample should last this long: shorter ones are dominated by what else the machine does. In-process workloads are
# repeated until they do.
SAMPLE_SECONDS = 0.3
MOST_REPETITIONS = 1000
NOISE_SAMPLES = 3
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


def timed(target: Target, base: Base, tree: Tree, limits: Limits, watch: Watch) -> Base:
    """Run each workload a few times on the base; WorkloadError when one does not run."""
    for index, workload in enumerate(target.project.workloads):
        watch(f"workload {index + 1}: {workload.spec}")
        base = _with_workload(base, _measure_workload(target, tree, workload, limits))
    return base


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


@dataclass(frozen=True)
class _Measured:
    seconds: float
    noise: float
    repetitions: int
    output: str
    pinned: bool


def _with_workload(base: Base, measured: _Measured) -> Base:
    return replace(
        base,
        seconds=(*base.seconds, measured.seconds),
        repetitions=(*base.repetitions, measured.repetitions),
        outputs=(*base.outputs, measured.output),
        pinned=(*base.pinned, measured.pinned),
        noise=max(base.noise, measured.noise),
    )


def _measure_workload(target: Target, tree: Tree, workload: Workload, limits: Limits) -> _Measured:
    # The first run compiles the byte code, checks which files are imported, and calibrates.
    first = workloads.run(target, tree, workload, limits, tasks={"leaks": {}})
    if first.sample.seconds <= 0:
        raise WorkloadError(f"workload {workload.spec} took no measurable time", "give it more to do")
    repetitions = 1
    if workloads.can_repeat(workload):
        repetitions = min(MOST_REPETITIONS, max(1, math.ceil(SAMPLE_SECONDS / first.sample.seconds)))
    samples = [workloads.run(target, tree, workload, limits, repetitions=repetitions) for _ in range(NOISE_SAMPLES)]
    logs = [math.log(run.sample.seconds) for run in samples]
    digests = {run.probed.ran.stdout_digest for run in samples}
    seconds = statistics.median(run.sample.seconds for run in samples)
    output = digests.pop() if len(digests) == 1 else ""
    pinned = first.probed.ran.cpu_seconds <= ONE_CORE * first.probed.ran.wall_seconds
    return _Measured(seconds, statistics.stdev(logs), repetitions, output, pinned)
