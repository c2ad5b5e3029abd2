"""A method's arguments in; the same out, its instance brought into another state by other public methods.

What its class takes care of stays in order, because only the class changes it: no entry is put in that its own methods
would not have put there.
"""

import contextlib
import inspect
import itertools
import types

import llmopt_places

MOST_METHODS = 3
NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def called(fresh, hints, variants):
    """(label, args, kwargs). The methods are those that take what the function itself is given, by the names of it."""
    args, kwargs = fresh()
    if not args or kwargs or len(args) < 2 or not llmopt_places.is_object(args[0]):
        return
    for name, at in itertools.islice(_methods(args, hints), MOST_METHODS):
        for label, own, calls in _plans(args, at, variants):
            instance = fresh()[0][0]
            with contextlib.suppress(Exception):  # it does not take that
                for each in calls:
                    getattr(instance, name)(*each)
                yield "after %s: %s" % (name, label), (instance, *own[1:]), {}


def _methods(args, hints):
    """Names of other public methods, with the positions at which the function gets what they take."""
    kind = type(args[0])
    for name in sorted(name for name in dir(kind) if not name.startswith("_") and name != hints.name):
        method = inspect.getattr_static(kind, name)
        if type(method) is not types.FunctionType:
            continue
        needed = list(inspect.signature(method).parameters.values())[1:]
        needed = [each for each in needed if each.default is each.empty]
        if needed and all(each.kind in NAMED and 0 < hints.at.get(each.name, 0) < len(args) for each in needed):
            yield name, [hints.at[each.name] for each in needed]


def _plans(args, at, variants):
    """(label, the function's arguments, those of the calls before it)."""
    own = _picked(args, at)
    yield "the same", args, [own]
    yield "the same twice", args, [own, own]
    others = {key: list(itertools.islice(variants(args[key]), 3)) for key in at}
    for key in at:
        changed = [_put(args, key, other) for _, other in others[key]]
        for (label, _), other in zip(others[key], changed):  # noqa: B905 (3.10 and later)
            yield "argument %d %s" % (key + 1, label), args, [_picked(other, at)]
            yield "the same, argument %d %s" % (key + 1, label), other, [_picked(other, at)]
        if len(changed) > 1:
            yield "argument %d in two ways" % (key + 1), args, [_picked(each, at) for each in changed[:2]]
            yield (
                "argument %d in two ways, then the same twice" % (key + 1),
                args,
                [
                    *(_picked(each, at) for each in changed[:2]),
                    own,
                    own,
                ],
            )
    for first, second in itertools.permutations(at, 2):
        if others[first] and others[second]:
            older, newer = (_put(args, key, others[key][-1][1]) for key in (first, second))
            label = "argument %d another, then argument %d" % (first + 1, second + 1)
            yield label, args, [_picked(older, at), _picked(newer, at)]


def _picked(args, at):
    return [args[each] for each in at]


def _put(args, at, value):
    return (*args[:at], value, *args[at + 1 :])
