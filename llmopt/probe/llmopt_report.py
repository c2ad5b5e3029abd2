"""Write reports of this process when it ends: by `atexit`, by `os._exit`, or terminated like a pool's workers."""

import atexit
import itertools
import json
import os
import signal

_numbers = itertools.count()
_finishers = []
_restarts = []
_done = []  # ids of the processes, this one and those it was forked from, that have reported
_ending = []  # the id of this process while it reports


def write(settings, value):
    """Write one report of the task now; it appears whole or not at all."""
    path = _free_path(settings)
    with open(path + ".part", "w") as stream:
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
        _watch_the_end()
    _finishers.append(finish)
    _restarts.append(restart)


def finish_all():
    """Report now, and not again in this process."""
    process = os.getpid()
    if process not in _done:
        _done.append(process)
        _ending.append(process)
        for finish in _finishers:
            finish()
        _ending.remove(process)


def _watch_the_end():
    atexit.register(finish_all)
    os._exit = _reporting(os._exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_in_child)
    # `with Pool(...)` terminates its workers, which then run neither atexit nor finalizers.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def _reporting(leave):
    """`os._exit`, by which forked children leave (multiprocessing, execnet), skips atexit: report before it."""

    def _exit(status):
        finish_all()
        leave(status)

    return _exit


def _in_child():
    for restart in _restarts:
        if restart is not None:
            restart()


def _terminated(number, frame):
    if _ending[-1:] == [os.getpid()]:
        return  # on its way out: let the report be written
    signal.signal(number, signal.SIG_DFL)
    finish_all()
    os.kill(os.getpid(), number)
