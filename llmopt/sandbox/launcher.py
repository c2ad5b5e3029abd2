"""The launcher: a control socket in, one process of the target out, and what it used back through the socket.

It is run as a script of its own, with nothing but the standard library and little of that, because Linux counts the
memory of the process that calls exec as the peak of what it becomes: started by llmopt itself, every small program
would show llmopt's memory. It stays for as long as llmopt does, and starts all commands: a start of Python for each
would cost more than many of them run.

The protocol, on a socket of its own for each command: llmopt sends the request (marshal: argv, folder, environment,
cores, file_bytes); back comes REPORT "started" (pid, 0, clock, 0), or (-errno, 0, 0, 0) for what cannot be started;
REPORT "ended" (0, 0, clock, 0) while the process is still a zombie, so that its number is nobody else's; when llmopt
answers with a byte, what is left of its group is ended, it is reaped, and REPORT "used" comes (exit code, peak kB, 0,
CPU seconds). A socket that is closed instead ends the process: llmopt is gone, or does not want it any more.
"""

from __future__ import annotations

import array
import errno
import marshal
import os
import resource
import select
import signal
import socket
import struct
import time
from contextlib import suppress

REPORT = struct.Struct("=qqdd")
MOST_DESCRIPTORS = 4  # the control socket, standard output and error, and sometimes the pipe of marks
MARKS = 3  # the pipe's number in the target; one digit always, because the size of the environment moves run times

Request = tuple[list[bytes], bytes, dict[bytes, bytes], list[int], int]


class Running:
    """A process of the target, and the socket on which llmopt hears of it."""

    def __init__(self, control: socket.socket, pid: int) -> None:
        self.control = control
        self.pid = pid
        self.ended = False
        self.unwanted = False
        self.done = False

    def look(self, now: float) -> None:
        """Tell of its end, once."""
        if not self.ended and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            self.ended = True
            send(self.control, 0, 0, now)
            if self.unwanted:
                self.reap()

    def heard(self) -> None:
        """llmopt knows of its end, or closed the socket before."""
        if self.ended:
            self.reap()
        else:
            self.unwanted = True
            end_group(self.pid)

    def reap(self) -> None:
        """Tell what it and the children it waited for used; its group is ended while its number is still taken."""
        end_group(self.pid)
        _, status, usage = os.wait4(self.pid, 0)
        seconds = usage.ru_utime + usage.ru_stime
        send(self.control, os.waitstatus_to_exitcode(status), usage.ru_maxrss, 0.0, seconds)
        self.control.close()
        self.done = True


def serve(requests: socket.socket) -> None:
    """Start what is asked for until llmopt closes its end, and end what then still runs."""
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
            process.look(now)
        for descriptor in ready:
            if descriptor in heard and not heard[descriptor].done:
                heard[descriptor].heard()
        running = [process for process in running if not process.done]
        if asked and asked[0] in ready:
            wanted = accept(requests, cores, running)


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
    argv, folder, environment, own_cores, file_bytes = request
    copies = list(zip(streams, (1, 2, MARKS), strict=False))
    if len(copies) > 2:
        environment[b"LLMOPT_MARKS_FD"] = b"%d" % MARKS
    os.environb[b"PATH"] = environment.get(b"PATH", os.defpath.encode())
    try:
        os.chdir(folder)
        os.sched_setaffinity(0, own_cores or cores)
        at = time.monotonic()
        pid = os.posix_spawnp(
            argv[0],
            argv,
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, copy) for descriptor, copy in copies],
            setsid=True,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them, and exec keeps that
        )
        bound(pid, file_bytes)
    except OSError as error:
        return -(error.errno or errno.EINVAL), 0.0
    except ValueError:  # an argument or a variable that no command can have
        return -errno.EINVAL, 0.0
    finally:
        os.sched_setaffinity(0, cores)
        os.chdir("/")
    return pid, at


def bound(pid: int, file_bytes: int) -> None:
    """The limits of a process; the launcher's own ones are not the ones to lower, nobody could raise them again."""
    for kind, wanted in ((resource.RLIMIT_FSIZE, file_bytes), (resource.RLIMIT_CORE, 0)):
        try:
            _, hard = resource.prlimit(pid, kind)
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.prlimit(pid, kind, (most, most))
        except (ProcessLookupError, PermissionError):
            return  # it became another user's


def send(control: socket.socket, number: int, kilobytes: int, at: float, cpu_seconds: float = 0.0) -> None:
    with suppress(OSError):  # llmopt is gone; the socket will be read as closed
        control.send(REPORT.pack(number, kilobytes, at, cpu_seconds))


def end_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of it ended, or it is another user's by now
        os.killpg(pid, signal.SIGKILL)


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
