"""Paired timing with scripted times: the order of runs, what is saved, and when it ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import scripted
from scripted import BASE, CANDIDATE, Scripted

from llmopt import judge
from llmopt.checks import timing
from llmopt.data import Candidate, Decision, Finding, Function, Hotspot, Limits, Pair, Proposal, Sample

SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
MADE = Candidate(Proposal("m", SPOT, ""), BASE, CANDIDATE, ("a.py",))
WOBBLE = (0.0, 0.01, -0.01, 0.005, -0.005, 0.02, -0.02)


class Timed:
    """One timing check, run to its end."""

    def __init__(
        self,
        sandbox: Scripted,
        lines: Sequence[str] = ("work",),
        weights: Sequence[float] = (1.0,),
        unclear: Callable[[timing.Rounds], bool] = lambda rounds: False,
    ) -> None:
        self.saved: list[tuple[str, str, tuple[Pair, ...]]] = []
        self.seen: list[Decision] = []
        check = timing.check(
            "screening",
            judge.screening(1.03),
            sandbox.target(lines, weights),
            scripted.tree_of,
            Limits(),
            self.seen.append,
            lambda *saved: self.saved.append(saved),
            unclear=lambda base, rounds: unclear(rounds),
        )
        self.finding: Finding = check(MADE, scripted.base(len(lines)))


def times(base: float, candidate: float) -> scripted.Seconds:
    return lambda commit, line, before: (base if commit == BASE else candidate) * (1 + WOBBLE[before % len(WOBBLE)])


def test_a_pair_shares_its_hash_seed_and_the_next_has_another() -> None:
    sandbox = Scripted(times(1.0, 0.5))
    Timed(sandbox)
    runs = [(commit[0], seed) for commit, _, seed in sandbox.commands[:8]]
    assert [seed for _, seed in runs] == ["1", "1", "2", "2", "3", "3", "4", "4"]
    assert all({one[0], other[0]} == {"b", "c"} for one, other in zip(runs[::2], runs[1::2], strict=True))


def test_a_coin_decides_who_comes_first_in_each_pair() -> None:
    first = []
    for _ in range(20):
        timed = Timed(Scripted(times(1.0, 0.5)))
        first += [pairs[0].candidate_first for _, _, pairs in timed.saved]
    changes = sum(a != b for a, b in itertools.pairwise(first))
    assert 0.25 < sum(first) / len(first) < 0.75
    assert 0.25 < changes / len(first) < 0.75


def test_faster_candidate_is_accepted_with_its_numbers() -> None:
    timed = Timed(Scripted(times(1.0, 0.5)))
    decision = timed.finding.decision
    assert timed.finding.passed
    assert decision is not None
    assert 1.9 < decision.speedup < 2.1
    assert timed.finding.evidence["screening"].startswith("2.00x (")
    assert timed.finding.evidence["screening"].endswith(f", {decision.pairs} pairs")


def test_slower_candidate_ends_after_two_pairs() -> None:
    timed = Timed(Scripted(times(1.0, 2.0)))
    assert not timed.finding.passed
    assert "slower: 0.50x in each of 2 pairs" in timed.finding.reason
    assert len(timed.saved) == 2


def test_equal_candidate_is_turned_down() -> None:
    timed = Timed(Scripted(lambda commit, line, before: 1.0 + WOBBLE[(before + (commit == BASE)) % len(WOBBLE)]))
    assert not timed.finding.passed
    assert timed.finding.reason.startswith("30 pairs would not show 1.03x: about 1.00x after ")


def test_every_round_is_saved_before_it_is_judged_and_shown() -> None:
    timed = Timed(Scripted(times(1.0, 0.5)))
    assert timed.finding.decision is not None
    assert len(timed.saved) == len(timed.seen) == timed.finding.decision.pairs
    assert all(stage == "screening" and commit == CANDIDATE for stage, commit, _ in timed.saved)
    first = timed.saved[0][2][0]
    assert first.base == Sample(1.0, 0.5, 1000)
    assert first.candidate == Sample(0.5, 0.25, 1000)
    assert [decision.pairs for decision in timed.seen] == list(range(1, len(timed.seen) + 1))
    assert timed.seen[-1].outcome == "accept"


def test_a_gain_is_measured_on_while_it_is_unclear_what_it_is() -> None:
    timed = Timed(Scripted(times(1.0, 0.5)), unclear=lambda rounds: len(rounds) < 12)
    assert timed.finding.passed
    assert timed.finding.decision is not None
    assert timed.finding.decision.pairs == len(timed.saved) == 12
    assert timed.finding.reason.startswith("2.000x [1.99")


def test_a_workload_that_is_seen_to_lose_meanwhile_still_counts() -> None:
    def seconds(commit: str, line: str, before: int) -> float:
        faster = {"one": 4.0, "two": 1.0 if before < 6 else 0.5}[line] if commit == CANDIDATE else 1.0
        return (1 + WOBBLE[before % len(WOBBLE)]) / faster

    timed = Timed(Scripted(seconds), ["one", "two"], [1.0, 1.0], unclear=lambda rounds: len(rounds) < 29)
    assert timed.seen[5].outcome == "accept"
    assert not timed.finding.passed
    assert "workload 2 became slower" in timed.finding.reason


def test_what_stays_unclear_ends_with_the_rules_pairs() -> None:
    timed = Timed(Scripted(times(1.0, 0.5)), unclear=lambda rounds: True)
    assert timed.finding.passed
    assert len(timed.saved) == judge.MAX_PAIRS


def test_rounds_have_a_pair_of_each_workload_and_weights_count() -> None:
    def seconds(commit: str, line: str, before: int) -> float:
        speedup = {"one": 4.0, "two": 1.0}[line] if commit == CANDIDATE else 1.0
        return (1 + WOBBLE[before % len(WOBBLE)]) / speedup

    timed = Timed(Scripted(seconds), ["one", "two"], [1.0, 3.0])
    assert [[pair.workload for pair in pairs] for _, _, pairs in timed.saved] == [[0, 1]] * len(timed.saved)
    assert timed.finding.decision is not None
    assert 1.38 < timed.finding.decision.speedup < 1.45  # 4 ** (1 / 4)


def test_workload_that_fails_on_the_candidate_is_the_findings_reason() -> None:
    sandbox = Scripted(times(1.0, 0.5))
    sandbox.exit_codes[CANDIDATE] = 3
    timed = Timed(sandbox)
    assert not timed.finding.passed
    assert timed.finding.reason == "workload work ended with exit code 3"
    assert timed.saved == []
