"""The judge against simulated machines: how often it is wrong, how soon it is right, how exact its intervals are."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmopt import judge
from llmopt.data import Decision, Pair, Sample
from llmopt.errors import WorkloadError
from llmopt.judge import Rule

GENTLE = 1.0 + 1e-12  # just more than nothing
Draw = Callable[[random.Random], tuple[float, float]]  # seconds of base and candidate


def pair(ratio: float, workload: int = 0, seconds: float = 0.4) -> Pair:
    """A pair whose base is `ratio` times slower than the candidate."""
    return Pair(workload, Sample(seconds), Sample(seconds / ratio))


def rounds_of(ratios: Sequence[float]) -> list[list[Pair]]:
    return [[pair(ratio)] for ratio in ratios]


def sides_of(ratios: Sequence[float]) -> list[tuple[float, float]]:
    return [judge.combined(each, [1.0]) for each in rounds_of(ratios)]


def run_of(noise: float, source: random.Random) -> float:
    return math.exp(source.gauss(0.0, noise))


def normal(speedup: float, noise: float) -> Draw:
    """Runs with log-normal noise."""
    return lambda source: (run_of(noise, source), run_of(noise, source) / speedup)


def heavy(speedup: float, noise: float) -> Draw:
    """One run in ten takes half as long again, as on shared machines."""

    def one(source: random.Random) -> float:
        return run_of(noise, source) * (1.5 if source.random() < 0.1 else 1.0)

    return lambda source: (one(source), one(source) / speedup)


def drifting(source: random.Random) -> tuple[float, float]:
    """Equal code on a machine that becomes 2 % slower from run to run; a coin decides who comes first."""
    first, second = run_of(0.02, source), 1.02 * run_of(0.02, source)
    return (first, second) if source.random() < 0.5 else (second, first)


def bimodal(source: random.Random) -> tuple[float, float]:
    """Equal code on a machine with two speeds."""
    one, other = (run_of(0.01, source) * source.choice((1.0, 1.3)) for _ in range(2))
    return one, other


def judged(draw: Draw, rule: Rule, seed: int) -> Decision:
    source, rounds = random.Random(seed), []
    while True:
        base, candidate = draw(source)
        rounds.append([Pair(0, Sample(base), Sample(candidate))])
        decision = judge.decide(rounds, [1.0], rule)
        if decision.outcome != "continue":
            return decision


def share_accepted(draw: Draw, rule: Rule, trials: int = 400) -> float:
    return sum(judged(draw, rule, seed).outcome == "accept" for seed in range(trials)) / trials


# --- how often it is wrong ---------------------------------------------------------------------------------------

STRICT = Rule(GENTLE, 0.01, 30)
EARLY = replace(STRICT, ranks=True)


def in_step(source: random.Random) -> tuple[float, float]:
    """Equal code on a machine on which the second of two runs is always faster."""
    first, second = 1.05 * run_of(0.01, source), run_of(0.01, source)
    return (first, second) if source.random() < 0.5 else (second, first)


@pytest.mark.parametrize(
    "draw", [normal(1.0, 0.005), normal(1.0, 0.03), normal(1.0, 0.15), heavy(1.0, 0.03), drifting, bimodal]
)
@pytest.mark.parametrize("rule", [STRICT, EARLY])
def test_equal_code_is_seldom_taken_for_faster_though_it_is_looked_at_after_every_pair(draw: Draw, rule: Rule) -> None:
    """At 1 % twelve and more of six hundred would be a chance of 1 in 50."""
    assert share_accepted(draw, rule, 600) < 0.02


def test_a_machine_that_favours_the_second_run_fools_no_confirmation() -> None:
    assert share_accepted(in_step, STRICT, 600) < 0.02


def test_a_gain_of_exactly_the_minimum_is_seldom_accepted() -> None:
    assert share_accepted(normal(1.03, 0.03), Rule(1.03, 0.01, 30), 600) < 0.02


def test_interval_covers_the_truth_at_all_sizes_at_once() -> None:
    missed = 0
    for seed in range(200):
        source = random.Random(seed)
        sides = [(0.3 + source.gauss(0.0, 0.1), source.gauss(0.0, 0.1)) for _ in range(30)]
        bounds = [judge.interval(sides[:n], 0.05)[1:] for n in range(1, 31)]
        missed += any(not low <= 0.3 <= high for low, high in bounds)
    assert missed / 200 < 0.06


# --- how soon it is right ----------------------------------------------------------------------------------------


def test_twice_as_fast_is_accepted_within_five_pairs_under_15_percent_noise() -> None:
    pairs = [judged(normal(2.0, 0.15), EARLY, seed) for seed in range(200)]
    assert sum(decision.outcome == "accept" and decision.pairs <= 5 for decision in pairs) > 0.93 * 200


@pytest.mark.parametrize("rule", [STRICT, judge.screening(judge.MIN_SPEEDUP), judge.confirmation(judge.MIN_SPEEDUP)])
def test_five_percent_is_found_under_3_percent_noise_within_thirty_pairs(rule: Rule) -> None:
    assert rule.max_pairs == 30
    assert share_accepted(normal(1.05, 0.03), rule, 300) > 0.9


def test_outliers_hide_no_gain_of_half() -> None:
    assert share_accepted(heavy(1.5, 0.03), STRICT, 200) > 0.98


def test_clearly_slower_is_rejected_after_two_pairs_or_four() -> None:
    decision = judge.decide(rounds_of([0.6, 0.65]), [1.0], judge.screening(1.03))
    assert (decision.outcome, decision.pairs) == ("reject", 2)
    assert decision.reason == "slower: 0.62x in each of 2 pairs"
    assert judge.decide(rounds_of([0.8, 0.85]), [1.0], judge.screening(1.03)).outcome == "continue"
    assert judge.decide(rounds_of([0.8, 0.85, 0.8, 0.85]), [1.0], judge.screening(1.03)).outcome == "reject"
    assert judge.decide(rounds_of([0.8]), [1.0], judge.screening(1.03)).outcome == "continue"
    assert judge.decide(rounds_of([0.8, 1.1]), [1.0], judge.screening(1.03)).outcome == "continue"


def test_no_gain_ends_long_before_the_last_pair() -> None:
    pairs = sorted(judged(normal(1.0, 0.02), judge.screening(1.03), seed).pairs for seed in range(200))
    assert pairs[100] <= 8


def test_a_gain_that_the_pairs_left_cannot_show_is_given_up() -> None:
    ratios = [1.02, 0.97, 1.05, 0.99, 1.03, 0.96, 1.01, 1.04, 0.98, 1.0]
    decision = judge.decide(rounds_of(ratios), [1.0], judge.screening(1.05))
    assert decision.outcome == "reject"
    assert "30 pairs would not show 1.05x" in decision.reason


def test_a_gain_above_the_goal_at_95_percent_is_measured_on_to_the_stricter_level() -> None:
    ratios = [*[1.3] * 3, *[1.1] * 4, 0.9, 1.25, 0.8, 1.1, 1.0, 0.8, 0.8]
    rule = judge.confirmation(1.005, max_pairs=30)
    assert judge.is_hopeless(sides_of(ratios), rule)
    decision = judge.decide(rounds_of(ratios), [1.0], rule)
    assert decision.outcome == "continue"
    assert decision.interval[0] > 1.005
    ended = judge.decide(rounds_of(ratios), [1.0], replace(rule, max_pairs=len(ratios)))
    assert ended.outcome == "reject"
    assert "within 14 pairs at the 1 % level: 1.06x" in ended.reason


def test_samples_end_at_the_rules_maximum() -> None:
    rule = Rule(1.03, 0.05, 6)
    ratios = [1.5, 0.9, 1.6, 0.95, 1.4, 0.9]
    assert judge.decide(rounds_of(ratios[:4]), [1.0], rule).outcome == "continue"
    decision = judge.decide(rounds_of(ratios), [1.0], rule)
    assert decision.outcome == "reject"
    assert "not shown to be 1.03x within 6 pairs" in decision.reason


def test_first_pairs_decide_nothing_however_large() -> None:
    for n in (1, 2, 3, 4):
        decision = judge.decide(rounds_of([1000.0] * n), [1.0], judge.screening(1.03))
        assert (decision.outcome, decision.interval[0]) == ("continue", 0.0)
    assert judge.decide([], [1.0], judge.screening(1.03)).outcome == "continue"


def test_confirmation_is_stricter_after_many_candidates() -> None:
    assert judge.confirmation(1.03, candidates=10).alpha == judge.confirmation(1.03).alpha == 0.01
    assert judge.confirmation(1.03, candidates=200).alpha == pytest.approx(0.001)
    for candidates in (1, 20, 200):  # the worst machine passes five pairs of screening once in 32
        confirmed = judge.confirmation(1.03, candidates=candidates).alpha
        assert candidates * (1 / 32 + judge.SCREENING_ALPHA) * confirmed < 0.01


def test_short_pairs_may_be_more_within_the_same_patience() -> None:
    assert judge.screening(1.03, pair_seconds=0.1).max_pairs == 60
    assert judge.screening(1.03, pair_seconds=1.0).max_pairs == 40
    assert judge.screening(1.03, pair_seconds=9.0).max_pairs == 30
    assert judge.screening(1.03, 9.0, max_pairs=50).max_pairs == 50


# --- several workloads -------------------------------------------------------------------------------------------


def judged_together(draws: Sequence[Draw], seed: int) -> Decision:
    source, rounds = random.Random(seed), []
    while True:
        drawn = [draw(source) for draw in draws]
        rounds.append([Pair(index, Sample(base), Sample(other)) for index, (base, other) in enumerate(drawn)])
        decision = judge.decide(rounds, [1.0] * len(draws), judge.screening(1.03))
        if decision.outcome != "continue":
            return decision


@pytest.mark.parametrize("loss", [0.8, 0.9, 0.95])
def test_losing_workload_blocks_acceptance_though_the_other_wins_at_once(loss: float) -> None:
    decisions = [judged_together([normal(3.0, 0.02), normal(loss, 0.02)], seed) for seed in range(100)]
    assert sum(decision.outcome == "accept" for decision in decisions) <= 5
    assert "workload 2 became slower" in decisions[0].reason


def test_workload_that_stays_the_same_does_not_block_acceptance() -> None:
    decisions = [judged_together([normal(2.0, 0.05), normal(1.0, 0.05)], seed) for seed in range(100)]
    assert sum(decision.outcome == "accept" for decision in decisions) >= 90


def test_weights_weigh() -> None:
    both = [pair(4.0, 0), pair(0.5, 1)]
    speedup = lambda weights: judge.ratios([judge.combined(both, weights)])[0]  # noqa: E731
    assert speedup([1.0, 1.0]) == pytest.approx(math.log(4.0 * 0.5) / 2)
    assert speedup([3.0, 1.0]) == pytest.approx((3 * math.log(4.0) + math.log(0.5)) / 4)
    assert speedup([30.0, 10.0]) == pytest.approx(speedup([3.0, 1.0]))


# --- what decides ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("objective", "field"), judge.OBJECTIVES.items())
def test_the_objective_chooses_what_is_compared(objective: str, field: str) -> None:
    base, candidate = Sample(1.0), Sample(1.0)
    rounds = [[Pair(0, replace(base, **{field: 300}), replace(candidate, **{field: 200}))]] * 5
    decision = judge.decide(rounds, [1.0], Rule(1.03, 0.01, 30, objective=objective, ranks=True))
    assert (decision.outcome, round(decision.speedup, 2)) == ("accept", 1.5)


def test_an_objective_that_nobody_counted_is_an_error_with_advice() -> None:
    with pytest.raises(WorkloadError, match="--objective energy cannot be measured here"):
        judge.decide(rounds_of([1.0]), [1.0], Rule(1.03, 0.01, 30, objective="energy"))


# --- two revisions -----------------------------------------------------------------------------------------------


def compared(speedup: float, noise: float, pairs: int, seed: int = 1) -> str:
    source = random.Random(seed)
    drawn = [normal(speedup, noise)(source) for _ in range(pairs)]
    return judge.compare([[Pair(0, Sample(a), Sample(b))] for a, b in drawn], [1.0]).verdict


@pytest.mark.parametrize(
    ("speedup", "noise", "verdict"),
    [(1.5, 0.05, "faster"), (0.7, 0.05, "slower"), (1.0, 0.005, "same"), (1.0, 0.1, "inconclusive")],
)
def test_two_revisions_are_told_apart_or_not(speedup: float, noise: float, verdict: str) -> None:
    assert compared(speedup, noise, 30) == verdict


def test_few_pairs_are_inconclusive_however_plain_they_look() -> None:
    assert compared(3.0, 0.01, judge.COMPARED_PAIRS - 1) == "inconclusive"
    assert judge.compare([], [1.0]) == judge.Comparison("inconclusive", 1.0, (0.0, math.exp(700)), 0)


def test_a_difference_within_the_resolution_is_the_same() -> None:
    assert compared(1.003, 0.002, 30) == "same"


# --- the interval ------------------------------------------------------------------------------------------------


def test_bounds_are_where_the_capital_reaches_one_over_alpha() -> None:
    """Written out again: three blind bets, then half of the capital on each stake."""
    source = random.Random(3)
    values = [source.gauss(0.05, 0.04) for _ in range(14)]

    def capital(goal: float) -> float:
        blind = math.prod(1 + 0.5 * (1 if x > goal else -1) for x in values[:3])
        grown = [1.0, 1.0]
        for n in range(3, len(values)):
            before = sorted(abs(x - y) for x, y in itertools.combinations(values[:n], 2))
            spread = 1.048 * statistics.median(before)
            for k, (steepness, most) in enumerate([(0.7, 0.95), (2.0, 0.8)]):
                grown[k] *= 1 + most * math.tanh(steepness * (values[n] - goal) / spread)
        return blind * (grown[0] + grown[1]) / 2

    values[2] = -1.0  # so that the first look says nothing
    _, low, _ = judge.interval([(x, 0.0) for x in values], 0.05)
    assert capital(low + judge.RESOLUTION) == pytest.approx(1 / (0.025 - 0.5**7), rel=0.05)


def test_first_pairs_bound_a_gain_that_all_of_them_have() -> None:
    """Eight coins show the same side once in 256: within half of 1 %."""
    ratios = [(1.0 + 0.1 * n, 0.0) for n in range(8)]
    assert judge.interval(ratios[:7], 0.02)[1] == -math.inf
    assert judge.interval(ratios, 0.02)[1] == pytest.approx(1.0 - judge.RESOLUTION)


def test_order_of_the_samples_screens_a_large_gain_after_five_pairs() -> None:
    """None of 252 orders of five and five is likelier than another."""
    apart = [(1.0 + 0.1 * n, 0.1 * n) for n in range(5)]
    assert not judge.exceeds(apart, 0.5, 0.01)
    assert not judge.exceeds(apart[:4], 0.5, 0.01, ranks=True)
    assert judge.exceeds(apart, 0.5, 0.01, ranks=True)
    assert not judge.exceeds(apart, 0.7, 0.01, ranks=True)  # the slowest of one side is 0.6 below the fastest


def test_equal_ratios_are_no_certainty() -> None:
    """A coarse clock, or a duration that a tool rounded: always 1.02 is not exactly 1.02."""
    centre, low, high = judge.interval(sides_of([1.02] * 12), 0.05)
    assert centre == pytest.approx(math.log(1.02))
    assert high - low >= 2 * judge.RESOLUTION
    assert judge.decide(rounds_of([1.0305] * 12), [1.0], judge.screening(1.03)).outcome != "accept"
    assert judge.decide(rounds_of([2.0] * 5), [1.0], judge.screening(1.03)).outcome == "accept"


RATIOS = st.lists(st.floats(0.2, 5.0), min_size=1, max_size=20)


@given(RATIOS, st.floats(1e-6, 1e4))
def test_decision_does_not_depend_on_the_unit_of_time(ratios: list[float], scale: float) -> None:
    rule = judge.screening(1.03)
    one = judge.decide([[pair(r)] for r in ratios], [1.0], rule)
    other = judge.decide([[pair(r, seconds=0.4 * scale)] for r in ratios], [1.0], rule)
    assert other.speedup == pytest.approx(one.speedup)
    assert other.interval == pytest.approx(one.interval, rel=1e-3)


@given(RATIOS)
def test_swapping_base_and_candidate_mirrors_the_interval(ratios: list[float]) -> None:
    centre, low, high = judge.interval(sides_of(ratios), 0.05)
    back, other_low, other_high = judge.interval([(b, a) for a, b in sides_of(ratios)], 0.05)
    assert back == pytest.approx(-centre, abs=1e-12)
    assert (other_low, other_high) == pytest.approx((-high, -low), abs=1e-12)


@given(RATIOS)
def test_speedup_lies_in_its_interval_and_a_stricter_one_is_wider(ratios: list[float]) -> None:
    centre, low, high = judge.interval(sides_of(ratios), 0.05)
    assert low < centre < high
    _, strict_low, strict_high = judge.interval(sides_of(ratios), 0.01)
    assert strict_low <= low + judge.RESOLUTION
    assert strict_high >= high - judge.RESOLUTION


def test_one_outlier_hardly_moves_centre_and_scale() -> None:
    plain = [0.01 * n for n in range(-5, 6)]
    assert judge.centre_of([*plain, 9.0]) == pytest.approx(judge.centre_of(plain), abs=0.01)
    assert judge.scale([*plain, 9.0]) == pytest.approx(judge.scale(plain), rel=0.35)


def test_words_for_speedups() -> None:
    assert judge.describe(1.312, (1.27, 1.35)) == "1.31x [1.27, 1.35]"
    assert judge.describe(1.0312, (1.0301, 1.0323)) == "1.031x [1.030, 1.032]"
    assert judge.describe(5.12, (4.21, 6.58)) == "5.1x [4.2, 6.6]"
    assert judge.describe(34.02, (25.81, 44.88)) == "34x [26, 45]"
    assert judge.describe(2.0, (0.0, math.exp(700))) == "2.00x (too few pairs for an interval)"
    assert judge.describe(2.0, (0.0, math.inf)) == "2.00x (too few pairs for an interval)"
    assert judge.describe(1.0, (0.0, 0.0)) == "1.00x (too few pairs for an interval)"
