"""The number of a running process in, the CPU time it and its children used so far out (Linux; elsewhere None)."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

TICKS = os.sysconf("SC_CLK_TCK")
MOST_LOOKS = 3  # at children of which one ends while they are looked at
CONTENTS_BYTES = 1 << 16
CUTIME, CSTIME, STARTED = 13, 14, 19  # fields of /proc/PID/stat after the name (proc(5) counts from 1, two before it)
PROCESS_CLOCK = 2  # CPUCLOCK_SCHED, the nanoseconds the scheduler counts, of all threads


class Clock:
    """The CPU time of one process, read again and again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._living: dict[int, bytes] = {}  # descendants, and when they started, which tells a number's next owner

    def seconds(self) -> float | None:
        """Of the process and its living descendants (to the nanosecond), and of the children it waited for (to the tick
        of 10 ms that Linux tells). None when the process is gone or the system does not tell."""
        if sys.platform != "linux":
            return None
        try:
            return _of_clock(self._pid) + self._of_children()
        except OSError:
            return None

    def _of_children(self) -> float:
        """A child that ends while one looks moves from the living to those waited for: look again, to count it once."""
        for _ in range(MOST_LOOKS):
            waited = _of_waited(_stat(self._pid))
            self._living = self._descendants()
            seconds = sum(_of_living(each) for each in self._living)
            if not self._living or _of_waited(_stat(self._pid)) == waited:
                break
        return waited + seconds

    def _descendants(self) -> dict[int, bytes]:
        """The ones seen before count while they live: they are nobody's children once their parent ended."""
        known = {each: started for each, started in self._living.items() if _started(each) == started}
        found, unseen = dict(known), [self._pid, *known]
        while unseen:
            new = {each: _started(each) for each in _children(unseen.pop()) if each not in found}
            found |= new
            unseen += new
        return found


def of_layer(pid: int) -> float:
    """The CPU seconds of what stands around a command in a namespace: the process and its only children, down to the
    namespace's first one. They rest while the command runs, so it does not matter when one asks. What is gone counts 0.
    """
    seconds = 0.0
    try:
        while True:
            seconds += _of_clock(pid)
            children = _children(pid)
            if len(children) != 1 or _is_first(pid):
                return seconds
            (pid,) = children
    except OSError:
        return seconds


def _is_first(pid: int) -> bool:
    """In its innermost namespace."""
    lines = _contents(f"/proc/{pid}/status").splitlines()
    return any(line.startswith(b"NSpid:") and line.split()[-1] == b"1" for line in lines)


def _of_clock(pid: int) -> float:
    return time.clock_gettime((~pid << 3) | PROCESS_CLOCK)


def _of_living(pid: int) -> float:
    try:
        return _of_clock(pid) + _of_waited(_stat(pid))
    except OSError:
        return 0.0  # it ended, and was waited for


def _of_waited(fields: list[bytes]) -> float:
    return (int(fields[CUTIME]) + int(fields[CSTIME])) / TICKS


def _started(pid: int) -> bytes:
    try:
        return _stat(pid)[STARTED]
    except OSError:
        return b""


def _stat(pid: int) -> list[bytes]:
    return _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _children(pid: int) -> list[int]:
    """Each thread has a list of its own; kernels built without it show none."""
    children: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            children += map(int, _contents(f"/proc/{pid}/task/{thread}/children").split())
    return children


def _contents(path: str) -> bytes:
    """Without the layers of pathlib and of file objects, which take twice as long: the next mark may be waiting."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, CONTENTS_BYTES)
    finally:
        os.close(descriptor)
