"""A command in, the same in a container of docker or podman out; the client's program and its image are all it needs.

The container has this machine's system folders and the target's interpreter mounted over an image of its own, without
network, capabilities and new privileges. What runs in it is no child of llmopt's: only wall time is measured, and marks
come through a named pipe. It has not been run: the project has no machine with a daemon to run it on.
"""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from llmopt.data import Command, Grants
from llmopt.sandbox import bubblewrap, reach
from llmopt.sandbox.child import Wrapped
from llmopt.sandbox.process import Layer

IMAGE = "debian:stable-slim"
SECONDS = 20.0
MOST_BYTES = 1 << 50  # what a client takes as a number
LEAVE_OUT = ("HOSTNAME", "PWD")
MARKS, BEGIN = 3, 4  # the descriptors by which llmopt hears of both
ALWAYS = (
    *("--rm", "--init", "--pull", "never", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--ipc", "private", "--log-driver", "none"),
    *("--tmpfs", f"/tmp:rw,exec,size={bubblewrap.TEMPORARY_BYTES}", "--shm-size", str(bubblewrap.TEMPORARY_BYTES)),
)


def layer(program: str) -> Layer:
    """The layer of docker or podman."""
    return functools.partial(wrap, program)


def missing(program: str) -> Callable[[], str]:
    """Why a client cannot be used here: it is not there, its daemon is not, or the image is not; "" when it can be
    tried. Nothing is downloaded."""

    def reason() -> str:
        if shutil.which(program) is None:
            return f"{program} is not installed"
        for question, advice in (
            (("version",), "is its daemon running?"),
            (("image", "inspect", IMAGE), f"`{program} pull {IMAGE}`"),
        ):
            if problem := _asked(program, *question):
                return f"{problem} ({advice})"
        return ""

    return reason


def _asked(program: str, *question: str) -> str:
    try:
        asked = subprocess.run((program, *question), capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"{program} {question[0]}: {problem}"
    if asked.returncode == 0:
        return ""
    said = (asked.stderr.strip() or asked.stdout.strip()).splitlines()
    return said[-1] if said else f"{program} {question[0]} failed"


def wrap(program: str, command: Command, grants: Grants, home: Path) -> Wrapped:
    """The layer. The client waits for the container, and is what llmopt sees of it."""
    names = ["begin", *(["marks"] if command.marks else [])]
    pipes = [home / name for name in names]
    for pipe in pipes:
        os.mkfifo(pipe, 0o600)
    environment = {name: value for name, value in command.environment.items() if name not in LEAVE_OUT}
    if command.marks:
        environment["LLMOPT_MARKS_FD"] = "3"
    opened = f"exec 3>{shlex.quote(str(pipes[-1]))}; " if command.marks else ""
    inside = f'{opened}echo >{shlex.quote(str(pipes[0]))}; exec "$@"'
    argv = (
        program,
        "run",
        *("--name", home.name),
        *ALWAYS,
        *("--network", "host" if grants.network else "none"),
        *("--user", f"{os.getuid()}:{os.getgid()}"),
        *(("--userns", "keep-id") if program == "podman" and os.getuid() else ()),
        *(
            "--memory",
            str(min(grants.memory_bytes, MOST_BYTES)),
            "--memory-swap",
            str(min(grants.memory_bytes, MOST_BYTES)),
        ),
        *("--pids-limit", str(grants.processes)),
        *(part for mount in _mounts(command, grants, home) for part in ("--mount", mount)),
        *(part for name, value in environment.items() for part in ("--env", f"{name}={value}")),
        *("--workdir", str(command.folder)),
        IMAGE,
        *("/bin/sh", "-c", inside, "sh"),
        *command.argv,
    )
    return Wrapped(
        ("/bin/sh", "-c", _copying(pipes), "sh", *argv),
        begins=True,
        shell_codes=True,
        contained=True,
        elsewhere=True,
        ending=(program, "rm", "--force", home.name),
    )


def _copying(pipes: list[Path]) -> str:
    """The client's side of the named pipes: descriptors do not go through a daemon."""
    copies = [
        f"cat {shlex.quote(str(pipe))} >&{number} & " for pipe, number in zip(pipes, (BEGIN, MARKS), strict=False)
    ]
    closed = " ".join(f"{number}>&-" for _, number in zip(pipes, (BEGIN, MARKS), strict=False))
    return f'{"".join(copies)}exec "$@" {closed}'


def _mounts(command: Command, grants: Grants, home: Path) -> list[str]:
    """As bubblewrap has them: the same paths, those above first; what is a link there is what it leads to."""
    stands = {place: tree for tree, place in command.stands_for}
    found = [(path, path, True) for path in reach.system(grants.network) if path.is_dir()]
    for where, how, what in bubblewrap.mounts(command, grants, home):
        is_link = how == bubblewrap.LINK
        source = stands.get(where, where) if is_link else Path(what)
        found.append((where, source, how == bubblewrap.READ or (is_link and where not in stands)))
    return [
        f"type=bind,source={os.path.realpath(source)},target={where}{',readonly' if is_read else ''}"
        for where, source, is_read in found
    ]
