"""Paired samples in, a decision out: accept, reject, or continue. Pure functions over log ratios.

Nothing is assumed of the noise but what the timer sees to: a coin decides which side of a pair runs first, so of equal
code the log ratio is as likely to be +x as -x, whatever the machine does and did before. Each pair is then a fair bet
on the sign of (log ratio - log goal), its stake set by how far off it lies; whoever bets on a fair coin has at most a
chance of alpha of ever multiplying his capital by 1 / alpha. The capital may thus be looked at after every pair.

The bet is that of "testing by betting" (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting", JRSS B 86 (2024); Ville's inequality, 1939) on the symmetry of the differences (de la Peña, "A general class
of exponential inequalities for martingales and ratios", Annals of Probability 27 (1999)). It bounds what an outlier
counts.

A large gain is seen sooner in one look that is paid for out of alpha: that each of the first n log ratios lies above
the goal has a chance of 2^-n. Screening, which only chooses what is confirmed, looks after five pairs already, at the
order of all ten samples: that all of the candidate's lie below all of the base's has a chance of 1 / C(10, 5) where the
noise of different runs is alike (Wilcoxon, "Individual comparisons by ranking methods", 1945).
"""

from __future__ import annotations

import math
import statistics
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

from llmopt.data import Decision, Pair, Sample, Verdict
from llmopt.errors import WorkloadError

# What decides, by the name the user gives it: the field of a sample.
OBJECTIVES = {"time": "seconds", "cpu": "cpu_seconds", "memory": "peak_bytes", "instructions": "instructions"} | {
    "energy": "joules"
}
# The stakes: (steepness, most). The first is near the best one for gains of about the noise, the second loses little to
# outliers; half of the capital is on each. The first pairs, whose scale is not known yet, bet half on the sign alone.
STAKES = ((0.7, 0.95), (2.0, 0.8))
BLIND_PAIRS, BLIND_STAKE = 3, 0.5
# No log ratio is known better: a coarse clock or a rounded duration gives equal ones, and nothing is timed to 0.1 %.
RESOLUTION = 0.001
# The error level of a run, the most pairs of a stage, and the least speedup worth an edit. With these a gain of 5 % is
# shown under noise of 3 %; benchmarks/judge has the figures.
ALPHA, MAX_PAIRS, MIN_SPEEDUP = 0.01, 30, 1.005
# A false winner must pass both screening and confirmation. On any machine whatever, a chance of 1/32 + SCREENING_ALPHA
# for the first and ALPHA for the second make 1 % for so many candidates of a run; where runs are alike it is a third.
SCREENING_ALPHA, CANDIDATES = 0.012, 20
# A workload has lost when its own interval at this level lies below 1.
LOSS_ALPHA = 0.05
# So many pairs, each of them slower than this, show a slower candidate: on a busy machine two pairs of a faster one may
# both say 0.85.
CLEARLY_SLOWER = {2: 0.7, 4: 0.9}
# A workload that seems slower than this is measured on, until it is seen to have lost or the samples end.
SUSPECT = 0.98
# What is reported are these samples: with fewer the interval is too wide to be of use, or there is none.
CONFIRMING_PAIRS = COMPARED_PAIRS = 8
# A candidate is given up when even a centre so many standard errors better would not be shown by the pairs left.
OPTIMISM, LEAST_TO_GIVE_UP = 2.0, 5
PATIENCE_SECONDS = 40.0
# A gain of so many standard deviations of a pair's log ratio is shown within MAX_PAIRS in nine cases of ten.
SHOWN = 1.0


@dataclass(frozen=True)
class Rule:
    """What decides: the speedup to exceed, the one-sided error level, the most and least pairs, and of what. `ranks`
    lets the order of the samples decide early, see above."""

    min_speedup: float
    alpha: float
    max_pairs: int
    min_pairs: int = 2
    objective: str = "time"
    ranks: bool = False


@dataclass(frozen=True)
class Comparison:
    """Two revisions on some workloads. `verdict` is "faster", "slower", "same" or "inconclusive"; the interval is
    anytime-valid at the level asked for."""

    verdict: str
    speedup: float
    interval: tuple[float, float]
    pairs: int


def screening(
    min_speedup: float, pair_seconds: float = math.inf, max_pairs: int = MAX_PAIRS, objective: str = "time"
) -> Rule:
    """The rule for the first look at a candidate, whose pairs take so long."""
    most = _most_pairs(max_pairs, pair_seconds)
    return Rule(min_speedup, SCREENING_ALPHA, most, objective=objective, ranks=True)


