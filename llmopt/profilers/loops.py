"""The time of event loops and pools of threads, as stacks in which nobody of the repository drives them, in; the same
stacks below the functions that started what runs there, out (pure).

An event loop costs time for each task: it makes, schedules and wakes it. No function of the repository stands on the
stack meanwhile, so that nobody would be asked about it, though whoever starts fewer tasks spares that time. It is
shared among those who start something by how often they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from llmopt.data import Function

Frames = tuple[Function, ...]
"""A stack, outermost first."""

# What runs it -> (file, qualified name) of its loop in CPython's library.
RUNNERS = {
    "loop": ("asyncio/base_events.py", "BaseEventLoop._run_once"),
    "pool": ("concurrent/futures/thread.py", "_worker"),
}


def charged(
    stacks: Mapping[Frames, float],
    started: Mapping[tuple[str, Frames], int],
    is_inside: Callable[[Function], bool],
) -> dict[Frames, float]:
    """The seconds by stack, those of runners given to the starters; their sum stays the same.

    `started` counts by runner and stack of the start, `is_inside` tells the repository's functions. A runner for which
    nobody of the repository started anything keeps its time.
    """
    starters: dict[str, defaultdict[Frames, int]] = {runner: defaultdict(int) for runner in RUNNERS}
    for (runner, frames), times in started.items():
        if above := _down_to_last(frames, is_inside):
            starters[runner][above] += times
    found: defaultdict[Frames, float] = defaultdict(float)
    for frames, seconds in stacks.items():
        at = max((place for place, function in enumerate(frames) if runner_of(function)), default=None)
        idle = at is not None and not any(map(is_inside, frames[at:]))
        those = starters[runner_of(frames[at])] if at is not None and idle else {}
        for above, times in those.items():
            found[(*above, *frames[at:])] += seconds * times / sum(those.values())
        if not those:
            found[frames] += seconds
    return dict(found)


def runner_of(function: Function) -> str:
    """The key in RUNNERS of a function that is the loop of one, else ""."""
    return next((runner for runner, (file, name) in RUNNERS.items() if _is(function, file, name)), "")


def _is(function: Function, file: str, name: str) -> bool:
    return function.name == name and function.path.replace("\\", "/").endswith(f"/{file}")


def _down_to_last(frames: Frames, is_inside: Callable[[Function], bool]) -> Frames:
    """The stack down to the innermost function of the repository, () without one."""
    last = max((place for place, function in enumerate(frames) if is_inside(function)), default=-1)
    return frames[: last + 1]
