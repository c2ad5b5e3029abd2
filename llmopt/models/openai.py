"""OpenAI and everything that speaks its protocol, through its SDK: a conversation in, a streamed reply out.

OpenAI's own hosts are asked by the Responses API. Any other base URL (`@URL` or OPENAI_BASE_URL: Ollama, llama.cpp,
vLLM, a gateway) is asked by Chat Completions, the part of the protocol that all of them have. Where such a server
reports no token use, it is estimated, leaning to too many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from openai import DefaultHttpxClient, OpenAI, OpenAIError
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.responses import EasyInputMessageParam, Response, ResponseInputParam, ResponseStreamEvent

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
    is_official,
    key_of,
    keyless,
    missing_key,
    unforwarded,
    url_of,
)
from llmopt.models.prices import Price, cost, estimate_input, estimate_tokens
from llmopt.models.spec import ModelSpec

PROVIDER = PROVIDERS["openai"]
STOPS = {"length": "length", "content_filter": "refusal", "max_output_tokens": "length"}


def open_endpoint(
    spec: ModelSpec, price: Price | None, timeout_seconds: float = TIMEOUT_SECONDS, retries: int = RETRIES
) -> Model:
    """The model named by `spec`. ModelError at once when there is no key for a server that wants one."""
    endpoint = endpoint_of(spec, timeout_seconds, retries)
    converse = respond if is_official(endpoint.url) else chat

    def ask(conversation: Conversation) -> Reply:
        # A client per question: it waits seconds to minutes for the answer, and nothing is left open in between.
        with connect(endpoint) as client:
            reply, written_tokens = converse(client, endpoint, conversation)
        text = keyless(reply.text, endpoint)
        return replace(reply, text=text, usage=replace(reply.usage, cost_usd=cost(reply.usage, price, written_tokens)))

    return within_context(ask)


def endpoint_of(spec: ModelSpec, timeout_seconds: float = TIMEOUT_SECONDS, retries: int = RETRIES) -> Endpoint:
    url = url_of(spec)
    key, stored = key_of(PROVIDER, url)
    if not key and not is_local(url):
        raise missing_key(PROVIDER)
    return Endpoint(PROVIDER, spec.name, url, key or NO_KEY, stored, retries, timeout_seconds)


def connect(endpoint: Endpoint) -> OpenAI:
    return OpenAI(
        api_key=endpoint.key,
        base_url=endpoint.url,
        timeout=endpoint.timeout,
        max_retries=endpoint.retries,
        http_client=unforwarded(DefaultHttpxClient),
    )


def offered(endpoint: Endpoint) -> tuple[str, ...]:
    """The names of the models the endpoint offers; costs no tokens."""
    with explained(endpoint, OpenAIError), connect(endpoint) as client:
        return tuple(model.id for model in client.models.list())


def system_text(conversation: Conversation) -> str:
    return "\n\n".join(message.text for message in conversation.messages if message.role == "system")


# --- the Responses API -----------------------------------------------------------------------------------------


def respond(client: OpenAI, endpoint: Endpoint, conversation: Conversation) -> tuple[Reply, int]:
    """One question; the reply without its cost, and the input tokens the provider wrote to its cache."""
    system = system_text(conversation)
    with explained(endpoint, OpenAIError, offered=lambda: offered(endpoint)):
        stream = client.responses.create(
            model=endpoint.name,
            instructions=system,
            input=response_input(conversation),
            max_output_tokens=conversation.max_output_tokens,
            # Requests with the same long beginning are sent to the same cache.
            prompt_cache_key="llmopt-" + sha256(system.encode()).hexdigest()[:16],
            store=False,  # the user's code is not to be kept by the provider longer than it must
            stream=True,
        )
    with explained(endpoint, OpenAIError, "reading"), stream:
        response, text, refusal = gather(stream, endpoint)
    usage, written_tokens = response_usage(response)
    return Reply(
        text or refusal, response.model or endpoint.name, usage, response_stop(response, refusal)
    ), written_tokens


def response_input(conversation: Conversation) -> ResponseInputParam:
    return [spoken(message) for message in conversation.messages if message.role != "system"]


def spoken(message: Message) -> EasyInputMessageParam:
    role = "assistant" if message.role == "assistant" else "user"
    return EasyInputMessageParam(role=role, content=message.text, type="message")  # type: ignore[typeddict-item]


def gather(events: Iterable[ResponseStreamEvent], endpoint: Endpoint) -> tuple[Response, str, str]:
    """The finished response, its text and its refusal; ModelError when the stream ends without one."""
    texts, refusals = list[str](), list[str]()
    for event in events:
        if event.type == "response.output_text.delta":
            texts.append(event.delta)
        elif event.type == "response.refusal.delta":
            refusals.append(event.delta)
        elif event.type == "error":
            raise cut_off(endpoint, event.message)
        elif event.type == "response.failed":
            raise cut_off(endpoint, event.response.error.message if event.response.error else "")
        elif event.type == "response.completed" or event.type == "response.incomplete":
            return event.response, "".join(texts), "".join(refusals)
    raise cut_off(endpoint)


def response_stop(response: Response, refusal: str) -> str:
    if refusal:
        return "refusal"
    reason = response.incomplete_details.reason if response.incomplete_details else None
    return STOPS.get(reason or "", "end")


def response_usage(response: Response) -> tuple[Usage, int]:
    reported = response.usage
    inputs, outputs = getattr(reported, "input_tokens_details", None), getattr(reported, "output_tokens_details", None)
    usage = Usage(
        input_tokens=number(reported, "input_tokens"),
        cached_tokens=number(inputs, "cached_tokens"),
        output_tokens=number(reported, "output_tokens"),
        reasoning_tokens=number(outputs, "reasoning_tokens"),
    )
    return usage, number(inputs, "cache_write_tokens")


# --- Chat Completions ------------------------------------------------------------------------------------------


def chat(client: OpenAI, endpoint: Endpoint, conversation: Conversation) -> tuple[Reply, int]:
    """One question; the reply without its cost, and the input tokens the server wrote to its cache.

    Only fields that every known server takes are sent: `max_tokens`, because llama.cpp and others do not know its
    successor; no `prompt_cache_key`, because strict servers refuse unknown fields and local ones cache by themselves.
    """
    with explained(endpoint, OpenAIError, offered=lambda: offered(endpoint)):
        stream = client.chat.completions.create(
            model=endpoint.name,
            messages=[chat_message(message) for message in conversation.messages],
            max_tokens=conversation.max_output_tokens,
            stream=True,
            stream_options={"include_usage": True},
        )
    with explained(endpoint, OpenAIError, "reading"), stream:
        reply, reported = gather_chunks(stream, endpoint)
    if reported is None:
        estimated = Usage(input_tokens=estimate_input(conversation), output_tokens=estimate_tokens(reply.text))
        return replace(reply, usage=estimated), 0
    return replace(reply, usage=chat_usage(reported)), number(reported.prompt_tokens_details, "cache_write_tokens")


def chat_message(message: Message) -> ChatCompletionMessageParam:
    if message.role == "system":
        return {"role": "system", "content": message.text}
    if message.role == "assistant":
        return {"role": "assistant", "content": message.text}
    return {"role": "user", "content": message.text}


def gather_chunks(chunks: Iterable[ChatCompletionChunk], endpoint: Endpoint) -> tuple[Reply, CompletionUsage | None]:
    """The reply and the use the server reported, if it did; ModelError when the stream ends without a reason."""
    texts, refusals = list[str](), list[str]()
    model, finish, reported = endpoint.name, "", None
    for chunk in chunks:
        model, reported = chunk.model or model, chunk.usage or reported
        for choice in chunk.choices or ():
            texts.append(choice.delta.content or "" if choice.delta else "")
            refusals.append(choice.delta.refusal or "" if choice.delta else "")
            finish = choice.finish_reason or finish
    if not finish:
        raise cut_off(endpoint)
    text, refusal = "".join(texts), "".join(refusals)
    return Reply(text or refusal, model, stop="refusal" if refusal else STOPS.get(finish, "end")), reported


def chat_usage(reported: CompletionUsage) -> Usage:
    return Usage(
        input_tokens=number(reported, "prompt_tokens"),
        cached_tokens=number(getattr(reported, "prompt_tokens_details", None), "cached_tokens"),
        output_tokens=number(reported, "completion_tokens"),
        reasoning_tokens=number(getattr(reported, "completion_tokens_details", None), "reasoning_tokens"),
    )


def number(holder: object, name: str) -> int:
    """A count, 0 where the server left it or its parent out."""
    value = getattr(holder, name, None)
    return value if isinstance(value, int) else 0
