"""Count the calls of chosen functions and who makes them, sample what they are given and return, measure their lines.

The files that define them are compiled with one more decorator on each chosen `def`, the innermost, so every reference
to the function (`from m import f`, a class's attribute, a closure) is the measured one; line numbers stay, and nothing
is written to `__pycache__`. Imported modules and `python -m` pass a finder on `sys.meta_path`; `python script.py`
(also `runpy.run_path`, as multiprocessing's spawn does) passes a hook on `sys.path_hooks`, which Python asks whether
the script is a folder or an archive to run; `llmopt_runner` calls `compile_main`.

A wrapped function has one more frame above it, visible to code that inspects its callers. Functions that a decorator
compiles (numba) are left alone. Options: "functions" [{"path", "name", "line"}, and "only": "calls" where nothing else
is wanted], "seed", "reservoir", "overlay" and "lines".
"""

import ast
import builtins
import functools
import importlib.machinery
import itertools
import math
import os
import sys
import types

import llmopt_lines
import llmopt_parts
import llmopt_repeats
import llmopt_report
import llmopt_values

try:
    from _random import Random  # `random` loads a dozen modules
except ImportError:
    from random import Random

RESERVOIR = 64
COMPARED = 4000  # first calls whose arguments are compared with each other
ABOVE = 8  # frames looked at for a caller of the repository: generated and library code may stand in between
CALLERS = 8
NAME = "__llmopt_observe__"  # in builtins: the decorators, by number
COMPILERS = {"jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil", "generated_jit"}
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200  # of co_flags

_observer = None


def start(settings):
    """Put the hooks in place; called by `sitecustomize` before the program's first line."""
    global _observer
    _observer = Observer(settings["tree"], settings["options"])
    setattr(builtins, NAME, _observer.decorators)
    sys.meta_path.insert(0, ModuleFinder(_observer))
    sys.path_hooks.insert(0, _observer.script_finder)
    sys.setrecursionlimit(2 * sys.getrecursionlimit())  # a recursive function now takes two frames a call
    llmopt_report.at_exit(settings, _observer.collect, _observer.restart)


def compile_main(source, path):
    """The code of a script that is run by other means than `python script.py`."""
    if _observer is None or not _observer.wants(path):
        return compile(source, path, "exec", dont_inherit=True)
    return _observer.compile(source, path, "script")


class Observer:
    """The chosen functions, and what was seen of them in this process."""

    def __init__(self, tree, options):
        self.options = options
        self.tree = os.path.realpath(tree)
        self.inside = tuple({os.path.join(each, "") for each in (self.tree, os.path.abspath(tree))})
        self.records = []
        self.files = {}
        for chosen in options["functions"]:
            record = Record(chosen, options.get("reservoir") or RESERVOIR, options.get("seed") or 0, self.inside)
            self.records.append(record)
            path = os.path.join(self.tree, *chosen["path"].split("/"))
            self.files.setdefault(os.path.realpath(path), []).append(record)
        self.tails = {_tail(path) for path in self.files}
        self.decorators = [_as_script]
        self.lines = None
        self.before = {}

    def wants(self, path):
        return os.path.realpath(path) in self.files

    def compile(self, source, path, how):
        """The code of a file, its chosen functions decorated; a SyntaxError is the program's own."""
        if self.lines is None:
            wanted = self.options.get("lines", True)
            self.lines = llmopt_lines.open_counter(self.options.get("overlay")) if wanted else llmopt_lines.NoLines()
        tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        for record in self.files[os.path.realpath(path)]:
            self._decorate(tree, record, how)
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)

    def _decorate(self, tree, record, how):
        found = [node for name, node in _definitions(tree) if name == record.name]
        node = next((node for node in found if node.lineno == record.line), found[-1] if found else None)
        if node is None:
            record.how = "not found in its file"
        elif any(_compiles(decorator) for decorator in node.decorator_list):
            record.how = "left alone: its decorator compiles it"
        else:
            record.how = how
            lines = llmopt_lines.NoLines() if record.counts_only else self.lines
            self.decorators.append(functools.partial(_wrap, record, lines))
            node.decorator_list.append(_subscript(len(self.decorators) - 1, node))

    def script_finder(self, path):
        """A `sys.path_hooks` entry: the finder of `__main__` for a chosen script, ImportError for anything else."""
        if isinstance(path, str) and self.wants(path):
            return ScriptFinder(self, path)
        raise ImportError(path)

    def restart(self):
        """In a forked child: what was counted until now is the parent's."""
        self.before = self._lines_by_record()
        for record in self.records:
            record.restart()

    def collect(self):
        if not any(record.how for record in self.records):
            return None
        lines = self._lines_by_record()
        return {
            "measured_by": self.lines.name,
            "functions": [
                record.report(_difference(lines.get(record, {}), self.before.get(record, {})))
                for record in self.records
                if record.how
            ],
        }

    def _lines_by_record(self):
        if self.lines is None:
            return {}
        found = self.lines.collect()
        return {record: _sum([found.get(key, {}) for key in record.codes]) for record in self.records}


