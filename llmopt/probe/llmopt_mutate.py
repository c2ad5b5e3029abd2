"""Other inputs made of recorded ones: changed by type, changed in place, and many that are all distinct.

An argument keeps its type: what a function does with others is nobody's promise. Nothing of the original changes: the
containers on the way to a changed part are new.
"""

import collections
import dataclasses
import itertools
import math
import sys
from types import MappingProxyType

DEPTH = 3
MOST_BYTES = 1024**2  # of one input


def derived(args, kwargs, optional=(), others=(), constants=(), defaults=MappingProxyType({})):
    """(what was changed, args, kwargs): one part of one argument is another; the arguments take turns.

    `optional` are the positions and names of arguments that may be None, `others` the arguments of other calls, and
    `constants` values of which the function's code speaks. `defaults` are those of parameters that were not passed.
    """
    turns = [
        _crossed(args, kwargs, others),
        _of_constants(args, kwargs, constants, defaults),
        _of_other_types(args, kwargs),
    ]
    turns += [_of_argument(args, kwargs, at, value, at in optional) for at, value in enumerate(args)]
    turns += [
        _of_argument(args, kwargs, name, value, name in optional) for name, value in {**defaults, **kwargs}.items()
    ]
    return _in_turn(turns)


def _crossed(args, kwargs, others):
    """One argument as in another call, and texts made of two halves."""
    for other_args, other_kwargs in others:
        for name, other in other_kwargs.items():
            yield "%s: that of another call" % name, args, dict(kwargs, **{name: other})
        for at, (own, other) in enumerate(zip(args, other_args)):  # noqa: B905 (3.10 and later)
            if type(own) is not type(other):
                continue
            if len(args) > 1:
                yield "argument %d: that of another call" % (at + 1), (*args[:at], other, *args[at + 1 :]), kwargs
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
                label = "argument %d: a value of another type, %r" % (at + 1, other)
                yield label, (*args[:at], other, *args[at + 1 :]), kwargs


def _of_constants(args, kwargs, constants, defaults):
    for constant in constants:
        for at, value in enumerate(args):
            for other in _near(constant) if type(value) is type(constant) else ():
                yield "argument %d: %r" % (at + 1, other), (*args[:at], other, *args[at + 1 :]), kwargs
        for name, value in {**defaults, **kwargs}.items():
            for other in _near(constant) if type(value) is type(constant) else ():
                yield "%s: %r" % (name, other), args, dict(kwargs, **{name: other})


def _near(constant):
    return (constant, constant + 1, constant - 1) if type(constant) is int else (constant,)


def _of_argument(args, kwargs, at, value, may_be_none):
    others = itertools.chain([("None", None)] if may_be_none and value is not None else [], variants(value))
    for label, other in others:
        if isinstance(at, str):
            yield "%s: %s" % (at, label), args, dict(kwargs, **{at: other})
        else:
            yield "argument %d: %s" % (at + 1, label), (*args[:at], other, *args[at + 1 :]), kwargs


def _in_turn(turns):
    turns = [iter(each) for each in turns]
    while turns:
        for each in list(turns):
            given = next(each, None)
            if given is None:
                turns.remove(each)
            else:
                yield given


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
    return LIBRARIES[root](value) if root in LIBRARIES else iter(())


def _of_bool(value, depth):
    yield "flipped", not value


def _of_int(value, depth):
    for other in (0, 1, -1, value + 1, value - 1, -value, 2 * value, 2**31, 2**64 + 1):
        if other != value:
            yield "%d" % other, other


def _of_float(value, depth):
    others = (0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, -value, 2 * value, 0.1, 1e300)
    for other in (*others, math.nextafter(value, math.inf)):
        if repr(other) != repr(value):
            yield repr(other), other


TEXTS = (
    ("empty", lambda text: ""),
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
    ("each line twice", lambda text: "".join(line * 2 for line in text.splitlines(True))),
    ("with a digit", lambda text: text + "0"),
    ("wide characters", lambda text: "ß\u0130\u4e2d\U0001f600\x00¬"),
    ("a percent sign", lambda text: "%"),
)


def _of_str(value, depth):
    for label, change in TEXTS:
        if change(value) != value:
            yield label, change(value)


def _of_bytes(value, depth):
    for other in (value[:0], value[:1], value[:-1], value * 2, value[::-1], value + b"\x00\xff"):
        if other != value:
            yield "changed bytes", other


def _of_sequence(value, depth):
    make = type(value)
    yield "empty", make()
    for label, other in _reordered(list(value)):
        yield label, make(other)
    if depth and value:
        places = sorted({0, len(value) // 2, len(value) - 1})
        turns = [_of_element(value, at, make, depth) for at in places]
        more = ((label, make(other)) for label, other in _with_another(list(value), depth))
        yield from _in_turn([*turns, more])


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


def _of_element(value, at, make, depth):
    for label, other in variants(value[at], depth - 1):
        items = list(value)
        items[at] = other
        yield "element %d %s" % (at, label), make(items)


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
        yield "value of %.40r %s" % (key, label), dict([*items[:at], (key, other), *items[at + 1 :]])


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
    if value:
        value.append(value[0])
    return bool(value)


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
    held = getattr(value, "__dict__", None)
    if not depth or type(held) is not dict or isinstance(value, type) or callable(value):
        return False
    if type(value).__setattr__ is not object.__setattr__:
        return False  # it is frozen, or knows better
    for name in sorted(held):
        if name.startswith("_"):
            continue
        if alter(held[name], depth - 1):
            return True
        if type(held[name]) in (int, float):
            held[name] += 1
            return True
        if type(held[name]) is str:
            held[name] = held[name][: len(held[name]) // 2] or held[name] + "x"
            return True
    return False


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
