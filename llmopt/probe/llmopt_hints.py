"""A function and recorded calls of it in, what they say of other values that its parameters may get out.

Its code: constants, names that it compares with None, switches of its module. Its signature: defaults, annotations, the
names of its parameters. The calls: values of other calls, parameters that take many types or whatever can be iterated.
"""

import functools
import inspect
import itertools
import re
import sys
import types

import llmopt_annotated
import llmopt_made
import llmopt_pickles

SIMPLE = (bool, int, float, str, bytes)
CONTAINERS = (list, tuple, range, dict, set, frozenset, str, bytes)
MANY = 3  # types of one argument: then it may be anything
POOL = 6  # values of one parameter
POOL_BYTES = 100_000
COUNTS = re.compile(
    r"(^|_)(end|stop|last|until|limit|max|min|n|k|num|number|count|size|length|width|height|depth|level|start|begin"
    r"|first|offset|index|idx|pos|position|step|maxsplit|precision|digits|lines|rows|cols)(_|$)|size$|max|min"
)
FUNCTIONS = re.compile(
    r"(^|_)(key|func|function|fn|callback|callable|predicate|pred|cond|condition|cmp|compare|factory|hook|transform"
    r"|filter|getter|mapper|reducer|op)(_|$)"
)
GUESSES = (1, "a", 0, True, 2, (), (1,), "", [], False)  # for a parameter of which nothing is known


class Hints:
    """What is known beside the arguments themselves."""

    def __init__(self):
        self.optional = ()  # positions and names of arguments that may be None
        self.others = ()  # the arguments of other calls
        self.constants = ()  # values of which the code speaks,
        self.spoken = ()  # and those of functions of its module that it calls
        self.defaults = {}  # of parameters that are not passed: those that are simple values
        self.seen = {}  # values by parameter that other calls passed,
        self.promised = {}  # those that fit for sure,
        self.guessed = {}  # and those that may
        self.name = ""  # the function's own
        self.at = {}  # positions by name, of parameters that are passed by position
        self.left_out = ()  # names of parameters that are not passed, or passed None
        self.anything = ()  # positions and names that took values of many types,
        self.elements = ()  # those whose elements did,
        self.iterated = ()  # and those that took several containers
        self.fixed = ()  # those whose annotation asks for one container
        self.assigned = frozenset()  # attributes that code outside of their class assigns
        self.turn = 0  # the number of the call, by which the kinds of change begin with another one
        self.switches = {}  # other values of flags of the function's module, by name


def plain_function(found):
    """The function behind what the module holds, None for what is not written in Python."""
    function = inspect.unwrap(getattr(found, "__func__", getattr(found, "fget", None) or found))
    return function if isinstance(function, types.FunctionType) else None


def of(function, optional, args, kwargs, calls):
    """The Hints for one call. `calls` are all recorded ones of the function, the next ones first."""
    hints = Hints()
    hints.others = calls[:3]
    if function is None:
        return hints
    parameters = list(inspect.signature(function).parameters.values())
    annotations = llmopt_annotated.hints_of(function)
    hints.name = function.__name__
    hints.constants = constants(function.__code__)
    hints.spoken = spoken(function)
    hints.optional = {
        key
        for at, each in enumerate(parameters)
        for key in (at, each.name)
        if each.name in optional or each.default is None or _says_none(each.annotation)
    }
    left_out = [each for at, each in enumerate(parameters) if _is_left_out(each, at, args, kwargs)]
    hints.defaults = {each.name: each.default for each in left_out if type(each.default) in SIMPLE}
    none = [each for at, each in enumerate(parameters) if _passed(each, at, args, kwargs) is None]
    pool = _pool(parameters, calls)
    for each in [*left_out, *none]:
        fit = llmopt_annotated.values(annotations[each.name]) if each.name in annotations else []
        hints.seen[each.name], hints.promised[each.name] = pool.get(each.name, []), fit
        if not fit and each.name not in hints.defaults:
            hints.guessed[each.name] = guesses(each.name, args, kwargs)
        elif FUNCTIONS.search(each.name) and not any(map(callable, fit)):
            hints.guessed[each.name] = functions()
    hints.at = {each.name: at for at, each in enumerate(parameters) if at < len(args) and each.kind in POSITIONAL}
    hints.left_out = {key for each in [*left_out, *none] for key in (each.name, hints.at.get(each.name))}
    for each in parameters:
        own = annotations.get(each.name)
        if own is not None and own not in SIMPLE and each.name not in hints.left_out:
            hints.promised[hints.at.get(each.name, each.name)] = llmopt_annotated.values(own)
    _add_types(hints, parameters, annotations, calls, (args, kwargs))
    hints.assigned = assigned(function.__module__.partition(".")[0])
    hints.switches = switches(function)
    return hints


POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _is_left_out(parameter, at, args, kwargs):
    passed = parameter.name in kwargs or (at < len(args) and parameter.kind in POSITIONAL)
    has_default = parameter.default is not inspect.Parameter.empty
    return parameter.kind in NAMED and has_default and not passed and not parameter.name.startswith("_")


def _passed(parameter, at, args, kwargs):
    """The argument for a parameter; what is not None if there is none."""
    if parameter.name in kwargs:
        return kwargs[parameter.name]
    return args[at] if at < len(args) and parameter.kind in POSITIONAL else parameter


def _says_none(annotation):
    return "None" in str(annotation) or "Optional" in str(annotation)


# --- the code --------------------------------------------------------------------------------------------------


def constants(code):
    """Short texts and numbers in a function's code, those in tuples and in nested functions included."""
    found, left = {}, list(code.co_consts)
    while left:
        each = left.pop(0)
        if isinstance(each, types.CodeType):
            left += each.co_consts
        elif isinstance(each, (tuple, frozenset)):
            left += sorted(each, key=repr)
        elif type(each) in (int, float) or (type(each) in (str, bytes) and len(each) <= 40):
            found.setdefault((type(each), repr(each)), each)
    return list(found.values())


def spoken(function):
    """The constants of a function, then those of the functions of its module that it calls."""
    called = [function.__globals__.get(name) for name in sorted(_names_in(function.__code__))]
    own = [each for each in called if type(each) is types.FunctionType and each.__module__ == function.__module__]
    return [each for code in (function.__code__, *(each.__code__ for each in own)) for each in constants(code)]


def _reached(function):
    """Names that the function uses, and the functions of its module that it calls."""
    found, waiting = set(), [function]
    while waiting:
        new = set(_names_in(waiting.pop().__code__)) - found
        found |= new
        called = (function.__globals__.get(name) for name in sorted(new))
        waiting += [each for each in called if isinstance(each, types.FunctionType)]
    return found


def _names_in(code):
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _names_in(each)


def switches(function):
    """The other value of flags that the function, or one of its module that it calls, reads: bools, and what somebody
    sets from outside.

    Another number or text would be no switch: code may use it where it was written, once and for all.
    """
    module = function.__globals__.get("__name__", "")
    found = {}
    for name in sorted(_reached(function)):
        value = function.__globals__.get(name)
        if type(value) is bool and not name.startswith("_"):
            found[name] = not value
        elif value is None and name.isupper() and _is_set_outside(module, name):
            found[name] = 1
    return found


def _is_set_outside(module, name):
    sets = re.compile(r"\b%s\.%s\s*=[^=]" % (module.rpartition(".")[2], name))
    return any(sets.search(text) for text in _texts(module.partition(".")[0]))


@functools.lru_cache(maxsize=None)
def assigned(root):
    """Names of attributes that code assigns to, or changes in place, on something that is not `self` or `cls`."""
    found = set()
    for text in _texts(root):
        found.update(name for owner, name in ASSIGNED.findall(text) if owner not in ("self", "cls"))
    return frozenset(found)


ASSIGNED = re.compile(
    r"\b(\w+)\.([a-z]\w*)\s*(?:\[[^\]\n]*\]\s*)?(?:[-+*|]?=(?!=)|\.(?:append|insert|extend|remove|pop|clear)\()"
)


@functools.lru_cache(maxsize=None)
def _texts(root):
    texts = []
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name.partition(".")[0] == root and isinstance(path, str) and path.endswith(".py"):
            try:
                with open(path, encoding="utf-8", errors="replace") as stream:
                    texts.append(stream.read())
            except OSError:  # it is in an archive
                continue
    return texts


