"""A server's words about a request too long for its context in; the limit, and a shorter reply where one fits, out.

A context holds a request and its reply. Some servers (vLLM, Anthropic) refuse a request whose longest possible reply
would not fit: they are asked once more for a shorter one. Others (llama.cpp) only refuse what has no room for a reply,
and Ollama refuses nothing and silently drops the beginning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from llmopt.data import Conversation, Model, Reply
from llmopt.errors import ModelError
from llmopt.models.prices import estimate_input

# Below this many tokens no plan and edit fit: the reply would be cut off. Less than a budget's floor, because a local
# server's reply costs only time.
LEAST_REPLY = 500

COUNT = r"(\d[\d,]*)"
LIMITS = re.compile(
    rf"maximum context length (?:is|of) {COUNT}"  # OpenAI, vLLM and gateways in front of them
    rf"|context size \({COUNT} tokens\)"  # llama.cpp
    rf"|tokens > {COUNT} maximum"  # Anthropic, for a prompt
    rf"|context limit: [\d,]+ \+ [\d,]+ > {COUNT}"  # Anthropic, for a prompt and the longest reply
    rf"|context length of only {COUNT} tokens",  # LM Studio
    re.IGNORECASE,
)
INPUTS = re.compile(
    rf"{COUNT} (?:input tokens|in the (?:messages|prompt))"
    rf"|(?:messages resulted in|request \(|prompt is too long:) ?{COUNT} tokens"
    rf"|context limit: {COUNT} \+",
    re.IGNORECASE,
)
CODES = ("context_length_exceeded", "exceed_context_size_error")


@dataclass(frozen=True)
class Overrun:
    """`limit` is the tokens the context holds, `input_tokens` those of the request; 0 where the server does not say."""

    limit: int = 0
    input_tokens: int = 0


class ContextError(ModelError):
    """The request, or the request and its longest reply, do not fit into the model's context."""

    def __init__(self, overrun: Overrun, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.overrun = overrun


def overrun(message: str, codes: tuple[object, ...] = ()) -> Overrun | None:
    """What a refusal says of the context; None when it is about something else."""
    limit = LIMITS.search(message)
    if limit is None and not any(code in CODES for code in codes):
        return None
    # "at least N": the server stopped counting there, so that the number is of no use.
    input_tokens = None if "at least" in message else INPUTS.search(message)
    return Overrun(count(limit), count(input_tokens))


def count(match: re.Match[str] | None) -> int:
    found = [group for group in match.groups() if group] if match else []
    return int(found[0].replace(",", "")) if found else 0


def within_context(model: Model) -> Model:
    """`model`, asked once more for a shorter reply where only the longest possible one did not fit."""

    def ask(conversation: Conversation) -> Reply:
        try:
            return model(conversation)
        except ContextError as error:
            room = room_for_reply(conversation, error.overrun)
            if not LEAST_REPLY <= room < conversation.max_output_tokens:
                raise
        return model(replace(conversation, max_output_tokens=room))

    return ask


def room_for_reply(conversation: Conversation, found: Overrun) -> int:
    """Tokens that the context has left for a reply; the request is estimated, leaning to too many, where the server
    does not count it."""
    return found.limit - (found.input_tokens or estimate_input(conversation))


def too_long(shown: str, found: Overrun, message: str, local: bool) -> ContextError:
    """The error for a person: which limit, and what to do."""
    size = f"of {found.limit:,} tokens " if found.limit else ""
    longer = (
        "serve the model with a longer context (llama.cpp -c, vLLM --max-model-len, Ollama OLLAMA_CONTEXT_LENGTH); "
        "32,000 tokens are ample"
        if local
        else "use a model with a longer context"
    )
    return ContextError(found, f"the question does not fit into the context {size}at {shown}: {message}", longer)
