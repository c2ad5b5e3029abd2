"""The arguments of a call in, a number out that is the same for equal ones: how often equal arguments come back.

Numbers, text and small containers of them count by value, everything else by identity: an object that was freed may
give its place to another one, so a share of repeats of objects is an upper bound.
"""

ATOMS = (int, float, complex, str, bytes, bool, type(None))
SMALL = 16  # members up to which a container counts by value
DEPTH = 2


def key(args, kwargs):
    """A hash of what was passed."""
    parts = [_part(value, DEPTH) for value in args]
    if kwargs:
        parts += [(name, _part(kwargs[name], DEPTH)) for name in sorted(kwargs)]
    return hash(tuple(parts))


def _part(value, depth):
    kind = type(value)
    if kind in ATOMS:
        return (kind, value)
    if depth and kind in (tuple, list, set, frozenset, dict) and len(value) <= SMALL:
        return (kind, *_members(value, depth - 1))
    return (kind, id(value))


def _members(value, depth):
    if type(value) is dict:
        return [(_part(name, depth), _part(each, depth)) for name, each in value.items()]
    members = [_part(each, depth) for each in value]
    return [frozenset(members)] if isinstance(value, (set, frozenset)) else members
