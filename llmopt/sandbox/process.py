"""A command in, what it did out: a child with a clean environment, fresh HOME and TMPDIR, bounds, and a sure end."""

from __future__ import annotations

import hashlib
import os
import selectors
import signal
import site
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from llmopt.data import Command, Limits, Ran
from llmopt.folders import remove
from llmopt.sandbox import counters, cpu, direct, launched
from llmopt.sandbox.child import Child, Start, Use
from llmopt.sandbox.counters import COUNTERS, Energy

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


def run(command: Command, limits: Limits, powercap: Path = counters.POWERCAP) -> Ran:
    """Run one command to its end or its limits.

    The exit code is negative for a signal, as in `subprocess`, and -9 after a time-out; 127 if it cannot be started.
    """
    home = Path(tempfile.mkdtemp(prefix="llmopt-home-"))
    try:
        environment = clean_environment(os.environ, home) | dict(command.environment)
        return _run(command, limits, environment, home, powercap)
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


def _run(command: Command, limits: Limits, environment: dict[str, str], home: Path, powercap: Path) -> Ran:
    with _counted(command) as (argv, counter), _pipes(command.marks) as pipes:
        wanted = Start(argv, command.folder, environment, limits.cores, limits.file_bytes)
        energy = Energy(powercap)
        try:
            child = _start(wanted, pipes.write_ends)
        except (OSError, ValueError) as problem:
            return Ran(127, 0.0, 0.0, 0, "", _not_started(command, problem))
        try:
            pipes.close_write_ends()
            watch = _Watch(child, pipes.read_ends, limits, home, energy)
            use = watch.until_done()
        finally:
            child.close()
        return counter(_ran(watch, use))


def _start(wanted: Start, streams: Sequence[int]) -> Child:
    if sys.platform == "linux":
        return launched.start(wanted, streams)
    return direct.start(wanted, streams)


@contextmanager
def _counted(command: Command) -> Iterator[tuple[tuple[str, ...], Callable[[Ran], Ran]]]:
    """What is run for the command: here, and nowhere else, is the target's argv wrapped. The function adds what the
    wrapping counted to what the command did."""
    counter = COUNTERS.get(command.counter)
    if counter is None or counters.reason(command.counter):
        yield command.argv, lambda ran: ran
        return
    folder = Path(tempfile.mkdtemp(prefix="llmopt-count-"))
    try:
        yield counter.wrapped(command.argv, folder), lambda ran: counter.finished(ran, folder)
    finally:
        remove(folder)


def _not_started(command: Command, problem: OSError | ValueError) -> str:
    if not command.folder.is_dir():
        return f"cannot run {command.argv[0]}: the folder {command.folder} does not exist"
    return f"cannot run {command.argv[0]}: {getattr(problem, 'strerror', None) or problem}"


class _Pipes:
    """Pipes for standard output and error and, if wanted, for marks."""

    def __init__(self, marks: bool) -> None:
        both = [os.pipe() for _ in range(3 if marks else 2)]
        self.read_ends = [read for read, _ in both]
        self.write_ends = [write for _, write in both]

    def close_write_ends(self) -> None:
        while self.write_ends:
            os.close(self.write_ends.pop())


@contextmanager
def _pipes(marks: bool) -> Iterator[_Pipes]:
    pipes = _Pipes(marks)
    try:
        yield pipes
    finally:
        pipes.close_write_ends()
        for end in pipes.read_ends:
            os.close(end)


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
    """The lines of the pipe of marks, each with the time at which its end was seen, and the CPU time used by then."""

    def __init__(self, cpu_seconds: Callable[[], float | None]) -> None:
        self.seen: list[tuple[str, float]] = []
        self.cpu_seconds: list[float | None] = []
        self._now = cpu_seconds
        self._begun = b""

    def add(self, chunk: bytes, at: float) -> None:
        cpu_seconds = self._now()
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        self._begun = self._begun[:MARK_BYTES]
        kept = lines[: MOST_MARKS - len(self.seen)]
        self.seen += [(line[:MARK_BYTES].decode(errors="replace"), at) for line in kept]
        self.cpu_seconds += [cpu_seconds] * len(kept)

    def all_cpu_seconds(self) -> tuple[float, ...]:
        """() unless it is known for all."""
        known = tuple(seconds for seconds in self.cpu_seconds if seconds is not None)
        return known if len(known) == len(self.seen) else ()


