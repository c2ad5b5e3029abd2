"""What a person sees while a run goes on: a live screen on a terminal, a plain log elsewhere, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from llmopt import output
from llmopt.data import Decision, Hotspot, Usage, Verdict
from llmopt.loop import Event, Localized
from llmopt.reports import words
from llmopt.reports.screen import Screen

SHOWN_HOTSPOTS = 5
SHOWN_VERDICTS = 8


class View(Protocol):
    """Where a run's news goes."""

    def __enter__(self) -> View: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def header(self, lines: list[str]) -> None: ...
    def stage(self, text: str) -> None: ...
    def progress(self, decision: Decision) -> None: ...
    def event(self, event: Event) -> None: ...
    def notice(self, text: str) -> None: ...
    def spent(self, usage: Usage) -> None: ...
    def paused(self) -> AbstractContextManager[None]: ...


class Log:
    """One line per event; nothing is overwritten, so it reads well in CI and through a pipe."""

    def __init__(self, console: Console, verbose: bool = False, quiet: bool = False) -> None:
        self.console, self.verbose, self.quiet = console, verbose, quiet
        self._started = time.monotonic()
        self._usage = Usage()

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _say(self, text: str) -> None:
        if not self.quiet:
            elapsed = time.monotonic() - self._started
            self.console.print(f"[{elapsed:6.1f}s] {output.one_line(text)}", soft_wrap=True)

    def header(self, lines: list[str]) -> None:
        for line in lines:
            self._say(line)

    def stage(self, text: str) -> None:
        if self.verbose:
            self._say(f"… {text}")

    def progress(self, decision: Decision) -> None:
        if self.verbose:
            self._say(f"… {words.decision(decision)}")

    def event(self, event: Event) -> None:
        for line in words.event(event):
            self._say(line)

    def notice(self, text: str) -> None:
        self._say(f"note: {text}")

    def spent(self, usage: Usage) -> None:
        if usage != self._usage:
            self._say(f"model: {words.tokens(usage)} so far")
        self._usage = usage

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class State:
    """What the live screen shows."""

    header: list[str] = field(default_factory=list)
    stage: str = "starting"
    detail: str = ""
    hotspots: tuple[Hotspot, ...] = ()
    skipped: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)
    max_seconds: float = 0.0
    budget: str = ""


def screen(state: State, now: float, spinner: RenderableType) -> RenderableType:
    """The whole screen; readable at 80 columns and without colour."""
    parts: list[RenderableType] = [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in state.header]
    if state.hotspots:
        parts.append(hot_table(state.hotspots[:SHOWN_HOTSPOTS], state.skipped))
    parts += [verdict_line(verdict) for verdict in state.verdicts[-SHOWN_VERDICTS:]]
    parts += [Text(f"note: {notice}", style="yellow") for notice in state.notices[-3:]]
    stage = Table.grid(padding=(0, 1))
    stage.add_row(spinner, Text(state.stage, style="bold"), Text(state.detail, overflow="ellipsis", no_wrap=True))
    parts += [stage, Text(_footer(state, now), style="dim")]
    return Group(*parts)


def _footer(state: State, now: float) -> str:
    elapsed = now - state.started
    if not state.max_seconds:  # it tries no edits, and has no limit of its own
        return f"{words.duration(elapsed)} gone"
    kept = [verdict for verdict in state.verdicts if verdict.accepted]
    parts = [f"{len(state.verdicts)} tried, {len(kept)} kept", words.tokens(state.usage) + state.budget]
    left = max(0.0, state.max_seconds - elapsed)
    parts.append(f"{words.duration(elapsed)} gone, {words.duration(left)} left")
    return " · ".join(parts)


def hot_table(hotspots: tuple[Hotspot, ...] | list[Hotspot], skipped: int = 0) -> Table:
    """The hot functions as people read them."""
    table = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
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
        table.add_row(Text(f"{words.count(skipped, 'more function')} without enough to gain", style="dim"))
    return table


def verdict_line(verdict: Verdict) -> Text:
    """A kept edit with a tick, another with a cross and the stage that turned it down."""
    if verdict.accepted:
        return Text.assemble(("✓ ", "green"), words.verdict(verdict))
    return Text(f"✗ {words.verdict(verdict)}", style="dim", overflow="ellipsis", no_wrap=True)


class LiveScreen:
    """The live view; what stays on the terminal when it ends are the verdicts, as plain lines."""

    def __init__(
        self, console: Console, max_seconds: float, budget: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console, self._clock = console, clock
        self.state = State(max_seconds=max_seconds, budget=budget, started=clock())
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def _render(self) -> RenderableType:
        return screen(self.state, self._clock(), self._spinner)

    def __enter__(self) -> LiveScreen:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        for line in self.state.header:
            self.console.print(Text(line, style="dim"))
        for verdict in self.state.verdicts:
            self.console.print(verdict_line(verdict))
        for notice in self.state.notices:
            self.console.print(Text(f"note: {notice}", style="yellow"))

    def header(self, lines: list[str]) -> None:
        self.state.header += map(output.one_line, lines)

    def stage(self, text: str) -> None:
        self.state.stage, self.state.detail = output.one_line(text), ""

    def progress(self, decision: Decision) -> None:
        self.state.detail = words.decision(decision)

    def event(self, event: Event) -> None:
        if isinstance(event, Localized):
            self.state.hotspots, self.state.skipped = event.hotspots, len(event.skipped)
        elif isinstance(event, Verdict):
            self.state.verdicts.append(event)
        else:
            self.stage(words.event(event)[0])

    def notice(self, text: str) -> None:
        self.state.notices.append(output.one_line(text))

    def spent(self, usage: Usage) -> None:
        self.state.usage = usage

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The terminal is free for a question inside."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()


def show(parts: Sequence[RenderableType]) -> None:
    """Print a result. Without a terminal its lines stay whole, however long they are."""
    console = Screen()
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text) and not console.is_terminal)


def open_view(
    console: Console, *, live: bool, verbose: bool, quiet: bool, max_seconds: float = 0.0, budget: str = ""
) -> View:
    """The live screen on a terminal, unless a plain log is asked for."""
    if live and console.is_terminal and not (verbose or quiet):
        return LiveScreen(console, max_seconds, budget)
    return Log(console, verbose, quiet)
