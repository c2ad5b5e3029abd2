"""What makes a shown gain doubtful, and what does not."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from llmopt import doubts
from llmopt.data import Pair, Sample

REPETITIONS = 10
BASE = Sample(0.030, 0.030, 20_000_000, first_seconds=0.035, setup_seconds=0.050)
FASTER = replace(BASE, seconds=0.010, cpu_seconds=0.010, first_seconds=0.012)
NO_LIMIT = math.inf


def rounds(base: Sample, candidate: Sample, pairs: int = 8, noise: float = 0.02, seed: int = 1) -> list[list[Pair]]:
    source = random.Random(seed)

    def shaken(sample: Sample) -> Sample:
        times = {
            name: value * math.exp(source.gauss(0.0, noise))
            for name in ("seconds", "cpu_seconds", "first_seconds", "setup_seconds", "rest_seconds")
            if (value := getattr(sample, name))
        }
        return replace(sample, **times)

    return [[Pair(0, shaken(base), shaken(candidate))] for _ in range(pairs)]


def doubt(base: Sample, candidate: Sample, repetitions: int = REPETITIONS, pairs: int = 8) -> str:
    return doubts.doubt(rounds(base, candidate, pairs), [repetitions], 1.0, NO_LIMIT)


def first_only(first: float, later: float) -> Sample:
    """A sample whose first repetition and whose others take so long."""
    seconds = (first + (REPETITIONS - 1) * later) / REPETITIONS
    return replace(BASE, seconds=seconds, first_seconds=first)


# --- the headroom ------------------------------------------------------------------------------------------------


def test_more_than_the_edited_functions_could_give_is_doubtful() -> None:
    found = doubts.doubt(rounds(BASE, FASTER), [REPETITIONS], 2.5, 2.0)
    assert found == "at least 2.50x is more than the 2.00x there would be if what was edited cost nothing"
    assert doubts.doubt(rounds(BASE, FASTER), [REPETITIONS], 1.9, 2.0) == ""


# --- repetitions -------------------------------------------------------------------------------------------------


def test_a_cache_that_only_later_repetitions_use_is_doubtful() -> None:
    cached = first_only(first=0.030, later=0.0001)
    assert doubt(first_only(0.030, 0.030), cached).startswith(
        "the gain shows only from the second repetition in a process on: the first one gains "
    )


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        (first_only(0.030, 0.030), first_only(0.010, 0.010)),
        (first_only(0.080, 0.030), first_only(0.060, 0.010)),  # a slow start that both have
        (first_only(0.030, 0.030), first_only(0.020, 0.001)),  # a cache that pays within a repetition too
        (first_only(0.030, 0.030), first_only(0.029, 0.0295)),  # a small gain
        (first_only(0.030, 0.030), first_only(0.030, 0.040)),  # no gain at all
    ],
)
def test_a_gain_from_the_first_repetition_on_is_not(base: Sample, candidate: Sample) -> None:
    assert doubt(base, candidate) == ""


def test_a_workload_that_is_not_repeated_raises_no_such_doubt() -> None:
    cached = first_only(first=0.030, later=0.0001)
    assert doubt(first_only(0.030, 0.030), cached, repetitions=1) == ""
    unknown = replace(cached, first_seconds=None)
    assert doubt(first_only(0.030, 0.030), unknown) == ""


def test_few_pairs_raise_no_doubt() -> None:
    cached = first_only(first=0.030, later=0.0001)
    assert doubt(first_only(0.030, 0.030), cached, pairs=6) == ""


# --- set-up ------------------------------------------------------------------------------------------------------


def test_work_moved_to_import_or_set_up_is_doubtful() -> None:
    moved = replace(FASTER, setup_seconds=0.072)
    found = doubt(BASE, moved)
    assert found.startswith("work was moved to import or set-up: they take 2")
    assert "less in a repetition" in found


def test_work_that_goes_on_after_the_timed_part_is_doubtful() -> None:
    base = replace(BASE, rest_seconds=0.004)
    found = doubt(base, replace(FASTER, rest_seconds=0.004 + REPETITIONS * 0.020))
    assert found.startswith("work was moved after the timed part, or its end is told too early: the rest of the")
    assert doubt(base, replace(FASTER, rest_seconds=0.006)) == ""


@pytest.mark.parametrize("setup", [0.040, 0.050, 0.052, 0.056])
def test_a_set_up_that_grows_less_than_the_gain_is_not(setup: float) -> None:
    assert doubt(BASE, replace(FASTER, setup_seconds=setup)) == ""


# --- the price ---------------------------------------------------------------------------------------------------


def price(candidate: Sample, objective: str = "time", most: float = 1.10) -> str:
    return doubts.price(rounds(BASE, candidate), objective, most)


def test_memory_over_the_limit_is_too_high_a_price() -> None:
    heavy = replace(FASTER, peak_bytes=25_000_000)
    assert price(heavy) == "takes 1.25 times the peak memory of the base, over 1.1 (--max-memory-growth)"
    assert price(heavy, most=1.5) == ""
    assert price(replace(FASTER, peak_bytes=21_000_000)) == ""
    assert price(heavy, objective="memory") == ""  # what decides is not guarded as well


def test_more_cpu_time_for_less_wall_time_is_too_high_a_price() -> None:
    assert "times the CPU time of the base, over 1.1" in price(replace(FASTER, cpu_seconds=0.050))


def test_less_memory_for_more_time_is_too_high_a_price() -> None:
    slower = replace(BASE, seconds=0.040, peak_bytes=10_000_000)
    assert "times the time of the base" in price(slower, objective="memory")
    assert price(replace(slower, seconds=0.029), objective="memory") == ""


def test_what_was_not_measured_has_no_price() -> None:
    assert price(replace(FASTER, cpu_seconds=0.0, peak_bytes=0)) == ""


# --- what is plain -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "plain"),
    [
        ([1.0] * 6, False),
        ([1.0] * 7, True),
        ([1.0, 1.2, 0.9, 1.1, 0.8, 1.0, 1.3, -0.4], True),
        ([1.0, -1.2, 0.9, -1.1, 0.8, -1.0, 1.3, -0.4], False),
        ([0.0] * 9, False),
        ([], False),
    ],
)
def test_plain_is_what_lies_two_standard_errors_above_nothing(values: Sequence[float], plain: bool) -> None:
    assert doubts.plainly(values) is plain


def aside(candidate: Sample, noise: float, runs: int = 200, most: int = 30) -> float:
    """The part of runs that put the candidate aside, measured on while it is unclear, as the confirmation does."""

    def settled(seed: int) -> str:
        every = rounds(first_only(0.030, 0.030), candidate, most, noise, seed)
        many = next((n for n in range(8, most) if not doubts.is_open(every[:n], [REPETITIONS])), most)
        return doubts.doubt(every[:many], [REPETITIONS], 1.0, NO_LIMIT)

    return sum(bool(settled(seed)) for seed in range(runs)) / runs


@pytest.mark.parametrize(("noise", "least"), [(0.03, 1.0), (0.15, 0.99), (0.3, 0.9)])
def test_a_cache_is_seen_under_noise_too(noise: float, least: float) -> None:
    assert aside(first_only(0.030, 0.0001), noise) >= least


@pytest.mark.parametrize(("seconds", "noise", "most"), [(0.010, 0.3, 0.02), (0.027, 0.1, 0.03), (0.0291, 0.03, 0.02)])
def test_a_gain_without_fault_is_seldom_put_aside_under_noise(seconds: float, noise: float, most: float) -> None:
    assert aside(first_only(seconds, seconds), noise) <= most


def test_what_is_plain_or_lies_on_the_right_side_is_not_open() -> None:
    base = first_only(0.030, 0.030)
    plain = rounds(base, first_only(0.030, 0.0001), 8, 0.02)
    right = rounds(base, first_only(0.010, 0.0100), 8, 0.02)
    weak = rounds(base, first_only(0.024, 0.0001), 8, 0.3)
    assert [doubts.is_open(each, [REPETITIONS]) for each in (plain, right, weak)] == [False, False, True]
