"""Two profiles of the same workload in, where the time went out (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmopt.data import Hotspot

SHOWN = 8
LEAST = 0.02  # of the run, before or after


@dataclass(frozen=True)
class Moved:
    """A function's own time before and after an edit, as shares of the run before it."""

    key: str
    before: float
    after: float


def moved(before: Sequence[Hotspot], after: Sequence[Hotspot], speedup: float) -> tuple[Moved, ...]:
    """The functions whose own time matters on one side, those that changed most first."""
    old = {each.function.key: each.own_share for each in before}
    new = {each.function.key: each.own_share / speedup for each in after}
    rows = [Moved(key, old.get(key, 0.0), new.get(key, 0.0)) for key in {**old, **new}]
    rows = [row for row in rows if max(row.before, row.after) >= LEAST]
    return tuple(sorted(rows, key=lambda row: (-abs(row.before - row.after), row.key)))[:SHOWN]
