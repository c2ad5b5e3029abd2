"""Merge descriptions of values: {"list[int] len 3": 1, "list[int] len 12": 2} becomes {"list[int] len 3..12": 3}."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

KINDS = 6  # different ones that are told of one argument
# "str len 80", "int -5" and "int of 90 bits" differ from others of their kind by one number only.
NUMBERED = re.compile(r"(?P<before>.* len |int of |int )(?P<number>-?\d{1,20})(?P<after>| bits)")


def merge(kinds: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """(kind, count), most frequent first; numbers that vary become ranges, rare kinds "…"."""
    counts: Counter[tuple[str, str]] = Counter()
    numbers: dict[tuple[str, str], list[int]] = {}
    for kind, count in kinds.items():
        match = NUMBERED.fullmatch(kind)
        key = (match["before"], match["after"]) if match else (kind, "")
        counts[key] += count
        if match:
            numbers.setdefault(key, []).append(int(match["number"]))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    told = [(before + _range(numbers.get((before, after), [])) + after, count) for (before, after), count in ordered]
    rest = sum(count for _, count in told[KINDS:])
    return (*told[:KINDS], *([("…", rest)] if rest else []))


def _range(numbers: list[int]) -> str:
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}..{high}"
