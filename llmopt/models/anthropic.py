"""Anthropic's Messages API through its SDK: a conversation in, a streamed reply out.

The system text and the first user message are marked for the provider's prompt cache, so that the samples and the
refinements that follow read them at a fraction of the price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from anthropic import Anthropic, AnthropicError, DefaultHttpxClient
from anthropic.types import (
    AssistantMessageParam,
    MessageParam,
    RawMessageStreamEvent,
    TextBlockParam,
    UserMessageParam,
)

from llmopt.data import Conversation, Message, Model, Reply, Usage
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
    keyless,
    missing_key,
    unforwarded,
    url_of,
)
from llmopt.models.prices import Price, cost
from llmopt.models.spec import ModelSpec

PROVIDER = PROVIDERS["anthropic"]
STOPS = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "refusal"}
LIST_LIMIT = 1000  # the most a page of /v1/models holds


@dataclass(frozen=True)
class Answer:
    """What has come in of a stream. `written_tokens` are the input tokens the provider put into its cache."""

    text: str = ""
    model: str = ""
    stop: str = ""
    usage: Usage = field(default_factory=Usage)
    written_tokens: int = 0
    complete: bool = False


def open_endpoint(
    spec: ModelSpec, price: Price | None, timeout_seconds: float = TIMEOUT_SECONDS, retries: int = RETRIES
) -> Model:
    """The model named by `spec`. ModelError at once when there is no key for a server that wants one."""
    endpoint = endpoint_of(spec, timeout_seconds, retries)

    def ask(conversation: Conversation) -> Reply:
        # A client per question: it waits seconds to minutes for the answer, and nothing is left open in between.
        with connect(endpoint) as client:
            with explained(endpoint, AnthropicError, offered=lambda: offered(endpoint)):
                stream = client.messages.create(
                    model=endpoint.name,
                    max_tokens=conversation.max_output_tokens,
                    system=system_blocks(conversation),
                    messages=message_params(conversation),
                    stream=True,
                )
            with explained(endpoint, AnthropicError, "reading"), stream:
                answer = gather(stream)
        if not answer.complete:
            raise cut_off(endpoint)
        usage = replace(answer.usage, cost_usd=cost(answer.usage, price, answer.written_tokens))
        return Reply(
            keyless(answer.text, endpoint), answer.model or endpoint.name, usage, STOPS.get(answer.stop, "end")
        )

    return within_context(ask)


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
    content = [block(message.text, is_cached)]
    if message.role == "assistant":
        return AssistantMessageParam(role="assistant", content=content)
    return UserMessageParam(role="user", content=content)


def block(text: str, is_cached: bool) -> TextBlockParam:
    plain = TextBlockParam(type="text", text=text)
    return TextBlockParam(**plain, cache_control={"type": "ephemeral"}) if is_cached else plain


# --- the answer ------------------------------------------------------------------------------------------------


def gather(events: Iterable[RawMessageStreamEvent]) -> Answer:
    """Fold the stream; not `messages.stream()`, whose snapshot does not tell a finished answer from a broken one."""
    answer, texts = Answer(), list[str]()
    for event in events:
        if event.type == "message_start":
            answer = count(replace(answer, model=event.message.model), event.message.usage)
        elif event.type == "content_block_start" and event.content_block.type == "text":
            texts.append(event.content_block.text)
        elif event.type == "content_block_delta" and event.delta.type == "text_delta":
            texts.append(event.delta.text)
        elif event.type == "message_delta":
            answer = count(replace(answer, stop=event.delta.stop_reason or ""), event.usage)
        elif event.type == "message_stop":
            answer = replace(answer, complete=True)
    return replace(answer, text="".join(texts))


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
