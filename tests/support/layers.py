"""The layers of confinement that run on this machine: how a test opens each, and lets a command reach what it needs."""

from __future__ import annotations

import functools
import sys
import time
from dataclasses import replace
from pathlib import Path

from llmopt import interpreters, sandbox
from llmopt.data import Command, Grants, Interpreter, Limits, Ran, Sandbox
from llmopt.sandbox import reach

RUNNING = tuple(layer for layer in (*sandbox.STRONGEST_FIRST, "process") if not sandbox.unusable(layer))
CONFINING = tuple(layer for layer in RUNNING if layer != "process")


@functools.cache
def inspected() -> Interpreter:
    """The interpreter of the tests."""
    return interpreters.inspect(sys.executable, "tests")


@functools.cache
def interpreter() -> tuple[Path, ...]:
    """What the interpreter of the tests needs."""
    return reach.interpreter(inspected(), Path("/nowhere/checkout"))


def open_layer(layer: str, grants: Grants = sandbox.process.NOTHING, writes: tuple[Path, ...] = ()) -> Sandbox:
    """The sandbox of this layer. Its commands reach the interpreter, what `grants` says, and may write below `writes`
    besides what they name themselves."""
    run = functools.partial(
        sandbox.process.run,
        layer=sandbox.LAYERS[layer],
        grants=replace(grants, read=(*interpreter(), *grants.read)),
    )

    def confined(command: Command, limits: Limits, *more: object) -> Ran:
        return run(replace(command, writes=(*command.writes, *writes)), limits, *more)  # type: ignore[arg-type]

    return confined


def running(mark: str) -> list[int]:
    """The processes of this machine with this text in their arguments, zombies left out; pids inside say nothing."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def ends(mark: str, seconds: float = 5.0) -> bool:
    """Whether no process with this text is left, soon."""
    deadline = time.monotonic() + seconds
    while running(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not running(mark)
