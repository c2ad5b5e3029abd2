"""Other inputs made of recorded ones: changed by type, changed in place, and many that are all distinct.

An argument keeps its type, or what is done with it is looked at only where the base takes it or refuses it on purpose:
such changes are marked as a guess. Nothing of the original changes: the containers on the way to a changed part are
new.
"""

import collections
import contextlib
import dataclasses
import decimal
import fractions
import functools
import hashlib
import inspect
import itertools
import math
import sys
import types

import llmopt_annotated
import llmopt_before
import llmopt_held
import llmopt_made
import llmopt_places
import llmopt_texts

DEPTH = 3
MOST_BYTES = 1024**2  # of one input
OTHER_TYPE = "a value of another type"  # for `replays`: only what the base refuses by `raise` counts
GUESS = " (a guess)"  # for `replays`: what the base fails at, without refusing it, is nobody's promise
DRAWN_CALLS = 3  # of a function: hypothesis takes a tenth of a second for each argument
LARGE = 41  # elements; odd, and no multiple of 37, by which they are shuffled
ANYTHING = (
    decimal.Decimal("Infinity"),
    "-nan",
    fractions.Fraction(1, 3),
    None,
    "+inf",
    b"1",
    True,
    decimal.Decimal("1.50"),
    math.nan,
    -math.inf,
    "1_0",
    "1e5",
    " 1 ",
    "\u0663",
    (1, "a"),
    ["a"],
    2**70,
    1j,
    "",
    {"a": 1},
)


def derived(args, kwargs, hints, fresh):
    """(what was changed, args, kwargs): one part of one argument is another; the kinds of change take turns.

    `hints` is what is known of the function, `fresh` makes the arguments anew.
    """
    keys = [*range(len(args)), *kwargs]
    turns = [
        _left_out(args, kwargs, hints),
        _of_other_classes(args, kwargs, keys, hints),
        llmopt_places.changed(fresh, hints, variants),
        _crossed(args, kwargs, hints.others),
        _of_constants(args, kwargs, hints),
        _with_pieces(args, kwargs, keys, hints),
        _of_others(args, kwargs, keys),
        llmopt_before.called(fresh, hints, variants),
        _of_anything(args, kwargs, keys, hints),
        _larger(args, kwargs, keys),
        _functions_of_many(args, kwargs, keys),
        _of_annotations(args, kwargs, keys, hints),
        _of_other_types(args, kwargs),
        _alike(args, kwargs, keys) if hints.turn < DRAWN_CALLS else (),
    ]
    turns += [_of_argument(args, kwargs, key, _argument(args, kwargs, key), key in hints.optional) for key in keys]
    turns += [_of_argument(args, kwargs, name, value, False) for name, value in hints.defaults.items()]
    first = hints.turn % len(turns)  # of a large call only few are made
    return _in_turn(turns[first:] + turns[:first])


def _argument(args, kwargs, key):
    return kwargs[key] if isinstance(key, str) else args[key]


def _with(args, kwargs, key, value):
    """The arguments with another one at a position, or under a name."""
    if isinstance(key, str):
        return args, dict(kwargs, **{key: value})
    return (*args[:key], value, *args[key + 1 :]), kwargs


def _label(key):
    return key if isinstance(key, str) else "argument %d" % (key + 1)


def _each(args, kwargs, key, others):
    """One derived input for each (label, value)."""
    for label, other in others:
        yield ("%s: %s" % (_label(key), label), *_with(args, kwargs, key, other))


def _left_out(args, kwargs, hints):
    """Parameters that the call leaves out, or passes None for: what fits, then what may."""
    turns = []
    for name in sorted({name for name in hints.left_out if isinstance(name, str)}):
        key = hints.at.get(name, name)
        seen = [("that of another call", each) for each in hints.seen.get(name, ())]
        fit = [("a value that fits, %s" % _shown(each), each) for each in hints.promised.get(name, ())]
        may = [(_shown(each) + GUESS, each) for each in hints.guessed.get(name, ())]
        refused = [("%s, one that is equal to all" % OTHER_TYPE, llmopt_made.Equal())]
        turns.append(_each(args, kwargs, key, [*seen, *fit, *may, *refused]))
    return _in_turn(turns)