# --- the calls -------------------------------------------------------------------------------------------------


def _pool(parameters, calls):
    """Values that calls passed for each parameter: different and small ones."""
    found = {}
    for other_args, other_kwargs in calls:
        named = dict(zip((each.name for each in parameters), other_args), **other_kwargs)  # noqa: B905
        for name, value in named.items():
            kept = found.setdefault(name, {})
            if len(kept) < POOL and value is not None:
                try:
                    kept.setdefault(llmopt_pickles.dump(value, POOL_BYTES)[0], value)
                except Exception:  # it is only one of many
                    continue
    return {name: list(kept.values()) for name, kept in found.items()}


def _add_types(hints, parameters, annotations, calls, own):
    seen = {}
    for call_args, call_kwargs in [*calls, own]:
        for key, value in [*enumerate(call_args), *call_kwargs.items()]:
            seen.setdefault(key, []).append(value)
    kinds = {key: {type(each) for each in values} for key, values in seen.items()}
    inside = {key: {type(part) for each in values for part in _parts(each)} for key, values in seen.items()}
    asked = {key: annotations.get(each.name) for at, each in enumerate(parameters) for key in (at, each.name)}
    hints.anything = {key for key, found in kinds.items() if len(_classes(found)) >= MANY and asked.get(key) is None}
    hints.elements = {key for key, found in inside.items() if len(_classes(found)) >= MANY and asked.get(key) is None}
    hints.iterated = {
        key
        for key, found in kinds.items()
        if llmopt_annotated.says_iterable(asked.get(key)) or len({_container(kind) for kind in found} - {None}) > 1
    }
    hints.fixed = {key for key, each in asked.items() if llmopt_annotated.says(each, (list, tuple, dict, set, str))}


def _classes(kinds):
    """Types without None, and without those that are one kind of thing to most functions."""
    return {kind for kind in kinds if kind is not type(None)} - ({bool} if int in kinds else set())


def _container(kind):
    """The kind of container that a type is: an iterator of any class is one kind."""
    if kind in CONTAINERS:
        return kind
    return "iterator" if hasattr(kind, "__next__") else None


def _parts(value):
    return value[:20] if type(value) in (list, tuple) else ()


def functions():
    """For a parameter that may take one: they tell apart all, few or none of the values that they get."""
    return [repr, llmopt_made.Spelling(), len, llmopt_made.Giving(None), llmopt_made.Choosing()]


def guesses(name, args, kwargs):
    """Values for a parameter by its name, and others that often do."""
    found = []
    if FUNCTIONS.search(name):
        found += functions()
    sizes = list(itertools.islice(_sizes([*args, *kwargs.values()]), 3))
    if COUNTS.search(name):
        found += [1, 2, *sizes, 0, *(size - 1 for size in sizes), 3, -1]
    found += [key for key in itertools.islice(_keys([*args, *kwargs.values()], 5), 4) if key not in found]
    return list({(type(each), repr(each)): each for each in [*found, *GUESSES]}.values())


def _sizes(values):
    """Lengths of the arguments, and of public attributes of those that are objects."""
    for value in values:
        if type(value) in (*CONTAINERS,):
            yield len(value)
        else:
            held = getattr(value, "__dict__", None)
            for name in sorted(held) if type(held) is dict else ():
                if type(held[name]) in (list, tuple) and isinstance(name, str) and not name.startswith("_"):
                    yield len(held[name])


def _keys(values, depth):
    """Texts that are keys in the data: a parameter may name one of them."""
    for value in values[:8]:
        if type(value) is dict:
            yield from (key for key in itertools.islice(value, 4) if type(key) is str)
            yield from _keys(list(itertools.islice(value.values(), 3)), depth - 1) if depth else ()
        elif type(value) in (list, tuple):
            yield from _keys(list(value[:3]), depth - 1) if depth else ()
        elif depth and type(getattr(value, "__dict__", None)) is dict and not isinstance(value, type):
            yield from _keys(list(value.__dict__.values()), depth - 1)
