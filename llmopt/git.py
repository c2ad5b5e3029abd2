"""The few git operations llmopt needs: plumbing only, so that the user's checkout, index, stash and hooks stay untouched."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import git as gitpython

from llmopt.data import Tree
from llmopt.errors import ProjectError

# No hook, pager, prompt or file-system monitor of the user's runs because llmopt looked at the repository.
QUIET = (
    "--literal-pathspecs",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "advice.addEmbeddedRepo=false",
)
IDENTITY = {
    "GIT_AUTHOR_NAME": "llmopt",
    "GIT_AUTHOR_EMAIL": "llmopt@localhost",
    "GIT_COMMITTER_NAME": "llmopt",
    "GIT_COMMITTER_EMAIL": "llmopt@localhost",
}
UNTRACKED_BYTES = 20 * 1024**2  # an untracked file larger than this is data, not code: left out of the snapshot
# Ignored files that a worktree lacks and code needs: extension modules built in place, generated modules.
BUILT = (".so", ".pyd", ".dylib", ".py")
NOT_CARRIED = frozenset(
    {".venv", "venv", "env", "node_modules", "__pycache__", ".tox", ".nox", ".git", ".llmopt", ".eggs", "build", "dist"}
)


def run(root: Path, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
    """The output of one git command, without its last line end; ProjectError with git's own words when it fails."""
    return run_bytes(root, *arguments, stdin=stdin, env=env).decode("utf-8", "surrogateescape").removesuffix("\n")


