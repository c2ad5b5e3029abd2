"""Naming a model: taking specifications apart, choosing the kind, asking what an endpoint offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from model_server import Answer, ModelServer

from llmopt.data import Conversation, Message
from llmopt.errors import ModelError, UsageError
from llmopt.models import ModelSpec, check, list_models, open_model, parse_spec, price_for
from llmopt.models.endpoint import PROVIDERS, Endpoint, given_url, is_local
from llmopt.models.prices import FREE, Price

SOME = Price(1.0, 2.0, 0.1, 1.25)


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("anthropic:claude-opus-5-5", ModelSpec("anthropic", "claude-opus-5-5")),
        ("openai:gpt-6.1-sol", ModelSpec("openai", "gpt-6.1-sol")),
        ("openai:qwen3:8b@http://localhost:11434", ModelSpec("openai", "qwen3:8b", "http://localhost:11434")),
        ("anthropic:m@https://host/path", ModelSpec("anthropic", "m", "https://host/path")),
        ("openai:a/b@http://host:1/v1", ModelSpec("openai", "a/b", "http://host:1/v1")),
        ("manual:some dir/@work", ModelSpec("manual", "some dir/@work")),
        ("replay:C:/t.jsonl", ModelSpec("replay", "C:/t.jsonl")),
        (" OpenAI: gpt-5 ", ModelSpec("openai", "gpt-5")),
    ],
)
def test_a_specification_is_taken_apart(spec: str, parsed: ModelSpec) -> None:
    assert parse_spec(spec) == parsed


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("antropic:claude", "did you mean anthropic:NAME"),
        ("open-ai:gpt-5", "did you mean openai:NAME"),
        ("claude-opus-5-5", "did you mean anthropic:claude-opus-5-5"),
        ("gpt-6.1-sol", "did you mean openai:gpt-6.1-sol"),
        ("zzz:q", "known are rules; anthropic:NAME"),
        ("", "known are rules; anthropic:NAME"),
        (":x", "known are rules; anthropic:NAME"),
        ("anthropic:", "write anthropic:NAME"),
        ("openai:@http://localhost:1", "write openai:NAME"),
        ("manual:", "write manual:DIR"),
        ("replay", "write replay:FILE"),
        ("openai:m@localhost:8000", "write openai:m@http://"),
    ],
)
def test_a_wrong_specification_says_what_to_write(spec: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec(spec)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("spec", "url"),
    [
        (ModelSpec("openai", "m", "http://localhost:11434"), "http://localhost:11434/v1"),
        (ModelSpec("openai", "m", "http://localhost:11434/"), "http://localhost:11434/v1"),
        (ModelSpec("openai", "m", "https://h/api/v1/"), "https://h/api/v1"),
        (ModelSpec("anthropic", "m", "http://localhost:1/v1"), "http://localhost:1"),
        (ModelSpec("anthropic", "m", "http://localhost:1"), "http://localhost:1"),
    ],
)
def test_the_url_gets_or_loses_its_v1_as_the_sdk_needs(spec: ModelSpec, url: str) -> None:
    assert given_url(spec) == url


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "192.168.1.5", "[::1]", "ollama", "gpu.local"])
def test_private_hosts_are_local(host: str) -> None:
    assert is_local(f"http://{host}:8000/v1")


@pytest.mark.parametrize("host", ["api.openai.com", "8.8.8.8", "localhost.evil.example", "gateway.example.com"])
def test_public_hosts_are_not_local(host: str) -> None:
    assert not is_local(f"https://{host}/v1")


def test_a_password_in_the_url_is_not_shown() -> None:
    endpoint = Endpoint(PROVIDERS["openai"], "m", "https://user:secret@host.example:8/v1?token=x", key="sk-secret-key")
    assert endpoint.shown == "https://host.example:8/v1"
    assert "sk-secret-key" not in repr(endpoint)


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
def test_a_missing_name_lists_what_the_endpoint_offers(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        with pytest.raises(UsageError) as caught:
            open_model(kind)
    assert "needs a name" in caught.value.message
    assert "claude-opus-5-5, claude-sonnet-5-5-20260901, gpt-6.1-sol" in caught.value.hint


def test_a_missing_name_without_a_key_is_still_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"needs a name.*ANTHROPIC_API_KEY is not set"):
        open_model("anthropic:")


def test_models_are_listed_without_spending_tokens() -> None:
    with ModelServer() as server:
        assert "gpt-6.1-sol" in list_models(f"openai:@{server.url}")
        assert "claude-opus-5-5" in list_models(f"anthropic:@{server.url}")
        assert server.asked() == []
    assert list_models("manual:x") == ()


def test_check_says_that_the_endpoint_answers_and_lists_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any-0123456789")
    with ModelServer() as server:
        assert (
            "accepts the key; it lists 5 models, gpt-6.1-sol among them"
            in check(f"openai:gpt-6.1-sol@{server.url}").text
        )
        assert "claude-sonnet-5-5 among them" in check(f"anthropic:claude-sonnet-5-5@{server.url}").text
        found = check(f"openai:gpt-6.1-soul@{server.url}")
        assert server.asked() == []
    assert "but not 'gpt-6.1-soul': did you mean gpt-6.1-sol" in found.text
    assert "\n" not in found.text
    assert not found.is_listed


def test_a_server_that_was_sent_no_key_is_not_said_to_accept_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ModelServer() as server:
        assert " answers and asks for no key; it lists" in check(f"openai:gpt-6.1-sol@{server.url}").text


def test_check_raises_for_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789")
    with ModelServer(keys=("right",)) as server, pytest.raises(ModelError, match="refused the key") as caught:
        check(f"openai:gpt-6.1-sol@{server.url}")
    assert "sk-wrong" not in str(caught.value)


def test_check_opens_what_is_no_endpoint(tmp_path: Path) -> None:
    assert check(f"manual:{tmp_path / 'new'}").text.endswith("can be used")
    with pytest.raises(UsageError, match="cannot read the transcript"):
        check(f"replay:{tmp_path / 'none.jsonl'}")


def test_prices_are_the_users_then_nothing_for_a_local_server_then_the_tables() -> None:
    local = ModelSpec("openai", "gpt-5", "http://localhost:1")
    assert price_for(local) == FREE
    assert price_for(local, {"gpt-5": SOME}) == SOME
    assert price_for(ModelSpec("manual", "d")) == FREE
    known = price_for(ModelSpec("anthropic", "claude-opus-5-5"))
    assert known is not None
    assert known.output > known.input > known.cached > 0
    assert price_for(ModelSpec("anthropic", "claude-opus-5-5"), {"claude-opus-5-5": SOME}) == SOME
    assert price_for(ModelSpec("openai", "some/model", "https://gateway.example.com")) is None


def test_a_manual_and_a_replay_model_open_by_their_specification(tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    transcript.write_text('{"subject": "s", "messages": [], "reply": "again"}\n')
    asked = Conversation((Message("user", "q"),), "s")
    assert open_model(f"replay:{transcript}")(asked).text == "again"
    with pytest.raises(ModelError, match="no answer in"):
        open_model(f"manual:{tmp_path / 'm'}", manual_wait=0.0)(asked)


def test_naming_a_model_does_not_load_an_sdk() -> None:
    program = (
        "import sys; from llmopt.models import parse_spec; parse_spec('openai:x'); "
        "print([name for name in ('openai', 'anthropic', 'httpx2', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_served_transcript_answers_through_the_sdk(tmp_path: Path) -> None:
    from model_server import answers_from

    transcript = tmp_path / "t.jsonl"
    transcript.write_text('{"subject": "s", "messages": [], "reply": "one", "usage": {"output_tokens": 3}}\n')
    assert answers_from(transcript)[0] == Answer("one", use=answers_from(transcript)[0].use)
    with ModelServer(answers_from(transcript)) as server:
        reply = open_model(f"openai:m@{server.url}")(Conversation((Message("user", "q"),), "s"))
    assert (reply.text, reply.usage.output_tokens) == ("one", 3)


@pytest.mark.parametrize("url", ["http://[::bad", "http://localhost:99999", "http://:80"])
def test_an_impossible_url_is_a_usage_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="is not a URL"):
        open_model(f"openai:m@{url}")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    with pytest.raises(UsageError, match="ANTHROPIC_BASE_URL is not a URL"):
        open_model("anthropic:m")


def test_a_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec("openai:m@http://me:secret@host:1/v1")
    assert "secret" not in str(caught.value)
