"""How much memory and how many processes a command may use in; a control group that holds it to that out (Linux).

Groups are made below llmopt's own where the system lets it (root nearly everywhere; users below a delegated one), kept
for the next command and removed when llmopt ends. Where there are none, `process` sets limits per process instead.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PROCESSES = "cgroup.procs"
SWEEPS, SWEEP_SECONDS = 2000, 0.001


@dataclass(frozen=True)
class Group:
    """A control group: its folders, one for memory and one for processes where the system keeps them apart."""

    memory: Path
    pids: Path

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.memory,) if self.memory == self.pids else (self.memory, self.pids)

    @property
    def entrances(self) -> tuple[Path, ...]:
        """Where a process writes 0 to join."""
        return tuple(folder / PROCESSES for folder in self.folders)

    def bound(self, memory_bytes: int, processes: int) -> None:
        kind = "memory.max" if self.memory == self.pids else "memory.limit_in_bytes"
        (self.memory / kind).write_text(str(memory_bytes))
        with contextlib.suppress(OSError):  # a system without swap
            (self.memory / "memory.swap.max").write_text("0")
        (self.pids / "pids.max").write_text(str(processes))

    def events(self) -> tuple[int, int]:
        """How often the system ended a process for its memory, and refused to make one, since the group was made."""
        kind = "memory.events" if self.memory == self.pids else "memory.oom_control"
        return _counter(self.memory / kind, "oom_kill"), _counter(self.pids / "pids.events", "max")

    def members(self) -> list[int]:
        with contextlib.suppress(OSError):
            return [int(number) for number in (self.pids / PROCESSES).read_text().split()]
        return []

    def end(self) -> None:
        """End all that is in it; nothing is left in it on return. Nothing can be started in it from here on, so that no
        process is quicker with its successor than we are with it."""
        with contextlib.suppress(OSError):
            (self.pids / "pids.max").write_text("0")
        for _ in range(SWEEPS):
            members = self.members()
            for pid in members:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not members:
                return
            time.sleep(SWEEP_SECONDS)

    def remove(self) -> None:
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _counter(path: Path, name: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0


_free: list[Group] = []
_all: list[Group] = []
_lock = threading.Lock()


@contextmanager
def held(memory_bytes: int, processes: int) -> Iterator[Group | None]:
    """A group of one's own, held to these bounds; None where there are none."""
    if not available():
        yield None
        return
    with _lock:
        group = _free.pop() if _free else _new()
    try:
        group.bound(memory_bytes, processes)
        yield group
    finally:
        group.end()
        with _lock:
            _free.append(group)


def _new() -> Group:
    places = parents()
    assert places is not None
    name = f"llmopt-{os.getpid()}-{len(_all)}"
    group = Group(places[0] / name, places[1] / name)
    for folder in group.folders:
        folder.mkdir(exist_ok=True)
    if not _all:
        atexit.register(_remove_all)
    _all.append(group)
    return group


def _remove_all() -> None:
    for group in _all:
        group.remove()


@functools.cache
def available() -> bool:
    """Whether groups can be made and joined here, found by doing it."""
    if sys.platform != "linux" or parents() is None:
        return False
    try:
        _remove_stale()
        group = _new()
    except OSError:
        return False
    child = subprocess.Popen(["sleep", "5"])
    try:
        group.bound(1 << 30, 8)
        for entrance in group.entrances:
            entrance.write_text(str(child.pid))
        joined = child.pid in group.members()
    except OSError:
        joined = False
    finally:
        child.kill()
        child.wait()
    if joined:
        _free.append(group)
    return joined


def _remove_stale() -> None:
    """Empty groups of llmopts that were killed; one that is not empty stays, as the system has it."""
    for parent in set(parents() or ()):
        for folder in parent.glob("llmopt-*-*"):
            if not Path("/proc", folder.name.split("-")[1]).exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


@functools.cache
def parents(root: Path = ROOT) -> tuple[Path, Path] | None:
    """The folders in which groups for memory and for processes can be made."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    own = {name: path for _, names, path in (line.split(":", 2) for line in lines) for name in names.split(",")}
    if "memory" in own and "pids" in own:
        memory, pids = (_nearest(root / name, own[name]) for name in ("memory", "pids"))
        return (memory, pids) if memory and pids else None
    unified = root if (root / "cgroup.controllers").exists() else root / "unified"
    place = _nearest(unified, os.path.dirname(own.get("", "/")), controllers=True)  # noqa: PTH120
    return (place, place) if place else None


def _nearest(root: Path, path: str, controllers: bool = False) -> Path | None:
    """The nearest folder, from `path` up to the root, in which one can make groups; with `controllers` (version 2) one
    that hands memory and pids on."""
    folder = root / path.strip("/")
    for place in (folder, *folder.parents):
        if os.access(place / PROCESSES, os.W_OK) and (not controllers or _hands_on(place)):
            return place
        if place == root:
            break
    return None


def _hands_on(place: Path) -> bool:
    with contextlib.suppress(OSError):
        return {"memory", "pids"} <= set((place / "cgroup.subtree_control").read_text().split())
    return False
