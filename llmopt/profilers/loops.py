"""The time of event loops and pools of threads, as stacks in which nobody of the repository drives them, in; the same
stacks below the functions that started what runs there, out (pure).

An event loop costs time for each task: it makes, schedules and wakes it. No function of the repository stands on the
stack meanwhile, so that nobody would be asked about it, though whoever starts fewer tasks spares that time. It is
shared among those who start something by how often they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from llmopt.data import Function
from llmopt.profilers.names import is_inside

Frames = tuple[Function, ...]
"""A stack, outermost first."""

# What runs it -> (file, qualified name) of its loop in CPython's library.
RUNNERS = {
    "loop": ("asyncio/base_events.py", "BaseEventLoop._run_once"),
    "pool": ("concurrent/futures/thread.py", "_worker"),
}


def charged(stacks: Mapping[Frames, float], started: Mapping[tuple[str, Frames], int]) -> dict[Frames, float]:
    """The seconds by stack, those of runners given to the starters; their sum stays the same.

    `started` counts by runner and stack of the start. A runner for which nobody of the repository started anything
    keeps its time.
    """
    starters: defaultdict[str, defaultdict[Frames, int]] = defaultdict(lambda: defaultdict(int))
    for (runner, frames), times in started.items():
        if above := _down_to_last(frames):
            starters[runner][above] += times
    if not starters:
        return dict(stacks)
    found: defaultdict[Frames, float] = defaultdict(float)
    for frames, seconds in stacks.items():
        at, runner = _running(frames)
        those: Mapping[Frames, int] = starters.get(runner, {})
        whole = sum(those.values())
        for above, times in those.items():
            found[(*above, *frames[at:])] += seconds * times / whole
        if not those:
            found[frames] += seconds
    return dict(found)


def _running(frames: Frames) -> tuple[int, str]:
    """Where the runner stands that spends the time itself, and which it is; (0, "") where it runs the repository's."""
    for at in range(len(frames) - 1, -1, -1):
        if runner := runner_of(frames[at]):
            return at, runner
        if is_inside(frames[at]):
            break
    return 0, ""


def runner_of(function: Function) -> str:
    """The key in RUNNERS of a function that is the loop of one, else ""."""
    return next((runner for runner, (file, name) in RUNNERS.items() if _is(function, file, name)), "")


def _is(function: Function, file: str, name: str) -> bool:
    return function.name == name and function.path.replace("\\", "/").endswith(f"/{file}")


def _down_to_last(frames: Frames) -> Frames:
    """The stack down to the innermost function of the repository, () without one."""
    last = next((place for place in range(len(frames) - 1, -1, -1) if is_inside(frames[place])), -1)
    return frames[: last + 1]
