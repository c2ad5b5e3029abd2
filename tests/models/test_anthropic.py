"""The anthropic model through the real SDK against a server on loopback."""

from __future__ import annotations

import pytest
from model_server import Answer, ModelServer, Use

from llmopt.data import Conversation, Message, Model
from llmopt.errors import ModelError
from llmopt.models import open_model
from llmopt.models.prices import Price

KEY = "sk-ant-test-0123456789abcdef"
QUICK = (("retry-after-ms", "1"),)
CONVERSATION = Conversation(
    (
        Message("system", "You make code faster."),
        Message("user", "Here is the function."),
        Message("assistant", "Here is a plan."),
        Message("user", "Now the edit."),
    ),
    "speed up a.py::f",
    max_output_tokens=3000,
)
LONG = "Replace the loop:\n\n```python\nreturn sum(xs)\n```\nDone: é, 漢字, 🚀."


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def model_at(server: ModelServer, name: str = "claude-opus-5-5", retries: int = 2, seconds: float = 5.0) -> Model:
    return open_model(f"anthropic:{name}@{server.url}", timeout_seconds=seconds, retries=retries)


def failure(server: ModelServer, name: str = "claude-opus-5-5", retries: int = 0, seconds: float = 5.0) -> str:
    with pytest.raises(ModelError) as caught:
        model_at(server, name, retries, seconds)(CONVERSATION)
    assert KEY not in str(caught.value)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return str(caught.value)


def test_a_streamed_answer_arrives_whole() -> None:
    with ModelServer([Answer(LONG)]) as server:
        reply = model_at(server)(CONVERSATION)
    assert (reply.text, reply.stop, reply.model) == (LONG, "end", "claude-opus-5-5")


def test_the_request_carries_the_conversation_and_marks_its_stable_start_for_the_cache() -> None:
    with ModelServer([Answer("ok")]) as server:
        model_at(server)(CONVERSATION)
        (request,) = server.asked()
    mark = {"type": "ephemeral"}
    assert request.path == "/v1/messages"
    assert request.body["stream"] is True
    assert request.body["max_tokens"] == 3000
    assert request.body["system"] == [{"type": "text", "text": "You make code faster.", "cache_control": mark}]
    assert [message["role"] for message in request.body["messages"]] == ["user", "assistant", "user"]
    blocks = [message["content"][0] for message in request.body["messages"]]
    assert [block.get("cache_control") for block in blocks] == [mark, None, None]
    assert [block["text"] for block in blocks] == ["Here is the function.", "Here is a plan.", "Now the edit."]


def test_token_use_counts_cached_written_and_thinking_tokens_and_is_priced() -> None:
    use = Use(plain=10, cached=200, written=40, output=30, reasoning=12)
    prices = {"claude-x": Price(input=1.0, output=100.0, cached=0.5, written=10.0)}
    with ModelServer([Answer("ok", use=use)]) as server:
        reply = open_model(f"anthropic:claude-x@{server.url}", prices)(CONVERSATION)
    assert (reply.usage.input_tokens, reply.usage.cached_tokens) == (250, 200)
    assert (reply.usage.output_tokens, reply.usage.reasoning_tokens) == (30, 12)
    assert reply.usage.cost_usd == pytest.approx((10 * 1 + 200 * 0.5 + 40 * 10 + 30 * 100) / 1e6)


def test_thinking_is_not_part_of_the_text() -> None:
    with ModelServer([Answer("answer", use=Use(reasoning=5))]) as server:
        assert model_at(server)(CONVERSATION).text == "answer"


def test_a_server_of_ones_own_costs_nothing() -> None:
    with ModelServer([Answer("ok")]) as server:
        assert model_at(server)(CONVERSATION).usage.cost_usd == 0.0


@pytest.mark.parametrize("stop", ["length", "refusal"])
def test_the_reason_to_stop_is_told(stop: str) -> None:
    with ModelServer([Answer("par", stop=stop)]) as server:
        assert model_at(server)(CONVERSATION).stop == stop


