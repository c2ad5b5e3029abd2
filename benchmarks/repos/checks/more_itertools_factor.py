"""Random numbers through the recipes on numbers: factors in order, and the recipes that are built on them."""

from more_itertools import factor, polynomial_eval, polynomial_from_roots, sieve, totient


def case(rng):
    """A number of any size up to thirteen digits, and small odd cases. A negative one is no error any more."""
    number = rng.choice([rng.randrange(200), rng.randrange(10**5), rng.randrange(10**9), rng.randrange(10**13)])
    small = rng.randrange(2, 5000)
    square = small * small
    roots = [rng.randrange(-9, 9) for _ in range(rng.randint(0, 5))]
    asked = [
        lambda: list(factor(number)),
        lambda: list(factor(square)),
        lambda: next(factor(small)),
        lambda: list(factor(True)),
        lambda: totient(small),
        lambda: list(sieve(small % 300)),
        lambda: polynomial_from_roots(roots),
        lambda: polynomial_eval(polynomial_from_roots(roots), 3),
    ]
    return " | ".join(outcome(question) for question in asked)


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (ValueError, TypeError, StopIteration) as problem:
        return f"{type(problem).__name__}: {problem}"
