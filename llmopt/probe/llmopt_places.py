"""Arguments changed deep inside: a fresh copy for each change, which is then made in place.

So what is shared or points back stays so. Only what can be changed without breaking what a class takes care of is: the
order of dictionaries, empty dictionaries all at one level, values under one key of many records, attributes that code
outside of the class assigns too, and the class of objects.
"""

import collections
import contextlib
import functools
import inspect
import itertools
import sys
import types

import llmopt_made

MOST_PLACES = 3000
MOST_DEPTH = 8
MOST_CLASSES = 4
HEAP_TYPE = 1 << 9  # of a class's flags: it was made by a `class` statement
ORDER = (0.1, 1e16, 0.3, -1e16, 1.1, 0.7)  # floats whose sum depends on their order
LEFT_ALONE = {"numpy", "pandas", "builtins", "llmopt_made"}


class Place:
    """Where a part is: `steps` from the top, and the same without numbers, by which places are of one level."""

    def __init__(self, steps, level, value, owner):
        self.steps = steps
        self.level = level
        self.value = value
        self.owner = owner  # what holds it, None for an argument


def places(args, kwargs):
    """The parts of the arguments, each object once, those at the top first."""
    found, seen = [], set()
    tops = [(("item", 0), tuple(args)), (("item", 1), kwargs)]
    waiting = [Place((top, step), (top, step), value, None) for top, held in tops for step, value in _inside(held)]
    while waiting and len(found) < MOST_PLACES:
        place = waiting.pop(0)
        plain = type(place.value) in PLAIN
        if not plain and id(place.value) in seen:
            continue
        seen.add(id(place.value))
        found.append(place)
        if not plain and len(place.steps) < MOST_DEPTH:
            waiting += [
                Place((*place.steps, step), (*place.level, _level(step)), value, place.value)
                for step, value in _inside(place.value)
            ]
    return found


def _level(step):
    kind, name = step
    return step if kind == "attribute" or isinstance(name, str) else (kind, "")


def _inside(value):
    kind = type(value)
    if kind in (list, tuple):
        return [(("item", at), each) for at, each in enumerate(value)]
    if kind is dict:
        return [
            (("key", key) if type(key) is str else ("value", at), each) for at, (key, each) in enumerate(value.items())
        ]
    if is_object(value):
        held = attributes(value)
        return [(("attribute", name), held[name]) for name in sorted(held) if not name.startswith("__")]
    return []


PLAIN = (int, float, str, bool, bytes, type(None))


def parts(value, inner):
    """What is directly in a value; of objects also what private attributes hold, if `inner`."""
    if type(value) in (list, tuple, set, frozenset, collections.deque):
        return list(value)
    if type(value) is dict:
        return list(value.values())
    if not is_object(value):
        return []
    return [held for name, held in sorted(attributes(value).items()) if inner or not name.startswith("_")]


def first(value, kind):
    """The first object in a value of the class of that name, or of a subclass; None for none."""
    waiting, seen = collections.deque([value]), set()
    while waiting and len(seen) < MOST_PLACES:
        held = waiting.popleft()
        if type(held) in PLAIN or id(held) in seen:
            continue
        seen.add(id(held))
        if any("%s.%s" % (base.__module__, base.__qualname__) == kind for base in type(held).__mro__):
            return held
        waiting += parts(held, True)
    return None


def attributes(value):
    """What an object's dictionary and slots hold, by name."""
    found = {}
    for base in type(value).__mro__:
        for name, member in vars(base).items():
            if type(member) is types.MemberDescriptorType:
                with contextlib.suppress(AttributeError):  # it is not set
                    found[name] = member.__get__(value)
    own = getattr(value, "__dict__", None)
    if type(own) is dict:
        found.update((name, held) for name, held in own.items() if isinstance(name, str))
    return found


def is_object(value):
    """An instance of a class written in Python, with attributes of its own."""
    kind = type(value)
    root = getattr(kind, "__module__", "").partition(".")[0]
    return (
        bool(kind.__flags__ & HEAP_TYPE)
        and not isinstance(value, type)
        and not callable(value)
        and root not in LEFT_ALONE
        and root not in getattr(sys, "stdlib_module_names", ())
        and bool(attributes(value))
    )


def holder(args, kwargs, steps):
    """What the last step is taken in."""
    found = (tuple(args), dict(kwargs))
    for kind, name in steps[:-1]:
        if kind == "attribute":
            found = getattr(found, name)
        else:
            found = list(found.values())[name] if kind == "value" else found[name]
    return found


