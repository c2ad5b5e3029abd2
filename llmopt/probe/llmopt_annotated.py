"""Values that fit an annotation, or are like one that was observed: those at the edges first, then drawn ones.

Drawn ones come from hypothesis where the target's environment has it, always the same; those at the edges need nothing.
"""

import collections.abc
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import itertools
import os
import pathlib
import tempfile
import types
import typing

import llmopt_made

EDGES = 8  # values of one annotation
DRAWN = 12
SEQUENCES = (collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection, collections.abc.Container)
UNIONS = (typing.Union, getattr(types, "UnionType", typing.Union))
SIMPLE = {
    bool: (True, False),
    int: (1, 0, 2, -1, 3, 7),
    float: (0.5, 0.0, -1.0, 0.1, 1e16),
    complex: (1j, 0j),
    str: ("a", "", "A b", "é\n"),
    bytes: (b"a", b""),
    type(None): (None,),
    object: (1, "a", None),
    list: ([], ["a", "b"]),
    dict: ({}, {"a": 1}),
    set: (set(), {"a"}),
    frozenset: (frozenset(),),
    tuple: ((), (1, 2)),
    decimal.Decimal: (decimal.Decimal("1.5"), decimal.Decimal("Infinity")),
    fractions.Fraction: (fractions.Fraction(1, 3),),
    datetime.date: (datetime.date(2024, 2, 29),),
    datetime.datetime: (datetime.datetime(2024, 2, 29, 12, 30),),
    datetime.timedelta: (datetime.timedelta(days=1), datetime.timedelta(0)),
    pathlib.Path: (pathlib.Path("a"),),
    os.PathLike: (pathlib.Path("a"),),
}


def hints_of(function):
    """The annotations of a function that can be evaluated, by name."""
    with contextlib.suppress(Exception):  # a name that exists for type checkers only, or syntax of a later Python
        return typing.get_type_hints(function)
    return {name: each for name, each in getattr(function, "__annotations__", {}).items() if not isinstance(each, str)}


def values(annotation):
    """Values that fit, none where nothing is known of it."""
    return list(itertools.islice(_edges(annotation, 2), EDGES)) + drawn(annotation)


def says_iterable(annotation):
    """Whether anything that can be iterated over will do."""
    origin = typing.get_origin(annotation) or annotation
    return origin in (collections.abc.Iterable, collections.abc.Collection)


def says(annotation, kinds):
    """Whether exactly these types are asked for, by the annotation or by a part of a union."""
    origin = typing.get_origin(annotation) or annotation
    if origin in UNIONS:
        return any(says(each, kinds) for each in typing.get_args(annotation))
    return origin in kinds


def _edges(annotation, depth):
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is None:
        return iter((None,))
    if isinstance(annotation, typing.TypeVar):
        return iter(())
    if origin is None:
        return _of_class(annotation, depth)
    if origin in UNIONS:
        return _in_turn([_edges(each, depth) for each in args])
    if str(origin).endswith("Literal"):
        return iter(args)
    if str(origin).endswith("Annotated"):
        return _edges(args[0], depth)
    if origin is collections.abc.Callable:
        return iter((len, llmopt_made.Spelling(), llmopt_made.Giving(None)))
    return _of_container(origin, args, depth) if depth else iter(())


def _of_class(kind, depth):
    if kind in SIMPLE:
        return iter(SIMPLE[kind])
    if not isinstance(kind, type):
        return iter(())
    if issubclass(kind, enum.Enum):
        return iter(kind)
    if dataclasses.is_dataclass(kind) and depth:
        return _of_dataclass(kind, depth)
    return _of_container(kind, (), depth) if depth else iter(())


def _of_dataclass(kind, depth):
    fields = [field for field in dataclasses.fields(kind) if field.init]
    hints = hints_of(kind)
    columns = [list(itertools.islice(_edges(hints.get(field.name, object), depth - 1), 3)) for field in fields]
    for row in zip(*(itertools.islice(itertools.cycle(column), 3) for column in columns)):  # noqa: B905
        with contextlib.suppress(Exception):  # it refuses them
            yield kind(**{field.name: each for field, each in zip(fields, row)})  # noqa: B905