def test_missing_token_use_is_zero_not_a_crash() -> None:
    with ModelServer([Answer("ok", use=None)]) as server:
        usage = model_at(server)(CONVERSATION).usage
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)


def test_a_rate_limit_is_waited_out() -> None:
    with ModelServer([Answer("slow down", status=429, headers=QUICK), Answer("ok")]) as server:
        assert model_at(server)(CONVERSATION).text == "ok"
        assert len(server.asked()) == 2


def test_a_rate_limit_that_stays_is_an_error_that_says_how_often_it_was_asked() -> None:
    with ModelServer([Answer("slow down", status=429, headers=QUICK)] * 3) as server:
        message = failure(server, retries=2)
    assert "429, asked 3 times" in message
    assert "slow down" in message


def test_an_overloaded_server_is_asked_again_then_reported() -> None:
    with ModelServer([Answer("Overloaded", status=529, headers=QUICK)] * 2) as server:
        assert "failed (529): Overloaded" in failure(server, retries=1)
        assert len(server.asked()) == 2


def test_a_wrong_key_names_the_variable_and_not_the_key() -> None:
    with ModelServer(keys=("another",)) as server:
        message = failure(server)
    assert "refused the key (401)" in message
    assert "ANTHROPIC_API_KEY" in message
    assert "sk-ant" not in message


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(ModelError, match="ANTHROPIC_API_KEY is not set"):
        open_model("anthropic:claude-opus-5-5")


def test_a_local_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with ModelServer([Answer("ok")]) as server:
        assert model_at(server)(CONVERSATION).text == "ok"


def test_the_auth_token_is_as_good_as_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-0123456789")
    with ModelServer([Answer("ok")], keys=("token-0123456789",)) as server:
        assert model_at(server)(CONVERSATION).text == "ok"


def test_denied_access_is_told() -> None:
    with ModelServer([Answer("no access for this organization", status=403)]) as server:
        assert "denied access (403): no access for this organization" in failure(server)


def test_an_unknown_model_lists_the_close_names() -> None:
    with ModelServer([Answer("model: claude-opus-55", status=404)]) as server:
        message = failure(server, "claude-opus-55")
    assert "knows no model 'claude-opus-55'" in message
    assert "did you mean claude-opus-5-5" in message


def test_a_refused_request_shows_what_the_server_said() -> None:
    with ModelServer([Answer("max_tokens: 3000 > 2048, the most for this model", status=400)]) as server:
        assert "refused the request (400): max_tokens: 3000 > 2048" in failure(server)


@pytest.mark.parametrize("cut", ["hard", "clean"])
def test_a_stream_cut_off_in_the_middle_is_an_error(cut: str) -> None:
    with ModelServer([Answer(LONG, cut=cut)]) as server:
        assert "broke off in the middle" in failure(server)


def test_an_error_inside_the_stream_is_told() -> None:
    with ModelServer([Answer(LONG, cut="error")]) as server:
        message = failure(server)
    assert "broke off in the middle of its answer: Overloaded" in message


def test_a_silent_server_times_out() -> None:
    with ModelServer([Answer("late", wait_seconds=30)]) as server:
        assert "was silent for 0.2 s" in failure(server, seconds=0.2)


def test_a_server_that_falls_silent_in_the_middle_times_out() -> None:
    with ModelServer([Answer(LONG, pause_seconds=30)]) as server:
        assert "was silent for 0.2 s" in failure(server, seconds=0.2)


def test_nobody_listening_is_told() -> None:
    with ModelServer() as server:
        pass
    assert "cannot reach" in failure(server)


def test_a_web_page_instead_of_a_stream_is_told() -> None:
    with ModelServer([Answer(raw="<html>Welcome to the proxy</html>")]) as server:
        assert "broke off" in failure(server)


def test_the_environments_url_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer([Answer("ok")]) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        assert open_model("anthropic:claude-opus-5-5")(CONVERSATION).text == "ok"


def test_a_broken_profile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_PROFILE", "nowhere")
    with pytest.raises(ModelError, match=r"no usable key: .*nowhere"):
        open_model("anthropic:claude-opus-5-5")
