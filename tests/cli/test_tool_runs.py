"""`llmopt optimize` with a model that looks before it edits: each tool is called once, then an edit is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shop
from model_server import Answer, ModelServer
from shop import DECLINE, GOOD, answers, llmopt

FAST = ("--workload", "bench.py", "--no-rules", "--function", "customers")
EVERY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sources", {"names": "shop/orders.py::total, report"}),
    ("read", {"path": "shop/orders.py", "first": 4, "last": 10}),
    ("search", {"pattern": r"customers\(", "glob": "*.py"}),
    ("callers", {"function": "shop/orders.py::customers"}),
    ("callees", {"function": "report"}),
    ("profile_lines", {"function": "customers"}),
    ("run", {"code": "from shop.orders import total\nprint('sum', total([{'amount': 3}, {'amount': 4}]))"}),
    ("try_edit", {"edits": GOOD}),
)


def results(body: dict[str, Any]) -> list[str]:
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop")


@pytest.mark.slow
def test_each_tool_tells_what_it_should_and_the_edit_is_kept(repo: Path) -> None:
    with ModelServer(
        [Answer("I look first.", calls=EVERY), *map(Answer, ("1. One pass over a dict.", GOOD, *[DECLINE] * 4))]
    ) as server:
        done = llmopt(
            repo,
            "optimize",
            *FAST,
            "--model",
            f"openai:m@{server.url}",
            "--effort",
            "high",
            "--attempts",
            "1",
            "--json",
        )
        asked = [request.body for request in server.asked()]
    assert done.code == 0, done.err
    assert [tool["function"]["name"] for tool in asked[0]["tools"]] == [name for name, _ in EVERY]
    told = results(asked[1])
    assert len(told) == len(EVERY), told
    sources, read, search, callers, callees, lines, run, tried = told
    assert "def total(orders):" in sources
    assert "shop/orders.py::report, lines " in sources
    assert "    seen = []\n    for order in orders:" in read
    assert "shop/orders.py:4:def customers(orders):" in search
    assert "by name: shop/orders.py::report" in callers
    assert "by name: tests/test_orders.py::test_customers_keep_their_order" in callers
    assert "by name: shop/orders.py::total" in callees
    assert "4000x" in lines
    assert 'if order["customer"] not in seen:' in lines
    assert "sum 7\n(exit code 0" in run
    for said in ("it passes", "recorded calls of 1 function", "1 of 1 workloads print", "times as fast, the whole run"):
        assert said in tried


LOOK = """Who else calls it?

```tool
callers {"function": "shop/orders.py::customers"}
```
```tool
run
from shop.orders import customers
print(customers([{"customer": "b"}, {"customer": "a"}]))
```
"""


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_somebody_behind_manual_calls_tools_in_plain_text_and_the_transcript_replays_them(
    repo: Path, tmp_path: Path
) -> None:
    recorded = tmp_path / "t.jsonl"
    model = answers(tmp_path / "m", LOOK, GOOD)
    done = llmopt(repo, "optimize", *FAST, "--model", model, "--record", recorded, "--attempts", "1", "--json")
    assert done.code == 0, done.err
    second = (tmp_path / "m" / "002-request.md").read_text()
    assert "tools=1" in second.split("\n")[0]
    assert "by name: shop/orders.py::report" in second
    assert "['b', 'a']" in second
    again = llmopt(repo, "optimize", *FAST, "--model", f"replay:{recorded}", "--attempts", "1", "--json")
    assert again.code == 0, again.err
    assert again.json["accepted"][0]["function"] == done.json["accepted"][0]["function"]


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_second_run_on_the_same_code_calls_the_tools_again_and_asks_nothing(repo: Path, tmp_path: Path) -> None:
    model = answers(tmp_path / "m", LOOK, GOOD)
    done = llmopt(repo, "optimize", *FAST, "--model", model, "--attempts", "1", "--json")
    assert done.code == 0, done.err
    assert done.json["tokens"] > 0
    again = llmopt(repo, "optimize", *FAST, "--model", model, "--attempts", "1", "--json")
    assert again.code == 0, again.err
    assert again.json["tokens"] == 0
    assert len(again.json["accepted"]) == 1


@pytest.mark.slow
def test_a_dry_run_shows_the_tools_that_would_be_offered(repo: Path, tmp_path: Path) -> None:
    shown = llmopt(repo, "optimize", *FAST, "--model", f"manual:{tmp_path / 'm'}", "--dry-run")
    assert shown.code == 0, shown.err
    assert "----- tools it may call" in shown.out
    for name, _ in EVERY:
        assert f"\n{name} {{" in shown.out
    low = llmopt(
        repo, "optimize", *FAST, "--model", f"manual:{tmp_path / 'm'}", "--dry-run", "--json", "--effort", "low"
    )
    assert low.json["requests"][0]["tools"] == []
