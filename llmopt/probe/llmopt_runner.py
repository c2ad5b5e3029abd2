"""Run a workload inside the target's process: `python llmopt_runner.py KIND TARGET [--repetitions N] [-- ARGS...]`.

    script            TARGET is a script, run as `python TARGET ARGS` would run it; nothing is marked
    script-functions  TARGET is a script with workload(), and maybe setup(), called untimed before each repetition
    function          TARGET is module:function, called without arguments
    asv               TARGET is the benchmark folder of an asv suite; ARGS is a regular expression of benchmarks

A failure prints its traceback and ends with exit code 1, as Python does.
"""

import collections
import collections.abc
import gc
import importlib
import inspect
import os
import sys
import tokenize
import types

import llmopt_marks


def main(words):
    kind, target, repetitions, arguments = parse(words)
    sys.argv = [target, *arguments]
    KINDS[kind](target, repetitions)


def parse(words):
    words, arguments = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    kind, target, *options = words
    repetitions = int(options[1]) if options[:1] == ["--repetitions"] else 1
    return kind, target, repetitions, arguments


def run_script(path, repetitions):
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    load_script(path, "__main__")


def run_script_functions(path, repetitions):
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    module = load_script(path, module_name(path))
    setup = getattr(module, "setup", None)
    for number in range(repetitions):
        if setup is not None:
            setup()
        timed(module.workload, first=number == 0)


def run_function(target, repetitions):
    sys.path[0] = os.getcwd()
    module_name, _, names = target.partition(":")
    function = importlib.import_module(module_name)
    for name in names.split("."):
        function = getattr(function, name)
    timed(function, times=repetitions)


def run_asv(folder, repetitions):
    import llmopt_asv

    sys.path[0] = os.getcwd()
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    if not llmopt_asv.run(os.path.abspath(folder), pattern, repetitions, timed):
        sys.exit("no time_ benchmark of %s ran%s" % (folder, " that matches %r" % pattern if pattern else ""))


KINDS = {
    "script": run_script,
    "script-functions": run_script_functions,
    "function": run_function,
    "asv": run_asv,
}


def timed(function, arguments=(), times=1, first=True):
    """Call the function so often between marks; the first call of all in the process apart from the others.

    Garbage of what ran before is collected first, so that it is not charged.
    """
    gc.collect()
    for calls, apart in ((1, True), (times - 1, False)) if first else ((times, False),):
        if calls:
            llmopt_marks.begin(apart)
            for _ in range(calls):
                consume(function(*arguments), apart)
            llmopt_marks.end()


def consume(result, first=False):
    """Finish the work of a lazy result: an iterator is drained, a coroutine run. What the first call returned is
    reported where that was asked for; such a run is not timed."""
    returned = sys.modules.get("llmopt_returned") if first else None
    if returned is not None:
        returned.keep(result)
    if isinstance(result, collections.abc.Iterator):
        collections.deque(result, maxlen=0)
    elif inspect.iscoroutine(result):
        import asyncio

        asyncio.run(result)


def module_name(path):
    """The name by which the script's folder has it, so that what it defines can be pickled and found by a child."""
    name = os.path.splitext(os.path.basename(path))[0]
    return name if name.isidentifier() and name not in sys.modules else "llmopt_workload"


def load_script(path, name):
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    with tokenize.open(path) as stream:
        source = stream.read()
    exec(compile_main(source, path), module.__dict__)
    return module


def compile_main(source, path):
    observe = sys.modules.get("llmopt_observe")
    if hasattr(observe, "compile_main"):
        return observe.compile_main(source, path)
    return compile(source, path, "exec", dont_inherit=True)


if __name__ == "__main__":
    main(sys.argv[1:])