def confirmation(
    min_speedup: float,
    pair_seconds: float = math.inf,
    max_pairs: int = MAX_PAIRS,
    objective: str = "time",
    candidates: int = 0,
) -> Rule:
    """The rule for a winner's fresh samples; stricter once more than CANDIDATES have been timed in the run."""
    alpha = ALPHA * min(1.0, CANDIDATES / max(1, candidates))
    return Rule(min_speedup, alpha, _most_pairs(max_pairs, pair_seconds), CONFIRMING_PAIRS, objective)


def _most_pairs(usual: int, pair_seconds: float) -> int:
    """Short pairs are noisier and cost less: up to twice as many, as long as they stay within PATIENCE_SECONDS."""
    return max(usual, min(2 * usual, int(PATIENCE_SECONDS / pair_seconds)))


Round = Sequence[Pair]  # one pair of each workload, in the workloads' order
Sides = tuple[float, float]  # log cost of base and candidate in one round


def decide(rounds: Sequence[Round], weights: Sequence[float], rule: Rule) -> Decision:
    """Accept when the lower bound of the speedup exceeds the minimum and no workload lost, reject when it cannot or the
    samples end, else continue. The speedup is the weighted geometric mean over the workloads.

    A gain over all workloads may be plain long before the loss of one is: then the pairs go on. The decision's interval
    is the one at 95 %.
    """
    sides = [combined(pairs, weights, rule.objective) for pairs in rounds]
    centre, low, high = interval(sides, 0.05)
    decision = Decision("continue", "", math.exp(centre), (_exp(low), _exp(high)), len(sides))
    outcome, reason = _outcome(rounds, sides, decision, rule)
    return replace(decision, outcome=outcome, reason=reason)


def _outcome(rounds: Sequence[Round], sides: Sequence[Sides], decision: Decision, rule: Rule) -> tuple[str, str]:
    n = len(sides)
    known = decision.interval[0] > 0
    measured = describe(decision.speedup, decision.interval) if known else f"about {decision.speedup:.2f}x after {n}"
    goal = math.log(rule.min_speedup)
    if any(n >= least and max(ratios(sides)) < math.log(ratio) for least, ratio in CLEARLY_SLOWER.items()):
        return "reject", f"slower: {decision.speedup:.2f}x in each of {n} pairs"
    if exceeds(sides, goal, rule.alpha, rule.ranks):
        if lost := losing_workloads(rounds, rule.objective):
            return "reject", f"{measured} over all workloads, but workload {lost[0] + 1} became slower"
        waits = n < rule.min_pairs or (n < rule.max_pairs and _any_suspect(rounds, rule.objective))
        return ("continue", "") if waits else ("accept", measured)
    # The interval of 95 % may lie above the goal before the stricter level is reached: then the pairs go on.
    nearly = decision.interval[0] > rule.min_speedup
    if n >= rule.max_pairs:
        level = f" at the {100 * rule.alpha:g} % level" if nearly else ""
        return "reject", f"not shown to be {rule.min_speedup:g}x within {rule.max_pairs} pairs{level}: {measured}"
    if not nearly and is_hopeless(sides, rule):
        return "reject", f"{rule.max_pairs} pairs would not show {rule.min_speedup:g}x: {measured}"
    return "continue", ""


def is_hopeless(sides: Sequence[Sides], rule: Rule) -> bool:
    """Would the evidence fall short at the most pairs even if the centre were OPTIMISM standard errors better?

    The projection may be wrong: a rejection claims nothing.
    """
    values, n = ratios(sides), len(sides)
    if n < LEAST_TO_GIVE_UP:
        return False
    spread = max(RESOLUTION, scale(values))
    best = centre_of(values) + OPTIMISM * spread / math.sqrt(n)
    grown = statistics.fmean(
        _growth(best + spread * quantile - math.log(rule.min_speedup), spread) for quantile in TYPICAL
    )
    reached = _evidence(values, math.log(rule.min_speedup)) + (rule.max_pairs - n) * grown
    return reached < -math.log(_early_look(sides, rule.alpha, rule.ranks)[1])


TYPICAL = tuple(statistics.NormalDist().inv_cdf((k + 0.5) / 8) for k in range(8))


def _growth(distance: float, spread: float) -> float:
    return max(math.log1p(most * math.tanh(steepness * distance / spread)) for steepness, most in STAKES)


