"""Record calls of chosen functions while the program runs: their arguments, as bytes to call the function with again.

Functions are wrapped as `llmopt_observe` does it, so that `from m import f` elsewhere is recorded too. Of all calls a
bounded number is kept, of different kinds before more of one, and small ones rather than large ones: a kind is the
types, sizes and signs of the arguments, the lines that ran, and how the call ended. A call that is not looked at costs
one comparison; how many are looked at, and how long that takes, is bounded. Options: "functions" [{"path", "name",
"line"}] and "seed".
"""

import base64
import builtins
import functools
import itertools
import math
import os
import sys
import time
import types
import zlib

import llmopt_lines
import llmopt_observe
import llmopt_pickles
import llmopt_report

try:
    from _random import Random
except ImportError:
    from random import Random

KEPT = 60  # calls of a function
CALL_BYTES = 4 * 1024**2
FUNCTION_BYTES = 24 * 1024**2
SECONDS = 3.0  # spent on one function's calls in one process, without the calls themselves
EVERY = 200  # the first calls are all looked at,
DOUBLE = 40  # and after each so many more the gap between two doubles
TRACED = 120  # calls of which the lines are told
PROBLEMS = 20


def start(settings):
    """Put the hooks in place; called by `sitecustomize` before the program's first line."""
    recorder = Recorder(settings["tree"], settings["options"])
    llmopt_observe._observer = recorder  # by which the runner compiles a script that it runs
    setattr(builtins, llmopt_observe.NAME, recorder.decorators)
    sys.meta_path.insert(0, llmopt_observe.ModuleFinder(recorder))
    sys.path_hooks.insert(0, recorder.script_finder)
    sys.setrecursionlimit(3 * sys.getrecursionlimit())  # a recursive function now takes three frames a call
    llmopt_report.at_exit(settings, recorder.collect, recorder.restart)


class Recorder(llmopt_observe.Observer):
    """The chosen functions, and what was kept of their calls in this process."""

    def __init__(self, tree, options):
        super().__init__(tree, {"functions": []})
        self.lines = llmopt_lines.NoLines()
        for chosen in options["functions"]:
            record = Record(chosen, options.get("seed") or 0)
            self.records.append(record)
            path = os.path.join(self.tree, *chosen["path"].split("/"))
            self.files.setdefault(os.path.realpath(path), []).append(record)
        self.tails = {llmopt_observe._tail(path) for path in self.files}

    def _decorate(self, tree, record, how):
        found = [node for name, node in llmopt_observe._definitions(tree) if name == record.name]
        for node in found:  # all of one name: a property has a getter and a setter
            if not any(llmopt_observe._compiles(decorator) for decorator in node.decorator_list):
                record.how = how
                self.decorators.append(functools.partial(_wrap, record))
                node.decorator_list.append(llmopt_observe._subscript(len(self.decorators) - 1, node))

    def restart(self):
        for record in self.records:
            record.restart()

    def collect(self):
        seen = [record.report() for record in self.records if record.how]
        if not any(each["calls"] for each in seen):
            return None
        own = os.path.dirname(os.path.abspath(__file__))  # a replay has its own, perhaps of another installation
        return {"functions": seen, "paths": [path for path in sys.path if isinstance(path, str) and path != own]}


