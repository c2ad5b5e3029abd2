"""Count hits and time per line of chosen functions: by line_profiler where there is one, else by tracing."""

import os
import sys
import threading
import time

CORE = "LINE_PROFILER_CORE"  # read when line_profiler is imported


def open_counter(overlay):
    """The target's own line_profiler, else the one in the `overlay` folder, else the tracer."""
    before = set(sys.path)
    profiler = _line_profiler()
    if profiler is not None:
        return ByLineProfiler(profiler, "target's")
    if overlay and os.path.isdir(overlay) and overlay not in before:
        sys.path.append(overlay)
        profiler = _line_profiler()
        if profiler is not None:
            return ByLineProfiler(profiler, "overlay")
        sys.path.remove(overlay)
    return ByTracing()


def _line_profiler():
    # Switching it on and off, done at each call, takes 7 µs with this core on 3.12 and later and 9 with the default.
    chosen = os.environ.get(CORE)
    os.environ[CORE] = "legacy"
    try:
        return _imported()
    finally:
        if chosen is None:
            del os.environ[CORE]
        else:
            os.environ[CORE] = chosen


def _imported():
    try:
        import line_profiler

        return line_profiler if hasattr(line_profiler, "LineProfiler") else None
    except Exception:  # a broken installation in the target is a reason to go on without, whatever it raises
        for name in [name for name in sys.modules if name.partition(".")[0] == "line_profiler"]:
            del sys.modules[name]
        return None


class NoLines:
    """Nothing is counted."""

    name = ""

    def add(self, function):
        pass

    def enter(self):
        pass

    def leave(self):
        pass

    def collect(self):
        return {}


class ByLineProfiler:
    """line_profiler, switched on only inside the chosen functions."""

    def __init__(self, module, whose):
        self.profiler = module.LineProfiler()
        self.name = "%s line_profiler %s" % (whose, getattr(module, "__version__", "?"))
        self.enter = self.profiler.enable_by_count
        self.leave = self.profiler.disable_by_count
        self.added = {}  # id of the original code -> (original, the code line_profiler put in its place)

    def add(self, function):
        code = function.__code__
        if id(code) in self.added:  # a closure made again
            function.__code__ = self.added[id(code)][1]
            return
        self.profiler.add_function(function)
        self.added[id(code)] = (code, function.__code__)

    def collect(self):
        """(file, first line, plain name) -> {line: (hits, seconds)}."""
        stats = self.profiler.get_stats()
        found = {}
        for (path, first, name), lines in stats.timings.items():
            into = found.setdefault((path, first, name.rpartition(".")[2]), {})
            for line, hits, ticks in lines:
                before = into.get(line, (0, 0.0))
                into[line] = (before[0] + hits, before[1] + ticks * stats.unit)
        return found


class ByTracing:
    """`sys.settrace`, switched on only inside the chosen functions; a tracer of the program's own is left alone."""

    name = "tracing"

    def __init__(self):
        self.codes = {}
        self.found = {}
        self.depth = threading.local()

    def add(self, function):
        code = function.__code__
        if id(code) not in self.codes:
            self.codes[id(code)] = code
            self.found.setdefault(_key(code), {})

    def enter(self):
        depth = getattr(self.depth, "value", 0)
        if depth == 0 and sys.gettrace() is None:
            sys.settrace(self.trace)
        self.depth.value = depth + 1

    def leave(self):
        self.depth.value -= 1
        if self.depth.value == 0 and sys.gettrace() == self.trace:
            sys.settrace(None)

    def trace(self, frame, event, argument):
        if event != "call" or id(frame.f_code) not in self.codes:
            return None
        return self._tracer_of(self.found[_key(frame.f_code)])

    def _tracer_of(self, lines):
        line, since = None, 0.0

        def trace(frame, event, argument):
            nonlocal line, since
            now = time.perf_counter()
            if line is not None:
                hits, seconds = lines[line]
                lines[line] = (hits, seconds + now - since)
            line = frame.f_lineno if event == "line" else None if event == "return" else line
            if event == "line":
                hits, seconds = lines.get(line, (0, 0.0))
                lines[line] = (hits + 1, seconds)
            since = time.perf_counter()
            return trace

        return trace

    def collect(self):
        return {key: dict(lines) for key, lines in self.found.items()}


def _key(code):
    return (code.co_filename, code.co_firstlineno, code.co_name)