def compare(
    rounds: Sequence[Round],
    weights: Sequence[float],
    *,
    objective: str = "time",
    resolution: float = 1.02,
    alpha: float = ALPHA,
) -> Comparison:
    """Faster or slower when the interval leaves out 1, the same when it lies within `resolution` of 1, else (and with
    fewer than COMPARED_PAIRS) inconclusive: more pairs may tell. Each error has at most the chance `alpha` over all
    looks."""
    sides = [combined(pairs, weights, objective) for pairs in rounds]
    centre, low, high = interval(sides, 2 * alpha)
    verdict = "inconclusive"
    if len(sides) >= COMPARED_PAIRS:
        verdict = "faster" if low > 0 else "slower" if high < 0 else verdict
        if -math.log(resolution) < low and high < math.log(resolution):
            verdict = "same"
    return Comparison(verdict, math.exp(centre), (_exp(low), _exp(high)), len(sides))


def losing_workloads(rounds: Sequence[Round], objective: str = "time") -> list[int]:
    """The workloads whose own interval lies below 1."""
    return [w for w, sides in enumerate(_each(rounds, objective)) if interval(sides, LOSS_ALPHA)[2] < 0]


def _any_suspect(rounds: Sequence[Round], objective: str) -> bool:
    return any(centre_of(ratios(sides)) < math.log(SUSPECT) for sides in _each(rounds, objective))


def _each(rounds: Sequence[Round], objective: str) -> list[list[Sides]]:
    """The sides by workload, none for a single one: it decides by itself."""
    count = len(rounds[0]) if rounds else 0
    return [[combined([pairs[w]], [1.0], objective) for pairs in rounds] for w in range(count)] if count > 1 else []


def combined(pairs: Round, weights: Sequence[float], objective: str = "time") -> Sides:
    """The weighted means over one round's workloads of log(base) and log(candidate)."""
    total = sum(weights)
    base = sum(w * math.log(cost(pair.base, objective)) for w, pair in zip(weights, pairs, strict=True))
    candidate = sum(w * math.log(cost(pair.candidate, objective)) for w, pair in zip(weights, pairs, strict=True))
    return base / total, candidate / total


def cost(sample: Sample, objective: str) -> float:
    """What the sample used of the objective; WorkloadError where that was not measured."""
    value = getattr(sample, OBJECTIVES[objective])
    if not value:
        raise WorkloadError(
            f"--objective {objective} cannot be measured here", "`llmopt doctor` says which counters this machine has"
        )
    return float(value)


def ratios(sides: Sequence[Sides]) -> list[float]:
    """log(base / candidate) of each round."""
    return [base - candidate for base, candidate in sides]


def exceeds(sides: Sequence[Sides], goal: float, alpha: float, ranks: bool = False) -> bool:
    """Is the log speedup above the goal, but for an error of at most `alpha` over all looks?"""
    bound, left = _early_look(sides, alpha, ranks)
    return bound > goal or _evidence(ratios(sides), goal + RESOLUTION) >= -math.log(left)


def interval(sides: Sequence[Sides], alpha: float) -> tuple[float, float, float]:
    """Centre, lower and upper bound of the log speedup, valid at every n at once with error `alpha` in all.

    The centre is the Hodges-Lehmann estimate. The bounds are infinite while n is too small.
    """
    if not sides:
        return 0.0, -math.inf, math.inf
    values = ratios(sides)
    centre = centre_of(values)
    low = _lower_bound(sides, alpha / 2)
    high = -_lower_bound([(candidate, base) for base, candidate in sides], alpha / 2)
    return centre, min(low, centre - RESOLUTION), max(high, centre + RESOLUTION)


def _lower_bound(sides: Sequence[Sides], alpha: float) -> float:
    """The largest goal that the log speedup exceeds, to the resolution of the clock."""
    bound, left = _early_look(sides, alpha)
    enough, values = -math.log(left), ratios(sides)
    scales = _scales(values)
    low, high = min(values) - 1.0, max(values)
    if _evidence(values, low, scales) < enough:
        return bound
    while high - low > RESOLUTION / 20:
        middle = (low + high) / 2
        low, high = (middle, high) if _evidence(values, middle, scales) >= enough else (low, middle)
    return max(bound, low - RESOLUTION)


def _early_look(sides: Sequence[Sides], alpha: float, ranks: bool = False) -> tuple[float, float]:
    """What the first pairs alone say the log speedup exceeds, and what they leave of alpha: at least half.

    With `ranks` it is the gap between all samples of the candidate and all of the base, else the least of the ratios.
    """
    n = next(n for n in range(2, 100) if _chance(n, ranks) <= alpha / 2)
    left, first = alpha - _chance(n, ranks), sides[:n]
    if len(first) < n:
        return -math.inf, left
    least = min(base for base, _ in first) - max(other for _, other in first) if ranks else min(ratios(first))
    return least - RESOLUTION, left


