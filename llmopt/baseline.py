"""A project and a tree in, the base out: which tests gate, how long the workloads take, how noisy the machine is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmopt import calibration, judge, noise_floor, timer, workloads
from llmopt.checks import contexts as near
from llmopt.checks import suite
from llmopt.data import Base, Limits, TestRun, Tree, Workload
from llmopt.errors import ProjectError
from llmopt.target import Target

Watch = Callable[[str], None]

NOISE_PAIRS, COUNTED_PAIRS = 8, 3  # counts hardly vary, and each takes long
PASSING = ("passed", "skipped", "xfailed", "xpassed")


def gate(target: Target, tree: Tree, limits: Limits, watch: Watch, contexts: Path | None = None) -> Base:
    """Run the tests twice on the base, which is not timed yet; ProjectError when no test passes.

    The second run also tells which test executes what, kept in the folder `contexts`, where that costs little.
    """
    base = Base(commit=tree.commit, gate={})
    if target.project.tests is None:
        return base
    watch("tests on the base, first run")
    first = suite.run_tests(target, tree, limits)
    watch(f"tests on the base, second run (the first took {first.seconds:.1f} s)")
    if contexts is None or not near.is_cheap(target):
        return with_tests(base, first, suite.run_tests(target, tree, limits))
    second, probed = suite.run_probed(target, tree, limits, tasks=near.TASKS)
    near.keep(target, tree, contexts, probed)
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
    base = calibrated(target, base, tree, limits, watch, counter)
    return with_noise(target, base, tree, limits, watch, objective=objective, counter=counter, floors=floors)


def calibrated(target: Target, base: Base, tree: Tree, limits: Limits, watch: Watch, counter: str = "") -> Base:
    """The base with what each workload takes and prints; WorkloadError when one does not run."""
    for index, workload in enumerate(target.project.workloads):
        watch(f"workload {index + 1}: {workload.spec}")
        base = _with_workload(base, target, tree, workload, limits, counter)
    return base


def with_noise(
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
    """A calibrated base with the noise floor."""

    def measure() -> float:
        count = COUNTED_PAIRS if counter else NOISE_PAIRS
        rounds = timer.rounds(target, base, tree, tree, limits, counter=counter)
        taken = []
        for number in range(1, count + 1):
            watch(f"noise floor: the base against itself, pair {number} of {count}")
            taken.append(next(rounds))
        return judge.noise(taken, weights, objective)

    weights = [workload.weight for workload in target.project.workloads]
    key = noise_floor.key(target.project, base, objective)
    return replace(base, noise=noise_floor.remembered(floors, key, measure))


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


def _with_workload(base: Base, target: Target, tree: Tree, workload: Workload, limits: Limits, counter: str) -> Base:
    first = calibration.first_run(target, tree, workload, limits)
    known = calibration.calibrate(workload, [first], counter)
    again = [
        workloads.run(target, tree, workload, limits, tasks={"returned": {}}, repetitions=known.repetitions)
        for _ in range(2)
    ]
    digests = {workloads.fingerprint(run) for run in again}
    return replace(
        base,
        seconds=(*base.seconds, min(run.sample.seconds for run in again)),
        repetitions=(*base.repetitions, known.repetitions),
        outputs=(*base.outputs, digests.pop() if len(digests) == 1 else ""),
        pinned=(*base.pinned, known.pinned),
    )
