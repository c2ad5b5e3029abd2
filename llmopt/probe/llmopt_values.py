"""Describe a value of the target in a few words, without running its code and without keeping a reference to it."""

import itertools

ELEMENTS = 8  # of a container, whose types are looked at: the first, and the last of a list
TYPES = 3  # named of a mixed container
LARGE_BITS = 63  # an int beyond this is described by its size

qualname = type.__dict__["__qualname__"].__get__  # a metaclass may define its own __getattribute__
module = type.__dict__["__module__"].__get__


def describe(value):
    """Text such as "list[int] len 3", "str len 80", "int 17", "ndarray float64 (1000, 3)" or "NoneType"."""
    kind = type(value)
    if kind in DESCRIBED:
        return DESCRIBED[kind](value)
    name = _name(kind)
    special = LIBRARY.get((_root(kind), name))
    if special is None:
        return name
    try:
        return special(value)
    except Exception:  # whatever a library's class does here, the target's run must not end by it
        return name


def _root(kind):
    found = module(kind)
    return found.partition(".")[0] if type(found) is str else ""


def _name(kind):
    """The class's name; with its module where a built-in type has that name (numpy's bool)."""
    name = qualname(kind)
    return "%s.%s" % (_root(kind), name) if name in NAMES and _root(kind) != "builtins" else name


def _int(value):
    bits = value.bit_length()
    return "int %d" % value if bits <= LARGE_BITS else "int of %d bits" % bits


def _sized(value):
    return "%s len %d" % (type(value).__name__, len(value))


def _container(value):
    return "%s%s len %d" % (type(value).__name__, _types(value), len(value))


def _sequence(value):
    looked_at = value[: ELEMENTS - 1] + value[max(ELEMENTS, len(value)) - 1 :]
    return "%s%s len %d" % (type(value).__name__, _types(looked_at), len(value))


def _dict(value):
    return "%s%s len %d" % (type(value).__name__, _types(value, value.values()), len(value))


def _types(*parts):
    named = [_type_names(part) for part in parts]
    return "[%s]" % ", ".join(named) if all(named) else ""


def _type_names(values):
    """The types of the first elements; "" for none, or when another thread changes the container meanwhile."""
    names = []
    try:
        for value in itertools.islice(values, ELEMENTS):
            name = _name(type(value))
            if name not in names:
                names.append(name)
    except RuntimeError:
        return ""
    return " | ".join(names[:TYPES] + ["…"] * (len(names) > TYPES))


def _array(value):
    return "ndarray %s %s" % (value.dtype, value.shape)


def _frame(value):
    kinds = []
    for dtype in value.dtypes:
        if str(dtype) not in kinds:
            kinds.append(str(dtype))
    return "DataFrame %s %s" % (value.shape, " | ".join(kinds[:TYPES] + ["…"] * (len(kinds) > TYPES)))


def _series(value):
    return "Series %s len %d" % (value.dtype, value.shape[0])


DESCRIBED = {
    int: _int,
    str: _sized,
    bytes: _sized,
    bytearray: _sized,
    range: _sized,
    list: _sequence,
    tuple: _sequence,
    set: _container,
    frozenset: _container,
    dict: _dict,
}
PLAIN = {int, str, bytes, bool, float, type(None)}  # told in full by the kind of what holds them
NAMES = {kind.__name__ for kind in [*DESCRIBED, *PLAIN]}
LIBRARY = {
    ("collections", "deque"): _container,
    ("collections", "defaultdict"): _dict,
    ("collections", "OrderedDict"): _dict,
    ("collections", "Counter"): _dict,
    ("numpy", "ndarray"): _array,
    ("pandas", "DataFrame"): _frame,
    ("pandas", "Series"): _series,
}
