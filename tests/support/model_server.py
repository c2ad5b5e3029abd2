"""A server on loopback that speaks Anthropic's Messages, OpenAI's Responses and Chat Completions, and lists of models.

It streams as the real services do and plays their failures; answers come from a queue, one a request. Answers of a
transcript are had by `answers_from(path)`. Run as a program it prints its URL and serves a transcript:

    python tests/support/model_server.py TRANSCRIPT.jsonl
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from loopback import Loopback

Json = dict[str, Any]
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5-20260901", "gpt-6.1-sol", "gpt-6.1-terra", "local-model")


@dataclass(frozen=True)
class Use:
    """Tokens that the server says were used; `plain` input is neither read from nor written to the cache."""

    plain: int = 100
    cached: int = 0
    written: int = 0
    output: int = 20
    reasoning: int = 0

    @property
    def input(self) -> int:
        return self.plain + self.cached + self.written


@dataclass(frozen=True)
class Answer:
    """What one request gets. `stop` is "end", "length" or "refusal"; `status` of 400 and more is an error, `text` its
    message. `cut` ends the stream in the middle: "hard" (connection lost), "clean" (ended as if whole) or "error" (an
    error event). `use=None` leaves the token use out. `raw` is sent as it is, as the whole body.
    """

    text: str = ""
    stop: str = "end"
    use: Use | None = field(default_factory=Use)
    status: int = 200
    code: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    wait_seconds: float = 0.0
    pause_seconds: float = 0.0  # in the middle of the stream
    cut: str = ""
    raw: str = ""
    calls: tuple[tuple[str, Json], ...] = ()  # tools to be called, by name and arguments
    no_tools: str = ""  # a request that offers tools is refused with these words, and the answer waits for the next


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: Json


def answers_from(transcript: Path) -> list[Answer]:
    """The replies of a recorded transcript, in their order."""
    lines = [json.loads(line) for line in transcript.read_text(encoding="utf-8").split("\n") if line.strip()]
    return [Answer(line["reply"], line.get("stop", "end"), use_of(line.get("usage", {}))) for line in lines]


def use_of(usage: Json) -> Use:
    cached = usage.get("cached_tokens", 0)
    return Use(usage.get("input_tokens", 0) - cached, cached, 0, usage.get("output_tokens", 0))


class ModelServer(Loopback):
    """The running server: `url` (without /v1), and the `requests` it has seen. An empty queue answers 500."""

    def __init__(
        self, answers: Iterable[Answer] = (), models: tuple[str, ...] = MODELS, keys: tuple[str, ...] | None = None
    ) -> None:
        self.answers = deque(answers)
        self.models = models
        self.keys = keys
        self.requests: list[Request] = []
        self.closing = threading.Event()
        super().__init__(handler_of(self))

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        super().__exit__()

    def next_answer(self) -> Answer:
        return self.answers.popleft() if self.answers else Answer("the server's queue is empty", status=500)

    def asked(self) -> list[Request]:
        """The requests that were questions, not lists of models."""
        return [request for request in self.requests if request.body]


def handler_of(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.note({})
            if self.refuse_key():
                return
            if self.path.partition("?")[0] != "/v1/models":
                self.send_json(404, error(404, f"no such path: {self.path}", "not_found"))
            else:
                self.send_json(200, model_list(server.models, "anthropic-version" in self.headers))

        def do_POST(self) -> None:
            self.note(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if self.refuse_key():
                return
            answer = server.next_answer()
            if answer.no_tools and server.requests[-1].body.get("tools"):
                server.answers.appendleft(answer)
                answer = Answer(answer.no_tools, status=answer.status)
            elif answer.no_tools:
                answer = replace(answer, status=200)
            server.closing.wait(answer.wait_seconds)
            try:
                self.answer(answer, server.requests[-1].body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client had enough

        def note(self, body: Json) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.requests.append(Request(self.path, headers, body))

        def refuse_key(self) -> bool:
            given = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
            if server.keys is None or given in server.keys:
                return False
            self.send_json(401, error(401, f"Incorrect API key provided: {given}", "invalid_api_key"))
            return True

        def answer(self, answer: Answer, body: Json) -> None:
            events = STREAMS.get(self.path.removeprefix("/v1").partition("?")[0])
            if answer.raw:
                self.send_body(answer.status, answer.raw, "text/html", answer.headers)
            elif events is None:
                self.send_json(404, error(404, f"no such path: {self.path}", "not_found"))
            elif answer.status >= 400:
                self.send_json(answer.status, error(answer.status, answer.text, answer.code), answer.headers)
            else:
                self.send_stream(answer, list(events(answer, body["model"])))

        def send_json(self, status: int, content: Json, headers: Iterable[tuple[str, str]] = ()) -> None:
            self.send_body(status, json.dumps(content), "application/json", headers)

        def send_body(self, status: int, text: str, kind: str, headers: Iterable[tuple[str, str]]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def send_stream(self, answer: Answer, events: list[str]) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream; charset=utf-8")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            middle = len(events) // 2
            for event in events[:middle]:
                self.send_chunk(event)
            server.closing.wait(answer.pause_seconds)
            if answer.cut == "hard":
                self.wfile.write(b"20\r\nevent: half of an eve")  # a chunk that is never finished
                self.close_connection = True
                return
            if answer.cut == "error":
                self.send_chunk(ERRORS.get(self.path.removeprefix("/v1"), OPENAI_ERROR))
            if not answer.cut:
                for event in events[middle:]:
                    self.send_chunk(event)
            self.wfile.write(b"0\r\n\r\n")

        def send_chunk(self, text: str) -> None:
            self.wfile.write(f"{len(text.encode()):x}\r\n".encode() + text.encode() + b"\r\n")
            self.wfile.flush()

    return Handler


# --- lists and errors ------------------------------------------------------------------------------------------


def model_list(models: tuple[str, ...], is_anthropic: bool) -> Json:
    if is_anthropic:
        day = "2026-09-01T00:00:00Z"
        data = [
            {"type": "model", "id": name, "display_name": name, "created_at": day, "lifecycle": "active"}
            for name in models
        ]
        return {"data": data, "has_more": False, "first_id": models[0], "last_id": models[-1]}
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 1_780_000_000, "owned_by": "test"} for name in models],
    }


def error(status: int, message: str, code: str = "") -> Json:
    """An error body in the shape that both services share."""
    kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}
    kind = kinds.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "code": code or None, "message": message}, "request_id": "req_1"}


def event(kind: str, content: Json) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **content})}\n\n"


def pieces(text: str, size: int = 12) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


# --- Anthropic's Messages --------------------------------------------------------------------------------------


def messages_events(answer: Answer, model: str) -> Iterator[str]:
    start: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    start |= {"stop_reason": None, "stop_sequence": None}
    if answer.use:
        start["usage"] = {
            "input_tokens": answer.use.plain,
            "cache_creation_input_tokens": answer.use.written,
            "cache_read_input_tokens": answer.use.cached,
            "output_tokens": 1,
        }
    yield event("message_start", {"message": start})
    yield event("ping", {})
    index = 0
    if answer.use and answer.use.reasoning:
        yield event("content_block_start", {"index": 0, "content_block": {"type": "thinking", "thinking": ""}})
        yield delta(0, {"type": "thinking_delta", "thinking": "Let me think."})
        yield delta(0, {"type": "signature_delta", "signature": "c2ln"})
        yield event("content_block_stop", {"index": 0})
        index = 1
    yield event("content_block_start", {"index": index, "content_block": {"type": "text", "text": ""}})
    for piece in pieces(answer.text):
        yield delta(index, {"type": "text_delta", "text": piece})
    yield event("content_block_stop", {"index": index})
    for number, (name, arguments) in enumerate(answer.calls, 1):
        begun = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
        yield event("content_block_start", {"index": index + number, "content_block": begun})
        for piece in ["", *pieces(json.dumps(arguments))]:
            yield delta(index + number, {"type": "input_json_delta", "partial_json": piece})
        yield event("content_block_stop", {"index": index + number})
    reason = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}[answer.stop]
    reason = "tool_use" if answer.calls and answer.stop == "end" else reason
    end: Json = {"delta": {"stop_reason": reason, "stop_sequence": None}}
    if answer.use:
        details = {"thinking_tokens": answer.use.reasoning}
        end["usage"] = {"output_tokens": answer.use.output, "output_tokens_details": details}
    yield event("message_delta", end)
    yield event("message_stop", {})


def delta(index: int, content: Json) -> str:
    return event("content_block_delta", {"index": index, "delta": content})


# --- OpenAI's Responses ----------------------------------------------------------------------------------------


def responses_events(answer: Answer, model: str) -> Iterator[str]:
    for number, (kind, content) in enumerate(response_steps(answer, model)):
        yield event(kind, {"sequence_number": number, **content})


def response_steps(answer: Answer, model: str) -> Iterator[tuple[str, Json]]:
    begun = response(model, "in_progress", [])
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    is_refusal = answer.stop == "refusal"
    part: Json = {"type": "refusal", "refusal": ""} if is_refusal else text_part("")
    full: Json = {"type": "refusal", "refusal": answer.text} if is_refusal else text_part(answer.text)
    kind = "response.refusal" if is_refusal else "response.output_text"
    extra: Json = {} if is_refusal else {"logprobs": []}
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    yield "response.output_item.added", {"output_index": 0, "item": item("in_progress", [])}
    yield "response.content_part.added", {**place, "part": part}
    for piece in pieces(answer.text):
        yield f"{kind}.delta", {**place, "delta": piece, **extra}
    yield f"{kind}.done", {**place, "refusal" if is_refusal else "text": answer.text, **extra}
    yield "response.content_part.done", {**place, "part": full}
    status = "incomplete" if answer.stop == "length" else "completed"
    yield "response.output_item.done", {"output_index": 0, "item": item(status, [full])}
    for number, (name, arguments) in enumerate(answer.calls, 1):
        called: Json = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": name}
        added = {"item": {**called, "arguments": "", "status": "in_progress"}, "output_index": number}
        yield "response.output_item.added", added
        for piece in pieces(json.dumps(arguments)):
            yield (
                "response.function_call_arguments.delta",
                {"item_id": f"fc_{number}", "output_index": number, "delta": piece},
            )
        whole = {**called, "arguments": json.dumps(arguments), "status": "completed"}
        yield "response.output_item.done", {"output_index": number, "item": whole}
    done = response(model, status, [item(status, [full])])
    if answer.stop == "length":
        done["incomplete_details"] = {"reason": "max_output_tokens"}
    if answer.use:
        done["usage"] = response_use(answer.use)
    yield f"response.{status}", {"response": done}


def response(model: str, status: str, output: list[Json]) -> Json:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_780_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def item(status: str, content: list[Json]) -> Json:
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def text_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def response_use(use: Use) -> Json:
    return {
        "input_tokens": use.input,
        "input_tokens_details": {"cached_tokens": use.cached, "cache_write_tokens": use.written},
        "output_tokens": use.output,
        "output_tokens_details": {"reasoning_tokens": use.reasoning},
        "total_tokens": use.input + use.output,
    }


# --- Chat Completions ------------------------------------------------------------------------------------------


def chat_events(answer: Answer, model: str) -> Iterator[str]:
    yield chunk(model, [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    for piece in pieces(answer.text):
        yield chunk(model, [{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
    for number, (name, arguments) in enumerate(answer.calls):
        begun = {
            "index": number,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        yield chunk(model, [{"index": 0, "delta": {"tool_calls": [begun]}, "finish_reason": None}])
        for piece in pieces(json.dumps(arguments)):
            more = {"index": number, "function": {"arguments": piece}}
            yield chunk(model, [{"index": 0, "delta": {"tool_calls": [more]}, "finish_reason": None}])
    reason = {"end": "stop", "length": "length", "refusal": "content_filter"}[answer.stop]
    reason = "tool_calls" if answer.calls and answer.stop == "end" else reason
    yield chunk(model, [{"index": 0, "delta": {}, "finish_reason": reason}])
    if answer.use:
        usage = {
            "prompt_tokens": answer.use.input,
            "completion_tokens": answer.use.output,
            "total_tokens": answer.use.input + answer.use.output,
            "prompt_tokens_details": {"cached_tokens": answer.use.cached},
            "completion_tokens_details": {"reasoning_tokens": answer.use.reasoning},
        }
        yield chunk(model, [], usage)
    yield "data: [DONE]\n\n"


def chunk(model: str, choices: list[Json], usage: Json | None = None) -> str:
    content = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_780_000_000, "model": model}
    return f"data: {json.dumps(content | {'choices': choices} | ({'usage': usage} if usage else {}))}\n\n"


STREAMS = {"/messages": messages_events, "/responses": responses_events, "/chat/completions": chat_events}

OPENAI_ERROR = f"data: {json.dumps({'error': {'message': 'the server had an error', 'type': 'server_error'}})}\n\n"
ERRORS = {
    "/messages": event("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "/responses": event("error", {"sequence_number": 9, "code": "server_error", "message": "Overloaded"}),
}


def main() -> None:
    with ModelServer(answers_from(Path(sys.argv[1]))) as server:
        print(server.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
