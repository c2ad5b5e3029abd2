"""Random matrices, some nearly empty: products, powers and what uses them, of two kinds of numbers and of wrong things.

Finite, and complex values as pairs: the improvement passes over zeros, and so keeps a sum real that is real.
"""

import mpmath
from mpmath import fp, matrix, mp, mpc, mpf


def case(rng):
    """Three matrices of sizes that mostly fit."""
    mp.dps = rng.choice([15, 15, 30, 50])
    context = rng.choice([mp, mp, fp])
    kind = rng.choice(["real", "real", "complex"])
    sizes = [rng.randint(0, 6) for _ in range(3)]
    a = drawn(rng, context, kind, sizes[0], sizes[1])
    b = drawn(rng, context, kind, sizes[1], sizes[2] if rng.random() < 0.9 else 1)
    square = drawn(rng, context, "real", sizes[0], sizes[0])
    if rng.random() < 0.3 and sizes[0] and sizes[1]:
        a[rng.randrange(sizes[0]), rng.randrange(sizes[1])] = 0
    asked = [
        lambda: a @ b,
        lambda: a * b,
        lambda: a * a.T,
        lambda: a.H * a,
        lambda: b * a,
        lambda: (square @ a) * b,
        lambda: square ** rng.randint(-1, 4),
        lambda: a * rng.choice([2, mpf(1) / 3, 0, -1]),
        lambda: rng.choice([2, 0.5, 1j]) * a,
        lambda: a * [1, 2],
        lambda: a * rng.choice(["x", "3", None]),
        lambda: square @ square == square * square,
        lambda: context.mnorm(square @ square, 1),
        lambda: context.expm(square),
        lambda: a + b if sizes[0] == sizes[1] else a - a,
        lambda: (a @ b)[0, 0],
        lambda: (a @ b).rows * 100 + (a @ b).cols,
        lambda: a.copy() * matrix(a.cols, 2),
        lambda: (a, b),
    ]
    return " | ".join(outcome(question) for question in [*rng.sample(asked, 9), *asked[:2]])


def drawn(rng, context, kind, rows, columns):
    """A matrix whose filled share is anything from none to all."""
    made = context.matrix(rows, columns)
    share = rng.choice([0, 0.1, 0.3, 0.7, 1])
    for row in range(rows):
        for column in range(columns):
            if rng.random() < share:
                value = rng.choice([rng.randint(-5, 5), rng.uniform(-2, 2), 1, -1])
                imaginary = rng.choice([0, rng.randint(-3, 3)]) if kind == "complex" else 0
                made[row, column] = context.mpc(value, imaginary) if imaginary else context.mpf(value) / 3
    return made


def outcome(question):
    """The value, or the error."""
    try:
        return described(question())
    except (ValueError, TypeError, ZeroDivisionError, IndexError, AttributeError) as problem:
        return f"{type(problem).__name__}: {problem}"


def described(value):
    """Sizes and every entry; numbers to the last digit."""
    if isinstance(value, tuple):
        return repr([described(each) for each in value])
    if isinstance(value, (mp.matrix, fp.matrix)):
        return f"{value.rows}x{value.cols} {[described(each) for each in value]}"
    if isinstance(value, (mpf, mpc)):
        return repr((mpmath.re(value), mpmath.im(value)))
    if isinstance(value, (float, complex)):
        return repr((value.real + 0.0, value.imag + 0.0))
    return repr(value)
