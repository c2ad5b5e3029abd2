"""The number of a running process in, the CPU time it and its children used so far out (Linux; elsewhere None)."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

TICKS = os.sysconf("SC_CLK_TCK")
MOST_LOOKS = 3  # at children of which one ends while they are looked at
CONTENTS_BYTES = 1 << 16
CUTIME = 13  # fields of /proc/PID/stat after the name, from 0 (proc(5) counts the number and the name too)
PROCESS_CLOCK = 2  # CPUCLOCK_SCHED, the nanoseconds the scheduler counts, of all threads


def used(pid: int) -> float | None:
    """Seconds of the process (to the nanosecond), of its living descendants, and of the children it waited for (to the
    tick of 10 ms that Linux tells). None when the process is gone or the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        own = time.clock_gettime((~pid << 3) | PROCESS_CLOCK)
        return own + _of_children(pid)
    except OSError:
        return None


def _of_children(pid: int) -> float:
    """A child that ends while one looks moves from the living to those waited for: look again, to count it once."""
    for _ in range(MOST_LOOKS):
        waited = _of_waited(pid)
        children = _children(pid)
        living = sum(used(child) or 0.0 for child in children)
        if not children or _of_waited(pid) == waited:
            break
    return waited + living


def _of_waited(pid: int) -> float:
    fields = _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (int(fields[CUTIME]) + int(fields[CUTIME + 1])) / TICKS


def _children(pid: int) -> list[int]:
    """Each thread has a list of its own; kernels built without it show none."""
    children: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
        with suppress(OSError):
            children += map(int, _contents(f"/proc/{pid}/task/{thread}/children").split())
    return children


def _contents(path: str) -> bytes:
    """Without the layers of pathlib and of file objects, which take twice as long: the next mark may be waiting."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, CONTENTS_BYTES)
    finally:
        os.close(descriptor)
