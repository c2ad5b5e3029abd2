"""Write a report of this process when it ends, also in forked children that leave by `os._exit`."""

import atexit
import itertools
import json
import os

_numbers = itertools.count()


def write(settings, value):
    """Write one report of the task now; it appears whole or not at all."""
    name = "%s-%d-%d.json" % (settings["task"], os.getpid(), next(_numbers))
    path = os.path.join(settings["results"], name)
    with open(path + ".part", "w") as stream:
        json.dump(value, stream)
    os.replace(path + ".part", path)


def at_exit(settings, collect, restart=None):
    """Report `collect()` when this process ends, and again in each forked child after `restart()` cleared its state."""

    def finish():
        value = collect()
        if value is not None:
            write(settings, value)

    def in_child():
        if restart is not None:
            restart()
        # multiprocessing's children leave by os._exit, which skips atexit but runs its own finalizers.
        import sys

        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, finish, exitpriority=-100)

    atexit.register(finish)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)
