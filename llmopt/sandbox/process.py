"""A command in, what it did out: a child with a clean environment, fresh HOME and TMPDIR, bounds, and a sure end."""

from __future__ import annotations

import hashlib
import os
import selectors
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from llmopt.data import Command, Limits, Ran
from llmopt.folders import remove

# What a build or a test needs of the caller's environment. Nothing else is passed on: keys, tokens, agents' sockets and
# the variables by which CI is recognised stay here.
PASSED_ON = ("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
PASSED_ON_PREFIXES = ("LC_",)
CHUNK_BYTES = 1 << 16
GRACE_SECONDS = 1.0  # for readers to empty the pipes after the child's group was ended
LONGEST_WAIT_SECONDS = 3600.0  # `select` refuses very long ones
MOST_SWEEPS = 100  # of what a child left running; each sees what the ones before it forked in time
MOST_MARKS = 100_000
MARK_BYTES = 200  # longer than any mark of the probe


def run(command: Command, limits: Limits) -> Ran:
    """Run one command to its end or its limits.

    The exit code is negative for a signal, as in `subprocess`, and -9 after a time-out; 127 if it cannot be started.
    """
    home = Path(tempfile.mkdtemp(prefix="llmopt-home-"))
    try:
        environment = clean_environment(os.environ, home) | dict(command.environment)
        return _run(command, limits, environment, home)
    except BaseException:
        _end_strays(home)  # an interrupt may come while the child is being started, when nobody knows its number yet
        raise
    finally:
        remove(home)


def clean_environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The variables a child gets: an allow-list, with HOME and TMPDIR below `home`."""
    kept = {k: v for k, v in environ.items() if k in PASSED_ON or k.startswith(PASSED_ON_PREFIXES)}
    (home / "tmp").mkdir()
    kept |= {"HOME": str(home), "TMPDIR": str(home / "tmp"), "PYTHONUNBUFFERED": "", "NO_COLOR": "1"}
    if site.ENABLE_USER_SITE and Path(site.getuserbase()).is_dir():
        kept["PYTHONUSERBASE"] = site.getuserbase()  # packages of `pip install --user` live below the real HOME
    return kept


def _run(command: Command, limits: Limits, environment: dict[str, str], home: Path) -> Ran:
    with _mark_pipe(command.marks) as pipe:
        if command.marks:
            environment["LLMOPT_MARKS_FD"] = str(pipe.write)
        started = time.perf_counter()
        try:
            with _pinned(limits.cores):
                child = _start(command, environment, pipe)
        except (OSError, ValueError) as problem:
            return Ran(127, 0.0, 0.0, 0, "", _not_started(command, problem))
        end = _Reaper(child.pid, home)
        try:
            pipe.close_write()
            _bound(child.pid, limits)
            streams = _attend(child, pipe.read, end, limits, started)
        finally:
            _end_group(child.pid, end)
            end.join()
            child.returncode = end.code
            for stream in (child.stdout, child.stderr):
                if stream:
                    stream.close()
    return _ran(streams, end, started)


def _start(command: Command, environment: Mapping[str, str], pipe: _Pipe) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.argv,
        cwd=command.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(pipe.write,) if command.marks else (),
    )


def _not_started(command: Command, problem: OSError | ValueError) -> str:
    if not command.folder.is_dir():
        return f"cannot run {command.argv[0]}: the folder {command.folder} does not exist"
    return f"cannot run {command.argv[0]}: {getattr(problem, 'strerror', None) or problem}"


@dataclass
class _Pipe:
    """The two ends of the pipe of marks, -1 for a closed one."""

    read: int = -1
    write: int = -1

    def close_write(self) -> None:
        if self.write >= 0:
            os.close(self.write)
        self.write = -1


@contextmanager
def _mark_pipe(wanted: bool) -> Iterator[_Pipe]:
    pipe = _Pipe(*os.pipe()) if wanted else _Pipe()
    try:
        yield pipe
    finally:
        pipe.close_write()
        if wanted:
            os.close(pipe.read)


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

    def add(self, chunk: bytes, at: float) -> None:
        self.digest.update(chunk)
        room = self.half - len(self.head)
        self.head += chunk[:room]
        self.tail += chunk[room:]
        if len(self.tail) > self.half:
            excess = len(self.tail) - self.half
            self.dropped += excess
            self.tail = self.tail[excess:]

    def text(self) -> str:
        cut = f"\n… {self.dropped} bytes left out …\n".encode() if self.dropped else b""
        return (self.head + cut + self.tail).decode(errors="replace")


class _Marks:
    """The lines of the pipe of marks, each with the time at which its end was seen."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []
        self.begun = b""

    def add(self, chunk: bytes, at: float) -> None:
        *lines, self.begun = (self.begun + chunk).split(b"\n")
        self.begun = self.begun[:MARK_BYTES]
        room = MOST_MARKS - len(self.seen)
        self.seen += [(line[:MARK_BYTES].decode(errors="replace"), at) for line in lines[:room]]


@dataclass(frozen=True)
class _Streams:
    out: _Kept
    err: _Kept
    marks: _Marks
    timed_out: bool


def _attend(child: subprocess.Popen[bytes], mark_read: int, end: _Reaper, limits: Limits, started: float) -> _Streams:
    """Read all the child writes until it ended and its pipes are empty; at the deadline it is ended."""
    assert child.stdout is not None
    assert child.stderr is not None
    out, err, marks = _Kept(limits.output_bytes), _Kept(limits.output_bytes), _Marks()
    deadline, timed_out = started + limits.seconds, False
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ, out)
        selector.register(child.stderr, selectors.EVENT_READ, err)
        if mark_read >= 0:
            selector.register(mark_read, selectors.EVENT_READ, marks)
        selector.register(end.woken, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(min(max(0.0, deadline - time.perf_counter()), LONGEST_WAIT_SECONDS))
            now = time.perf_counter()
            if now >= deadline:
                if end.ended:
                    break  # a process that nobody can find keeps a pipe open
                timed_out = True
                _end_group(child.pid, end)
                deadline = now + GRACE_SECONDS
            for key, _ in ready:
                chunk = os.read(key.fd, CHUNK_BYTES)
                if chunk:
                    key.data.add(chunk, now - started)
                else:
                    selector.unregister(key.fileobj)
                if key.data is None:
                    deadline = min(deadline, now + GRACE_SECONDS)
    return _Streams(out, err, marks, timed_out)


def _ran(streams: _Streams, end: _Reaper, started: float) -> Ran:
    return Ran(
        exit_code=-signal.SIGKILL if streams.timed_out else end.code,
        wall_seconds=end.at - started,
        cpu_seconds=end.cpu_seconds,
        peak_memory_bytes=end.peak_bytes,
        stdout=streams.out.text(),
        stderr=streams.err.text(),
        stdout_digest=streams.out.digest.hexdigest(),
        timed_out=streams.timed_out,
        marks=tuple(streams.marks.seen),
    )


class _Reaper:
    """Waits for the child in a thread (the one way that gives its resource use on every POSIX system), then ends what
    the child left running. `woken` reads as empty from then on."""

    def __init__(self, pid: int, home: Path) -> None:
        self.pid = pid
        self.home = home
        self.woken, self._wake = os.pipe()
        self.at = 0.0
        self.code = 127
        self.cpu_seconds = 0.0
        self.peak_bytes = 0
        self.ended = False
        self.reaped = False
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        try:
            self._reap()
            _end_strays(self.home)
        finally:
            self.ended = True
            os.close(self._wake)

    def _reap(self) -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            self.at = time.perf_counter()
            _end_group(self.pid, self)  # before the child is reaped: its number is still taken
        _, status, usage = os.wait4(self.pid, 0)
        self.reaped = True
        self.at = self.at or time.perf_counter()
        self.code = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def join(self) -> None:
        self._thread.join()
        os.close(self.woken)


def _end_group(pid: int, end: _Reaper) -> None:
    """End the child's process group, unless the child's number may by now be another process's."""
    if end.reaped:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _end_strays(home: Path) -> None:
    """End processes that left the group for a session of their own; Linux shows them by the HOME they were given."""
    own = f"HOME={home}".encode()
    for _ in range(MOST_SWEEPS):
        strays = [pid for pid in _processes() if own in _environment(pid)]
        if not strays:
            return
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _processes() -> list[int]:
    proc = Path("/proc")
    return [int(path.name) for path in proc.iterdir() if path.name.isdigit()] if sys.platform == "linux" else []


def _environment(pid: int) -> list[bytes]:
    """The variables a process was started with; none for one that ended or is another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
