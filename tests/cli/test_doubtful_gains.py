"""Edits that look faster without being so: each is turned down or put aside, for the right reason, by a real run.

They are written for `customers` of the shop, whose workload is repeated in one process with equal orders.
"""

from __future__ import annotations

from typing import Any

import pytest
import shop
from model_server import Answer, ModelServer
from shop import DECLINE, GOOD, git, llmopt

pytestmark = pytest.mark.slow
START = '"""Orders of a shop."""\n'
BODY = """    seen = []
    for order in orders:
        if order["customer"] not in seen:
            seen.append(order["customer"])
    return seen"""

# It does not get faster; it only makes the clocks of its process stand still.
CLOCK = (
    "import time\n\nfor name in ('perf_counter', 'monotonic', 'time', 'process_time'):\n"
    "    time.__dict__[name] = lambda: 0.0\n",
    BODY.replace("    return seen", "    return list(seen)"),
)
# Equal orders come again and again, and only then it pays.
CACHED = (
    "_known = {}\n",
    '    key = repr([order["customer"] for order in orders])\n    if key in _known:\n        return list(_known[key])\n'
    + BODY.replace("    return seen", "    _known.clear()\n    _known[key] = seen\n    return list(seen)"),
)
# What the workload will ask for is worked out beforehand.
MOVED = (
    """_names = ["customer %d" % (number % 1500) for number in range(9000)]
_ready = []
for _name in _names:
    if _name not in _ready:
        _ready.append(_name)
""",
    '    orders = list(orders)\n    if len(orders) == 9000 and [each["customer"] for each in orders] == _names:\n'
    "        return list(_ready)\n" + BODY,
)


def reply(edit: tuple[str, str], plan: str) -> str:
    """A reply that puts one text below the module's docstring, and another in place of the function's body."""
    top, body = edit
    fence = "<<<<<<< SEARCH\n{}\n=======\n{}\n>>>>>>> REPLACE\n"
    blocks = fence.format(START.strip(), f"{START}\n{top}") + fence.format(BODY, body)
    return f"{plan}\n\nshop/orders.py\n```python\n{blocks}```\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run with the three of them, then with a gain that is real."""
    repo = shop.repository(tmp_path_factory.mktemp("doubtful") / "shop")
    edits = {"clock": CLOCK, "cached": CACHED, "moved": MOVED}
    replies = [reply(edit, name) for name, edit in edits.items()]
    # Longer than the shop's own, so that the first repetition can be told from the noise of a busy machine.
    longer = (repo / "bench.py").read_text().replace("range(4000)", "range(9000)").replace("% 900", "% 1500")
    (repo / "bench.py").write_text(longer)
    git(repo, "commit", "--all", "--quiet", "--message", "More orders")
    with ModelServer([Answer(text) for text in (*replies, GOOD, DECLINE, DECLINE, DECLINE)]) as server:
        done = llmopt(
            repo,
            *("optimize", "--workload", "bench.py", "--no-rules", "--function", "customers", "--verbose"),
            *("--attempts", 5, "--model", f"openai:local-model@{server.url}/v1", "--json"),
            NO_PROXY="*",
        )
    return {"repo": repo, "done": done, "shown": llmopt(repo, "show")}


def reasons(run: dict[str, Any]) -> list[str]:
    return [f"{each['stage']}: {each['reason']}" for each in run["done"].json["rejected"]]


def test_stopped_clocks_change_nothing(run: dict[str, Any]) -> None:
    """The guard may see it first; where it does not, the clock is the parent's."""
    reason = reasons(run)[0]
    assert "guard: " in reason or "would not show" in reason or "not shown" in reason, run["done"].err


def test_a_cache_across_repetitions_is_put_aside(run: dict[str, Any]) -> None:
    assert "the gain shows only from the second repetition in a process on" in reasons(run)[1], run["done"].err
    aside = run["done"].json["put_aside"]
    assert [each["function"] for each in aside][:1] == ["shop/orders.py::customers"]
    assert "_known" in git(run["repo"], "show", aside[0]["commit"])


def test_work_moved_to_import_is_put_aside(run: dict[str, Any]) -> None:
    assert "work was moved to import or set-up" in reasons(run)[2], run["done"].err


def test_a_real_gain_is_kept_after_them(run: dict[str, Any]) -> None:
    result = run["done"].json
    assert run["done"].code == 0, run["done"].err
    assert [each["function"] for each in result["accepted"]] == ["shop/orders.py::customers"]
    assert result["speedup"] > 2


def test_the_log_says_what_was_put_aside_and_where_it_is(run: dict[str, Any]) -> None:
    assert "put aside at confirmation: " in run["done"].err
    assert "put aside" in run["shown"].out
