"""The server behind a specification: its URL and key from the specification and the environment, and its failures as
one-line ModelErrors that never show a key."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import httpx2

from llmopt import keys
from llmopt.data import Reply
from llmopt.errors import ModelError, UsageError
from llmopt.models import context
from llmopt.models.in_text import ToolsError
from llmopt.models.spec import ModelSpec

# How often the SDK asks again after a rate limit, a server error or a lost connection, with growing pauses.
RETRIES = 4
# Longest silence of a server, as in both SDKs: a local model may read a long prompt for minutes before it speaks.
TIMEOUT_SECONDS = 600.0
CONNECT_SECONDS = 10.0

# What a local server without keys is sent: the SDKs insist on one.
NO_KEY = "none"
# What providers' keys look like, also where an error message repeats a part of one.
KEY_LIKE = re.compile(r"\bsk-[\w*.-]{4,}|\bBearer \S{4,}")
URL_PASSWORD = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*@")
LONGEST_MESSAGE = 300
OFFERED_SHOWN = 20

# How a refusal speaks of tools: "NAME does not support tools" (Ollama), "tools param requires --jinja flag" (llama.cpp,
# with status 500), '"auto" tool choice requires --enable-auto-tool-choice' (vLLM), "No endpoints found that support
# tool use" (OpenRouter, 404).
NO_TOOLS = re.compile(r"\b(tools?|tool[_ ](use|choice|calling|calls?)|function[_ ]call(ing|s)?)\b", re.IGNORECASE)
NO_TOOLS_STATUS = (400, 404, 422, 500, 501)

Client = TypeVar("Client")
Phase = Literal["asking", "reading"]


@dataclass(frozen=True)
class Provider:
    """What differs between the two services."""

    kind: str
    url: str
    url_variable: str
    key_variable: str


PROVIDERS = {
    "anthropic": Provider("anthropic", "https://api.anthropic.com", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
    "openai": Provider("openai", "https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
}


@dataclass(frozen=True)
class Endpoint:
    """Where and as whom to ask. `key` is "" when the SDK found other credentials; `stored` says that the SDK does not
    find it by itself."""

    provider: Provider
    name: str
    url: str
    key: str = field(default="", repr=False)
    stored: bool = False
    retries: int = RETRIES
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def timeout(self) -> httpx2.Timeout:
        return httpx2.Timeout(self.timeout_seconds, connect=min(CONNECT_SECONDS, self.timeout_seconds))

    @property
    def shown(self) -> str:
        """The URL without a user's name, password or query."""
        return keys.shown_url(self.url)


def url_of(spec: ModelSpec) -> str:
    """The base URL: the one in the specification, else the environment's, else the provider's own."""
    provider = PROVIDERS[spec.kind]
    if url := given_url(spec):
        return checked(url, f"the model {str(spec)!r}")
    return checked(os.environ.get(provider.url_variable) or provider.url, provider.url_variable)


