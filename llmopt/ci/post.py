"""A result and a pull request in; one comment, and suggestions on its lines, out: made the first time, then renewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmopt.ci import budget, comment, suggestions
from llmopt.ci.budget import Spent
from llmopt.ci.github import GitHub, GitHubError
from llmopt.ci.result import Result, Suggestion
from llmopt.errors import UsageError

MOST_SUGGESTIONS = 30  # more would be no help; the others are in the comment
WORKFLOW_BOT = "github-actions[bot]"


@dataclass(frozen=True)
class Posted:
    """What is on the pull request now."""

    comment: str  # its address
    created: bool
    suggested: int = 0
    kept: int = 0  # suggestions of an earlier run that still hold
    notice: str = ""


# --- the comment -----------------------------------------------------------------------------------------------


def own_comment(hub: GitHub, number: int, name: str) -> Mapping[str, Any] | None:
    """The comment of an earlier run: ours, with our mark first. Anybody can write that; nobody else is the bot."""
    logins: set[str] = set()
    for each in hub.all(f"/issues/{number}/comments"):
        if not str(each.get("body", "")).startswith(comment.mark(name)):
            continue
        user = each.get("user") or {}
        logins = logins or {WORKFLOW_BOT, hub.login()} - {""}
        if user.get("login") in logins:
            return dict(each)
    return None


def spent(hub: GitHub, number: int, name: str) -> Spent:
    """What earlier runs on the pull request have spent."""
    found = own_comment(hub, number, name)
    return budget.found(str(found["body"])) if found else budget.NOTHING


def put_comment(hub: GitHub, number: int, text: str, before: Mapping[str, Any] | None) -> tuple[str, bool]:
    """Renew the comment, or make it; its address, and whether it is new."""
    if before:
        found = hub.patch(f"/issues/comments/{int(before['id'])}", body=text)
        return str(found.get("html_url", "")), False
    return str(hub.post(f"/issues/{number}/comments", body=text).get("html_url", "")), True


# --- all of it -------------------------------------------------------------------------------------------------


def post(hub: GitHub, number: int, result: Result, name: str, run: str, *, suggest: bool, more: str = "") -> Posted:
    """Put a result on a pull request. `run` names the run that was paid for."""
    before = own_comment(hub, number, name)
    search = result.search
    old = budget.found(str(before["body"])) if before else budget.NOTHING
    total = budget.added(old, run, search.tokens if search else 0, search.cost_usd if search else 0.0)
    outside: Sequence[Sequence[Suggestion]] = ()
    new, kept, notice = 0, 0, ""
    if suggest:
        inside, outside = _placed(hub, number, result)
        new, kept, notice = put_suggestions(hub, number, result, inside)
        more = " ".join(part for part in (more, notice) if part)
    url, created = put_comment(hub, number, comment.body(result, name, total, outside, more), before)
    return Posted(url, created, new, kept, notice)


def _placed(hub: GitHub, number: int, result: Result) -> tuple[list[Suggestion], list[Sequence[Suggestion]]]:
    if not (result.search and result.search.groups):
        return [], []
    files = hub.all(f"/pulls/{number}/files")
    ranges = {each["filename"]: suggestions.shown(each.get("patch", "")) for each in files}
    inside, outside = suggestions.placed(result.search.groups, ranges)
    return inside[:MOST_SUGGESTIONS], outside


# --- suggestions -----------------------------------------------------------------------------------------------


def put_suggestions(hub: GitHub, number: int, result: Result, wanted: Sequence[Suggestion]) -> tuple[int, int, str]:
    """Suggest what is not suggested yet, in one review; take back what no longer holds. How many are new, how many were
    there, and why there are none."""
    there = _own_suggestions(hub, number)
    names = {suggestions.name(each): each for each in wanted}
    _take_back(hub, [each for key, each in there.items() if key not in names or each.get("line") is None])
    standing = {key for key, each in there.items() if key in names and each.get("line") is not None}
    new = [each for key, each in names.items() if key not in standing]
    if not new:
        return 0, len(standing), ""
    comments = [_review_comment(each, result) for each in new]
    try:
        hub.post(f"/pulls/{number}/reviews", commit_id=result.change.head, event="COMMENT", body="", comments=comments)
    except GitHubError as refused:
        if refused.status != 422:
            raise
        return 0, len(standing), "GitHub did not take the suggestions: the pull request may have moved on."
    return len(new), len(standing), ""


def _own_suggestions(hub: GitHub, number: int) -> dict[str, Mapping[str, Any]]:
    """Ours by the name in their mark; `line` is None for one whose lines have changed since."""
    found: dict[str, Mapping[str, Any]] = {}
    logins: set[str] = set()
    comments = list(hub.all(f"/pulls/{number}/comments"))
    answered = {each.get("in_reply_to_id") for each in comments}
    for each in comments:
        if match := suggestions.MARKED.match(str(each.get("body", ""))):
            logins = logins or {WORKFLOW_BOT, hub.login()} - {""}
            if (each.get("user") or {}).get("login") in logins:
                found[match[1]] = {**each, "is_answered": each.get("id") in answered}
    return found


def _take_back(hub: GitHub, comments: Iterable[Mapping[str, Any]]) -> None:
    """Delete them, unless somebody has answered."""
    for each in comments:
        if not each["is_answered"]:
            hub.delete(f"/pulls/comments/{int(each['id'])}")


def _review_comment(each: Suggestion, result: Result) -> dict[str, Any]:
    assert result.search is not None
    count = next(len(group) for group in result.search.groups if each in group)
    part = f"\n\nOne of {count} that belong together: apply them as a batch." if count > 1 else ""
    text = comment.suggestion(
        each, result.search, suggestions.block(each), suggestions.MARK.format(suggestions.name(each)), part
    )
    place = {"path": each.path, "body": text, "line": each.end, "side": "RIGHT"}
    return place | ({"start_line": each.start, "start_side": "RIGHT"} if each.start < each.end else {})


# --- which pull request ----------------------------------------------------------------------------------------


def of_workflow_run(hub: GitHub, event: Mapping[str, Any], claimed: int | None) -> int:
    """The pull request of the run that has ended, by what GitHub says of that run: its head's repository, branch and
    commit. What the run itself claims only chooses among several that fit; UsageError where none fits.

    GitHub does not name the pull requests of forks in the event.
    """
    run = event.get("workflow_run") or {}
    owner = ((run.get("head_repository") or {}).get("owner") or {}).get("login", "")
    branch, commit = run.get("head_branch", ""), run.get("head_sha", "")
    if not (owner and branch and commit):
        raise UsageError("the event names no run with a branch", "post from a workflow that `workflow_run` starts")
    found = [
        int(each["number"])
        for each in hub.all("/pulls", state="open", head=f"{owner}:{branch}")
        if each["head"]["sha"] == commit
    ]
    if claimed in found:
        return int(claimed or 0)
    if len(found) == 1:
        return found[0]
    said = f"{len(found)} open pull requests have" if found else "no open pull request has"
    raise UsageError(
        f"{said} {owner}:{branch} at {str(commit)[:10]}", "it was closed, or has moved on: nothing was posted"
    )


def refuse_other_commit(result: Result, event: Mapping[str, Any]) -> None:
    """UsageError for a result that speaks of another commit than the run that made it was on."""
    commit = (event.get("workflow_run") or {}).get("head_sha", "")
    if commit != result.change.head:
        raise UsageError(f"the result is of {result.change.head[:10]}, and the run was on {str(commit)[:10]}")


def unpaid(result: Result) -> Result:
    """A result whose word on what was spent counts for nothing: whoever wrote it could use up the budget with it."""
    search = result.search.model_copy(update={"tokens": 0, "cost_usd": 0.0}) if result.search else None
    return result.model_copy(update={"search": search})
