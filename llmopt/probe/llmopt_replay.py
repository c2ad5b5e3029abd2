"""Call functions of the target with recorded arguments and describe what they do: `python llmopt_replay.py`.

Run in a process where the probe's task "replay" started. Options: "inputs", a JSON file {"paths", "inputs": [{"id",
"path", "name", "module", "arguments", "limit", "hold", "idle"}]}; "job", what to do with them, of JOBS; "seconds" for
all; and "seeds": for each but the first one, this process starts another with that PYTHONHASHSEED. The calls run one
after the other in a forked process. When one takes longer than its limit, or ends the process, a fresh one goes on with
the next. The report of each process is {"seed": its own, "results": {id: ...}}, without those that are idle. "lines"
are those of the tree to look for, as in llmopt_touched: under the first seed results tell, as "lines", which have run.
"""

import base64
import contextlib
import copy
import functools
import importlib
import inspect
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
import types

IMPORT_SECONDS = 60.0
MEMORY_BYTES = 4 * 1024**3
RESULT_CHARACTERS = 16_000  # of the JSON that describes one result,
ARGUMENT_CHARACTERS = 8_000  # the arguments after the call,
INPUT_CHARACTERS = 3_000  # and those before it, which are only shown
MOST_ENDED = 25  # processes that calls may end,
ENDED_BY_ONE = 3  # and those of one function
BORING = 200000  # calls of the program without a new line, until no more are looked for

_settings = None


def start(settings):
    """Called by `sitecustomize` in every Python process of the command."""
    global _settings
    _settings = settings


def main():
    import llmopt_report

    settings = sys.modules["llmopt_replay"]._settings  # this file is __main__ too
    options = settings["options"]
    seed = os.environ["PYTHONHASHSEED"]
    others = [_under(other) for other in options["seeds"][1:] if seed == options["seeds"][0]]
    with open(options["inputs"]) as stream:
        given = json.load(stream)
    sys.path[1:1] = [path for path in given["paths"] if path not in sys.path]
    sys.path[0] = os.getcwd()
    import llmopt_describe

    llmopt_describe.PLACES[:] = [(settings["tree"], "<tree>"), (os.path.expanduser("~"), "<home>")]
    llmopt_describe.ON_DEMAND.update(options.get("on_demand", ()))
    llmopt_describe.LEFT_OUT.update(options.get("hidden", ()))
    llmopt_describe.OF_MODULES.update(options.get("modules", ()))
    if options.get("tolerant"):
        llmopt_describe.TOLERANT.append(True)
    lines = options.get("lines") if seed == options["seeds"][0] else None
    report = {"seed": seed, "results": Runner(given["inputs"], options, lines and (settings["tree"], lines)).run()}
    llmopt_report.write(settings, report)
    for other in others:
        other.wait()


def _under(seed):
    """Another process that does the same with another seed."""
    return subprocess.Popen([sys.executable, *sys.argv], env=dict(os.environ, PYTHONHASHSEED=seed))


