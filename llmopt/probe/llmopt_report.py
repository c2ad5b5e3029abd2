"""Write reports of this process when it ends: by `atexit`, by `os._exit`, or terminated as pools do with their workers.

SIGTERM keeps its action. Python runs a handler only between two bytecodes, and forgets signals that came during a fork:
with a handler, a worker that has just been forked or is about to wait for a semaphore outlives the SIGTERM that would
have ended it, and its parent waits for it forever. So it is the parent, where it calls `os.kill(pid, SIGTERM)` (as
multiprocessing and subprocess do), that asks for the report first, by SIGURG, which a process without a handler
ignores; it asks again until it is answered, and waits a bounded time. A process that does not answer in that time
(it is in a long native call), or is ended in another way, leaves no report.
"""

import atexit
import contextlib
import gc
import itertools
import json
import os
import signal
import sys
import time

ASK = getattr(signal, "SIGURG", None)
ASK_AGAIN_SECONDS = 0.005
ANSWER_SECONDS = 1.0  # a report takes milliseconds; the rest is for a machine with more to do
PATIENCE_SECONDS = 5.0  # that this process waits for the answers of all the processes it ends

_numbers = itertools.count()
_finishers = []
_restarts = []
_done = []  # ids of the processes, this one and those it was forked from, that have reported
_folders = []  # where the processes that can be asked leave a file until they have reported
_waited = [0.0]


def write(settings, value):
    """Write one report of the task now; it appears whole or not at all."""
    path = _free_path(settings)
    with open(path + ".part", "w", encoding="ascii") as stream:
        json.dump(value, stream)
    os.replace(path + ".part", path)


def _free_path(settings):
    while True:
        name = "%s-%d-%d.json" % (settings["task"], os.getpid(), next(_numbers))
        path = os.path.join(settings["results"], name)
        if not os.path.exists(path):  # of the program that this process ran before an exec
            return path


def at_exit(settings, collect, restart=None):
    """Report `collect()` when this process ends, and again in each forked child after `restart()` cleared its state.

    A `collect()` of None reports nothing. Each process reports once, whichever way it ends.
    """

    def finish():
        value = collect()
        if value is not None:
            write(settings, value)

    if not _finishers:
        _folders.append(settings["results"])
        _watch_the_end()
    _finishers.append(finish)
    _restarts.append(restart)


def finish_all():
    """Report now, and not again in this process."""
    process = os.getpid()
    if process in _done:
        return
    _done.append(process)
    collecting = gc.isenabled()
    gc.disable()  # reports are many small objects, which would set off the program's finalizers, here of all places
    try:
        for finish in _finishers:
            finish()
    finally:
        if collecting:
            gc.enable()
        _owe_nothing(process)


def _watch_the_end():
    atexit.register(finish_all)
    os._exit = _reporting(os._exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_in_child)
    if ASK is not None and signal.getsignal(ASK) is signal.SIG_DFL:
        signal.signal(ASK, _asked)
        os.kill = _asking(os.kill)
        _owe_a_report()


def _reporting(leave):
    """`os._exit`, by which forked children leave (multiprocessing, execnet), skips atexit: report before it."""

    def _exit(status):
        try:
            finish_all()
        finally:
            leave(status)

    return _exit


def _in_child():
    for restart in _restarts:
        if restart is not None:
            restart()
    _owe_a_report()


def _asking(send):
    """`os.kill` that has another process, or this one, report before SIGTERM ends it."""

    def kill(process, number, /):
        if number == signal.SIGTERM:
            if process != os.getpid():
                _wait_for_report(send, process)
            elif signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                finish_all()
        send(process, number)

    return kill


def _wait_for_report(send, process):
    began = now = time.monotonic()
    until = began + min(ANSWER_SECONDS, PATIENCE_SECONDS - _waited[0])
    while now < until and os.path.exists(_debt(process)):
        send(process, ASK)
        time.sleep(ASK_AGAIN_SECONDS)
        now = time.monotonic()
    _waited[0] += now - began


def _asked(number, frame):
    try:
        finish_all()
    except Exception:  # whatever it is, it must not be raised in the middle of the program's own code
        sys.excepthook(*sys.exc_info())


def _debt(process):
    return os.path.join(_folders[0], "owing-%s" % (process,))


def _owe_a_report():
    if ASK is not None and signal.getsignal(ASK) is _asked:
        with contextlib.suppress(OSError):  # of a process that outlives the run: its report is not read any more
            os.close(os.open(_debt(os.getpid()), os.O_CREAT | os.O_WRONLY))


def _owe_nothing(process):
    with contextlib.suppress(OSError):  # it could not be asked
        os.unlink(_debt(process))
