"""The end of a run with scripted times and a real repository: the end-to-end number, once, and what is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import repositories
import scripted
from scripted import BASE, CANDIDATE, Scripted

from llmopt import finish, git
from llmopt.config import Settings
from llmopt.data import Base, Candidate, Decision, Finding, Outcome, Tree, Verdict
from llmopt.journal import Journal
from llmopt.session import Place, Session

ACCEPTED = Verdict(
    True, "confirmation", "", "a.py::f", "m", commit=CANDIDATE, base=BASE, speedup=2.0, interval=(1.8, 2.2)
)
OUTCOME = Outcome("run", BASE, verdicts=(ACCEPTED,))


@dataclass(frozen=True)
class Trees:
    """No files: the scripted sandbox knows a tree by its name."""

    def of(self, commit: str) -> Tree:
        return scripted.tree_of(commit)


class Opened:
    """Sessions on one journal, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = Scripted(lambda commit, line, before: 1.0)
        self.lines, self.weights, self.journals = ["work"], [1.0], []

    def session(self, **values: object) -> Session:
        self.close()
        self.journals.append(Journal(self.folder / "run" / "journal.jsonl"))
        place = Place(self.folder / "repo", self.folder / "repo", self.folder / "repo", self.folder)
        target = self.sandbox.target(self.lines, self.weights)
        made = Session("run", place, Settings(), target, BASE, self.journals[-1], Trees())  # type: ignore[arg-type]
        return replace(made, **values)

    def close(self) -> None:
        for journal in self.journals:
            journal.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    made = Opened(tmp_path)
    yield made
    made.close()


def nothing(decision: Decision) -> None:
    pass


def speeds(speedup: float, wobble: float) -> scripted.Seconds:
    def seconds(commit: str, line: str, before: int) -> float:
        return (1.0 if commit == BASE else 1 / speedup) * (1 + wobble * (-1) ** (before + (commit == BASE)))

    return seconds


def test_end_to_end_number_is_of_fresh_runs_against_the_original_base(opened: Opened) -> None:
    opened.sandbox.seconds = speeds(3.0, 0.001)
    outcome = finish.measure(opened.session(), scripted.base(), OUTCOME, nothing)
    assert outcome.measured == "end to end"
    assert outcome.speedup == pytest.approx(3.0, rel=0.01)
    assert 2.95 < outcome.interval[0] < outcome.speedup < outcome.interval[1] < 3.05
    assert outcome.workloads == (("work", pytest.approx(3.0, rel=0.01)),)
    assert len(opened.sandbox.commands) == 2 * finish.LEAST_ROUNDS
    assert {commit for commit, _, _ in opened.sandbox.commands} == {BASE, CANDIDATE}


def test_noisy_measurement_goes_on_to_the_most_rounds(opened: Opened) -> None:
    opened.sandbox.seconds = speeds(1.5, 0.2)
    seen: list[Decision] = []
    finish.measure(opened.session(), scripted.base(), OUTCOME, seen.append)
    assert [decision.pairs for decision in seen] == list(range(1, finish.MOST_ROUNDS + 1))


def test_noisy_measurement_ends_with_the_least_rounds_when_the_time_is_over(opened: Opened) -> None:
    opened.sandbox.seconds = speeds(1.5, 0.2)
    late = opened.session(started=time.monotonic() - 100_000)
    finish.measure(late, scripted.base(), OUTCOME, nothing)
    assert len(opened.sandbox.commands) == 2 * finish.LEAST_ROUNDS


def test_measurement_is_taken_once_also_over_resumptions(opened: Opened) -> None:
    opened.sandbox.seconds = speeds(2.0, 0.001)
    first = finish.measure(opened.session(), scripted.base(), OUTCOME, nothing)
    runs = len(opened.sandbox.commands)
    assert finish.measure(opened.session(), scripted.base(), OUTCOME, nothing) == first
    assert len(opened.sandbox.commands) == runs


