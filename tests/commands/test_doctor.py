"""`llmopt doctor` on real repositories: what it says is what is there."""

from __future__ import annotations

from pathlib import Path

import shop


def test_work_that_is_not_committed_is_said_beside_the_users_own_commit(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    head = shop.git(repo, "rev-parse", "HEAD")[:10]
    clean = shop.llmopt(repo, "doctor", "--workload", "bench.py")
    assert f"ok   repository: {repo} at {head}\n" in clean.out
    assert "ok   tests: 5 pass in " in clean.out
    (repo / "shop" / "more.py").write_text("x = 1\n")
    dirty = shop.llmopt(repo, "doctor", "--workload", "bench.py")
    assert f"ok   repository: {repo} at {head} with uncommitted work\n" in dirty.out
