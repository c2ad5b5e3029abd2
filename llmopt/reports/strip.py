"""Paired samples in, a strip plot as SVG out: the ratio of every pair, the estimate and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

WIDTH, HEIGHT, MARGIN, AXIS = 640, 64, 14, 44
TICKS = (0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0)
LEAST_GAP = 44  # pixels between two marks of the axis
LEAST_SPAN = math.log(1.05)  # so that noise does not look like a gain


def svg(values: Sequence[float], speedup: float, interval: tuple[float | None, float | None]) -> str:
    """The plot on a logarithmic axis that always shows 1; "" without samples. The height of a dot has no meaning."""
    if not values:
        return ""
    low, high = (bound if bound else speedup for bound in interval)
    logs = [math.log(value) for value in (*values, 1.0, low, high)]
    start, end = min(logs), max(max(logs), min(logs) + LEAST_SPAN)
    pad = 0.04 * (end - start)
    place = _Axis(start - pad, end + pad)
    told = (
        f"{len(values)} pairs, base over candidate: from {min(values):.3f} to {max(values):.3f}, estimate {speedup:.3f}"
    )
    parts = [f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(told)}>']
    parts.append(
        f'<rect class="interval" x="{place.x(low):.1f}" y="6" width="{max(1.0, place.x(high) - place.x(low)):.1f}" '
        f'height="{AXIS - 10}"/>'
    )
    parts += [f'<line class="one" x1="{place.x(1):.1f}" x2="{place.x(1):.1f}" y1="2" y2="{AXIS}"/>']
    parts += [
        f'<line class="estimate" x1="{place.x(speedup):.1f}" x2="{place.x(speedup):.1f}" y1="4" y2="{AXIS - 2}"/>'
    ]
    parts += [
        f'<circle cx="{place.x(value):.1f}" cy="{10 + (number * 7) % (AXIS - 16)}" r="3">'
        f"<title>pair {number + 1}: {value:.3f}x</title></circle>"
        for number, value in enumerate(values)
    ]
    parts.append(f'<line class="axis" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{AXIS}" y2="{AXIS}"/>')
    parts += [f'<text x="{place.x(tick):.1f}" y="{AXIS + 14}">{tick:g}x</text>' for tick in place.ticks()]
    return "".join([*parts, "</svg>"])


class _Axis:
    """Logarithms to pixels."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.unit = start, (WIDTH - 2 * MARGIN) / (end - start)

    def x(self, ratio: float) -> float:
        return MARGIN + (math.log(ratio) - self.start) * self.unit

    def ticks(self) -> list[float]:
        """Those that fit, 1 first."""
        shown: list[float] = []
        for tick in sorted(TICKS, key=lambda each: (each != 1, each not in (0.5, 2, 5, 10), abs(math.log(each)))):
            inside = MARGIN <= self.x(tick) <= WIDTH - MARGIN
            if inside and all(abs(self.x(tick) - self.x(each)) >= LEAST_GAP for each in shown):
                shown.append(tick)
        return shown
