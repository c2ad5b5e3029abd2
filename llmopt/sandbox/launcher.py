"""The launcher: a control socket in, one process of the target out, and what it used back through the socket.

It is run as a script of its own, with nothing but the standard library and little of that, because Linux counts the
memory of the process that calls exec as the peak of what it becomes: started by llmopt itself, every small program
would show llmopt's memory. It stays for as long as llmopt does, and starts all commands: a start of Python for each
would cost more than many of them run.

The protocol, on a socket of its own for each command: llmopt sends the request (marshal, see `Request`); back comes
REPORT "started" (pid, 0, clock, 0), or (-errno, 0, 0, 0) for what cannot be started; REPORT "ended" (0, 0, clock, 0)
while the process is still a zombie, so that its number is nobody else's; when llmopt answers with a byte, what is left
of its group is ended, it is reaped, and REPORT "used" comes (exit code, peak kB, 0, CPU seconds). A socket that is
closed instead ends the process: llmopt is gone, or does not want it any more.

Processes that left a command's group and lost their parent become the launcher's own children, and are ended with the
last command that runs.
"""

from __future__ import annotations

import array
import errno
import fcntl
import marshal
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
if TYPE_CHECKING:
    from llmopt.sandbox import restrict
elif __name__ == "__main__":
    sys.path.append(HERE)  # behind the standard library's folders
    import restrict

REPORT = struct.Struct("=qqdd")
MOST_DESCRIPTORS = 5  # the control socket, standard output and error, and sometimes the pipes of marks and of begin
MARKS = 3  # the pipe's number in the target; one digit always, because the size of the environment moves run times
CONTENTS = 10  # the first number of the files in memory that a request brings along
HIGH = 64  # numbers from here on are nobody's
SWEEPS, SWEEP_SECONDS = 2000, 0.001  # of what commands left running

# argv; folder; environment; cores; limits (RLIMIT_*, value); the numbers that the descriptors sent get in the target;
# contents of files in memory; files of control groups to join; the plan for `restrict`, or None
Request = tuple[
    list[bytes],
    bytes,
    dict[bytes, bytes],
    list[int],
    list[tuple[int, int]],
    list[int],
    list[bytes],
    list[bytes],
    "restrict.Plan | None",
]


class Running:
    """A process of the target, and the socket on which llmopt hears of it."""

    def __init__(self, control: socket.socket, pid: int) -> None:
        self.control = control
        self.pid = pid
        self.ended = False
        self.unwanted = False
        self.done = False

    def look(self, now: float, others: list[int]) -> None:
        """Tell of its end, once."""
        if not self.ended and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            self.ended = True
            send(self.control, 0, 0, now)
            if self.unwanted:
                self.reap(others)

    def heard(self, others: list[int]) -> None:
        """llmopt knows of its end, or closed the socket before."""
        if self.ended:
            self.reap(others)
        else:
            self.unwanted = True
            end_group(self.pid)

    def reap(self, others: list[int]) -> None:
        """Tell what it and its group used; the group is ended while its number is still taken."""
        end_group(self.pid)
        _, status, usage = os.wait4(self.pid, 0)
        usages = [usage, *end_of_group(self.pid)]
        end_orphans(others)
        seconds = sum(each.ru_utime + each.ru_stime for each in usages)
        kilobytes = max(each.ru_maxrss for each in usages)
        send(self.control, os.waitstatus_to_exitcode(status), kilobytes, 0.0, seconds)
        self.control.close()
        self.done = True


def serve(requests: socket.socket) -> None:
    """Start what is asked for until llmopt closes its end, and end what then still runs."""
    restrict.adopt_orphans()
    awake, cores = wake_on_child(), os.sched_getaffinity(0)
    running: list[Running] = []
    wanted = True
    while wanted or running:
        heard = {process.control.fileno(): process for process in running if not process.unwanted}
        asked = [requests.fileno()] if wanted else []
        ready, _, _ = select.select([awake, *asked, *heard], [], [])
        now = time.monotonic()
        if awake in ready:
            os.read(awake, select.PIPE_BUF)
        for process in running:
            process.look(now, others(process, running))
        for descriptor in ready:
            if descriptor in heard and not heard[descriptor].done:
                heard[descriptor].heard(others(heard[descriptor], running))
        running = [process for process in running if not process.done]
        if asked and asked[0] in ready:
            wanted = accept(requests, cores, running)


def others(process: Running, running: list[Running]) -> list[int]:
    """The numbers of the commands that run beside this one."""
    return [each.pid for each in running if each is not process and not each.done]


def accept(requests: socket.socket, cores: set[int], running: list[Running]) -> bool:
    """Start what the next request asks for; False after the last one."""
    descriptors = array.array("i")
    # Not `recv_fds`: Python 3.11's forgets the flag, and the target would inherit what was received.
    room = socket.CMSG_SPACE(MOST_DESCRIPTORS * descriptors.itemsize)
    sent, ancillary, _, _ = requests.recvmsg(1, room, socket.MSG_CMSG_CLOEXEC)
    if not sent:
        return False
    for _, _, received in ancillary:
        descriptors.frombytes(received)
    control = socket.socket(fileno=descriptors[0])
    try:
        with control.makefile("rb") as incoming:
            request: Request = marshal.load(incoming)
    except (EOFError, OSError):  # llmopt was interrupted
        control.close()
    else:
        pid, at = start(request, list(descriptors[1:]), cores)
        send(control, pid, 0, at)
        if pid > 0:
            running.append(Running(control, pid))
        else:
            control.close()
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    return True


