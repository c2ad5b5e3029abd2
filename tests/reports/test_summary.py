"""The closing lines of a run."""

from __future__ import annotations

from dataclasses import replace

from llmopt.data import DECLINED, Outcome, Verdict
from llmopt.reports import summary


def kept(name: str, speedup: float, lines: int) -> Verdict:
    interval = (speedup - 0.1, speedup + 0.1)
    return Verdict(True, "confirmation", "", f"m.py::{name}", "tiny", speedup=speedup, interval=interval, lines=lines)


def test_kept_edits_are_ranked_by_gain_for_each_changed_line() -> None:
    verdicts = (kept("large", 3.0, 200), kept("small", 1.5, 2), kept("medium", 2.0, 10))
    outcome = Outcome("r", "b", speedup=9.0, interval=(8.0, 10.0), measured="end to end", verdicts=verdicts)
    lines = [line for line in summary.text(outcome, None) if "m.py::" in line]
    assert [line.partition("::")[2].split()[0] for line in lines] == ["small", "medium", "large"]
    assert "m.py::small in 2 changed lines, by tiny" in lines[0]
    assert [each["lines"] for each in summary.as_json(outcome)["accepted"]] == [200, 2, 10]


def test_edits_of_older_journals_have_no_size_and_say_none() -> None:
    outcome = Outcome("r", "b", speedup=2.0, interval=(1.8, 2.2), measured="end to end", verdicts=(kept("f", 2.0, 0),))
    assert not any("changed line" in line for line in summary.text(outcome, None))


def test_an_answer_without_an_edit_is_not_counted_as_one() -> None:
    said = Verdict(False, "apply", DECLINED, "m.py::f", "tiny", plan="NO EDIT: near the least work")
    wrong = Verdict(False, "tests", "one failed", "m.py::g", "tiny")
    lines = summary.text(Outcome("r", "b", verdicts=(said, wrong)), None)
    assert lines[0].startswith("Nothing kept: 1 edit tried")
    assert lines[1] == f"  no edit of m.py::f (tiny): {DECLINED}"
    assert lines[2] == "  turned down at tests: m.py::g (tiny): one failed"


def test_what_is_left_is_told_by_its_own_share_and_with_all_it_calls_where_that_is_more() -> None:
    left = (("a/m.py::f", 0.3, 1.43), ("m.py::g", 0.088, 51.0))
    outcome = Outcome("r", "b", speedup=2.0, interval=(1.8, 2.2), measured="end to end", left=left)
    outcome = replace(outcome, verdicts=(kept("f", 2.0, 1),))
    said = "Left: m.py::f 30 % of the run (at most 1.43x), m.py::g 8.8 % of the run (at most 51x with all it calls)."
    assert said in summary.text(outcome, None)