class Runner:
    """Works through the jobs in forked processes."""

    def __init__(self, inputs, options, lines):
        self.inputs = inputs
        self.lines = lines  # (tree, lines) to look for, or nothing
        self.until = time.monotonic() + options["seconds"]
        # What a process does before anything else, then each job.
        self.jobs = [
            (options["job"], each["id"], each.get("limit", 1.0), each) for each in inputs if not each.get("idle")
        ]
        if options["job"] in WHOLE:
            self.jobs = [(options["job"], "all", options["seconds"], inputs)]
        self.results = {}
        self.ended = {}

    def run(self):
        ended = 0
        while self.jobs and ended < MOST_ENDED and time.monotonic() < self.until:
            self._one_process()
            ended += 1
        for _, name, _, _ in self.jobs:
            self.results[name] = {"problem": "there was no time left for it"}
        return self.results

    def _one_process(self):
        """Start a process that does the jobs in their order, until one of them ends it or it is ended."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                Worker(writing, self.inputs, self.lines).work(self.jobs)
            finally:
                os._exit(0)
        os.close(writing)
        try:
            why = self._attend(Lines(reading))
        finally:
            os.close(reading)
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
        if why and self.jobs:
            if why == "ended":
                why = "ended the process (%s)" % _status(status)
            _, name, _, given = self.jobs.pop(0)
            self.results[name] = {"ended": why}
            if isinstance(given, dict):  # not a job with all inputs
                self._give_up(given, why)

    def _give_up(self, given, why):
        """Try no more inputs of a function that ended several processes."""
        function = given["path"], given["name"]
        self.ended[function] = self.ended.get(function, 0) + 1
        if self.ended[function] < ENDED_BY_ONE:
            return
        left = [job for job in self.jobs if (job[3]["path"], job[3]["name"]) == function]
        self.jobs = [job for job in self.jobs if job not in left]
        for _, name, _, _ in left:
            self.results[name] = {"ended": why}

    def _attend(self, lines):
        """Take results until all jobs are done or one fails; why it did."""
        ready = lines.next(IMPORT_SECONDS)
        if not ready or ready.get("problem"):
            why = ready["problem"] if ready else "importing its module did not end well"
            for _, name, _, _ in self.jobs:
                self.results[name] = {"import": why}
            self.jobs = []
            return ""
        while self.jobs:
            limit = min(self.jobs[0][2], self.until - time.monotonic())
            result = lines.next(limit)
            if result is None:
                return "took longer than %.3g s" % self.jobs[0][2]
            if not result:
                return "ended"
            self.results[self.jobs.pop(0)[1]] = result
        return ""


def _status(status):
    if os.WIFSIGNALED(status):
        return "signal %d" % os.WTERMSIG(status)
    return "exit code %d" % os.WEXITSTATUS(status)


class Lines:
    """JSON values, one a line, from a pipe."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.parts = []

    def next(self, seconds):
        """The next value; None after so many seconds, {} at the end of the pipe."""
        until = time.monotonic() + seconds
        chunk = b"".join(self.parts)
        self.parts = []
        while b"\n" not in chunk:
            self.parts.append(chunk)
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            chunk = os.read(self.descriptor, 1 << 16)
            if not chunk:
                return {}
        head, _, rest = chunk.partition(b"\n")
        line = b"".join([*self.parts, head])
        self.parts = [rest]
        return json.loads(line)


class Worker:
    """The process that calls the target's functions."""

    def __init__(self, writing, inputs, lines):
        self.writing = writing
        self.inputs = inputs
        self.lines = lines
        self.touched = None

    def work(self, jobs):
        self.say(self.prepare())
        for job, _, _, given in jobs:
            self.say({**self.attempt(job, given), **self.ran()})

    def say(self, value):
        data = json.dumps(value).encode("ascii") + b"\n"
        while data:
            data = data[os.write(self.writing, data) :]

    def prepare(self):
        import llmopt_surroundings

        _bound_memory()
        if self.lines:
            import llmopt_touched

            llmopt_touched.BORING = BORING
            self.touched, _watching.begin, _watching.end = llmopt_touched.watch(*self.lines)
        try:
            for module in dict.fromkeys(each["module"] for each in self.inputs):
                importlib.import_module(module)
        except BaseException as problem:  # whatever it is, the import failed
            return {"problem": "%s: %s" % (type(problem).__name__, problem)}
        _watching.end()
        llmopt_surroundings.prepare()
        return {"ready": True}

    def ran(self):
        found = self.touched and self.touched.news()
        return {"lines": found} if found else {}

    def attempt(self, job, given):
        import llmopt_describe

        try:
            with switched(given):
                return JOBS[job](given, self.inputs)
        except llmopt_describe.TooLargeError:
            return {"problem": "too large to compare"}
        except RecursionError:
            return {"problem": "nested too deeply to compare"}
        except UnavailableError as problem:
            return {"problem": str(problem)}
        except Exception as problem:  # from the program's own classes while they are looked at
            return {"problem": "cannot be described: %s: %s" % (type(problem).__name__, str(problem)[:200])}


