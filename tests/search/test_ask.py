"""The model proposer with scripted models: what is asked, in which order, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from llmopt.data import Conversation, Function, Hotspot, Proposal, Reply, Usage, Verdict
from llmopt.errors import EditError, ModelError
from llmopt.search import ask
from llmopt.search.facts import Facts

TEXT = "def f(xs):\n    return sorted(xs)[0]\n\n\ndef g(xs):\n    return list(xs)\n"
FACTS = Facts((3, 11, 4))
F = Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
G = Hotspot(Function("m.py", "g", 5), 6, 0.3, 0.3, 0.3, 1.4)
GOOD = """\
Take the smallest.

m.py
<<<<<<< SEARCH
    return sorted(xs)[0]
=======
    return min(xs)
>>>>>>> REPLACE
"""
BAD = GOOD.replace("sorted(xs)[0]", "sorted(ys)[0]")


class Scripted:
    """A model that gives the scripted answers in order and keeps what it was asked."""

    def __init__(self, *answers: str | Reply) -> None:
        self.answers = list(answers)
        self.asked: list[Conversation] = []

    def __call__(self, conversation: Conversation) -> Reply:
        self.asked.append(conversation)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Reply) else Reply(answer, "tiny", Usage(10, 0, 5))

    @property
    def subjects(self) -> list[str]:
        return [conversation.subject for conversation in self.asked]


def read(path: str) -> str:
    if path != "m.py":
        raise EditError(f"{path} does not exist")
    return TEXT


def rejected(proposal: Proposal, stage: str = "tests", **changes: object) -> Verdict:
    verdict = Verdict(False, stage, "2 tests fail", proposal.hotspot.function.key, proposal.author, proposal.plan)
    if proposal.problem:
        verdict = replace(verdict, stage="apply", reason=proposal.problem)
    return replace(verdict, **changes)  # type: ignore[arg-type]


def drive(
    model: Scripted, hotspots: Sequence[Hotspot], verdicts: list[Verdict] | None = None, **verdict: object
) -> list[Proposal]:
    """Draw all proposals, turning each down as the loop would."""
    verdicts = [] if verdicts is None else verdicts
    drawn = []
    for proposal in ask.propose(hotspots, verdicts, model=model, read=read, facts=FACTS):
        drawn.append(proposal)
        verdicts.append(rejected(proposal, **verdict))  # type: ignore[arg-type]
    return drawn


def test_an_answer_becomes_a_proposal_with_its_plan_files_and_usage() -> None:
    model = Scripted(GOOD)
    proposal = next(ask.propose([F], [], model=model, read=read, facts=FACTS))
    assert proposal.files == {"m.py": TEXT.replace("sorted(xs)[0]", "min(xs)")}
    assert (proposal.plan, proposal.author, proposal.problem) == ("Take the smallest.", "tiny", "")
    assert proposal.usage == Usage(10, 0, 5)
    roles = [message.role for message in model.asked[0].messages]
    assert roles == ["system", "user"]
    assert "return sorted(xs)[0]" in model.asked[0].messages[1].text


def test_the_author_can_be_named() -> None:
    proposal = next(ask.propose([F], [], model=Scripted(GOOD), read=read, facts=FACTS, author="openai:tiny"))
    assert proposal.author == "openai:tiny"


def test_an_answer_that_does_not_apply_goes_back_once_with_the_reason() -> None:
    model = Scripted(BAD, GOOD)
    proposal = next(ask.propose([F], [], model=model, read=read, facts=FACTS))
    assert not proposal.problem
    assert proposal.usage == Usage(20, 0, 10)
    again = model.asked[1]
    assert [message.role for message in again.messages] == ["system", "user", "assistant", "user"]
    assert again.messages[2].text == BAD
    assert "the SEARCH text is not in m.py" in again.messages[3].text
    assert again.subject == model.subjects[0] + " retry-edit"


def test_an_answer_that_fails_twice_becomes_a_problem_and_its_tokens_count() -> None:
    model = Scripted(BAD, "Sorry, no edit.", GOOD)
    first, second = drive(model, [F])
    assert "holds no edit" in first.problem
    assert first.usage == Usage(20, 0, 10)
    assert not second.problem
    assert model.subjects[2].endswith("attempt=2 refine edit")
    assert len(model.asked) == 3


def test_a_rejection_is_fed_back_in_the_same_conversation() -> None:
    model = Scripted(GOOD, GOOD)
    proposals = drive(model, [F], evidence={"output": "assert 3 == 4", "syntax": "abcdef"})
    assert len(proposals) == 2
    second = model.asked[1]
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert "2 tests fail" in second.messages[3].text
    assert "assert 3 == 4" in second.messages[3].text
    assert "abcdef" not in second.messages[3].text
    assert second.subject.endswith("attempt=2 refine tests")


def test_a_measured_rejection_shows_the_ratio_but_the_subject_does_not() -> None:
    model = Scripted(GOOD, GOOD)
    drive(model, [F], stage="confirmation", speedup=0.9876, interval=(0.97, 1.01))
    assert "0.988 times as fast" in model.asked[1].messages[3].text
    assert model.subjects[1].endswith("attempt=2 refine timing")


def test_each_hotspot_has_its_own_attempts_in_order() -> None:
    model = Scripted(GOOD, GOOD, GOOD, GOOD)
    assert [proposal.hotspot for proposal in drive(model, [F, G])] == [F, F, G, G]
    assert [len(conversation.messages) for conversation in model.asked] == [2, 4, 2, 4]


def test_the_subject_does_not_depend_on_what_was_measured() -> None:
    other = replace(F, self_share=0.9, headroom=9.0, calls=7, chain=((G.function, 0.9),), callees=((G.function, 0.1),))
    models = Scripted(GOOD), Scripted(GOOD)
    next(ask.propose([F], [], model=models[0], read=read, facts=FACTS))
    next(ask.propose([other, G], [], model=models[1], read=read, facts=Facts((3, 9, 1), seconds=(3.0,))))
    assert models[0].subjects == models[1].subjects
    assert models[0].subjects[0].startswith("optimize m.py::f source=")
    assert models[0].subjects[0].endswith(" attempt=1")
    changed = Scripted(GOOD)
    next(ask.propose([F], [], model=changed, read=lambda path: TEXT + "\n# more\n", facts=FACTS))
    assert changed.subjects != models[0].subjects


def test_a_new_round_does_not_repeat_used_attempts() -> None:
    verdicts: list[Verdict] = []
    drive(Scripted(GOOD, GOOD), [F], verdicts)
    verdicts.append(Verdict(True, "timing", "", "other.py::h", "tiny"))
    assert drive(Scripted(), [F], verdicts) == []
    model = Scripted(GOOD)
    verdicts = verdicts[:1]
    assert len(drive(model, [F], verdicts)) == 1
    assert model.subjects[0].endswith("attempt=2")
    assert "Take the smallest." in model.asked[0].messages[1].text


def test_what_rules_tried_is_no_attempt_and_an_acceptance_gives_new_ones() -> None:
    by_rule = Verdict(False, "timing", "", F.function.key, "rules: join-strings")
    by_model = replace(by_rule, author="tiny")
    accepted = replace(by_rule, accepted=True)
    assert ask.used_attempts(F, [by_rule, by_model]) == 1
    assert ask.used_attempts(F, [by_model, accepted]) == 0
    assert ask.used_attempts(F, [by_model, replace(by_model, author="big")], "big") == 1


def test_it_ends_after_an_acceptance() -> None:
    verdicts: list[Verdict] = []
    model = Scripted(GOOD)
    proposals = ask.propose([F, G], verdicts, model=model, read=read, facts=FACTS)
    verdicts.append(replace(rejected(next(proposals)), accepted=True))
    assert list(proposals) == []


@pytest.mark.parametrize(
    ("stop", "reason", "calls"), [("refusal", "refused", 1), ("length", "cut off", 2), ("filter", "stopped early", 2)]
)
def test_an_unfinished_answer_is_a_problem_whatever_it_holds(stop: str, reason: str, calls: int) -> None:
    model = Scripted(*[Reply(GOOD, "tiny", Usage(1, 0, 1), stop) for _ in range(2)])
    proposals = drive(model, [F])
    assert len(model.asked) == len(proposals) == calls
    assert all(reason in proposal.problem and not proposal.files for proposal in proposals)


def test_an_empty_answer_is_never_sent_back_as_an_empty_message() -> None:
    model = Scripted("", GOOD)
    next(ask.propose([F], [], model=model, read=read, facts=FACTS))
    assert all(message.text.strip() for message in model.asked[1].messages)


def test_a_file_that_cannot_be_read_is_a_problem_and_costs_nothing() -> None:
    model = Scripted()
    (proposal,) = drive(model, [replace(F, function=Function("gone.py", "f", 1))])
    assert "gone.py does not exist" in proposal.problem
    assert model.asked == []


def test_errors_of_the_model_go_up() -> None:
    def down(conversation: Conversation) -> Reply:
        raise ModelError("the endpoint does not answer")

    proposals: Iterator[Proposal] = ask.propose([F], [], model=down, read=read, facts=FACTS)
    with pytest.raises(ModelError, match="does not answer"):
        next(proposals)
