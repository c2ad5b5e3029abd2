"""The simulation takes samples as the timer does, is repeatable, and says so when a promise is broken."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest
import rates
import simulate
from rates import Rate
from simulate import Trial

from llmopt import judge
from llmopt.data import Decision


def test_pairs_take_the_machines_samples_in_their_order() -> None:
    machine = iter([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    pairs = [pair for (pair,) in itertools.islice(simulate.rounds(machine, 2.0, random.Random(3)), 4)]
    taken = [
        seconds
        for pair in pairs
        for seconds in ((1, 0) if pair.candidate_first else (0, 1))
        for seconds in [(pair.base.seconds, 2 * pair.candidate.seconds)[seconds]]
    ]
    assert taken == sorted(taken)
    assert taken[1] / taken[0] == pytest.approx(2.718, rel=0.001)


def test_both_orders_are_as_likely() -> None:
    firsts = list(itertools.islice(simulate.tosses(random.Random(1)), 10_000))
    assert sum(firsts) / len(firsts) == pytest.approx(0.5, abs=0.03)


def test_a_whole_run_is_repeatable_and_has_ten_candidates() -> None:
    task = simulate.Task("run", "heavy tails", 1.0, 0)
    first, second = simulate.whole_run(task, random.Random(1)), simulate.whole_run(task, random.Random(1))
    assert first == second
    assert len(first) == simulate.RUN


def test_a_confirmation_follows_an_accepted_screening_alone() -> None:
    source = random.Random(1)
    machine = simulate.MODELS["log-normal 3 %"](source)
    better, worse = simulate.candidate(machine, 2.0, source), simulate.candidate(machine, 0.8, source)
    assert better.accepted
    assert better.confirmation
    assert better.pairs == better.screening.pairs + better.confirmation.pairs
    assert not worse.accepted
    assert worse.confirmation is None


def test_the_jobs_do_not_change_the_trials() -> None:
    one, two = (simulate.Bench(jobs).trials("screening", "log-normal 3 %", 1.5, 30) for jobs in (1, 2))
    assert one == two


def test_a_judge_that_never_decides_is_an_error() -> None:
    with pytest.raises(ValueError, match="no decision"):
        simulate.judged([], judge.screening(1.01))


def accepting(share: float) -> Callable[..., list[list[Trial]]]:
    """Runs of one candidate each of which such a share is accepted, at once."""
    accept, reject = (Decision(outcome, "", 1.0, (0.9, 1.1), 5) for outcome in ("accept", "reject"))

    def groups(kind: str, model: str, gain: float, count: int) -> list[list[Trial]]:
        return [[Trial(accept, accept) if n < share * 100 else Trial(reject)] for n in range(100)]

    return groups


@pytest.mark.parametrize(("share", "kept"), [(0.0, True), (0.01, True), (0.02, False)])
def test_false_acceptances_above_one_percent_break_every_promise_about_them(share: float, kept: bool) -> None:
    bench = simulate.Bench(1)
    bench.groups = accepting(share)  # type: ignore[method-assign]
    assert [promise.kept for promise in simulate.false_acceptances(bench, 100)] == [kept] * 3


@pytest.mark.parametrize(("share", "kept"), [(0.89, False), (0.9, True)])
def test_power_below_ninety_percent_breaks_the_promise(share: float, kept: bool) -> None:
    bench = simulate.Bench(1)
    bench.groups = accepting(share)  # type: ignore[method-assign]
    assert [promise.kept for promise in simulate.promised_power(bench, 100)] == [kept] * 2


def test_wilsons_interval_is_that_of_the_tables() -> None:
    assert Rate(0, 10).bounds == pytest.approx((0.0, 0.2775), abs=0.0005)
    assert Rate(5, 10).bounds == pytest.approx((0.2366, 0.7634), abs=0.0005)


def test_rates_keep_the_digits_that_small_ones_need() -> None:
    assert [rates.percent(share) for share in (1e-17, 0.0003, 0.004, 0.042, 0.23)] == [
        "0 %",
        "0.03 %",
        "0.40 %",
        "4.2 %",
        "23 %",
    ]


def test_quantiles_are_values_that_were_seen() -> None:
    assert [rates.quantile([3, 1, 2, 4], share) for share in (0.0, 0.5, 0.75, 1.0)] == [1, 2, 3, 4]


def test_tables_are_markdown() -> None:
    assert rates.table(["a", "b"], [["x", 1]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"
