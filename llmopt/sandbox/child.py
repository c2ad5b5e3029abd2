"""The nouns of starting a process: what is wanted, what runs, and what it used. `launched` and `direct` start it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Wrapped:
    """A command as a layer of confinement has it run: what to start instead, and what the launcher does before.

    `contents` are files in memory, descriptors 10, 11, ... of what is started. `plan` is for `restrict`. With `begins`,
    what is started writes to descriptor 4 (the time since the epoch, if it knows) when the command itself begins: what
    came before is the layer's, and neither timed nor counted. `shell_codes`: an exit code of 128 + n stands for the
    signal n. `contained`: no process of it can outlive it. `elsewhere`: it runs under a daemon: what is seen here is
    not what it used; `ending` is a command that ends it there.
    """

    argv: tuple[str, ...]
    contents: tuple[bytes, ...] = ()
    plan: tuple[Any, ...] | None = None
    begins: bool = False
    shell_codes: bool = False
    contained: bool = False
    elsewhere: bool = False
    ending: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start:
    """A process to start: `argv` with nothing else than `environment`, on `cores` where the system lets us choose.

    `limits` are pairs of RLIMIT_* and value, `groups` the files of control groups to join; `begins` as in `Wrapped`.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    cores: tuple[int, ...] = ()
    limits: tuple[tuple[int, int], ...] = ()
    contents: tuple[bytes, ...] = ()
    groups: tuple[Path, ...] = ()
    plan: tuple[Any, ...] | None = None


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