def start(request: Request, streams: list[int], cores: set[int]) -> tuple[int, float]:
    """The number of the new process and the clock at its start; -errno if it cannot be started."""
    failed, fail = os.pipe2(os.O_CLOEXEC)
    at = time.monotonic()
    pid = os.fork()
    if pid == 0:
        become(request, streams, cores, fail)
    os.close(fail)
    try:
        problem = os.read(failed, 4)  # empty once it became the command
    finally:
        os.close(failed)
    if problem:
        os.waitpid(pid, 0)
        return -int.from_bytes(problem, "little"), 0.0
    return pid, at


def become(request: Request, streams: list[int], cores: set[int], fail: int) -> NoReturn:
    """In the forked child: what was asked for, or its errno into the pipe."""
    number = errno.EINVAL  # of a ValueError: an argument or a variable that no command can have
    fail = fcntl.fcntl(fail, fcntl.F_DUPFD_CLOEXEC, HIGH)
    try:
        replace_process(request, streams, cores)
    except OSError as problem:
        number = problem.errno or errno.EINVAL
    except BaseException:  # a second launcher must not come out of this
        number = errno.EINVAL
    os.write(fail, number.to_bytes(4, "little"))
    os._exit(127)


def replace_process(request: Request, streams: list[int], cores: set[int]) -> None:
    argv, folder, environment, own_cores, limits, numbers, contents, groups, plan = request
    os.setsid()
    for group in groups:
        with open(group, "wb", buffering=0) as entrance:  # noqa: PTH123
            entrance.write(b"0")
    os.chdir(folder)
    os.sched_setaffinity(0, own_cores or cores)
    for stream, number in zip(streams, numbers, strict=True):
        os.dup2(stream, number)
    if MARKS in numbers:
        environment[b"LLMOPT_MARKS_FD"] = b"%d" % MARKS
    for number, content in enumerate(contents, CONTENTS):
        in_memory(content, number)
    for each in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec keeps that
        signal.signal(each, signal.SIG_DFL)
    bound(limits)
    if plan is not None:
        restrict.end_with_parent()
        restrict.restrict(plan)
    execute(argv, environment)


def in_memory(content: bytes, number: int) -> None:
    """A file of this content as the descriptor of this number, at its beginning."""
    made = os.memfd_create("content", 0)
    os.write(made, content)
    os.lseek(made, 0, os.SEEK_SET)
    os.dup2(made, number)
    if made != number:
        os.close(made)


def execute(argv: list[bytes], environment: dict[bytes, bytes]) -> None:
    """Become the program, looked for on the command's own PATH; OSError when there is none."""
    if b"/" in argv[0]:
        os.execve(argv[0], argv, environment)
    problem: OSError = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    for folder in environment.get(b"PATH", os.defpath.encode()).split(b":"):
        try:
            os.execve(os.path.join(folder, argv[0]), argv, environment)  # noqa: PTH118
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as other:
            problem = other
    raise problem


def bound(limits: list[tuple[int, int]]) -> None:
    """The limits of this process and all that come of it."""
    for kind, wanted in limits:
        _, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


def end_orphans(known: list[int]) -> None:
    """Reap what is left of commands, and end it when no command runs that it could belong to."""
    for _ in range(SWEEPS):
        orphans = [pid for pid in children() if pid not in known]
        for pid in orphans:
            if not known:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if known or not orphans:
            return
        time.sleep(SWEEP_SECONDS)


def children() -> list[int]:
    """Of this process, which has one thread; none where the kernel does not tell."""
    try:
        with open("/proc/thread-self/children", "rb") as stream:  # noqa: PTH123
            return [int(number) for number in stream.read().split()]
    except OSError:
        return []


def send(control: socket.socket, number: int, kilobytes: int, at: float, cpu_seconds: float = 0.0) -> None:
    with suppress(OSError):  # llmopt is gone; the socket will be read as closed
        control.send(REPORT.pack(number, kilobytes, at, cpu_seconds))


def end_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of it ended, or it is another user's by now
        os.killpg(pid, signal.SIGKILL)


def end_of_group(pid: int) -> list[resource.struct_rusage]:
    """What the others of an ended group used that were left to the launcher: what ran in the background, and a layer's
    process that the command was a child of."""
    usages = []
    with suppress(ChildProcessError):
        while True:
            usages.append(os.wait4(-pid, 0)[2])
    return usages


def wake_on_child() -> int:
    """A descriptor that becomes readable when a child changes its state."""
    awake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return awake


def standard_input() -> socket.socket:
    """The socket that is this process's standard input, which becomes the empty one that every command gets."""
    requests = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return requests


if __name__ == "__main__":
    serve(standard_input())
