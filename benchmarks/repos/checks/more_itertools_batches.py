"""Random sequences and streams in windows, chunks and batches, taken in whole, in part and out of order."""

from itertools import islice

from more_itertools import chunked, chunked_even, ichunked, pairwise, sliced, spy, triplewise, windowed


def case(rng):
    """One sequence, as list, tuple, text, range and stream."""
    size, n = rng.choice([0, 1, 2, 5, 12, 40]), rng.choice([1, 2, 3, 5, 7, 50])
    data = [rng.randrange(9) for _ in range(size)]
    source = rng.choice([list, tuple, iter, lambda data: range(len(data)), lambda data: "".join(map(str, data))])
    step, fill = rng.choice([1, 1, 2, 3, 9]), rng.choice([None, 0, "x"])
    asked = [
        lambda: list(windowed(source(data), n, fillvalue=fill, step=step)),
        lambda: list(chunked_even(source(data), n)),
        lambda: [list(chunk) for chunk in ichunked(source(data), n)],
        lambda: [list(chunk) for chunk in list(ichunked(source(data), n))[::-1]],
        lambda: [list(islice(chunk, 1)) for chunk in ichunked(source(data), n)],
        lambda: list(chunked(source(data), n, strict=rng.random() < 0.3)),
        lambda: list(sliced(data, n)),
        lambda: (list(triplewise(source(data))), list(pairwise(source(data)))),
        lambda: (lambda head, rest: (head, list(rest)))(*spy(source(data), n)),
        lambda: consumed(data, n),
    ]
    return " | ".join(outcome(question) for question in asked)


def consumed(data, n):
    """How much of a stream has been taken when the first window is there."""
    stream = iter(data)
    return next(windowed(stream, n)), list(stream)


def outcome(question):
    """The value, or the error."""
    try:
        return repr(question())
    except (ValueError, TypeError, StopIteration, RuntimeError, IndexError) as problem:
        return f"{type(problem).__name__}: {problem}"
