"""OpenAI and everything that speaks its protocol, through its SDK: a conversation in, a streamed reply out.

OpenAI's own hosts are asked by the Responses API. Any other base URL (`@URL` or OPENAI_BASE_URL: Ollama, llama.cpp,
vLLM, a gateway) is asked by Chat Completions, the part of the protocol that all of them have. Where such a server
reports no token use, it is estimated, leaning to too many.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from openai import DefaultHttpxClient, OpenAI, OpenAIError, omit
from openai.types import CompletionUsage
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionMessageParam,
)
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall
from openai.types.responses import (
    EasyInputMessageParam,
    FunctionToolParam,
    Response,
    ResponseInputItemParam,
    ResponseInputParam,
    ResponseStreamEvent,
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
    is_official,
    key_of,
    missing_key,
    unforwarded,
    url_of,
    without_key,
)
from llmopt.models.in_text import arguments_of, else_in_text
from llmopt.models.prices import Price, cost, estimate_input, estimate_tokens
from llmopt.models.spec import ModelSpec

PROVIDER = PROVIDERS["openai"]
STOPS = {"length": "length", "content_filter": "refusal", "max_output_tokens": "length"}


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
    converse = respond if is_official(endpoint.url) else chat

    def ask(conversation: Conversation) -> Reply:
        # A client per question: it waits seconds to minutes for the answer, and nothing is left open in between.
        with connect(endpoint) as client:
            reply, written_tokens = converse(client, endpoint, conversation)
        usage = replace(reply.usage, cost_usd=cost(reply.usage, price, written_tokens))
        return without_key(replace(reply, usage=usage), endpoint)

    return else_in_text(within_context(ask), tell)


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
    with explained(endpoint, OpenAIError, "asking", lambda: offered(endpoint), bool(conversation.tools)):
        stream = client.responses.create(
            model=endpoint.name,
            instructions=system,
            input=response_input(conversation),
            tools=[response_tool(tool) for tool in conversation.tools] or omit,
            max_output_tokens=conversation.max_output_tokens,
            # Requests with the same long beginning are sent to the same cache.
            prompt_cache_key="llmopt-" + sha256(system.encode()).hexdigest()[:16],
            store=False,  # the user's code is not to be kept by the provider longer than it must
            stream=True,
        )
    with explained(endpoint, OpenAIError, "reading"), stream:
        response, text, refusal, calls = gather(stream, endpoint)
    usage, written_tokens = response_usage(response)
    stop = response_stop(response, refusal)
    called = calls if stop == "end" else ()
    return Reply(text or refusal, response.model or endpoint.name, usage, stop, called), written_tokens


def response_input(conversation: Conversation) -> ResponseInputParam:
    spoken = (message for message in conversation.messages if message.role != "system")
    return [item for message in spoken for item in response_items(message)]


def response_items(message: Message) -> Iterator[ResponseInputItemParam]:
    """What was said, then the calls; results before what is said after them."""
    for result in message.results:
        yield {"type": "function_call_output", "call_id": result.id, "output": result.text}
    if message.text or not (message.calls or message.results):
        yield spoken(message)
    for call in message.calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def response_tool(tool: Tool) -> FunctionToolParam:
    schema = dict(tool.schema)
    return {"type": "function", "name": tool.name, "description": tool.about, "parameters": schema, "strict": False}


def spoken(message: Message) -> EasyInputMessageParam:
    role = "assistant" if message.role == "assistant" else "user"
    return EasyInputMessageParam(role=role, content=message.text, type="message")  # type: ignore[typeddict-item]


def gather(events: Iterable[ResponseStreamEvent], endpoint: Endpoint) -> tuple[Response, str, str, tuple[Call, ...]]:
    """The finished response, its text, its refusal and its calls; ModelError when the stream ends without one."""
    texts, refusals, calls = list[str](), list[str](), list[Call]()
    for event in events:
        if event.type == "response.output_text.delta":
            texts.append(event.delta)
        elif event.type == "response.refusal.delta":
            refusals.append(event.delta)
        elif event.type == "response.output_item.done" and event.item.type == "function_call":
            calls.append(Call(event.item.call_id, event.item.name, event.item.arguments))
        elif event.type == "error":
            raise cut_off(endpoint, event.message)
        elif event.type == "response.failed":
            raise cut_off(endpoint, event.response.error.message if event.response.error else "")
        elif event.type == "response.completed" or event.type == "response.incomplete":
            return event.response, "".join(texts), "".join(refusals), tuple(calls)
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
    with explained(endpoint, OpenAIError, "asking", lambda: offered(endpoint), bool(conversation.tools)):
        stream = client.chat.completions.create(
            model=endpoint.name,
            messages=[each for message in conversation.messages for each in chat_messages(message)],
            tools=[chat_tool(tool) for tool in conversation.tools] or omit,
            max_tokens=conversation.max_output_tokens,
            stream=True,
            stream_options={"include_usage": True},
        )
    with explained(endpoint, OpenAIError, "reading"), stream:
        reply, reported = gather_chunks(stream, endpoint)
    if reported is None:
        written = reply.text + "".join(call.name + call.arguments for call in reply.calls)
        estimated = Usage(input_tokens=estimate_input(conversation), output_tokens=estimate_tokens(written))
        return replace(reply, usage=estimated), 0
    return replace(reply, usage=chat_usage(reported)), number(reported.prompt_tokens_details, "cache_write_tokens")


def chat_messages(message: Message) -> Iterator[ChatCompletionMessageParam]:
    """One message, or one for each result of a call and one for what is said after them."""
    for result in message.results:
        yield {"role": "tool", "tool_call_id": result.id, "content": result.text}
    if message.role == "system":
        yield {"role": "system", "content": message.text}
    elif message.calls:
        calls = [chat_call(call) for call in message.calls]
        yield {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    elif message.role == "assistant":
        yield {"role": "assistant", "content": message.text}
    elif message.text or not message.results:
        yield {"role": "user", "content": message.text}


def chat_call(call: Call) -> ChatCompletionMessageFunctionToolCallParam:
    # Servers parse the arguments again for their template, and some fail on what is no object.
    arguments = json.dumps(arguments_of(call))
    return {"type": "function", "id": call.id, "function": {"name": call.name, "arguments": arguments}}


def chat_tool(tool: Tool) -> ChatCompletionFunctionToolParam:
    function = {"name": tool.name, "description": tool.about, "parameters": dict(tool.schema)}
    return {"type": "function", "function": function}  # type: ignore[typeddict-item]


def gather_chunks(chunks: Iterable[ChatCompletionChunk], endpoint: Endpoint) -> tuple[Reply, CompletionUsage | None]:
    """The reply and the use the server reported, if it did; ModelError when the stream ends without a reason."""
    texts, refusals, calls = list[str](), list[str](), list[Call]()
    model, finish, reported = endpoint.name, "", None
    for chunk in chunks:
        model, reported = chunk.model or model, chunk.usage or reported
        for choice in chunk.choices or ():
            texts.append(choice.delta.content or "" if choice.delta else "")
            refusals.append(choice.delta.refusal or "" if choice.delta else "")
            for piece in (choice.delta.tool_calls or ()) if choice.delta else ():
                add_piece(calls, piece)
            finish = choice.finish_reason or finish
    if not finish:
        raise cut_off(endpoint)
    text, refusal = "".join(texts), "".join(refusals)
    stop = "refusal" if refusal else STOPS.get(finish, "end")
    return Reply(text or refusal, model, stop=stop, calls=tuple(calls) if stop == "end" else ()), reported


def add_piece(calls: list[Call], piece: ChoiceDeltaToolCall) -> None:
    """Take in a piece of a call. A new one has another id than the last; where a server gives none, it has a name."""
    name = (piece.function.name if piece.function else None) or ""
    more = (piece.function.arguments if piece.function else None) or ""
    begun = calls[-1] if calls else None
    if begun is None or (piece.id != begun.id if piece.id else name and begun.arguments):
        calls.append(Call(piece.id or f"call_{len(calls)}", name, more))
    else:
        calls[-1] = replace(begun, name=begun.name or name, arguments=begun.arguments + more)


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
