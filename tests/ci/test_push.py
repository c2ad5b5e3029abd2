"""Kept edits as commits that GitHub makes: what is pushed is what was judged, and nobody's work is overwritten."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shop
from pull import FAST, SLOW, Case

from llmopt import git
from llmopt.ci import events, push
from llmopt.ci.events import Asked
from llmopt.ci.github import GitHubError
from llmopt.errors import LlmoptError

ASKED = Asked("github", "pull request #7", "main", "topic", 7, "topic", "shop/shop")


def on(case: Case, branch: str) -> list[str]:
    """The texts of app.py on a branch, newest first, down to the change's base."""
    commits = case.hub.git("rev-list", f"{case.base}..{branch}").split()
    return [case.hub.git("show", f"{commit}:app.py") + "\n" for commit in commits]


def test_an_edit_is_committed_on_the_branch_with_its_message_and_the_trailer(case: Case) -> None:
    pushed = push.push(case.github, case.repo, ASKED, case.result(mode="commit"))
    assert on(case, "topic") == [FAST, SLOW]
    assert "Committed on `topic`" in pushed.text
    message = case.hub.git("log", "-1", "--format=%B", "topic")
    assert message.startswith("Speed up app.py: 9.10x\n\nRun: r (llmopt)")
    assert message.strip().endswith("\n\nLlmopt-CI: commit")


def test_its_commit_is_known_as_its_own_in_the_next_run(case: Case) -> None:
    push.push(case.github, case.repo, ASKED, case.result(mode="commit"))
    shop.git(case.repo, "fetch", "--quiet", str(case.hub.repository), "topic")
    tip = shop.git(case.repo, "rev-parse", "FETCH_HEAD")
    assert "was made by llmopt" in events.why_skipped(case.repo, ASKED, tip, bots=False)


def test_a_branch_that_has_moved_on_is_left_alone(case: Case) -> None:
    other = git.commit_files(case.hub.repository, case.head, {"README": b"More\n"}, "Later")
    case.hub.git("update-ref", "refs/heads/topic", other)
    with pytest.raises(GitHubError, match="topic has moved on"):
        push.push(case.github, case.repo, ASKED, case.result(mode="commit"))
    assert case.hub.git("rev-parse", "topic") == other


def test_a_pull_request_onto_the_branch_is_made_once_and_then_renewed(case: Case) -> None:
    first = push.push(case.github, case.repo, ASKED, case.result(mode="pull-request"))
    second = push.push(case.github, case.repo, ASKED, case.result(mode="pull-request"))
    [made] = [each for number, each in case.hub.state.pulls.items() if number != 7]
    assert (made["head"]["ref"], made["base"]["ref"]) == ("llmopt/ci-7", "topic")
    assert f"#{made['number']}, onto" in first.text
    assert f"#{made['number']}, renewed" in second.text
    assert on(case, "llmopt/ci-7") == [FAST, SLOW]
    assert case.hub.git("rev-parse", "topic") == case.head


def test_a_person_s_commit_on_its_branch_is_not_overwritten(case: Case) -> None:
    push.push(case.github, case.repo, ASKED, case.result(mode="pull-request"))
    tip = case.hub.git("rev-parse", "llmopt/ci-7")
    other = git.commit_files(case.hub.repository, tip, {"README": b"More\n"}, "A person's")
    case.hub.git("update-ref", "refs/heads/llmopt/ci-7", other)
    with pytest.raises(LlmoptError, match="it was left alone"):
        push.push(case.github, case.repo, ASKED, case.result(mode="pull-request"))
    assert case.hub.git("rev-parse", "llmopt/ci-7") == other


def test_each_edit_is_a_commit_and_modes_new_and_removed_files_stay_what_they_are(case: Case) -> None:
    (case.repo / "run.sh").write_text("#!/bin/sh\n")
    (case.repo / "run.sh").chmod(0o755)
    shop.git(case.repo, "add", "--all")
    shop.git(case.repo, "rm", "--quiet", "README")
    (case.repo / "new").mkdir()
    (case.repo / "new" / "b.py").write_text("x = 1\n")
    shop.git(case.repo, "add", "--all")
    shop.git(case.repo, "commit", "--quiet", "--message", "One")
    (case.repo / "run.sh").write_text("#!/bin/sh\ntrue\n")
    shop.git(case.repo, "commit", "--quiet", "--all", "--message", "Two")
    final = shop.git(case.repo, "rev-parse", "HEAD")
    result = case.result(mode="commit", search=case.search(commit=final))
    push.push(case.github, case.repo, ASKED, result)
    assert case.hub.git("rev-parse", "topic^{tree}") == git.tree_of(case.repo, final)
    assert case.hub.git("log", "--format=%s", f"{case.head}..topic").splitlines() == ["Two", "One"]


def test_a_change_without_a_branch_takes_no_commits(case: Case) -> None:
    with pytest.raises(LlmoptError, match="names no branch"):
        push.push(case.github, case.repo, replace(ASKED, branch=""), case.result(mode="commit"))
