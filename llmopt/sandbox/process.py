"""A command in, what it did out: a child with a clean environment, fresh HOME and TMPDIR, bounds, and a sure end.

A layer of confinement is a function that says what to start instead of the command; all else here is the same for all.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import math
import os
import resource
import selectors
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from llmopt.data import Command, Grants, Limits, Ran
from llmopt.folders import remove
from llmopt.sandbox import cgroups, counters, cpu, direct, launched
from llmopt.sandbox.cgroups import Group
from llmopt.sandbox.child import Child, Start, Use, Wrapped
from llmopt.sandbox.counters import COUNTERS, Energy

# What a build or a test needs of the caller's environment. Nothing else is passed on: keys, tokens, agents' sockets and
# the variables by which CI is recognised stay here.
PASSED_ON = ("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
PASSED_ON_PREFIXES = ("LC_",)
CHUNK_BYTES = 1 << 16
GRACE_SECONDS = 1.0  # for readers to empty the pipes after the child's group was ended
LOOK_SECONDS = 0.25  # between looks at what a command uses; each costs some 20 µs of llmopt's own core
SHELL_SIGNAL = 128
MOST_CPU_SECONDS = 1e9  # the wall time ends sooner whatever has no bound
ENDING_SECONDS = 60.0  # for a daemon to end a container
GIGABYTE = 1024**3
MOST_SWEEPS = 100  # of what a child left running; each sees what the ones before it forked in time
MOST_MARKS = 100_000
MARK_BYTES = 200  # longer than any mark of the probe


Layer = Callable[[Command, Grants, Path], Wrapped]
NOTHING = Grants()


def plain(command: Command, grants: Grants, home: Path) -> Wrapped:
    """The layer that adds nothing."""
    return Wrapped(command.argv)


def run(
    command: Command,
    limits: Limits,
    powercap: Path = counters.POWERCAP,
    layer: Layer = plain,
    grants: Grants = NOTHING,
) -> Ran:
    """Run one command to its end or its limits.

    The exit code is negative for a signal, as in `subprocess`, and -9 after a time-out or another limit; 127 if it
    cannot be started.
    """
    home = Path(tempfile.mkdtemp(prefix="llmopt-home-"))
    try:
        environment = clean_environment(os.environ, home, grants.environment) | dict(command.environment)
        with (
            _counted(command) as (inner, around, counted),
            cgroups.held(grants.memory_bytes, grants.processes) as group,
        ):
            wrapped = layer(replace(inner, environment=environment), grants, home)
            wanted = Start(
                around(wrapped.argv),
                command.folder,
                environment,
                limits.cores,
                _limits(limits, grants, group),
                wrapped.contents,
                group.entrances if group else (),
                wrapped.plan,
            )
            return counted(_run(command, wanted, wrapped, _Bounds(limits, grants, group, home, inner.writes), powercap))
    except BaseException:
        _end_strays(home)  # an interrupt may come while the child is being started, when nobody knows its number yet
        raise
    finally:
        remove(home)


def clean_environment(environ: Mapping[str, str], home: Path, more: Sequence[str] = ()) -> dict[str, str]:
    """The variables a child gets: an allow-list and `more`, with HOME and TMPDIR below `home`."""
    kept = {k: v for k, v in environ.items() if k in PASSED_ON or k in more or k.startswith(PASSED_ON_PREFIXES)}
    (home / "tmp").mkdir()
    kept |= {"HOME": str(home), "TMPDIR": str(home / "tmp"), "PYTHONUNBUFFERED": "", "NO_COLOR": "1"}
    if site.ENABLE_USER_SITE and Path(site.getuserbase()).is_dir():
        kept["PYTHONUSERBASE"] = site.getuserbase()  # packages of `pip install --user` live below the real HOME
    return kept


def _limits(limits: Limits, grants: Grants, group: Group | None) -> tuple[tuple[int, int], ...]:
    """Those that the kernel keeps for each process; what a control group keeps for all together is left out."""
    wanted = [(resource.RLIMIT_FSIZE, limits.file_bytes), (resource.RLIMIT_CORE, 0)]
    if limits.cpu_seconds < MOST_CPU_SECONDS:
        wanted.append((resource.RLIMIT_CPU, math.ceil(limits.cpu_seconds)))
    if group is None:
        wanted.append((resource.RLIMIT_DATA, grants.memory_bytes))
    if group is None and os.getuid() != 0:  # it does not bind root, and counts all of the user's processes
        wanted.append((resource.RLIMIT_NPROC, grants.processes + _own_threads()))
    return tuple(wanted)


@functools.cache
def _own_threads() -> int:
    """Of this user, when first asked."""
    count = 0
    for pid in _processes():
        with suppress(OSError):
            folder = Path(f"/proc/{pid}/task")
            count += len(list(folder.iterdir())) if folder.stat().st_uid == os.getuid() else 0
    return count


def _run(command: Command, wanted: Start, wrapped: Wrapped, bounds: _Bounds, powercap: Path) -> Ran:
    missing = _missing(command, wanted.environment)
    if missing:
        return Ran(127, 0.0, 0.0, 0, "", missing)
    with _pipes(command.marks, wrapped.begins) as pipes:
        energy = Energy(powercap)
        try:
            child = _start(wanted, pipes.write_ends)
        except (OSError, ValueError) as problem:
            return Ran(127, 0.0, 0.0, 0, "", _not_started(command, problem))
        try:
            pipes.close_write_ends()
            watch = _Watch(child, pipes.read_ends, wrapped, bounds, energy)
            use = watch.until_done()
        finally:
            child.close()
            _end_elsewhere(wrapped)
        return _ran(watch, use)


def _end_elsewhere(wrapped: Wrapped) -> None:
    """A daemon does not end what a client that was killed has started."""
    if wrapped.ending:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(wrapped.ending, capture_output=True, check=False, timeout=ENDING_SECONDS)


def _missing(command: Command, environment: Mapping[str, str]) -> str:
    """What a layer's own program would say in words of its own."""
    program = command.argv[0]
    if not command.folder.is_dir():
        return f"cannot run {program}: the folder {command.folder} does not exist"
    if "\0" not in program and shutil.which(program, path=environment.get("PATH", os.defpath)) is None:
        there = "/" in program and Path(program).exists()
        return f"cannot run {program}: {os.strerror(errno.EACCES if there else errno.ENOENT)}"
    return ""


