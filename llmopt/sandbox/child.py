"""The nouns of starting a process: what is wanted, what runs, and what it used. `launched` and `direct` start it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Start:
    """A process to start: `argv` with nothing else than `environment`, on `cores` where the system lets us choose."""

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    cores: tuple[int, ...]
    file_bytes: int


@dataclass(frozen=True)
class Use:
    """What a process and the children it waited for used; `at` is the clock at its end."""

    at: float
    code: int
    cpu_seconds: float
    peak_bytes: int


class Child(Protocol):
    """A running process. `fileno()` becomes readable when it ended; until `reap` its number is nobody else's."""

    pid: int
    started: float

    def fileno(self) -> int: ...

    def kill(self) -> None:
        """End its process group."""

    def reap(self) -> Use:
        """Wait for its end, end what is left of its group, and tell what it used."""

    def close(self) -> None:
        """End it, unless it was reaped; nothing of its group is left on return."""
