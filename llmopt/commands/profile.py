"""`llmopt profile`: a path and a workload in, the hot functions out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from llmopt import encoding, output, scopes, session, stages
from llmopt.data import Hotspot, Profile
from llmopt.errors import UsageError
from llmopt.loop import Localized
from llmopt.profilers import speedscope
from llmopt.reports import live, summary, terminal, words
from llmopt.reports.screen import Screen
from llmopt.session import Session

SHOWN_LINES = 6


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_git: bool = False
    speedscope: Path | None = None
    staged: bool = False
    changed_since: str = ""


def run(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str], options: Options) -> int:
    """Profile the workloads and print the hot functions, largest self share first."""
    flags = {**flags, "hotspots": 1000}
    refuse_without_git(options)
    scope = scopes.asked(path, options.staged, options.changed_since, environ)
    with session.start(path, flags, environ, no_git=options.no_git, temporary=True, scope=scope) as opened:
        log = terminal.Log(Screen(stderr=True), options.verbose, options.quiet or not options.verbose)
        for notice in opened.notices:
            log.notice(notice)
        base = stages.unmeasured_base(opened)
        profile = stages.profile(opened, base, log.stage)
        found = stages.localized(opened, profile)
        if options.speedscope:
            speedscope.write(profile, options.speedscope)
        if options.json:
            print(json.dumps(as_json(found, profile)))
        else:
            show(opened, found, profile)
    return 0


def as_json(found: Localized, profile: Profile) -> dict[str, Any]:
    """The documented keys of `llmopt profile --json`: shares of the run, largest first."""
    return {
        "commit": profile.commit,
        "seconds": [round(seconds, 6) for seconds in profile.seconds],
        "lines_by": profile.measured_by,
        "notices": list(profile.notices),
        "functions": [_function(spot) for spot in by_self(found)],
        "skipped": [{"function": name, "reason": reason} for name, reason in found.skipped],
    }


def by_self(found: Localized) -> list[Hotspot]:
    """Largest self share first."""
    return sorted(found.hotspots, key=lambda spot: (-spot.self_share, -spot.inclusive_share))


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


def refuse_without_git(options: Options) -> None:
    if options.no_git and (options.staged or options.changed_since):
        raise UsageError("--staged and --changed-since need git to say what has changed", "leave --no-git out")


def show(opened: Session, found: Localized, profile: Profile) -> None:
    """The table, then the hottest lines of the hottest functions."""
    console = Screen()
    console.print(summary.header(opened)[1], style="dim")
    for notice in profile.notices:
        console.print(f"note: {notice}", style="yellow")
    spots = by_self(found)
    if not spots:
        whose = f"that {opened.scope.name} touches" if opened.scope else "of this repository"
        console.print(f"No function {whose} could gain enough: the time is spent elsewhere.", soft_wrap=True)
        tell_cold(opened, found)
        return
    console.print(live.hot_table(spots[:15], 0 if opened.scope else len(found.skipped)))
    tell_cold(opened, found)
    read = encoding.reader(opened.trees.of(profile.commit))
    for spot in spots[:3]:
        if spot.lines:
            console.print(hot_lines(spot, read(spot.function.path).splitlines()))
    console.print(
        f"lines and calls by {profile.measured_by}; the run under the sampler: "
        f"{', '.join(words.duration(seconds) for seconds in profile.seconds)}",
        style="dim",
        markup=False,
    )


def tell_cold(opened: Session, found: Localized) -> None:
    """What a change touches and is not hot."""
    if opened.scope:
        output.say("\n".join(summary.not_worth(found.skipped)))


def hot_lines(spot: Hotspot, source: list[str]) -> Table:
    """The lines where a function spends its own time, in their order."""
    table = Table(box=None, padding=(0, 1), title=Text(f"\n{spot.function.key}", style="bold"), title_justify="left")
    for title in ("line", "hits", "time"):
        table.add_column(title, justify="right", no_wrap=True, min_width=6)
    table.add_column("source", no_wrap=True, overflow="ellipsis", ratio=1)
    hottest = sorted(spot.lines, key=lambda cost: -cost.share)[:SHOWN_LINES]
    for cost in sorted(hottest, key=lambda cost: cost.line):
        text = source[cost.line - 1] if cost.line <= len(source) else ""
        table.add_row(str(cost.line), f"{cost.hits:,}", words.percent(cost.share), Text(text))
    return table