class Record:
    """One chosen function, and the calls of it that were kept."""

    def __init__(self, chosen, seed):
        self.path = chosen["path"]
        self.name = chosen["name"]
        self.module = ""
        self.how = ""
        self.random = Random(zlib.crc32(("%s %s %s" % (seed, self.path, self.name)).encode())).random
        self.tick = itertools.count().__next__
        self.first = 0
        self.clear()

    def clear(self):
        self.next = self.first
        self.looked_at = 0
        self.seconds = 0.0
        self.bytes = 0
        self.depth = 0
        self.kinds = {}
        self.problems = {}

    def restart(self):
        """In a forked child: what was kept until now is the parent's."""
        self.first = self.tick() + 1
        self.clear()

    def meet(self, frame, args, kwargs):
        """Who calls, and with what again, is asked by `llmopt_observe`'s own records alone."""

    def observe(self, number, function, args, kwargs):
        """Call a plain function, and keep the call if it is of a new kind."""
        call = self.take(number, function, args, kwargs)
        lines = self._traced(function) if call else None
        self.depth += 1
        try:
            result = function(*args, **kwargs)
        except BaseException as problem:
            if lines is not None:
                sys.settrace(None)
            if call:
                call.end("raised " + type(problem).__name__, lines)
            raise
        finally:
            self.depth -= 1
        if lines is not None:
            sys.settrace(None)
        if call:
            call.end("returned %s" % (result if type(result) is bool else type(result).__name__), lines)
        return result

    def _traced(self, function):
        """The set of lines that run from now on in this function, None when nobody may look."""
        if self.looked_at > TRACED or sys.gettrace() is not None:
            return None
        code, lines = function.__code__, set()

        def each(frame, event, argument):
            if event == "line":
                lines.add(frame.f_lineno)
            return each

        sys.settrace(lambda frame, event, argument: each if frame.f_code is code else None)
        return lines

    def take(self, number, function, args, kwargs):
        """Look at this call, whose arguments are not changed yet; what it returns wants to know how the call ends."""
        began = time.perf_counter()
        call = NO_CALL
        self.looked_at += 1
        self.module = function.__module__
        try:
            kind = "%s %s" % (min(self.depth, 1), kinds_of(args, kwargs))
            data, types_in_it = llmopt_pickles.dump((args, kwargs), CALL_BYTES)
            call = Call(self, kind, data, types_in_it)
        except Exception as problem:  # whatever the program's own classes raise, its run goes on
            self._note(llmopt_pickles.reason(problem))
        self.seconds += time.perf_counter() - began
        self.next = sys.maxsize if self.seconds > SECONDS else number + 1 + self._gap()
        return call

    def _note(self, problem):
        if len(self.problems) < PROBLEMS or problem in self.problems:
            self.problems[problem] = self.problems.get(problem, 0) + 1

    def _gap(self):
        doubled = max(0, self.looked_at - EVERY) // DOUBLE
        return int(self.random() * 2 * ((1 << min(doubled, 40)) - 1))

    def keep(self, call):
        """Keep it if there is room, or if it is of a new kind or much smaller than one of its kind."""
        group = self.kinds.setdefault(call.kind, [])
        if any(each.mark == call.mark for calls in self.kinds.values() for each in calls):
            return
        if sum(map(len, self.kinds.values())) >= KEPT or self.bytes + len(call.data) > FUNCTION_BYTES:
            crowd = group or max(self.kinds.values(), key=len)
            largest = max(crowd, key=lambda each: len(each.data), default=None)
            if largest is None or (len(crowd) < 2 and not group) or (group and 2 * len(call.data) > len(largest.data)):
                return
            crowd.remove(largest)
            self.bytes -= len(largest.data)
        group.append(call)
        self.bytes += len(call.data)

    def report(self):
        return {
            "path": self.path,
            "name": self.name,
            "module": self.module,
            "calls": self.tick() - self.first,
            "problems": self.problems,
            "kept": [call.report() for group in self.kinds.values() for call in group],
        }


class NoCall:
    """Stands for a call that cannot be recorded."""

    def __bool__(self):
        return False

    def __setitem__(self, name, described):
        pass


NO_CALL = NoCall()


