"""Kept edits in; commits on a branch of the pull request, or a pull request onto that branch, out.

Commits are made by GitHub's API, one for each edit: no git command gets the token, and GitHub signs what its own token
made. The trees that GitHub names must be those that were judged here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import git
from llmopt.ci import comment
from llmopt.ci.events import TRAILER, Asked
from llmopt.ci.github import GitHub, GitHubError, quoted
from llmopt.ci.result import Result
from llmopt.errors import LlmoptError
from llmopt.reports import words

PREFIX = "llmopt/ci-"


@dataclass(frozen=True)
class Pushed:
    """Where the edits are now, as a line for people."""

    text: str


def push(hub: GitHub, root: Path, asked: Asked, result: Result) -> Pushed:
    """Do what the mode asks for; GitHubError, or LlmoptError, with what to do about it."""
    search = result.search
    assert search is not None
    assert search.commit is not None
    commits = git.run(root, "rev-list", "--reverse", f"{result.change.head}..{search.commit}").split()
    tip = committed(hub, root, result.change.head, commits, result.mode)
    return WAYS[result.mode](hub, asked, result, tip)


def committed(hub: GitHub, root: Path, head: str, commits: Sequence[str], mode: str) -> str:
    """The commits made again at GitHub, on top of the head; the last one's name."""
    local, remote = head, head
    for commit in commits:
        tree = _tree(hub, root, local, commit)
        message = git.run(root, "log", "-1", "--encoding=UTF-8", "--format=%B", commit).strip()
        made = hub.post("/git/commits", message=f"{message}\n\n{TRAILER}: {mode}\n", tree=tree, parents=[remote])
        local, remote = commit, str(made["sha"])
    return remote


def _tree(hub: GitHub, root: Path, before: str, commit: str) -> str:
    """The tree of a commit, made of what it changes; LlmoptError where GitHub comes to another one."""
    entries = [_entry(hub, root, commit, path) for path in git.changed(root, before, commit)]
    made = hub.post("/git/trees", base_tree=git.tree_of(root, before), tree=entries)
    if made["sha"] != git.tree_of(root, commit):
        raise LlmoptError(f"GitHub's tree for {commit[:10]} is not the one that was judged", "nothing was pushed")
    return str(made["sha"])


def _entry(hub: GitHub, root: Path, commit: str, path: str) -> Mapping[str, Any]:
    """A changed file; without a name of its content it is removed."""
    listed = git.run(root, "ls-tree", commit, "--", path)
    if not listed:
        return {"path": path, "mode": "100644", "type": "blob", "sha": None}
    mode, _, name = listed.partition("\t")[0].split(" ")
    content = git.contents(root, [name])[name]
    made = hub.post("/git/blobs", content=base64.b64encode(content).decode(), encoding="base64")
    return {"path": path, "mode": mode, "type": "blob", "sha": made["sha"]}


# --- where they go ---------------------------------------------------------------------------------------------


def _on_branch(hub: GitHub, asked: Asked, result: Result, tip: str) -> Pushed:
    """On the branch itself, unless somebody was there in the meantime."""
    if not asked.branch:
        raise LlmoptError(f"{asked.name} names no branch to commit on", "use mode pull-request or suggest")
    try:
        hub.patch(f"/git/refs/heads/{quoted(asked.branch)}", sha=tip, force=False)
    except GitHubError as refused:
        if refused.status != 422:
            raise
        raise GitHubError(
            f"{asked.branch} has moved on, or takes no direct commits: {refused.message}",
            "the next run commits, or use mode pull-request",
            422,
        ) from None
    return Pushed(f"Committed on `{asked.branch}` as {tip[:10]}.")


def _as_pull_request(hub: GitHub, asked: Asked, result: Result, tip: str) -> Pushed:
    """On a branch of its own, which later runs use again, with a pull request onto the change's branch."""
    if not asked.branch:
        raise LlmoptError(f"{asked.name} names no branch for a pull request", "use mode suggest")
    branch = f"{PREFIX}{asked.number or re.sub(r'[^A-Za-z0-9_.-]', '-', asked.branch)}"
    _point(hub, branch, tip)
    owner = hub.repository.partition("/")[0]
    title = f"Speed up {asked.name}: {words.count(len(result.search.kept) if result.search else 0, 'edit')}"
    text = f"Onto `{asked.branch}`: merging this adds the edits to {asked.name}.\n\n{comment.markdown(result)}"
    there = list(hub.all("/pulls", state="open", head=f"{owner}:{branch}"))
    if there:
        number = int(there[0]["number"])
        hub.patch(f"/pulls/{number}", title=title, body=text, base=asked.branch)
        return Pushed(f"The edits are in pull request #{number}, renewed.")
    made = hub.post("/pulls", title=title, head=branch, base=asked.branch, body=text)
    return Pushed(f"The edits are in pull request #{int(made['number'])}, onto `{asked.branch}`.")


def _point(hub: GitHub, branch: str, tip: str) -> None:
    """Let a branch point to a commit; LlmoptError where a person has committed on it."""
    try:
        found = hub.get(f"/git/ref/heads/{quoted(branch)}")
    except GitHubError as missing:
        if missing.status != 404:
            raise
        hub.post("/git/refs", ref=f"refs/heads/{branch}", sha=tip)
        return
    last = hub.get(f"/git/commits/{found['object']['sha']}")
    if not re.search(rf"^{TRAILER}: ", str(last["message"]), re.MULTILINE):
        raise LlmoptError(
            f"the last commit of {branch} is not llmopt's: it was left alone", "merge or delete the branch"
        )
    hub.patch(f"/git/refs/heads/{quoted(branch)}", sha=tip, force=True)


WAYS = {"commit": _on_branch, "pull-request": _as_pull_request}
