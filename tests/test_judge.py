"""The judge against simulated machines: how often it is wrong, how soon it is right, how exact its intervals are."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmopt import judge
from llmopt.data import Decision, Pair, Sample
from llmopt.judge import Rule

GENTLE = 1.0 + 1e-12  # just more than nothing
Draw = Callable[[random.Random], float]


def pair(ratio: float, workload: int = 0, seconds: float = 0.4) -> Pair:
    """A pair whose base is `ratio` times slower than the candidate."""
    return Pair(workload, Sample(seconds), Sample(seconds / ratio))


def rounds_of(ratios: Sequence[float]) -> list[list[Pair]]:
    return [[pair(ratio)] for ratio in ratios]


def normal(speedup: float, noise: float) -> Draw:
    """Log-normal ratios; `noise` is that of one run, so that a pair has sqrt(2) of it."""
    return lambda source: speedup * math.exp(source.gauss(0.0, noise * math.sqrt(2)))


def heavy(speedup: float, noise: float) -> Draw:
    """Runs that are now and then three times as noisy, as on shared machines."""
    return lambda source: speedup * math.exp(source.gauss(0.0, noise * (4.2 if source.random() < 0.1 else 1.4)))


def drifting(source: random.Random) -> float:
    """Equal code on a machine that becomes 1 % slower from run to run; the order alternates."""
    return math.exp(source.choice((-0.01, 0.01)) + source.gauss(0.0, 0.02))


def judged(draw: Draw, rule: Rule, seed: int) -> Decision:
    source, rounds = random.Random(seed), []
    while True:
        rounds.append([pair(draw(source))])
        decision = judge.decide(rounds, [1.0], rule)
        if decision.outcome != "continue":
            return decision


def share_accepted(draw: Draw, rule: Rule, trials: int = 400) -> float:
    return sum(judged(draw, rule, seed).outcome == "accept" for seed in range(trials)) / trials


# --- how often it is wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.005, 0.05, 0.15])
def test_equal_code_is_seldom_taken_for_faster(noise: float) -> None:
    """Half of the 5 % are on the side that accepts; peeking after each pair does not add to them."""
    assert share_accepted(normal(1.0, noise), Rule(GENTLE, 0.05, 24)) < 0.05


@pytest.mark.parametrize("draw", [heavy(1.0, 0.05), drifting])
def test_unfriendly_noise_is_seldom_taken_for_a_gain(draw: Draw) -> None:
    assert share_accepted(draw, Rule(GENTLE, 0.05, 24)) < 0.06


def test_a_gain_of_exactly_the_minimum_is_seldom_accepted() -> None:
    assert share_accepted(normal(1.03, 0.03), judge.screening(1.03)) < 0.05


def test_confirmation_is_stricter_than_screening() -> None:
    assert share_accepted(normal(1.0, 0.05), Rule(GENTLE, 0.01, 30), 800) < 0.015


def test_interval_covers_the_truth_at_all_sizes_at_once() -> None:
    missed = 0
    for seed in range(400):
        source = random.Random(seed)
        values = [source.gauss(0.3, 0.1) for _ in range(40)]
        bounds = [judge.interval(values[:n], 0.05)[1:] for n in range(1, 41)]
        missed += any(not low <= 0.3 <= high for low, high in bounds)
    assert missed / 400 < 0.06


# --- how soon it is right ----------------------------------------------------------------------------------------


def test_twice_as_fast_is_accepted_within_about_six_pairs_under_15_percent_noise() -> None:
    pairs = sorted(judged(normal(2.0, 0.15), judge.screening(1.03), seed).pairs for seed in range(200))
    assert pairs[100] <= 6
    assert share_accepted(normal(2.0, 0.15), judge.screening(1.03), 200) > 0.97


def test_ten_percent_is_found_under_2_percent_noise() -> None:
    assert share_accepted(normal(1.10, 0.02), judge.screening(1.03), 200) > 0.95


def test_clearly_slower_is_rejected_after_two_pairs() -> None:
    decision = judge.decide(rounds_of([0.8, 0.85]), [1.0], judge.screening(1.03))
    assert (decision.outcome, decision.pairs) == ("reject", 2)
    assert decision.reason == "slower: 0.82x in each of 2 pairs"
    assert judge.decide(rounds_of([0.8]), [1.0], judge.screening(1.03)).outcome == "continue"
    assert judge.decide(rounds_of([0.8, 1.1]), [1.0], judge.screening(1.03)).outcome == "continue"


def test_no_gain_ends_long_before_the_last_pair() -> None:
    pairs = sorted(judged(normal(1.0, 0.02), judge.screening(1.03), seed).pairs for seed in range(200))
    assert pairs[100] <= 8


def test_samples_end_at_the_rules_maximum() -> None:
    rule = Rule(1.03, 0.05, 6)
    ratios = [1.5, 0.9, 1.6, 0.95, 1.4, 0.9]
    assert judge.decide(rounds_of(ratios[:5]), [1.0], rule).outcome == "continue"
    decision = judge.decide(rounds_of(ratios), [1.0], rule)
    assert decision.outcome == "reject"
    assert "not shown to be 1.03x within 6 pairs" in decision.reason


def test_first_pair_decides_nothing_however_large() -> None:
    decision = judge.decide(rounds_of([1000.0]), [1.0], judge.screening(1.03))
    assert (decision.outcome, decision.interval[0]) == ("continue", 0.0)
    assert judge.decide([], [1.0], judge.screening(1.03)).outcome == "continue"


# --- several workloads -------------------------------------------------------------------------------------------


def judged_together(draws: Sequence[Draw], seed: int) -> Decision:
    source, rounds = random.Random(seed), []
    while True:
        rounds.append([pair(draw(source), index) for index, draw in enumerate(draws)])
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
    both = [[pair(4.0, 0), pair(0.5, 1)]]
    assert judge.combined(both[0], [1.0, 1.0]) == pytest.approx(math.log(4.0 * 0.5) / 2)
    assert judge.combined(both[0], [3.0, 1.0]) == pytest.approx((3 * math.log(4.0) + math.log(0.5)) / 4)
    assert judge.combined(both[0], [30.0, 10.0]) == pytest.approx(judge.combined(both[0], [3.0, 1.0]))


# --- the interval ------------------------------------------------------------------------------------------------


def martingale(values: Sequence[float], mean: float, weight: float) -> float:
    """log of the likelihood ratio of a Gaussian mixture over effect sizes, integrated numerically.

    Given the values' scale-free shape, the density for effect size d is, up to a common factor, the integral over the
    unknown scale s of s^(n-1) exp(-sum((s z - d)^2) / 2), z = values - mean; d is N(0, 1 / weight) under the mixture.
    """
    z = [x - mean for x in values]
    n, total, squares = len(z), sum(z), sum(x * x for x in z)
    scales = [math.exp(-6 + 0.02 * k) / math.sqrt(squares / n) for k in range(600)]

    def evidence(effect: float) -> float:
        inside = [
            n * math.log(s) - (s * s * squares - 2 * s * effect * total + n * effect * effect) / 2 for s in scales
        ]
        top = max(inside)
        return top + math.log(sum(math.exp(x - top) for x in inside))

    step = 0.05
    effects = [step * k for k in range(-400, 401)]
    prior = [math.log(math.sqrt(weight / (2 * math.pi)) * step) - weight * d * d / 2 for d in effects]
    terms = [evidence(d) + p for d, p in zip(effects, prior, strict=True)]
    top = max(terms)
    return top + math.log(sum(math.exp(x - top) for x in terms)) - evidence(0.0)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("n", "alpha"), [(4, 0.05), (9, 0.01), (20, 0.05)])
def test_bounds_are_where_the_mixture_martingale_reaches_one_over_alpha(seed: int, n: int, alpha: float) -> None:
    source = random.Random(seed)
    values = [source.gauss(0.2, 0.05) for _ in range(n)]
    _, low, high = judge.interval(values, alpha)
    for bound in (low, high):
        assert martingale(values, bound, judge.MIXTURE) == pytest.approx(math.log(1 / alpha), rel=1e-3)


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_values_have_no_bounds(n: int) -> None:
    assert judge.interval([0.1, 0.2][:n], 0.05)[1:] == (-math.inf, math.inf)


def test_equal_ratios_are_no_certainty() -> None:
    """A coarse clock, or a duration that a tool rounded: three times 1.02 is not exactly 1.02."""
    mean, low, high = judge.interval([math.log(1.02)] * 3, 0.05)
    assert mean == pytest.approx(math.log(1.02))
    assert high - low > 0.01
    assert judge.decide(rounds_of([1.031] * 3), [1.0], judge.screening(1.03)).outcome == "continue"
    assert judge.decide(rounds_of([2.0] * 4), [1.0], judge.screening(1.03)).outcome == "accept"


RATIOS = st.lists(st.floats(0.2, 5.0), min_size=3, max_size=30)


@given(RATIOS, st.floats(1e-6, 1e4))
def test_decision_does_not_depend_on_the_unit_of_time(ratios: list[float], scale: float) -> None:
    rule = judge.screening(1.03)
    one = judge.decide([[pair(r)] for r in ratios], [1.0], rule)
    other = judge.decide([[pair(r, seconds=0.4 * scale)] for r in ratios], [1.0], rule)
    assert other.speedup == pytest.approx(one.speedup)
    assert other.interval == pytest.approx(one.interval, rel=1e-6)


@given(RATIOS)
def test_swapping_base_and_candidate_mirrors_the_interval(ratios: list[float]) -> None:
    speedup, (low, high) = judge.end_to_end(rounds_of(ratios), [1.0])
    swapped = [[Pair(0, each.candidate, each.base) for each in r] for r in rounds_of(ratios)]
    back, (other_low, other_high) = judge.end_to_end(swapped, [1.0])
    assert back == pytest.approx(1 / speedup)
    assert (other_low, other_high) == pytest.approx((1 / high, 1 / low), rel=1e-6)


@given(RATIOS, st.randoms())
def test_order_of_pairs_does_not_matter_to_the_interval(ratios: list[float], source: random.Random) -> None:
    shuffled = list(ratios)
    source.shuffle(shuffled)
    assert judge.end_to_end(rounds_of(shuffled), [1.0])[1] == pytest.approx(
        judge.end_to_end(rounds_of(ratios), [1.0])[1]
    )


@given(RATIOS)
def test_speedup_lies_in_its_interval_and_a_stricter_one_is_wider(ratios: list[float]) -> None:
    logs = [math.log(r) for r in ratios]
    mean, low, high = judge.interval(logs, 0.05)
    assert low < mean < high
    _, strict_low, strict_high = judge.interval(logs, 0.01)
    assert strict_low <= low
    assert strict_high >= high


def test_words_for_speedups() -> None:
    assert judge.describe(1.312, (1.27, 1.35)) == "1.31x [1.27, 1.35]"
    assert judge.describe(1.0312, (1.0301, 1.0323)) == "1.031x [1.030, 1.032]"
    assert judge.describe(2.0, (0.0, math.exp(700))) == "2.00x (too few pairs for an interval)"
    assert judge.describe(2.0, (0.0, math.inf)) == "2.00x (too few pairs for an interval)"
    assert judge.describe(1.0, (0.0, 0.0)) == "1.00x (too few pairs for an interval)"
