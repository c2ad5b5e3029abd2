"""The models: a specification such as "anthropic:NAME" in, a function from conversation to reply out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmopt.data import Model
from llmopt.errors import ModelError, UsageError
from llmopt.models import agent
from llmopt.models.prices import FREE, Price, look_up, price_of
from llmopt.models.spec import FORMS, SERVED, ModelSpec, parse_kind, parse_spec

if TYPE_CHECKING:
    from llmopt.models.endpoint import Endpoint
    from llmopt.models.manual import Ask

__all__ = ["ModelSpec", "check", "list_models", "open_model", "parse_spec", "price_for"]

TIMEOUT_SECONDS = 600.0
MANUAL_WAIT_SECONDS = 24 * 3600.0
RETRIES = 4
# A person waits for `check` and for lists of models: less patience than with an answer.
CHECK_SECONDS = 15.0
CHECK_RETRIES = 1


def unheard(note: str) -> None:
    """Where nobody listens to notes."""


@dataclass(frozen=True)
class Options:
    """What the kinds of models need besides the specification."""

    prices: Mapping[str, Price] = field(default_factory=dict)
    timeout_seconds: float = TIMEOUT_SECONDS
    manual_wait: float = MANUAL_WAIT_SECONDS
    ask: Ask | None = None
    retries: int = RETRIES
    tell: Callable[[str], None] = unheard


def open_model(
    spec: str,
    prices: Mapping[str, Price] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    manual_wait: float = MANUAL_WAIT_SECONDS,
    ask: Ask | None = None,
    retries: int = RETRIES,
    tell: Callable[[str], None] = unheard,
) -> Model:
    """The model that `spec` names. `prices` are the user's, which win over the packaged ones.

    `timeout_seconds` is the longest silence of a server, `manual_wait` the longest wait for a written reply; `ask`
    shows a manual request on the terminal (`manual.terminal_ask`); `tell` hears what the user should know. UsageError
    for a specification that cannot be used, ModelError when a key is missing; everything else that fails is a
    ModelError of the call.
    """
    named = parse_kind(spec)
    if named.kind in SERVED and not named.name:
        raise nameless(named)
    options = Options(prices or {}, timeout_seconds, manual_wait, ask, retries, tell)
    return KINDS[named.kind](parse_spec(spec), options)


def open_anthropic(spec: ModelSpec, options: Options) -> Model:
    from llmopt.models import anthropic

    price = price_for(spec, options.prices)
    return anthropic.open_endpoint(spec, price, options.timeout_seconds, options.retries, options.tell)


def open_openai(spec: ModelSpec, options: Options) -> Model:
    from llmopt.models import openai

    price = price_for(spec, options.prices)
    return openai.open_endpoint(spec, price, options.timeout_seconds, options.retries, options.tell)


def open_manual(spec: ModelSpec, options: Options) -> Model:
    from llmopt.models import in_text, manual

    return in_text.in_text(manual.open_manual(Path(spec.name).expanduser(), options.manual_wait, options.ask))


def open_replay(spec: ModelSpec, options: Options) -> Model:
    from llmopt.models import replay

    return replay.open_replay(Path(spec.name).expanduser())


def open_agent(spec: ModelSpec, options: Options) -> Model:
    raise UsageError(f"{spec} is an agent and no model: it answers no questions", "an agent goes after --model alone")


# One file each. The imports are in the functions because the SDKs take most of a second to load.
KINDS: dict[str, Callable[[ModelSpec, Options], Model]] = {
    "anthropic": open_anthropic,
    "openai": open_openai,
    "manual": open_manual,
    "replay": open_replay,
    "agent": open_agent,
}


def nameless(spec: ModelSpec) -> UsageError:
    """There is no default model: names change faster than releases, and the user pays. Say what there is instead."""
    from llmopt.models.endpoint import listing

    message = f"the model {spec.kind!r} needs a name: {FORMS[spec.kind]}"
    try:
        names = offered(spec)
    except ModelError as error:
        return UsageError(message, f"what it offers could not be listed: {error.message}")
    return UsageError(message, f"offered: {listing(names)}" if names else "the endpoint lists no models")


def list_models(spec: str) -> tuple[str, ...]:
    """The names that the endpoint of `spec` offers ("openai", "openai:NAME", "openai:@URL"); costs no tokens.

    Empty for the others; ModelError when the endpoint cannot be asked.
    """
    parsed = parse_kind(spec)
    return offered(parsed) if parsed.kind in SERVED else ()


def offered(spec: ModelSpec) -> tuple[str, ...]:
    if spec.kind == "anthropic":
        from llmopt.models import anthropic

        return anthropic.offered(anthropic.endpoint_of(spec, CHECK_SECONDS, CHECK_RETRIES))
    from llmopt.models import openai

    return openai.offered(openai.endpoint_of(spec, CHECK_SECONDS, CHECK_RETRIES))


@dataclass(frozen=True)
class Checked:
    """One line on a model, and whether its endpoint lists it; True where there is no list to be on."""

    text: str
    is_listed: bool = True


def check(spec: str) -> Checked:
    """Whether the model can be used; spends no tokens. UsageError or ModelError when it cannot."""
    parsed = parse_kind(spec)
    if parsed.kind == agent.KIND:
        return Checked(
            f"{agent.words_of(parsed.name)[0]} is there; whether it reaches its model, its first start tells"
        )
    if parsed.kind not in SERVED:
        KINDS[parsed.kind](parse_spec(spec), Options())
        return Checked(f"{parsed} can be used")
    from llmopt.models.endpoint import PROVIDERS, Endpoint, key_of, url_of

    endpoint = Endpoint(PROVIDERS[parsed.kind], parsed.name, url_of(parsed))
    names = offered(parsed)
    keyed = "accepts the key" if key_of(endpoint.provider, endpoint.url)[0] else "asks for no key"
    found = standing(endpoint, names)
    return Checked(f"{endpoint.shown} answers and {keyed}; {found.text}", found.is_listed)


def standing(endpoint: Endpoint, names: tuple[str, ...]) -> Checked:
    """Whether the endpoint lists the wanted model, itself or a dated snapshot of it."""
    from llmopt.models.endpoint import suggestion

    count = f"it lists {len(names)} model{'' if len(names) == 1 else 's'}"
    if not endpoint.name:
        return Checked(count)
    if any(name == endpoint.name or name.startswith(endpoint.name + "-") for name in names):
        return Checked(f"{count}, {endpoint.name} among them")
    hint = f": {suggestion(endpoint.name, names)}" if names else ""
    return Checked(f"{count}, but not {endpoint.name!r}{hint}", is_listed=False)


def price_for(spec: ModelSpec, prices: Mapping[str, Price] | None = None) -> Price | None:
    """What the model costs: the user's price, else nothing where nobody is paid (manual, replay, a server of one's
    own), else the packaged price; None when that is unknown."""
    if spec.kind not in SERVED:
        return FREE
    from llmopt.models.endpoint import is_local, url_of

    if is_local(url_of(spec)):
        return look_up(spec.name, prices or {}) or FREE
    return price_of(spec.name, prices)
