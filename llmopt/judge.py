"""Paired samples in, a decision out: accept, reject, or continue. Pure functions over log ratios.

The interval is the anytime-valid t confidence sequence: Lai, "On confidence sequences", Annals of Statistics 4 (1976),
in the form with a Gaussian mixture over the effect size of Wang and Ramdas, "Anytime-valid t-tests and confidence
sequences for Gaussian means with unknown variance" (2024). It holds at all sample sizes at once, so looking after every
pair and stopping when it pleases is not cheating.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmopt.data import Decision, Pair

# Mixture weight: effect sizes (mean log ratio over its standard deviation) of about 1 / sqrt(0.1) = 3 are expected,
# as a 2x gain under 15 % noise has or a 10 % gain under 2 %. Any positive value is valid; it moves only the power.
MIXTURE = 0.1
# The least standard deviation of one log ratio. Equal ratios do not say that there is no noise: a coarse clock or a
# rounded duration gives them too, and no process is timed better than to 0.1 %.
RESOLUTION = 0.001
# A rejection needs no guarantee (nothing is claimed), so candidates without a visible gain end early.
FUTILITY_ALPHA = 0.5
# A workload has lost when its own interval at this level lies below 1.
LOSS_ALPHA = 0.05
CLEARLY_SLOWER = 0.9
# A workload that seems slower than this is measured on, until it is seen to have lost or the samples end.
SUSPECT = 0.98
# What is reported of a winner are its confirming samples: with fewer the interval is too wide to be of use.
CONFIRMING_PAIRS = 7
PATIENCE_SECONDS = 40.0
# With fewer the spread of the ratios is not known well enough to give up a candidate.
HOPELESS_PAIRS = 8


@dataclass(frozen=True)
class Rule:
    """What decides: the speedup to exceed, the error level, and the most pairs that may be spent."""

    min_speedup: float
    alpha: float
    max_pairs: int
    min_pairs: int = 2


# A false winner must pass both: screening is wrong with 5 %, the confirmation on fresh samples with 1 %, so that even
# twenty equal candidates give a false acceptance in at most 20 * 0.05 * 0.01 = 1 % of the runs.
def screening(min_speedup: float, pair_seconds: float = math.inf) -> Rule:
    """The rule for the first look at a candidate, whose pairs take so long."""
    return Rule(min_speedup, alpha=0.05, max_pairs=_most_pairs(24, pair_seconds))


def confirmation(min_speedup: float, pair_seconds: float = math.inf) -> Rule:
    """The rule for a winner's fresh samples."""
    return Rule(min_speedup, alpha=0.01, max_pairs=_most_pairs(30, pair_seconds), min_pairs=CONFIRMING_PAIRS)


def _most_pairs(usual: int, pair_seconds: float) -> int:
    """Short pairs are noisier and cost less: up to twice as many, as long as they stay within PATIENCE_SECONDS."""
    return max(usual, min(2 * usual, int(PATIENCE_SECONDS / pair_seconds)))


Round = Sequence[Pair]  # one pair of each workload, in the workloads' order


def decide(rounds: Sequence[Round], weights: Sequence[float], rule: Rule) -> Decision:
    """Accept when the lower bound of the speedup exceeds the minimum and no workload lost, reject when it cannot or the
    samples end, else continue. The speedup is the weighted geometric mean over the workloads.

    A gain over all workloads may be plain long before the loss of one is: then the pairs go on.
    """
    ratios = [combined(pairs, weights) for pairs in rounds]
    mean, low, high = interval(ratios, rule.alpha)
    decision = Decision("continue", "", math.exp(mean), (_exp(low), _exp(high)), len(ratios))
    outcome, reason = _outcome(rounds, ratios, decision, rule)
    return replace(decision, outcome=outcome, reason=reason)


