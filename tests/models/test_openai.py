"""The openai model through the real SDK against a server on loopback: Responses for OpenAI's hosts, else Chat."""

from __future__ import annotations

import pytest
from model_server import Answer, ModelServer, Use

from llmopt.data import Conversation, Message, Model
from llmopt.errors import ModelError
from llmopt.models import endpoint, open_model
from llmopt.models import openai as adapter
from llmopt.models.prices import Price, estimate_tokens

KEY = "sk-proj-0123456789abcdefghij"
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
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(params=["chat", "responses"])
def api(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test by both APIs; for Responses the loopback host counts as OpenAI's own."""
    if request.param == "responses":
        monkeypatch.setattr(adapter, "is_official", lambda url: True)
    return str(request.param)


def model_at(server: ModelServer, name: str = "gpt-6.1-sol", retries: int = 2, seconds: float = 5.0) -> Model:
    return open_model(f"openai:{name}@{server.url}", timeout_seconds=seconds, retries=retries)


def failure(server: ModelServer, name: str = "gpt-6.1-sol", retries: int = 0, seconds: float = 5.0) -> str:
    with pytest.raises(ModelError) as caught:
        model_at(server, name, retries, seconds)(CONVERSATION)
    assert KEY not in str(caught.value)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return str(caught.value)


def test_a_streamed_answer_arrives_whole(api: str) -> None:
    with ModelServer([Answer(LONG)]) as server:
        reply = model_at(server)(CONVERSATION)
    assert (reply.text, reply.stop, reply.model) == (LONG, "end", "gpt-6.1-sol")


def test_a_custom_url_is_asked_by_chat_completions_with_fields_that_all_servers_know() -> None:
    with ModelServer([Answer("ok")]) as server:
        model_at(server)(CONVERSATION)
        (request,) = server.asked()
    assert request.path == "/v1/chat/completions"
    assert set(request.body) == {"model", "messages", "max_tokens", "stream", "stream_options"}
    assert request.body["max_tokens"] == 3000
    assert request.body["stream_options"] == {"include_usage": True}
    assert [message["role"] for message in request.body["messages"]] == ["system", "user", "assistant", "user"]


def test_openais_own_host_is_asked_by_responses_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "is_official", lambda url: True)
    with ModelServer([Answer("ok"), Answer("ok")]) as server:
        model_at(server)(CONVERSATION)
        model_at(server)(CONVERSATION)
        first, second = server.asked()
    assert first.path == "/v1/responses"
    assert first.body["instructions"] == "You make code faster."
    assert first.body["max_output_tokens"] == 3000
    assert first.body["store"] is False
    assert first.body["stream"] is True
    assert [(each["role"], each["content"]) for each in first.body["input"]] == [
        ("user", "Here is the function."),
        ("assistant", "Here is a plan."),
        ("user", "Now the edit."),
    ]
    assert first.body["prompt_cache_key"] == second.body["prompt_cache_key"] != ""


@pytest.mark.parametrize(
    ("url", "official"),
    [
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://notapi.openai.com/v1", False),
        ("http://localhost:11434/v1", False),
    ],
)
def test_only_openais_hosts_are_official(url: str, official: bool) -> None:
    assert endpoint.is_official(url) is official


def test_the_environments_url_is_used_and_asked_by_chat_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer([Answer("ok")]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/v1")
        assert open_model("openai:local-model")(CONVERSATION).text == "ok"
        assert server.asked()[0].path == "/v1/chat/completions"


def test_token_use_counts_cached_and_reasoning_tokens_and_is_priced(api: str) -> None:
    use = Use(plain=50, cached=200, output=30, reasoning=12)
    prices = {"gpt-x": Price(input=1.0, output=100.0, cached=0.5, written=10.0)}
    with ModelServer([Answer("ok", use=use)]) as server:
        usage = open_model(f"openai:gpt-x@{server.url}", prices)(CONVERSATION).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens) == (250, 200, 30, 12)
    assert usage.cost_usd == pytest.approx((50 * 1 + 200 * 0.5 + 30 * 100) / 1e6)


def test_a_server_that_reports_no_use_has_it_estimated() -> None:
    with ModelServer([Answer(LONG, use=None)]) as server:
        usage = model_at(server)(CONVERSATION).usage
    assert usage.output_tokens == estimate_tokens(LONG)
    assert usage.input_tokens > sum(estimate_tokens(message.text) for message in CONVERSATION.messages)


@pytest.mark.parametrize("stop", ["length", "refusal"])
def test_the_reason_to_stop_is_told(api: str, stop: str) -> None:
    with ModelServer([Answer("partial", stop=stop)]) as server:
        reply = model_at(server)(CONVERSATION)
    assert (reply.stop, reply.text) == (stop, "partial")


