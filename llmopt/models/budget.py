"""A model that keeps to a budget: a request that could exceed it is shortened or refused before it is sent.

The estimate of a request leans to too many tokens and its reply is counted at the most it may be, so that what is
spent stays within the budget. A request that the SDK repeats after a lost connection is counted once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from llmopt.data import Conversation, Model, Reply, Usage
from llmopt.errors import BudgetError, UsageError
from llmopt.models.prices import Price, cost, estimate_input

# Below this many tokens a reply is no longer worth its prompt: a small function, its plan and its edit take about
# half of it, and a cut-off reply is paid for and useless.
REPLY_FLOOR = 2_000


def within_budget(
    model: Model,
    spent: Callable[[], Usage],
    max_tokens: int | None,
    budget_usd: float | None,
    price: Price | None,
) -> Model:
    """`model` with the limits of the whole run; `spent` tells what the run has used so far.

    UsageError when dollars are limited and the model's price is not known (None); FREE is a known price.
    """
    if budget_usd is not None and price is None:
        raise UsageError(
            "a budget in dollars needs the model's price, and llmopt does not know it",
            'give it in pyproject.toml: [tool.llmopt.prices."NAME"] with input = and output = in USD per million '
            "tokens, or limit tokens instead with --max-tokens",
        )

    asked: list[Usage] = []  # the most that what is under way may use: several may be asked side by side
    lock = threading.Lock()

    def ask(conversation: Conversation) -> Reply:
        with lock:
            fitted = fit(conversation, sum(asked, spent()), max_tokens, budget_usd, price)
            reserved = most(fitted, price)
            asked.append(reserved)
        try:
            return model(fitted)
        finally:
            with lock:
                asked.remove(reserved)

    return ask


def most(conversation: Conversation, price: Price | None) -> Usage:
    """What a request may use at most."""
    usage = Usage(input_tokens=estimate_input(conversation), output_tokens=conversation.max_output_tokens)
    written = usage.input_tokens if price and price.written > price.input else 0
    return replace(usage, cost_usd=cost(usage, price, written))


def fit(
    conversation: Conversation, spent: Usage, max_tokens: int | None, budget_usd: float | None, price: Price | None
) -> Conversation:
    """The conversation, its reply shortened to what is left; BudgetError when too little is left for a useful one."""
    wanted = conversation.max_output_tokens
    input_tokens = estimate_input(conversation)
    room = wanted
    if max_tokens is not None:
        room = min(room, max_tokens - spent.tokens - input_tokens)
    if budget_usd is not None and price is not None:
        room = min(room, affordable(budget_usd - spent.cost_usd, input_tokens, wanted, price))
    if room < min(wanted, REPLY_FLOOR):
        raise over(conversation, spent, max_tokens, budget_usd, input_tokens)
    return replace(conversation, max_output_tokens=room)


def affordable(left_usd: float, input_tokens: int, wanted: int, price: Price) -> int:
    """How many tokens of reply `left_usd` pays for, at most `wanted`, after the dearest the prompt can become."""
    written = input_tokens if price.written > price.input else 0
    left_usd -= cost(Usage(input_tokens=input_tokens), price, written)
    if left_usd < 0:
        return -1
    wanted_usd = cost(Usage(input_tokens=input_tokens, output_tokens=wanted), price) - cost(
        Usage(input_tokens=input_tokens), price
    )
    return wanted if wanted_usd <= left_usd else int(wanted * left_usd / wanted_usd)


def over(
    conversation: Conversation, spent: Usage, max_tokens: int | None, budget_usd: float | None, input_tokens: int
) -> BudgetError:
    limits = [f"{spent.tokens:,} of {max_tokens:,} tokens"] if max_tokens is not None else []
    limits += [f"{dollars(spent.cost_usd)} of {dollars(budget_usd)}"] if budget_usd is not None else []
    return BudgetError(
        f"the next question, {conversation.subject!r} (about {input_tokens:,} tokens), could exceed the budget: "
        f"{' and '.join(limits)} spent",
        "raise --max-tokens or --budget-usd, or resume the run later with more",
    )


def dollars(amount: float) -> str:
    """With cents, or with what it takes to tell a small amount from nothing."""
    return f"${amount:.2f}" if amount == 0 or amount >= 0.1 else f"${amount:.2g}"