def _shown(value):
    """A short text that is the same in every process."""
    return "%.40r" % (value,) if type(value) in (bool, int, float, str, bytes) else "a %s" % type(value).__name__


def _of_annotations(args, kwargs, keys, hints):
    return _in_turn(
        _each(args, kwargs, key, [("a value that fits its annotation", each) for each in hints.promised.get(key, ())])
        for key in keys
        if key not in hints.left_out
    )


def _of_other_classes(args, kwargs, keys, hints):
    """The same content in a subclass, and in another container where the function only iterates."""
    return _in_turn(_each(args, kwargs, key, _converted(_argument(args, kwargs, key), key, hints)) for key in keys)


def _converted(value, key, hints):
    kind = type(value)
    if kind in llmopt_made.BUILT_INS:
        yield "of a subclass of %s" % kind.__name__, llmopt_made.subclass_of(kind)(value)
    if kind in (list, tuple) and value and type(value[0]) in llmopt_made.BUILT_INS:
        first = llmopt_made.subclass_of(type(value[0]))(value[0])
        yield "first element of a subclass of %s" % type(value[0]).__name__, kind([first, *value[1:]])
    if kind is type:
        yield "a tuple of it" + GUESS, (value,)
    if kind in (list, tuple) and key not in hints.fixed:
        yield "in a %s%s" % ((list, tuple)[kind is list].__name__, GUESS), (list, tuple)[kind is list](value)
    if kind in (list, tuple, range) and key in hints.iterated:
        yield "in a deque" + GUESS, collections.deque(value)
        with contextlib.suppress(TypeError):
            yield "as the keys of a dictionary" + GUESS, dict.fromkeys(value)
        yield "as an iterator" + GUESS, iter(list(value))


def _of_anything(args, kwargs, keys, hints):
    """Values of all kinds, for an argument or its elements that took values of many types."""
    turns = [_each(args, kwargs, key, _anything()) for key in keys if key in hints.anything]
    for key in keys:
        value = _argument(args, kwargs, key)
        if key in hints.elements and type(value) in (list, tuple):
            turns.append(
                _each(
                    args,
                    kwargs,
                    key,
                    [
                        ("one more element in front: %s" % label, type(value)([each, *value]))
                        for label, each in itertools.islice(_anything(), 6)
                    ],
                )
            )
    return _in_turn(turns)


def _anything():
    for each in ANYTHING:
        yield "%r%s" % (each, GUESS), each
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        for each in (numpy.float64("nan"), numpy.int64(3), numpy.array([1, 2])):
            yield "%r%s" % (each, GUESS), each


def _larger(args, kwargs, keys):
    """Many varied elements: an order, or a bound, that few do not show."""
    return _in_turn(_each(args, kwargs, key, _grown(_argument(args, kwargs, key))) for key in keys)


def _functions_of_many(args, kwargs, keys):
    """Another function together with many elements: what it gives comes back to it only after some."""
    functions = [key for key in keys if VARIANTS.get(type(_argument(args, kwargs, key))) is _of_function]
    sequences = [key for key in keys if type(_argument(args, kwargs, key)) in (list, tuple)]
    for key, sequence in itertools.product(functions, sequences):
        for many, elements in _grown(_argument(args, kwargs, sequence)):
            others = _of_function(_argument(args, kwargs, key), 0)
            labelled = [("of %s, %s" % (many, label), other) for label, other in others]
            yield from _each(*_with(args, kwargs, sequence, elements), key, labelled)


