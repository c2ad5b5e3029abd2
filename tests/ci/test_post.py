"""What is put on a pull request: one comment, suggestions once, budgets that add up, nothing by a stranger's word."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pull import FAST, SLOW, Case

from llmopt.ci import budget, comment, post
from llmopt.ci.budget import Spent
from llmopt.ci.github import GitHub, GitHubError
from llmopt.errors import UsageError


def bodies(case: Case) -> list[str]:
    return [each["body"] for each in case.hub.state.comments.values()]


def test_the_first_run_comments_and_the_next_renews_that_comment(case: Case) -> None:
    first = post.post(case.github, 7, case.result(), "default", "1-1", suggest=False)
    second = post.post(case.github, 7, case.result(guard=None), "default", "2-1", suggest=False)
    assert (first.created, second.created, second.comment) == (True, False, first.comment)
    [body] = bodies(case)
    assert "slower" not in body


def test_a_comment_is_found_behind_a_hundred_others(case: Case) -> None:
    for number in range(120):
        case.hub.state.comments[number] = {"id": number, "issue": 7, "body": f"{number}", "user": {"login": "ann"}}
    post.post(case.github, 7, case.result(), "default", "1-1", suggest=False)
    assert not post.post(case.github, 7, case.result(), "default", "1-1", suggest=False).created


def test_a_person_s_comment_that_bears_the_mark_is_left_alone_and_its_numbers_are_not_believed(case: Case) -> None:
    forged = f"{comment.mark('default')}\n{budget.hidden(Spent())}"
    case.hub.state.comments[1] = {"id": 1, "issue": 7, "body": forged, "user": {"login": "mallory", "type": "User"}}
    assert post.post(case.github, 7, case.result(), "default", "1-1", suggest=False).created
    assert case.hub.state.comments[1]["body"] == forged
    assert post.spent(case.github, 7, "default").tokens == 100


def test_each_name_has_a_comment_of_its_own(case: Case) -> None:
    for name in ("api", "web", "api"):
        post.post(case.github, 7, case.result(), name, "1-1", suggest=False)
    assert len(bodies(case)) == 2


def test_what_all_runs_spent_is_kept_in_the_comment_and_a_run_counts_once(case: Case) -> None:
    for run in ("1-1", "1-1", "2-1"):
        post.post(case.github, 7, case.result(), "default", run, suggest=False)
    spent = post.spent(case.github, 7, "default")
    assert (spent.tokens, spent.cost_usd) == (200, 1.0)
    assert budget.left(spent, 1.5, None) == (0.5, None)
    assert budget.used_up(spent, 1.0, None)
    assert not budget.used_up(spent, None, None)


def test_the_suggestion_is_on_the_lines_that_differ_and_makes_the_faster_code(case: Case) -> None:
    posted = post.post(case.github, 7, case.result(), "default", "1-1", suggest=True)
    assert (posted.suggested, posted.kept, posted.notice) == (1, 0, "")
    [review] = case.hub.state.reviews
    [each] = review["comments"]
    lines = SLOW.splitlines()
    lines[each["start_line"] - 1 : each["line"]] = suggested(each["body"])
    assert lines == FAST.splitlines()
    assert "`seen` becomes a set".replace("`", "\\`") in each["body"]


def suggested(body: str) -> list[str]:
    found = re.search(r"^```suggestion\n(.*?)^```$", body, re.DOTALL | re.MULTILINE)
    assert found
    return found[1].splitlines()


def test_what_is_suggested_already_is_not_suggested_again(case: Case) -> None:
    for _ in range(2):
        posted = post.post(case.github, 7, case.result(), "default", "1-1", suggest=True)
    assert (posted.suggested, posted.kept, len(case.hub.state.reviews)) == (0, 1, 1)


def test_a_suggestion_that_no_longer_holds_is_taken_back_unless_somebody_answered(case: Case) -> None:
    post.post(case.github, 7, case.result(), "default", "1-1", suggest=True)
    [name] = case.hub.state.review_comments
    answer = {"id": 1, "pull": 7, "in_reply_to_id": name, "body": "why?", "user": {"login": "ann"}}
    case.hub.state.review_comments[1] = answer
    post.post(case.github, 7, case.result(search=None), "default", "2-1", suggest=True)
    assert name in case.hub.state.review_comments
    post.post(case.github, 7, case.result(search=case.search(groups=())), "default", "2-1", suggest=True)
    del case.hub.state.review_comments[1]
    post.post(case.github, 7, case.result(search=case.search(groups=())), "default", "2-1", suggest=True)
    assert not case.hub.state.review_comments


def test_an_edit_outside_of_the_diff_is_in_the_comment_and_no_suggestion(case: Case) -> None:
    case.hub.state.pulls[7]["head"]["sha"] = case.base  # a diff that shows nothing
    posted = post.post(case.github, 7, case.result(), "default", "1-1", suggest=True)
    assert (posted.suggested, case.hub.state.reviews) == (0, [])
    assert "+    seen = set()" in bodies(case)[0]


def test_suggestions_that_github_refuses_do_not_cost_the_comment(case: Case) -> None:
    result = case.result()
    moved = result.model_copy(update={"change": result.change.model_copy(update={"head": case.base})})
    posted = post.post(case.github, 7, moved, "default", "1-1", suggest=True)
    assert "did not take the suggestions" in posted.notice
    assert "did not take the suggestions" in bodies(case)[0]


@pytest.mark.parametrize(("token", "said"), [("ghs_read", "permission that docs/ci.md"), ("wrong", "not valid")])
def test_a_token_that_may_not_write_gives_one_line_with_advice_and_without_the_token(
    case: Case, token: str, said: str
) -> None:
    hub = GitHub(case.hub.name, token, case.hub.url)
    with pytest.raises(GitHubError) as refused:
        post.post(hub, 7, case.result(), "default", "1-1", suggest=False)
    assert said in str(refused.value)
    assert token not in str(refused.value)


# --- forks -----------------------------------------------------------------------------------------------------


def workflow_run(case: Case, **more: Any) -> dict[str, Any]:
    run = {
        "head_sha": case.head,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": "mallory"}},
        "pull_requests": [],
    }
    return {"workflow_run": run | more}


def test_the_pull_request_of_a_fork_is_the_one_that_github_knows_whatever_the_result_claims(case: Case) -> None:
    case.hub.open_pull(8, "main", "topic", owner="mallory")
    assert post.of_workflow_run(case.github, workflow_run(case), claimed=7) == 8
    assert post.of_workflow_run(case.github, workflow_run(case), claimed=None) == 8


def test_among_several_that_fit_the_claim_chooses_and_none_is_guessed(case: Case) -> None:
    for number in (8, 9):
        case.hub.open_pull(number, "main", "topic", owner="mallory")
    assert post.of_workflow_run(case.github, workflow_run(case), claimed=9) == 9
    with pytest.raises(UsageError, match="2 open pull requests have mallory:topic"):
        post.of_workflow_run(case.github, workflow_run(case), claimed=7)


def test_a_pull_request_that_has_moved_on_gets_nothing(case: Case) -> None:
    case.hub.open_pull(8, "main", "topic", owner="mallory")
    with pytest.raises(UsageError, match="no open pull request"):
        post.of_workflow_run(case.github, workflow_run(case, head_sha=case.base), claimed=8)


def test_a_stranger_s_result_cannot_use_up_the_budget(case: Case) -> None:
    post.post(case.github, 7, post.unpaid(case.result()), "default", "", suggest=False)
    assert post.spent(case.github, 7, "default").tokens == 0
