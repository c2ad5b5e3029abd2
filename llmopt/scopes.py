"""`--staged` or `--changed-since`, and what a hook says in its environment, in; the commits that differ out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llmopt import encoding, git
from llmopt.data import Scope
from llmopt.errors import EditError, ProjectError, UsageError
from llmopt.touched import Changed

# How pre-commit tells a hook what is pushed, or what `pre-commit run --from-ref A --to-ref B` asks about.
FROM, TO = "PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"


@dataclass(frozen=True)
class Push:
    """Two commits: what is there already, and what is to replace it."""

    old: str
    new: str


def asked(
    path: Path, staged: bool, since: str, environ: Mapping[str, str], *, no_git: bool = False, resume: str = ""
) -> Scope | None:
    """The scope that the flags ask for, None for all of the code.

    Raises UsageError for flags that do not fit, ProjectError for an index with conflicts.
    """
    if not (staged or since):
        return None
    if staged and since:
        raise UsageError("--staged and --changed-since name two changes", "ask for one of them")
    which = "--staged" if staged else "--changed-since"
    if no_git:
        raise UsageError(f"{which} needs git to say what has changed", "leave --no-git out")
    if resume:
        raise UsageError(f"{which} and --resume", "a resumed run keeps to the change that it began with")
    root = git.top(path)
    if since:
        return Scope(f"--changed-since {since}", parting(root, commit_of(root, since), git.head(root)))
    if push := of_hook(root, environ):
        return Scope("what is pushed", parting(root, push.old, push.new), push.new)
    return Scope("--staged", git.head(root), git.staged(root), staged=True)


def of_hook(root: Path, environ: Mapping[str, str]) -> Push | None:
    """The two commits that pre-commit names, None where it names none."""
    if not (environ.get(FROM) and environ.get(TO)):
        return None
    return Push(commit_of(root, environ[FROM]), commit_of(root, environ[TO]))


def of_upstream(root: Path) -> Push | None:
    """What the branch would push, None where it has no upstream."""
    if not git.exists(root, "@{upstream}"):
        return None
    return Push(commit_of(root, "@{upstream}"), commit_of(root, "HEAD"))


def changes(root: Path, old: str, new: str) -> list[Changed]:
    """The Python files that differ between two commits or trees, with their texts."""
    files = [each for each in git.difference(root, old, new) if (each.path or each.old_path).endswith(".py")]
    held = git.contents(root, [name for each in files for name in (each.old, each.new)])
    return [
        Changed(each.path or each.old_path, text(held, each.old, each.old_path), text(held, each.new, each.path))
        for each in files
    ]


def texts(root: Path, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """The texts of these files of a commit or tree."""
    names = {f"{commit}:{path}": path for path in paths}
    held = git.contents(root, names)
    return {path: text(held, name, path) for name, path in names.items() if name in held}


def text(held: Mapping[str, bytes], name: str, path: str) -> str:
    """An object as text, "" for none and for what is no text."""
    with suppress(EditError):
        return encoding.decode(held.get(name, b""), path).replace("\r\n", "\n")
    return ""


def commit_of(root: Path, text: str) -> str:
    """The commit of a revision; UsageError for what is none."""
    if text.startswith("-") or not git.exists(root, text):
        raise UsageError(f"{text!r} is no revision of {root}", "`git branch --all` and `git tag` list what there is")
    return git.run(root, "rev-parse", "--verify", f"{text}^{{commit}}")


def parting(root: Path, old: str, new: str) -> str:
    """The commit where two histories part: what only the old one has is no change of the new one's."""
    try:
        return git.run(root, "merge-base", old, new)
    except ProjectError:
        return old
