"""The words and the JSON about somebody's change, for every way in which it may end."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from llmopt.changes import Change
from llmopt.data import Function, Verdict
from llmopt.reports import verification
from llmopt.reports.verification import OutOfBounds, Verified

CHANGE = Change("fix.patch", "fix.patch", "", "b" * 40, "c" * 40, ("a.py",), Function("a.py", "f", 1))
EVIDENCE = {"syntax": "12ab", "files": "a.py", "tests": "5 tests passed as before"}
TIMED = {**EVIDENCE, "timing": "1.50x [1.40, 1.60], 9 pairs", "confirmation": "1.50x [1.40, 1.60], 9 pairs"}
VERDICT = Verdict(
    True, "confirmation", "faster", "a.py::f", "fix.patch", speedup=1.5, interval=(1.4, 1.6), evidence=TIMED
)
ACCEPTED = Verified("20260102-030405", CHANGE, VERDICT, seconds=12.0)


def rejected(stage: str, reason: str, evidence: dict[str, str], **more: object) -> Verified:
    verdict = Verdict(False, stage, reason, "a.py::f", "fix.patch", evidence=evidence, **more)  # type: ignore[arg-type]
    return replace(ACCEPTED, verdict=verdict)


HEADLINES = {
    "Accepted: fix.patch is 1.50x [1.40, 1.60] faster (95 % interval)": ACCEPTED,
    "Accepted: fix.patch is 1.50x [1.40, 1.60] less memory (95 % interval)": replace(ACCEPTED, objective="memory"),
    "Accepted: fix.patch behaves the same (not timed)": replace(
        ACCEPTED, timed=False, verdict=replace(VERDICT, stage="require", evidence=EVIDENCE)
    ),
    "Not accepted at tests: fix.patch": rejected("tests", "test_a failed", {}),
    "Put aside for you, not accepted, at confirmation: fix.patch": rejected("confirmation", "x", TIMED, put_aside=True),
}


@pytest.mark.parametrize("headline", HEADLINES)
def test_the_verdict_comes_first(headline: str) -> None:
    assert verification.text(HEADLINES[headline])[0] == headline


def test_the_whole_reason_and_what_every_stage_saw_follow() -> None:
    reason = "test_a was passed, now failed:\n    def test_a():\n>       assert f() == 1\nE       assert 2 == 1"
    assert verification.text(rejected("tests", reason, {"syntax": "12", "calls": "none: no function changed"})) == [
        "Not accepted at tests: fix.patch",
        "  test_a was passed, now failed:",
        "      def test_a():",
        "  >       assert f() == 1",
        "  E       assert 2 == 1",
        "  evidence: none",
        "    calls: none: no function changed",
        f"  a.py against {'b' * 10}; 12.0 s; run 20260102-030405",
    ]


def test_a_loss_is_told_with_its_measure() -> None:
    slower = rejected("timing", "slower", {**EVIDENCE, "timing": "0.50x"}, speedup=0.5, interval=(0.45, 0.55))
    assert "  speedup: 0.50x [0.45, 0.55]" in verification.text(slower)
    assert verification.as_json(slower)["interval"] == [0.45, 0.55]


def test_all_files_out_of_bounds_are_named_and_those_that_can_be_allowed_are_offered() -> None:
    files = [OutOfBounds(f"tests/test {n}.py", "tests", True, False) for n in range(5)]
    workload = OutOfBounds("bench.py", "it is the workload", False, True)
    found = replace(rejected("guard", "edits 6 files", {}), out_of_bounds=(*files, workload))
    lines = verification.text(found)
    assert f"  out of bounds: {', '.join(each.path for each in files)}, bench.py" in lines
    assert "  the workload cannot be part of what it measures: commit it first, or name another one" in lines
    [offer] = [line for line in lines if "--allow-path" in line]
    assert offer.count("--allow-path 'tests/test ") == 3
    assert offer.endswith("(or a GLOB for all)")
    assert "bench.py" not in offer
    assert not any("out of bounds" in line for line in verification.text(replace(ACCEPTED, out_of_bounds=(workload,))))


def test_many_files_are_counted() -> None:
    many = replace(CHANGE, files=tuple(f"{n}.py" for n in range(7)))
    assert "0.py, 1.py, 2.py and 4 more against" in verification.text(replace(ACCEPTED, change=many))[-1]
    nothing = replace(CHANGE, files=(), commit="")
    assert verification.text(replace(ACCEPTED, change=nothing))[-1].startswith("  no files;")


def test_json_knows_no_speedup_that_was_not_measured_and_no_infinity() -> None:
    untimed = verification.as_json(rejected("guard", "edits tests", {"syntax": "12ab"}))
    assert (untimed["accepted"], untimed["speedup"], untimed["interval"]) == (False, None, None)
    assert untimed["evidence"] == {}
    wide = replace(VERDICT, interval=(1.1, math.inf))
    assert json.loads(json.dumps(verification.as_json(replace(ACCEPTED, verdict=wide))))["interval"] == [1.1, None]
    assert verification.as_json(ACCEPTED)["level"] == "tests"
