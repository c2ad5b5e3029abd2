"""Bursts of server errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import List

from .parser import Entry
from .stats import count_by, top


@dataclass
class Burst:
    """A time in which errors came close together."""

    start: datetime
    end: datetime
    count: int
    path: str


def make_burst(errors: List[Entry]) -> Burst:
    path, _ = top(count_by([error.path for error in errors]), 1)[0]
    return Burst(start=errors[0].time, end=errors[-1].time, count=len(errors), path=path)


def error_bursts(entries: List[Entry], window: timedelta = timedelta(minutes=1), threshold: int = 5) -> List[Burst]:
    """Find the bursts: stretches in which each error is one of at least `threshold` within `window`.

    Stretches that share an error are one burst. Its path is the one with most errors, the first of them by name.
    """
    if threshold < 1:
        raise ValueError("threshold must be at least 1")
    errors = sorted([entry for entry in entries if entry.is_error], key=lambda e: e.time)
    recent: List[Entry] = []
    current: List[Entry] = []
    bursts = []
    for error in errors:
        while recent and error.time - recent[0].time > window:
            recent.pop(0)
        recent.append(error)
        if len(recent) < threshold:
            continue
        fresh = [e for e in recent if not any([e is known for known in current])]
        if current and len(fresh) == len(recent):
            bursts.append(make_burst(current))
            current = []
        current = current + fresh
    if current:
        bursts.append(make_burst(current))
    return bursts
