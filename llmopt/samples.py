"""Numbers that were measured in, robust statements about them out: centre, interval, outliers, shift. Pure functions.

The judge has its own rule for pairs; this is for samples that are no pairs.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

# Modified z-scores above this are outliers: Iglewicz and Hoaglin, "How to detect and handle outliers" (1993).
OUTLIER = 3.5
MAD_TO_SIGMA = 1.4826  # what the median absolute deviation is multiplied with to be a Gaussian's standard deviation


def median_interval(values: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """The interval of the median between two of the values, whatever their distribution; infinite with too few.

    The binomial order statistics of the sign test: Conover, "Practical nonparametric statistics" (1999), section 3.2.
    """
    ordered, n = sorted(values), len(values)
    rank, below = 0, 0.0
    while rank < n and (below := below + math.comb(n, rank) / 2**n) <= alpha / 2:
        rank += 1
    if rank == 0:
        return -math.inf, math.inf
    return ordered[rank - 1], ordered[n - rank]


def outliers(values: Sequence[float]) -> list[int]:
    """The positions of values that lie too far from the median to be of the same kind."""
    if len(values) < 3:
        return []
    centre = statistics.median(values)
    spread = MAD_TO_SIGMA * statistics.median(abs(value - centre) for value in values)
    return [i for i, value in enumerate(values) if spread and abs(value - centre) > OUTLIER * spread]


def shift(old: Sequence[float], new: Sequence[float], alpha: float = 0.01) -> tuple[float, tuple[float, float]]:
    """By how much `old` lies above `new`, with its interval: the Hodges-Lehmann estimate with the bounds that come from
    inverting the Mann-Whitney test (Hollander and Wolfe, "Nonparametric statistical methods" (1973), section 4.3, with
    the large-sample ranks). Infinite bounds with too few values.
    """
    differences = sorted(x - y for x in old for y in new)
    m, n = len(old), len(new)
    reach = statistics.NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt(m * n * (m + n + 1) / 12)
    rank = math.floor(m * n / 2 - reach)
    if rank < 1:
        return statistics.median(differences), (-math.inf, math.inf)
    return statistics.median(differences), (differences[rank - 1], differences[m * n - rank])


def ratio(old: Sequence[float], new: Sequence[float], alpha: float = 0.01) -> tuple[float, tuple[float, float]]:
    """By what factor `old` is greater than `new`, both positive, with its interval: the shift of their logarithms."""
    centre, (low, high) = shift([math.log(value) for value in old], [math.log(value) for value in new], alpha)
    return math.exp(centre), (math.exp(low), math.exp(high))
