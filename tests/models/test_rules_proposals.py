"""The order of proposals, and that nothing is proposed twice."""

from llmopt.data import Function, Hotspot, Observed, Proposal, Verdict
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
