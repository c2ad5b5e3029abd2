"""A model that writes down what passes: each exchange becomes one JSON line of a file, which replay.py reads back.

A line holds {"subject", "messages": [{"role", "text"}], "reply", "stop", "model", "usage": {…}}; where tools are called
also "calls": [{"id", "name", "arguments"}] and "thoughts", of the reply or of a message, and a message's "results":
[{"id", "text"}].
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from llmopt.data import Call, Conversation, Message, Model, Reply, Result, Usage
from llmopt.errors import UsageError


@dataclass(frozen=True)
class Exchange:
    """One line of a transcript."""

    subject: str
    messages: tuple[Message, ...]
    reply: Reply


def record(model: Model, path: Path) -> Model:
    """`model`, with each exchange appended to `path` before its reply is handed on; UsageError if that cannot be."""
    prepare(path)
    writing = threading.Lock()

    def ask(conversation: Conversation) -> Reply:
        reply = model(conversation)
        with writing:
            append(path, Exchange(conversation.subject, conversation.messages, reply))
        return reply

    return ask


def prepare(path: Path) -> None:
    """Make sure that lines can be appended; cut off the torn last line that a killed run may have left."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # it holds the user's code
        with path.open("ab+") as file:
            file.seek(0)
            written = file.read()
            if written and not written.endswith(b"\n"):
                file.truncate(written.rfind(b"\n") + 1)
    except OSError as error:
        raise UsageError(f"cannot record to {path}: {error.strerror}", "name another file") from error


def append(path: Path, exchange: Exchange) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(to_line(exchange) + "\n")
            file.flush()
            os.fsync(file.fileno())  # an answer was paid for: it must survive a crash of the machine too
    except OSError as error:
        raise UsageError(
            f"cannot record to {path}: {error.strerror}", "free some space or name another file"
        ) from error


def to_line(exchange: Exchange) -> str:
    reply = exchange.reply
    messages = [to_message(message) for message in exchange.messages]
    line = {"subject": exchange.subject, "messages": messages, "reply": reply.text, "stop": reply.stop}
    called = {"calls": [asdict(call) for call in reply.calls], "thoughts": reply.thoughts} if reply.calls else {}
    return json.dumps(line | called | {"model": reply.model, "usage": asdict(reply.usage)})


def to_message(message: Message) -> dict[str, Any]:
    """The message with what it holds of calls, if any."""
    filled = {key: value for key, value in asdict(message).items() if value}
    return {"role": message.role, "text": message.text} | filled


def load(path: Path) -> tuple[Exchange, ...]:
    """The exchanges of a transcript; UsageError naming file and line for what is none."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines: texts may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"cannot read the transcript {path}: {reason}", "record one with --record FILE") from error
    return tuple(from_line(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())


def from_line(line: str, where: str) -> Exchange:
    try:
        read = json.loads(line)
        messages = tuple(message_of(each) for each in read.get("messages", ()))
        usage, stop, thoughts = usage_of(read), read.get("stop", "end"), read.get("thoughts", "")
        reply = Reply(text_of(read, "reply"), read.get("model", ""), usage, stop, calls_of(read), thoughts)
        return Exchange(text_of(read, "subject"), messages, reply)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        reason = f"no {error} in it" if isinstance(error, KeyError) else str(error)
        raise UsageError(
            f"{where} is no exchange: {reason}", 'a line is {"subject": …, "messages": […], "reply": …, "usage": {…}}'
        ) from error


def message_of(read: Mapping[str, Any]) -> Message:
    results = tuple(Result(text_of(each, "id"), text_of(each, "text")) for each in read.get("results", ()))
    thoughts = read.get("thoughts", "")
    return Message(text_of(read, "role"), text_of(read, "text"), calls_of(read), results, thoughts)


def calls_of(read: Mapping[str, Any]) -> tuple[Call, ...]:
    return tuple(
        Call(text_of(each, "id"), text_of(each, "name"), text_of(each, "arguments")) for each in read.get("calls", ())
    )


def text_of(read: Mapping[str, object], key: str) -> str:
    value = read[key]
    if not isinstance(value, str):
        raise TypeError(f"{key!r} is not text")
    return value


def usage_of(read: Mapping[str, Mapping[str, float]]) -> Usage:
    """The recorded counts; of a field that a later version adds nothing is known here, so it is left out."""
    known = {each.name for each in fields(Usage)}
    return Usage(**{key: value for key, value in read.get("usage", {}).items() if key in known})  # type: ignore[arg-type]
