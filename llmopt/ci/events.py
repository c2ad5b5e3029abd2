"""The environment of a CI service in; which change is looked at, by whom, and where its report goes, out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import git, scopes
from llmopt.errors import ProjectError, UsageError

TRAILER = "Llmopt-CI"  # of the commits that the action makes: `TRAILER: MODE`
NO_COMMIT = re.compile(r"0+")
SHALLOW = "CI brings one commit by default: fetch-depth: 0 in actions/checkout, GIT_DEPTH: 0 in GitLab"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """A change as the service names it. `number` is the pull request's, None where there is none; `branch` the head's,
    "" where nothing can be put on it; `run` names this run, a re-run by another name."""

    service: str  # "github", "gitlab" or "shell"
    name: str
    base: str
    head: str
    number: int | None = None
    branch: str = ""
    repository: str = ""  # OWNER/NAME
    is_fork: bool = False
    actor: str = ""
    is_bot: bool = False
    run: str = ""


def read(root: Path, environ: Mapping[str, str], base: str = "", head: str = "") -> Asked:
    """The change that the service asks about; `base` and `head`, where given, win over what it says.

    Raises UsageError where nothing names a base, and for events that no code of the change may be run for.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, base, head)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ, base, head)
    return Asked("shell", "", base or _parent_branch(root), head or "HEAD")


def event(environ: Mapping[str, str]) -> dict[str, Any]:
    """GitHub's description of what happened; UsageError where there is none."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        found = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError) as problem:
        raise UsageError(f"GITHUB_EVENT_PATH {path} cannot be read: {problem}") from None
    return found if isinstance(found, dict) else {}


# --- GitHub ----------------------------------------------------------------------------------------------------


def _github(environ: Mapping[str, str], base: str, head: str) -> Asked:
    name, said = environ.get("GITHUB_EVENT_NAME", ""), event(environ)
    found = _of_event(name, said, environ)
    actor = environ.get("GITHUB_ACTOR", "")
    sender = said.get("sender") or {}
    return Asked(
        service="github",
        name=found.name,
        base=base or found.base or _missing(name),
        head=head or found.head,
        number=found.number,
        branch=found.branch,
        repository=environ.get("GITHUB_REPOSITORY", ""),
        is_fork=found.is_fork,
        actor=actor,
        is_bot=actor.endswith("[bot]") or sender.get("type") == "Bot",
        run=f"{environ.get('GITHUB_RUN_ID', '')}-{environ.get('GITHUB_RUN_ATTEMPT', '1')}",
    )


def _of_event(name: str, said: Json, environ: Mapping[str, str]) -> Asked:
    if name not in EVENTS:
        return _other(environ)
    try:
        return EVENTS[name](said)
    except (KeyError, TypeError) as missing:
        raise UsageError(f"the event {name} in GITHUB_EVENT_PATH lacks {missing}", "GitHub writes that file") from None


def _pull_request(said: Json) -> Asked:
    found = said["pull_request"]
    here, there = _owner(found["base"]), _owner(found["head"])
    return Asked(
        "github",
        f"pull request #{found['number']}",
        found["base"]["sha"],
        found["head"]["sha"],
        int(found["number"]),
        found["head"]["ref"],
        is_fork=here != there,
    )


def _owner(side: Json) -> str:
    """The repository of a side, "" where it was deleted."""
    return str((side.get("repo") or {}).get("full_name", ""))


def _push(said: Json) -> Asked:
    """A branch; the first push of one has nothing before it."""
    before, ref = str(said.get("before", "")), str(said.get("ref", ""))
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
    base = "" if NO_COMMIT.fullmatch(before) else before
    default = (said.get("repository") or {}).get("default_branch", "main")
    return Asked("github", f"push to {branch or ref}", base or f"origin/{default}", said["after"], branch=branch)


def _merge_group(said: Json) -> Asked:
    found = said["merge_group"]
    return Asked("github", "merge group", found["base_sha"], found["head_sha"])


def _refused(said: Json) -> Asked:
    raise UsageError(
        "pull_request_target gives secrets and a token that can write to a job that would run a stranger's code",
        "use pull_request, and for forks the two workflows of docs/ci.md",
    )


def _other(environ: Mapping[str, str]) -> Asked:
    return Asked("github", environ.get("GITHUB_EVENT_NAME", "event"), "", environ.get("GITHUB_SHA", "HEAD"))


def _missing(name: str) -> str:
    raise UsageError(f"the event {name or '?'} names no base to compare with", "give --base REV")


EVENTS: dict[str, Callable[[Json], Asked]] = {
    "pull_request": _pull_request,
    "push": _push,
    "merge_group": _merge_group,
    "pull_request_target": _refused,
}


# --- GitLab, and no service ------------------------------------------------------------------------------------


def _gitlab(environ: Mapping[str, str], base: str, head: str) -> Asked:
    """A merge request's pipeline names where it left; a branch's what was there before."""
    number = environ.get("CI_MERGE_REQUEST_IID", "")
    before = environ.get("CI_COMMIT_BEFORE_SHA", "")
    default = f"origin/{environ.get('CI_DEFAULT_BRANCH', 'main')}"
    found = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "") if number else before
    source = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", "HEAD")
    user = environ.get("GITLAB_USER_LOGIN", "")
    return Asked(
        "gitlab",
        f"merge request !{number}" if number else f"push to {environ.get('CI_COMMIT_BRANCH', '?')}",
        base or (default if NO_COMMIT.fullmatch(found or "0") else found),
        head or source,
        actor=user,
        is_bot=bool(re.fullmatch(r"(project|group)_\d+_bot\w*", user)),
        run=environ.get("CI_PIPELINE_ID", ""),
    )


def _parent_branch(root: Path) -> str:
    """What a branch is compared with where nobody says it: its upstream, the remote's default branch, or main."""
    for name in ("@{upstream}", "origin/HEAD", "origin/main", "origin/master", "main", "master"):
        if git.exists(root, name) and git.run(root, "rev-parse", name) != git.head(root):
            return name
    raise UsageError("nothing says what to compare HEAD with", "give --base REV, such as --base HEAD~1")


# --- as commits ------------------------------------------------------------------------------------------------


def commits(root: Path, asked: Asked) -> tuple[str, str]:
    """The commit where the change begins (where its branch left) and the one where it ends."""
    for name in (asked.base, asked.head):
        if name.startswith("-") or not git.exists(root, name):
            raise ProjectError(f"the commit {name[:40]} is not in this clone", SHALLOW)
    head = git.run(root, "rev-parse", "--verify", f"{asked.head}^{{commit}}")
    base = git.run(root, "rev-parse", "--verify", f"{asked.base}^{{commit}}")
    return scopes.parting(root, base, head), head


def why_skipped(root: Path, asked: Asked, head: str, bots: bool) -> str:
    """Why a run would go round in a circle, "" where it would not."""
    if asked.is_bot and not bots:
        return f"{asked.actor or 'the sender'} is a bot (--bots looks at its changes too)"
    last = git.run(root, "log", "-1", "--format=%B", head).strip().rpartition("\n\n")[2]
    if re.search(rf"^{TRAILER}: ", last, re.MULTILINE):
        return f"{head[:10]} was made by llmopt"
    return ""
