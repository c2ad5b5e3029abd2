"""A command in, what it did out: a child with a clean environment, fresh HOME and TMPDIR, bounds, and a sure end."""

from __future__ import annotations

import hashlib
import os
import selectors
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from llmopt.data import Command, Limits, Ran

# What a build or a test needs of the caller's environment. Nothing else is passed on: keys, tokens, agents' sockets and
# the variables by which CI is recognised stay here.
PASSED_ON = ("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
PASSED_ON_PREFIXES = ("LC_",)
CHUNK_BYTES = 1 << 16
GRACE_SECONDS = 1.0  # for readers to empty the pipes after the child's group was ended


def run(command: Command, limits: Limits) -> Ran:
    """Run one command to its end or its limits.

    The exit code is negative for a signal, as in `subprocess`, and -9 after a time-out; 127 if it cannot be started.
    """
    home = Path(tempfile.mkdtemp(prefix="llmopt-home-"))
    try:
        return _run(command, limits, clean_environment(os.environ, home) | dict(command.environment))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def clean_environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The variables a child gets: an allow-list, with HOME and TMPDIR below `home`."""
    kept = {k: v for k, v in environ.items() if k in PASSED_ON or k.startswith(PASSED_ON_PREFIXES)}
    (home / "tmp").mkdir()
    kept |= {"HOME": str(home), "TMPDIR": str(home / "tmp"), "PYTHONUNBUFFERED": "", "NO_COLOR": "1"}
    if site.ENABLE_USER_SITE and Path(site.getuserbase()).is_dir():
        kept["PYTHONUSERBASE"] = site.getuserbase()  # packages of `pip install --user` live below the real HOME
    return kept


def _run(command: Command, limits: Limits, environment: dict[str, str]) -> Ran:
    mark_read, mark_write = os.pipe() if command.marks else (-1, -1)
    if command.marks:
        environment["LLMOPT_MARKS_FD"] = str(mark_write)
    started = time.perf_counter()
    try:
        with _pinned(limits.cores):
            child = subprocess.Popen(
                command.argv,
                cwd=command.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(mark_write,) if command.marks else (),
            )
    except OSError as problem:
        if command.marks:
            os.close(mark_read)
        return Ran(127, 0.0, 0.0, 0, "", f"cannot run {command.argv[0]}: {problem.strerror}")
    finally:
        if command.marks:
            os.close(mark_write)
    try:
        _bound(child.pid, limits)
        return _attend(child, mark_read, limits, started)
    finally:
        _end_group(child.pid)
        for stream in (child.stdout, child.stderr):
            if stream:
                stream.close()
        if command.marks:
            os.close(mark_read)


@contextmanager
def _pinned(cores: tuple[int, ...]) -> Iterator[None]:
    """Children started inside inherit the cores; only Linux lets a thread choose them."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _bound(pid: int, limits: Limits) -> None:
    if sys.platform != "linux":
        return
    import resource

    with suppress(ProcessLookupError, PermissionError):  # it may have ended already
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


class _Kept:
    """The head and the tail of a stream, and a digest of all of it."""

    def __init__(self, limit: int) -> None:
        self.half = limit // 2
        self.head = b""
        self.tail = b""
        self.dropped = 0
        self.digest = hashlib.sha256()

    def add(self, chunk: bytes) -> None:
        self.digest.update(chunk)
        room = self.half - len(self.head)
        self.head += chunk[:room]
        self.tail += chunk[room:] if room > 0 else chunk
        if len(self.tail) > self.half:
            self.dropped += len(self.tail) - self.half
            self.tail = self.tail[-self.half :]

    def text(self) -> str:
        cut = f"\n… {self.dropped} bytes left out …\n".encode() if self.dropped else b""
        return (self.head + cut + self.tail).decode(errors="replace")


def _attend(child: subprocess.Popen[bytes], mark_read: int, limits: Limits, started: float) -> Ran:
    assert child.stdout is not None
    assert child.stderr is not None
    out, err = _Kept(limits.output_bytes), _Kept(limits.output_bytes)
    marks: list[tuple[str, float]] = []
    end = _Reaper(child.pid)
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ, out)
        selector.register(child.stderr, selectors.EVENT_READ, err)
        selector.register(end.woken, selectors.EVENT_READ, None)
        if mark_read >= 0:
            selector.register(mark_read, selectors.EVENT_READ, marks)
        deadline, timed_out, ended = started + limits.seconds, False, False
        while len(selector.get_map()) > (0 if ended else 1) or not ended:
            ready = selector.select(max(0.0, deadline - time.perf_counter()))
            now = time.perf_counter()
            if not ready and now >= deadline:
                if ended:
                    break  # a grandchild outside the group keeps a pipe open
                timed_out = True
                _end_group(child.pid)
                deadline = now + GRACE_SECONDS
                continue
            for key, _ in ready:
                if key.data is None:
                    selector.unregister(end.woken)
                    ended = True
                    _end_group(child.pid)
                    deadline = min(deadline, now + GRACE_SECONDS)
                elif not _take(key.fd, key.data, now - started):
                    selector.unregister(key.fileobj)
    usage = end.join()
    child.returncode = usage.code
    return Ran(
        exit_code=usage.code,
        wall_seconds=usage.at - started,
        cpu_seconds=usage.cpu_seconds,
        peak_memory_bytes=usage.peak_bytes,
        stdout=out.text(),
        stderr=err.text(),
        stdout_digest=out.digest.hexdigest(),
        timed_out=timed_out,
        marks=tuple(marks),
    )


def _take(fd: int, into: _Kept | list[tuple[str, float]], at: float) -> bool:
    """Read what is there; False at the end of the stream. A mark gets the time at which the parent saw it."""
    chunk = os.read(fd, CHUNK_BYTES)
    if isinstance(into, _Kept):
        into.add(chunk)
    else:
        into.extend((label, at) for label in chunk.decode(errors="replace").split())
    return bool(chunk)


class _Reaper:
    """Waits for the child in a thread (the one way that gives its resource use on every POSIX system)."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.woken, self._wake = os.pipe()
        self.at = 0.0
        self.code = 0
        self.cpu_seconds = 0.0
        self.peak_bytes = 0
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        _, status, usage = os.wait4(self.pid, 0)
        self.at = time.perf_counter()
        self.code = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        os.close(self._wake)

    def join(self) -> _Reaper:
        self._thread.join()
        os.close(self.woken)
        return self


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
