"""What a person sees while a run goes on: a live screen on a terminal, a plain log elsewhere, on standard error."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from llmopt import output
from llmopt.data import Decision, Usage, Verdict
from llmopt.events import Budget, View
from llmopt.loop import Event, Localized
from llmopt.reports import words
from llmopt.reports.live import State, Trying, screen, verdict_line
from llmopt.reports.screen import Screen

Environ = Mapping[str, str] | None


class Shown(View, Protocol):
    """A view that a person sees while it is open."""

    def __enter__(self) -> Shown: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
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

    def budget(self, budget: Budget) -> None:
        return None

    def stage(self, text: str) -> None:
        if self.verbose:
            self._say(f"… {text}")

    def phase(self, name: str) -> None:
        return None

    def check(self, name: str, what: str, seconds: float = 0.0) -> None:
        self.stage(f"{name}: {what}{words.expected(seconds)}")

    def progress(self, decision: Decision, most: int = 0) -> None:
        if self.verbose:
            self._say(f"… {words.decision(decision, most)}")

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


class LiveScreen:
    """The live view; what stays on the terminal when it ends are the verdicts, as plain lines."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self._clock = console, clock
        self.state = State(started=clock())
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def _render(self) -> RenderableType:
        width, height = self.console.size
        return screen(self.state, self._clock(), self._spinner, width, height)

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

    def budget(self, budget: Budget) -> None:
        self.state.budget = budget

    def phase(self, name: str) -> None:
        phases = self.state.phases
        if name in phases:  # it begins anew on what was kept
            phases = phases[: phases.index(name)]
            self.state.rounds += 1
        self.state.phases = [*phases, name]

    def stage(self, text: str) -> None:
        self.state.stage, self.state.decision = output.one_line(text), None
        self.state.measuring = self._clock()

    def check(self, name: str, what: str, seconds: float = 0.0) -> None:
        what = output.one_line(what)
        if self.state.trying is None or self.state.trying.what != what:
            self.state.trying = Trying(what)
        self.state.trying.checks.append(name)
        self.stage(f"{name}{words.expected(seconds)}")

    def progress(self, decision: Decision, most: int = 0) -> None:
        self.state.decision, self.state.most_pairs = decision, most

    def event(self, event: Event) -> None:
        if isinstance(event, Localized):
            self.state.hotspots, self.state.skipped = event.hotspots, len(event.skipped)
        elif isinstance(event, Verdict):
            self.state.verdicts.append(event)
            self.state.trying = None
            self.stage("what to try next")
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


def open_view(console: Console, *, live: bool, verbose: bool, quiet: bool, environ: Environ = None) -> Shown:
    """The live screen on a terminal, unless a plain log is asked for."""
    if live and not (verbose or quiet) and can_redraw(console, os.environ if environ is None else environ):
        return LiveScreen(console)
    return Log(console, verbose, quiet)


def can_redraw(console: Console, environ: Mapping[str, str]) -> bool:
    """Whether lines may be overwritten: on a real terminal that a person looks at. FORCE_COLOR makes a pipe none, and
    some CI services record what they give a job as its terminal."""
    is_watched = environ.get("CI", "").lower() in ("", "0", "false")
    return is_watched and console.file.isatty() and console.is_terminal and not console.is_dumb_terminal