def _outcome(rounds: Sequence[Round], ratios: Sequence[float], decision: Decision, rule: Rule) -> tuple[str, str]:
    measured = describe(decision.speedup, decision.interval)
    goal = math.log(rule.min_speedup)
    if len(ratios) >= 2 and all(ratio < math.log(CLEARLY_SLOWER) for ratio in ratios):
        return "reject", f"slower: {decision.speedup:.2f}x in each of {len(ratios)} pairs"
    if decision.interval[0] > rule.min_speedup:
        if lost := losing_workloads(rounds):
            return "reject", f"{measured} over all workloads, but workload {lost[0] + 1} became slower"
        waits = len(ratios) < rule.min_pairs or (len(ratios) < rule.max_pairs and _any_suspect(rounds))
        return ("continue", "") if waits else ("accept", measured)
    if len(ratios) >= 4 and interval(ratios, FUTILITY_ALPHA)[2] < goal:
        return "reject", f"no gain of {rule.min_speedup:g}x: {measured}"
    if is_hopeless(ratios, rule):
        return "reject", f"{rule.max_pairs} pairs would not show {rule.min_speedup:g}x: {measured}"
    if len(ratios) >= rule.max_pairs:
        return "reject", f"not shown to be {rule.min_speedup:g}x within {rule.max_pairs} pairs: {measured}"
    return "continue", ""


def is_hopeless(ratios: Sequence[float], rule: Rule) -> bool:
    """Would the lower bound miss the goal at the most pairs even if the centre were a standard error better than it is?

    Centre and spread are the median and the scaled median absolute deviation, so that one outlier does not end a
    candidate. The projection may be wrong: a rejection claims nothing.
    """
    n = len(ratios)
    if n < HOPELESS_PAIRS:
        return False
    centre = statistics.median(ratios)
    spread = max(RESOLUTION, 1.4826 * statistics.median(abs(x - centre) for x in ratios))
    typical = [centre + spread * (-1) ** i for i in range(rule.max_pairs)]  # the pairs there could be, without outliers
    reach = centre - interval(typical, rule.alpha)[1]
    return centre + spread / math.sqrt(n) - reach < math.log(rule.min_speedup)


def losing_workloads(rounds: Sequence[Round]) -> list[int]:
    """The workloads whose own interval lies below 1."""
    return [w for w, ratios in enumerate(_each(rounds)) if interval(ratios, LOSS_ALPHA)[2] < 0]


def _any_suspect(rounds: Sequence[Round]) -> bool:
    return any(sum(ratios) < len(ratios) * math.log(SUSPECT) for ratios in _each(rounds))


def _each(rounds: Sequence[Round]) -> list[list[float]]:
    """The log ratios by workload, none for a single one: it decides by itself."""
    count = len(rounds[0]) if rounds else 0
    return [[combined([pairs[w]], [1.0]) for pairs in rounds] for w in range(count)] if count > 1 else []


def combined(pairs: Round, weights: Sequence[float]) -> float:
    """The weighted mean of log(base / candidate) over one round's workloads."""
    logs = [math.log(pair.base.seconds / pair.candidate.seconds) for pair in pairs]
    return sum(w * x for w, x in zip(weights, logs, strict=True)) / sum(weights)


def interval(values: Sequence[float], alpha: float) -> tuple[float, float, float]:
    """Mean, lower and upper bound of the mean, valid at every n at once with error `alpha` in all.

    The test martingale for mean m is sqrt(c / (n + c)) * (1 - S^2 / ((n + c) V))^(-n / 2), where S = sum(x - m),
    V = sum((x - m)^2) and c is the mixture weight; the bounds are where it reaches 1 / alpha. They are infinite while n
    is too small, and never narrower than the clock's resolution allows.
    """
    n = len(values)
    if n == 0:
        return 0.0, -math.inf, math.inf
    mean = sum(values) / n
    spread = max(sum((x - mean) ** 2 for x in values), n * RESOLUTION**2)
    reach = 1.0 - (alpha**2 * MIXTURE / (n + MIXTURE)) ** (1 / n)
    room = n * n - reach * n * (n + MIXTURE)
    if n < 2 or room <= 0:
        return mean, -math.inf, math.inf
    half = math.sqrt(reach * (n + MIXTURE) * spread / room)
    return mean, mean - half, mean + half


def end_to_end(rounds: Sequence[Round], weights: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The speedup over all rounds and its 95 % interval, for reports."""
    mean, low, high = interval([combined(pairs, weights) for pairs in rounds], 0.05)
    return math.exp(mean), (_exp(low), _exp(high))


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def describe(speedup: float, bounds: tuple[float, float]) -> str:
    """The speedup with its interval, in words: "1.31x [1.27, 1.35]"."""
    if not math.isfinite(math.log(bounds[1]) if bounds[1] else math.inf) or bounds[1] > 1e9:
        return f"{speedup:.2f}x (too few pairs for an interval)"
    digits = 2 if bounds[1] - bounds[0] > 0.02 else 3
    return f"{speedup:.{digits}f}x [{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]"
