"""A change of what is staged in, the same change in the user's files and index out: in all of them, or in none.

The files may hold more than is staged. Theirs is one side of a three-way merge, the change the other; where the two
meet in the same lines nothing is written. A file appears as a whole, with what it held before and the change.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from llmopt import git
from llmopt.errors import EditError, ProjectError
from llmopt.folders import draft
from llmopt.git import Blobs


def put(root: Path, base: str, final: str, *, index: bool) -> str:
    """Bring what differs from `base` to `final` into the working tree, and with `index` into the index too.

    Returns "", or why nothing was changed.
    """
    changes, drafts = git.difference(root, base, final), dict[Path, Path]()
    try:
        merged = {root / each.path: _merged(root, each) for each in changes}
        for file, content in merged.items():
            drafts[file] = draft(file, content)
        if index:
            _stage(root, changes, final)
    except (EditError, ProjectError, OSError) as problem:
        for made in drafts.values():
            made.unlink(missing_ok=True)
        return str(problem)
    for file, made in drafts.items():
        made.replace(file)
    return ""


def _merged(root: Path, change: Blobs) -> bytes:
    """What the working tree's file becomes; EditError where it cannot take the change."""
    path, file = change.path, root / change.path
    if not change.new or change.old_path not in ("", path):
        raise EditError(f"{change.old_path} would be moved or removed")
    if Path(os.path.realpath(file.parent)) != Path(os.path.realpath(root)) / Path(path).parent or file.is_symlink():
        raise EditError(f"{path} is reached through a symbolic link")
    if not change.old:
        if file.exists():
            raise EditError(f"{path} is there already")
        return _as_file(root, path, change.new)
    if not file.is_file():
        raise EditError(f"{path} is gone from the working tree")
    ours = git.run(root, "hash-object", "-w", "--", path)
    if ours == change.old:
        return _as_file(root, path, change.new)
    return _as_file(root, path, _three_way(root, path, ours, change))


def _three_way(root: Path, path: str, ours: str, change: Blobs) -> str:
    """The id of the content that has the user's unstaged work and the change."""
    held = git.contents(root, (ours, change.old, change.new))
    with tempfile.TemporaryDirectory(prefix="llmopt-merge-") as folder:
        files = [Path(folder) / side for side in ("ours", "base", "theirs")]
        for file, name in zip(files, (ours, change.old, change.new), strict=True):
            file.write_bytes(held[name])
        try:
            content = git.run_bytes(root, "merge-file", "-p", "--quiet", *map(str, files))
        except ProjectError:  # its exit code is the number of conflicts
            raise EditError(f"{path} has unstaged changes in the same lines") from None
    return git.run(root, "hash-object", "-w", "--stdin", stdin=content)


def _as_file(root: Path, path: str, blob: str) -> bytes:
    """The content as it stands in a working tree: with the line ends and by the filters that the user has set."""
    return git.run_bytes(root, "cat-file", "--filters", f"--path={path}", blob)


def _stage(root: Path, changes: Iterable[Blobs], final: str) -> None:
    """The entries of `final` in the user's index; EditError where that holds something else than before the run."""
    for each in changes:
        if _staged(root, each.path) != each.old:
            raise EditError(f"{each.path} was staged anew during the run")
    entries = git.run_bytes(root, "ls-tree", "-z", final, "--", *(each.path for each in changes))
    git.run(root, "update-index", "--add", "-z", "--index-info", stdin=entries)


def _staged(root: Path, path: str) -> str:
    said = git.run(root, "ls-files", "--stage", "-z", "--", path)
    return said.split(" ")[1] if said else ""
