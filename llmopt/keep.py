"""What happens to the user's checkout at the end of a run: a branch, commits, changed files, or a patch."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmopt import evidence, git, output, unstaged
from llmopt.data import Scope, Verdict
from llmopt.judge import describe


@dataclass(frozen=True)
class Kept:
    """Where the edits are now, how to look at them, how to undo them, and a notice if it is not what was asked for."""

    branch: str
    where: str
    undo: str
    notice: str = ""


def message(verdict: Verdict, run: str, workloads: Sequence[str], sandbox: str = "off") -> str:
    """The commit message of a kept edit: the numbers and the evidence, so that the commit stands for itself."""
    where = output.one_line(verdict.evidence.get("files") or verdict.function.partition("::")[0])
    on = workloads[0] if len(workloads) == 1 else "the workloads"
    subject = f"Speed up {where}: {verdict.speedup:.2f}x on {on}"
    body = [textwrap.fill(verdict.plan.strip(), 100), ""] if verdict.plan.strip() else []
    facts = [
        f"Speedup: {describe(verdict.speedup, verdict.interval)} (95 %), end to end on {', '.join(workloads)}",
        f"Asked about: {output.one_line(verdict.function)}",
        f"Evidence: {evidence.line(verdict.evidence)}",
        *(
            f"{stage.capitalize()}: {text}"
            for stage, text in verdict.evidence.items()
            if stage not in ("syntax", "files")
        ),
        f"Sandbox: {sandbox}",
        f"Model: {output.one_line(verdict.author)}",
        f"Run: {run} (llmopt)",
    ]
    return output.plain("\n".join([subject, "", *body, *facts, ""]))  # `git log` would pass on a model's escapes


def record(root: Path, run: str, commit: str, as_branch: bool) -> None:
    """Put an accepted commit where nothing loses it: before its tree goes, and before the next is tried."""
    git.update_ref(root, git.ref_of(run), commit)
    if as_branch:
        git.update_ref(root, f"refs/heads/{branch_name(run)}", commit)


def put_aside(root: Path, run: str, commit: str) -> None:
    """Put a commit that a person should look at where nothing loses it."""
    git.update_ref(root, f"refs/llmopt/aside/{run}/{commit[:10]}", commit)


def branch_name(run: str) -> str:
    """The branch of a run."""
    return f"llmopt/{run}"


def keep(
    mode: str,
    root: Path,
    origin: Path,
    run: str,
    base: str,
    commits: Sequence[str],
    patch: Path,
    scope: Scope | None = None,
) -> Kept:
    """Do what `--keep` asks for. `root` is the repository, `origin` the folder of the user (another one with --no-git),
    `patch` a file that already holds all edits together. With a `scope` the base may be another than the checkout."""
    if mode == "patch" or (root != origin and mode != "worktree"):
        return _patch(origin, run, patch)
    if mode in ("worktree", "index") and scope and scope.new:
        return _beside_unstaged(root, run, base, commits, patch, scope, index=mode == "index")
    if mode == "worktree":
        return _worktree(origin, run, patch)
    if mode == "commit":
        return _commit(root, run, base, commits)
    return _branch(root, run, base, commits)


def _commit(root: Path, run: str, base: str, commits: Sequence[str]) -> Kept:
    before = git.head(root)
    if reason := git.commit_to_branch(root, base, commits):
        return _branch(root, run, base, commits, f"not committed on the current branch: {reason}")
    branch = git.run(root, "symbolic-ref", "--short", "HEAD")
    if git.has_staged(root):  # `git revert` refuses then
        back = f"reset --quiet --keep {before[:12]}"
    else:
        back = f"revert --no-edit {before[:12]}..{git.head(root)[:12]}"
    return Kept(branch, f"committed on {branch} ({len(commits)})", f"{_git(root)} {back}")


def _branch(root: Path, run: str, base: str, commits: Sequence[str], notice: str = "") -> Kept:
    name = branch_name(run)
    git.update_ref(root, f"refs/heads/{name}", commits[-1])
    # On a snapshot of uncommitted work a merge would bring that work along, and stumble over it.
    take = f"cherry-pick {base[:12]}..{name}" if git.is_snapshot(root, base) else f"merge {name}"
    call = _git(root)
    return Kept(name, f"on branch {name}; take it with `{call} {take}`", f"{call} branch -D {name}", notice)


def _git(root: Path) -> str:
    """The call of git that works where the user is."""
    return "git" if Path.cwd().is_relative_to(root.resolve()) else f"git -C {shlex.quote(str(root))}"


def _apply(folder: Path, *arguments: str) -> str:
    return shlex.join(("git", *git.applying(folder), *arguments))


def _worktree(origin: Path, run: str, patch: Path) -> Kept:
    if git.apply_to_checkout(origin, patch):
        return Kept("", "in your working tree, not committed", _apply(origin, "-R", str(patch)))
    kept = _patch(origin, run, patch)
    return Kept("", kept.where, kept.undo, "the files changed during the run: the edits do not fit them any more")


def _beside_unstaged(
    root: Path, run: str, base: str, commits: Sequence[str], patch: Path, scope: Scope, *, index: bool
) -> Kept:
    """The edits of what is staged, or of what is pushed, in files that may hold other work; on a branch where they do
    not go together."""
    is_here = scope.staged or git.head(root) == scope.new
    reason = unstaged.put(root, base, commits[-1], index=index) if is_here else "another branch is checked out"
    if reason:
        return _branch(root, run, base, commits, f"your files and the index are as they were: {reason}")
    back = _apply(root, "-R", str(patch))
    if index:
        return Kept(
            "",
            "staged, and in your files beside what is not staged",
            f"{_apply(root, '-R', '--cached', str(patch))} && {back}",
        )
    return Kept("", "in your files, not staged", back)


def _patch(origin: Path, run: str, patch: Path) -> Kept:
    content = patch.read_bytes()
    for folder in (origin, Path.cwd()):
        file = folder / f"llmopt-{run}.patch"
        try:
            file.write_bytes(content)
        except OSError:
            continue  # a read-only checkout
        return Kept("", f"in {file}; apply it with `{_apply(origin, str(file))}`", f"rm {shlex.quote(str(file))}")
    return Kept("", f"in {patch}; apply it with `{_apply(origin, str(patch))}`", "nothing was changed")