def checked(url: str, where: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets of an IPv6 address, a port out of range
        is_usable = False
    if not is_usable:
        raise UsageError(f"{keys.shown_url(url)!r} in {where} is not a URL", "write it as http://HOST:PORT")
    return url


def given_url(spec: ModelSpec) -> str:
    """The URL as the SDK wants it: people forget the /v1 that OpenAI's needs and add the one Anthropic's adds."""
    url = spec.url.rstrip("/")
    if spec.kind == "openai" and url.count("/") == 2:  # those of "http://"
        return url + "/v1"
    return url.removesuffix("/v1") if spec.kind == "anthropic" else url


def is_official(url: str) -> bool:
    """Whether the provider's own service answers there (its regional hosts too)."""
    host = "." + (urlsplit(url).hostname or "")
    return host.endswith((".api.openai.com", ".api.anthropic.com"))


def is_local(url: str) -> bool:
    """Whether the server is this machine or in a private network: keys are seldom asked for, and nothing is paid."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan"))
    return address.is_private or address.is_loopback


def key_of(provider: Provider, url: str) -> tuple[str, bool]:
    """The key for a server and whether it is the keyring's, which is asked only where the environment has none and the
    server is not one of one's own. ModelError for one that no header can hold."""
    given = os.environ.get(provider.key_variable, "").strip()
    key = given or ("" if is_local(url) else keys.stored(provider.key_variable).strip())
    if not (key.isascii() and key.isprintable()):
        where = provider.key_variable if given else f"the keyring's entry {provider.key_variable}"
        raise ModelError(f"{where} holds characters that no key has", "copy the key again, without quotes or line ends")
    return key, bool(key) and not given


def missing_key(provider: Provider) -> ModelError:
    return ModelError(
        f"no key for {provider.kind}: {provider.key_variable} is not set",
        f"export {provider.key_variable}=…, or `keyring set {keys.SERVICE} {provider.key_variable}` with the extra "
        f"llmopt[keyring]; a server of your own needs none: {provider.kind}:NAME@http://localhost:PORT",
    )


def keyless(text: str, endpoint: Endpoint) -> str:
    """What a server said without the key, should it repeat it."""
    return text.replace(endpoint.key, "***") if len(endpoint.key) > len(NO_KEY) else text


def without_key(reply: Reply, endpoint: Endpoint) -> Reply:
    """The same of all that a reply holds."""
    calls = tuple(replace(call, arguments=keyless(call.arguments, endpoint)) for call in reply.calls)
    text, thoughts = keyless(reply.text, endpoint), keyless(reply.thoughts, endpoint)
    return replace(reply, text=text, calls=calls, thoughts=thoughts)


def unforwarded(client: Callable[..., Client]) -> Client:
    """An SDK's HTTP client that follows no redirect. ModelError for a proxy in the environment that is none."""
    try:
        return client(follow_redirects=False)
    except (ValueError, httpx2.InvalidURL):  # its text holds the URL, with its password
        names = [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "all_proxy")]
        raise ModelError(
            f"the proxy in {' or '.join(sorted(names)) or 'the environment'} cannot be used",
            "write it as http://HOST:PORT, or unset it",
        ) from None


# --- failures --------------------------------------------------------------------------------------------------


@contextmanager
def explained(
    endpoint: Endpoint,
    sdk_error: type[Exception],
    phase: Phase = "asking",
    offered: Callable[[], tuple[str, ...]] = tuple,
    with_tools: bool = False,
) -> Iterator[None]:
    """Turn what the SDK raises inside into a ModelError; `offered` lists the endpoint's models for an unknown name.
    Where the question comes `with_tools`, they may be what is refused."""
    try:
        yield
    except (sdk_error, httpx2.HTTPError, httpx2.InvalidURL, json.JSONDecodeError) as error:
        # The cause's text may hold request headers.
        raise explain(error, endpoint, phase, offered, with_tools) from None


def explain(
    error: Exception,
    endpoint: Endpoint,
    phase: Phase = "asking",
    offered: Callable[[], tuple[str, ...]] = tuple,
    with_tools: bool = False,
) -> ModelError:
    """One line of what failed and one of what to try, for an exception of either SDK or of their HTTP library."""
    status = getattr(error, "status_code", 0) or 0
    if 300 <= status < 400:  # followed, a redirect would carry the code and the key to whoever it names
        return ModelError(
            f"{endpoint.shown} redirects elsewhere ({status})", "give the URL that it leads to, if you trust it"
        )
    if found := overrun(error):
        return context.too_long(endpoint.shown, found, said(error, endpoint), is_local(endpoint.url))
    if with_tools and status in NO_TOOLS_STATUS and NO_TOOLS.search(message_of(error)):
        return ToolsError(f"{endpoint.shown} takes no tools ({status}: {said(error, endpoint)})")
    if status == 404:
        return unknown_model(endpoint, said(error, endpoint), offered)
    if status >= 400:
        return refused(status, error, endpoint)
    if "Timeout" in type(error).__name__:
        return ModelError(
            f"{endpoint.shown} was silent for {endpoint.timeout_seconds:g} s",
            "it may be overloaded or the model too slow for this machine: try again, or allow a longer timeout",
        )
    if phase == "reading":
        return cut_off(endpoint, said(error, endpoint))
    if "Credentials" in type(error).__name__:  # Anthropic's profiles and identity federation
        return ModelError(f"no usable key: {said(error, endpoint)}", f"or set {endpoint.provider.key_variable}")
    if isinstance(error, json.JSONDecodeError):
        return ModelError(f"{endpoint.shown} does not answer like {endpoint.provider.kind}'s API", "check the URL")
    return ModelError(
        f"cannot reach {endpoint.shown}: {said(root_cause(error), endpoint)}",
        "check the network, the URL, and that the server runs",
    )


