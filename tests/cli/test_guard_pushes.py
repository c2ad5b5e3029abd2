"""`llmopt guard` on a real repository with a real remote, as a person and as pre-commit calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop
from shop import git, llmopt

WORK = "def work():\n    return sum(i * i for i in range({size}))\n"
RUN = "import sys\nsys.path.insert(0, '.')\nfrom app import work\n\nprint(work() > 0)\n"
FAST = ("--workload", "run.py")


def commit(repo: Path, size: int) -> None:
    (repo / "app.py").write_text(WORK.format(size=size))
    git(repo, "commit", "--quiet", "--all", "--message", f"{size}")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = shop.repository(tmp_path / "app", {"app.py": WORK.format(size=300_000), "run.py": RUN})
    git(folder, "init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    git(folder, "remote", "add", "origin", str(tmp_path / "remote.git"))
    return folder


def test_a_branch_without_upstream_has_nothing_to_compare(repo: Path) -> None:
    done = llmopt(repo, "guard", *FAST)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    assert "nothing to compare: this branch has no upstream" in done.out


def test_what_the_upstream_has_already_is_not_measured(repo: Path) -> None:
    git(repo, "push", "--quiet", "--set-upstream", "origin", "main")
    git(repo, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    done = llmopt(repo, "guard", *FAST)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    assert "has the files of" in done.out


@pytest.mark.slow
def test_code_slower_than_the_upstream_exits_with_4_and_the_interval(repo: Path) -> None:
    git(repo, "push", "--quiet", "--set-upstream", "origin", "main")
    commit(repo, 900_000)
    done = llmopt(repo, "guard", *FAST)
    assert done.code == 4, done.err
    assert "slower: 0." in done.out
    assert "[0." in done.out


@pytest.mark.slow
def test_the_commits_that_pre_commit_names_win_over_the_upstream(repo: Path) -> None:
    commit(repo, 100_000)
    refs = {
        "PRE_COMMIT_FROM_REF": git(repo, "rev-parse", "HEAD~1"),
        "PRE_COMMIT_TO_REF": git(repo, "rev-parse", "HEAD"),
    }
    done = llmopt(repo, "guard", *FAST, "--json", **refs)
    assert (done.code, done.json["verdict"]) == (0, "faster"), done.err
    assert done.json["head"]["commit"] == refs["PRE_COMMIT_TO_REF"]
