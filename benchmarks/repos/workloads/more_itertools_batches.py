"""Prepare sensor readings for a model: sliding windows, even batches, and readings in chunks from a stream."""

import random

from more_itertools import all_equal, chunked_even, ichunked, triplewise, windowed

READINGS = []


def setup():
    """Make a day of readings."""
    rng = random.Random(17)
    READINGS[:] = [rng.randrange(4096) for _ in range(160_000)]


def workload():
    """Go through the readings as the steps of the pipeline do."""
    print(sum(max(window) for window in windowed(READINGS, 5)))
    print(sum(window[-1] or 0 for window in windowed(READINGS, 12, step=3)))
    print([sum(batch) for batch in chunked_even(READINGS[:40_000], 7)][::500])
    print([sum(chunk) for chunk in ichunked(READINGS, 9)][::5000])
    print(sum(a < b > c for a, b, c in triplewise(READINGS)), all_equal(READINGS))
