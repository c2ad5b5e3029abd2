"""Counts in, rates with their intervals and Markdown tables out: what the benchmarks of the judge print."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z95 = 1.959964  # the normal quantile of a two-sided 95 % interval


@dataclass(frozen=True)
class Rate:
    """How often something happened in so many trials."""

    hits: int
    trials: int

    @property
    def share(self) -> float:
        return self.hits / self.trials if self.trials else math.nan

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % score interval: Wilson, JASA 22 (1927). It stays honest near 0 and 1, where rates of errors are."""
        if not self.trials:
            return 0.0, 1.0
        n, p, z = self.trials, self.share, Z95
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half))

    def __str__(self) -> str:
        low, high = self.bounds
        return f"{percent(self.share)} [{percent(low)}, {percent(high)}]"


def rate(events: Iterable[bool]) -> Rate:
    seen = list(events)
    return Rate(sum(seen), len(seen))


def percent(share: float) -> str:
    """With the digits that small rates need: 0.03 %, 0.4 %, 23 %."""
    if math.isnan(share):
        return "–"
    digits = 0 if share < 0.00005 or share >= 0.0995 else 1 if share >= 0.00995 else 2
    return f"{100 * share:.{digits}f} %"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; NaN of nothing."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else math.nan


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, the first column to the left and the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"