def _start(wanted: Start, streams: Mapping[int, int]) -> Child:
    if sys.platform == "linux":
        return launched.start(wanted, streams)
    return direct.start(wanted, streams)


Around = Callable[[tuple[str, ...]], tuple[str, ...]]


@contextmanager
def _counted(command: Command) -> Iterator[tuple[Command, Around, Callable[[Ran], Ran]]]:
    """The command that is confined, what goes around the confined one, and what adds the count to what it did: here,
    and nowhere else, is the target's argv wrapped by a counter."""
    counter = COUNTERS.get(command.counter)
    if counter is None or counters.reason(command.counter):
        yield command, lambda argv: argv, lambda ran: ran
        return
    folder = Path(tempfile.mkdtemp(prefix="llmopt-count-"))
    writable = replace(command, writes=(*command.writes, folder))
    try:
        if counter.outside:
            yield writable, lambda argv: counter.wrapped(argv, folder), lambda ran: counter.finished(ran, folder)
        else:
            inner = replace(writable, argv=counter.wrapped(command.argv, folder))
            yield inner, lambda argv: argv, lambda ran: counter.finished(ran, folder)
    finally:
        remove(folder)


def _not_started(command: Command, problem: OSError | ValueError) -> str:
    return f"cannot run {command.argv[0]}: {getattr(problem, 'strerror', None) or problem}"


OUT, ERR, MARKS, BEGIN = 1, 2, 3, 4  # the numbers of the pipes in the child


class _Pipes:
    """Pipes for standard output and error and, if wanted, for marks and for the command's begin; by their numbers."""

    def __init__(self, numbers: Sequence[int]) -> None:
        both = {number: os.pipe() for number in numbers}
        self.read_ends = {number: read for number, (read, _) in both.items()}
        self.write_ends = {number: write for number, (_, write) in both.items()}

    def close_write_ends(self) -> None:
        while self.write_ends:
            os.close(self.write_ends.popitem()[1])