def cut_off(endpoint: Endpoint, reason: str = "") -> ModelError:
    return ModelError(
        f"{endpoint.shown} broke off in the middle of its answer" + (f": {reason}" if reason else ""),
        "nothing of it was used; try again, resuming the run asks only what is still open",
    )


def overrun(error: Exception) -> context.Overrun | None:
    """What an answer says of a context that is too short for the question, also one inside a stream."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    codes = tuple(inner.get(key) for key in ("code", "type")) if isinstance(inner, Mapping) else ()
    return context.overrun(message_of(error), codes)


def refused(status: int, error: Exception, endpoint: Endpoint) -> ModelError:
    variable, message = endpoint.provider.key_variable, said(error, endpoint)
    if status == 401:
        return ModelError(f"{endpoint.shown} refused the key (401): {message}", f"check {variable}")
    if status == 403:
        hint = f"the key in {variable} may not use {endpoint.name or 'this'}; check its project and permissions"
        return ModelError(f"{endpoint.shown} denied access (403): {message}", hint)
    if status == 402 or getattr(error, "code", None) == "insufficient_quota":
        return ModelError(f"{endpoint.shown} wants to be paid ({status}): {message}", "add credit to the account")
    if status == 429:
        asked = f"asked {endpoint.retries + 1} times" if endpoint.retries else "asked once"
        hint = f"wait{retry_after(error)}, or use a model or an account with a higher limit"
        return ModelError(f"{endpoint.shown} limits the rate (429, {asked}): {message}", hint)
    if status >= 500:
        return ModelError(
            f"{endpoint.shown} failed ({status}): {message}", "the fault is the server's: try again later"
        )
    return ModelError(f"{endpoint.shown} refused the request ({status}): {message}", "see the provider's documentation")


def retry_after(error: Exception) -> str:
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", {})
    seconds = headers.get("retry-after", "")
    return f" {seconds} s" if re.fullmatch(r"[\d.]+", seconds) else ""


def unknown_model(endpoint: Endpoint, message: str, offered: Callable[[], tuple[str, ...]]) -> ModelError:
    try:
        names = offered()
    except ModelError:
        names = ()
    if not names or endpoint.name in names:
        return ModelError(f"{endpoint.shown} knows no {endpoint.name!r} (404): {message}", "check the name and the URL")
    return ModelError(f"{endpoint.shown} knows no model {endpoint.name!r}", suggestion(endpoint.name, names))


def suggestion(name: str, names: tuple[str, ...]) -> str:
    """The closest of the offered names first, then the others, not too many."""
    close = get_close_matches(name, names, n=3)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{meant}offered: {listing(names)}"


def listing(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - OFFERED_SHOWN} more" if len(names) > OFFERED_SHOWN else ""
    return ", ".join(names[:OFFERED_SHOWN]) + more


def root_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def said(error: BaseException, endpoint: Endpoint) -> str:
    """What the server or the library said, on one line, without keys, not too long."""
    text = " ".join(message_of(error).split()) or type(error).__name__
    for secret in (endpoint.key, *keys.values({**os.environ, "": endpoint.url})):
        text = text.replace(secret, "***") if len(secret) > len(NO_KEY) else text
    text = URL_PASSWORD.sub("***@", KEY_LIKE.sub("***", text))
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…"


def message_of(error: BaseException) -> str:
    """The message inside the answer's JSON, {"error": {"message": …}} or {"error": …}, else the exception's own."""
    found: object = getattr(error, "body", None)
    for key in ("error", "message"):
        found = found.get(key, found) if isinstance(found, Mapping) else found
    return found if isinstance(found, str) and found else str(error)