def _of_container(origin, args, depth):
    parts = [list(itertools.islice(_edges(each, depth - 1), 4)) or ["a", "b"] for each in args if each is not ...]
    first = parts[0] if parts else ["a", "b"]
    if origin is tuple and args[-1:] != (...,) and args:
        yield from itertools.islice(itertools.product(*parts), 4)
    elif origin is tuple:
        yield from ((), tuple(first[:1]), tuple(first))
    elif origin in (list, *SEQUENCES, collections.abc.MutableSequence):
        yield from ([], first[:1], first, first * 2)
    elif origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
        held = parts[1] if len(parts) > 1 else [1, 2]
        with contextlib.suppress(TypeError):  # such keys are none
            yield from ({}, dict(zip(first, itertools.cycle(held))))
    elif origin in (set, frozenset, collections.abc.Set, collections.abc.MutableSet):
        with contextlib.suppress(TypeError):
            made = frozenset if origin is frozenset else set
            yield from (made(), made(first))
    elif origin in (collections.abc.Iterator, collections.abc.Generator):
        yield from (iter(()), iter(first))


def _in_turn(turns):
    for row in itertools.zip_longest(*turns, fillvalue=_in_turn):
        yield from (each for each in row if each is not _in_turn)


# --- hypothesis ------------------------------------------------------------------------------------------------


def drawn(annotation, most=DRAWN):
    """Values that hypothesis makes from an annotation; none without it, or where it knows nothing of it."""
    strategies = _strategies()
    plain = inspect.isclass(annotation) and annotation.__module__ == "builtins"  # those at the edges say more
    if strategies is None or plain or annotation is None or isinstance(annotation, typing.TypeVar):
        return []
    return _examples(lambda: strategies.from_type(annotation), most)


def alike(value, most=DRAWN):
    """Values that hypothesis makes of the types that were observed in one."""
    strategies = _strategies()
    return [] if strategies is None else _examples(lambda: _strategy(strategies, value, 3), most)


@functools.lru_cache(maxsize=None)
def _strategies():
    """Its module of strategies; what it keeps on disk goes where nothing outlives the command."""
    try:
        from hypothesis import configuration, strategies
    except Exception:  # it is not there, or is too old for this Python
        return None
    configuration.set_hypothesis_home_dir(os.path.join(tempfile.gettempdir(), "hypothesis"))
    return strategies


def _strategy(strategies, value, depth):
    kind = type(value)
    plain = {
        bool: strategies.booleans(),
        int: strategies.integers(-1000, 1000),  # as a size, a huge one takes all memory
        float: strategies.floats(),
        str: strategies.text(max_size=12),
        bytes: strategies.binary(max_size=12),
        type(None): strategies.none(),
    }
    if kind in plain:
        return plain[kind]
    if kind in (list, tuple, set, dict) and depth and value:
        parts = [_strategy(strategies, each, depth - 1) for each in list(value)[:4]]
        if kind is tuple:
            return strategies.tuples(*parts) if len(value) <= 4 else strategies.lists(parts[0]).map(tuple)
        if kind is not dict:
            inside = strategies.one_of(*parts)
            return strategies.lists(inside, max_size=30) if kind is list else strategies.sets(inside, max_size=30)
        held = [_strategy(strategies, each, depth - 1) for each in value.values()]
        if all(type(name) is str for name in value):
            return strategies.fixed_dictionaries(dict(zip(value, held)))  # noqa: B905
        return strategies.dictionaries(strategies.one_of(*parts), strategies.one_of(*held), max_size=20)
    raise TypeError("nothing is known of a %s" % kind.__name__)


def _examples(strategy, most):
    """The first ones of a run without randomness of its own."""
    import hypothesis

    found = []

    def take(value):
        found.append(value)

    settings = hypothesis.settings(
        max_examples=most,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with contextlib.suppress(Exception):  # of the program's own classes, or a type that it cannot resolve
        settings(hypothesis.given(strategy())(take))()
    return found[:most]
