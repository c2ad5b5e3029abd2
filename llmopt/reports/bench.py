"""Measured revisions in words and JSON: a result (and how it differs from a stored one) in, the report out."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from llmopt import output, samples
from llmopt.benching import SESSIONS_DIFFER, Bench, Difference, Measured
from llmopt.judge import describe
from llmopt.reports import summary, words
from llmopt.reports.comparison import STYLES

CAVEAT = (
    f"Runs of different times are no pairs: the machine may have changed by up to {SESSIONS_DIFFER:g}x, which is taken "
    "for the same. `llmopt compare` measures both side by side."
)


def text(bench: Bench) -> list[Table | Text]:
    """For each workload the median with its interval, the spread, and what else it used."""
    blocks = [part for found in bench.workloads if found.samples for part in (_title(found), block(found))]
    return [*blocks, *(Text(f"note: {line}", style="yellow") for line in (*bench.notices, *warnings(bench)))]


def _title(found: Measured) -> Text:
    calls = f" of {found.repetitions} calls" if found.repetitions > 1 else ""
    runs = f"{words.count(len(found.samples), 'run')}{calls}"
    return Text.assemble((output.plain(found.spec), "bold"), (f"  {runs}", "dim"))


def block(found: Measured) -> Table:
    """The numbers of one workload."""
    seconds = found.seconds
    low, high = samples.median_interval(seconds)
    spread = f" ± {words.precise(statistics.stdev(seconds))}" if len(seconds) > 1 else ""
    shown = Table.grid(padding=(0, 2), pad_edge=True)
    median = words.precise(statistics.median(seconds))
    shown.add_row("median", median, f"95 % interval {_span(low, high, ' … ')}" if low > 0 else "")
    shown.add_row(
        "mean ± σ",
        f"{words.precise(statistics.fmean(seconds))}{spread}",
        f"range {_span(min(seconds), max(seconds), ' … ')}",
    )
    cpu = words.precise(statistics.median(sample.cpu_seconds for sample in found.samples))
    shown.add_row("CPU time", cpu, f"peak memory {words.size(peak_bytes(found))}")
    return shown


def peak_bytes(found: Measured) -> float:
    """The median of the runs' peaks."""
    return statistics.median(sample.peak_bytes for sample in found.samples)


def _span(low: float, high: float, between: str) -> str:
    """Two durations; the unit once where it is the same."""
    (first, unit), (second, other) = words.precise(low).rsplit(" ", 1), words.precise(high).rsplit(" ", 1)
    return f"{first}{between}{second} {unit}" if unit == other else f"{first} {unit}{between}{second} {other}"


def warnings(bench: Bench) -> list[str]:
    """Workloads with outliers: something else ran, and the mean is not to be trusted."""
    said = []
    for found in bench.workloads:
        odd = samples.outliers(found.seconds)
        if odd:
            worst = words.precise(max(found.seconds[index] for index in odd))
            said.append(
                f"{output.plain(found.spec)}: {words.count(len(odd), 'outlier')} among {len(found.seconds)} runs "
                f"(up to {worst}): something else ran; the median bears them, mean and σ do not"
            )
    return said


def closing(bench: Bench, path: str) -> str:
    """Where the result is."""
    how = f", {bench.stopped}" if bench.stopped else ""
    how += f", sandbox: {bench.sandbox}" if bench.sandbox else ""
    return f"{bench.revision} measured on {bench.machine}{how}" + (f"; stored as {bench.name} ({path})" if path else "")


def beside(old: Bench, found: Sequence[Difference]) -> list[Table | Text]:
    """How a result differs from a stored one, with what that is worth."""
    shown = _table("workload", f"against {old.name} [99 %]", "")
    for each in found:
        said = Text(each.verdict, style=STYLES[each.verdict])
        shown.add_row(Text(output.plain(each.spec)), describe(each.speedup, each.interval), said)
    return [shown, Text(CAVEAT, style="dim")]


def listed(benches: Sequence[Bench]) -> Table:
    """One row for each workload of each stored result."""
    shown = _table("name", "measured", "Python", "workload", "median")
    shown.columns[-1].justify = "right"
    for bench in benches:
        at, python = datetime.fromtimestamp(bench.at), ".".join(str(part) for part in bench.python)
        about: Sequence[str] = (bench.name, f"{at:%Y-%m-%d %H:%M}", python)
        for found in bench.workloads:
            median = words.precise(statistics.median(found.seconds)) if found.samples else "–"
            shown.add_row(*map(Text, (*about, output.plain(found.spec), median)))
            about = ("", "", "")
    return shown


def _table(*titles: str) -> Table:
    shown = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
    for title in titles:
        shown.add_column(title, no_wrap=title != "workload", overflow="fold")
    return shown


def as_json(bench: Bench, old: Bench | None = None, found: Sequence[Difference] = ()) -> dict[str, Any]:
    """The documented keys of `llmopt bench --json`."""
    return {
        "name": bench.name,
        "revision": bench.revision,
        "commit": bench.commit,
        "at": bench.at,
        "python": ".".join(str(part) for part in bench.python),
        "machine": asdict(bench.machine),
        "sandbox": bench.sandbox,
        "workloads": [_workload(measured) for measured in bench.workloads if measured.samples],
        "notices": list(bench.notices),
        "stopped": bench.stopped,
        "compared": {"name": old.name, "workloads": [_difference(each) for each in found]} if old else None,
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "name": found.spec,
        "verdict": found.verdict,
        "speedup": round(found.speedup, 4),
        "interval": summary.bounds(found.interval) if found.interval[0] > 0 else [None, None],
    }


def _workload(found: Measured) -> dict[str, Any]:
    seconds = found.seconds
    low, high = samples.median_interval(seconds)
    return {
        "name": found.spec,
        "runs": len(seconds),
        "median": statistics.median(seconds),
        "interval": [low, high] if low > 0 else [None, None],
        "mean": statistics.fmean(seconds),
        "stdev": statistics.stdev(seconds) if len(seconds) > 1 else None,
        "min": min(seconds),
        "max": max(seconds),
        "cpu_seconds": statistics.median(sample.cpu_seconds for sample in found.samples),
        "peak_bytes": round(peak_bytes(found)),
        "outliers": samples.outliers(seconds),
        "repetitions": found.repetitions,
        "seconds": seconds,
    }
