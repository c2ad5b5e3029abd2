"""Real git repositories for tests: made, dirtied, and looked at by git itself, apart from llmopt's own calls."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

HOOKS = (
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "prepare-commit-msg",
    "reference-transaction",
    "update",
)


def git(folder: Path, *arguments: str, stdin: bytes | None = None, check: bool = True) -> str:
    """What git prints, with none of the caller's GIT_* variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    ran = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, env=environment)
    if check and ran.returncode:
        raise AssertionError(f"git {' '.join(arguments)}: {ran.stderr.decode()}")
    return os.fsdecode(ran.stdout).removesuffix("\n")


def init(folder: Path) -> Path:
    """An empty repository whose commits are by "A User"."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "A User")
    git(folder, "config", "user.email", "user@example.org")
    return folder


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def make(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A repository with one commit of these files."""
    init(folder)
    write(folder, files)
    commit(folder)
    return folder


def commit(folder: Path, message: str = "one") -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def hook_all(folder: Path, witness: Path) -> None:
    """Install every hook that git knows, each noting its name in the file `witness`."""
    hooks = folder / git(folder, "rev-parse", "--git-path", "hooks")
    hooks.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> '{witness}'\n")
        (hooks / name).chmod(0o755)


def state(folder: Path) -> dict[str, str]:
    """All that llmopt must not touch: files and their times, index bytes, HEAD, branches, stash and reflogs."""
    git_folder = Path(git(folder, "rev-parse", "--absolute-git-dir"))
    found = {f"file {path.relative_to(folder)}": _print_of(path) for path in _paths(folder)}
    for name in ("index", "HEAD", "logs", "refs/heads", "refs/stash", "packed-refs", "config", "MERGE_HEAD"):
        for path in [git_folder / name, *(git_folder / name).rglob("*")]:
            if path.is_file():
                found[f"git {path.relative_to(git_folder)}"] = _print_of(path)
    found["git folder"] = " ".join(sorted(path.name for path in git_folder.iterdir()))
    return {name: mark for name, mark in found.items() if "refs/llmopt" not in name}


def _paths(folder: Path) -> list[Path]:
    inside = [path for path in folder.rglob("*") if ".git" not in path.relative_to(folder).parts]
    return [path for path in inside if path.is_symlink() or path.is_file()]


def _print_of(path: Path) -> str:
    seen = path.lstat()
    content = str(path.readlink()).encode(errors="surrogateescape") if path.is_symlink() else path.read_bytes()
    return f"{seen.st_mode:o} {seen.st_mtime_ns} {hashlib.sha256(content).hexdigest()[:16]}"


def tree_of(folder: Path, commit: str) -> dict[str, str]:
    """Mode and blob by path of a commit."""
    entries = [entry for entry in git(folder, "ls-tree", "-r", "-z", commit).split("\0") if entry]
    return {entry.split("\t", 1)[1]: f"{entry.split()[0]} {entry.split()[2]}" for entry in entries}


def blob(folder: Path, commit: str, path: str) -> bytes:
    """A file's bytes in a commit, as git stores them."""
    return subprocess.run(["git", "cat-file", "blob", f"{commit}:{path}"], cwd=folder, capture_output=True).stdout


def files_below(folder: Path) -> dict[str, bytes]:
    """The regular files below a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {os.fsdecode(path.relative_to(folder)): path.read_bytes() for path in paths}
