"""Arguments in; out what one of them holds that another may ask for, and small copies of large ones."""

import collections

import llmopt_places

MOST = 2000  # parts that are looked at
DEPTH = 5
FEW, FEW_CHARACTERS = 4, 60  # of a container and of a text that are cut short
GROUPS = (list, tuple, set, frozenset, collections.deque)


def asked(args, kwargs, keys):
    """(key, label, value): values of an argument's type that others hold; those of one row in a row of arguments."""
    for key in keys:
        value = kwargs[key] if isinstance(key, str) else args[key]
        others = [each for name, each in [*enumerate(args), *kwargs.items()] if name != key]
        if type(value) in (str, bytes):
            found = [each for each in _inside(others) if type(each) is type(value) and each != value]
            for label, other in _some(list(dict.fromkeys(found))):
                yield key, label, other


def rows(args):
    """(label, args): consecutive arguments are what one tuple in another argument holds."""
    found = list(dict.fromkeys(each for each in _inside(args) if type(each) is tuple and _is_row(each)))
    for at in range(len(args)):
        for size in (2, 3):
            types_of = list(map(type, args[at : at + size]))
            alike = [each for each in found if len(each) == size and list(map(type, each)) == types_of]
            for label, row in _some(alike):
                yield "arguments from %d on: %s" % (at + 1, label), (*args[:at], *row, *args[at + size :])


def _is_row(value):
    return all(type(each) in (str, bytes, int) for each in value)


def _some(values):
    places = {"the first that others hold": 0, "the last": -1, "one in the middle": len(values) // 2}
    return [(label, values[at]) for label, at in places.items()] if values else []


def _inside(tops):
    waiting, seen, left = [(each, DEPTH) for each in tops], set(), MOST
    while waiting and left:
        value, depth = waiting.pop(0)
        left -= 1
        if type(value) not in (str, bytes, int) and id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        waiting += [(each, depth - 1) for each in _parts(value)] if depth else []


def _parts(value):
    if type(value) in (list, tuple, collections.deque):
        return list(value)
    if type(value) in (set, frozenset):
        return sorted(value, key=repr)
    if type(value) is dict:
        return [part for pair in value.items() for part in pair]
    if llmopt_places.is_object(value):
        held = llmopt_places.attributes(value)
        return [held[name] for name in sorted(held)]
    return []


def shortened(value, depth=DEPTH):
    """The same with few elements and characters; objects are left as they are."""
    kind = type(value)
    if kind in (str, bytes):
        return value[:FEW_CHARACTERS]
    if kind in (list, tuple) and depth:
        kept = value if len(value) <= FEW else [*value[: FEW - 1], value[-1]]
        return kind([shortened(each, depth - 1) for each in kept])
    if kind is dict and depth:
        items = list(value.items())
        return {key: shortened(each, depth - 1) for key, each in (items if len(items) <= FEW else items[:FEW])}
    if kind in (set, frozenset):
        return kind(sorted(value, key=repr)[:FEW])
    return value
