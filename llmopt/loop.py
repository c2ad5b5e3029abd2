"""The search for faster code, on one screen: a base in, events out. The command line prints, saves and exits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llmopt.data import Base, Hotspot, Profile, Profiler, Proposal, Proposer, Verdict
from llmopt.errors import BudgetError, EnoughError


@dataclass(frozen=True)
class Localized:
    """The functions worth a try, largest gain first, and those that are not: (function, why)."""

    hotspots: tuple[Hotspot, ...]
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stopped:
    """The run ended before it had tried everything, and why."""

    reason: str


Event = Profile | Localized | Proposal | Verdict | Stopped


@dataclass(frozen=True)
class Stages:
    """The functions of a run, chosen at the edge. `accept` makes the base that an accepted verdict leads to; `enough`
    says why to stop now, "" to go on."""

    profile: Profiler
    localize: Callable[[Profile], Localized]
    propose: Callable[[Base], Proposer]
    attempt: Callable[[Proposal, Base, Sequence[Verdict]], Verdict]
    accept: Callable[[Base, Verdict], Base]
    enough: Callable[[], str]


def optimize(base: Base, stages: Stages) -> Iterator[Event]:
    """Profile, localize, propose and try until nothing is left to try, or until it is enough."""
    verdicts: list[Verdict] = []
    accepted = True
    try:
        while accepted:
            profile = stages.profile(base)
            yield profile
            localized = stages.localize(profile)
            yield localized
            accepted = False
            for proposal in stages.propose(base)(localized.hotspots, verdicts):
                yield proposal
                verdict = stages.attempt(proposal, base, verdicts)
                verdicts.append(verdict)
                yield verdict
                if reason := stages.enough():
                    yield Stopped(reason)
                    return
                if verdict.accepted:
                    base, accepted = stages.accept(base, verdict), True
                    break  # the profile is stale now
    except (BudgetError, EnoughError) as end:
        yield Stopped(end.message)