class _Watching:
    """A context for what the program does: only then its lines are looked for, where that costs time."""

    begin = end = staticmethod(lambda: None)

    def __enter__(self):
        self.begin()

    def __exit__(self, *problem):
        self.end()


_watching = _Watching()


def _bound_memory():
    try:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))
    except (ImportError, ValueError, OSError):  # not every system bounds it
        pass


@contextlib.contextmanager
def switched(given):
    """The flags of the function's module are set as the input says, and afterwards as they were."""
    switches = given.get("switches", {}) if isinstance(given, dict) else {}
    names = vars(importlib.import_module(given["module"])) if switches else {}
    before = {name: names[name] for name in switches if name in names}
    names.update({name: value for name, value in switches.items() if name in names})
    try:
        yield
    finally:
        names.update(before)


class UnavailableError(Exception):
    """A function or its arguments are not there in this tree."""


def arguments_of(given):
    import llmopt_pickles

    try:
        return llmopt_pickles.load(base64.b64decode(given["arguments"]))
    except Exception as problem:  # whatever the program's classes raise
        raise UnavailableError(
            "the recorded arguments cannot be made: %s: %s" % (type(problem).__name__, problem)
        ) from None


# --- finding and calling the function --------------------------------------------------------------------------


def find(given):
    """What to call with the arguments that the plain function got, decorators included."""
    found, owner = importlib.import_module(given["module"]), None
    for name in given["name"].split("."):
        owner = found
        found = _held(owner, name)
    if isinstance(owner, type):
        return lambda args, kwargs: _call_held(owner, found, args, kwargs)
    return lambda args, kwargs: found(*args, **kwargs)


def _held(owner, name):
    if isinstance(owner, type):
        mangled = "_%s%s" % (owner.__name__.lstrip("_"), name)
        wanted = mangled if name.startswith("__") and not name.endswith("__") else name
        for base in owner.__mro__:
            if wanted in vars(base):
                return vars(base)[wanted]
    elif hasattr(owner, name):
        return getattr(owner, name)
    raise UnavailableError("%s has no %s" % (getattr(owner, "__name__", owner), name))


def _call_held(owner, held, args, kwargs):
    """Call what a class holds under the function's name: `args` begin with self or the class."""
    if isinstance(held, staticmethod):
        return held.__func__(*args, **kwargs)
    if isinstance(held, classmethod):
        return held.__get__(None, args[0])(*args[1:], **kwargs)
    if isinstance(held, property):
        return held.__get__(args[0]) if len(args) == 1 else held.__set__(*args)
    if isinstance(held, functools.cached_property):
        return held.__get__(args[0], type(args[0]))
    if isinstance(held, types.FunctionType) or not hasattr(held, "__get__"):
        return held(*args, **kwargs)
    bound = held.__get__(args[0], type(args[0]))
    return bound(*args[1:], **kwargs) if callable(bound) else bound


# --- jobs ------------------------------------------------------------------------------------------------------


def replay(given, inputs):
    """One call described, then others that show what the first left behind."""
    import llmopt_describe

    began = time.perf_counter()
    call = find(given)
    shown = _shown(given)
    args, kwargs = arguments_of(given)
    describer = llmopt_describe.Describer()
    seen, value = observed(call, args, kwargs, describer, given.get("full"))
    calls = [["the call", seen]]
    if given.get("hold"):
        calls += held(call, given, value, describer, inputs)
    return {"shown": shown, "numbered": seen.pop("numbered"), "calls": calls, "seconds": time.perf_counter() - began}


