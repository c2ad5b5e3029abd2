"""Commits written out as plain folders while they are needed: base and candidate side by side, under paths of one length."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmopt import git
from llmopt.data import Tree

KEPT = 3  # the base, the candidate, and the original base for the end-to-end number


class Trees:
    """Exports commits of one repository below one folder, the least recently used going first."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self._trees: dict[str, Tree] = {}

    def of(self, commit: str) -> Tree:
        """The tree of a commit. Its folder keeps the repository's own name, which some builds and tests look at."""
        tree = self._trees.pop(commit, None) or git.export(
            self.root, commit, self.folder / commit[:12] / self.root.name
        )
        self._trees[commit] = tree
        while len(self._trees) > KEPT:
            oldest = next(iter(self._trees))
            shutil.rmtree(self._trees.pop(oldest).path.parent, ignore_errors=True)
        return tree


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder for everything of this process; those of processes that were killed are cleared first.

    `tempfile` is pointed into it, so that whatever llmopt puts aside goes when the run ends.
    """
    parent = Path(tempfile.gettempdir())
    for stale in parent.glob("llmopt-scratch-*"):
        if not _alive(stale.name.split("-")[2]):
            shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"llmopt-scratch-{os.getpid()}-"))
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        pass
    return True
