"""A question with tools: how often a model may look, what it is told then, and what becomes of its answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_ask import AT_F, FACTS, GOOD, F, G, Scripted, asking, read, rejected

from llmopt.data import Call, Conversation, Message, Reply, Usage
from llmopt.search import ask, repaired_by
from llmopt.search.code import open_code
from llmopt.search.converse import AT_ONCE, TOO_MANY, Spent, converse
from llmopt.search.effort import RECIPES
from llmopt.search.masks import Masks
from llmopt.search.tools import Workshop

SHOP = Workshop(Masks(read), replace(FACTS, files=("m.py",)), open_code(read, ("",)), (F, G))
QUESTION = Conversation((Message("system", "s"), Message("user", "u")), "faster")
READ = '{"path": "m.py", "first": 1, "last": 2}'


def looks(count: int, turn: int = 1) -> Reply:
    calls = tuple(Call(f"{turn}.{number}", "read", READ) for number in range(count))
    return Reply("I look.", "tiny", Usage(100, 0, 5), calls=calls)


def test_results_come_back_in_the_same_conversation_and_all_requests_are_counted() -> None:
    model = Scripted(looks(2), looks(1, 2), GOOD)
    heard = converse(QUESTION, model, SHOP, Spent(9, 10_000))
    assert heard.reply.text == GOOD
    assert heard.reply.usage == Usage(210, 0, 15)
    assert heard.spent == Spent(3, 120)
    assert model.subjects == ["faster", "faster tools=1", "faster tools=2"]
    assert [len(each.messages) for each in model.asked] == [2, 4, 6]
    assert [result.id for result in model.asked[1].messages[3].results] == ["1.0", "1.1"]
    assert "return sorted(xs)[0]" in model.asked[1].messages[3].results[0].text
    assert heard.messages[-1] == Message("assistant", GOOD)
    assert heard.shown == {"m.py": frozenset({1, 2})}


def test_calls_beyond_those_allowed_are_not_made_and_the_next_answer_is_the_last() -> None:
    model = Scripted(looks(3), looks(5, 2))
    heard = converse(QUESTION, model, SHOP, Spent(2, 10_000))
    results = model.asked[1].messages[3].results
    assert [result.text == TOO_MANY for result in results] == [False, False, True]
    assert "Answer now" in model.asked[1].messages[3].text
    assert heard.reply.calls == ()
    assert heard.messages[-1] == Message("assistant", "I look.")
    assert heard.spent.calls == 2


def test_the_results_whose_request_uses_the_tokens_up_are_the_last_ones() -> None:
    model = Scripted(looks(1), looks(1, 2), GOOD)
    heard = converse(QUESTION, model, SHOP, Spent(9, 200))
    told = [each.messages[-1] for each in model.asked[1:]]
    assert ["Answer now" in message.text for message in told] == [False, True]
    assert all(result.text != TOO_MANY for message in told for result in message.results)
    assert (heard.reply.text, heard.spent.calls) == (GOOD, 2)


def test_no_call_is_made_once_the_tokens_are_used_up() -> None:
    model = Scripted(looks(1), GOOD)
    heard = converse(QUESTION, model, SHOP, Spent(9, 0))
    assert "Answer now" in model.asked[0].messages[-1].text
    assert [result.text for result in model.asked[1].messages[3].results] == [TOO_MANY]
    assert "Answer now" in model.asked[1].messages[3].text
    assert heard.spent.calls == 0


def test_a_flood_of_calls_is_cut() -> None:
    model = Scripted(looks(1000), GOOD)
    converse(QUESTION, model, SHOP, Spent(3, 10_000))
    assert len(model.asked[1].messages[2].calls) == len(model.asked[1].messages[3].results) == AT_ONCE


def test_without_a_workshop_no_tools_are_offered() -> None:
    model = Scripted(looks(1))
    heard = converse(QUESTION, model, None, Spent())
    assert (heard.reply.calls, model.asked[0].tools) == ((), ())


@pytest.mark.parametrize(("effort", "calls"), [("low", 0), ("medium", 3), ("high", 12)])
def test_an_effort_says_how_many_calls_a_region_may_take(effort: str, calls: int) -> None:
    assert RECIPES[effort].calls == calls
    model = Scripted(*[GOOD] * 2)
    next(ask.propose([AT_F], [], replace(asking(model, effort), shop=SHOP)))
    assert bool(model.asked[0].tools) == bool(calls)
    text = model.asked[0].messages[1].text
    assert (f"{calls} calls in all, each block one" in text) == bool(calls)


def test_the_calls_of_a_region_are_counted_over_its_attempts_and_its_corrections() -> None:
    wrong = GOOD.replace("sorted(xs)[0]", "sorted(ys)[0]")
    model = Scripted(looks(1), wrong, looks(1), GOOD, looks(2), GOOD, looks(1), GOOD)
    verdicts = []
    for proposal in ask.propose([AT_F], verdicts, replace(asking(model), shop=SHOP)):
        verdicts.append(rejected(proposal))
    told = [message.results for each in model.asked for message in each.messages[-1:] if message.results]
    assert [[result.text == TOO_MANY for result in results] for results in told] == [
        [False],
        [False],
        [False, True],
        [True],
    ]
    assert len(verdicts) == 3


def test_plans_asked_about_side_by_side_share_what_is_left() -> None:
    seen: list[Conversation] = []

    def model(conversation: Conversation) -> Reply:
        seen.append(conversation)
        if conversation.subject.endswith("plans"):
            return Reply("1. one\n2. two\n3. three\n4. four\n", "tiny")
        return Reply(GOOD, "tiny") if "tools=" in conversation.subject else looks(AT_ONCE)

    proposals = ask.propose([AT_F], [], replace(asking(Scripted(), "high"), model=model, shop=SHOP))
    assert next(proposals).files
    asked = [each for each in seen if each.subject.endswith("tools=1")]
    counts = [sum(result.text != TOO_MANY for result in each.messages[-1].results) for each in asked]
    assert counts == [3, 3, 3, 3]


def test_the_correction_of_a_plan_has_what_is_left_of_its_own_share() -> None:
    seen: list[Conversation] = []

    def model(conversation: Conversation) -> Reply:
        seen.append(conversation)
        if conversation.subject.endswith("plans"):
            return Reply("1. one\n2. two\n3. three\n4. four\n", "tiny")
        wrong = GOOD.replace("sorted(xs)[0]", "sorted(ys)[0]")
        return Reply(wrong, "tiny") if "tools=" in conversation.subject else looks(2)

    next(ask.propose([AT_F], [], replace(asking(Scripted(), "high"), model=model, shop=SHOP)))
    asked = [each.messages[-1].results for each in seen if "tools=" in each.subject]
    assert len(asked) == 8
    assert sum(result.text != TOO_MANY for results in asked for result in results) == 12


def test_a_line_that_a_tool_has_shown_is_one_that_an_edit_may_mean() -> None:
    """A search text that stands twice means the place that was shown; once both are, it has to say which."""
    text = "def f(xs):\n    return sorted(xs)[0]\n\n\ndef g(xs):\n    return sorted(xs)[0]\n"
    masks = Masks(lambda path: text)
    shop = replace(SHOP, masks=masks, code=open_code(masks.read, ("",)))
    other = Reply("", "tiny", calls=(Call("1", "read", '{"path": "m.py", "first": 5, "last": 6}'),))
    for answers, applies in (((GOOD,), True), ((other, GOOD, GOOD), False)):
        model = Scripted(*answers)
        proposal = next(ask.propose([AT_F], [], replace(asking(model), masks=masks, shop=shop)))
        assert bool(proposal.files) == applies, proposal.problem


def test_what_tools_gave_is_sent_without_secrets_that_became_known_later() -> None:
    texts = {"m.py": "def f(xs):\n    return sorted(xs)[0], 'tr0ub4dor&3x'\n", "k.py": 'PASSWORD = "tr0ub4dor&3x"\n'}
    masks = Masks(texts.__getitem__)
    facts = replace(FACTS, files=("k.py", "m.py"))
    shop = Workshop(masks, facts, open_code(masks.read, ("",)))
    keys = Reply("", "tiny", calls=(Call("2", "read", '{"path": "k.py"}'),))
    model = Scripted(looks(1), keys, ask.NO_EDIT)
    next(ask.propose([AT_F], [], replace(asking(model), masks=masks, shop=shop)))
    sent = [result.text for message in model.asked[-1].messages for result in message.results]
    assert len(sent) == 2
    assert not any("tr0ub4dor" in text for text in sent)


def test_a_smaller_model_that_corrects_an_edit_gets_what_it_asked_for() -> None:
    wrong = GOOD.replace("sorted(xs)[0]", "sorted(ys)[0]")
    model, small = Scripted(wrong), Scripted(looks(1), GOOD)
    both = repaired_by(model, small)
    assert next(ask.propose([AT_F], [], replace(asking(Scripted()), model=both, shop=SHOP))).files
    assert small.subjects == [f"{model.subjects[0]} retry-edit", f"{model.subjects[0]} retry-edit tools=1"]