def test_a_rate_limit_is_waited_out(api: str) -> None:
    with ModelServer([Answer("slow down", status=429, headers=QUICK), Answer("ok")]) as server:
        assert model_at(server)(CONVERSATION).text == "ok"
        assert len(server.asked()) == 2


def test_a_rate_limit_that_stays_is_an_error_that_says_how_long_to_wait(api: str) -> None:
    limited = Answer("slow down", status=429, headers=(*QUICK, ("retry-after", "7")))
    with ModelServer([limited] * 3) as server:
        message = failure(server, retries=2)
    assert "429, asked 3 times" in message
    assert "wait 7 s" in message


def test_an_empty_account_is_told_apart_from_a_rate_limit(api: str) -> None:
    with ModelServer([Answer("You exceeded your quota", status=429, code="insufficient_quota")]) as server:
        assert "add credit" in failure(server)


def test_a_failing_server_is_asked_again_then_reported(api: str) -> None:
    with ModelServer([Answer("boom", status=500, headers=QUICK)] * 2) as server:
        assert "failed (500): boom" in failure(server, retries=1)
        assert len(server.asked()) == 2


def test_a_wrong_key_names_the_variable_and_not_the_key(api: str) -> None:
    with ModelServer(keys=("another",)) as server:
        message = failure(server)
    assert "refused the key (401)" in message
    assert "OPENAI_API_KEY" in message
    assert "Incorrect API key provided: ***" in message
    assert "sk-proj" not in message


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        open_model("openai:gpt-6.1-sol")


def test_a_missing_key_is_told_for_a_hosted_gateway_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        open_model("openai:some/model@https://gateway.example.com/api/v1")


def test_a_local_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with ModelServer([Answer("ok")]) as server:
        assert model_at(server)(CONVERSATION).text == "ok"
        assert server.asked()[0].headers["authorization"] == "Bearer none"


def test_denied_access_is_told(api: str) -> None:
    with ModelServer([Answer("project has no access", status=403)]) as server:
        assert "denied access (403): project has no access" in failure(server)


def test_an_unknown_model_lists_the_close_names(api: str) -> None:
    with ModelServer([Answer("The model does not exist", status=404, code="model_not_found")]) as server:
        message = failure(server, "gpt-6.1-soul")
    assert "knows no model 'gpt-6.1-soul'" in message
    assert "did you mean gpt-6.1-sol" in message


def test_a_wrong_path_is_told_when_not_even_models_are_listed() -> None:
    expected = r"404.*no such path.*check the name and the URL"
    with ModelServer() as server, pytest.raises(ModelError, match=expected):
        open_model(f"openai:gpt-6.1-sol@{server.url}/wrong", retries=0, timeout_seconds=5)(CONVERSATION)


@pytest.mark.parametrize("cut", ["hard", "clean"])
def test_a_stream_cut_off_in_the_middle_is_an_error(api: str, cut: str) -> None:
    with ModelServer([Answer(LONG, cut=cut)]) as server:
        assert "broke off in the middle" in failure(server)


def test_an_error_inside_the_stream_is_told(api: str) -> None:
    with ModelServer([Answer(LONG, cut="error")]) as server:
        message = failure(server)
    assert "broke off in the middle of its answer: " in message
    assert ("Overloaded" if api == "responses" else "the server had an error") in message


def test_a_silent_server_times_out(api: str) -> None:
    with ModelServer([Answer("late", wait_seconds=30)]) as server:
        assert "was silent for 0.2 s" in failure(server, seconds=0.2)


def test_a_server_that_falls_silent_in_the_middle_times_out(api: str) -> None:
    with ModelServer([Answer(LONG, pause_seconds=30)]) as server:
        assert "was silent for 0.2 s" in failure(server, seconds=0.2)


def test_nobody_listening_is_told() -> None:
    with ModelServer() as server:
        pass
    message = failure(server)
    assert "cannot reach" in message
    assert "refused" in message


def test_a_web_page_instead_of_a_stream_is_told(api: str) -> None:
    with ModelServer([Answer(raw="<html>Welcome to the proxy</html>")]) as server:
        assert "broke off" in failure(server)


def test_a_stream_that_is_not_json_is_told(api: str) -> None:
    with ModelServer([Answer(raw="data: not json\n\n")]) as server:
        assert "broke off" in failure(server)


def test_a_key_that_the_server_repeats_in_part_is_not_shown() -> None:
    with ModelServer([Answer("Incorrect API key provided: sk-proj-0123****ghij. See the docs.", status=401)]) as server:
        assert "Incorrect API key provided: *** See the docs" in failure(server)


def test_a_key_of_another_form_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "gw_0123456789")
    with ModelServer([Answer("bad token gw_0123456789", status=400)]) as server:
        assert "gw_0123456789" not in failure(server)
