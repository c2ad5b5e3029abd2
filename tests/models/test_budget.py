"""Budgets stop a run before the call that could exceed them."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace

import pytest

from llmopt.data import Conversation, Message, Model, Reply, Usage
from llmopt.errors import BudgetError, UsageError
from llmopt.models.budget import REPLY_FLOOR, within_budget
from llmopt.models.prices import FREE, Price, cost, estimate_input

PRICE = Price(input=1.0, output=100.0, cached=0.1, written=1.25)
CONVERSATION = Conversation((Message("user", "x" * 10_000),), "speed up f", max_output_tokens=8000)
INPUT = estimate_input(CONVERSATION)


def greedy(asked: list[Conversation]) -> Model:
    """A model that uses all it may."""

    def ask(conversation: Conversation) -> Reply:
        asked.append(conversation)
        usage = Usage(input_tokens=estimate_input(conversation), output_tokens=conversation.max_output_tokens)
        return Reply("text", "greedy", usage)

    return ask


def ask(spent: Usage, max_tokens: int | None, budget_usd: float | None, price: Price | None = PRICE) -> Conversation:
    asked: list[Conversation] = []
    within_budget(greedy(asked), lambda: spent, max_tokens, budget_usd, price)(CONVERSATION)
    return asked[0]


def test_without_limits_the_conversation_passes_unchanged() -> None:
    assert ask(Usage(), None, None, None) == CONVERSATION


def test_ample_limits_leave_the_reply_its_length() -> None:
    assert ask(Usage(), 1_000_000, 100.0) == CONVERSATION


def test_a_reply_is_shortened_to_the_tokens_that_are_left() -> None:
    fitted = ask(Usage(input_tokens=1000), 1000 + INPUT + 3000, None)
    assert fitted.max_output_tokens == 3000
    assert fitted.messages == CONVERSATION.messages


def test_too_few_tokens_left_stop_before_the_call() -> None:
    asked: list[Conversation] = []
    limit = INPUT + REPLY_FLOOR - 1
    with pytest.raises(BudgetError, match="could exceed the budget") as caught:
        within_budget(greedy(asked), Usage, limit, None, None)(CONVERSATION)
    assert asked == []
    assert "--max-tokens" in caught.value.hint
    assert f"{limit:,} tokens" in caught.value.message


def test_a_reply_is_shortened_to_the_dollars_that_are_left_and_stays_within_them() -> None:
    fitted = ask(Usage(cost_usd=1.0), None, 1.4)
    assert REPLY_FLOOR <= fitted.max_output_tokens < 8000
    worst = cost(Usage(INPUT, 0, fitted.max_output_tokens), PRICE, written_tokens=INPUT)
    assert worst <= 0.4
    assert worst == pytest.approx(0.4, rel=0.01)


def test_too_few_dollars_left_stop_before_the_call() -> None:
    with pytest.raises(BudgetError, match=r"\$1\.00 of \$1\.10 spent"):
        ask(Usage(cost_usd=1.0), None, 1.1)


def test_a_small_budget_is_not_shown_as_nothing() -> None:
    with pytest.raises(BudgetError, match=r"\$0\.00015 of \$0\.002 spent"):
        ask(Usage(cost_usd=0.000149), None, 0.002)


def test_a_budget_already_spent_stops() -> None:
    with pytest.raises(BudgetError):
        ask(Usage(cost_usd=2.0), None, 1.0)


def test_a_long_prompts_higher_price_counts() -> None:
    dear = Price(1.0, 100.0, 0.1, 1.25, above=100, above_input=2.0, above_output=2.0)
    assert ask(Usage(), None, 0.5, dear).max_output_tokens < ask(Usage(), None, 0.5).max_output_tokens


def test_a_short_wish_may_be_below_the_floor() -> None:
    asked: list[Conversation] = []
    short = Conversation((Message("user", "hi"),), "s", max_output_tokens=100)
    within_budget(greedy(asked), Usage, estimate_input(short) + 100, None, None)(short)
    assert asked[0].max_output_tokens == 100


def test_dollars_cannot_limit_what_has_no_known_price() -> None:
    with pytest.raises(UsageError, match=r"tool\.llmopt\.prices"):
        within_budget(greedy([]), Usage, None, 1.0, None)


def test_what_is_free_fits_any_budget() -> None:
    assert ask(Usage(), None, 0.0, FREE) == CONVERSATION


def test_a_run_of_calls_never_exceeds_its_tokens() -> None:
    total = [Usage()]
    asked: list[Conversation] = []
    model = within_budget(greedy(asked), lambda: total[0], 50_000, None, None)
    for _ in range(100):
        with contextlib.suppress(BudgetError):
            total[0] += model(CONVERSATION).usage
    assert 4 <= len(asked) < 100
    assert total[0].tokens <= 50_000


def test_what_is_under_way_counts_against_the_budget_at_its_most() -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(conversation: Conversation) -> Reply:
        started.set()
        go_on.wait(10)
        return Reply("", "m", Usage())

    conversation = Conversation((Message("user", "x" * 1000),), "first", 5_000)
    model = within_budget(slow, Usage, 9_000, None, None)
    first = threading.Thread(target=model, args=(conversation,))
    first.start()
    assert started.wait(10)
    with pytest.raises(BudgetError):
        model(replace(conversation, max_output_tokens=5_000, messages=(Message("user", "x" * 5_000),)))
    go_on.set()
    first.join()
    assert model(conversation).text == ""  # what was reserved is free again
