"""A query and texts in, how near each text is to it by its words out (pure).

The measure is BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations and
Trends in Information Retrieval 3 (2009)): a word counts by how rare it is among the texts, less with each repetition,
and less in long texts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

K1, B = 1.2, 0.75  # the usual ones, see the paper's section 3.5
SHORTEST = 2  # letters of a word
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# What stands in every function says nothing of what is slow in it.
COMMON = frozenset(
    re.findall(
        r"\w+",
        "the an of to in is and or for from with as at by on it its that this be are was not no if else elif def class "
        "return self cls import lambda yield true false none pass raise try except args kwargs each one per than only "
        "main module",
    )
)


def words(text: str) -> list[str]:
    """The words of prose or code in lower case, names taken apart, endings off: `lastSeen_rows` has last, seen, row."""
    found = (match.lower() for match in WORD.findall(text))
    return [_stem(word) for word in found if len(word) >= SHORTEST and word not in COMMON]


# What code does rather than what its names stand for: what is called or read, and the words of the language for it.
DOING = re.compile(r"\.\s*\w+|\w+(?=\s*\()|\b(?:try|except|in|while|lambda|yield)\b")


def doing(code: str) -> str:
    """The names and words of the code that tell what it does. Names of variables say little of what is slow."""
    return " ".join(DOING.findall(code))


def _stem(word: str) -> str:
    """Without the endings that a diagnosis and a plan often differ in: sorting, sorted, sorts; queries, query."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3 and not word.endswith("ss"):
            return word[: -len(end)].removesuffix("e")
    return word.removesuffix("e") if len(word) > 3 else word


def scores(query: Iterable[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """How near each text, given as its words, is to the words of the query; 0 where they share none."""
    counted = [Counter(text) for text in texts]
    holding = Counter(word for count in counted for word in count)
    mean = sum(map(len, texts)) / max(1, len(texts)) or 1.0
    wanted = sorted(set(query))  # the sum has one order, so that equal questions give equal floats

    def score(count: Counter[str], length: int) -> float:
        damping = K1 * (1 - B + B * length / mean)
        return sum(
            _rarity(holding[word], len(texts)) * count[word] * (K1 + 1) / (count[word] + damping)
            for word in wanted
            if count[word]
        )

    return [score(count, len(text)) for count, text in zip(counted, texts, strict=True)]


def _rarity(holding: int, texts: int) -> float:
    return math.log(1 + (texts - holding + 0.5) / (holding + 0.5))
