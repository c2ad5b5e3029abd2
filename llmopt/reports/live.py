"""What a run has so far in, the rows of its live screen out: as many as the terminal has room for."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from llmopt.data import Decision, Hotspot, Usage, Verdict
from llmopt.events import Budget
from llmopt.reports import words

SHOWN_HOTSPOTS = 5
SHOWN_VERDICTS = 8
SHOWN_NOTICES = 3
NUMBERS_WIDTH = 45  # of the columns beside a function's name


@dataclass
class Trying:
    """The candidate in the funnel: the checks that it came to, of which all but the last are passed."""

    what: str
    checks: list[str] = field(default_factory=list)


@dataclass
class State:
    """What the live screen shows. Times are the clock's seconds; those that are 0 have no limit."""

    header: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    rounds: int = 1
    stage: str = "starting"
    decision: Decision | None = None
    most_pairs: int = 0
    trying: Trying | None = None
    hotspots: tuple[Hotspot, ...] = ()
    skipped: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)
    measuring: float = 0.0  # since when
    budget: Budget = field(default_factory=Budget)


def screen(state: State, now: float, spinner: RenderableType, width: int = 80, height: int = 24) -> RenderableType:
    """The whole screen, no higher than the terminal; readable at 80 columns and without colour."""
    below: list[RenderableType] = [*_trying(state.trying), _stage(state, now, spinner), *_footer(state, now)]
    kept = [verdict_line(verdict) for verdict in state.verdicts if verdict.accepted]
    tried = [verdict_line(verdict) for verdict in state.verdicts if not verdict.accepted]
    sections = {
        "header": [Text(row, style="dim") for line in state.header for row in textwrap.wrap(line, width - 1)],
        "hot": [Text()] * len(state.hotspots[:SHOWN_HOTSPOTS]),
        "kept": kept[-SHOWN_VERDICTS:],
        "tried": tried[-SHOWN_VERDICTS:],
        "notices": [Text(f"note: {notice}", style="yellow") for notice in state.notices[-SHOWN_NOTICES:]],
    }
    titles = bool(state.hotspots) + bool(state.skipped)
    fitted = fit(sections, height - 1 - len(below) - titles)
    parts: list[RenderableType] = [*fitted["header"]]
    if fitted["hot"]:
        parts.append(hot_table(state.hotspots[: len(fitted["hot"])], state.skipped, width))
    parts += [_cut(line) for name in ("kept", "tried", "notices") for line in fitted[name]]
    return Group(*parts, *below)


# What gives way on a low terminal, in this order, and how many of its lines stay at that step.
GIVES_WAY = (
    *(("notices", 1), ("tried", 3), ("header", 4), ("hot", 3), ("kept", 3), ("header", 1), ("tried", 1)),
    *(("hot", 0), ("notices", 0), ("kept", 1), ("tried", 0), ("header", 0), ("kept", 0)),
)
NEWEST_LAST = ("kept", "tried", "notices")


def fit(sections: Mapping[str, list[Text]], room: int) -> dict[str, list[Text]]:
    """The sections with so many lines taken away that no more than `room` are left: of lists the oldest ones."""
    fitted = {name: [*lines] for name, lines in sections.items()}
    for name, least in GIVES_WAY:
        too_many = sum(map(len, fitted.values())) - room
        if too_many <= 0:
            break
        stay = max(least, len(fitted[name]) - too_many)
        fitted[name] = fitted[name][-stay:] if stay and name in NEWEST_LAST else fitted[name][:stay]
    return fitted


def _cut(line: Text) -> Text:
    """The line on one row."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _trying(trying: Trying | None) -> list[RenderableType]:
    """The candidate and what it has passed so far."""
    if trying is None:
        return []
    passed = ", ".join(trying.checks[:-1])
    return [_cut(Text(f"▸ {trying.what}")), *([_cut(Text(f" ✓ {passed}", style="dim"))] if passed else [])]


def _stage(state: State, now: float, spinner: RenderableType) -> RenderableType:
    """What is done at the moment, and what it has measured so far."""
    stage = Table.grid(padding=(0, 1))
    text = Text(state.stage, style="bold", no_wrap=True, overflow="ellipsis")
    if state.decision:
        text = Text(f"{state.stage}: ", style="bold", no_wrap=True, overflow="ellipsis")
        text.append(words.decision(state.decision, state.most_pairs), style="not bold")
        text.append(_remaining(state, now), style="not bold")
    stage.add_row(spinner, text)
    return stage


def _remaining(state: State, now: float) -> str:
    """The most that the measurement can still take, by the pairs so far."""
    done = state.decision.pairs if state.decision else 0
    if not done or not state.most_pairs:
        return ""
    return f", at most {words.coarse((now - state.measuring) / done * max(0, state.most_pairs - done))} left"


def _footer(state: State, now: float) -> list[RenderableType]:
    """What the run has so far, what that cost, and how long it may go on."""
    elapsed = words.coarse(now - state.started)
    if not state.budget.seconds:  # it tries no edits, and has no limit of its own
        return [Text(f"{elapsed} gone", style="dim")]
    kept = [verdict.speedup for verdict in state.verdicts if verdict.accepted]
    gain = f" ({math.prod(kept):.2f}x)" if kept else ""
    tried = f"{sum(verdict.is_edit for verdict in state.verdicts)} tried, {len(kept)} kept{gain}"
    left = state.budget.seconds - (now - state.started)
    lines = [f"{tried} · {words.spent(state.usage, state.budget.usd, state.budget.tokens)}"]
    until = f"at most {words.coarse(left)} left" if left > 0 else "its time is over: ends after this"
    lines.append(f"{elapsed} gone, {until} · Ctrl-C stops, what is kept stays")
    return [_cut(Text(line, style="dim")) for line in [*_phases(state), *lines]]


def _phases(state: State) -> list[str]:
    """Which parts of the run are done, and which one goes on; none where a command has no parts."""
    again = f" (round {state.rounds})" if state.rounds > 1 else ""
    marked = [f"✓ {phase}" for phase in state.phases[:-1]] + [f"▸ {phase}{again}" for phase in state.phases[-1:]]
    return ["  ".join(marked)] if marked else []


def hot_table(hotspots: tuple[Hotspot, ...] | list[Hotspot], skipped: int = 0, width: int = 0) -> Table:
    """The hot functions as people read them; with `width`, each on one row of no more columns."""
    table = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
    if width:
        table.add_column("hot function", overflow="ellipsis", no_wrap=True, max_width=width - NUMBERS_WIDTH)
    else:
        table.add_column("hot function", overflow="fold", ratio=1)
    for title in ("self", "inclusive", "calls", "headroom"):
        table.add_column(title, justify="right", no_wrap=True)
    for spot in hotspots:
        table.add_row(
            words.short(spot.function.key),
            words.percent(spot.self_share),
            words.percent(spot.inclusive_share),
            f"{spot.calls:,}" if spot.calls is not None else "–",
            words.headroom(spot.headroom),
        )
    if skipped:
        table.add_row(Text(f"and {skipped} more, too little to gain", style="dim"))
    return table


def verdict_line(verdict: Verdict) -> Text:
    """A kept edit with a tick, another with a cross and the stage that turned it down."""
    if verdict.accepted:
        return Text.assemble(("✓ ", "green"), words.verdict(verdict))
    text = words.verdict(verdict).removeprefix("turned down at ")  # the cross says so
    return Text(f"✗ {text}", style="dim", overflow="ellipsis", no_wrap=True)
