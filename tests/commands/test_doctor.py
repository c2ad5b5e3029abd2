"""`llmopt doctor` on real repositories: what it says is what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shop
from model_server import ModelServer


def test_a_model_that_its_server_does_not_list_is_warned_of(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    with ModelServer() as server:
        said = shop.llmopt(repo, "doctor", "--workload", "bench.py", "--model", f"openai:gpt-7@{server.url}")
    assert said.code == 0
    assert re.search(r"^warn model: .* answers and asks for no key; it lists 5 models, but not 'gpt-7'", said.out, re.M)


@pytest.mark.slow
def test_work_that_is_not_committed_is_said_beside_the_users_own_commit(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    head = shop.git(repo, "rev-parse", "HEAD")[:10]
    clean = shop.llmopt(repo, "doctor", "--workload", "bench.py")
    assert f"ok   repository: {repo} at {head}\n" in clean.out
    assert "ok   tests: 5 pass in " in clean.out
    (repo / "shop" / "more.py").write_text("x = 1\n")
    dirty = shop.llmopt(repo, "doctor", "--workload", "bench.py")
    assert f"ok   repository: {repo} at {head} with uncommitted work\n" in dirty.out
