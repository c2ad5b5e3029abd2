"""Is a shown gain what it seems? A winner's rounds in, a doubt in words out, "" for none. Pure functions.

What is asked here is asked of winners only, on the samples that showed the gain. A doubt that the samples point to, and
that is not settled by SETTLED robust standard errors, is measured on until it is, or until they point the other way;
where the pairs end before, ENOUGH_AT_LAST is enough to put the edit aside, which does not lose it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from llmopt.data import Pair, Sample
from llmopt.judge import OBJECTIVES, centre_of, scale

DOUBTED = ("time", "cpu")  # the objectives whose gains are asked what they are
SURE, SETTLED, ENOUGH_AT_LAST, LEAST_PAIRS = 2.0, 2.5, 1.0, 7
# Of what each later repetition gains, the first one must gain at least this part.
FIRST_PART = 1 / 3
# Of what a repetition gains, at most this part may have been added outside of them.
MOVED_PART = 0.5
# What is before and after the timed part varies by some milliseconds: less than this part of it is no doubt.
OUTSIDE_GROWTH = 1.05
OUTSIDE = {
    "setup_seconds": "to import or set-up: they take",
    "rest_seconds": "after the timed part, or its end is told too early: the rest of the process takes",
}
MOST_CPU, SLOWER = 1.10, 1.02

Rounds = Sequence[Sequence[Pair]]


def doubt(rounds: Rounds, repetitions: Sequence[int], low: float, headroom: float) -> str:
    """Why a person should look at this gain before it is kept; `low` is the lower bound of the speedup, `headroom` what
    the edited functions could give if they cost nothing."""
    if low > headroom:
        return f"at least {low:.2f}x is more than the {headroom:.2f}x there would be if what was edited cost nothing"
    found = (words for values, words in _suspicions(rounds, repetitions) if plainly(values, ENOUGH_AT_LAST))
    return next(found, "")


def is_open(rounds: Rounds, repetitions: Sequence[int]) -> bool:
    """Do the samples point to a doubt that more of them may show, or take away?"""
    return any(centre_of(values) > 0 and not plainly(values, SETTLED) for values, _ in _suspicions(rounds, repetitions))


def price(rounds: Rounds, objective: str, most_memory: float) -> str:
    """What the gain is paid with elsewhere, when that is more than allowed: memory, CPU time, or time itself."""
    bounds = {"peak_bytes": most_memory, "cpu_seconds": MOST_CPU, "seconds": SLOWER}
    names = {"peak_bytes": "peak memory", "cpu_seconds": "CPU time", "seconds": "time"}
    for index in range(len(rounds[0])):
        for field, most in bounds.items():
            grown = [_growth(each[index], field) for each in rounds]
            if (
                field != OBJECTIVES[objective]
                and statistics.median(grown) > most
                and plainly([each - 1 for each in grown])
            ):
                extent = f"{statistics.median(grown):.2f} times the {names[field]} of the base"
                return f"takes {extent}, over {most:g}" + (" (--max-memory-growth)" if field == "peak_bytes" else "")
    return ""


def _growth(pair: Pair, field: str) -> float:
    before, after = getattr(pair.base, field), getattr(pair.candidate, field)
    return float(after / before) if before and after else 1.0


# Seconds of each pair by which it lies on the wrong side (above 0), and the doubt in words.
Suspicion = tuple[list[float], str]


def _suspicions(rounds: Rounds, repetitions: Sequence[int]) -> Iterator[Suspicion]:
    for index, count in enumerate(repetitions):
        pairs = [each[index] for each in rounds]
        yield from _only_repeated(pairs, count)
        yield from _moved_out(pairs)


def _only_repeated(pairs: Sequence[Pair], repetitions: int) -> Iterator[Suspicion]:
    """Does the gain show only from the second repetition in a process on?"""
    seen = [pair for pair in pairs if pair.base.first_seconds and pair.candidate.first_seconds]
    if repetitions < 2 or not seen:
        return
    first = [pair.base.first_seconds - pair.candidate.first_seconds for pair in seen]  # type: ignore[operator]
    later = [later_seconds(pair.base, repetitions) - later_seconds(pair.candidate, repetitions) for pair in seen]
    if statistics.median(later) > 0:
        yield (
            [FIRST_PART * b - a for a, b in zip(first, later, strict=True)],
            "the gain shows only from the second repetition in a process on: the first one gains "
            f"{_ms(max(0.0, statistics.median(first)))}, each later one {_ms(statistics.median(later))} "
            "(is it a cache that a single call cannot use?)",
        )


def later_seconds(sample: Sample, repetitions: int) -> float:
    """Seconds of one repetition after the first."""
    return (repetitions * sample.seconds - (sample.first_seconds or sample.seconds)) / (repetitions - 1)


def _moved_out(pairs: Sequence[Pair]) -> Iterator[Suspicion]:
    """Was work moved out of the timed part, by moving it or by moving the marks?"""
    gained = [pair.base.seconds - pair.candidate.seconds for pair in pairs]
    for field, where in OUTSIDE.items():
        added = [getattr(pair.candidate, field) - getattr(pair.base, field) for pair in pairs]
        before = statistics.median(getattr(pair.base, field) for pair in pairs)
        if statistics.median(added) > (OUTSIDE_GROWTH - 1) * before:
            yield (
                [a - MOVED_PART * max(0.0, b) for a, b in zip(added, gained, strict=True)],
                f"work was moved {where} {_ms(statistics.median(added))} longer, for "
                f"{_ms(max(0.0, statistics.median(gained)))} less in a repetition",
            )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def plainly(values: Sequence[float], errors: float = SURE) -> bool:
    """Are the values above 0, by so many standard errors of their centre? Never with fewer than LEAST_PAIRS."""
    n = len(values)
    return n >= LEAST_PAIRS and centre_of(values) > errors * scale(values) / math.sqrt(n)
