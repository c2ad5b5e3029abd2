"""Keys: found in the environment or the keyring, and in no environment, URL or message beside that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from llmopt import git, interpreters, keys
from llmopt.errors import ModelError
from llmopt.models import anthropic, endpoint, openai
from llmopt.models.spec import parse_spec

KEY = "kr-1f8e7d6c5b4a39281706"


class Memory(KeyringBackend):
    """A keyring of one process, which counts how often it is asked."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class Locked(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the wallet is locked")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def memory() -> Iterator[Memory]:
    before, made = keyring.get_keyring(), Memory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("spec", "variable", "module"),
    [("anthropic:x", "ANTHROPIC_API_KEY", anthropic), ("openai:x", "OPENAI_API_KEY", openai)],
)
def test_key_of_the_keyring_is_used_where_the_environment_has_none(
    spec: str, variable: str, module: object, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.set_password("llmopt", variable, KEY)
    found = module.endpoint_of(parse_spec(spec))  # type: ignore[attr-defined]
    assert found.key == KEY
    assert KEY not in repr(found)
    with module.connect(found) as client:  # type: ignore[attr-defined]
        assert client.api_key == KEY
    assert memory.asked == [variable]
    monkeypatch.setenv(variable, "from-the-environment")
    assert module.endpoint_of(parse_spec(spec)).key == "from-the-environment"  # type: ignore[attr-defined]
    assert memory.asked == [variable]


def test_keyring_is_not_asked_for_a_server_of_ones_own(memory: Memory) -> None:
    memory.set_password("llmopt", "OPENAI_API_KEY", KEY)
    assert openai.endpoint_of(parse_spec("openai:x@http://localhost:1/v1")).key == endpoint.NO_KEY
    assert memory.asked == []


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring(), Locked()], ids=["none", "null", "locked"])
def test_keyring_that_gives_nothing_is_a_missing_key(backend: KeyringBackend) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        with pytest.raises(ModelError, match=r"OPENAI_API_KEY is not set .*keyring set llmopt OPENAI_API_KEY"):
            openai.endpoint_of(parse_spec("openai:x"))
    finally:
        keyring.set_keyring(before)


def test_without_the_extra_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert keys.stored("OPENAI_API_KEY") == ""


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
def test_key_that_no_header_can_hold_is_an_error_that_does_not_show_it(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"{KEY}\nX-More: {KEY}é")
    module, spec = (openai, "openai:x") if variable.startswith("OPENAI") else (anthropic, "anthropic:x")
    with pytest.raises(ModelError, match=f"{variable} holds characters") as caught:
        module.endpoint_of(parse_spec(spec))
    assert KEY not in str(caught.value)


SECRET = ["ANTHROPIC_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "HF_TOKEN", "OPENAI_BASE_URL"]
PLAIN = ["PATH", "HOME", "LANG", "VIRTUAL_ENV", "SSH_AUTH_SOCK", "PYENV_ROOT", "KEYBOARD", "TOKENIZERS_PARALLELISM"]


def test_variables_that_hold_keys_are_told_by_their_names() -> None:
    environ = dict.fromkeys([*SECRET, *PLAIN], "a value of it")
    assert sorted(keys.without_keys(environ)) == sorted(PLAIN)


def test_values_are_those_that_can_be_found_in_a_text() -> None:
    environ = {
        "X_TOKEN": KEY,
        "Y_KEY": "short",
        "SSL_KEY": "/etc/ssl/key.pem",
        "HTTPS_PROXY": f"http://me:{KEY}2@proxy:1",
    }
    assert keys.values(environ) == [KEY, f"{KEY}2"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{KEY}@host:1/v1/?api-key={KEY}#x", "https://host:1/v1"),
        (f"http://me:{KEY}@[::1", "[::1"),
        (f"https://host/v1?k={KEY}", "https://host/v1"),
    ],
)
def test_urls_are_shown_without_their_secrets(url: str, shown: str) -> None:
    assert keys.shown_url(url) == shown


def test_helpers_of_the_target_see_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter that is asked about itself runs what its environment holds; git what a repository configures."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("SOME_TOKEN", KEY)
    seen = tmp_path / "seen"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nenv >> {seen}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    interpreters.inspect(str(python), "test")
    repo = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    hook = tmp_path / "filter"
    hook.write_text(f"#!/bin/sh\nenv >> {seen}\ncat\n")
    hook.chmod(0o755)
    (repo / ".gitattributes").write_text("*.py filter=spy\n")
    (repo / "a.py").write_text("x = 1\n")
    subprocess.run(["git", "-C", str(repo), "config", "filter.spy.clean", str(hook)], check=True)
    git.snapshot(repo)
    assert "PATH=" in seen.read_text()
    assert KEY not in seen.read_text()
    assert os.environ["SOME_TOKEN"] == KEY
