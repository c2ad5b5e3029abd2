"""Anthropic's Messages API through its SDK: a conversation in, a streamed reply out.

The system text and the first user message are marked for the provider's prompt cache, so that the samples and the
refinements that follow read them at a fraction of the price.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from anthropic import Anthropic, AnthropicError, DefaultHttpxClient, omit
from anthropic.types import (
    MessageParam,
    RawMessageStreamEvent,
    TextBlockParam,
    ToolParam,
    ToolResultBlockParam,
    ToolUseBlockParam,
)

from llmopt.data import Call, Conversation, Message, Model, Reply, Tool, Usage
from llmopt.models.context import within_context
from llmopt.models.endpoint import (
    NO_KEY,
    PROVIDERS,
    RETRIES,
    TIMEOUT_SECONDS,
    Endpoint,
    cut_off,
    explained,
    is_local,
    key_of,
    missing_key,
    unforwarded,
    url_of,
    without_key,
)
from llmopt.models.in_text import arguments_of, else_in_text
from llmopt.models.prices import Price, cost
from llmopt.models.spec import ModelSpec

PROVIDER = PROVIDERS["anthropic"]
STOPS = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "refusal"}
KEPT = ("thinking", "redacted_thinking")  # blocks that have to come back with the results of calls
LIST_LIMIT = 1000  # the most a page of /v1/models holds


@dataclass(frozen=True)
class Answer:
    """What has come in of a stream. `written_tokens` are the input tokens the provider put into its cache."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    thoughts: str = ""
    model: str = ""
    stop: str = ""
    usage: Usage = field(default_factory=Usage)
    written_tokens: int = 0
    complete: bool = False


def open_endpoint(
    spec: ModelSpec,
    price: Price | None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    retries: int = RETRIES,
    tell: Callable[[str], None] = lambda note: None,
) -> Model:
    """The model named by `spec`; `tell` hears of a server that takes no tools. ModelError at once when there is no key
    for a server that wants one."""
    endpoint = endpoint_of(spec, timeout_seconds, retries)

    def ask(conversation: Conversation) -> Reply:
        # A client per question: it waits seconds to minutes for the answer, and nothing is left open in between.
        with connect(endpoint) as client:
            with explained(endpoint, AnthropicError, "asking", lambda: offered(endpoint), bool(conversation.tools)):
                stream = client.messages.create(
                    model=endpoint.name,
                    max_tokens=conversation.max_output_tokens,
                    system=system_blocks(conversation),
                    messages=message_params(conversation),
                    tools=[tool_param(tool) for tool in conversation.tools] or omit,
                    stream=True,
                )
            with explained(endpoint, AnthropicError, "reading"), stream:
                answer = gather(stream)
        if not answer.complete:
            raise cut_off(endpoint)
        usage = replace(answer.usage, cost_usd=cost(answer.usage, price, answer.written_tokens))
        stop, calls = STOPS.get(answer.stop, "end"), answer.calls
        reply = Reply(answer.text, answer.model or endpoint.name, usage, stop, calls if stop == "end" else ())
        return without_key(replace(reply, thoughts=answer.thoughts if reply.calls else ""), endpoint)

    return else_in_text(within_context(ask), tell)


def endpoint_of(spec: ModelSpec, timeout_seconds: float = TIMEOUT_SECONDS, retries: int = RETRIES) -> Endpoint:
    """Where and as whom to ask; the SDK finds the key (ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN or a profile)."""
    endpoint = Endpoint(PROVIDER, spec.name, url_of(spec), retries=retries, timeout_seconds=timeout_seconds)
    with explained(endpoint, AnthropicError), connect(endpoint) as client:
        key = client.api_key or client.auth_token or ""
        has_others = client.credentials is not None
    if key or has_others:
        key_of(PROVIDER, endpoint.url)
        return replace(endpoint, key=key)
    key, stored = key_of(PROVIDER, endpoint.url)
    if not key and not is_local(endpoint.url):
        raise missing_key(PROVIDER)
    return replace(endpoint, key=key or NO_KEY, stored=stored)


def connect(endpoint: Endpoint) -> Anthropic:
    return Anthropic(
        # Otherwise the SDK looks where it looked before.
        api_key=endpoint.key if endpoint.stored or endpoint.key == NO_KEY else None,
        base_url=endpoint.url,
        timeout=endpoint.timeout,
        max_retries=endpoint.retries,
        http_client=unforwarded(DefaultHttpxClient),
    )


def offered(endpoint: Endpoint) -> tuple[str, ...]:
    """The names of the models the endpoint offers; costs no tokens."""
    with explained(endpoint, AnthropicError), connect(endpoint) as client:
        return tuple(model.id for model in client.models.list(limit=LIST_LIMIT))


