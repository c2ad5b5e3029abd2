"""Tell which functions of the tree each test executes, and how long the test takes.

`sys.monitoring` is used from Python 3.12 on: a function tells once for each test, so that calls in a loop cost nothing.
Below it is `sys.setprofile`, which is on during tests only and leaves a profiler of the program's own alone. A child
process belongs to the test that started it. A function that many tests execute is looked at in every second, fourth,
... test only, so that neither time nor memory grows with tests times functions. What a test file defines is left out.

A report is {"tests": [[id, seconds], ...] in the order they ran, "functions": [[path, name, line, [number of a test,
...]], ...]}; the name is "" below 3.11, where code does not know it.
"""

import os
import sys
import threading
import time

import llmopt_report

MOST = 400  # tests of one function
VARIABLE = "LLMOPT_CONTEXT"  # names the running test to child processes
FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED | CO_NEWLOCALS

_contexts = None


def start(settings):
    """Called by `sitecustomize` in every Python process of the command."""
    global _contexts
    _contexts = Contexts(settings["tree"])
    if VARIABLE in os.environ:
        _contexts.begin(os.environ[VARIABLE])
    llmopt_report.at_exit(settings, _contexts.collect, _contexts.restart)


def enter(test):
    """The test with this id begins."""
    if _contexts is not None:
        os.environ[VARIABLE] = test
        _contexts.begin(test)


def leave():
    """It has ended."""
    if _contexts is not None:
        _contexts.end()
        os.environ.pop(VARIABLE, None)


class Function:
    """A code object of the tree, and the numbers of tests that execute it: those that `stride` divides."""

    def __init__(self, code, path):
        self.code = code
        self.path = path
        self.tests = []
        self.stride = 1

    def add(self, number):
        if number % self.stride:
            return
        self.tests.append(number)
        if len(self.tests) > MOST:
            self.stride *= 2
            self.tests = [each for each in self.tests if each % self.stride == 0]

    def report(self):
        return [self.path, getattr(self.code, "co_qualname", ""), self.code.co_firstlineno, self.tests]


class Contexts:
    """The tests of this process so far, and the functions that they executed."""

    def __init__(self, tree):
        self.files = Files(tree)
        self.functions = {}  # by id of the code, which is kept alive
        self.tests = []
        self.running = False
        self.began = 0.0
        self.watch = Monitoring(self) if hasattr(sys, "monitoring") else Profiling(self)

    def begin(self, test):
        self.tests.append([test, 0.0])
        self.running = True
        self.began = time.perf_counter()
        self.watch.begin(len(self.tests))

    def end(self):
        self.watch.end()
        if self.running:
            self.tests[-1][1] = time.perf_counter() - self.began
            self.running = False

    def function(self, code):
        """The code's record, None if it is not to be looked at."""
        path = self.files[code.co_filename]
        if not path or code.co_flags & FUNCTION != FUNCTION:
            return None
        if id(code) not in self.functions:
            self.functions[id(code)] = Function(code, path)
        return self.functions[id(code)]

    def restart(self):
        """In a forked child, which belongs to the test that forked it."""
        for function in self.functions.values():
            function.tests, function.stride = [], 1
        running = [self.tests[-1][0]] if self.running else []
        self.tests = []
        for test in running:
            self.begin(test)

    def collect(self):
        functions = [each.report() for each in self.functions.values() if each.tests]
        return {"tests": self.tests, "functions": functions} if self.tests else None


class Files(dict):
    """File name of code -> path in the tree, "" for other files and those of tests."""

    def __init__(self, tree):
        super().__init__()
        self.tree = os.path.realpath(tree) + os.sep

    def __missing__(self, name):
        self[name] = path = self._path(os.path.realpath(name)) if name[:1] != "<" else ""
        return path

    def _path(self, full):
        if not full.startswith(self.tree):
            return ""
        own = os.path.basename(full)
        if own == "conftest.py" or own.startswith("test_") or own.endswith("_test.py"):
            return ""
        return full[len(self.tree) :].replace(os.sep, "/")


class Monitoring:
    """One tool finds the tree's functions when they first start, another one hears of each of them once for a test."""

    def __init__(self, contexts):
        self.contexts = contexts
        self.off = {}  # stride -> functions that have told
        self.finder, self.teller = free_tools(2)
        monitoring = sys.monitoring
        self.event, self.disable = monitoring.events.PY_START, monitoring.DISABLE
        self.switch = monitoring.set_local_events
        monitoring.register_callback(self.finder, self.event, self._found)
        monitoring.register_callback(self.teller, self.event, self._started)
        monitoring.set_events(self.finder, self.event)

    def begin(self, number):
        for stride in [each for each in self.off if number % each == 0]:
            for function in self.off.pop(stride):
                self.switch(self.teller, function.code, self.event)

    def end(self):
        pass

    def _found(self, code, offset):
        function = self.contexts.function(code)
        if function is not None:
            self._tell(function)
        return self.disable

    def _started(self, code, offset):
        function = self.contexts.functions.get(id(code))
        if function is not None:
            self.switch(self.teller, code, 0)
            self._tell(function)

    def _tell(self, function):
        if self.contexts.running:
            function.add(len(self.contexts.tests))
        self.off.setdefault(function.stride, []).append(function)


class Profiling:
    """Each call is looked at; those of a function that was called before in this test are let go at once."""

    def __init__(self, contexts):
        self.seen = set()
        self.profile = self._profile_of(contexts)
        threading.setprofile(self.profile)

    def begin(self, number):
        self.seen.clear()
        if sys.getprofile() is None:
            sys.setprofile(self.profile)

    def end(self):
        if sys.getprofile() is self.profile:
            sys.setprofile(None)

    def _profile_of(self, contexts):
        files, seen = contexts.files, self.seen

        def profile(frame, event, argument):
            if event == "call":
                code = frame.f_code
                if files[code.co_filename] and id(code) not in seen and contexts.running:
                    function = contexts.function(code)
                    if function is not None:
                        seen.add(id(code))
                        function.add(len(contexts.tests))

        return profile


def free_tools(count):
    """So many tool numbers of `sys.monitoring` that nobody uses, taken; those meant for coverage and debuggers last."""
    free = [number for number in (3, 4, 5, 2, 0, 1) if sys.monitoring.get_tool(number) is None][:count]
    for number in free:
        sys.monitoring.use_tool_id(number, "llmopt")
    return free
