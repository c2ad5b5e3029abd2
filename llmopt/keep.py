"""What happens to the user's checkout at the end of a run: a branch, commits, changed files, or a patch."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmopt import git
from llmopt.data import Verdict
from llmopt.judge import describe


@dataclass(frozen=True)
class Kept:
    """Where the edits are now, how to look at them, how to undo them, and a notice if it is not what was asked for."""

    branch: str
    where: str
    undo: str
    notice: str = ""


def message(verdict: Verdict, run: str, workloads: Sequence[str]) -> str:
    """The commit message of a kept edit: the numbers and the evidence, so that the commit stands for itself."""
    name = verdict.function.partition("::")[2]
    subject = (
        f"Make {name} faster: {verdict.speedup:.2f}x on {workloads[0] if len(workloads) == 1 else 'the workloads'}"
    )
    body = [textwrap.fill(verdict.plan.strip(), 100), ""] if verdict.plan.strip() else []
    facts = [
        f"Speedup: {describe(verdict.speedup, verdict.interval)} (95 %), end to end on {', '.join(workloads)}",
        f"Function: {verdict.function}",
        *(
            f"{stage.capitalize()}: {text}"
            for stage, text in verdict.evidence.items()
            if stage not in ("syntax", "files")
        ),
        f"Model: {verdict.author}",
        f"Run: {run} (llmopt)",
    ]
    return "\n".join([subject, "", *body, *facts, ""])


def record(root: Path, run: str, commit: str, as_branch: bool) -> None:
    """Put an accepted commit where nothing loses it: before its tree goes, and before the next is tried."""
    git.update_ref(root, f"refs/llmopt/{run}", commit)
    if as_branch:
        git.update_ref(root, f"refs/heads/{branch_name(run)}", commit)


def branch_name(run: str) -> str:
    """The branch of a run."""
    return f"llmopt/{run}"


def keep(mode: str, root: Path, origin: Path, run: str, base: str, commits: Sequence[str], patch: Path) -> Kept:
    """Do what `--keep` asks for. `root` is the repository, `origin` the folder of the user (another one with --no-git),
    `patch` a file that already holds all edits together."""
    if mode == "patch" or (root != origin and mode != "worktree"):
        return _patch(origin, run, patch)
    if mode == "worktree":
        return _worktree(origin, run, patch)
    if mode == "commit":
        if not (reason := git.commit_to_branch(root, base, commits)):
            branch = git.run(root, "symbolic-ref", "--short", "HEAD")
            back = (
                f"git revert --no-edit HEAD~{len(commits)}..HEAD" if len(commits) > 1 else "git revert --no-edit HEAD"
            )
            return Kept(branch, f"committed on {branch} ({len(commits)})", back)
        return _branch(root, run, commits, f"not committed on the current branch: {reason}")
    return _branch(root, run, commits)


def _branch(root: Path, run: str, commits: Sequence[str], notice: str = "") -> Kept:
    name = branch_name(run)
    git.update_ref(root, f"refs/heads/{name}", commits[-1])
    return Kept(name, f"on branch {name}; take it with `git merge {name}`", f"git branch -D {name}", notice)


def _worktree(origin: Path, run: str, patch: Path) -> Kept:
    if git.apply_to_checkout(origin, patch):
        return Kept("", "in your working tree, not committed", f"git apply -R {patch}")
    kept = _patch(origin, run, patch)
    return Kept("", kept.where, kept.undo, "the files changed during the run: the edits do not fit them any more")


def _patch(origin: Path, run: str, patch: Path) -> Kept:
    content = patch.read_bytes()
    for folder in (origin, Path.cwd()):
        file = folder / f"llmopt-{run}.patch"
        try:
            file.write_bytes(content)
        except OSError:
            continue  # a read-only checkout
        return Kept("", f"in {file}; apply it with `git apply {file.name}`", f"rm {file}")
    return Kept("", f"in {patch}; apply it with `git apply`", "nothing was changed")
