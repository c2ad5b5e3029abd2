"""A comparison as a picture: the ratio of every pair by workload, their density, the speedup and its interval.

The picture is SVG, written here; a PNG is drawn from it by resvg (the extra `llmopt[plot]`).
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from llmopt import output
from llmopt.comparing import Plan, Result
from llmopt.errors import UsageError
from llmopt.judge import Comparison, cost
from llmopt.reports.comparison import Compared, speedup

WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 860, 250, 30, 66, 64, 50
# Readable in print and with any colour vision; grey claims nothing.
COLOURS = {"faster": "#1f6fb4", "slower": "#c8501e", "same": "#6b7280", "inconclusive": "#6b7280"}
INK, FAINT = "#1f2937", "#9ca3af"
# In the order in which they are chosen while there is room.
TICKS = (1.0, 10.0, 0.1, 100.0, 0.01, 1e3, 1e-3, 1e4, 2.0, 0.5, 5.0, 0.2, 20.0, 0.05, 50.0, 0.02, 3.0, 1.5, 0.7)
FINE_TICKS = (1.2, 0.8, 1.1, 0.9, 1.05, 0.95, 1.02, 0.98, 1.01, 0.99)
NAME_CHARACTERS = 32
FORMATS = (".svg", ".png")
FONTS = tuple(map(Path, ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")))


def require_format(file: Path) -> None:
    """Refuse, before anything is measured, a file that cannot be drawn."""
    if file.suffix not in FORMATS:
        raise UsageError(f"--plot {file}: the name must end in {' or '.join(FORMATS)}")
    if not file.parent.is_dir():
        raise UsageError(f"--plot {file}: there is no folder {file.parent}")
    if file.suffix == ".png":
        _resvg()


def _resvg() -> Any:
    try:
        import resvg_py
    except ImportError:
        raise UsageError(
            "--plot needs resvg-py to draw a PNG", "pip install 'llmopt[plot]', or name a .svg, which needs nothing"
        ) from None
    if sys.platform == "linux" and not any(path.suffix in (".ttf", ".otf") for path in _files_of_fonts()):
        raise UsageError("--plot finds no fonts to write with in a PNG", "install some (fonts-dejavu), or name a .svg")
    return resvg_py


def _files_of_fonts() -> Iterator[Path]:
    return (path for folder in FONTS for path in folder.expanduser().rglob("*"))


def write(compared: Compared, result: Result, file: Path) -> None:
    """Write the picture in the format that the file's name says."""
    picture = svg(compared, result)
    if file.suffix == ".png":
        file.write_bytes(bytes(_resvg().svg_to_bytes(svg_string=picture, zoom=2)))
    else:
        file.write_text(picture, encoding="utf-8")


def svg(compared: Compared, result: Result) -> str:
    """The picture: one row for each workload on one logarithmic axis."""
    each = [log_ratios(result, index, compared.plan) for index in range(len(result.each))]
    scale = Scale.around([x for values in each for x in values], result.each)
    height = TOP + ROW * len(each) + BOTTOM
    parts = [_text(20, 28, f"{compared.head.title} against {compared.base.title}", 16, weight="bold")]
    parts += [_text(20, 48, _subtitle(compared, result), 12, FAINT), *_axis(scale, height, compared.plan)]
    for number, (values, found) in enumerate(zip(each, result.each, strict=True)):
        parts += _row(compared.ready.workloads[number].spec, values, found, scale, TOP + ROW * number)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
            ' font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def log_ratios(result: Result, index: int, plan: Plan) -> list[float]:
    """log(base / head) of a workload's pairs."""
    pairs = [pairs[index] for pairs in result.rounds]
    return [math.log(cost(p.base, plan.objective) / cost(p.candidate, plan.objective)) for p in pairs]


