"""Tokens to money."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from llmopt.data import Conversation, Message, Usage
from llmopt.errors import UsageError
from llmopt.models.prices import Price, cost, estimate_input, estimate_tokens, packaged, price_of, read_prices

PRICE = Price(input=2.0, output=10.0, cached=0.2, written=2.5, above=1000, above_input=2.0, above_output=1.5)


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("gpt-5.6-terra", "gpt-5.6-terra"),
        ("claude-opus-5-5-latest", "claude-opus-5-5"),
    ],
)
def test_a_model_and_its_snapshots_have_the_longest_fitting_price(name: str, listed: str) -> None:
    assert price_of(name) == packaged()[listed]


@pytest.mark.parametrize("name", ["gpt-5-ultra", "claude-opus-5-7", "gpt-55", "claude", "local-model", ""])
def test_another_model_with_the_same_beginning_has_no_price(name: str) -> None:
    assert price_of(name) is None


def test_the_users_price_wins_even_over_a_longer_packaged_name() -> None:
    mine = Price(1.0, 1.0, 1.0, 1.0)
    assert price_of("gpt-5-2025-08-07", {"gpt-5": mine}) == mine
    assert price_of("my-model", {"my-model": mine}) == mine


def test_the_packaged_prices_are_plausible_and_dated() -> None:
    text = files("llmopt.models").joinpath("prices.toml").read_text(encoding="utf-8")
    assert "# As of 20" in text
    assert len(packaged()) == len(tomllib.loads(text)) > 40
    for name, price in packaged().items():
        assert 0 < price.cached <= price.input < price.output, name


def test_cached_and_written_tokens_have_their_own_price() -> None:
    usage = Usage(input_tokens=900, cached_tokens=500, output_tokens=100)
    assert cost(usage, PRICE, written_tokens=300) == pytest.approx((100 * 2 + 500 * 0.2 + 300 * 2.5 + 100 * 10) / 1e6)


def test_a_long_prompt_costs_more_as_a_whole() -> None:
    at, over = Usage(input_tokens=1000, output_tokens=10), Usage(input_tokens=1001, output_tokens=10)
    assert cost(at, PRICE) == pytest.approx((1000 * 2 + 100) / 1e6)
    assert cost(over, PRICE) == pytest.approx((1001 * 4 + 150) / 1e6)


def test_an_unknown_price_costs_nothing_shown() -> None:
    assert cost(Usage(input_tokens=5), None) == 0.0


def test_a_price_of_the_user_may_leave_out_the_cache() -> None:
    (price,) = read_prices({"m": {"input": 4, "output": 8}}, "pyproject.toml").values()
    assert (price.input, price.cached, price.written, price.output) == (4.0, 4.0, 5.0, 8.0)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"input": 1}, "'output' is missing"),
        ({"input": 1, "output": "2"}, "output is '2', not a number"),
        ({"input": -1, "output": 2}, "input is -1"),
        ({"input": float("nan"), "output": 2}, "input is nan"),
        ({"input": True, "output": 2}, "input is True"),
        ({"input": 1, "output": 2, "cache": 1}, "unknown key 'cache'"),
        (3, "not a table"),
    ],
)
def test_a_wrong_price_is_told_with_its_place(table: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_prices({"m": table}, "tool.llmopt.prices")
    assert 'tool.llmopt.prices: "m"' in caught.value.message
    assert message in caught.value.message


def test_estimates_grow_with_the_bytes_and_count_each_message() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("x" * 1000) == 400
    assert estimate_tokens("漢" * 100) > 100
    one = estimate_input(Conversation((Message("user", "x" * 1000),), "s"))
    two = estimate_input(Conversation((Message("user", "x" * 500), Message("user", "x" * 500)), "s"))
    assert 400 < one < two