def put(args, kwargs, steps, value):
    """Put a value at a place, in place; False where a tuple holds it."""
    into, (kind, name) = holder(args, kwargs, steps), steps[-1]
    if kind == "attribute":
        object.__setattr__(into, name, value)
    elif type(into) is tuple:
        return False
    elif kind == "value":
        into[list(into)[name]] = value
    else:
        into[name] = value
    return True


# --- changes ---------------------------------------------------------------------------------------------------


def changed(fresh, hints, variants):
    """(label, args, kwargs). `fresh` makes the arguments anew, `variants` other values of one."""
    found = places(*fresh())
    return _in_turn(
        [
            _reordered(fresh, found),
            _other_classes(fresh, found),
            _filled(fresh, found, hints),
            _swept(fresh, found),
            _attributes(fresh, found, hints, variants),
        ]
    )


def _reordered(fresh, found):
    """All dictionaries in another order: nobody's invariant, and often the order of the result."""
    deep = [each for each in found if type(each.value) is dict and len(each.value) > 1 and len(each.steps) > 2]
    for label, order in (("reversed", lambda items: items[::-1]), ("rotated", lambda items: items[1:] + items[:1])):
        if deep:
            args, kwargs = fresh()
            for each in places(args, kwargs):
                if type(each.value) is dict:
                    items = order(list(each.value.items()))
                    each.value.clear()
                    each.value.update(items)
            yield "all dictionaries inside %s" % label, args, kwargs


def _filled(fresh, found, hints):
    """Dictionaries that are empty wherever they are at one level, such as those of the attributes of nodes. Not those
    that are a private attribute: an object without nodes has none in its edges either.
    """
    names = [each for each in hints.constants if type(each) is str and each.isidentifier()][:3]
    names += [each for each in hints.defaults.values() if type(each) is str and each.isidentifier()][:3]
    for level in _levels(found, lambda value: type(value) is dict):
        inside = any(kind == "attribute" for kind, _ in level[0].steps) and not _is_private(level[0].steps[-1])
        if inside and not any(each.value for each in level):
            args, kwargs = fresh()
            for at, each in enumerate(_again(args, kwargs, level)):
                each.update({"a": [at], **dict.fromkeys(names, at + 2)})
            yield "empty dictionaries inside filled (a guess)", args, kwargs


def _is_private(step):
    return step[0] == "attribute" and step[1].startswith("_")


def _levels(found, wanted):
    """Places by level, of those levels whose places all are as wanted."""
    levels = {}
    for each in found:
        levels.setdefault(each.level, []).append(each)
    return [level for level in levels.values() if all(wanted(each.value) for each in level)]


def _again(args, kwargs, level):
    """What is at these places in other arguments, each object once."""
    values = [_value(args, kwargs, each.steps) for each in level]
    return list({id(each): each for each in values}.values())


def _value(args, kwargs, steps):
    kind, name = steps[-1]
    into = holder(args, kwargs, steps)
    if kind == "attribute":
        return getattr(into, name)
    return list(into.values())[name] if kind == "value" else into[name]


SWEEPS = (
    ("0", lambda at, kind: kind(0)),
    ("numbers that grow", lambda at, kind: kind(at + 1)),
    ("floats whose sum depends on the order", lambda at, kind: ORDER[at % len(ORDER)]),
    ("negative", lambda at, kind: kind(-at - 1)),
)


def _swept(fresh, found):
    """The numbers under one key of several records, or attribute of several objects, all at once."""
    names = {}
    for each in found:
        if type(each.value) in (int, float) and len(each.steps) > 3 and each.steps[-1][0] == "key":
            names.setdefault(each.steps[-1], []).append(each)
    for label, number in SWEEPS:
        for (_, name), level in names.items():
            if len(level) > 1 and not (type(level[0].value) is int and "floats" in label):
                args, kwargs = fresh()
                for at, each in enumerate(level):
                    put(args, kwargs, each.steps, number(at, type(each.value)))
                yield "%r inside: %s" % (name, label), args, kwargs


def _attributes(fresh, found, hints, variants):
    """Attributes that the constructor takes and code outside of the class assigns to: of the first and the last object
    of a class. Where the constructor computes others, which belong together, only None is put into lists.
    """
    groups = {}
    for each in found:
        kind, name = each.steps[-1]
        if kind == "attribute" and name in hints.assigned and name in taken(type(each.owner)):
            groups.setdefault((type(each.owner), name), []).append(each)
    return _in_turn(_attribute(fresh, name, level, variants) for (_, name), level in groups.items())


