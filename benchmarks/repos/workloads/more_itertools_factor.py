"""Factor the orders of groups and the periods of generators: numbers of six to eleven digits."""

import random

from more_itertools import factor

NUMBERS = []


def setup():
    """Draw the numbers: some smooth, some with two large factors, some prime."""
    rng = random.Random(16)
    NUMBERS[:] = [rng.randrange(10**6, 10**9) for _ in range(900)]
    NUMBERS.extend(rng.randrange(10**10, 10**11) for _ in range(20))
    NUMBERS.extend([99991 * 99989, 10**10 + 19, 2**30 * 3**2])


def workload():
    """Print each number's prime factors."""
    for number in NUMBERS:
        print(number, *factor(number))
