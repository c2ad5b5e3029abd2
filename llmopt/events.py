"""What goes on in a run, as values: the methods by which its stages tell it in, one call of a function for each out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from llmopt import loop
from llmopt.data import Decision, Usage


@dataclass(frozen=True)
class About:
    """What the run works on, with what, and what it will send to whom: lines for a person."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Budget:
    """What a run may use at most; None and 0 are no bound."""

    seconds: float = 0.0
    usd: float | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Phase:
    """A large part of the run begins: "base", "profile", "search", "end to end"."""

    name: str


@dataclass(frozen=True)
class Step:
    """What is done next, in words."""

    text: str


@dataclass(frozen=True)
class Checking:
    """A candidate, called `what`, comes to a stage of the funnel, which takes `seconds` where that is known."""

    stage: str
    what: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Measuring:
    """How a measurement stands, of at most `most` pairs (0: nobody knows)."""

    decision: Decision
    most: int = 0


@dataclass(frozen=True)
class Notice:
    """Something the user should know."""

    text: str


@dataclass(frozen=True)
class Spent:
    """What the model used so far."""

    usage: Usage


Event = loop.Event | About | Budget | Phase | Step | Checking | Measuring | Notice | Spent
Listen = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Nobody listens."""


class View(Protocol):
    """Where the stages of a run tell their news: one method for each of the events above."""

    def header(self, lines: list[str]) -> None: ...
    def budget(self, budget: Budget) -> None: ...
    def phase(self, name: str) -> None: ...
    def stage(self, text: str) -> None: ...
    def check(self, name: str, what: str, seconds: float = 0.0) -> None: ...
    def progress(self, decision: Decision, most: int = 0) -> None: ...
    def event(self, event: loop.Event) -> None: ...
    def notice(self, text: str) -> None: ...
    def spent(self, usage: Usage) -> None: ...


class Telling:
    """A view that hands each news to a function."""

    def __init__(self, tell: Listen | None) -> None:
        self._tell = tell or ignore

    def header(self, lines: list[str]) -> None:
        self._tell(About(tuple(lines)))

    def budget(self, budget: Budget) -> None:
        self._tell(budget)

    def phase(self, name: str) -> None:
        self._tell(Phase(name))

    def stage(self, text: str) -> None:
        self._tell(Step(text))

    def check(self, name: str, what: str, seconds: float = 0.0) -> None:
        self._tell(Checking(name, what, seconds))

    def progress(self, decision: Decision, most: int = 0) -> None:
        self._tell(Measuring(decision, most))

    def event(self, event: loop.Event) -> None:
        self._tell(event)

    def notice(self, text: str) -> None:
        self._tell(Notice(text))

    def spent(self, usage: Usage) -> None:
        self._tell(Spent(usage))


def shown_on(view: View) -> Listen:
    """The function that shows each event on a view: the other way round."""

    def listen(event: Event) -> None:
        match event:
            case About(lines):
                view.header(list(lines))
            case Budget():
                view.budget(event)
            case Phase(name):
                view.phase(name)
            case Step(text):
                view.stage(text)
            case Checking(stage, what, seconds):
                view.check(stage, what, seconds)
            case Measuring(decision, most):
                view.progress(decision, most)
            case Notice(text):
                view.notice(text)
            case Spent(usage):
                view.spent(usage)
            case _:
                view.event(event)

    return listen