class ModuleFinder:
    """Finds the modules whose file is a chosen one, and leaves all others to the finders after it."""

    def __init__(self, observer):
        self.observer = observer

    def find_spec(self, fullname, path=None, target=None):
        if fullname.rpartition(".")[2] not in self.observer.tails:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
            return None
        if not self.observer.wants(spec.loader.path):
            return None
        spec.loader = Loader(fullname, spec.loader.path)
        spec.loader.observer = self.observer
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles from source each time: cached bytecode is the plain one, and stays so."""

    how = "import"

    def get_code(self, fullname):
        return self.observer.compile(self.get_data(self.path), self.path, self.how)


class ScriptFinder:
    """Stands for a script where Python looks for a folder or an archive with a `__main__` module."""

    def __init__(self, observer, path):
        self.observer = observer
        self.path = path

    def find_spec(self, fullname, target=None):
        if fullname != "__main__":
            return None
        loader = ScriptLoader(fullname, self.path)
        loader.observer = self.observer
        spec = importlib.machinery.ModuleSpec(fullname, loader, origin=self.path)
        spec.has_location = True
        return spec


class ScriptLoader(Loader):
    """The same for a script: it must not notice that it is run as a module."""

    how = "script"

    def get_code(self, fullname):
        if sys.path and sys.path[0] == self.path:
            if _called_from("run_path"):
                del sys.path[0]
            else:
                sys.path[0] = os.path.dirname(self.path)
        source = self.get_data(self.path)
        tree = compile(source, self.path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        at = _after_prologue(tree.body)
        if tree.body:
            call = ast.Call(_subscript(0, tree.body[0]), [ast.Call(ast.Name("globals", ast.Load()), [], [])], [])
            tree.body.insert(at, ast.copy_location(ast.Expr(call), tree.body[0]))
        return self.observer.compile(ast.fix_missing_locations(tree), self.path, self.how)


def _as_script(names):
    """Give a `__main__` that was run as a module the globals of a script."""
    names["__spec__"] = names["__package__"] = names["__cached__"] = None
    names["__loader__"] = importlib.machinery.SourceFileLoader("__main__", names["__file__"])


def _called_from(name):
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == name and frame.f_globals.get("__name__") == "runpy":
            return True
        frame = frame.f_back
    return False


def _after_prologue(body):
    """Where the first statement goes: behind the docstring and `from __future__ import`."""
    at = 0
    for node in body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        at += 1
    return at


def _tail(path):
    stem = os.path.splitext(os.path.basename(path))[0]
    return os.path.basename(os.path.dirname(path)) if stem == "__init__" else stem


def _definitions(node, prefix=""):
    """(qualified name, def) of all functions below, "outer.inner" for nested ones."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = prefix + child.name
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from _definitions(child, name + ".")
        else:
            yield from _definitions(child, prefix)


def _compiles(decorator):
    while isinstance(decorator, (ast.Call, ast.Attribute)):
        if isinstance(decorator, ast.Attribute) and decorator.attr in COMPILERS:
            return True
        decorator = decorator.func if isinstance(decorator, ast.Call) else decorator.value
    return isinstance(decorator, ast.Name) and decorator.id in COMPILERS


def _subscript(number, at):
    node = ast.Subscript(ast.Name(NAME, ast.Load()), ast.Constant(number), ast.Load())
    for part in ast.walk(node):
        ast.copy_location(part, at)
        if hasattr(part, "lineno"):
            part.end_lineno = at.lineno
            part.end_col_offset = at.col_offset
    return node


