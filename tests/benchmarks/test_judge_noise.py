"""The models of noisy machines do what their names say."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import noise
import pytest


def samples(model: str, count: int, seed: int = 1) -> list[float]:
    return list(itertools.islice(noise.MODELS[model](random.Random(seed)), count))


def neighbours(values: list[float], lag: int = 1) -> float:
    return statistics.correlation(values[:-lag], values[lag:])


@pytest.mark.parametrize(("model", "sigma"), [("log-normal 3 %", 0.03), ("log-normal 15 %", 0.15)])
def test_lognormal_noise_has_its_spread_and_no_memory(model: str, sigma: float) -> None:
    values = samples(model, 20_000)
    assert statistics.stdev(values) == pytest.approx(sigma, rel=0.03)
    assert abs(neighbours(values)) < 0.03


def test_heavy_tails_make_a_tenth_of_the_samples_half_as_slow_again() -> None:
    values = samples("heavy tails", 20_000)
    outliers = [value for value in values if value > 0.2]
    assert len(outliers) / len(values) == pytest.approx(0.1, abs=0.01)
    assert math.exp(statistics.median(outliers)) == pytest.approx(1.5, rel=0.01)


def test_steady_drift_goes_by_one_percent_a_sample() -> None:
    slopes = [abs(statistics.linear_regression(range(20), samples("drift, steady", 20, n)).slope) for n in range(20)]
    assert statistics.median(slopes) == pytest.approx(0.01, abs=0.001)
    assert neighbours(samples("drift, steady", 2000)) > 0.9


def test_steps_keep_their_level_between_jumps() -> None:
    values = samples("drift, in steps", 20_000)
    jumps = [b - a for a, b in itertools.pairwise(values)]
    large = sum(abs(jump) > 0.15 for jump in jumps) / len(jumps)
    assert 0.005 < large < 0.05
    assert neighbours(values) > 0.8


@pytest.mark.parametrize(
    ("model", "share", "memory"), [("two speeds, by chance", 0.3, 0.0), ("two speeds, lasting", 0.5, 0.9)]
)
def test_two_speeds_are_thirty_percent_apart(model: str, share: float, memory: float) -> None:
    values = samples(model, 50_000)
    slow = [value for value in values if value > noise.SLOW / 2]
    assert len(slow) / len(values) == pytest.approx(share, abs=0.06)
    assert math.exp(statistics.median(slow)) == pytest.approx(1.3, rel=0.01)
    assert neighbours(values) == pytest.approx(memory, abs=0.05)


def test_autocorrelated_noise_fades_with_the_distance() -> None:
    values = samples("autocorrelated", 50_000)
    assert statistics.stdev(values) == pytest.approx(0.05, rel=0.05)
    assert neighbours(values) == pytest.approx(0.8, abs=0.03)
    assert neighbours(values, 3) == pytest.approx(0.8**3, abs=0.05)


def test_a_machine_in_step_turns_round_every_two_samples() -> None:
    values = samples("in step with the pairs", 4000)
    assert neighbours(values, 2) < -0.9
    assert neighbours(values, 4) > 0.9


def test_the_second_of_a_pair_is_five_percent_faster() -> None:
    values = samples("second of a pair faster", 4000)
    gain = statistics.fmean(values[::2]) - statistics.fmean(values[1::2])
    assert gain == pytest.approx(0.05, abs=0.002)


def test_models_of_one_seed_are_the_same_and_of_two_seeds_are_not() -> None:
    for model in noise.MODELS:
        assert samples(model, 10) == samples(model, 10)
        assert samples(model, 10) != samples(model, 10, seed=2)
