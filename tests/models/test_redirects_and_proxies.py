"""Failures on the way to a server tell no secret, and code and key go to nobody whom the user did not name."""

from __future__ import annotations

import pytest
from model_server import Answer, ModelServer

from llmopt import models
from llmopt.data import Conversation, Message
from llmopt.errors import LlmoptError

KEY = "zx-91c7e0b2d4f6a8135790"
QUESTION = Conversation((Message("user", "code of somebody"),), "subject")
KINDS = pytest.mark.parametrize("kind", ["anthropic", "openai"])


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def said(spec: str) -> str:
    with pytest.raises(LlmoptError) as caught:
        models.open_model(spec, retries=0, timeout_seconds=5)(QUESTION)
    assert KEY not in str(caught.value)
    return str(caught.value)


@KINDS
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(kind: str, status: int) -> None:
    with ModelServer([Answer("never")]) as other, ModelServer() as server:
        target = (("location", f"{other.url}/v1/messages?key={KEY}"),)
        server.answers.append(Answer(raw="moved", status=status, headers=target))
        assert f"redirects elsewhere ({status})" in said(f"{kind}:x@{server.url}")
        assert other.requests == []


@KINDS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_error_that_echoes_the_key_does_not_show_it(kind: str, status: int) -> None:
    with ModelServer([Answer(f"bad header x-api-key: {KEY}; Authorization: Bearer {KEY}", status=status)]) as server:
        assert "***" in said(f"{kind}:x@{server.url}") or status == 404


@KINDS
def test_reply_that_repeats_the_key_is_handed_on_without_it(kind: str) -> None:
    with ModelServer([Answer(f"Your key is {KEY}.")]) as server:
        reply = models.open_model(f"{kind}:x@{server.url}", retries=0, timeout_seconds=5)(QUESTION)
    assert reply.text == "Your key is ***."


@KINDS
@pytest.mark.parametrize(
    "proxy", [f"http://me:{KEY}9@127.0.0.1:9", f"nonsense://me:{KEY}9@127.0.0.1:9", f"http://me:{KEY}9@[::1"]
)
def test_password_of_a_proxy_is_not_shown(kind: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    said(f"{kind}:x@http://203.0.113.1:9")


@KINDS
@pytest.mark.parametrize("url", ["http://me:{}@127.0.0.1:9", "http://127.0.0.1:9/?api-key={}", "http://me:{}@[::1"])
def test_secret_in_a_base_url_is_not_shown(kind: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{kind.upper()}_BASE_URL", url.format(KEY))
    said(f"{kind}:x")
    said(f"{kind}:x@{url.format(KEY)}")