@contextmanager
def _pipes(marks: bool, begins: bool) -> Iterator[_Pipes]:
    pipes = _Pipes([OUT, ERR, *([MARKS] if marks else []), *([BEGIN] if begins else [])])
    try:
        yield pipes
    finally:
        pipes.close_write_ends()
        for end in pipes.read_ends.values():
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
        self.started = 0.0
        self.cpu_seconds: list[float | None] = []
        self._now = cpu_seconds
        self._begun = b""

    def add(self, chunk: bytes, at: float) -> None:
        cpu_seconds = self._now()
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        self._begun = self._begun[:MARK_BYTES]
        kept = lines[: MOST_MARKS - len(self.seen)]
        self.seen += [(line[:MARK_BYTES].decode(errors="replace"), at - self.started) for line in kept]
        self.cpu_seconds += [cpu_seconds] * len(kept)

    def all_cpu_seconds(self) -> tuple[float, ...]:
        """() unless it is known for all."""
        known = tuple(seconds for seconds in self.cpu_seconds if seconds is not None)
        return known if len(known) == len(self.seen) else ()


class _Begin:
    """The pipe on which a layer tells that the command itself begins."""

    def __init__(self, begin: Callable[[float], None]) -> None:
        self._begin = begin

    def add(self, chunk: bytes, at: float) -> None:
        """What is read late, on a busy machine, was begun when its writer says, and never after it was read."""
        try:
            told = float(chunk.replace(b",", b".")) - (time.time() - time.monotonic())
        except ValueError:
            told = at
        self._begin(min(told, at))


_Sink = _Kept | _Marks | _Begin


class _Bounds:
    """What a command is held to while it runs, and which bound it ran into."""

    def __init__(
        self, limits: Limits, grants: Grants, group: Group | None, home: Path, written: Sequence[Path]
    ) -> None:
        self.limits = limits
        self.home = home
        self.exceeded = ""
        self._grants = grants
        self._group = group
        self._before = group.events() if group else (0, 0)
        self._disks = {path: _free_bytes(path) for path in (home, *written[:1])}

    def look(self) -> str:
        """In words, for "more than ..."; "" while all is within bounds."""
        self.exceeded = self.exceeded or self._memory_or_processes() or self._disk()
        return self.exceeded

    def _memory_or_processes(self) -> str:
        if self._group is None:
            return ""
        memory, processes = self._group.events()
        if memory > self._before[0]:
            return f"{self._grants.memory_bytes / GIGABYTE:.3g} GB of memory"
        return f"{self._grants.processes} processes" if processes > self._before[1] else ""

    def _disk(self) -> str:
        used = max((before - _free_bytes(path) for path, before in self._disks.items()), default=0)
        return f"{self._grants.disk_bytes / GIGABYTE:.3g} GB of disk" if used > self._grants.disk_bytes else ""

    def end(self) -> None:
        """End what is left in the control group; what it was refused while it was ended is no bound it ran into."""
        if self._group is not None:
            self.look()
            self._group.end()
            self._before = self._group.events()


def _free_bytes(path: Path) -> int:
    """Of the file system: what others write there counts too, which the bound has room for. Less a block for each
    file there is, so that empty ones are bounded as well: only differences of this mean something."""
    with suppress(OSError):
        state = os.statvfs(path)
        return (state.f_bfree - (state.f_files - state.f_ffree)) * state.f_frsize
    return 0


