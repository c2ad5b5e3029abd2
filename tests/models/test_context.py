"""A request that does not fit into the model's context: what servers say of it, and what is done about it."""

from __future__ import annotations

import pytest
from model_server import Answer, ModelServer

from llmopt.data import Conversation, Message
from llmopt.models import open_model
from llmopt.models.context import ContextError, Overrun, overrun

# As the servers say it; the vLLM ones of 0.6, 0.10 and of autumn 2026.
LLAMA = "request (5031 tokens) exceeds the available context size (2048 tokens), try increasing it"
VLLM_06 = (
    "This model's maximum context length is 8192 tokens. However, you requested 18778 tokens (2778 in the messages, "
    "16000 in the completion). Please reduce the length of the messages or completion."
)
VLLM_10 = (
    "'max_tokens' or 'max_completion_tokens' is too large: 16000. This model's maximum context length is 8192 tokens "
    "and your request has 2778 input tokens (16000 > 8192 - 2778)."
)
VLLM_26 = (
    "This model's maximum context length is 8192 tokens. However, you requested 16000 output tokens and your prompt "
    "contains at least 1 input tokens, for a total of at least 16001 tokens. Please reduce the length of the input "
    "prompt or the number of requested output tokens."
)
OPENAI = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130500 tokens. Please "
    "reduce the length of the messages."
)
ANTHROPIC = "prompt is too long: 208310 tokens > 200000 maximum"
ANTHROPIC_BOTH = (
    "input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000, decrease input length or "
    "`max_tokens` and try again"
)
CONVERSATION = Conversation((Message("system", "Short."), Message("user", "x" * 5000)), "speed up a.py::f")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LLAMA, Overrun(2048, 5031)),
        (VLLM_06, Overrun(8192, 2778)),
        (VLLM_10, Overrun(8192, 2778)),
        (VLLM_26, Overrun(8192, 0)),
        (OPENAI, Overrun(128_000, 130_500)),
        (ANTHROPIC, Overrun(200_000, 208_310)),
        (ANTHROPIC_BOTH, Overrun(200_000, 190_000)),
        ("'temperature' is not supported with this model", None),
        ("max_tokens: 99999 > 64000, which is the maximum allowed number of output tokens", None),
        ("Limit 30000, Requested 41000 tokens per minute", None),
    ],
)
def test_limit_and_size_are_read_from_what_servers_say(message: str, expected: Overrun | None) -> None:
    assert overrun(message) == expected


def test_a_code_is_enough_without_known_words() -> None:
    assert overrun("Your input exceeds the context window of this model.", ("context_length_exceeded",)) == Overrun()


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize(("message", "room"), [(VLLM_06, 8192 - 2778), (VLLM_10, 8192 - 2778)])
def test_a_reply_that_may_be_too_long_is_asked_for_shorter(kind: str, message: str, room: int) -> None:
    with ModelServer([Answer(message, status=400), Answer("ok")]) as server:
        assert open_model(f"{kind}:local-model@{server.url}", retries=0)(CONVERSATION).text == "ok"
        assert [request.body["max_tokens"] for request in server.asked()] == [16_000, room]


def test_the_room_is_estimated_where_the_server_stopped_counting() -> None:
    with ModelServer([Answer(VLLM_26, status=400), Answer("ok")]) as server:
        open_model(f"openai:local-model@{server.url}", retries=0)(CONVERSATION)
        [_, second] = server.asked()
    assert 8192 - 5000 < second.body["max_tokens"] < 8192 - 5000 / 4


@pytest.mark.parametrize("message", [LLAMA, VLLM_10.replace("2778", "7900")])
def test_a_question_too_long_for_a_local_model_says_how_to_serve_more(message: str) -> None:
    with ModelServer([Answer(message, status=400)]) as server:
        with pytest.raises(ContextError) as caught:
            open_model(f"openai:local-model@{server.url}", retries=0)(CONVERSATION)
        assert len(server.asked()) == 1
    assert f"does not fit into the context of {caught.value.overrun.limit:,} tokens" in caught.value.message
    assert "llama.cpp -c" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_reply_that_cannot_be_made_short_enough_is_not_asked_for_for_ever() -> None:
    with ModelServer([Answer(VLLM_10, status=400)] * 5) as server:
        with pytest.raises(ContextError):
            open_model(f"openai:local-model@{server.url}", retries=0)(CONVERSATION)
        assert len(server.asked()) == 2


def test_llama_cpps_error_type_is_known_without_its_words() -> None:
    refusal = Answer("too long", status=400, code="exceed_context_size_error")
    with ModelServer([refusal]) as server, pytest.raises(ContextError, match="does not fit into the context at http"):
        open_model(f"openai:local-model@{server.url}", retries=0)(CONVERSATION)
