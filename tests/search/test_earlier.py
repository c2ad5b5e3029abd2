"""What earlier runs tried, read from their journals, and offered where the diagnosis is alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from llmopt.data import Edit, Function, Hotspot, Proposal, Verdict
from llmopt.journal import Journal
from llmopt.search import earlier, examples, nearest
from llmopt.search.facts import Facts

SPOT = Hotspot(Function("shop/orders.py", "customers", 4), 9, 0.5, 0.5, 0.5, 2.0)
EDIT = Edit("shop/orders.py", "    return list(dict.fromkeys(names))", search="    return slow(names)")
PLAN = "Keep first occurrences in a dict instead of testing membership in the list of customers seen"
KEPT = Verdict(
    True, "confirmation", "", SPOT.function.key, "openai:NAME", PLAN, speedup=3.2, interval=(2.9, 3.5), base="b"
)
WRONG = replace(
    KEPT, accepted=False, stage="calls", reason="order of the customers differs", plan=f"{PLAN}, as a set", speedup=1.0
)
WRONG = replace(WRONG, interval=(0.0, 0.0))
DIAGNOSIS = nearest.words("customers membership tested in a loop: test against a set or dict built once per call")
FACTS = Facts((3, 11, 4))


def run(state: Path, name: str, *verdicts: Verdict) -> Path:
    """The journal of a run that tried these."""
    path = state / "runs" / name / "journal.jsonl"
    journal = Journal(path)
    for number, verdict in enumerate(verdicts):
        journal.add("proposal", Proposal(verdict.author, SPOT, verdict.plan, {EDIT.path: "x"}, (EDIT,)))
        journal.add("pairs", {"stage": "timing", "commit": "c", "pairs": []})
        journal.add("verdict", verdict, key=f"b:{number} #1")
    journal.close()
    return path


def test_the_newest_runs_come_first_each_edit_once_and_without_ones_own(tmp_path: Path) -> None:
    run(tmp_path, "20260101-000000", KEPT)
    run(tmp_path, "20260102-000000", WRONG, KEPT)
    run(tmp_path, "20260103-000000", replace(KEPT, plan="something of its own"))
    found = earlier.tried(tmp_path, but="20260103-000000")
    assert [(each.run, each.verdict.plan) for each in found] == [
        ("20260102-000000", KEPT.plan),
        ("20260102-000000", WRONG.plan),
    ]
    assert found[0].edits == (EDIT,)
    assert found[0].paths == {"shop/orders.py"}


def test_replies_without_an_edit_are_no_examples(tmp_path: Path) -> None:
    run(tmp_path, "20260101-000000", replace(WRONG, stage="apply"), replace(WRONG, plan=""))
    assert earlier.tried(tmp_path) == ()


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    path = run(tmp_path, "20260101-000000", KEPT)
    run(tmp_path, "20260102-000000", replace(KEPT, plan="another"))
    broken = tmp_path / "runs" / "20260102-000000" / "journal.jsonl"
    broken.write_text('{"at":1,"kind":"verdict","key":"","value":{"accepted":"perhaps"}}\nnot json "kind":"verdict"\n')
    (tmp_path / "runs" / "20260103-000000").mkdir()
    record = json.loads(path.read_text().splitlines()[0])
    assert record["kind"] == "proposal"
    assert [each.verdict.plan for each in earlier.tried(tmp_path)] == [KEPT.plan]


def similar(*verdicts: Verdict, tokens: int = 600, diagnosis: list[str] = DIAGNOSIS) -> tuple[examples.Example, ...]:
    tried = tuple(earlier.Tried("r", verdict, (EDIT,)) for verdict in verdicts)
    return examples.similar(diagnosis, replace(FACTS, earlier=tried), tokens)


def test_earlier_runs_come_first_then_the_bank() -> None:
    found = similar(KEPT, WRONG)
    assert 2 <= len(found) <= examples.MOST
    assert ["earlier run" in each.about for each in found] == sorted(
        ("earlier run" in each.about for each in found), reverse=True
    )
    assert any("a list, tested in a loop" in each.about for each in found)
    kept = next(each for each in found if each.outcome.startswith("kept"))
    assert kept.outcome == "kept, 3.20 times as fast [2.90, 3.50]"
    assert "return slow(names)" in kept.code
    assert "dict.fromkeys" in kept.code


def test_what_was_turned_down_is_told_with_its_reason_and_not_to_be_tried_again() -> None:
    [told] = [each for each in similar(WRONG) if "turned down" in each.outcome]
    assert "at calls: order of the customers differs" in told.outcome
    assert "do not try it again" in told.outcome
    assert told.code == ""


def test_where_nothing_is_alike_nothing_is_offered() -> None:
    assert similar(KEPT, diagnosis=nearest.words("opens a window on the screen")) == ()


def test_examples_keep_to_their_tokens() -> None:
    for tokens in (0, 50, 200, 600):
        assert sum(each.size for each in similar(KEPT, WRONG, tokens=tokens)) <= tokens * examples.CHARACTERS_PER_TOKEN
    assert similar(KEPT, tokens=0) == ()


def test_beside_the_nearest_others_are_told_in_words_where_their_code_takes_too_much_room() -> None:
    found = similar(KEPT, tokens=200)
    assert len(found) >= 2
    assert found[0].code
    assert not found[-1].code
    assert all(each.code for each in similar(KEPT, tokens=2000))


def test_equal_questions_get_equal_examples_in_the_same_order() -> None:
    assert similar(KEPT, WRONG) == similar(KEPT, WRONG, diagnosis=list(reversed(DIAGNOSIS)))


def test_pairs_for_packages_that_are_not_installed_are_left_out() -> None:
    diagnosis = nearest.words("numpy array element loop range len index ndarray float64")
    without = examples.similar(diagnosis, FACTS, 2000)
    installed = examples.similar(diagnosis, replace(FACTS, packages={"numpy": "2.1"}), 2000)
    assert not any("numpy" in each.code for each in without)
    assert any("elements of an array" in each.about for each in installed)