def observed(call, args, kwargs, describer, full=False, held=()):
    """(description, result) of one call.

    Arguments that stay unchanged are not described, unless in `full`. `held` are earlier results, described again
    afterwards.
    """
    import llmopt_describe
    import llmopt_surroundings

    value = None
    before = describer.number_all((args, kwargs))
    numbered = describer.numbered
    describer.known = numbered if describer.known is None else describer.known
    if full:
        before = None, range(0)
    with llmopt_surroundings.Surroundings() as around:
        try:
            with _watching:
                value = call(args, kwargs)
            if _is_lazy(value):  # what it still does may change the arguments
                describer.begin()
                with _watching:
                    outcome = ["returned", consumed(describer, value)]
                unchanged = _unchanged(args, kwargs, before)
            else:
                unchanged = _unchanged(args, kwargs, before)
                describer.begin(unchanged)
                outcome = ["returned", describer.node(value)]
        except (llmopt_describe.TooLargeError, UnavailableError):
            raise
        except BaseException as problem:  # that is what is described
            unchanged = _unchanged(args, kwargs, before)
            describer.begin(unchanged)
            outcome = llmopt_describe.raised(describer, problem)
        after = ["unchanged"] if unchanged else describer.items([args, kwargs])
    described = {
        "outcome": llmopt_describe.bounded(outcome, RESULT_CHARACTERS, describer.known),
        "arguments": llmopt_describe.bounded(after, ARGUMENT_CHARACTERS, describer.known),
        "numbered": numbered,
        **around.report(),
    }
    if held:
        described["held"] = llmopt_describe.bounded(describer.nodes(*held), ARGUMENT_CHARACTERS, describer.known)
    return described, value


def _is_lazy(value):
    return hasattr(type(value), "__next__") or inspect.isawaitable(value) or inspect.isasyncgen(value)


def _unchanged(args, kwargs, before):
    """The numbers of the objects in the arguments, if they are as they were."""
    import llmopt_pickles

    data, numbers = before
    if data is None:
        return ()
    try:
        return numbers if llmopt_pickles.numbered((args, kwargs))[0] == data else ()
    except Exception:  # it holds something else now
        return ()


def consumed(describer, value):
    """The node of a result, once what it still has to do is done."""
    if inspect.iscoroutine(value):
        import asyncio

        return ["awaited", describer.node(asyncio.run(value))]
    if inspect.isasyncgen(value):
        import asyncio

        return ["awaited", describer.node(asyncio.run(_taken(value)))]
    return describer.node(value)


async def _taken(generator):
    items = []
    async for each in generator:
        items.append(each)
        if len(items) >= 1000:
            break
    return items


def held(call, given, value, describer, inputs):
    """More calls, by which a shared buffer, a stale cache or one keyed on identity shows, and what an object keeps."""
    import llmopt_mutate
    import llmopt_places

    calls = []

    def again(label, args, kwargs, held):
        seen, result = observed(call, args, kwargs, describer, given.get("full"), held)
        seen.pop("numbered")
        calls.append([label, seen])
        return result

    equal_args, equal_kwargs = arguments_of(given)
    second = again("a second call with equal arguments", equal_args, equal_kwargs, (value,))
    if equal_args and llmopt_places.is_object(equal_args[0]):
        again("the same call once more", equal_args, equal_kwargs, ())
    other = next((each for each in inputs if _comes_after(each, given)), None)
    if other is not None:
        again("a call with other arguments in between", *arguments_of(other), (value, second))
    if value is not None and llmopt_mutate.alter(value):
        again("a call after the caller changed an earlier result", *arguments_of(given), ())
    if given.get("free") and any(llmopt_mutate.alter(each) for each in [*equal_args, *equal_kwargs.values()]):
        again("a call after the same arguments were changed in place", equal_args, equal_kwargs, ())
    return calls


