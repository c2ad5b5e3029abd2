"""Tokens to money: a model's name in, its price out; a call's token use and a price in, US dollars out.

Prices are USD per million tokens. The packaged table is `prices.toml`; `[tool.llmopt.prices."NAME"]` overrides it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil

from llmopt.data import Conversation, Message, Usage
from llmopt.errors import UsageError

# Both providers that charge for writing their cache charge a quarter more than for plain input.
WRITE_FACTOR = 1.25

# Bytes of UTF-8 per token, leaning to too many tokens. Code and English give 3 to 4 bytes with most tokenizers; the one
# of Claude 4.7 and later makes about 30 % more tokens of the same text (platform.claude.com, Haiku 5.5 overview).
BYTES_PER_TOKEN = 2.5
# The role and the delimiters around each message, which every API counts too.
TOKENS_PER_MESSAGE = 8

# What may follow a listed name and still be the same model: a dated snapshot or "latest". Anything else
# ("claude-opus-5-7" after "claude-opus-5") is another model, and a wrong price is worse than an unknown one.
SNAPSHOT = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)")


@dataclass(frozen=True)
class Price:
    """USD per million tokens: plain input, input read from the cache, input written to the cache, output.

    A prompt longer than `above` tokens is charged whole at `above_input` and `above_output` times these.
    """

    input: float
    output: float
    cached: float
    written: float
    above: int | None = None
    above_input: float = 1.0
    above_output: float = 1.0


FREE = Price(0.0, 0.0, 0.0, 0.0)


def price_of(name: str, overrides: Mapping[str, Price] | None = None) -> Price | None:
    """The price of the model called `name`, the user's first; None when neither the user nor the table knows it."""
    return look_up(name, overrides or {}) or look_up(name, packaged())


def look_up(name: str, table: Mapping[str, Price]) -> Price | None:
    """The price under the longest name in `table` that is `name` or what `name` is a snapshot of."""
    fitting = [known for known in table if name == known or is_snapshot(name, known)]
    return table[max(fitting, key=len)] if fitting else None


def is_snapshot(name: str, known: str) -> bool:
    return name.startswith(known) and SNAPSHOT.fullmatch(name, len(known)) is not None


@cache
def packaged() -> dict[str, Price]:
    text = files("llmopt.models").joinpath("prices.toml").read_text(encoding="utf-8")
    return read_prices(tomllib.loads(text), "prices.toml")


def read_prices(tables: Mapping[str, object], where: str) -> dict[str, Price]:
    """Prices by model name from TOML tables as in prices.toml; `where` names them in errors (UsageError)."""
    return {name: read_price(table, f'{where}: "{name}"') for name, table in tables.items()}


def read_price(table: object, where: str) -> Price:
    if not isinstance(table, Mapping):
        raise UsageError(f"{where} is not a table of prices", "write input = USD and output = USD per million tokens")
    if unknown := set(table) - set(Price.__annotations__):
        raise UsageError(f"{where}: unknown key {min(unknown)!r}", f"known are {', '.join(Price.__annotations__)}")
    given = {key: amount(value, f"{where}: {key}") for key, value in table.items()}
    if missing := {"input", "output"} - set(given):
        raise UsageError(f"{where}: {min(missing)!r} is missing", "prices are USD per million tokens")
    return Price(
        input=given["input"],
        output=given["output"],
        cached=given.get("cached", given["input"]),
        written=given.get("written", given["input"] * WRITE_FACTOR),
        above=int(given["above"]) if "above" in given else None,
        above_input=given.get("above_input", 1.0),
        above_output=given.get("above_output", 1.0),
    )


def amount(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise UsageError(f"{where} is {value!r}, not a number of at least 0", "prices are USD per million tokens")
    return float(value)


def cost(usage: Usage, price: Price | None, written_tokens: int = 0) -> float:
    """US dollars of one call; `written_tokens` is the part of its input that the API wrote to its cache.

    0.0 for an unknown price: what cannot be known is shown as tokens, not as a guess.
    """
    if price is None:
        return 0.0
    plain = max(0, usage.input_tokens - usage.cached_tokens - written_tokens)
    input_usd = plain * price.input + usage.cached_tokens * price.cached + written_tokens * price.written
    is_long = price.above is not None and usage.input_tokens > price.above
    in_factor, out_factor = (price.above_input, price.above_output) if is_long else (1.0, 1.0)
    return (input_usd * in_factor + usage.output_tokens * price.output * out_factor) / 1_000_000


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, leaning to too many: no tokenizer of a provider can be had offline."""
    return ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def estimate_input(conversation: Conversation) -> int:
    """The same for a whole request, with the tools that it offers."""
    offered = sum(estimate_tokens(f"{each.name}{each.about}{json.dumps(each.schema)}") for each in conversation.tools)
    return offered + sum(map(_estimate_message, conversation.messages))


def _estimate_message(message: Message) -> int:
    parts = [message.text, *(call.name + call.arguments for call in message.calls)]
    parts += [result.text for result in message.results]
    return sum(map(estimate_tokens, parts)) + TOKENS_PER_MESSAGE * (len(parts))
