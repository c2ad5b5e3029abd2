"""How other tools decide 'faster': seconds of base and candidate in, the decision and the samples it took out.

Each rule was read in its project's own source, named in its docstring. The runs they take by default are kept where a
trace has as many: one sample of a trace is one fresh process.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Seconds = Sequence[float]


class Verdict(NamedTuple):
    """Does the tool call the candidate faster, and how many samples, of both sides together, did it take?"""

    faster: bool
    samples: int


@dataclass(frozen=True)
class Peer:
    """A tool's rule. It takes up to `runs` samples of each side; one that looks early takes them in pairs."""

    name: str
    runs: int
    decide: Callable[[Seconds, Seconds], Verdict]
    in_pairs: bool = False


def minimum(base: Seconds, candidate: Seconds) -> Verdict:
    """The gain of the minimum over the loops exceeds 5 %.

    codeflash 0.20.6, codeflash/result/critic.py: `speedup_critic` asks for `performance_gain` =
    (original - optimized) / optimized > MIN_IMPROVEMENT_THRESHOLD = 0.05 (for what runs longer than 10 µs, outside CI);
    codeflash/models/models.py: a test's runtime is "the minimum value of all looped execution runtimes".
    """
    return Verdict((min(base) - min(candidate)) / min(candidate) > 0.05, _taken(base, candidate))


def pytest_benchmark(field: Callable[[Seconds], float]) -> Callable[[Seconds, Seconds], Verdict]:
    """`--benchmark-compare-fail=FIELD:5%` turned round: the base, compared with the candidate, is a regression.

    pytest-benchmark 5.3.1, utils.py: `PercentageRegressionCheck` fails where current / compared * 100 - 100 > 5; rounds
    are max(min_rounds = 5, max_time = 1 s / duration), fixture.py.
    """

    def decide(base: Seconds, candidate: Seconds) -> Verdict:
        return Verdict(field(base) / field(candidate) * 100 - 100 > 5, _taken(base, candidate))

    return decide


def pyperf(base: Seconds, candidate: Seconds) -> Verdict:
    """Student's two-sample, two-tailed t test with pooled variance at 95 %, and the candidate's mean is lower.

    pyperf 2.10.0, _utils.py: `is_significant` (|t| >= critical value), `tscore`, `pooled_sample_variance`; _compare.py
    prints "faster" where that holds, with no least difference unless `--min-speed` is given. 20 processes by default.
    """
    n, freedom = len(base), 2 * len(base) - 2
    pooled = (_squares(base) + _squares(candidate)) / freedom
    t = (statistics.fmean(base) - statistics.fmean(candidate)) / math.sqrt(2 * pooled / n)
    return Verdict(t >= critical_95(freedom), _taken(base, candidate))


def hyperfine_mean(base: Seconds, candidate: Seconds) -> Verdict:
    """The candidate's mean is lower: "candidate ran 1.03 ± 0.05 times faster than base".

    hyperfine, src/benchmark/scheduler.rs prints this for any two means; src/options.rs: at least 10 runs.
    """
    return Verdict(statistics.fmean(candidate) < statistics.fmean(base), _taken(base, candidate))


def hyperfine_relative(base: Seconds, candidate: Seconds) -> Verdict:
    """The printed ratio less its printed ± is above 1, as a careful reader takes it.

    hyperfine, src/benchmark/relative_speed.rs: ratio of the means, with the two standard deviations (not errors of the
    means) propagated as independent.
    """
    ratio = statistics.fmean(base) / statistics.fmean(candidate)
    spread = math.hypot(*(statistics.stdev(side) / statistics.fmean(side) for side in (base, candidate)))
    return Verdict(ratio - ratio * spread > 1, _taken(base, candidate))


def hyperfine_apart(base: Seconds, candidate: Seconds) -> Verdict:
    """The two printed ranges "mean ± σ" do not overlap (hyperfine, src/benchmark/mod.rs prints them)."""
    low = statistics.fmean(base) - statistics.stdev(base)
    high = statistics.fmean(candidate) + statistics.stdev(candidate)
    return Verdict(high < low, _taken(base, candidate))


def one_shot(least: float) -> Callable[[Seconds, Seconds], Verdict]:
    """One run of each, as by hand with `time`: faster by more than `least`."""

    def decide(base: Seconds, candidate: Seconds) -> Verdict:
        return Verdict(base[0] / candidate[0] > 1 + least, 2)

    return decide


def welch_peeking(base: Seconds, candidate: Seconds) -> Verdict:
    """Welch's t test at 5 % after every pair from the third on, stopping as soon as it says faster.

    The test is that of hyperfine's scripts/welch_ttest.py (two-tailed, p < 0.05); the looking is what people do.
    """
    for n in range(3, len(base) + 1):
        if _is_welch_faster(base[:n], candidate[:n]):
            return Verdict(True, 2 * n)
    return Verdict(False, _taken(base, candidate))


def _is_welch_faster(base: Seconds, candidate: Seconds) -> bool:
    """Welch, Biometrika 34 (1947): its degrees of freedom rounded down, which errs on the careful side."""
    errors = [_squares(side) / (len(side) - 1) / len(side) for side in (base, candidate)]
    total = sum(errors)
    if total == 0:
        return statistics.fmean(candidate) < statistics.fmean(base)
    freedom = total**2 / sum(error**2 / (len(base) - 1) for error in errors)
    t = (statistics.fmean(base) - statistics.fmean(candidate)) / math.sqrt(total)
    return t > critical_95(int(freedom))


# Two-tailed critical values of Student's t at 95 % for 1 to 30 degrees of freedom; beyond them pyperf takes steps.
# fmt: off
CRITICAL = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)
# fmt: on
STEPS = ((200, 1.960), (100, 1.984), (80, 1.990), (60, 2.000), (50, 2.009), (40, 2.021))


def critical_95(freedom: int) -> float:
    """As pyperf 2.10.0 has it, _utils.py: `tdist95conf_level`."""
    for least, value in STEPS:
        if freedom >= least:
            return value
    return CRITICAL[min(freedom, len(CRITICAL)) - 1]


def _squares(values: Seconds) -> float:
    mean = statistics.fmean(values)
    return math.fsum((x - mean) ** 2 for x in values)


def _taken(base: Seconds, candidate: Seconds) -> int:
    return len(base) + len(candidate)


PEERS = (
    Peer("one run each, any difference", 1, one_shot(0.0)),
    Peer("one run each, above 5 %", 1, one_shot(0.05)),
    Peer("minimum of 5 loops, above 5 %", 5, minimum),
    Peer("minimum of 10 loops, above 5 %", 10, minimum),
    Peer("minimum of 20 loops, above 5 %", 20, minimum),
    Peer("pytest-benchmark, min:5%", 10, pytest_benchmark(min)),
    Peer("pytest-benchmark, median:5%", 10, pytest_benchmark(statistics.median)),
    Peer("pytest-benchmark, mean:5%", 10, pytest_benchmark(statistics.fmean)),
    Peer("pyperf compare_to", 20, pyperf),
    Peer("hyperfine, lower mean", 30, hyperfine_mean),
    Peer("hyperfine, ratio − σ above 1", 30, hyperfine_relative),
    Peer("hyperfine, mean ± σ apart", 30, hyperfine_apart),
    Peer("Welch's t test, looking after each pair", 30, welch_peeking, in_pairs=True),
)