def later(given, inputs):
    """What a call gives back as it is once what was passed has changed, and as copies of it are; nobody looked at it
    before."""
    import llmopt_mutate

    call = find(given)

    def twice(args, kwargs):
        call(args, kwargs)
        return call(args, kwargs)

    def once_changed(inner):
        def look(args, kwargs):
            held = llmopt_mutate.containers((args, kwargs), inner)
            value = call(args, kwargs)
            llmopt_mutate.shorten(held)
            return value

        return look

    def once_changed_itself(args, kwargs):
        value = call(args, kwargs)
        llmopt_mutate.shorten(llmopt_mutate.containers(value, inner=False))
        return value

    def beside(copied):
        def look(args, kwargs):
            value = call(args, kwargs)
            return value, copied(value)

        return look

    looks = [
        ("a result looked at after what the arguments show was changed", once_changed(False)),
        ("a result looked at after what the arguments hold was changed", once_changed(True)),
        ("a result looked at after what it shows was changed", once_changed_itself),
        ("a result and its copy", beside(copy.copy)),
        ("a result and its deep copy", beside(copy.deepcopy)),
        ("a result and itself, pickled and loaded", beside(lambda value: pickle.loads(pickle.dumps(value)))),
        ("the same call twice", twice),
    ]
    return _looks(given, looks, twice)


def uses(given, inputs):
    """What objects that a call made or changed give to those who use them: "readers" are [class, names of methods and
    properties] pairs, each of which is used on an object of its own, with no argument or one."""
    import llmopt_places

    args, kwargs = arguments_of(given)
    if any(llmopt_places.first((args[1:], kwargs), kind) is not None for kind, _ in given["readers"]):
        raise UnavailableError("an instance that the base made does not fit")
    call, looks = find(given), []
    for kind, name, place in [
        (kind, name, at) for kind, names in given["readers"] for name in names for at in range(2 * len(WITH))
    ]:
        after = ", after a list or dictionary that it shows was changed" if place >= len(WITH) else ""
        label = "%s.%s of what the call leaves%s%s" % (kind.rpartition(".")[2], name, after, WITH[place % len(WITH)])
        looks.append((label, functools.partial(_used, call, kind, name, place)))
    return _looks(given, looks)


def _looks(given, looks, whole=None):
    """Calls with arguments of their own, as [label, what to call] tells them. What they leave in these is described of
    `whole` alone: what the call by itself does to them is compared elsewhere."""
    import llmopt_describe

    began = time.perf_counter()
    describer, calls, numbered = llmopt_describe.Describer(), [], []
    for label, look in looks:
        seen, _ = observed(look, *arguments_of(given), describer, full=True)
        numbered.append(seen.pop("numbered"))
        if look is not whole:
            seen["arguments"] = ["unchanged"]
        calls.append([label, seen])
    return {"shown": _shown(given), "numbered": numbered[0], "calls": calls, "seconds": time.perf_counter() - began}


WITH = ("", ", given that itself", ", given an argument of the call or its first element")


def _used(call, kind, name, place, args, kwargs):
    import llmopt_mutate
    import llmopt_places

    value = call(args, kwargs)
    target = llmopt_places.first((args, kwargs, value), kind)
    given = (), (target,), tuple(_first_element(each) for each in args[1:2])
    given = given[place % len(WITH)]
    if target is None or _required(inspect.getattr_static(type(target), name, None)) != len(given):
        return None
    if place >= len(WITH) and not llmopt_mutate.shorten(llmopt_mutate.shown(target)):
        return None
    found = getattr(target, name)
    return found(*given) if callable(found) else found


def _first_element(value):
    return next(iter(value), None) if isinstance(value, (list, tuple, set, frozenset, dict)) else value


def _required(held):
    """How many arguments a method wants besides its object."""
    if not callable(held):  # a property
        return 0
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [each for each in inspect.signature(held).parameters.values() if each.default is each.empty]
    return sum(each.kind in kinds for each in wanted) - 1


def _shown(given):
    import llmopt_describe

    nodes = llmopt_describe.Describer.brief().nodes(*arguments_of(given))
    return llmopt_describe.bounded(nodes, INPUT_CHARACTERS)


def _comes_after(each, given):
    alike = all(each.get(name) == given.get(name) for name in ("path", "name", "hold"))
    return alike and each["id"] > given["id"]


