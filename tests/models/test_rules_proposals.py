"""The order of proposals, and that nothing is proposed twice."""

from dataclasses import replace

import pytest

from llmopt.data import Function, Hotspot, LineCost, Observed, Proposal, Verdict
from llmopt.errors import EditError
from llmopt.models.rules import propose

SOURCE = """import re

def busy(words, stop):
    out = []
    for word in words:
        if word in stop:
            continue
        out.append(word)
    return out, re.sub("a+", "b", words[0])

def idle(x):
    return x
"""
KINDS = tuple(Observed(name, ("list[str] len 2..90",), (10,)) for name in ("words", "stop"))


def hotspot(name: str, path: str = "pkg/a.py") -> Hotspot:
    return Hotspot(Function(path, name, 3), 9, 0.5, 0.5, 0.5, 2.0, arguments=KINDS)


def read(path: str) -> str:
    if path != "pkg/a.py":
        raise EditError(f"no file {path}")
    return SOURCE


def verdict_of(proposal: Proposal, accepted: bool) -> Verdict:
    return Verdict(accepted, "timing", "", proposal.hotspot.function.key, proposal.author, proposal.plan)


def pull(hotspots: list[Hotspot], verdicts: list[Verdict], accepts: str = "nothing") -> list[Proposal]:
    """As the loop does it: each proposal gets its verdict before the next is asked for."""
    seen = []
    for proposal in propose(hotspots, verdicts, read):
        seen.append(proposal)
        verdicts.append(verdict_of(proposal, proposal.author == accepts))
    return seen


ALL = "rules: membership-set + compile-regex + list-comprehension"
SINGLE = ["rules: membership-set", "rules: compile-regex", "rules: list-comprehension"]


def test_all_rules_together_come_first_then_each_alone_by_expected_gain():
    proposals = pull([hotspot("idle"), hotspot("busy")], [])
    assert [proposal.author for proposal in proposals] == [ALL, *SINGLE]
    assert all(set(proposal.files) == {"pkg/a.py"} and not proposal.edits for proposal in proposals)
    assert len({proposal.files["pkg/a.py"] for proposal in proposals}) == 4


def test_nothing_more_is_proposed_after_an_acceptance():
    assert [proposal.author for proposal in pull([hotspot("busy"), hotspot("busy")], [], accepts=ALL)] == [ALL]


def test_what_has_a_verdict_is_not_proposed_again():
    verdicts: list[Verdict] = []
    pull([hotspot("busy")], verdicts)
    assert pull([hotspot("busy")], verdicts) == []


def test_the_same_file_is_proposed_once_in_one_run():
    assert len(pull([hotspot("busy"), hotspot("busy")], [])) == 4


def test_the_plan_says_what_becomes_of_each_place():
    plan = next(propose([hotspot("busy")], [], read)).plan
    assert "`in stop` asks a set" in plan
    assert '`re.sub("a+", "b", words[0])` becomes `_BUSY_PATTERN.sub("b", words[0])`' in plan


def test_a_file_that_is_not_there_is_passed_over():
    assert pull([hotspot("busy", "elsewhere.py")], []) == []


def measured(shares: dict[int, float], callees: dict[str, float] | None = None) -> Hotspot:
    lines = tuple(LineCost(line, 1000, share) for line, share in shares.items())
    called = tuple((Function("pkg/b.py", name, 1), share) for name, share in (callees or {}).items())
    return replace(hotspot("busy"), lines=lines, callees=called)


def authors(spot: Hotspot) -> list[str]:
    return [proposal.author.removeprefix("rules: ") for proposal in pull([spot], [])]


def test_edits_of_lines_that_take_nothing_are_not_proposed():
    # Each rule also moves the lines that the next one is measured by.
    assert authors(measured({5: 0.001, 6: 0.99, 8: 0.001, 9: 0.008})) == ["membership-set"]
    assert authors(measured({5: 0.01, 6: 0.5, 8: 0.001, 9: 0.48})) == [
        "membership-set + compile-regex + list-comprehension",
        "membership-set",
        "compile-regex",
        "list-comprehension",
    ]
    assert authors(measured({5: 0.001, 6: 0.001, 8: 0.99, 9: 0.001})) == []


def test_rules_of_constant_gain_come_in_the_order_of_their_lines():
    assert authors(measured({5: 0.4, 6: 0.1, 9: 0.2}))[1:] == ["membership-set", "list-comprehension", "compile-regex"]


def test_what_the_repository_s_own_functions_take_is_not_the_line_s():
    source = "def busy(x):\n    return sorted(list(x), key=slow)\n"
    spot = replace(measured({2: 1.0}, {"slow": 0.495}), own_share=0.5)
    assert [*propose([spot], [], lambda path: source)] == []
    spot = replace(spot, callees=((Function("/usr/lib/b.py", "slow", 1), 0.495),))
    assert [proposal.author for proposal in propose([spot], [], lambda path: source)] == ["rules: sorted-list"]


def test_lines_that_gain_without_changing_are_counted():
    source = (
        "def busy(words):\n    seen = []\n    for w in words:\n        if w not in seen:\n            seen.append(w)\n"
    )
    for line, expected in ((4, ["rules: seen-set"]), (3, [])):
        spot = measured({line: 1.0})
        assert [proposal.author for proposal in propose([spot], [], lambda path: source)] == expected


TWO = "def busy(words, stop):\n    return sorted(list(words))\n\ndef idle(words):\n    return list(sorted(words))\n"


def pull_timed(verdicts: list[Verdict], speedups: dict[str, float], stage: str = "timing") -> list[Proposal]:
    """The proposals on both functions of TWO, turned down with these speedups by function."""
    seen = []
    for proposal in propose([hotspot("busy"), hotspot("idle")], verdicts, lambda path: TWO):
        seen.append(proposal)
        speedup = speedups[proposal.hotspot.function.name]
        verdicts.append(replace(verdict_of(proposal, False), stage=stage, speedup=speedup))
    return seen


@pytest.mark.parametrize("stage", ["timing", "confirmation"])
def test_gains_too_small_to_be_seen_alone_are_proposed_together_at_last(stage):
    verdicts: list[Verdict] = []
    *alone, joint = pull_timed(verdicts, {"busy": 1.02, "idle": 1.01}, stage)
    assert len(alone) == 2
    assert joint.files == {
        "pkg/a.py": TWO.replace("sorted(list(words))", "sorted(words)").replace("list(sorted(words))", "sorted(words)")
    }
    assert joint.plan.splitlines()[0].startswith("busy: sorted-list: ")
    assert pull_timed(verdicts, {"busy": 1.02, "idle": 1.01}) == []


def test_what_lost_time_or_failed_a_check_is_not_among_them():
    assert len(pull_timed([], {"busy": 1.02, "idle": 0.99})) == 2
    assert len(pull_timed([], {"busy": 1.02, "idle": 1.02}, stage="tests")) == 2
