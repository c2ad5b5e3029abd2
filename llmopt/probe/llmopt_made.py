"""Values that only derived inputs have: subclasses made at run time, and functions that note what they are given.

Both processes make them alike, so that they can be written in one and read in the other.
"""

import types
import zlib

BUILT_INS = (list, tuple, dict, set, frozenset, str, bytes, int, float)

_subclasses = {}
_bases = {}


def subclass_of(base):
    """A class that adds nothing to `base`, the same one each time. Raises what the base's own machinery raises."""
    if base not in _subclasses:
        body = {"__module__": __name__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
        if base not in BUILT_INS and not base.__dictoffset__:
            body["__slots__"] = ()  # an instance of the base can then become one of it
        made = types.new_class(base.__name__, (base,), {}, lambda names: names.update(body))
        _subclasses[base], _bases[made] = made, base
    return _subclasses[base]


def base_of(kind):
    """The class of which this one was made here, None for any other."""
    return _bases.get(kind)


def built_in(kind):
    """The built-in type of which this class was made here, the class itself otherwise.

    Whether a text that comes back is of the caller's subclass or of `str` is no promise: `"".join([s])` may be `s`.
    """
    base = _bases.get(kind)
    return base if base in BUILT_INS else kind


class Noting:
    """A function that notes the types of what it is given: each once, sorted, for how often is no promise."""

    def __init__(self, function):
        self.function = function
        self.given = []

    def __call__(self, *args, **kwargs):
        types_of = ["%s.%s" % (kind.__module__, kind.__qualname__) for kind in map(built_in, map(type, args))]
        text = ", ".join([*types_of, *("%s=" % name for name in sorted(kwargs))])
        if text not in self.given:
            self.given = sorted([*self.given, text])
        return self.function(*args, **kwargs)


class Giving:
    """A function that gives the same whatever it gets."""

    def __init__(self, result):
        self.result = result

    def __call__(self, *args, **kwargs):
        return self.result


class GivingBack:
    """A function that gives one of its arguments."""

    def __init__(self, at):
        self.at = at

    def __call__(self, *args, **kwargs):
        return args[self.at] if args else None


class Spelling:
    """A function that gives a text which tells its arguments apart."""

    def __call__(self, *args, **kwargs):
        return repr(args)


class Choosing:
    """A function that says yes to about half of what it may get."""

    def __call__(self, *args, **kwargs):
        return zlib.crc32(repr(args).encode("utf-8", "surrogatepass")) % 2 == 0


class Raising:
    """A function that fails in an operation, as one does that was not written for what it gets."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        return FAILURES[self.name]()


FAILURES = {"KeyError": lambda: {}["key"], "ValueError": lambda: int("text"), "TypeError": lambda: None + 1}


class Equal:
    """Equal to everything; as an array, it cannot be a key."""

    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False