def derive(given, inputs):
    """Other inputs made of this one: [what was changed, arguments, switches of the module]."""
    import llmopt_mutate

    args, kwargs = arguments_of(given)
    neighbours = _neighbours(given, inputs)
    hints = _hints(given, args, kwargs, neighbours)
    hints.turn = inputs.index(given)
    made = {given["arguments"]: ""}
    others = llmopt_mutate.derived(args, kwargs, hints, lambda: arguments_of(given))
    _add(made, others, given["derive"])
    short = _shortened(given) if given["derive"] else None
    if short is not None:
        args, kwargs = arguments_of(short)
        hints = _hints(given, args, kwargs, neighbours)
        made.setdefault(short["arguments"], "shortened")
        others = llmopt_mutate.derived(args, kwargs, hints, lambda: arguments_of(short))
        _add(made, others, len(made) + SHORT_DERIVED)
    flipped = [["%s set to %r" % pair, given["arguments"], dict([pair])] for pair in hints.switches.items()]
    return {"derived": flipped + [[label, data, {}] for data, label in made.items() if label]}


SHORT_DERIVED = 200  # inputs made of a large one that was cut short
LARGE_CHARACTERS = 2_000  # of the pickle of arguments: then they are worth to be cut short


def _add(made, others, most):
    """Take note of derived inputs by their bytes, until there are so many."""
    import llmopt_mutate
    import llmopt_pickles

    for label, args, kwargs in others:
        if len(made) > most:
            return
        try:
            data = llmopt_pickles.dump((args, kwargs), llmopt_mutate.MOST_BYTES)[0]
        except Exception:  # it is only one of many
            continue
        made.setdefault(base64.b64encode(data).decode("ascii"), label)


def _shortened(given):
    """The same with small copies of large arguments, of which more others can be made; None where it is small."""
    import llmopt_held
    import llmopt_mutate
    import llmopt_pickles

    if len(given["arguments"]) < LARGE_CHARACTERS:
        return None
    args, kwargs = arguments_of(given)
    args = tuple(llmopt_held.shortened(each) for each in args)
    kwargs = {name: llmopt_held.shortened(each) for name, each in kwargs.items()}
    data = base64.b64encode(llmopt_pickles.dump((args, kwargs), llmopt_mutate.MOST_BYTES)[0]).decode("ascii")
    return dict(given, arguments=data) if len(data) < len(given["arguments"]) // 2 else None


KNOWN_CALLS, KNOWN_CHARACTERS = 40, 4_000_000  # of one function, and of all their pickles


def _neighbours(given, inputs):
    """The arguments of other calls of the same function, the next ones first."""
    same = [each for each in inputs if (each["path"], each["name"]) == (given["path"], given["name"])]
    at = next(at for at, each in enumerate(same) if each["id"] == given["id"])
    found, left = [], KNOWN_CHARACTERS
    for each in [*same[at + 1 :], *same[:at]][:KNOWN_CALLS]:
        left -= len(each["arguments"])
        if left > 0 or len(found) < 3:
            found.append(arguments_of(each))
    return found


def _hints(given, args, kwargs, calls):
    import llmopt_hints

    found = importlib.import_module(given["module"])
    try:
        for name in given["name"].split("."):
            found = _held(found, name)
        return llmopt_hints.of(llmopt_hints.plain_function(found), given.get("optional", ()), args, kwargs, calls)
    except (TypeError, ValueError, UnavailableError):  # it has no signature
        return llmopt_hints.of(None, (), args, kwargs, calls)


THREADS = 6
STRESS_SECONDS = 2.0


