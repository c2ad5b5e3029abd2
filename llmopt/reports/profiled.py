"""What a profile found in; a table with the hottest lines, or JSON, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from llmopt import output
from llmopt.data import Base, Hotspot, Profile, Project
from llmopt.reports import live, summary, words
from llmopt.reports.screen import Screen

SHOWN_FUNCTIONS, SHOWN_SOURCES = 15, 3
SHOWN_LINES = 6


@dataclass(frozen=True)
class Profiled:
    """Where the time of the workloads goes.

    `functions` are those of the repository that may be edited and have something to gain, largest self share first;
    `skipped` the others, each with the reason. `sources` are the texts of the functions' files as they were profiled.
    `base` is that code, with the seconds of one repetition of each workload without a profiler; `tree` names its
    content, the same for the same files. `scope` names the change that was kept to, "" for all code.
    `profile` is the whole call tree.
    """

    functions: tuple[Hotspot, ...]
    skipped: tuple[tuple[str, str], ...]
    profile: Profile
    project: Project
    base: Base
    tree: str
    scope: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def as_json(found: Profiled) -> dict[str, Any]:
    """The documented keys of `llmopt profile --json`: shares of the run, largest first."""
    return {
        "commit": found.profile.commit,
        "seconds": [round(seconds, 6) for seconds in found.profile.seconds],
        "lines_by": found.profile.measured_by,
        "notices": list(found.profile.notices),
        "functions": [_function(spot) for spot in found.functions],
        "skipped": [{"function": name, "reason": reason} for name, reason in found.skipped],
    }


def _function(spot: Hotspot) -> dict[str, Any]:
    return {
        "path": spot.function.path,
        "function": spot.function.name,
        "line": spot.function.line,
        "self": round(spot.self_share, 5),
        "with_libraries": round(spot.own_share, 5),
        "inclusive": round(spot.inclusive_share, 5),
        "calls": spot.calls,
        "headroom": round(min(spot.headroom, 1e6), 4),
        "lines": [{"line": cost.line, "hits": cost.hits, "share": round(cost.share, 4)} for cost in spot.lines],
        "arguments": {seen.name: list(seen.kinds) for seen in spot.arguments},
    }


def show(found: Profiled, console: Screen) -> None:
    """The table, then the hottest lines of the hottest functions."""
    console.print(summary.about(found.project), style="dim")
    for notice in found.profile.notices:
        console.print(f"note: {notice}", style="yellow")
    if not found.functions:
        if found.scope and not found.skipped:
            output.say(f"{found.scope} touches no function.")
            return
        whose = f"that {found.scope} touches" if found.scope else "of this repository"
        console.print(f"No function {whose} could gain enough: the time is spent elsewhere.", soft_wrap=True)
        tell_cold(found)
        return
    console.print(live.hot_table(found.functions[:SHOWN_FUNCTIONS], 0 if found.scope else len(found.skipped)))
    tell_cold(found)
    for spot in found.functions[:SHOWN_SOURCES]:
        if spot.lines:
            console.print(hot_lines(spot, found.sources[spot.function.path].splitlines()))
    console.print(
        f"lines and calls by {found.profile.measured_by}; the run under the sampler: "
        f"{', '.join(words.duration(seconds) for seconds in found.profile.seconds)}",
        style="dim",
        markup=False,
    )


def tell_cold(found: Profiled) -> None:
    """What a change touches and is not hot."""
    if found.scope and found.skipped:
        output.say("\n".join(summary.not_worth(found.skipped)))


def hot_lines(spot: Hotspot, source: list[str]) -> Table:
    """The lines where a function spends its own time, in their order."""
    table = Table(box=None, padding=(0, 1), title=Text(f"\n{spot.function.key}", style="bold"), title_justify="left")
    for title in ("line", "hits", "time"):
        table.add_column(title, justify="right", no_wrap=True, min_width=6)
    table.add_column("source", ratio=1)  # the one that may wrap, so that it alone gives way; its cells are cut instead
    hottest = sorted(spot.lines, key=lambda cost: -cost.share)[:SHOWN_LINES]
    for cost in sorted(hottest, key=lambda cost: cost.line):
        text = source[cost.line - 1] if cost.line <= len(source) else ""
        shown = Text(text, no_wrap=True, overflow="ellipsis")
        table.add_row(str(cost.line), f"{cost.hits:,}", words.percent(cost.share), shown)
    return table
