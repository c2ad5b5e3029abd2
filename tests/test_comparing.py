"""How long a comparison goes on, and what it says, on scripted times."""

from __future__ import annotations

import itertools
import random

import pytest
import scripted
from scripted import BASE, CANDIDATE, Scripted

from llmopt import comparing, judge
from llmopt.comparing import Course, Plan, Result
from llmopt.data import Limits
from llmopt.errors import WorkloadError

COURSE = Course(scripted.tree_of(BASE), scripted.tree_of(CANDIDATE), Limits())


def times(speedups: dict[str, float], noise: float = 0.005, seed: int = 1) -> scripted.Seconds:
    """Each shell line takes a second on the base, and as much less on the candidate as its speedup says."""
    draw = random.Random(seed)
    return lambda commit, line, before: draw.lognormvariate(0, noise) / (speedups[line] if commit == CANDIDATE else 1)


def compare(sandbox: Scripted, lines: tuple[str, ...] = ("work",), plan: Plan | None = None) -> list[Result]:
    ready = comparing.prepare(sandbox.target(lines, (1.0,) * len(lines)), COURSE, lambda text: None)
    return list(comparing.measure(ready, COURSE, plan or Plan(), lambda: False))


@pytest.mark.parametrize(("speedup", "verdict"), [(1.3, "faster"), (1.0, "same"), (0.8, "slower")])
def test_it_ends_as_soon_as_the_judge_is_sure(speedup: float, verdict: str) -> None:
    results = compare(Scripted(times({"work": speedup})))
    assert results[-1].overall.verdict == verdict
    assert judge.COMPARED_PAIRS <= len(results) < 40
    assert all(result.overall.verdict == "inconclusive" for result in results[:-1])


def test_noise_that_hides_everything_ends_inconclusive_at_the_most_pairs() -> None:
    results = compare(Scripted(times({"work": 1.0}, noise=0.5)), plan=Plan(max_pairs=12))
    assert (results[-1].overall.verdict, len(results)) == ("inconclusive", 12)


def test_it_goes_on_until_every_workload_is_clear() -> None:
    draw = random.Random(2)
    random.seed(2)  # the coin that orders each pair decides which side gets which draw

    def seconds(commit: str, line: str, before: int) -> float:
        gain = {"noisy": 1.15, "quiet": 2.0}[line] if commit == CANDIDATE else 1.0
        return draw.lognormvariate(0, 0.1 if line == "noisy" else 0.001) / gain

    results = compare(Scripted(seconds), ("noisy", "quiet"))
    assert [each.verdict for each in results[-1].each] == ["faster", "faster"]
    assert any(r.overall.verdict == "faster" and r.each[0].verdict == "inconclusive" for r in results)


def test_a_workload_that_lost_is_named_though_the_whole_is_faster() -> None:
    results = compare(Scripted(times({"a": 3.0, "b": 0.8})), ("a", "b"))
    assert results[-1].overall.verdict == "faster"
    assert results[-1].slower == [1]


def test_several_workloads_share_the_error_level_of_one() -> None:
    pairs = compare(Scripted(times({"a": 1.2})), ("a",))[-1].rounds
    both = [tuple(itertools.chain(round_, round_)) for round_ in pairs]
    alone, shared = comparing.judged(pairs, [1.0], Plan()), comparing.judged(both, [1.0, 1.0], Plan())
    assert shared.each[0].interval[0] < alone.each[0].interval[0]
    assert shared.each[0].interval[1] > alone.each[0].interval[1]


def test_a_workload_that_fails_on_the_base_only_is_left_out() -> None:
    class Half(Scripted):
        def __call__(self, command, limits):  # type: ignore[no-untyped-def]
            self.exit_codes = {BASE: 1} if command.argv[-1] == "new" else {}
            return super().__call__(command, limits)

    ready = comparing.prepare(
        Half(times({"new": 1.0, "old": 1.0})).target(("new", "old"), (1.0, 1.0)), COURSE, lambda text: None
    )
    assert [workload.spec for workload in ready.workloads] == ["old"]
    assert ready.left_out[0][0] == "new"


@pytest.mark.parametrize(
    ("codes", "words"), [({CANDIDATE: 1}, "on BASE and not on HEAD"), ({BASE: 1, CANDIDATE: 1}, "neither")]
)
def test_a_workload_that_fails_on_the_candidate_ends_the_comparison(codes: dict[str, int], words: str) -> None:
    sandbox = Scripted(times({"work": 1.0}))
    sandbox.exit_codes = codes
    with pytest.raises(WorkloadError, match=words):
        comparing.prepare(sandbox.target(), COURSE, lambda text: None)


def test_another_output_is_noted_and_one_that_changes_by_itself_is_not() -> None:
    steady = Scripted(times({"work": 1.0}), prints=lambda commit: commit)
    [notice] = comparing.prepare(steady.target(), COURSE, lambda text: None).notices
    assert "prints something else on HEAD" in notice
    count = itertools.count()
    moving = Scripted(times({"work": 1.0}), prints=lambda commit: str(next(count)))
    assert comparing.prepare(moving.target(), COURSE, lambda text: None).notices == ()