def _chance(n: int, ranks: bool) -> float:
    """Of equal code, to look faster in each of n pairs; with `ranks` in each of the n * n pairs there could be."""
    return 1 / math.comb(2 * n, n) if ranks else 0.5**n


def _evidence(values: Sequence[float], goal: float, scales: Sequence[float] | None = None) -> float:
    """The log of the capital after betting that each value lies above the goal. It falls as the goal rises."""
    scales = _scales(values) if scales is None else scales
    blind = sum(math.log1p(math.copysign(BLIND_STAKE, x - goal)) for x in values[:BLIND_PAIRS] if x != goal)
    grown = [
        sum(
            math.log1p(most * math.tanh(steepness * (x - goal) / spread))
            for x, spread in zip(values[BLIND_PAIRS:], scales, strict=True)
        )
        for steepness, most in STAKES
    ]
    top = max(grown)
    return blind + top + math.log(statistics.fmean(math.exp(each - top) for each in grown))


def _scales(values: Sequence[float]) -> list[float]:
    """For each value after the blind ones, the spread of those before it: a stake may not know what it is laid on."""
    distances: list[float] = []
    scales = []
    for n, value in enumerate(values):
        if n >= BLIND_PAIRS:
            scales.append(max(RESOLUTION, SHAMOS * statistics.median(distances)))
        for other in values[:n]:
            insort(distances, abs(value - other))
    return scales


SHAMOS = 1.048  # makes the median distance that of a Gaussian's standard deviation (Shamos, 1976)


def scale(values: Sequence[float]) -> float:
    """The standard deviation, by the median of the distances between the values: outliers hardly count."""
    distances = [abs(x - y) for n, x in enumerate(values) for y in values[:n]]
    return SHAMOS * statistics.median(distances) if distances else 0.0


def centre_of(values: Sequence[float]) -> float:
    """The median of the means of all pairs of values (Hodges and Lehmann, 1963); 0 for none."""
    return statistics.median((x + y) / 2 for x, y in combinations_with_replacement(values, 2)) if values else 0.0


def noise(rounds: Sequence[Round], weights: Sequence[float], objective: str = "time") -> float:
    """The spread of the log ratio of the same code with itself: the noise floor of a pair."""
    return scale(ratios([combined(pairs, weights, objective) for pairs in rounds]))


def resolvable(noise: float, min_speedup: float = MIN_SPEEDUP, max_pairs: int = MAX_PAIRS) -> float:
    """The least speedup that so many pairs show in nine cases of ten (as simulated with log-normal noise)."""
    return min_speedup * math.exp(SHOWN * max(noise, RESOLUTION) * math.sqrt(MAX_PAIRS / max_pairs))


def end_to_end(
    rounds: Sequence[Round], weights: Sequence[float], objective: str = "time"
) -> tuple[float, tuple[float, float]]:
    """The speedup over all rounds and its 95 % interval, for reports."""
    centre, low, high = interval([combined(pairs, weights, objective) for pairs in rounds], 0.05)
    return math.exp(centre), (_exp(low), _exp(high))


def product(verdicts: Sequence[Verdict]) -> tuple[float, tuple[float, float]]:
    """What edits one on top of the other come to by their own measurements, with the product of their bounds."""
    each = [(verdict.speedup, *verdict.interval) for verdict in verdicts]
    speedup, low, high = (math.prod(values) for values in zip(*each, strict=True)) if each else (1.0, 1.0, 1.0)
    return speedup, (low, high)


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def is_supported(bounds: tuple[float, float]) -> bool:
    """Whether an interval says anything: of too few pairs it is as good as everything."""
    low, high = bounds
    return 0 < low <= high < 1e9


def describe(speedup: float, bounds: tuple[float, float]) -> str:
    """The speedup with its interval, with the digits that the interval supports: "1.31x [1.27, 1.35]"."""
    low, high = bounds
    if not is_supported(bounds):
        return f"{speedup:.2f}x (too few pairs for an interval)"
    digits = digits_of(high - low)
    return f"{speedup:.{digits}f}x [{low:.{digits}f}, {high:.{digits}f}]"


def digits_of(width: float) -> int:
    """Decimals of a ratio whose interval is so wide: the last one shown is about a tenth of the width, or less."""
    return sum(width < limit for limit in (10, 1, 0.02))
