"""The picture of docs/how-we-measure.md from the recorded traces: what noise looks like, and which rules it fools.

pip install matplotlib    # for this script alone, no dependency of llmopt
python benchmarks/judge/picture.py [--traces DIR] [--out docs/how-we-measure.svg]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib  # type: ignore[import-not-found,unused-ignore]
from matplotlib import pyplot
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from peers import PEERS
from rates import Rate
from replay import LLMOPT, NAMES, TRACES, Block, Traces, as_taken, false_rate, load

DOCS = Path(__file__).parents[2] / "docs"
COLOURS = {"idle": "#2b6cb0", "loaded": "#c05621"}  # told apart by colour-blind eyes too, and by the markers
MARKERS = {"idle": "o", "loaded": "D"}
TICKS = (0, 1, 2, 5, 10, 20, 50)
SHOWN_BLOCK = 0.75  # of the loaded blocks the one at this quantile of spread: a bad one, not the worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--out", type=Path, default=DOCS / "how-we-measure.svg")
    arguments = parser.parse_args()
    matplotlib.rcParams.update({"svg.hashsalt": "llmopt", "font.size": 9.5, "axes.spines.top": False})
    matplotlib.rcParams["axes.spines.right"] = False
    traces = load(arguments.traces)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 5.2), width_ratios=(1, 1.35), layout="constrained")
    draw_samples(left, shown_block(traces))
    draw_rates(right, traces)
    metadata = {"Date": None} if arguments.out.suffix == ".svg" else None
    figure.savefig(arguments.out, dpi=130, metadata=metadata, facecolor="white")


def shown_block(traces: Traces) -> Block:
    """A block of the loaded trace, chosen by its spread and by nothing that a rule says of it."""
    blocks = [block for trace in traces.get("loaded", traces["idle"]) for block in trace]
    ordered = sorted(blocks, key=lambda block: max(ratios_of(block)) / min(ratios_of(block)))
    return ordered[int(SHOWN_BLOCK * len(ordered))]


def ratios_of(block: Block) -> list[float]:
    return [base / candidate for base, candidate in zip(*block.sides, strict=True)]


def draw_samples(axes: Any, block: Block) -> None:
    """The raw ratios of one block: equal code, so that every point off 1 is noise."""
    ratios = ratios_of(block)
    numbers = range(1, len(ratios) + 1)
    axes.axhspan(0.95, 1.05, color="#e2e8f0", zorder=0)
    axes.axhline(1.0, color="#4a5568", linewidth=1)
    axes.vlines(numbers, 1.0, ratios, color=COLOURS["loaded"], linewidth=1, alpha=0.6)
    axes.plot(numbers, ratios, MARKERS["loaded"], color=COLOURS["loaded"], markersize=4.5)
    axes.set_xlabel("pair, in the order measured")
    axes.set_ylabel("“speedup”: seconds of base / seconds of candidate")
    axes.set_title("Identical code, 30 pairs, other core busy", loc="left", fontsize=10.5)
    axes.set_xlim(0, len(ratios) + 1)
    axes.annotate("±5 %", (len(ratios) + 1.3, 1.05), va="center", color="#4a5568", annotation_clip=False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2f}x"))


def draw_rates(axes: Any, traces: Traces) -> None:
    """False acceptances of one candidate by rule, with their intervals, idle and loaded."""
    rules = {peer.name: as_taken(peer) for peer in PEERS} | LLMOPT
    places = {name: len(rules) - number for number, name in enumerate(rules)}
    for shift, name in zip((0.17, -0.17), NAMES, strict=True):
        seen = {rule: false_rate(decide, traces[name]) for rule, decide in rules.items()} if name in traces else {}
        draw_series(axes, name, {places[rule] + shift: rate for rule, rate in seen.items()})
    axes.axvline(1, color="#4a5568", linewidth=1, linestyle="--")
    axes.annotate("1 %", (1, len(rules) + 0.7), ha="center", va="bottom", color="#4a5568", annotation_clip=False)
    axes.set_xscale("symlog", linthresh=1, linscale=0.6)
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.set_xlim(-0.05, 75)
    axes.set_ylim(0.4, len(rules) + 0.7)
    axes.set_yticks(list(places.values()), list(places))
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text().startswith("llmopt") else "normal")
    axes.grid(axis="x", color="#e2e8f0")
    axes.set_axisbelow(True)
    axes.set_xlabel("identical candidates called faster, with 95 % interval")
    axes.set_title("How often each rule is fooled, on the same samples", loc="left", fontsize=10.5, pad=16)
    axes.legend(loc="lower right", frameon=True, framealpha=1, title="machine")


def draw_series(axes: Any, name: str, rates: dict[float, Rate]) -> None:
    shares = [100 * rate.share for rate in rates.values()]
    bounds = [[100 * bound for bound in rate.bounds] for rate in rates.values()]
    errors = [
        [share - low for share, (low, _) in zip(shares, bounds, strict=True)],
        [high - share for share, (_, high) in zip(shares, bounds, strict=True)],
    ]
    look = {"color": COLOURS[name], "markersize": 4.5, "elinewidth": 1.4, "capsize": 0, "label": name}
    axes.errorbar(shares, list(rates), xerr=errors, fmt=MARKERS[name], **look)


if __name__ == "__main__":
    main()
