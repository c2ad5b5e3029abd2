"""What workloads print on the candidate against what they print on the base."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
import scripted
from scripted import BASE, CANDIDATE, Scripted

from llmopt.checks import output
from llmopt.data import Candidate, Finding, Function, Hotspot, Limits, Proposal

SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
MADE = Candidate(Proposal("m", SPOT, ""), BASE, CANDIDATE, ("a.py",))
SAME = hashlib.sha256(b"same").hexdigest()


def found(prints: Callable[[str], str], outputs: tuple[str, ...], exit_code: int = 0) -> tuple[Finding, Scripted]:
    sandbox = Scripted(lambda commit, line, before: 1.0, prints)
    sandbox.exit_codes[CANDIDATE] = exit_code
    lines = [f"work {number}" for number in range(len(outputs))]
    target = sandbox.target(lines, [1.0] * len(lines))
    check = output.check(target, scripted.tree_of, Limits())
    return check(MADE, scripted.base(len(outputs), outputs=outputs)), sandbox


def test_same_output_passes_and_only_the_candidate_runs() -> None:
    finding, sandbox = found(lambda commit: "same", (SAME, SAME))
    assert finding.passed
    assert finding.evidence == {"output": "2 of 2 workloads print and return the same"}
    assert {commit for commit, _, _ in sandbox.commands} == {CANDIDATE}


@pytest.mark.parametrize("text", ["other", "same ", ""])
def test_other_output_is_turned_down(text: str) -> None:
    finding, _ = found(lambda commit: text, (SAME,))
    assert not finding.passed
    assert finding.reason == "workload work 0 prints or returns something else than on the base"


def test_output_that_differs_between_runs_of_the_base_is_not_compared() -> None:
    finding, _ = found(lambda commit: "anything", ("",))
    assert finding.evidence == {"output": "0 of 1 workloads print and return the same"}


def test_workload_that_fails_is_turned_down() -> None:
    finding, sandbox = found(lambda commit: "same", (SAME, SAME), exit_code=1)
    assert (finding.passed, finding.reason) == (False, "workload work 0 ended with exit code 1: same")
    assert len(sandbox.commands) == 1