class Scale:
    """The axis: log ratios to pixels."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    @classmethod
    def around(cls, values: Sequence[float], found: Sequence[Comparison]) -> Scale:
        """Room for all values, for 1, and for the intervals as far as they are not much wider."""
        reach = max(0.02, *(abs(value) for value in values)) if values else 0.02
        bounds = [math.log(bound) for each in found for bound in each.interval if 0 < bound < 1e9]
        inside = [bound for bound in bounds if abs(bound) < 2 * reach]
        low, high = min(0.0, *values, *inside), max(0.0, *values, *inside)
        margin = 0.08 * max(high - low, 0.02)
        return cls(low - margin, high + margin)

    def x(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[float]:
        """Round ratios, none of them too near to its neighbour; 1 is one of them."""
        chosen: list[float] = []
        for tick in (*TICKS, *FINE_TICKS):
            at, inside = self.x(math.log(tick)), self.low <= math.log(tick) <= self.high
            if inside and all(abs(at - self.x(math.log(other))) > 52 for other in chosen):
                chosen.append(tick)
        return chosen


def _subtitle(compared: Compared, result: Result) -> str:
    what = "speedup" if compared.plan.objective == "time" else f"speedup by {compared.plan.objective}"
    overall = speedup(result.overall)
    return f"{what} of each pair (dots), its density, and the estimate with its interval · overall {overall}"


def _axis(scale: Scale, height: int, plan: Plan) -> list[str]:
    end, band = height - BOTTOM + 6, math.log(plan.resolution)
    left, right = scale.x(-band), scale.x(band)
    parts = [f'<rect x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{end - TOP}" fill="#f3f4f6"/>']
    for tick in scale.ticks():
        x, dashes = scale.x(math.log(tick)), "" if tick == 1 else ' stroke-dasharray="2 4"'
        stroke = INK if tick == 1 else "#d1d5db"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{end}" stroke="{stroke}"{dashes}/>')
        parts.append(_text(x, end + 16, f"{tick:g}x", 11, INK, "middle"))
    parts.append(_text(LEFT, end + 34, "← slower", 11, FAINT))
    return [*parts, _text(WIDTH - RIGHT, end + 34, "faster →", 11, FAINT, "end")]


def _row(spec: str, values: Sequence[float], found: Comparison, scale: Scale, top: float) -> list[str]:
    colour, middle = COLOURS[found.verdict], top + ROW / 2
    name = spec if len(spec) <= NAME_CHARACTERS else spec[: NAME_CHARACTERS - 1] + "…"
    said = f"{speedup(found)} {found.verdict}"
    parts = [_text(20, middle - 2, name, 12), _text(20, middle + 14, said, 11, colour)]
    parts += [_violin(values, scale, middle, colour)]
    for number, value in enumerate(values):
        y = middle + 7 + (number * 5) % 13  # spread out, the same way each time
        parts.append(f'<circle cx="{scale.x(value):.1f}" cy="{y}" r="2.4" fill="{colour}" fill-opacity="0.55"/>')
    low, high = (math.log(bound) if 0 < bound < 1e9 else math.copysign(math.inf, bound - 1) for bound in found.interval)
    line = f'y1="{middle}" y2="{middle}" stroke="{INK}" stroke-width="2.5"'
    parts.append(f'<line x1="{scale.x(low):.1f}" x2="{scale.x(high):.1f}" {line}/>')
    x = scale.x(math.log(found.speedup))
    diamond = f"M{x:.1f} {middle - 6} l5 6 l-5 6 l-5 -6 z"
    return [*parts, f'<path d="{diamond}" fill="#ffffff" stroke="{INK}" stroke-width="1.6"/>']


def _violin(values: Sequence[float], scale: Scale, middle: float, colour: str) -> str:
    """The density above the row's line: Gaussian kernels of Silverman's width (with the more robust of two spreads)."""
    if len(values) < 3:
        return ""
    quartiles = statistics.quantiles(values, n=4)
    spread = min(statistics.stdev(values), (quartiles[2] - quartiles[0]) / 1.34 or math.inf)
    width = max(0.9 * spread * len(values) ** -0.2, (scale.high - scale.low) / 400)
    low, high = min(values) - 3 * width, max(values) + 3 * width
    grid = [low + (high - low) * step / 120 for step in range(121)]
    density = [sum(math.exp(-(((x - value) / width) ** 2) / 2) for value in values) for x in grid]
    top = max(density)
    points = [f"{scale.x(x):.1f},{middle - 22 * y / top:.1f}" for x, y in zip(grid, density, strict=True)]
    closed = " ".join([f"{scale.x(low):.1f},{middle}", *points, f"{scale.x(high):.1f},{middle}"])
    return f'<polygon points="{closed}" fill="{colour}" fill-opacity="0.22" stroke="{colour}" stroke-opacity="0.6"/>'


def _text(x: float, y: float, said: str, size: int, colour: str = INK, anchor: str = "start", weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{bold}'
    return f"<text {where}>{escape(output.plain(said))}</text>"