def run_bytes(root: Path, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
    """The output of one git command as it is."""
    with tempfile.TemporaryFile() as stream:
        stream.write(stdin or b"")
        stream.seek(0)
        try:
            output = gitpython.Git(str(root)).execute(
                ["git", *QUIET, *arguments],
                istream=stream,
                env={"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", **(env or {})},
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        except gitpython.GitCommandError as problem:
            said = str(problem.stderr).strip().removeprefix("stderr: ").strip("'").strip().splitlines()
            raise ProjectError(f"git {arguments[0]} failed in {root}: {said[-1] if said else problem.status}") from None
        except gitpython.GitCommandNotFound:
            raise ProjectError("git is not on the PATH", "install git") from None
    return output


def _try(root: Path, *arguments: str) -> str:
    try:
        return run(root, *arguments)
    except ProjectError:
        return ""


@contextmanager
def _index(root: Path, copy: bool = False) -> Iterator[dict[str, str]]:
    """An index file of our own, empty or a copy of the user's (a copy keeps the stat data: `add` is fast then)."""
    with tempfile.TemporaryDirectory(prefix="llmopt-index-") as folder:
        index = Path(folder) / "index"
        users = root / run(root, "rev-parse", "--git-path", "index")
        if copy and users.exists():
            shutil.copy2(users, index)
        yield {"GIT_INDEX_FILE": str(index)}


def head(root: Path) -> str:
    """The commit of HEAD, "" in a repository without commits."""
    return _try(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def snapshot(root: Path) -> tuple[str, tuple[str, ...]]:
    """The checkout as it is, as a commit: HEAD itself when nothing differs, else a commit on top of it.

    Tracked changes and untracked files that git does not ignore are in it; index and stash are not touched. The second
    value names untracked files that were left out for their size.
    """
    untracked = [p for p in run(root, "ls-files", "-o", "--exclude-standard", "-z").split("\0") if p]
    large = tuple(p for p in untracked if not p.endswith("/") and (root / p).lstat().st_size > UNTRACKED_BYTES)
    with _index(root, copy=True) as env:
        run(root, "add", "--update", "--", ".", env=env)
        if added := [p for p in untracked if p not in large]:
            names = "\0".join(added).encode("utf-8", "surrogateescape")
            run(root, "add", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=names, env=env)
        tree = run(root, "write-tree", env=env)
    parent = head(root)
    if parent and run(root, "rev-parse", f"{parent}^{{tree}}") == tree:
        return parent, large
    message = "Snapshot of uncommitted work, the base of an llmopt run"
    return commit_tree(root, tree, [parent] if parent else [], message), large


def commit_tree(root: Path, tree: str, parents: Sequence[str], message: str) -> str:
    """A commit of a tree; in the user's name when git knows one."""
    known = _try(root, "config", "user.email") and _try(root, "config", "user.name")
    named = [argument for parent in parents for argument in ("-p", parent)]
    return run(root, "commit-tree", tree, *named, "-F", "-", stdin=message.encode(), env=None if known else IDENTITY)


def commit_files(root: Path, base: str, files: Mapping[str, bytes], message: str) -> str:
    """A commit on top of `base` with these files' new contents, written without any worktree."""
    with _index(root) as env:
        run(root, "read-tree", base, env=env)
        for path, content in files.items():
            blob = run(root, "hash-object", "-w", "--stdin", f"--path={path}", stdin=content)
            run(root, "update-index", "--add", "--cacheinfo", f"{_mode(root, base, path)},{blob},{path}", env=env)
        tree = run(root, "write-tree", env=env)
    return commit_tree(root, tree, [base], message)


def _mode(root: Path, commit: str, path: str) -> str:
    entry = run(root, "ls-tree", commit, "--", path)
    return entry.split()[0] if entry else "100644"


def reword(root: Path, commit: str, message: str) -> str:
    """The same tree and parents under another message."""
    parents = run(root, "rev-parse", f"{commit}^@").split()
    return commit_tree(root, run(root, "rev-parse", f"{commit}^{{tree}}"), parents, message)


def export(root: Path, commit: str, folder: Path) -> Tree:
    """The commit's files written below `folder`; submodules and ignored build products come from the checkout."""
    folder.mkdir(parents=True)
    with _index(root) as env:
        run(root, "read-tree", commit, env=env)
        run(root, "checkout-index", "--all", "--force", f"--prefix={folder}/", env=env)
    for path in submodules(root, commit):
        if (root / path).is_dir():
            shutil.copytree(
                root / path, folder / path, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git")
            )
    for path in built(root):
        destination = folder / path
        if not destination.exists() and destination.parent.is_dir():
            shutil.copy2(root / path, destination)
    return Tree(commit, folder)


def submodules(root: Path, commit: str) -> list[str]:
    """Paths of the commit that are other repositories."""
    entries = run(root, "ls-tree", "-r", "-z", commit).split("\0")
    return [entry.split("\t", 1)[1] for entry in entries if entry.startswith("160000 ")]


def built(root: Path) -> list[str]:
    """Ignored files of the checkout that its code needs to run: extension modules and generated Python files."""
    ignored = run(root, "ls-files", "-o", "-i", "--exclude-standard", "-z").split("\0")
    return [p for p in ignored if p.endswith(BUILT) and not NOT_CARRIED & set(Path(p).parts) and (root / p).is_file()]


def files(root: Path, commit: str) -> list[str]:
    """The paths of a commit's files, submodules and links left out."""
    entries = run(root, "ls-tree", "-r", "-z", commit).split("\0")
    return [entry.split("\t", 1)[1] for entry in entries if entry.startswith("100")]


def changed(root: Path, old: str, new: str) -> tuple[str, ...]:
    """Paths that differ between two commits."""
    return tuple(p for p in run(root, "diff", "--name-only", "--no-renames", "-z", old, new).split("\0") if p)


def diff(root: Path, old: str, new: str) -> bytes:
    """The patch from one commit to another, as `git apply` takes it."""
    return run_bytes(root, "diff", "--binary", "--no-color", "--no-ext-diff", "--full-index", old, new)


def update_ref(root: Path, ref: str, commit: str) -> None:
    """Make `ref` point to the commit, with a reflog entry."""
    run(root, "update-ref", "--create-reflog", "-m", "llmopt", ref, commit)


def delete_ref(root: Path, ref: str) -> None:
    """Remove `ref` if it is there."""
    _try(root, "update-ref", "-d", ref)


def exists(root: Path, commit: str) -> bool:
    """Is the commit still in the repository?"""
    return bool(_try(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"))


def apply_to_checkout(folder: Path, patch: Path) -> bool:
    """Apply a patch to the user's files, not to the index; False, with nothing changed, when it does not fit.

    `folder` is a git root, or any folder outside a repository.
    """
    for option in ("--check", "--apply"):
        try:
            run(folder, "apply", option, "--whitespace=nowarn", str(patch))
        except ProjectError:
            return False
    return True


def commit_to_branch(root: Path, base: str, commits: Sequence[str]) -> str:
    """Put `commits` (a stack on `base`) on the branch that is checked out, and update only the files they change.

    Returns "" or why it was not done, with nothing changed: HEAD moved, no branch, or an edited file has changes.
    """
    branch = _try(root, "symbolic-ref", "--quiet", "HEAD")
    if not branch:
        return "HEAD is detached"
    paths = changed(root, base, commits[-1])
    current = head(root)
    if not current or _dirty(root, paths):
        return f"uncommitted changes in {', '.join(paths)}"
    if base != current and run(root, "merge-base", base, current) != current:
        return f"{branch.removeprefix('refs/heads/')} moved during the run"
    tip = current
    for before, commit in zip((base, *commits), commits, strict=False):
        contents = {path: _content(root, commit, path) for path in changed(root, before, commit)}
        tip = commit_files(root, tip, contents, run(root, "log", "-1", "--format=%B", commit))
    run(root, "update-ref", "-m", "llmopt: keep", branch, tip, current)
    run(root, "checkout", "--quiet", tip, "--", *paths)
    return ""


def _dirty(root: Path, paths: Sequence[str]) -> bool:
    return bool(run(root, "status", "--porcelain", "--untracked-files=all", "--", *paths))


def _content(root: Path, commit: str, path: str) -> bytes:
    """A file as the checkout has it (filters applied), through an export of that file alone."""
    with _index(root) as env, tempfile.TemporaryDirectory(prefix="llmopt-blob-") as folder:
        run(root, "read-tree", commit, env=env)
        run(root, "checkout-index", f"--prefix={folder}/", "--", path, env=env)
        return (Path(folder) / path).read_bytes()


def is_writable(root: Path) -> bool:
    """Can objects be added to the repository? (Root may write where the mode bits forbid it, so it is tried.)"""
    objects = root / run(root, "rev-parse", "--git-path", "objects")
    try:
        with tempfile.TemporaryFile(dir=objects):
            return True
    except OSError:
        return False


def create(folder: Path) -> None:
    """A new repository around the files of a folder: one commit, in llmopt's name."""
    run(folder, "init", "--quiet")
    exclude = folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("\n".join(sorted(NOT_CARRIED - {"env", "build", "dist"})) + "\n*.pyc\n")
    run(folder, "add", "--all", env=IDENTITY)
    commit = commit_tree(folder, run(folder, "write-tree"), [], "The files as they were")
    run(folder, "update-ref", "HEAD", commit)


def is_link(path: Path) -> bool:
    """Is the file itself a symbolic link?"""
    return stat.S_ISLNK(os.lstat(path).st_mode)
