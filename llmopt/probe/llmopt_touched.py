"""Tell which of some lines run. Options: {"lines": {path: {"functions": [line, ...], "module": [line, ...]}}}.

Lines of functions count when they run in a function, those of modules and classes when these are executed. From Python
3.12 on a line tells once and costs nothing after that. Below it calls are traced until all lines have run, or until
many calls have shown no other line: then the answer is "at least these".
"""

import os
import sys
import threading

import llmopt_report

FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED | CO_NEWLOCALS
BORING = 5000000  # calls of any function without a new line, one or two seconds


def start(settings):
    """Called by `sitecustomize` in every Python process of the command."""
    llmopt_report.at_exit(settings, watch(settings["tree"], settings["options"]["lines"])[0].collect)


def watch(tree, lines):
    """What will have run from now on, and functions that go on with looking for it, and that leave off for a while."""
    touched = Touched(tree, lines)
    return (touched, *(by_monitoring(touched) if hasattr(sys, "monitoring") else by_tracing(touched)))


class Touched:
    """The wanted lines of each file, and those that ran, in functions and outside of them."""

    def __init__(self, tree, lines):
        tree = os.path.realpath(tree)
        self.places = {os.path.join(tree, *path.split("/")): path for path in lines}
        self.tails = {os.path.basename(path) for path in lines}
        self.wanted = {(path, kind): set(each) for path, kinds in lines.items() for kind, each in kinds.items()}
        self.seen = {key: set() for key in self.wanted}
        self.left = self.untold = sum(map(len, self.wanted.values()))

    def lines_of(self, code):
        """The wanted lines that this code may run and where to put them, None if there are none."""
        name = code.co_filename
        if os.path.basename(name) not in self.tails or os.path.realpath(name) not in self.places:
            return None
        kind = "functions" if code.co_flags & FUNCTION == FUNCTION else "module"
        key = self.places[os.path.realpath(name)], kind
        return (self.wanted[key], self.seen[key]) if self.wanted.get(key) else None

    def add(self, lines, line):
        wanted, seen = lines
        if line in wanted and line not in seen:
            seen.add(line)
            self.left -= 1
            return True
        return False

    def collect(self):
        return [[path, kind, sorted(seen)] for (path, kind), seen in self.seen.items() if seen] or None

    def news(self):
        """All that was seen, when that is more than was told; else None."""
        if self.left == self.untold:
            return None
        self.untold = self.left
        return self.collect()


def by_monitoring(touched):
    import llmopt_contexts

    monitoring = sys.monitoring
    events = monitoring.events
    finder, teller = llmopt_contexts.free_tools(2)
    lines = {}  # by id of the code, which is kept alive

    def found(code, offset):
        wanted = touched.lines_of(code)
        if wanted:
            lines[id(code)] = wanted, code
            monitoring.set_local_events(teller, code, events.LINE)
        return monitoring.DISABLE

    def ran(code, line):
        if id(code) in lines:
            touched.add(lines[id(code)][0], line)
        return monitoring.DISABLE

    monitoring.register_callback(finder, events.PY_START, found)
    monitoring.register_callback(teller, events.LINE, ran)
    monitoring.set_events(finder, events.PY_START)
    return (lambda: None), (lambda: None)  # it costs nothing


def by_tracing(touched):
    files = {}  # name -> whether any code of it is wanted
    calls = [0]

    def trace(frame, event, argument):
        code = frame.f_code
        calls[0] += 1
        if calls[0] > BORING or not touched.left:
            return stop()
        name = code.co_filename
        if name not in files:
            files[name] = os.path.basename(name) in touched.tails and os.path.realpath(name) in touched.places
        wanted = touched.lines_of(code) if files[name] else None
        return tracer(wanted) if wanted else None

    def tracer(wanted):
        def line(frame, event, argument):
            if event == "line" and touched.add(wanted, frame.f_lineno):
                calls[0] = 0
            return line

        return line

    def stop():
        if sys.gettrace() is trace:
            sys.settrace(None)

    def begin():
        if calls[0] <= BORING and touched.left and sys.gettrace() is None:
            sys.settrace(trace)

    threading.settrace(trace)
    begin()
    return begin, stop
