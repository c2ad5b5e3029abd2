"""What the user writes to name a model ("anthropic:NAME", "openai:NAME@URL", "manual:DIR", …), taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from llmopt.errors import UsageError
from llmopt.keys import shown_url

FORMS = {
    "anthropic": "anthropic:NAME or anthropic:NAME@URL",
    "openai": "openai:NAME or openai:NAME@URL",
    "manual": "manual:DIR",
    "replay": "replay:FILE",
    "agent": "agent:COMMAND",
}
# Those that may name a server by @URL; in the others an "@" is part of the path.
SERVED = ("anthropic", "openai")

SPEC = re.compile(r"(?P<kind>[^:@]+)(?::|(?=@)|$)(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True)
class ModelSpec:
    """`name` is the model's name, the path for "manual" and "replay", or an agent's command line; `url` is "" unless
    the user gave one."""

    kind: str
    name: str
    url: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" + (f"@{self.url}" if self.url else "")


def parse_spec(spec: str) -> ModelSpec:
    """Take a specification apart; UsageError for an unknown kind, an empty name or something that is no URL."""
    parsed = parse_kind(spec)
    if not parsed.name:
        raise UsageError(f"the model {spec!r} names no {missing_part(parsed.kind)}", f"write {FORMS[parsed.kind]}")
    return parsed


def parse_kind(spec: str) -> ModelSpec:
    """The same, but the name may be empty: enough to ask an endpoint what it offers."""
    match = SPEC.fullmatch(spec.strip())
    kind = match["kind"].strip().lower() if match else ""
    if match is None or kind not in FORMS:
        raise UsageError(f"unknown kind of model in {spec!r}", did_you_mean(spec, kind))
    rest = match["rest"].strip()
    if kind not in SERVED:
        return ModelSpec(kind, rest)
    name, at, url = rest.partition("@")
    if at and not re.match(r"https?://[^/]", url):
        raise UsageError(
            f"{shown_url(url)!r} in the model {kind}:{name} is not a URL",
            f"write {kind}:{name or 'NAME'}@http://HOST:PORT",
        )
    if re.match(r"https?://[^/]*@|[^?#]*[?#]", url):
        raise UsageError(
            f"the URL of the model {kind}:{name} holds a user, password or query, which would be printed and recorded",
            "give the key in OPENAI_API_KEY or ANTHROPIC_API_KEY instead",
        )
    return ModelSpec(kind, name.strip(), url.strip())


def did_you_mean(spec: str, kind: str) -> str:
    """A hint: the kind meant by a misspelt one, the provider of a bare model name, or all the forms."""
    provider = "anthropic" if kind.startswith("claude") else "openai" if re.match(r"gpt|o\d", kind) else ""
    if provider:
        return f"did you mean {provider}:{spec.strip()}?"
    known = {"rules": "rules", **FORMS}  # a run without a model opens none, so that "rules" never comes here
    if close := get_close_matches(kind, known, n=1):
        return f"did you mean {known[close[0]]}?"
    return "known are " + "; ".join(known.values())


def missing_part(kind: str) -> str:
    return {"manual": "folder", "replay": "file", "agent": "command"}.get(kind, "model")