# --- the request -----------------------------------------------------------------------------------------------


def system_blocks(conversation: Conversation) -> list[TextBlockParam]:
    texts = [message.text for message in conversation.messages if message.role == "system"]
    return [block(text, is_cached=position == len(texts)) for position, text in enumerate(texts, 1)]


def message_params(conversation: Conversation) -> list[MessageParam]:
    spoken = [message for message in conversation.messages if message.role != "system"]
    return [message_param(message, is_cached=position == 0) for position, message in enumerate(spoken)]


def message_param(message: Message, is_cached: bool) -> MessageParam:
    alone = not (message.calls or message.results)
    said = [block(message.text, is_cached)] if alone or message.text.strip() else []  # blank ones are refused
    if message.role == "assistant":
        thoughts = json.loads(message.thoughts) if message.thoughts else []
        return {"role": "assistant", "content": [*thoughts, *said, *map(use_block, message.calls)]}
    given = [
        ToolResultBlockParam(type="tool_result", tool_use_id=each.id, content=each.text) for each in message.results
    ]
    return {"role": "user", "content": [*given, *said]}


def use_block(call: Call) -> ToolUseBlockParam:
    return ToolUseBlockParam(type="tool_use", id=call.id, name=call.name, input=arguments_of(call))


def tool_param(tool: Tool) -> ToolParam:
    return ToolParam(name=tool.name, description=tool.about, input_schema=dict(tool.schema))


def block(text: str, is_cached: bool) -> TextBlockParam:
    plain = TextBlockParam(type="text", text=text)
    return TextBlockParam(**plain, cache_control={"type": "ephemeral"}) if is_cached else plain


# --- the answer ------------------------------------------------------------------------------------------------


def gather(events: Iterable[RawMessageStreamEvent]) -> Answer:
    """Fold the stream; not `messages.stream()`, whose snapshot does not tell a finished answer from a broken one."""
    answer, blocks = Answer(), dict[int, Block]()
    for event in events:
        if event.type == "message_start":
            answer = count(replace(answer, model=event.message.model), event.message.usage)
        elif event.type == "content_block_start":
            blocks[event.index] = Block(event.content_block.to_dict())
        elif event.type == "content_block_delta" and event.index in blocks:
            blocks[event.index].take(event.delta.to_dict())
        elif event.type == "message_delta":
            answer = count(replace(answer, stop=event.delta.stop_reason or ""), event.usage)
        elif event.type == "message_stop":
            answer = replace(answer, complete=True)
    return with_blocks(answer, list(blocks.values()))


@dataclass
class Block:
    """A block of the answer as it comes in: `given` is what it began with, `parts` what was added to each field."""

    given: dict[str, object]
    parts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def kind(self) -> object:
        return self.given.get("type")

    def take(self, delta: Mapping[str, object]) -> None:
        for name, value in delta.items():
            if name != "type" and isinstance(value, str):
                self.parts.setdefault(name, []).append(value)

    def whole(self, name: str) -> str:
        return "".join([str(self.given.get(name) or ""), *self.parts.get(name, ())])


def with_blocks(answer: Answer, blocks: Sequence[Block]) -> Answer:
    """The answer with its text, its calls, and the thoughts that are sent back with what these give."""
    called = [block for block in blocks if block.kind == "tool_use"]
    calls = (Call(each.whole("id"), each.whole("name"), each.whole("partial_json") or "{}") for each in called)
    thoughts = [
        block.given | {name: block.whole(name) for name in block.parts} for block in blocks if block.kind in KEPT
    ]
    return replace(
        answer,
        text="".join(block.whole("text") for block in blocks if block.kind == "text"),
        calls=tuple(calls),
        thoughts=json.dumps(thoughts) if thoughts else "",
    )


def count(answer: Answer, reported: object) -> Answer:
    """Take over the cumulative counts of an event; servers other than Anthropic's leave some or all of them out.

    The API's `input_tokens` are only what is neither read from nor written to the cache; ours are the sum.
    """
    before = answer.usage
    cached = number(reported, "cache_read_input_tokens", before.cached_tokens)
    written = number(reported, "cache_creation_input_tokens", answer.written_tokens)
    plain = number(reported, "input_tokens", before.input_tokens - before.cached_tokens - answer.written_tokens)
    details = getattr(reported, "output_tokens_details", None)
    usage = Usage(
        input_tokens=plain + cached + written,
        cached_tokens=cached,
        output_tokens=number(reported, "output_tokens", before.output_tokens),
        reasoning_tokens=number(details, "thinking_tokens", before.reasoning_tokens),
    )
    return replace(answer, usage=usage, written_tokens=written)


def number(holder: object, name: str, otherwise: int) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) else otherwise
