"""Random functions with units and dimensions declared: quantities, numbers and strings in, by position and by name.

Without calls that lack arguments or have too many: the later release says something else of them.
"""

import functools

import pint

ureg = pint.UnitRegistry()
PROBLEMS = (pint.PintError, ValueError, TypeError, AssertionError, KeyError, AttributeError, ZeroDivisionError)
LENGTH = ureg.Quantity(2.5, "meter")
NAMES = ("first", "second", "third")


def three(first, second, third):
    """Show what came in."""
    return repr((first, second, third))


def two(first, second=LENGTH):
    """Give a number where there is one."""
    return first if isinstance(first, (int, float)) else repr((first, second))


def pair(first, second=3, third="5 meter"):
    """Give two results."""
    return [first, repr((second, third))]


def case(rng):
    """A few decorated functions with a few calls each."""
    return " | ".join(outcome(lambda: called(rng)) for _ in range(6))


def called(rng):
    """One function, decorated in some way and called four times; its arguments are looked at again after the call."""
    function, count, needed = rng.choice([(three, 3, 3), (two, 2, 1), (pair, 3, 1)])
    declared = [rng.choice(["meter", "centimeter", ureg.meter, None]) for _ in range(count)]
    if rng.random() < 0.3:
        declared[0] = rng.choice(["=A", "=A", "=A**2"])
        declared[1] = rng.choice(["=A", "=A", "=A**2", "=B", "meter"])
    if rng.random() < 0.15:
        declared[rng.randrange(count)] = rng.choice(["", "second", "m/s", "kelvin", "degC"])
    if rng.random() < 0.25:
        dimensions = [rng.choice(["[length]"] * 5 + [None, None, "[time]"]) for _ in range(count)]
        decorated = ureg.check(*dimensions)(function)
    else:
        several, one = [["meter", None], ("second", "=A"), ["foot"]], [None, None, "foot", "=A"]
        given = rng.choice(several if function is pair else one)
        decorated = ureg.wraps(given, declared, strict=rng.random() < 0.3)(function)
    said = [decorated.__name__, decorated.__doc__]
    for _ in range(4):
        values = [value(rng) for _ in range(rng.randint(needed, count))]
        positional = rng.randint(0, len(values))
        named = dict(zip(NAMES[positional:], values[positional:], strict=False))
        if rng.random() < 0.3:
            named = dict(reversed(named.items()))
        said.append(outcome(functools.partial(decorated, *values[:positional], **named)))
        said.append(repr((values, named)))
    return said


def value(rng):
    """An argument: in a suitable unit, in another, a number, or a string."""
    magnitude = rng.choice([0, 1, 3, -2, 0.5, 12.25])
    way = rng.random()
    if way < 0.85:
        return ureg.Quantity(magnitude, rng.choice(["m", "cm", "foot", "meter"]))
    if way < 0.9:
        return ureg.Quantity(magnitude, rng.choice(["s", "kg", "km/hour", "degC", "kelvin", ""]))
    return rng.choice([magnitude, magnitude, f"{magnitude} cm", f"{magnitude} cm", None, "7", "nonsense"])


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except PROBLEMS as problem:
        return f"{type(problem).__name__}: {problem}"
