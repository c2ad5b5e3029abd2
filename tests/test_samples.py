"""Robust statements about numbers that are no pairs."""

from __future__ import annotations

import math
import random

import pytest

from llmopt import samples


@pytest.mark.parametrize(("n", "ranks"), [(8, (1, 8)), (10, (2, 9)), (20, (6, 15)), (25, (8, 18))])
def test_median_interval_has_the_ranks_of_the_sign_test(n: int, ranks: tuple[int, int]) -> None:
    values = [float(value) for value in range(1, n + 1)]
    random.Random(1).shuffle(values)
    assert samples.median_interval(values) == ranks


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_values_give_no_interval_of_the_median(n: int) -> None:
    assert samples.median_interval([1.0] * n) == (-math.inf, math.inf)


def test_median_interval_holds_what_it_says_on_skewed_values() -> None:
    draw = random.Random(7)
    inside = 0
    for _ in range(1000):
        low, high = samples.median_interval([draw.expovariate(1) for _ in range(20)])
        inside += low <= math.log(2) <= high
    assert inside >= 940


def test_outliers_are_those_far_from_the_median_whatever_they_do_to_the_mean() -> None:
    assert samples.outliers([1.0, 1.01, 0.99, 1.02, 9.0, 0.98, 9.5]) == [4, 6]
    assert samples.outliers([1.0, 1.1]) == []
    assert samples.outliers([1.0, 1.0, 1.0]) == []


def test_shift_is_the_median_of_all_differences_with_mann_whitney_bounds() -> None:
    old, new = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0], [float(value) for value in range(8)]
    centre, (low, high) = samples.shift(old, new)
    assert centre == 10.0
    assert 3 <= low < 10 < high <= 17
    assert low - 10 == pytest.approx(10 - high)


def test_ratio_of_equal_code_contains_1_and_that_of_other_code_does_not() -> None:
    draw = random.Random(3)
    wrong = 0
    for _ in range(300):
        old, new = ([draw.lognormvariate(0, 0.1) for _ in range(12)] for _ in range(2))
        _, (low, high) = samples.ratio(old, new)
        wrong += not low <= 1 <= high
        centre, (low, high) = samples.ratio([3 * value for value in old], new)
        assert 1 < low < centre < high
    assert wrong <= 9  # 1 % are expected


def test_too_few_samples_give_no_interval_of_the_ratio() -> None:
    assert samples.ratio([1.0, 2.0], [1.0]) == (pytest.approx(math.sqrt(2)), (0.0, math.inf))
