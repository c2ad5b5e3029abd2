"""A model that answers what it was asked in an earlier run from a folder: a rerun on the same code costs nothing.

A question is known by the model, what it is about, the code (`about`), and what was answered before it in the same
conversation, calls of tools among it. The measured numbers in it and what the calls gave are no part of the key: they
differ from run to run.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmopt.data import Conversation, Model, Reply, Usage
from llmopt.errors import UsageError
from llmopt.folders import write_private
from llmopt.models.transcript import Exchange, from_line, to_line


def cached(model: Model, folder: Path, about: str, tell: Callable[[Reply], None]) -> Model:
    """`model`, asked only what `folder` holds no answer to; `about` names the model and the code in stable words.

    An answer from the folder used no tokens; `tell` hears of each. What cannot be written is asked again next time.
    """
    asked: Counter[str] = Counter()
    counting = threading.Lock()

    def ask(conversation: Conversation) -> Reply:
        name = key(conversation, about)
        with counting:
            asked[name] += 1
            path = folder / f"{name}-{asked[name]}.json"
        if known := read(path):
            tell(known)
            return replace(known, usage=Usage())
        reply = model(conversation)
        if reply.stop == "end":
            keep(path, Exchange(conversation.subject, (), reply))
        return reply

    return ask


def key(conversation: Conversation, about: str) -> str:
    """The name of a question."""
    said = [message.text for message in conversation.messages if message.role in ("system", "assistant")]
    called = [(call.name, call.arguments) for message in conversation.messages for call in message.calls]
    parts = json.dumps([about, conversation.subject, *said, *called])
    return hashlib.sha256(parts.encode(errors="surrogatepass")).hexdigest()[:24]


def read(path: Path) -> Reply | None:
    """The answer in a file, None where there is none or it is broken."""
    try:
        return from_line(path.read_text(encoding="utf-8"), str(path)).reply
    except (OSError, UnicodeDecodeError, UsageError):
        return None


def keep(path: Path, exchange: Exchange) -> None:
    """Keep an answer, which holds the user's code; where that fails the next run's saving is lost, not this run."""
    write_private(path, to_line(exchange).encode())
