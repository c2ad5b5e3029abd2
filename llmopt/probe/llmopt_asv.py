"""Run the time_ benchmarks of an asv suite in this process; asv itself is not needed.

Discovery, names, parameters, the order of setups and teardowns and `setup_cache` are asv's own rules
(https://asv.readthedocs.io/en/stable/benchmarks.html). A benchmark that raises ends the run, where asv would go on.
"""

import importlib
import importlib.machinery
import inspect
import itertools
import os
import pickle
import pkgutil
import re
import sys
import tempfile

TIMED = re.compile(r"^(Time[A-Z_].+)|(time_.+)$")


class SuiteFinder:
    """Finds the suite's package by its folder alone: what else lies beside it is not put on the path."""

    def __init__(self, root):
        self.name, self.folder = os.path.basename(root), os.path.dirname(root)

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        return importlib.machinery.PathFinder.find_spec(name, [self.folder])


class Benchmark:
    """One time_ function or method; `sources` are where its attributes are looked up, nearest first."""

    def __init__(self, name, function, sources):
        self.name = name
        self.function = function
        self.sources = sources
        self.setups = self.attributes("setup")[::-1]
        self.teardowns = self.attributes("teardown")
        self.setup_cache = self.first("setup_cache", None)

    def attributes(self, name):
        """The hooks of that name in any case ("setUp" is one), nearest first."""
        found = [getattr(s, key) for s in self.sources for key in dir(s) if key.lower() == name]
        return [hook for hook in found if callable(hook)]

    def first(self, name, default):
        for source in self.sources:
            if getattr(source, name, None) is not None:
                return getattr(source, name)
        return default

    def combinations(self):
        params = list(self.first("params", []))
        if params and not isinstance(params[0], (tuple, list)):
            params = [params]
        skipped = self.first("skip_params", [])
        return [values for values in itertools.product(*params) if values not in skipped]


def run(root, pattern, repetitions, timed):
    """Run every matching benchmark with every combination of parameters; the number of those that ran."""
    sys.meta_path.insert(0, SuiteFinder(root))
    found = list(discover(importlib.import_module(os.path.basename(root))))
    os.chdir(tempfile.mkdtemp())  # as asv does: what setup_cache writes is there, and the tree stays as it is
    caches, ran = {}, 0
    for make in found:
        benchmark = make()
        for values in benchmark.combinations():
            if matches(pattern, benchmark.name, values):
                ran += run_case(make(), values, repetitions, timed, caches)
    return ran


def discover(module):
    """For each benchmark below the module a function that makes it, with a new instance of its class each time."""
    for name, value in list(vars(module).items()):
        if name.startswith("_"):
            continue
        if inspect.isclass(value) and not inspect.isabstract(value):
            for attribute, method in inspect.getmembers(value, inspect.isfunction):
                if is_timed(attribute, method):
                    yield lambda m=module, c=value, a=attribute: of_method(m, c, a)
        elif inspect.isfunction(value) and is_timed(name, value):
            yield lambda m=module, f=value: of_function(m, f)
    for _, name, _ in pkgutil.iter_modules(getattr(module, "__path__", []), module.__name__ + "."):
        yield from discover(importlib.import_module(name))


def is_timed(name, function):
    if getattr(function, "skip_benchmark", False):
        return False
    return bool(TIMED.match(getattr(function, "benchmark_name", name).split(".")[-1]))


def of_function(module, function):
    return Benchmark(benchmark_name(module, function, function.__name__), function, [function, module])


def of_method(module, owner, attribute):
    instance = owner()
    method = getattr(instance, attribute)
    return Benchmark(
        benchmark_name(module, method, owner.__name__ + "." + attribute), method, [method, instance, module]
    )


def benchmark_name(module, function, name):
    return getattr(function, "benchmark_name", ".".join([*module.__name__.split(".")[1:], name]))


def matches(pattern, name, values):
    label = "%s(%s)" % (name, ", ".join(map(repr, values)))
    return bool(re.search(pattern, name) or re.search(pattern, label))


def run_case(benchmark, values, repetitions, timed, caches):
    """Run one combination; False if its setup says with NotImplementedError that it does not apply."""
    arguments = (*cached(benchmark, caches), *values)
    # As asv documents `number`: setup and teardown are not run between the calls of one sample, unless it is 1.
    each = benchmark.first("number", 0) == 1
    for number in range(repetitions if each else 1):
        try:
            for setup in benchmark.setups:
                setup(*arguments)
        except NotImplementedError:
            return False
        timed(benchmark.function, arguments, 1 if each else repetitions, first=number == 0)
        for teardown in benchmark.teardowns:
            teardown(*arguments)
    return True


def cached(benchmark, caches):
    """What setup_cache returned, as one argument or none: made once, and a copy for each case as asv's pickle gives."""
    if benchmark.setup_cache is None:
        return ()
    code = benchmark.setup_cache.__code__
    key = code.co_filename, code.co_firstlineno
    if key not in caches:
        caches[key] = pickle.dumps(benchmark.setup_cache())
    value = pickle.loads(caches[key])
    return () if value is None else (value,)
