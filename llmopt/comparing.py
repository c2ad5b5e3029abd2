"""Two trees in, the judge's word on them out: which workloads run on both, then rounds of pairs until it is clear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from llmopt import calibration, judge, timer
from llmopt.calibration import Calibrated
from llmopt.checks import suite
from llmopt.data import Base, Limits, Pair, TestCommand, Tree, Workload
from llmopt.errors import WorkloadError
from llmopt.judge import Comparison
from llmopt.target import Target
from llmopt.workloads import Run, pytest

Watch = Callable[[str], None]
FAILED = ("failed", "error")
# The chance that equal code is called slower anywhere in the comparison (and the same for faster): half of it is the
# overall word's, the other half is shared out among the workloads. With one workload there is one word for it all.
ALPHA = 0.01


@dataclass(frozen=True)
class Plan:
    """What decides, what counts as the same, and the most pairs."""

    objective: str = "time"
    resolution: float = 1.02
    max_pairs: int = 40


@dataclass(frozen=True)
class Ready:
    """The target with the workloads that run on both sides, how they are sampled, and what was left out and why."""

    target: Target
    calibrated: tuple[Calibrated, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def workloads(self) -> tuple[Workload, ...]:
        return self.target.project.workloads

    @property
    def weights(self) -> list[float]:
        return [workload.weight for workload in self.workloads]


@dataclass(frozen=True)
class Result:
    """What is known after some rounds: over all workloads, and of each one."""

    overall: Comparison
    each: tuple[Comparison, ...]
    rounds: tuple[tuple[Pair, ...], ...] = ()

    @property
    def slower(self) -> list[int]:
        """The workloads that became slower beyond noise."""
        return [index for index, found in enumerate(self.each) if found.verdict == "slower"]


@dataclass(frozen=True)
class Course:
    """Where the workloads run: both trees, the bounds of one run, and who counts."""

    old: Tree
    new: Tree
    limits: Limits
    counter: str = ""


def same_code(count: int) -> Result:
    """What is known of equal trees without measuring."""
    same = Comparison("same", 1.0, (1.0, 1.0), 0)
    return Result(same, (same,) * count)


# --- which workloads can be compared ---------------------------------------------------------------------------


def prepare(target: Target, course: Course, watch: Watch) -> Ready:
    """Run each workload once on both sides, and calibrate it.

    A workload that runs on the new tree only is left out: there is nothing to compare it with. Raises WorkloadError for
    one that runs on the old tree only, or on neither, and when none is left.
    """
    ready = Ready(_with(target, ()))
    for workload in target.project.workloads:
        watch(f"calibrating {workload.spec}")
        ready = _add(ready, workload, course)
    if not ready.workloads:
        raise WorkloadError(f"no workload runs on both sides; on BASE {_of_workload(*ready.left_out[0])}")
    return ready


def _with(target: Target, chosen: Sequence[Workload]) -> Target:
    return replace(target, project=replace(target.project, workloads=tuple(chosen)))


def _add(ready: Ready, workload: Workload, course: Course) -> Ready:
    """The workload too, without the tests in it that do not pass on both sides."""
    old, new = (_tried(ready.target, tree, workload, course) for tree in (course.old, course.new))
    if workload.kind == "pytest" and (isinstance(old, WorkloadError) or isinstance(new, WorkloadError)):
        workload, said = _with_common_tests(ready.target, workload, course)
        if said:
            ready = replace(ready, notices=(*ready.notices, said))
            old, new = (_tried(ready.target, tree, workload, course) for tree in (course.old, course.new))
    if isinstance(new, WorkloadError):
        raise _broken(workload, isinstance(old, WorkloadError), new)
    if isinstance(old, WorkloadError):
        return replace(ready, left_out=(*ready.left_out, (workload.spec, old.message)))
    return replace(
        ready,
        target=_with(ready.target, [*ready.workloads, workload]),
        calibrated=(*ready.calibrated, calibration.calibrate(workload, [old, new], course.counter)),
        notices=(*ready.notices, *_about_output(ready.target, workload, course, old, new)),
    )


def _tried(target: Target, tree: Tree, workload: Workload, course: Course) -> Run | WorkloadError:
    try:
        return calibration.first_run(target, tree, workload, course.limits, course.counter)
    except WorkloadError as problem:
        return problem


def _with_common_tests(target: Target, workload: Workload, course: Course) -> tuple[Workload, str]:
    """The tests of a workload that pass on both sides, and how many do not: new tests may fail on old code."""
    tests = TestCommand("pytest", workload.arguments)
    target = replace(target, project=replace(target.project, tests=tests))
    runs = [suite.run_tests(target, tree, course.limits) for tree in (course.old, course.new)]
    seen = sorted({name for run in runs for name in run.outcomes})
    failing = [name for name in seen if any(run.outcomes.get(name) in FAILED for run in runs)]
    if not failing or len(failing) == len(seen):
        return workload, ""  # something else is wrong, and said when it is run
    said = f"{len(failing)} of {len(seen)} tests do not pass on both sides and are left out, such as {failing[0]}"
    return pytest.without(workload, failing), said


def _broken(workload: Workload, on_base_too: bool, problem: WorkloadError) -> WorkloadError:
    where = "on neither side; on HEAD it" if on_base_too else "on BASE and not on HEAD: it"
    return WorkloadError(f"workload {workload.spec} runs {where} {_of_workload(workload.spec, problem.message)}")


def _of_workload(spec: str, message: str) -> str:
    return message.removeprefix(f"workload {spec} ")


def _about_output(target: Target, workload: Workload, course: Course, old: Run, new: Run) -> list[str]:
    """A notice where the sides print different things, and the old one prints the same thing twice."""
    before, after = (run.probed.ran.stdout_digest for run in (old, new))
    if before == after or _shows_times(workload):
        return []
    again = _tried(target, course.old, workload, course)
    if isinstance(again, WorkloadError) or again.probed.ran.stdout_digest != before:
        return []
    return [f"{workload.spec} prints something else on HEAD: is it still the same work?"]


def _shows_times(workload: Workload) -> bool:
    return workload.kind in ("pytest", "asv")


# --- measuring -------------------------------------------------------------------------------------------------


def measure(ready: Ready, course: Course, plan: Plan, is_over: Callable[[], bool]) -> Iterator[Result]:
    """What is known after each round, until the judge is sure of every workload, the pairs are spent, or `is_over`."""
    base = Base(
        course.old.commit,
        {},
        repetitions=tuple(each.repetitions for each in ready.calibrated),
        pinned=tuple(each.pinned for each in ready.calibrated),
    )
    rounds: list[tuple[Pair, ...]] = []
    for pairs in timer.rounds(ready.target, base, course.old, course.new, course.limits, counter=course.counter):
        rounds.append(tuple(pairs))
        result = judged(rounds, ready.weights, plan)
        yield result
        if len(rounds) >= plan.max_pairs or is_over() or (len(rounds) >= judge.COMPARED_PAIRS and is_settled(result)):
            return


def judged(rounds: Sequence[tuple[Pair, ...]], weights: Sequence[float], plan: Plan) -> Result:
    """The judge's word on all workloads together and on each."""

    def compare(chosen: Sequence[Sequence[Pair]], weights: Sequence[float], alpha: float) -> Comparison:
        return judge.compare(chosen, weights, objective=plan.objective, resolution=plan.resolution, alpha=alpha)

    if len(weights) == 1:
        only = compare(rounds, weights, ALPHA)
        return Result(only, (only,), tuple(rounds))
    share = ALPHA / 2 / len(weights)
    each = [compare([[pairs[index]] for pairs in rounds], [1.0], share) for index in range(len(weights))]
    return Result(compare(rounds, weights, ALPHA / 2), tuple(each), tuple(rounds))


def is_settled(result: Result) -> bool:
    """Is there nothing that more pairs could tell?"""
    return "inconclusive" not in {found.verdict for found in (result.overall, *result.each)}
