"""Replies of a model that are no good: each ends as a verdict that says why, and touches nothing of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import shop
from model_server import Answer, ModelServer
from shop import WRONG, git, llmopt

LINE = "    seen = []"
ESCAPES = "\x1b]0;owned\x07\x1b[31m"


def block(path: str, search: str, replace: str) -> str:
    """A reply with one edit."""
    fence = f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE"
    return f"{ESCAPES}This is faster.\n\n{path}\n```python\n{fence}\n```\n"


@dataclass(frozen=True)
class Bad:
    """A reply, the stage that turns it down and what the reason must say. `asked_again`: the model may correct it."""

    reply: str
    stage: str
    reason: str
    asked_again: bool = False


BAD = {
    "prose": Bad("A dict would be faster here, I think.", "apply", "holds no edit", True),
    "empty": Bad("", "apply", "holds no edit", True),
    "absolute path": Bad(block("/etc/hosts.py", "x", "y"), "apply", "outside the repository", True),
    "parent folder": Bad(block("../outside.py", "x = 1", "x = 2"), "apply", "outside the repository", True),
    "tests": Bad(block("tests/test_orders.py", "    assert total(ORDERS) == 15", "    pass"), "guard", "tests"),
    "conftest": Bad(block("conftest.py", "", "collect_ignore = ['tests']"), "guard", "conftest.py"),
    "pyproject": Bad(block("pyproject.toml", 'version = "1.0"', 'version = "2"'), "guard", "pyproject.toml"),
    "workload": Bad(block("bench.py", "    print(len(report(ORDERS)))", "    print(900)"), "guard", "the workload"),
    "sitecustomize": Bad(block("sitecustomize.py", "", "import os"), "guard", "sitecustomize.py"),
    "linked file": Bad(block("shop/link.py", "x = 1", "x = 2"), "apply", "symbolic link", True),
    "linked folder": Bad(block("linked/outside.py", "x = 1", "x = 2"), "apply", "symbolic link", True),
    "does not parse": Bad(block("shop/orders.py", LINE, "    seen = ["), "apply", "would not parse", True),
    "only comments": Bad(block("shop/orders.py", LINE, f"{LINE}  # so far"), "duplicate", "but comments"),
    "applies to nothing": Bad(block("shop/orders.py", "    not there", "    x"), "apply", "is not in", True),
    "search is replace": Bad(block("shop/orders.py", LINE, LINE), "apply", "changes nothing", True),
    "wrong": Bad(WRONG, "calls", "differs from the base in result"),
    "wrong again": Bad(WRONG.replace("return sorted", "# sorted\n    return sorted"), "duplicate", "tried before"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run in which the model gives all the bad replies, those that it may correct twice."""
    folder = tmp_path_factory.mktemp("replies")
    repo = shop.repository(folder / "shop")
    (folder / "outside.py").write_text("x = 1\n")
    (repo / "shop" / "link.py").symlink_to("../../outside.py")
    (repo / "linked").symlink_to("..")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", "Links")
    before = shop.state(repo)
    replies = [Answer(bad.reply) for bad in BAD.values() for _ in range(1 + bad.asked_again)]
    with ModelServer(replies) as server:
        done = llmopt(
            repo,
            *("optimize", "--workload", "bench.py", "--no-rules", "--function", "customers", "--verbose"),
            *("--attempts", len(BAD), "--model", f"openai:local-model@{server.url}/v1", "--json"),
            NO_PROXY="*",
        )
        left = len(server.answers)
    shown = llmopt(repo, "show")
    return {"done": done, "left": left, "shown": shown, "states": (before, shop.state(repo)), "folder": folder}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_reply_is_turned_down_with_the_reason(run: dict[str, Any], name: str) -> None:
    rejected = run["done"].json["rejected"]
    assert len(rejected) == len(BAD)
    verdict = rejected[[*BAD].index(name)]
    assert BAD[name].stage == verdict["stage"] or (BAD[name].stage, verdict["stage"]) == ("tests", "output"), verdict
    assert BAD[name].reason in verdict["reason"]


def test_a_run_of_bad_replies_keeps_nothing_and_ends_with_3(run: dict[str, Any]) -> None:
    assert run["done"].code == 3, run["done"].err
    assert run["done"].json["accepted"] == []
    assert run["left"] == 0


def test_bad_replies_leave_the_checkout_and_what_lies_beside_it_alone(run: dict[str, Any]) -> None:
    before, after = run["states"]
    assert before == after
    assert (run["folder"] / "outside.py").read_text() == "x = 1\n"


def test_terminal_escapes_of_a_reply_are_not_printed(run: dict[str, Any]) -> None:
    assert "This is faster." in run["done"].err
    assert "This is faster." in run["shown"].out
    assert "\x1b" not in run["done"].err + run["shown"].out
