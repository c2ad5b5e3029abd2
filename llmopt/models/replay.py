"""A model that answers from a transcript: a conversation's subject in, the reply recorded for that subject out.

The same subject recorded several times is answered in the recorded order. Texts are not compared: they carry measured
numbers that differ between machines. The reply says how many tokens were used when it was recorded, and costs 0.0,
because nothing is paid in a replay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

from llmopt.data import Conversation, Message, Model, Reply
from llmopt.errors import ModelError
from llmopt.models.transcript import Exchange, load

DIFF_LINES = 40
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


def open_replay(path: Path) -> Model:
    """The model of the transcript at `path`; UsageError when it cannot be read."""
    exchanges = load(path)
    answers = defaultdict[str, list[Reply]](list)
    for exchange in exchanges:
        answers[exchange.subject].append(exchange.reply)
    asked = defaultdict[str, int](int)

    def ask(conversation: Conversation) -> Reply:
        subject = conversation.subject
        if subject not in answers:
            raise mismatch(conversation, exchanges, path)
        asked[subject] += 1
        if asked[subject] > len(answers[subject]):
            raise exhausted(subject, len(answers[subject]), path)
        reply = answers[subject][asked[subject] - 1]
        return replace(reply, usage=replace(reply.usage, cost_usd=0.0))

    return ask


def exhausted(subject: str, count: int, path: Path) -> ModelError:
    return ModelError(
        f"{path} holds {count} answer{'s' * (count > 1)} to {subject!r}, and one more is asked for",
        "replay with the same settings as recorded, or record again",
    )


def mismatch(conversation: Conversation, exchanges: Sequence[Exchange], path: Path) -> ModelError:
    """The error for a subject that was never recorded, with the difference to the most similar one that was."""
    if not exchanges:
        return ModelError(f"the transcript {path} is empty", "record one with --record FILE")
    closest = max(exchanges, key=lambda exchange: likeness(exchange.subject, conversation.subject))
    recorded = masked(closest.subject, closest.messages)
    requested = masked(conversation.subject, conversation.messages)
    return ModelError(
        f"{path} holds no answer to {conversation.subject!r}; the closest recorded is {closest.subject!r}",
        f"record again, or undo what changed (numbers shown as N):\n{difference(recorded, requested)}",
    )


def likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def masked(subject: str, messages: Sequence[Message]) -> list[str]:
    """The request as lines with each number as N, so that timings do not show up as differences."""
    text = "\n".join([f"subject: {subject}", *(f"--- {message.role}\n{message.text}" for message in messages)])
    return NUMBER.sub("N", text).splitlines()


def difference(recorded: list[str], requested: list[str]) -> str:
    lines = list(unified_diff(recorded, requested, "recorded", "requested", n=1, lineterm=""))
    if not lines:
        return "(only numbers differ)"
    more = [f"… {len(lines) - DIFF_LINES} more lines"] if len(lines) > DIFF_LINES else []
    return "\n".join(lines[:DIFF_LINES] + more)
