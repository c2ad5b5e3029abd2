"""A process to start in, the running process out, started by llmopt itself: for systems without the launcher's calls.

Where a system counts the memory of the process that calls exec, as Linux does, the peak is never below llmopt's own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from llmopt.sandbox.child import Start, Use


class Direct:
    """A child of llmopt. A thread waits for it, the one way that gives its resource use on every POSIX system, and
    `fileno()` becomes readable when it ended."""

    def __init__(self, process: subprocess.Popen[bytes], started: float) -> None:
        self.pid = process.pid
        self.started = started
        self._process = process
        self._woken, self._wake = os.pipe()
        self._at = 0.0
        self._use: Use | None = None
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._woken

    def kill(self) -> None:
        """End its process group, unless its number may by now be another process's."""
        if self._use is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> Use:
        """Wait for its end, end what is left of its group, and tell what it used."""
        self._thread.join()
        self.kill()  # before it is reaped: its number is still taken
        return self._use or self._waited()

    def close(self) -> None:
        """End it, unless it was reaped; nothing of its group is left on return."""
        self.kill()
        self.reap()
        os.close(self._woken)

    def _wait(self) -> None:
        try:
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
                self._at = time.monotonic()
            else:
                self._waited()
        finally:
            os.close(self._wake)

    def _waited(self) -> Use:
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self._use = Use(self._at or time.monotonic(), code, usage.ru_utime + usage.ru_stime, peak_bytes)
        return self._use


def start(wanted: Start, streams: Mapping[int, int]) -> Direct:
    """Start it with these descriptors as 1, its standard output, 2, its standard error and, if there is a 3, that as
    the pipe of marks.

    OSError or ValueError if it cannot be started.
    """
    marks = {"LLMOPT_MARKS_FD": str(streams[3])} if 3 in streams else {}
    started = time.monotonic()
    process = subprocess.Popen(
        wanted.argv,
        cwd=wanted.folder,
        env={**wanted.environment, **marks},
        stdin=subprocess.DEVNULL,
        stdout=streams[1],
        stderr=streams[2],
        start_new_session=True,
        pass_fds=tuple(end for number, end in streams.items() if number > 2),
    )
    return Direct(process, started)