class Record:
    """One chosen function: its calls, and a reservoir of described ones.

    The sample is uniform over all calls (Li 1994, algorithm L): which call is taken next is known in advance, so a call
    that is not taken costs one comparison.
    """

    def __init__(self, chosen, size, seed, inside):
        self.inside = inside
        self.path = chosen["path"]
        self.name = chosen["name"]
        self.line = chosen["line"]
        self.counts_only = chosen.get("only") == "calls"
        self.size = size
        self.random = Random(int.from_bytes(("%s %s %s" % (seed, self.path, self.name)).encode(), "big")).random
        self.how = ""
        self.codes = set()
        self.tick = itertools.count().__next__
        self.first = 0
        self.clear()

    def clear(self):
        self.callers = {}  # id of the code -> [the code, calls]
        self.keys = set()
        self.compared = 0
        self.samples = []
        self.next = sys.maxsize if self.counts_only else self.first
        self.threshold = 1.0

    def restart(self):
        self.first = self.tick() + 1
        self.clear()

    def meet(self, frame, args, kwargs):
        """Count who calls, and whether equal arguments came before."""
        entry = self.callers.get(id(frame.f_code)) or self._entry(frame)
        if entry is not None:
            entry[1] += 1
        if self.compared < COMPARED and not self.counts_only:
            self.compared += 1
            self.keys.add(llmopt_repeats.key(args, kwargs))

    def _entry(self, frame):
        """[code, calls] of the nearest frame that is the repository's."""
        for _ in range(ABOVE):
            if frame is None:
                return None
            code = frame.f_code
            if code.co_filename.startswith(self.inside):
                return self.callers.setdefault(id(code), [code, 0])
            frame = frame.f_back
        return None

    def take(self, number, function, args, kwargs):
        """Describe this call into the reservoir; returns where its result goes."""
        sample = _described(function, args, kwargs)
        if len(self.samples) < self.size:
            self.samples.append(sample)
        else:
            self.samples[int(self.random() * self.size)] = sample
        if len(self.samples) < self.size:
            self.next = number + 1
        else:
            self.threshold *= math.exp(math.log(1.0 - self.random()) / self.size)
            self.next = number + 1 + self._skip()
        return sample

    def _skip(self):
        kept = math.log1p(-self.threshold) if self.threshold < 1.0 else -math.inf
        return int(math.log(1.0 - self.random()) / kept) if kept else sys.maxsize

    def report(self, lines):
        names = []
        for sample in self.samples:
            names += [name for name in sample if name not in names]
        names.sort(key=lambda name: "." in name or "[" in name)  # the arguments, then their parts
        return {
            "path": self.path,
            "name": self.name,
            "line": self.line,
            "how": self.how,
            "calls": self.tick() - self.first,
            "callers": self._callers(),
            "compared": self.compared,
            "distinct": len(self.keys),
            "lines": [[line, hits, seconds] for line, (hits, seconds) in sorted(lines.items())],
            "arguments": [{"name": name, "kinds": self._kinds(name)} for name in names if name != "return"]
            + [{"name": "return", "kinds": self._kinds("return")}] * ("return" in names),
        }

    def _callers(self):
        """[file, name, first line, calls] of the callers, the most frequent first."""
        found = sorted(self.callers.values(), key=lambda each: -each[1])[:CALLERS]
        return [
            [code.co_filename, getattr(code, "co_qualname", code.co_name), code.co_firstlineno, calls]
            for code, calls in found
        ]

    def _kinds(self, name):
        counts = {}
        for sample in self.samples:
            for kind in sample.get(name, ()):
                counts[kind] = counts.get(kind, 0) + 1
        return counts


