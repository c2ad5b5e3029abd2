"""Commits written out as plain folders while they are needed: base and candidate side by side, paths of one length."""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmopt import git
from llmopt.data import Tree
from llmopt.folders import remove

LOCK = "lock"  # in a scratch folder: held for as long as its process lives
KEPT = 4  # the base, the candidate, the original base for the end-to-end number, and one with parts left out


class Trees:
    """Exports commits of one repository below one folder, the least recently used going first."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self._trees: dict[str, Tree] = {}
        self._lock = threading.Lock()  # several questions to a model may be answered side by side

    def of(self, commit: str) -> Tree:
        """The tree of a commit. Its folder keeps the repository's own name, which some builds and tests look at."""
        with self._lock:
            tree = self._trees.pop(commit, None) or self._exported(commit)
            self._trees[commit] = tree
            while len(self._trees) > KEPT:
                oldest = next(iter(self._trees))
                remove(self._trees.pop(oldest).path.parent)
        return tree

    @contextmanager
    def instead(self, commit: str, other: str) -> Iterator[Tree]:
        """The tree of a commit in the folder that another's has, which is put aside: what programs do may hang on the
        path that they run in. Nobody else may ask for the other one meanwhile."""
        folder = self.of(other).path.parent
        aside = folder.with_name(f"{folder.name}-aside")
        with self._lock:
            tree = self._trees.pop(other)
            folder.rename(aside)
        try:
            yield git.export(self.root, commit, tree.path)
        finally:
            remove(folder)
            with self._lock:
                aside.rename(folder)
                self._trees[other] = tree

    def _exported(self, commit: str) -> Tree:
        folder = self.folder / commit[:12]
        remove(folder)  # what an export that failed half way left
        return git.export(self.root, commit, folder / self.root.name)


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder for everything of this process; those of processes that were killed are cleared first.

    `tempfile` is pointed into it, so that whatever llmopt puts aside goes when the run ends.
    """
    for stale in Path(tempfile.gettempdir()).glob("llmopt-scratch-*"):
        if not _in_use(stale):
            remove(stale)
    folder = Path(tempfile.mkdtemp(prefix=f"llmopt-scratch-{os.getpid()}-"))
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        tempfile.tempdir = before
        remove(folder)


def _in_use(folder: Path) -> bool:
    """Does its process still hold the lock? A number alone would not say: containers share /tmp and count their own."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return _is_alive(folder.name.split("-")[2])  # it is just being made
    except OSError:
        return True  # locked, or somebody else's
    return False


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        pass
    return True
