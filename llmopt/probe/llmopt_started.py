"""Tell who starts what an event loop or a pool of threads then runs: no caller stands above it on the stack there.

The modules that start it are watched as the program imports them; one that it never imports costs nothing. Loops that
are written in C (uvloop) are not seen.
"""

import functools
import importlib.machinery
import sys

# Module -> (what runs it, the class, its methods that start something); functions in Python in CPython 3.9 to 3.14.
STARTS = {
    "asyncio.base_events": ("loop", "BaseEventLoop", ("create_task", "call_soon_threadsafe")),
    "concurrent.futures.thread": ("pool", "ThreadPoolExecutor", ("submit",)),
}


def watch(saw):
    """Call `saw(what runs it, frame of who starts it)` at each start from now on."""
    sys.meta_path.insert(0, Finder(saw))


class Finder:
    """Finds the modules of STARTS, and leaves all others to the finders after it."""

    def __init__(self, saw):
        self.saw = saw

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in STARTS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
            return None
        spec.loader = Loader(fullname, spec.loader.path)
        spec.loader.saw = self.saw
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    """The module with its starting methods watched."""

    def exec_module(self, module):
        super().exec_module(module)
        runner, name, methods = STARTS[module.__name__]
        owner = getattr(module, name, None)
        for method in methods:
            original = getattr(owner, method, None)
            if original is not None:
                setattr(owner, method, _watched(original, functools.partial(self.saw, runner)))


def _watched(original, saw):
    caller = sys._getframe

    @functools.wraps(original)
    def start(*args, **kwargs):
        saw(caller(1))
        return original(*args, **kwargs)

    return start
