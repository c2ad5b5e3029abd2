"""What a person says of a verdict, and what the run goes on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from llmopt import person
from llmopt.data import Function, Hotspot, Proposal, Verdict
from llmopt.errors import EnoughError
from llmopt.person import Answer

SPOT = Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
PROPOSAL = Proposal("tiny", SPOT, "a plan", {"m.py": "new\n"})
GOOD = Verdict(True, "confirmation", "faster", "m.py::f", "tiny", commit="c", speedup=2.0, interval=(1.9, 2.1))
UNCLEAR = replace(GOOD, accepted=False, stage="timing", reason="no gain shown", speedup=1.0, interval=(0.98, 1.02))
WRONG = Verdict(False, "tests", "2 tests fail", "m.py::f", "tiny", commit="c")


def decided(verdict: Verdict, *answers: Answer, judged: Verdict = GOOD) -> tuple[Verdict, list[Proposal]]:
    """The verdict that a person's answers lead to, and what was judged anew on the way."""
    left, anew = list(answers), []

    def judge(proposal: Proposal) -> Verdict:
        anew.append(proposal)
        return replace(judged, author=proposal.author)

    return person.decide(PROPOSAL, verdict, lambda each, found: left.pop(0), judge), anew


def test_what_passed_is_kept_as_it_is() -> None:
    assert decided(GOOD, Answer("keep"))[0] == GOOD


def test_what_passed_and_is_not_wanted_is_turned_down_at_the_person() -> None:
    verdict, _ = decided(GOOD, Answer("skip"))
    assert (verdict.accepted, verdict.stage, verdict.reason) == (False, "person", "skipped by hand")


def test_what_showed_no_gain_is_kept_on_the_persons_word_and_says_so() -> None:
    verdict, _ = decided(replace(UNCLEAR, put_aside=True), Answer("keep"))
    assert (verdict.accepted, verdict.put_aside) == (True, False)
    assert verdict.evidence["by hand"] == "kept by a person, though turned down at timing: no gain shown"


@pytest.mark.parametrize(
    ("verdict", "may"),
    [
        (GOOD, True),
        (UNCLEAR, True),
        (replace(UNCLEAR, stage="confirmation", put_aside=True), True),
        (replace(UNCLEAR, interval=(0.0, 0.0)), False),  # it crashed before it was measured
        (WRONG, False),
        (replace(WRONG, stage="calls"), False),
        (replace(WRONG, stage="apply", commit=""), False),
    ],
)
def test_nobody_may_keep_what_behaves_otherwise(verdict: Verdict, may: bool) -> None:
    assert person.may_keep(verdict) is may


def test_an_edit_by_hand_is_judged_anew_and_asked_about_again() -> None:
    verdict, [edited] = decided(WRONG, Answer("edit", "", {"m.py": "mine\n"}), Answer("keep"))
    assert (edited.author, edited.files, edited.problem) == ("tiny, edited by hand", {"m.py": "mine\n"}, "")
    assert verdict.accepted
    assert verdict.evidence["edited"] == "by hand"


def test_an_edit_by_hand_that_is_wrong_may_not_be_kept() -> None:
    verdict, anew = decided(GOOD, Answer("edit", "", {"m.py": "1"}), Answer("edit", "", {"m.py": "2"}), Answer("skip"),
                            judged=WRONG)  # fmt: skip
    assert [each.author for each in anew] == ["tiny, edited by hand"] * 2
    assert (verdict.accepted, verdict.stage) == (False, "tests")


@pytest.mark.parametrize("verdict", [GOOD, WRONG])
def test_hints_go_along_with_the_verdict(verdict: Verdict) -> None:
    answers: Sequence[Answer] = (Answer("edit", "shorter", {"m.py": "1"}), Answer("skip", "and clearer"))
    assert decided(verdict, *answers)[0].hint == "shorter and clearer"


def test_stopping_decides_nothing() -> None:
    with pytest.raises(EnoughError, match="stopped by hand"):
        decided(GOOD, Answer("stop"))