def _described(function, args, kwargs):
    """Parameter name -> [kind], for what was passed and what the defaults fill in, then the parts of these."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    values = dict(zip(names[len(names) - len(defaults) :], defaults))  # noqa: B905 (3.10 and later)
    values.update(function.__kwdefaults__ or {})
    values.update(zip(names, args))  # noqa: B905
    values.update(kwargs)
    given = {name: values.pop(name) for name in _parameters(code) if name in values}
    described = {name: [llmopt_values.describe(value)] for name, value in given.items()}
    star = code.co_argcount + code.co_kwonlyargcount
    if code.co_flags & 0x04:
        described["*" + code.co_varnames[star]] = [llmopt_values.describe(args[code.co_argcount :])]
        star += 1
    if code.co_flags & 0x08:
        described["**" + code.co_varnames[star]] = [llmopt_values.describe(values)]
    wanted = _words(code)
    for name, value in given.items():
        described.update(llmopt_parts.describe(name, value, wanted))
    return described


_words = functools.lru_cache(maxsize=256)(llmopt_parts.words)


def _parameters(code):
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _sum(parts):
    total = {}
    for part in parts:
        for line, (hits, seconds) in part.items():
            before = total.get(line, (0, 0.0))
            total[line] = (before[0] + hits, before[1] + seconds)
    return total


def _difference(after, before):
    lines = {}
    for line, (hits, seconds) in after.items():
        hits_before, seconds_before = before.get(line, (0, 0.0))
        if hits > hits_before:
            lines[line] = (hits - hits_before, max(0.0, seconds - seconds_before))
    return lines


def _wrap(record, lines, function):
    """The innermost decorator of a chosen function: it gets the plain function, and returns one of the same kind."""
    if type(function) is not types.FunctionType:
        return function
    code = function.__code__
    record.codes.add((code.co_filename, code.co_firstlineno, code.co_name))
    lines.add(function)
    wrapper = functools.wraps(function)(_wrapper_kind(code.co_flags)(record, lines, function))
    # Decorators above read these, and functools.wraps leaves them out.
    wrapper.__defaults__, wrapper.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return wrapper


def _wrapper_kind(flags):
    if flags & ASYNC_GENERATOR:
        return _wrap_async_generator
    if flags & COROUTINE:
        return _wrap_coroutine
    return _wrap_generator if flags & GENERATOR else _wrap_plain


def _wrap_plain(record, lines, function):
    tick, enter, leave, meet, caller = record.tick, lines.enter, lines.leave, record.meet, sys._getframe

    def wrapper(*args, **kwargs):
        number = tick()
        meet(caller(1), args, kwargs)
        sample = record.take(number, function, args, kwargs) if number >= record.next else None
        enter()
        try:
            result = function(*args, **kwargs)
        finally:
            leave()
        if sample is not None:
            sample["return"] = [llmopt_values.describe(result)]
        return result

    return wrapper


def _wrap_generator(record, lines, function):
    def wrapper(*args, **kwargs):
        _count(record, function, args, kwargs, "generator")
        return (yield from _steps(function(*args, **kwargs), lines))

    return wrapper


def _wrap_coroutine(record, lines, function):
    async def wrapper(*args, **kwargs):
        sample = _count(record, function, args, kwargs, None)
        result = await _awaited_steps(function(*args, **kwargs), lines)
        if sample is not None:
            sample["return"] = [llmopt_values.describe(result)]
        return result

    return wrapper


def _wrap_async_generator(record, lines, function):
    async def wrapper(*args, **kwargs):
        _count(record, function, args, kwargs, "async_generator")
        inner = function(*args, **kwargs)
        step = inner.__anext__()
        while True:
            try:
                value = await _awaited_steps(step, lines)
            except StopAsyncIteration:
                return
            try:
                step = inner.asend((yield value))
            except GeneratorExit:
                await inner.aclose()
                raise
            except BaseException as problem:  # passed on to the function, whose own it is
                step = inner.athrow(problem)

    return wrapper


def _count(record, function, args, kwargs, result):
    number = record.tick()
    record.meet(sys._getframe(2), args, kwargs)
    if number < record.next:
        return None
    sample = record.take(number, function, args, kwargs)
    if result is not None:
        sample["return"] = [result]
    return sample


def _steps(inner, lines):
    """`yield from inner` with the line counter on only while `inner` runs (the expansion of PEP 380)."""
    value = problem = None
    while True:
        lines.enter()
        try:
            item = inner.send(value) if problem is None else inner.throw(problem)
        except StopIteration as stop:
            return stop.value
        finally:
            lines.leave()
            value = problem = None
        try:
            value = yield item
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as error:  # passed on to the function, whose own it is
            problem = error


# A function of its own: `types.coroutine` marks the code, and a plain generator may not `yield from` a marked one.
_awaited_steps = types.coroutine(types.FunctionType(_steps.__code__, globals(), "_awaited_steps"))
