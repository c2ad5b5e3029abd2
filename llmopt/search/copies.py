"""A base's files in, a copy of them for somebody else to work in out; and what differs there when they are done.

The copy is a git repository of one commit, without the user's history, without what the user excludes, and with masks
for secrets. What was done to it is found by looking at its files, whatever git there says: by then its `.git` is not
trusted any more, and no git runs in it.
"""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from llmopt import encoding, git
from llmopt.data import Tree
from llmopt.errors import EditError
from llmopt.search.masks import Masks

MOST_FILES = 200_000  # of a tree that can be looked through
MOST_NEW = 40  # new sources; more are an environment or generated, and nobody's edit
MOST_BYTES = 4 * 1024**2  # of a source
# What tools leave behind, which is no edit and worth no word.
BY_TOOLS = git.NOT_CARRIED | {".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".benchmarks"}
BY_TOOLS_FILES = (".pyc", ".pyo", ".prof", ".pstats", ".orig", ".rej", ".log")

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Differs:
    """What was done to a copy: the whole new texts of what counts, by path, and what does not count, with why."""

    files: Mapping[str, str]
    left_out: tuple[tuple[str, str], ...] = ()


def prepare(copy: Tree, masks: Masks, is_excluded: Callable[[str], bool]) -> None:
    """Turn an export into such a copy."""
    kept = []
    for path, file in list(_files(copy.path)):
        if is_excluded(path):
            file.unlink()
        elif not file.is_symlink() and file.stat().st_size <= MOST_BYTES and _sent(masks, path) is not None:
            kept.append(path)
    for path in kept:  # all were read by now: what one file tells is a secret is masked in all
        _mask(copy, path, masks.as_sent(path))
    git.create(copy.path, own_name=True)


def _mask(copy: Tree, path: str, masked: str) -> None:
    original = encoding.read_bytes(copy, path)
    if masked != encoding.decode(original, path).replace("\r\n", "\n"):
        (copy.path / path).write_bytes(encoding.encode_like(original, masked, path))


def signatures(copy: Tree) -> dict[str, Signature]:
    """Of each file what changes when it is written."""
    return {path: _signature(file) for path, file in _files(copy.path)}


def _signature(file: Path) -> Signature:
    found = file.lstat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files and links, but those of git."""
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if name != ".git" and name not in links]
        for name in (*names, *links):
            if name != ".git":
                yield Path(place, name).relative_to(folder).as_posix(), Path(place, name)


def differences(
    copy: Tree,
    base: Tree,
    before: Mapping[str, Signature],
    masks: Masks,
    turned_down: Callable[[str], str],
    ours: Iterable[str],
) -> Differs:
    """What differs from `before`; EditError where that is too much to be an edit.

    `turned_down` says why a path may not be edited, "" when it may; `ours` are files that are no part of the copy.
    """
    after: dict[str, Path] = {}
    for path, file in _files(copy.path):
        if path not in ours and (path in before or not _is_of_tools(path)):
            after[path] = file
        if len(after) > MOST_FILES:
            raise EditError(f"it left more than {MOST_FILES} files")
    files: dict[str, str] = {}
    left_out = [
        (path, "it was deleted, and files are only changed or added")
        for path in sorted(before.keys() - after.keys() - set(ours))
    ]
    for path, file in sorted(after.items()):
        if before.get(path) == _signature(file) or _is_equal(base, path, file):
            continue
        if reason := _unusable(file) or turned_down(path):
            left_out.append((path, reason))
            continue
        try:
            text = encoding.reader(copy)(path)
        except EditError:
            left_out.append((path, "it is no text"))
            continue
        if text != _sent(masks, path):
            files[path] = text
    if len(new := sorted(files.keys() - before)) > MOST_NEW:
        raise EditError(f"it left {len(new)} new source files: {', '.join(new[:3])}, …")
    return Differs(files, tuple(left_out))


def _is_of_tools(path: str) -> bool:
    parts = PurePosixPath(path).parts
    hidden = any(part.startswith(".") for part in parts)
    return hidden or bool(BY_TOOLS & set(parts[:-1])) or path.endswith(BY_TOOLS_FILES)


def _is_equal(base: Tree, path: str, file: Path) -> bool:
    """Was it only touched, as by a checkout of git? Links are left to what follows."""
    other = base.path / path
    if file.is_symlink() or other.is_symlink():
        return file.is_symlink() and other.is_symlink() and file.readlink() == other.readlink()
    return file.is_file() and other.is_file() and filecmp.cmp(file, other, shallow=False)


def _unusable(file: Path) -> str:
    found = file.lstat()
    if stat.S_ISLNK(found.st_mode):
        return "it is a link"
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    return f"it is larger than {MOST_BYTES // 1024**2} MB" if found.st_size > MOST_BYTES else ""


def _sent(masks: Masks, path: str) -> str | None:
    """The text that the copy began with, None for a new file and for what is no text."""
    try:
        return masks.as_sent(path)
    except EditError:
        return None