class Call:
    """The arguments of one call, not kept until it is known how the call ended."""

    def __init__(self, record, kind, data, types_in_it):
        self.record = record
        self.kind = kind
        self.data = data
        self.mark = zlib.crc32(data)
        self.types = types_in_it
        self.outcome = ""
        self.branch = ""

    def end(self, outcome, lines=None):
        self.outcome = outcome
        self.branch = "%s %s" % (sorted(lines or ()), outcome)
        self.kind = "%s %s" % (self.kind, self.branch)
        self.record.keep(self)

    def __setitem__(self, name, described):
        """What `llmopt_observe`'s wrappers of generators and coroutines say of the result."""
        self.end("returned " + described[0].partition(" ")[0].partition("[")[0])

    def report(self):
        return {
            "kind": self.kind,
            "outcome": self.outcome,
            "branch": self.branch,
            "arguments": base64.b64encode(self.data).decode("ascii"),
            "types": sorted({"%s.%s" % (kind.__module__, kind.__qualname__) for kind in _with_bases(self.types)}),
        }


def _with_bases(kinds):
    """The types and the classes that they derive from: an edit of one of these changes their instances too."""
    for kind in kinds:
        yield kind
        for base in kind.__mro__[1:]:
            if base.__module__ != "builtins":
                yield base


def _wrap(record, function):
    """The innermost decorator of a chosen function: it gets the plain function, and returns one of the same kind."""
    if type(function) is not types.FunctionType:
        return function
    kind = llmopt_observe._wrapper_kind(function.__code__.co_flags)
    if kind is llmopt_observe._wrap_plain:
        wrapper = _wrap_plain(record, function)
    else:
        wrapper = kind(record, llmopt_lines.NoLines(), function)
    wrapper = functools.wraps(function)(wrapper)
    wrapper.__defaults__, wrapper.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return wrapper


def _wrap_plain(record, function):
    tick = record.tick

    def wrapper(*args, **kwargs):
        number = tick()
        if number < record.next:
            return function(*args, **kwargs)
        return record.observe(number, function, args, kwargs)

    return wrapper


# --- kinds of calls --------------------------------------------------------------------------------------------


def kinds_of(args, kwargs):
    """Text that is the same for calls that are much alike; no code of the program runs for it."""
    parts = [_kind(value, 2) for value in args]
    parts += ["%s=%s" % (name, _kind(value, 2)) for name, value in sorted(kwargs.items())]
    return ", ".join(parts)


def _kind(value, depth):
    kind = type(value)
    if kind in KINDS:
        return KINDS[kind](value, depth)
    if kind.__name__ == "ndarray":
        return "ndarray %s %s" % (value.dtype, [_size(length) for length in value.shape])
    return kind.__qualname__


def _size(length):
    return length if length < 3 else "~%d" % (1 << (length.bit_length() - 1))


def _of_int(value, depth):
    return "int %d" % value if -1 <= value <= 2 else "int %s~%d" % ("-" * (value < 0), value.bit_length())


def _of_float(value, depth):
    if value != value or value in (0.0, math.inf, -math.inf):
        return "float %r" % value
    return "float %s%s" % ("-" * (value < 0), "whole" * value.is_integer())


def _of_text(value, depth):
    return "%s %s%s" % (type(value).__name__, _size(len(value)), "" if value.isascii() else " wide")


def _of_items(value, depth):
    inside = sorted({_kind(each, depth - 1) for each in itertools.islice(value, 4)}) if depth else ()
    return "%s %s[%s]" % (type(value).__name__, _size(len(value)), " | ".join(inside))


def _of_dict(value, depth):
    pairs = [(_kind(key, 0), _kind(each, depth - 1)) for key, each in itertools.islice(value.items(), 3 * bool(depth))]
    return "dict %s{%s}" % (_size(len(value)), " | ".join(sorted({"%s: %s" % pair for pair in pairs})))


KINDS = {
    type(None): lambda value, depth: "None",
    bool: lambda value, depth: str(value),
    int: _of_int,
    float: _of_float,
    str: _of_text,
    bytes: _of_text,
    list: _of_items,
    tuple: _of_items,
    set: _of_items,
    frozenset: _of_items,
    dict: _of_dict,
}
