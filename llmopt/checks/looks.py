"""Inputs in, what base and candidate do with each of them out: the candidate runs first, the base where it is needed.

What the base does was recorded before. It runs again only to see an input in full, or to see that it agrees with itself
once more, and then only up to that input; every process does all that came before it, for the state they leave behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from llmopt.checks import replays
from llmopt.checks.replays import Expected, Runs

UNCHANGED = ["unchanged"]

Result = Mapping[str, Any]
Results = Mapping[str, Result]
T = TypeVar("T")


class Look:
    """One replay of some of the expected inputs, of all without `names`. With `at_once` the base runs beside it.

    `lines` are those of the candidate of which its results are to say whether they ran.
    """

    def __init__(
        self,
        base: Runs,
        candidate: Runs,
        expected: Expected,
        names: Sequence[str] = (),
        *,
        at_once: bool = False,
        lines: Mapping[str, Any] | None = None,
    ) -> None:
        self.base = base
        self.candidate = candidate
        self.expected = expected
        self.asked = replays.only(expected.inputs, names) if names else list(expected.inputs)
        self.places = {each["id"]: at for at, each in enumerate(self.asked) if not each.get("idle")}
        self.at_once = at_once
        self.options = {"lines": lines} if lines else {}

    def under(self, seeds: Sequence[str]) -> Iterator[Seen]:
        """What was seen under each hash seed; the processes of all of them run at the same time."""
        if self.at_once:
            results, again = both(
                lambda: self.candidate.replay(self.asked, seeds), lambda: self.base.replay(self.asked, seeds)
            )
            yield from (Seen(self, seed, results[seed], again[seed]) for seed in seeds)
        else:
            results = self.candidate.replay(self.asked, seeds, **self.options)
            yield from (Seen(self, seed, self._unhurried(seed, results[seed])) for seed in seeds)

    def _unhurried(self, seed: str, results: Results) -> Results:
        """The results without what took too long only because its lines were looked for, which costs a tight loop 30
        times its time where the interpreter has no monitoring."""
        if not self.options or not any(each.get("ended") for each in results.values()):
            return results
        again = self.candidate.replay(self.asked, (seed,))[seed]
        lines = {name: each["lines"] for name, each in results.items() if each.get("lines")}
        return {name: {**each, "lines": lines[name]} if name in lines else each for name, each in again.items()}

    def up_to(self, at: int, in_full: Sequence[str] = ()) -> list[Mapping[str, Any]]:
        full = set(in_full)
        return [
            {**each, "full": each["id"] in full, "idle": place > at or bool(each.get("idle"))}
            for place, each in enumerate(self.asked)
        ]


class Seen:
    """What the candidate did under one hash seed, and what the base did and does."""

    def __init__(self, look: Look, seed: str, results: Results, again: Results | None = None) -> None:
        self.look, self.seed, self.results = look, seed, results
        expected = look.expected.results
        self.unlike = [name for name in look.places if name in expected and unlike(expected[name], results[name])]
        everything = len(look.asked) - 1
        self._again = _Longer(self._base_again, everything, again)
        self._full = _Longer(self._both_in_full, everything)

    def pair(self, name: str) -> tuple[Result, Result]:
        """Of base and candidate. Where only one of the two left the arguments as they were, both are looked at in full:
        what was changed may be a place to keep things, that nobody sees."""
        if name not in self.unlike:
            return self.look.expected.results[name], self.results[name]
        base, candidate = self._full.up_to(self.look.places[name])
        return base[name], candidate[name]

    def again(self, name: str) -> Result:
        """What the base does once more."""
        found: Result = self._again.up_to(self.look.places[name])[name]
        return found

    def _base_again(self, at: int) -> Results:
        found: Results = self.look.base.replay(self.look.up_to(at), (self.seed,))[self.seed]
        return found

    def _both_in_full(self, at: int) -> tuple[Results, Results]:
        inputs, look, seeds = self.look.up_to(at, self.unlike), self.look, (self.seed,)
        candidate, base = both(lambda: look.candidate.replay(inputs, seeds), lambda: look.base.replay(inputs, seeds))
        return base[self.seed], candidate[self.seed]


class _Longer:
    """An answer about the inputs up to some place: asked for as far as it is wanted, and the next time for all."""

    def __init__(self, ask: Callable[[int], Any], everything: int, answer: Any = None) -> None:
        self.ask, self.everything, self.answer = ask, everything, answer
        self.known = -1 if answer is None else everything

    def up_to(self, at: int) -> Any:
        if at > self.known:
            self.known = at if self.known < 0 else self.everything
            self.answer = self.ask(self.known)
        return self.answer


def both(first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """The results of both, which run at the same time. The second one is waited for, so it has to end by itself."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        return first(), other.result()


def unlike(expected: Result, got: Result) -> bool:
    """Whether the arguments were left as they were in one of the two only."""
    pairs = zip(expected.get("calls", []), got.get("calls", []), strict=False)
    return any((before[1]["arguments"] == UNCHANGED) != (after[1]["arguments"] == UNCHANGED) for before, after in pairs)