def _grown(value):
    kind = type(value)
    if kind in (list, tuple) and value:
        many = [_distinct(value[at % len(value)], at // len(value)) for at in range(LARGE)]
        many = [value[at % len(value)] if each is None else each for at, each in enumerate(many)]
        yield "%d elements" % LARGE, kind([*value, *_shuffled(many)])
        yield "%d elements, few of them different" % LARGE, kind(_shuffled((list(value) * LARGE)[:LARGE]))
    elif kind is dict and value:
        items = list(value.items())
        many = [(_distinct(items[at % len(items)][0], at), items[at % len(items)][1]) for at in range(LARGE)]
        if all(key is not None for key, _ in many):
            yield "%d items" % LARGE, {**dict(_shuffled(many)), **value}
    elif kind is str and value:
        yield "%d times" % LARGE, value * LARGE
        yield "%d lines" % LARGE, "\n".join("%s%d" % (value, at * 7 % LARGE) for at in range(LARGE))


def _shuffled(items):
    """The same disorder each time: 37 and the number of elements have no common divisor."""
    return [items[at * 37 % len(items)] for at in range(len(items))]


def _alike(args, kwargs, keys):
    """What hypothesis makes of the observed types; whole arguments."""
    for key in keys:
        values = llmopt_annotated.alike(_argument(args, kwargs, key))
        yield from _each(args, kwargs, key, [("drawn from the types in it", each) for each in values])


def _crossed(args, kwargs, others):
    """One argument as in another call, and texts made of two halves."""
    for other_args, other_kwargs in others:
        for name, other in other_kwargs.items():
            yield "%s: that of another call" % name, args, dict(kwargs, **{name: other})
        for at, (own, other) in enumerate(zip(args, other_args)):  # noqa: B905 (3.10 and later)
            if type(own) is not type(other):
                continue
            if len(args) > 1:
                yield ("argument %d: that of another call" % (at + 1), *_with(args, kwargs, at, other))
            if type(own) is str and own and other:
                for mixed in (
                    own[: len(own) // 2] + other[len(other) // 2 :],
                    own[:1] + other[1:],
                    own[:-1] + other[-1:],
                ):
                    yield "argument %d: halves of two texts" % (at + 1), (*args[:at], mixed, *args[at + 1 :]), kwargs


def _of_other_types(args, kwargs):
    """What a function may refuse on purpose."""
    for at, value in enumerate(args):
        for other in (None, "text", -5, 1.5):  # all can be keys: that one cannot is no refusal on purpose
            if type(other) is not type(value):
                label = "argument %d: %s, %r" % (at + 1, OTHER_TYPE, other)
                yield label, (*args[:at], other, *args[at + 1 :]), kwargs


def _of_constants(args, kwargs, hints):
    for constant in hints.constants:
        for key, value in [*enumerate(args), *{**hints.defaults, **kwargs}.items()]:
            if type(value) is type(constant):
                yield from _each(args, kwargs, key, [("%r" % (each,), each) for each in _near(constant)])


def _with_pieces(args, kwargs, keys, hints):
    """Characters of which the code speaks, in a text and in the first text of a list."""
    turns = []
    for key in keys:
        value = _argument(args, kwargs, key)
        text = value[0] if type(value) in (list, tuple) and value else value
        if type(text) not in (str, bytes):
            continue
        others = llmopt_texts.with_pieces(text, llmopt_texts.pieces(hints.spoken, type(text)))
        if text is not value:
            others = [("first element: %s" % label, type(value)([each, *value[1:]])) for label, each in others]
        turns.append(_each(args, kwargs, key, others))
    return _in_turn(turns)


def _of_others(args, kwargs, keys):
    """What another argument holds, such as a key that is in a table."""
    for label, other in llmopt_held.rows(args):
        yield label, other, kwargs
    for key, label, other in llmopt_held.asked(args, kwargs, keys):
        yield from _each(args, kwargs, key, [(label, other)])


def _near(constant):
    if type(constant) is int:
        return constant, constant + 1, constant - 1
    if type(constant) in (str, bytes) and constant.swapcase() != constant:
        return constant, constant.swapcase()
    return (constant,)


def _of_argument(args, kwargs, key, value, may_be_none):
    others = itertools.chain([("None", None)] if may_be_none and value is not None else [], variants(value))
    return _each(args, kwargs, key, others)


def _in_turn(turns):
    """One of each, then the second of each."""
    for row in itertools.zip_longest(*turns):
        yield from (each for each in row if each is not None)


def variants(value, depth=DEPTH):
    """(label, other value of the same type)."""
    kind = type(value)
    if kind in VARIANTS:
        return VARIANTS[kind](value, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_dataclass(value, depth)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _of_named_tuple(value, depth)
    root = getattr(kind, "__module__", "").partition(".")[0]
    if root in LIBRARIES:
        return LIBRARIES[root](value)
    return _of_object(value, depth) if depth and llmopt_places.is_object(value) else iter(())


def _of_bool(value, depth):
    yield "flipped", not value


def _of_int(value, depth):
    for label, other in (
        ("0", 0),
        ("1", 1),
        ("-1", -1),
        ("one more", value + 1),
        ("one less", value - 1),
        ("negative", -value),
        ("doubled", 2 * value),
        ("2**31", 2**31),
        ("2**64 + 1", 2**64 + 1),
        ("10**400", 10**400),  # more than any float
    ):
        if other != value:
            yield label, other


def _of_float(value, depth):
    others = (0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 0.1, 1e300)
    for label, other in (
        *((repr(each), each) for each in others),
        ("negative", -value),
        ("doubled", 2 * value),
        ("the next", math.nextafter(value, math.inf)),
    ):
        if repr(other) != repr(value):
            yield label, other


TEXTS = (
    ("empty", lambda text: ""),
    ("each line twice", lambda text: "".join(line * 2 for line in text.splitlines(True))),
    ("first character only", lambda text: text[:1]),
    ("without the last character", lambda text: text[:-1]),
    ("without the first character", lambda text: text[1:]),
    ("twice", lambda text: text * 2),
    ("reversed", lambda text: text[::-1]),
    ("upper and lower case swapped", str.swapcase),
    ("between spaces", lambda text: " %s " % text),
    ("both ends doubled", lambda text: text[:1] + text + text[-1:]),
    ("with a wide character", lambda text: text + "é"),
    ("with a line end", lambda text: text + "\n"),
    ("with line ends for spaces", lambda text: text.replace(" ", "\n")),
    ("twice, a carriage return between", lambda text: text + "\r" + text),
    ("with a digit", lambda text: text + "0"),
    ("wide characters", lambda text: "ß\u0130\u4e2d\U0001f600\x00¬"),
    ("a percent sign", lambda text: "%"),
    ("other white space in front", lambda text: "\x0b\u00a0" + text),
    ("a tab after a space in front", lambda text: " \t" + text),
)


def _of_str(value, depth):
    for label, change in TEXTS:
        if change(value) != value:
            yield label, change(value)


ONES = b"\xff" * 5  # in many codes the end, or no word at all
NOISE = b"".join(hashlib.sha256(b"%d" % at).digest() for at in range(4))
BYTES = (
    ("empty", lambda data: data[:0]),
    ("first byte only", lambda data: data[:1]),
    ("without the last byte", lambda data: data[:-1]),
    ("twice", lambda data: data * 2),
    ("reversed", lambda data: data[::-1]),
    ("two more bytes", lambda data: data + b"\x00\xff"),
    ("ones in front", lambda data: ONES + data),
    ("ones after the first byte", lambda data: data[:1] + ONES + data[1:]),
    ("ones in the middle", lambda data: data[: len(data) // 2] + ONES + data[len(data) // 2 :]),
    ("ones at the end", lambda data: data + ONES),
    ("ones before the last byte", lambda data: data[:-1] + ONES + data[-1:]),
    ("a bit flipped in the middle", lambda data: _flipped(data, len(data) // 2)),
    ("a bit of the first byte flipped", lambda data: _flipped(data, 0)),
    ("many bytes", lambda data: NOISE),
    ("many bytes, cut off", lambda data: NOISE[:37]),
    ("many bytes after it", lambda data: data + NOISE[64:]),
)


def _flipped(data, at):
    return data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :] if data else data


def _of_bytes(value, depth):
    for label, change in BYTES:
        if change(value) != value:
            yield label, change(value)


def _of_sequence(value, depth):
    make = type(value)
    yield "empty", make()
    if value and None not in map(_none, value):
        yield "None as the first element" + GUESS, make([None, *value])
        yield "None as the last element" + GUESS, make([*value, None])
    if value and all(type(each) is float for each in value):
        yield "numbers whose sum depends on their order", make(llmopt_places.ORDER)
    if depth == DEPTH and value:
        yield from ((label, make(other)) for label, other in _unlike(list(value)))
    whole = ((label, make(other)) for label, other in _reordered(list(value)))
    if depth and value:
        places = {0: "first", len(value) // 2: "middle", len(value) - 1: "last"}
        turns = [_of_element(value, at, places[at], make, depth) for at in sorted(places)]
        more = ((label, make(other)) for label, other in _with_another(list(value), depth))
        yield from _in_turn([whole, *turns, more])
    else:
        yield from whole


def _unlike(items):
    """Elements that are equal and not alike, falsy ones, and those of another type than all others."""
    yield "equal elements of several types" + GUESS, [*items, 1, 1.0, True, 0, False]
    yield "only equal elements of several types" + GUESS, [True, 1.0, 1, 0, 0.0, False]
    yield "falsy elements" + GUESS, [*items[:1], "", 0, None, *items[1:], ()]
    kinds = set(map(type, items))
    if kinds == {int}:
        yield "True among the numbers" + GUESS, [True, *items[1:]]
        yield "a float among the numbers" + GUESS, [items[0] + 0.5, *items[1:]]
    yield OTHER_TYPE + ", alone", [1 if str in kinds else "a"]


def _none(value):
    """Its type, for `None in values` may ask the program's own classes whether they are equal."""
    return None if value is None else type(value)


def _with_another(items, depth):
    """One more element, before or after the others."""
    for label, other in itertools.islice(variants(items[0], depth - 1) if items else (), 5):
        yield "one more element in front: %s" % label, [other, *items]
        yield "one more element at the end: %s" % label, [*items, other]


def _reordered(items):
    if not items:
        return
    if len(items) > 1:
        yield "first element only", items[:1]
        yield "reversed", items[::-1]
        yield "without the last element", items[:-1]
        yield "without the first element", items[1:]
        yield "rotated", items[1:] + items[:1]
    yield "duplicated", items + items
    yield "first element repeated", items + items[:1]
    yield "elements doubled", [each for each in items for _ in range(2)]


def _of_element(value, at, which, make, depth):
    for label, other in variants(value[at], depth - 1):
        items = list(value)
        items[at] = other
        yield "%s element: %s" % (which, label), make(items)


def _of_dict(value, depth):
    items = list(value.items())
    if items:
        yield "empty", {}
    if len(items) > 1:
        yield "first item only", dict(items[:1])
        yield "reversed", dict(items[::-1])
        yield "without the last item", dict(items[:-1])
        yield "without the first item", dict(items[1:])
    if items and depth:
        yield from _in_turn([_of_dict_value(items, at, depth) for at in sorted({0, len(items) - 1})])
        key, held = items[0]
        for label, other in itertools.islice(variants(key, 0), 3):
            yield "first key %s" % label, dict([(other, held), *items[1:]])


def _of_dict_value(items, at, depth):
    key, held = items[at]
    for label, other in variants(held, depth - 1):
        yield "value of %.40r: %s" % (key, label), dict([*items[:at], (key, other), *items[at + 1 :]])


def _of_set(value, depth):
    make = type(value)
    items = sorted(value, key=repr)
    if items:
        yield "empty", make()
        yield "one element only", make(items[:1])
        yield "without an element", make(items[1:])
    for label, other in itertools.islice(variants(items[0], 0) if items else (), 4):
        yield "an element %s" % label, make([other, *items[1:]])


def _of_dataclass(value, depth):
    if not depth:
        return
    names = [field.name for field in dataclasses.fields(value) if field.init and not field.name.startswith("_")]
    for name in names:
        for label, other in variants(getattr(value, name, None), depth - 1):
            yield "%s %s" % (name, label), dataclasses.replace(value, **{name: other})


def _of_object(value, depth):
    """Made by its constructor of its attributes, one of them another; where all that it takes is kept by its name."""
    kind, held = type(value), llmopt_places.attributes(value)
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return
    given = {each.name: _kept(held, each) for each in parameters if _kept(held, each) is not each}
    needed = [each for each in parameters if each.default is each.empty and each.kind not in VARIABLE]
    if not all(map(_is_plain, given.values())):
        return  # its constructor may take its parts from another object
    if not given or any(each.name not in given or each.kind is each.POSITIONAL_ONLY for each in needed):
        return
    for name in given:
        for label, other in variants(given[name], depth - 1):
            with contextlib.suppress(Exception):  # it refuses that
                yield "%s %s" % (name, label), kind(**{**given, name: other})


def _is_plain(value, depth=DEPTH):
    """Is it data, with no objects in it?"""
    if type(value) in (list, tuple, set, frozenset):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    if type(value) is dict:
        return depth > 0 and all(_is_plain(each, depth - 1) for pair in value.items() for each in pair)
    return value is None or type(value) in (bool, int, float, str, bytes, complex)


VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _kept(held, parameter):
    """The attribute of a parameter's name; the parameter itself if there is none."""
    return held.get(parameter.name, held.get("_" + parameter.name, parameter))


def _of_function(value, depth):
    """Other functions for one that is passed. What a function of two arguments gives is rarely made a key."""
    yield "noting what it is given", llmopt_made.Noting(value)
    yield "giving None" + GUESS, llmopt_made.Giving(None)
    yield "choosing some" + GUESS, llmopt_made.Choosing()
    if _takes_two(value):
        yield "giving what is equal to all" + GUESS, llmopt_made.Giving(llmopt_made.Equal())
        yield "giving its first argument" + GUESS, llmopt_made.GivingBack(0)
        yield "giving its last argument" + GUESS, llmopt_made.GivingBack(-1)
    for name in llmopt_made.FAILURES:
        yield "raising %s" % name, llmopt_made.Raising(name)
    yield "giving 0" + GUESS, llmopt_made.Giving(0)
    yield "spelling its arguments" + GUESS, llmopt_made.Spelling()


def _takes_two(function):
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return len([each for each in parameters if each.default is each.empty and each.kind not in VARIABLE]) >= 2


def _of_named_tuple(value, depth):
    for name in value._fields if depth else ():
        for label, other in variants(getattr(value, name), depth - 1):
            yield "%s %s" % (name, label), value._replace(**{name: other})


VARIANTS = {
    bool: _of_bool,
    int: _of_int,
    float: _of_float,
    str: _of_str,
    bytes: _of_bytes,
    list: _of_sequence,
    tuple: _of_sequence,
    dict: _of_dict,
    set: _of_set,
    frozenset: _of_set,
    types.FunctionType: _of_function,
    types.BuiltinFunctionType: _of_function,
    types.MethodType: _of_function,
    functools.partial: _of_function,
}


def _of_numpy(value):
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.generic):
        for number in (0, 1, -1, 2):
            yield "%d" % number, numpy.asarray(value).astype(object).dtype and value.dtype.type(number)
        return
    if not isinstance(value, numpy.ndarray):
        return
    if value.ndim:
        yield "empty", value[:0].copy()
        yield "first element only", value[:1].copy()
        yield "reversed", value[::-1].copy()
        yield "a view of each second", numpy.repeat(value, 2, axis=0)[::2]
        yield "twice as long", numpy.concatenate([value, value])
    if value.dtype.kind in "iuf":
        for other in ("float64", "float32", "int64", "int32"):
            if value.dtype != other and value.size and numpy.isfinite(value).all():
                yield "as %s" % other, value.astype(other)
        yield "zeros", numpy.zeros_like(value)
        yield "negative", -value
    if value.dtype.kind == "f" and value.size:
        for special in (math.nan, math.inf, -0.0):
            other = value.copy()
            other.flat[0] = special
            yield "with %r" % special, other


def _of_pandas(value):
    pandas = sys.modules["pandas"]
    if not isinstance(value, (pandas.DataFrame, pandas.Series)):
        return
    yield "empty", value.iloc[:0].copy()
    yield "first row only", value.iloc[:1].copy()
    yield "reversed", value.iloc[::-1].copy()
    yield "twice as long", pandas.concat([value, value])
    yield "first row missing", value.where(pandas.Series(range(len(value)), index=value.index) > 0)


LIBRARIES = {"numpy": _of_numpy, "pandas": _of_pandas}


# --- in place --------------------------------------------------------------------------------------------------


def alter(value, depth=2):
    """Change a mutable value, or the first mutable part of it, in place; was there one?"""
    kind = type(value)
    if kind in ALTERED and ALTERED[kind](value):
        return True
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return _alter_array(value)
    if depth and any(alter(part, depth - 1) for part in _parts(value)):
        return True
    return _alter_attribute(value, depth)


def _parts(value):
    if isinstance(value, (list, tuple)):
        return value[:3]
    return list(value.values())[:3] if type(value) is dict else ()


def _alter_list(value):
    if not value or llmopt_places.is_object(value[0]):
        return False  # the same object twice, in a list of parts, is what no class expects
    value.append(value[0])
    return True


def _alter_dict(value):
    if value:
        del value[next(reversed(value))]
        return True
    return False


def _alter_set(value):
    if value and all(type(each) in (int, str, bytes, float) for each in value):
        value.discard(min(value, key=repr))
        return True
    return False


def _alter_array(value):
    if not value.size or not value.flags["W"] or value.dtype.kind not in "iuf":
        return False
    value.flat[0] = value.flat[-1] + 1
    return True


def _alter_attribute(value, depth):
    """An attribute of an object of the program's own that is a number, a text or mutable."""
    if not depth or not llmopt_places.is_object(value):
        return False
    held = llmopt_places.attributes(value)
    if type(value).__setattr__ is not object.__setattr__:
        return False  # it is frozen, or knows better
    for name in free_attributes(value):
        if alter(held[name], depth - 1):
            return True
        if type(held[name]) in (int, float):
            object.__setattr__(value, name, held[name] + 1)
            return True
        if type(held[name]) is str:
            object.__setattr__(value, name, held[name][: len(held[name]) // 2] or held[name] + "x")
            return True
    return False


def free_attributes(value):
    """The public attributes of an object, if its constructor takes them all: what it computes belongs together."""
    names = sorted(name for name in llmopt_places.attributes(value) if not name.startswith("_"))
    return names if llmopt_places.taken(type(value)).issuperset(names) else []


def containers(value, inner):
    """The built-in containers in a value that can be changed, each once; those in private attributes too if `inner`."""
    found, seen, waiting = [], set(), [value]
    while waiting and len(found) < MOST_CONTAINERS:
        held = waiting.pop()
        if id(held) in seen or type(held) in llmopt_places.PLAIN:
            continue
        seen.add(id(held))
        if type(held) in SHORTENED:
            found.append(held)
        waiting += llmopt_places.parts(held, inner)
    return found


MOST_CONTAINERS = 2000


def shown(value):
    """The containers that an object has as public attributes."""
    return [each for each in llmopt_places.parts(value, inner=False) if type(each) in SHORTENED]


def shorten(held):
    """Take the last element of each container that has any; are there such?"""
    full = [each for each in held if each]
    for each in full:
        SHORTENED[type(each)](each)
    return bool(full)


SHORTENED = {list: list.pop, dict: dict.popitem, bytearray: bytearray.pop, collections.deque: collections.deque.pop}

ALTERED = {
    list: _alter_list,
    dict: _alter_dict,
    set: _alter_set,
    bytearray: _alter_list,
    collections.deque: _alter_list,
}


# --- many ------------------------------------------------------------------------------------------------------


def distinct(args, kwargs, number):
    """Arguments that are like no others with another number; None where no argument can be told apart."""
    for at, value in enumerate(args):
        other = _distinct(value, number)
        if other is not None:
            return (*args[:at], other, *args[at + 1 :]), kwargs
    for name, value in kwargs.items():
        other = _distinct(value, number)
        if other is not None:
            return args, dict(kwargs, **{name: other})
    return None


def _distinct(value, number):
    kind = type(value)
    if kind in (int, float):
        return value + number + 1
    if kind is str:
        return "%s%d" % (value, number)
    if kind is bytes:
        return b"%s%d" % (value, number)
    if kind in (list, tuple):
        for at, each in enumerate(value[:3]):
            other = _distinct(each, number)
            if other is not None:
                return kind([*value[:at], other, *value[at + 1 :]])
    if kind is dict:
        for key in list(value)[:3]:
            other = _distinct(value[key], number)
            if other is not None:
                return dict(value, **{key: other}) if type(key) is str else {**value, key: other}
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray" and value.dtype.kind in "iuf" and value.size:
        return value + value.dtype.type(number % 100)
    return None