def stress(inputs, _):
    """Call at once from several threads what gave the same twice in one, and compare.

    Methods that are "shared" are called on one instance by all threads.
    """
    expected, owners = {}, {}
    for given in inputs:
        if given.get("shared"):
            owners[given["id"]] = arguments_of(given)[0][:1]
        owner = owners.get(given["id"], ())
        first, second = _result_text(given, owner), _result_text(given, owner)
        if first == second:
            expected[given["id"]] = first
    steady = [given for given in inputs if given["id"] in expected]
    wrong, until = [], time.monotonic() + STRESS_SECONDS
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=_repeat, args=(steady[at:] + steady[:at], owners, expected, wrong, until))
            for at in range(THREADS)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(before)
    return {"inputs": len(steady), "wrong": wrong[:1]}


def _repeat(inputs, owners, expected, wrong, until):
    while inputs and not wrong and time.monotonic() < until:
        for given in inputs:
            got = _result_text(given, owners.get(given["id"], ()))
            if got != expected[given["id"]]:
                wrong.append([given["id"], json.loads(expected[given["id"]]), json.loads(got)])
                return


def _result_text(given, owner):
    import llmopt_describe

    describer = llmopt_describe.Describer()
    args, kwargs = arguments_of(given)
    args = (*owner, *args[len(owner) :])
    try:
        node = ["returned", describer.node(find(given)(args, kwargs))]
    except Exception as problem:  # that is what is described
        node = llmopt_describe.raised(describer, problem)
    return json.dumps(llmopt_describe.bounded(node, RESULT_CHARACTERS))


# Calls with arguments that are all different: growth is that between one of these numbers and the next.
SLOPE_STEPS = (75, 150, 300, 600, 1200, 2400, 4800, 9600, 19200)
SLOPE_LEAST = 600  # fewer say nothing of a cache with a usual bound
SLOPE_SECONDS = 3.0
SLOPE_BYTES = 16.0  # per call: less is noise of the allocator


def slope(inputs, _):
    """What stays in memory over calls with arguments that are all different, by function."""
    found = {}
    for given in inputs:
        key = "%s::%s" % (given["path"], given["name"])
        if key not in found:
            growth = _growth(given)
            if growth is not None:
                found[key] = growth
    return {"growth": found}


def _growth(given):
    """{"bytes": that each of the last half of so many "calls" left, "bound": of a cache that they did not fill}."""
    import gc
    import tracemalloc

    call, until = find(given), time.monotonic() + SLOPE_SECONDS
    caches = _bounded_caches(given)
    done, sizes, grown = 0, [], 0.0
    tracemalloc.start()
    try:
        for step in SLOPE_STEPS:
            if not _call_with_others(call, given, range(done, step), until):
                break
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
            grown = (sizes[-1] - sizes[-2]) / (step - done) if done else 0.0
            done = step
            if done >= SLOPE_LEAST and grown <= SLOPE_BYTES:
                break
    except Exception:  # it does not take such arguments
        return None
    finally:
        tracemalloc.stop()
    if len(sizes) < 2:
        return None
    filling = [most for cache, most in caches if done // 2 <= cache.cache_info().currsize < most]
    return {"bytes": grown, "calls": done, "bound": max(filling, default=0)}


def _call_with_others(call, given, numbers, until):
    """Whether all these calls could be made in time."""
    import llmopt_mutate

    for number in numbers:
        made = llmopt_mutate.distinct(*arguments_of(given), number)
        if made is None or time.monotonic() > until:
            return False
        call(*made)
    return True


def _bounded_caches(given):
    """The `lru_cache`s of the function's module and its classes that have a bound, with it."""
    spaces = [vars(importlib.import_module(given["module"]))]
    spaces += [vars(each) for each in spaces[0].values() if isinstance(each, type)]
    found = [each for space in spaces for each in space.values() if type(each) is type(_of_lru_cache)]
    found = {id(each): (each, each.cache_parameters()["maxsize"]) for each in found}
    return [pair for pair in found.values() if pair[1] is not None]


@functools.lru_cache(maxsize=1)
def _of_lru_cache():
    """For its type."""


JOBS = {"replay": replay, "later": later, "uses": uses, "derive": derive, "stress": stress, "slope": slope}
WHOLE = ("stress", "slope")  # one job with all inputs

if __name__ == "__main__":
    main()