class _Watch:
    """Reads all the child writes until it ended and its pipes are empty; at the deadline it is ended."""

    def __init__(
        self, child: Child, read_ends: Mapping[int, int], wrapped: Wrapped, bounds: _Bounds, energy: Energy
    ) -> None:
        self.child = child
        self.began = child.started
        self.own_cpu_seconds = 0.0  # the layer's, before the command began
        self.bounds = bounds
        self.wrapped = wrapped
        limits = bounds.limits
        self.out, self.err = _Kept(limits.output_bytes), _Kept(limits.output_bytes)
        self.marks = _Marks(self._cpu_seconds)
        self.marks.started = child.started
        self.timed_out = False
        self.joules: float | None = None
        sinks: dict[int, _Sink] = {OUT: self.out, ERR: self.err, MARKS: self.marks, BEGIN: _Begin(self._begin)}
        self._clock = cpu.Clock(child.pid)
        self._order = [read_ends[number] for number in (BEGIN, MARKS, ERR, OUT) if number in read_ends]
        self._sinks = {end: sinks[number] for number, end in read_ends.items()}
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
                ready = {key.fd for key, _ in selector.select(min(left, LOOK_SECONDS))}
                for fd in self._closed(ready, time.monotonic()):
                    if fd in selector.get_map():
                        selector.unregister(fd)
        use = self._use or self._reap()
        self.bounds.look()
        return use

    def _closed(self, ready: set[int], now: float) -> list[int]:
        """Take what came; which of the descriptors will give no more? Marks go before output: their CPU time runs on.
        Who marks has begun, whether or not that is known yet."""
        order = self._order if ready & set(self._order[:-2]) else self._order[-2:]
        done = [fd for fd in order if self._read(fd, now) == b""]
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
            self._sinks[fd].add(chunk, now)
        return chunk

    def _begin(self, at: float) -> None:
        self.began = self.marks.started = max(at, self.child.started)
        self.own_cpu_seconds = cpu.of_layer(self.child.pid)

    def _cpu_seconds(self) -> float | None:
        """Of the command so far."""
        now = self._use.cpu_seconds if self._use else self._clock.seconds()
        return None if now is None else now - self.own_cpu_seconds

    def _end(self) -> None:
        """The child ended. Its number is its own until it is reaped, so that its last marks get their CPU time; behind
        a layer's own process, only reaping tells."""
        self.joules = self._energy.joules()
        if self.wrapped.begins:
            self._reap()
        for fd in self._order[:-2]:
            while self._read(fd, time.monotonic()):
                pass
        if not self._use:
            self._reap()
        self._deadline = min(self._deadline, time.monotonic() + GRACE_SECONDS)

    def _reap(self) -> Use:
        self._use = self.child.reap()
        if not self.wrapped.contained:
            _end_strays(self.bounds.home)
        self.bounds.end()
        return self._use

    def _overdue(self) -> bool:
        """At the deadline, or at another bound, the child is ended; is there nothing left to wait for?"""
        late = time.monotonic() >= self._deadline
        if self._use:
            return late  # after it, a process that nobody can find keeps a pipe open
        if not late and not self.bounds.look():
            return False
        self.timed_out = late
        self.child.kill()
        self.bounds.end()
        self._deadline = time.monotonic() + GRACE_SECONDS
        return False


def _ran(watch: _Watch, use: Use) -> Ran:
    ended = watch.timed_out or bool(watch.bounds.exceeded)
    unseen = watch.wrapped.elsewhere
    return Ran(
        exit_code=-signal.SIGKILL if ended else _exit_code(use.code, watch.wrapped),
        wall_seconds=use.at - (watch.began if watch.began < use.at else watch.child.started),
        cpu_seconds=0.0 if unseen else max(0.0, use.cpu_seconds - watch.own_cpu_seconds),
        peak_memory_bytes=0 if unseen else use.peak_bytes,
        stdout=watch.out.text(),
        stderr=watch.err.text(),
        stdout_digest=watch.out.digest.hexdigest(),
        timed_out=watch.timed_out,
        marks=tuple(watch.marks.seen),
        mark_cpu_seconds=() if unseen else watch.marks.all_cpu_seconds(),
        joules=watch.joules,
        exceeded=watch.bounds.exceeded,
    )


def _exit_code(code: int, wrapped: Wrapped) -> int:
    """A signal's negative number where only a shell's way of telling it is known."""
    return SHELL_SIGNAL - code if wrapped.shell_codes and code > SHELL_SIGNAL else code


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
