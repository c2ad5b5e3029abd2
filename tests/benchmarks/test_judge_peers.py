"""Each peer's rule on samples made by hand, and against the peer's own code where that is at hand."""

from __future__ import annotations

import random
import statistics

import peers
import pytest
from peers import PEERS, Verdict

BASE = [10.0, 11.0, 12.0]


def test_minimum_wants_more_than_five_percent_of_the_best_loops() -> None:
    assert peers.minimum([1.051, 9.0], [1.0, 99.0]) == Verdict(True, 4)
    assert peers.minimum([1.049, 9.0], [1.0, 1.0]) == Verdict(False, 4)


def test_pytest_benchmark_compares_the_field_it_is_given() -> None:
    base, candidate = [10.0, 10.0, 10.0], [9.9, 8.0, 8.0]
    assert peers.pytest_benchmark(statistics.median)(base, candidate).faster
    assert not peers.pytest_benchmark(max)(base, candidate).faster


def test_pytest_benchmarks_own_check_agrees() -> None:
    utils = pytest.importorskip("pytest_benchmark.utils")
    source = random.Random(1)
    for _ in range(200):
        base = [source.uniform(1.0, 1.2) for _ in range(5)]
        candidate = [source.uniform(0.9, 1.1) for _ in range(5)]
        check = utils.parse_compare_fail("mean:5%")
        fails = check.fails({"mean": statistics.fmean(base)}, {"mean": statistics.fmean(candidate)})
        assert peers.pytest_benchmark(statistics.fmean)(base, candidate).faster == bool(fails)


def test_pyperf_wants_t_above_the_critical_value() -> None:
    assert peers.pyperf(BASE, [7.0, 8.0, 9.0]).faster  # t = 3 / sqrt(2 / 3) = 3.67, critical at 4 degrees: 2.776
    assert not peers.pyperf(BASE, [8.0, 9.0, 10.0]).faster  # t = 2.45
    assert not peers.pyperf([7.0, 8.0, 9.0], BASE).faster


def test_pyperfs_own_test_agrees() -> None:
    utils = pytest.importorskip("pyperf._utils")
    source = random.Random(1)
    for _ in range(200):
        count = source.randrange(2, 130)
        base, candidate = ([source.gauss(1.0, 0.1) for _ in range(count)] for _ in range(2))
        significant, t = utils.is_significant(base, candidate)
        assert peers.pyperf(base, candidate).faster == (significant and t > 0)


def test_critical_values_fall_to_the_normal_quantile() -> None:
    values = [peers.critical_95(freedom) for freedom in range(1, 300)]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[-1]) == (12.706, 1.960)


def test_hyperfine_is_read_in_three_ways() -> None:
    close, far = [9.5, 10.5, 11.5], [5.0, 6.0, 7.0]
    readings = peers.hyperfine_mean, peers.hyperfine_relative, peers.hyperfine_apart
    assert [rule(BASE, close).faster for rule in readings] == [True, False, False]
    assert [rule(BASE, far).faster for rule in readings] == [True, True, True]


def test_ranges_that_touch_do_not_count_as_apart() -> None:
    assert not peers.hyperfine_apart(BASE, [8.0, 9.0, 10.0]).faster  # 11 - 1 and 9 + 1


def test_one_shot_looks_at_the_first_run_alone() -> None:
    assert peers.one_shot(0.05)([1.06, 0.5], [1.0, 9.0]) == Verdict(True, 2)
    assert peers.one_shot(0.05)([1.04, 9.0], [1.0, 0.1]) == Verdict(False, 2)


def test_peeking_stops_at_the_first_pair_that_looks_significant() -> None:
    base = [*BASE, 11.0, 11.0]
    assert peers.welch_peeking(base, [7.0, 8.0, 9.0, 99.0, 99.0]) == Verdict(True, 6)
    assert peers.welch_peeking(base, base) == Verdict(False, 10)


def test_peeking_copes_with_samples_that_do_not_vary() -> None:
    assert peers.welch_peeking([2.0] * 3, [1.0] * 3).faster
    assert not peers.welch_peeking([1.0] * 3, [1.0] * 3).faster


def test_every_peer_sees_a_tenfold_gain_and_none_a_loss() -> None:
    base = [1.0 + 0.01 * (n % 3) for n in range(30)]
    for peer in PEERS:
        taken = base[: peer.runs]
        assert peer.decide(taken, [seconds / 10 for seconds in taken]).faster, peer.name
        assert not peer.decide(taken, [seconds * 1.5 for seconds in taken]).faster, peer.name