def test_workloads_have_their_own_numbers_and_weights_count(opened: Opened) -> None:
    opened.lines, opened.weights = ["fast", "same"], [1.0, 3.0]
    opened.sandbox.seconds = lambda commit, line, before: 0.25 if (commit, line) == (CANDIDATE, "fast") else 1.0
    outcome = finish.measure(opened.session(), scripted.base(2), OUTCOME, nothing)
    assert outcome.workloads == (("fast", pytest.approx(4.0)), ("same", pytest.approx(1.0)))
    assert outcome.speedup == pytest.approx(4.0**0.25)


def test_run_that_was_cut_off_reports_the_product_of_its_edits(opened: Opened) -> None:
    second = replace(ACCEPTED, speedup=1.5, interval=(1.4, 1.6))
    rejected = Verdict(False, "tests", "", "a.py::g", "m", speedup=9.0)
    outcome = finish.unmeasured(opened.session(), [ACCEPTED, rejected, second])
    assert outcome.measured == "per edit"
    assert outcome.speedup == pytest.approx(3.0)
    assert outcome.interval == pytest.approx((1.8 * 1.4, 2.2 * 1.6))
    nothing_kept = finish.unmeasured(opened.session(), [rejected])
    assert (nothing_kept.speedup, nothing_kept.interval, nothing_kept.measured) == (1.0, (1.0, 1.0), "")


def test_edits_are_kept_once_for_a_run(opened: Opened, tmp_path: Path) -> None:
    root = repositories.make(tmp_path / "repo", {"a.py": "x = 1\n"})
    base = git.head(root)
    commit = git.commit_files(root, base, {"a.py": b"x = 2\n"}, "Make x faster")
    outcome = Outcome("run", base, verdicts=(replace(ACCEPTED, commit=commit),))
    first = finish.keep_edits(opened.session(base=base), outcome)
    assert repositories.git(root, "rev-parse", first.branch) == commit
    repositories.git(root, "branch", "-D", first.branch)
    assert finish.keep_edits(opened.session(base=base), outcome) == first
    assert repositories.git(root, "branch", "--list", first.branch) == ""
    assert b"+x = 2" in (tmp_path / "run" / "kept.patch").read_bytes()


def stack(folder: Path, count: int) -> tuple[str, list[Verdict]]:
    """A repository at `repo` whose base has that many accepted edits on top of each other."""
    root = repositories.make(folder / "repo", {"a.py": "x = 0\n"})
    base = before = git.head(root)
    verdicts = []
    for number in range(1, count + 1):
        commit = git.commit_files(root, before, {"a.py": f"x = {number}\n".encode()}, "Faster")
        verdicts.append(replace(ACCEPTED, commit=commit, base=before))
        before = commit
    return base, verdicts


def test_all_edits_are_checked_together_and_dropped_from_the_last_until_they_agree(
    opened: Opened, tmp_path: Path
) -> None:
    base, verdicts = stack(tmp_path, 3)
    seen: list[tuple[str, tuple[str, ...]]] = []

    def tests(candidate: Candidate, on: Base) -> Finding:
        seen.append((candidate.commit, candidate.changed))
        passed = candidate.commit != verdicts[2].commit
        return Finding(passed, "" if passed else "test_a fails", {"tests": "5 passed"} if passed else {})

    outcome = Outcome("run", base, verdicts=tuple(verdicts))
    found = finish.verify(opened.session(base=base), Base(base, {}), outcome, {"tests": tests}, lambda text: None)
    assert [verdict.accepted for verdict in found.verdicts] == [True, True, False]
    assert found.verdicts[2].stage == "whole run"
    assert found.verdicts[2].reason == "with the edits before: test_a fails"
    assert found.whole == {"tests": "5 passed"}
    assert seen == [(verdicts[2].commit, ("a.py",)), (verdicts[1].commit, ("a.py",))]


def test_a_single_edit_was_checked_on_the_original_base_already(opened: Opened, tmp_path: Path) -> None:
    base, verdicts = stack(tmp_path, 1)
    outcome = Outcome("run", base, verdicts=tuple(verdicts))

    def never(candidate: Candidate, on: Base) -> Finding:
        raise AssertionError("nothing is to be run")

    session = opened.session(base=base)
    assert finish.verify(session, Base(base, {}), outcome, {"tests": never}, lambda text: None) == outcome
