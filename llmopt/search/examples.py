"""The words of a diagnosis in, a few similar edits out: of earlier runs on the repository first, then of the bank.

Edits that were turned down are told as well, with the reason: so that nobody tries them again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from llmopt.search import bank, nearest, patterns
from llmopt.search.bank import Pair
from llmopt.search.earlier import Tried
from llmopt.search.facts import Facts

MOST, LEAST, MOST_EARLIER = 4, 2, 2
CODE_SHARE = 0.4  # of the room, which is kept for code from a third example on
# Less near ones have nothing but single words in common with the diagnosis.
LEAST_NEAR = 9.0
NEXT = 0.6  # of the nearest one's score, from which on a third is worth its room
CHARACTERS_PER_TOKEN = 3
LINES = 14  # of each side of an earlier edit that is shown
LINE_OF_TEXT = 240  # characters
FRAME = 40  # characters of the template's own around an example


@dataclass(frozen=True)
class Example:
    """`about` says what it is, `outcome` how it went and what must hold; `code` is "" where words tell enough."""

    about: str
    outcome: str
    code: str = ""

    @property
    def size(self) -> int:
        return len(self.about) + len(self.outcome) + len(self.code) + FRAME


def similar(diagnosis: Sequence[str], facts: Facts, tokens: int) -> tuple[Example, ...]:
    """The nearest edits that fit into so many tokens, the nearest of each kind first, with their code as far as there
    is room beside the words of all; () where nothing is near.

    `diagnosis` are words as `nearest.words` gives them.
    """
    room = tokens * CHARACTERS_PER_TOKEN
    for_code = CODE_SHARE * room
    found: list[Example] = []
    for each in itertools.islice((*_earlier(diagnosis, facts.earlier), *_of_bank(diagnosis, facts)), MOST):
        words = replace(each, code="")
        if words.size <= room - (for_code if len(found) >= LEAST else 0):
            found.append(each)
            room -= words.size
    told = []
    for each in found:
        fits = len(each.code) <= room
        told.append(each if fits else replace(each, code=""))
        room -= len(each.code) if fits else 0
    return tuple(told)


def _earlier(diagnosis: Sequence[str], tried: Sequence[Tried]) -> Iterator[Example]:
    texts = [nearest.words(f"{each.verdict.function.partition('::')[2]} {each.verdict.plan}") for each in tried]
    # All of a few edits of one repository share their words, which then count for nothing: the bank's pairs count with
    # them as what others do.
    scores = nearest.scores(diagnosis, [*texts, *pair_words()])[: len(texts)]
    return (_of_tried(tried[i]) for i in _nearest(scores)[:MOST_EARLIER])


def _of_bank(diagnosis: Sequence[str], facts: Facts) -> Iterator[Example]:
    pairs = bank.pairs()
    found = (pairs[i] for i in _nearest(nearest.scores(diagnosis, pair_words())))
    return (_of_pair(each) for each in found if _is_usable(each, facts))


def _is_usable(pair: Pair, facts: Facts) -> bool:
    return pair.python <= facts.python and facts.packages.keys() >= set(pair.needs)


@lru_cache(maxsize=1)
def pair_words() -> tuple[list[str], ...]:
    """What each pair of the bank is found by: what a person wrote of it, and the shapes seen in its slow code."""
    return tuple(
        nearest.words(" ".join([2 * f"{pair.title} {pair.words} ", *patterns.matching(pair.before)]))
        for pair in bank.pairs()
    )


def _nearest(scores: Sequence[float]) -> list[int]:
    """The numbers of those that are near, the nearest first; of equally near ones the first."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    further = max([LEAST_NEAR, *(NEXT * scores[i] for i in order[:1])])
    return [i for place, i in enumerate(order) if scores[i] >= (LEAST_NEAR if place < LEAST else further)]


def _of_tried(each: Tried) -> Example:
    verdict = each.verdict
    low, high = verdict.interval
    ratio = f", {verdict.speedup:.2f} times as fast [{low:.2f}, {high:.2f}]" if high else ""
    if verdict.accepted:
        code = "\n".join(_sides(each))
        return Example(f"earlier run, {verdict.function}: {_line(verdict.plan)}", f"kept{ratio}", code)
    end = f"turned down at {verdict.stage}{ratio}: {_line(verdict.reason)}; do not try it again as it was"
    return Example(f"earlier run, {verdict.function}: {_line(verdict.plan)}", end)


def _sides(each: Tried) -> Iterator[str]:
    """The beginning of the first change, before and after."""
    for edit in [edit for edit in each.edits if edit.search][:1]:
        for name, side in (("before", edit.search or ""), ("after", edit.replace)):
            lines = side.strip("\n").split("\n")
            yield "\n".join([f"# {name}", *lines[:LINES], *(["…"] if len(lines) > LINES else [])])


def _of_pair(pair: Pair) -> Example:
    gain = f"{pair.gain.ratio:g} times as fast on inputs of its own; " if pair.gain else ""
    return Example(
        f"{pair.kind}, {pair.title[0].lower()}{pair.title[1:]}",
        f"{gain}right where this holds: {pair.holds}",
        f"# before\n{pair.before}\n# after\n{pair.after}",
    )


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_OF_TEXT else line[: LINE_OF_TEXT - 1] + "…"
