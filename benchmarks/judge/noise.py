"""Models of noisy machines: a source of chance in, the machine's slowness for each sample in its order out.

The models are endless and in logarithms: 0 is the usual speed, log(1.3) a sample that takes 30 % longer. They know
nothing of who is measured: base and candidate take what comes next.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

Noise = Callable[[random.Random], Iterator[float]]

SLOW = math.log(1.3)  # the slow state of a machine with two speeds
OUTLIER = math.log(1.5)


def lognormal(sigma: float) -> Noise:
    """Independent samples, with `sigma` as the standard deviation of their logarithm."""

    def stream(source: random.Random) -> Iterator[float]:
        while True:
            yield source.gauss(0.0, sigma)

    return stream


def heavy(source: random.Random) -> Iterator[float]:
    """3 % noise, and every tenth sample by chance takes 50 % longer."""
    while True:
        yield source.gauss(0.0, 0.03) + (OUTLIER if source.random() < 0.1 else 0.0)


def steady_drift(source: random.Random) -> Iterator[float]:
    """The machine becomes 1 % slower from sample to sample, or faster; it turns round every 100 samples on average."""
    level, slope = 0.0, source.choice((-0.01, 0.01))
    while True:
        slope = -slope if source.random() < 0.01 else slope
        level += slope
        yield level + source.gauss(0.0, 0.03)


def steps(source: random.Random) -> Iterator[float]:
    """The machine jumps to another speed (by 15 %, standard deviation) every 20 samples on average, with 3 % noise."""
    level = 0.0
    while True:
        level = source.gauss(0.0, 0.15) if source.random() < 0.05 else level
        yield level + source.gauss(0.0, 0.03)


def bimodal(source: random.Random) -> Iterator[float]:
    """Each sample by itself is fast, or with 30 % probability 30 % slower; 2 % noise."""
    while True:
        yield source.gauss(0.0, 0.02) + (SLOW if source.random() < 0.3 else 0.0)


def sticky(source: random.Random) -> Iterator[float]:
    """The same two speeds as states that last: 25 samples on average."""
    slow = source.random() < 0.5
    while True:
        slow ^= source.random() < 0.04
        yield source.gauss(0.0, 0.02) + (SLOW if slow else 0.0)


def autoregressive(source: random.Random) -> Iterator[float]:
    """Neighbours are alike: AR(1) with a correlation of 0.8 and 5 % noise in all."""
    level = source.gauss(0.0, 0.05)
    while True:
        yield level
        level = 0.8 * level + source.gauss(0.0, 0.05 * math.sqrt(1 - 0.8**2))


def beat(source: random.Random) -> Iterator[float]:
    """Something in step with the measuring: two samples fast, two 10 % slower, and so on, with 1 % noise.

    It makes neighbouring pairs agree: the worst for orders that alternate, or are tossed for two pairs at once.
    """
    phase = source.randrange(4)
    while True:
        yield source.gauss(0.0, 0.01) + (0.1 if phase % 4 < 2 else 0.0)
        phase += 1


def second_faster(source: random.Random) -> Iterator[float]:
    """Whoever comes second in a pair finds warm caches and a raised clock: 5 % faster, with 1 % noise."""
    while True:
        yield source.gauss(0.0, 0.01)
        yield source.gauss(0.0, 0.01) - 0.05


MODELS: dict[str, Noise] = {
    "log-normal 3 %": lognormal(0.03),
    "log-normal 15 %": lognormal(0.15),
    "heavy tails": heavy,
    "drift, steady": steady_drift,
    "drift, in steps": steps,
    "two speeds, by chance": bimodal,
    "two speeds, lasting": sticky,
    "autocorrelated": autoregressive,
    "in step with the pairs": beat,
    "second of a pair faster": second_faster,
}
