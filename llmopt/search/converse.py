"""A question to a model and tools in; its answer, after the calls that it asks for, and what was said until then out.

A call is answered as often as is allowed; with the last results the model is told to answer. The subject of each
further request counts the requests: what the calls gave is in none, so that recorded answers are found again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmopt.data import Call, Conversation, Message, Reply, Result, Usage
from llmopt.models.prices import estimate_tokens
from llmopt.prompts import render
from llmopt.search.tools import Workshop, offered, use

AT_ONCE = 16  # calls of one reply; what is beyond is not even told to be too many
TOO_MANY = "not looked up: no calls are left"


@dataclass(frozen=True)
class Spent:
    """Calls of tools, and the tokens of the requests that brought their results."""

    calls: int = 0
    tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.calls + other.calls, self.tokens + other.tokens)

    def share(self, spent: Spent, among: int = 1) -> Spent:
        """What is left for one of so many."""
        return Spent(max(0, self.calls - spent.calls) // among, max(0, self.tokens - spent.tokens) // among)


NOTHING = Spent()


@dataclass(frozen=True)
class Heard:
    """The answer with the usage of all requests, the conversation that it ends, and the lines that were shown in it."""

    reply: Reply
    messages: tuple[Message, ...]
    shown: Mapping[str, frozenset[int]] = field(default_factory=dict)
    spent: Spent = NOTHING


def converse(
    question: Conversation,
    ask: Callable[[Conversation], Reply],
    shop: Workshop | None,
    left: Spent,
    folder: Path | None = None,
) -> Heard:
    """Ask, look up what is asked for, and ask on. `left` bounds the calls; without a `shop` there are no tools.

    What `ask` raises propagates; `folder` holds the user's own prompts.
    """
    tools = offered(shop) if shop else ()
    messages, usage, spent, turn, ended = question.messages, Usage(), Spent(), 0, False
    if shop and not (left.calls > 0 and left.tokens > 0):  # else it would learn so from a request that brings nothing
        asked = messages[-1]
        messages = (*messages[:-1], replace(asked, text=f"{asked.text}\n\n{render('tools-spent', folder)}"))
    while True:
        subject = f"{question.subject} tools={turn}" if turn else question.subject
        reply = ask(replace(question, messages=messages, subject=subject, tools=tools))
        usage += reply.usage
        spent += Spent(0, reply.usage.tokens if turn else 0)
        if ended or shop is None or not reply.calls:
            answer = Message("assistant", reply.text if reply.text.strip() else "(no answer)")
            shown = shop.shown if shop else {}
            return Heard(replace(reply, usage=usage, calls=()), (*messages, answer), shown, spent)
        calls = reply.calls[:AT_ONCE]
        count = min(len(calls), left.calls - spent.calls) if spent.tokens < left.tokens else 0
        results, shop = _looked_up(calls, count, shop)
        spent += Spent(count, 0)
        # Told with the results, not after another reply that asks for more: that one would send all of it again.
        ended = spent.calls >= left.calls or spent.tokens + _coming(reply, results) >= left.tokens
        note = render("tools-spent", folder) if ended else ""
        asked = Message("assistant", reply.text, calls, thoughts=reply.thoughts)
        messages, turn = (*messages, asked, Message("user", note, results=results)), turn + 1


def _coming(reply: Reply, results: Sequence[Result]) -> int:
    """About how many tokens the request has that brings these results: what was sent and answered before, and they."""
    return reply.usage.tokens + sum(estimate_tokens(result.text) for result in results)


def _looked_up(calls: Sequence[Call], count: int, shop: Workshop) -> tuple[tuple[Result, ...], Workshop]:
    """A result for each call, of the first `count` what they give; the workshop with what these have shown."""
    results = []
    for call in calls[:count]:
        told = use(call, shop)
        shown = {path: lines | shop.shown.get(path, frozenset()) for path, lines in told.shown.items()}
        shop = replace(shop, shown={**shop.shown, **shown})
        results.append(Result(call.id, told.text))
    return (*results, *(Result(call.id, TOO_MANY) for call in calls[count:])), shop