@functools.lru_cache(maxsize=None)
def taken(kind):
    """The names of what a class's constructor takes."""
    try:
        return frozenset(inspect.signature(kind).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _attribute(fresh, name, level, variants):
    for place in dict.fromkeys((level[0], level[-1])):
        others = [(INTO, [None, *place.value])] if type(place.value) is list else []
        if taken(type(place.owner)).issuperset(attributes(place.owner)):
            others += itertools.islice(variants(place.value), 4)
        for label, _ in others:
            args, kwargs = fresh()
            held = _value(args, kwargs, place.steps)
            put(args, kwargs, place.steps, [None, *held] if label is INTO else dict(variants(held))[label])
            yield "attribute %s of a %s inside: %s" % (name, type(place.owner).__name__, label), args, kwargs


INTO = "with None in front (a guess)"


def _in_turn(turns):
    """One of each, then the second of each; the turns are made one by one."""
    for row in itertools.zip_longest(*turns):
        yield from (each for each in row if each is not None)


# --- classes ---------------------------------------------------------------------------------------------------


def _other_classes(fresh, found):
    """Objects as instances of a subclass that adds nothing, and of the program's own sub- and superclasses."""
    for place in [each for each in found if len(each.steps) == 2 and is_object(each.value)]:
        for kind in related(type(place.value)):
            args, kwargs = fresh()
            value = as_instance(_value(args, kwargs, place.steps), kind)
            if value is not None:
                label = "a %s for a %s (a guess)" % (kind.__name__, type(place.value).__name__)
                yield (label, *_with(args, kwargs, place, value))
    yield from _subclassed(fresh, found)


def _subclassed(fresh, found):
    """All instances of one class as those of a subclass; the classes first that are arguments themselves."""
    asked = {
        each.value: each.steps for each in reversed(found) if len(each.steps) <= 3 and isinstance(each.value, type)
    }
    kinds = list(dict.fromkeys(type(each.value) for each in found if is_object(each.value)))
    kinds.sort(key=lambda kind: kind not in asked)
    yield from _found(
        fresh, {kind: "the class" if len(at) == 2 else "a class" for kind, at in asked.items() if kind not in kinds}
    )
    for kind in kinds[:MOST_CLASSES]:
        with contextlib.suppress(Exception):  # the class cannot have subclasses made like this
            args, kwargs = fresh()
            for each in places(args, kwargs):
                if type(each.value) is kind:
                    each.value.__class__ = llmopt_made.subclass_of(kind)
            asked_for = "the class asked for, " if kind in asked else ""
            yield "a subclass of %s%s" % (asked_for, kind.__name__), args, kwargs


def _found(fresh, missing):
    """An element of a list as one of a subclass of a class that is asked for, and of which there is none."""
    for kind, words in missing.items():
        args, kwargs = fresh()
        inside = [each for each in places(args, kwargs) if type(each.owner) is list and is_object(each.value)]
        inside.sort(key=lambda place: len(place.steps))
        outermost = [each for each in inside if len(each.steps) == len(inside[0].steps)]
        for each in reversed(outermost):
            with contextlib.suppress(Exception):  # it is laid out in another way
                each.value.__class__ = llmopt_made.subclass_of(kind)
                yield "an element of a subclass of %s asked for, %s (a guess)" % (words, kind.__name__), args, kwargs
                break


def _with(args, kwargs, place, value):
    (_, top), (_, name) = place.steps
    return ((*args[:name], value, *args[name + 1 :]), kwargs) if top == 0 else (args, dict(kwargs, **{name: value}))


def related(kind):
    """Classes of the same package below and above, the nearest first."""
    root = kind.__module__.partition(".")[0]
    below, waiting = [], list(kind.__subclasses__())
    while waiting and len(below) < 20:
        below.append(waiting.pop(0))
        waiting += below[-1].__subclasses__()
    above = kind.__mro__[1:-1]
    own = [each for each in [*below, *above] if _is_public(each) and each.__module__.partition(".")[0] == root]
    return own[:MOST_CLASSES]


def _is_public(kind):
    return not any(part.startswith("_") for part in (*kind.__module__.split("."), kind.__name__))


def as_instance(value, kind):
    """The same as an instance of a related class, None where that takes more than its content."""
    own = vars(kind)
    if not any(name in own for name in ("__init__", "__new__", "__slots__")) and kind in type(value).__subclasses__():
        with contextlib.suppress(TypeError):  # it is laid out in another way
            value.__class__ = kind
            return value
    with contextlib.suppress(Exception):  # its constructor wants something else
        made = kind(value)
        return made if _holds_alike(made, value) else None
    return None


def _holds_alike(made, value):
    """Is it a copy in another class, and not one thing made of another?"""
    held = attributes(value)
    return all(name in held and type(each) is type(held[name]) for name, each in attributes(made).items())
