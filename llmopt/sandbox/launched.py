"""A process to start in, the running process out, started by the launcher so that what it used is its own (Linux)."""

from __future__ import annotations

import atexit
import errno
import functools
import marshal
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from llmopt.sandbox.child import Start, Use
from llmopt.sandbox.launcher import REPORT

LAUNCHER = Path(__file__).with_name("launcher.py")
# Which libraries this Python needs is all that the launcher has to know; the target's variables travel by request.
LAUNCHERS_ENVIRONMENT = ("LD_LIBRARY_PATH", "LANG", "LC_ALL")


class Launched:
    """A process of the target; `fileno()` becomes readable when it ended, and its number is kept until it is reaped."""

    def __init__(self, control: socket.socket, pid: int, started: float) -> None:
        self.pid = pid
        self.started = started
        self._control = control
        self._reaped = False

    def fileno(self) -> int:
        return self._control.fileno()

    def kill(self) -> None:
        """End its process group."""
        if not self._reaped:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> Use:
        """Wait for its end, end what is left of its group, and tell what it used."""
        try:
            _, _, at, _ = receive(self._control)
            self._control.send(b".")
            code, kilobytes, _, cpu_seconds = receive(self._control)
        except OSError:  # somebody ended the launcher: the system, out of memory, or the target itself
            self._reaped = True
            return Use(time.monotonic(), -signal.SIGKILL, 0.0, 0)
        self._reaped = True
        return Use(at, code, cpu_seconds, kilobytes * 1024)

    def close(self) -> None:
        """End it, unless it was reaped; nothing of its group is left on return."""
        with self._control:
            if not self._reaped:
                self._reaped = True
                with suppress(OSError):
                    self._control.shutdown(socket.SHUT_WR)
                    while self._control.recv(REPORT.size):
                        pass


def start(wanted: Start, streams: Mapping[int, int]) -> Launched:
    """Start it with these descriptors by the numbers it has them: 1 and 2, 3 for marks, 4 for its begin.

    OSError or ValueError if it cannot be started.
    """
    request = marshal.dumps(
        (
            [os.fsencode(each) for each in wanted.argv],
            os.fsencode(wanted.folder.absolute()),
            {os.fsencode(name): os.fsencode(value) for name, value in wanted.environment.items()},
            list(wanted.cores),
            [(kind, min(value, sys.maxsize)) for kind, value in wanted.limits],
            list(streams),
            list(wanted.contents),
            [os.fsencode(group) for group in wanted.groups],
            wanted.plan,
        )
    )
    control, theirs = socket.socketpair()
    try:
        with theirs:
            _send([theirs.fileno(), *streams.values()])
        control.sendall(request)
        pid, _, at, _ = receive(control)
        if pid < 0:
            raise OSError(-pid, os.strerror(-pid))
    except BaseException:
        control.close()
        raise
    return Launched(control, pid, at)


def receive(control: socket.socket) -> tuple[int, int, float, float]:
    """The next report; OSError when there will be none."""
    report = control.recv(REPORT.size, socket.MSG_WAITALL)
    if len(report) < REPORT.size:
        raise OSError(errno.EPIPE, "the launcher ended")
    pid, kilobytes, at, cpu_seconds = REPORT.unpack(report)
    return pid, kilobytes, at, cpu_seconds


def _send(descriptors: list[int]) -> None:
    try:
        socket.send_fds(launcher(), [b"+"], descriptors)
    except (BrokenPipeError, ConnectionResetError):  # somebody ended it since the last command
        launcher.cache_clear()
        socket.send_fds(launcher(), [b"+"], descriptors)


@functools.cache
def launcher() -> socket.socket:
    """The socket of the launcher, which is started with the first command and ends with llmopt. A session of its own
    keeps the terminal's Ctrl-C from it."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER)],
            cwd="/",
            env={name: os.environ[name] for name in LAUNCHERS_ENVIRONMENT if name in os.environ},
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    atexit.register(_close, ours, process)
    return ours


def _close(requests: socket.socket, process: subprocess.Popen[bytes]) -> None:
    requests.close()
    process.wait()
