"""Which change a CI service asks about, as its environment says, and whose are not looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shop
from pull import Case

from llmopt.ci import events
from llmopt.errors import ProjectError, UsageError

A, B = "a" * 40, "b" * 40


def pull(head: str = "shop/shop", **more: Any) -> dict[str, Any]:
    base = {"ref": "main", "sha": A, "repo": {"full_name": "shop/shop"}}
    there = {"ref": "topic", "sha": B, "repo": {"full_name": head} if head else None}
    return {"pull_request": {"number": 7, "base": base, "head": there}, "sender": {"type": "User"}} | more


def environ(folder: Path, name: str, said: dict[str, Any], **more: str) -> dict[str, str]:
    file = folder / "event.json"
    file.write_text(json.dumps(said))
    found = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), "GITHUB_ACTOR": "ann"}
    return found | {"GITHUB_REPOSITORY": "shop/shop", "GITHUB_RUN_ID": "9", "GITHUB_RUN_ATTEMPT": "2"} | more


def test_a_pull_request_is_its_head_and_not_the_merge_that_is_checked_out(tmp_path: Path) -> None:
    asked = events.read(tmp_path, environ(tmp_path, "pull_request", pull()))
    assert (asked.base, asked.head, asked.number, asked.branch) == (A, B, 7, "topic")
    assert (asked.name, asked.run, asked.is_fork, asked.is_bot) == ("pull request #7", "9-2", False, False)


@pytest.mark.parametrize("head", ["mallory/shop", ""])
def test_another_repository_or_a_deleted_one_is_a_fork(tmp_path: Path, head: str) -> None:
    assert events.read(tmp_path, environ(tmp_path, "pull_request", pull(head))).is_fork


def test_a_push_is_what_came_after_what_was_there_and_a_new_branch_what_left_the_default_one(tmp_path: Path) -> None:
    said = {"before": A, "after": B, "ref": "refs/heads/topic", "repository": {"default_branch": "trunk"}}
    asked = events.read(tmp_path, environ(tmp_path, "push", said))
    assert (asked.base, asked.head, asked.branch, asked.number) == (A, B, "topic", None)
    new = events.read(tmp_path, environ(tmp_path, "push", said | {"before": "0" * 40}))
    assert new.base == "origin/trunk"


def test_a_merge_group_names_both_sides(tmp_path: Path) -> None:
    said = {"merge_group": {"base_sha": A, "head_sha": B}}
    asked = events.read(tmp_path, environ(tmp_path, "merge_group", said))
    assert (asked.base, asked.head) == (A, B)


def test_pull_request_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pull_request_target gives secrets"):
        events.read(tmp_path, environ(tmp_path, "pull_request_target", pull()))


def test_an_event_without_a_base_wants_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="schedule names no base"):
        events.read(tmp_path, environ(tmp_path, "schedule", {}))
    assert events.read(tmp_path, environ(tmp_path, "schedule", {}, GITHUB_SHA=B), base="v1").head == B


@pytest.mark.parametrize("said", [{}, {"pull_request": None}, {"pull_request": {"number": 7, "base": {}}}])
def test_an_event_that_is_not_whole_is_said_in_a_line(tmp_path: Path, said: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="pull_request in GITHUB_EVENT_PATH lacks"):
        events.read(tmp_path, environ(tmp_path, "pull_request", said))


def test_what_is_given_wins_over_what_the_event_says(tmp_path: Path) -> None:
    asked = events.read(tmp_path, environ(tmp_path, "pull_request", pull()), base="v1", head="v2")
    assert (asked.base, asked.head) == ("v1", "v2")


def test_a_merge_request_of_gitlab_is_compared_with_where_it_left(tmp_path: Path) -> None:
    said = {"GITLAB_CI": "true", "CI_COMMIT_SHA": B, "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": "0" * 40}
    merge = {"CI_MERGE_REQUEST_IID": "3", "CI_MERGE_REQUEST_DIFF_BASE_SHA": A}
    asked = events.read(tmp_path, said | merge)
    assert (asked.service, asked.name, asked.base, asked.head) == ("gitlab", "merge request !3", A, B)
    assert events.read(tmp_path, said | {"CI_COMMIT_BRANCH": "topic"}).base == "origin/main"
    assert events.read(tmp_path, said | merge | {"GITLAB_USER_LOGIN": "project_12_bot_a1"}).is_bot


def test_in_a_shell_a_branch_is_compared_with_main(case: Case) -> None:
    asked = events.read(case.repo, {})
    assert (asked.service, asked.base) == ("shell", "main")
    assert events.commits(case.repo, asked) == (case.base, case.head)


def test_what_the_base_has_since_got_is_no_part_of_the_change(case: Case) -> None:
    shop.git(case.repo, "checkout", "--quiet", "main")
    (case.repo / "README").write_text("More\n")
    shop.git(case.repo, "commit", "--quiet", "--all", "--message", "Later")
    asked = events.Asked("shell", "", "main", "topic")
    assert events.commits(case.repo, asked) == (case.base, case.head)


@pytest.mark.parametrize("missing", ["c" * 40, "--output=/etc/passwd"])
def test_a_commit_that_is_not_there_is_said_with_what_helps(case: Case, missing: str) -> None:
    with pytest.raises(ProjectError, match="fetch-depth: 0"):
        events.commits(case.repo, events.Asked("github", "", missing, "HEAD"))


def test_bots_and_commits_of_the_action_are_skipped(case: Case) -> None:
    ann, bot = (events.Asked("github", "", "main", "topic", actor=name, is_bot=bot) for name, bot in NAMES)
    assert events.why_skipped(case.repo, ann, case.head, bots=False) == ""
    assert "is a bot" in events.why_skipped(case.repo, bot, case.head, bots=False)
    assert events.why_skipped(case.repo, bot, case.head, bots=True) == ""
    shop.git(case.repo, "commit", "--quiet", "--allow-empty", "--message", "Speed up\n\nRun: r\n\nLlmopt-CI: commit")
    own = shop.git(case.repo, "rev-parse", "HEAD")
    assert "was made by llmopt" in events.why_skipped(case.repo, ann, own, bots=True)


NAMES = [("ann", False), ("renovate[bot]", True)]


def test_words_on_the_trailer_in_a_message_skip_nothing(case: Case) -> None:
    message = "Say what Llmopt-CI means\n\nLlmopt-CI: a trailer\n\nof commits."
    shop.git(case.repo, "commit", "--quiet", "--allow-empty", "--message", message)
    ann = events.Asked("github", "", "main", "topic")
    assert events.why_skipped(case.repo, ann, shop.git(case.repo, "rev-parse", "HEAD"), bots=False) == ""