class _Watch:
    """Reads all the child writes until it ended and its pipes are empty; at the deadline it is ended."""

    def __init__(self, child: Child, read_ends: Sequence[int], limits: Limits, home: Path, energy: Energy) -> None:
        self.child = child
        self.out, self.err = _Kept(limits.output_bytes), _Kept(limits.output_bytes)
        self.marks = _Marks(cpu.Clock(child.pid).seconds)
        self.timed_out = False
        self.joules: float | None = None
        self._sinks: dict[int, _Kept | _Marks] = dict(zip(read_ends, (self.out, self.err, self.marks), strict=False))
        self._home = home
        self._energy = energy
        self._deadline = child.started + limits.seconds
        self._use: Use | None = None

    def until_done(self) -> Use:
        with selectors.DefaultSelector() as selector:
            for end in self._sinks:
                os.set_blocking(end, False)
                selector.register(end, selectors.EVENT_READ)
            selector.register(self.child, selectors.EVENT_READ)
            while selector.get_map() and not self._overdue():
                left = max(0.0, self._deadline - time.monotonic())
                ready = [key.fd for key, _ in selector.select(min(left, LONGEST_WAIT_SECONDS))]
                for fd in self._closed(ready, time.monotonic()):
                    selector.unregister(fd)
        return self._use or self._reap()

    def _closed(self, ready: list[int], now: float) -> list[int]:
        """Take what came; which of the descriptors will give no more? Marks go first: their CPU time runs on."""
        done = [fd for fd in sorted(ready, reverse=True) if fd in self._sinks and self._read(fd, now) == b""]
        if self.child.fileno() in ready:
            self._end()
            done.append(self.child.fileno())
        return done

    def _read(self, fd: int, now: float) -> bytes | None:
        """None when there is nothing yet."""
        try:
            chunk = os.read(fd, CHUNK_BYTES)
        except BlockingIOError:
            return None
        if chunk:
            self._sinks[fd].add(chunk, now - self.child.started)
        return chunk

    def _end(self) -> None:
        """The child ended; its number is its own until it is reaped, so that its last marks get their CPU time."""
        self.joules = self._energy.joules()
        for fd, sink in self._sinks.items():
            while sink is self.marks and self._read(fd, time.monotonic()):
                pass
        self._reap()
        self._deadline = min(self._deadline, time.monotonic() + GRACE_SECONDS)

    def _reap(self) -> Use:
        self._use = self.child.reap()
        _end_strays(self._home)
        return self._use

    def _overdue(self) -> bool:
        """At the deadline the child is ended; is there nothing left to wait for?"""
        if time.monotonic() < self._deadline:
            return False
        if self._use:
            return True  # a process that nobody can find keeps a pipe open
        self.timed_out = True
        self.child.kill()
        self._deadline = time.monotonic() + GRACE_SECONDS
        return False


def _ran(watch: _Watch, use: Use) -> Ran:
    return Ran(
        exit_code=-signal.SIGKILL if watch.timed_out else use.code,
        wall_seconds=use.at - watch.child.started,
        cpu_seconds=use.cpu_seconds,
        peak_memory_bytes=use.peak_bytes,
        stdout=watch.out.text(),
        stderr=watch.err.text(),
        stdout_digest=watch.out.digest.hexdigest(),
        timed_out=watch.timed_out,
        marks=tuple(watch.marks.seen),
        mark_cpu_seconds=watch.marks.all_cpu_seconds(),
        joules=watch.joules,
    )


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
