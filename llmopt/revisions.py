"""What a user names (revisions, folders, a patch, or nothing for the working tree) in, plain trees of it out.

Nothing is run in the folders that were named, and nothing in them is changed: each side is written out below the
session's scratch folder.
"""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmopt import git, interpreters, roots
from llmopt.data import Project, Tree
from llmopt.errors import ProjectError, UsageError
from llmopt.session import Session

PATCHES = (".patch", ".diff")
WORKING_TREE = "working tree"
# Of a folder without git: what is no part of its code.
NOT_COPIED = frozenset({".git", ".llmopt", "__pycache__", "node_modules", ".tox", ".nox"})
COMPILED = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".pyx", ".pxd", ".rs", ".f", ".f90")


@dataclass(frozen=True)
class Named:
    """What the user wrote. `kind` is "revision", "folder", "patch" or "working tree"; `path` is the folder or the file,
    and of a revision the git root that knows it."""

    text: str
    kind: str
    path: Path


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what to call it, its files, and its commit ("" for a plain folder) with whether there
    are uncommitted `changes` on it."""

    name: str
    tree: Tree
    commit: str = ""
    changes: bool = False

    @property
    def title(self) -> str:
        """The name with the commit, unless one says the other."""
        short = self.commit[:10]
        known = f"{short} with changes" if self.changes else short
        return f"{self.name} ({known})" if short and not self.name.startswith(short[:7]) else self.name


def named(text: str, path: Path) -> Named:
    """What a word of the command line stands for, seen from `path`; a revision wins over a folder of the same name.

    Raises UsageError for what is none of all, with the names that are near.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    if not text:
        return Named(WORKING_TREE, WORKING_TREE, path.resolve())
    root = root_of(path)
    if root is not None and not text.startswith("-") and git.exists(root, text):
        return Named(text, "revision", root)
    given = Path(text)
    if given.is_dir():
        return Named(text, "folder", given.resolve())
    if given.is_file() and given.suffix in PATCHES:
        return Named(text, "patch", given.resolve())
    raise _unknown(text, path, root)


def root_of(path: Path) -> Path | None:
    """The git root above a folder, None where there is none."""
    try:
        return git.top(path)
    except ProjectError as problem:
        if "in no git repository" in problem.message:
            return None
        raise


def _unknown(text: str, path: Path, root: Path | None) -> UsageError:
    if text.endswith(PATCHES):
        return UsageError(f"there is no patch {text}")
    if Path(text).is_file():
        return UsageError(f"{text} is a file and no patch", f"a patch's name ends in {' or '.join(PATCHES)}")
    if root is None:
        return UsageError(f"there is no folder {text}", f"{path} is in no git repository, so revisions have no meaning")
    if ".." in text.strip("./"):
        left, _, right = text.partition("..")
        return UsageError(
            f"{text} is a range", f"name the two sides: llmopt compare {left} {right.strip('.')}".rstrip()
        )
    return UsageError(f"{text!r} is no revision of {root}, no folder and no patch", _near(text, root))


def _near(text: str, root: Path) -> str:
    formatted = "--format=%(refname:short)"
    names = git.run(root, "for-each-ref", formatted, "refs/heads", "refs/remotes", "refs/tags").splitlines()
    close = [name for name in names if name.endswith(f"/{text}")] or difflib.get_close_matches(text, names, 1)
    if close:
        return f"did you mean {close[0]}?"
    if git.run(root, "rev-parse", "--is-shallow-repository") == "true":
        return "the clone is shallow: `git fetch --unshallow`, or fetch-depth: 0 in CI, brings the history"
    return "`git branch --all` and `git tag` list what there is"


def place(base: Named, head: Named, path: Path) -> tuple[Path, bool]:
    """The folder whose settings, interpreter and workloads count, and whether it is worked on as one without git.

    A folder stands for a whole repository when it is one, else for the folder it is compared with.
    """
    if base.kind == "patch":
        raise UsageError(f"BASE is the patch {base.text}", "a patch is what HEAD adds: llmopt compare BASE PATCH")
    folder = (
        head.path if head.kind == "folder" else base.path if (base.kind, head.kind) == ("folder", "patch") else path
    )
    root = root_of(folder)
    if root is None:
        return folder, True
    if base.kind == "folder" and head.kind != "revision":
        return folder, not (folder.resolve() == root or root_of(base.path) == base.path)
    return folder, False


def lay_out(opened: Session, base: Named, head: Named) -> tuple[Side, Side]:
    """Both sides as folders whose paths have one length: the size of the environment moves run times."""
    old = side(opened, base, "base")
    return old, _patched(opened, old, head) if head.kind == "patch" else side(opened, head, "head")


def side(opened: Session, what: Named, role: str) -> Side:
    """What was named, written out."""
    folder = _folder(opened, role)
    if what.kind == "revision":
        commit = git.run(what.path, "rev-parse", "--verify", f"{what.text}^{{commit}}")
        return Side(what.text, git.export(what.path, commit, folder), commit)
    if what.kind == WORKING_TREE or what.path == opened.place.named:
        tree = git.export(opened.place.root, opened.base, folder)
        is_copy = opened.place.root != opened.place.origin  # the commit of a copy says nothing to anybody
        return Side(what.text, tree) if is_copy else _of_checkout(what.text, opened.place.root, tree)
    if root_of(what.path) == what.path:
        tree = git.export(what.path, git.snapshot(what.path)[0], folder)
        return _of_checkout(what.text, what.path, tree)
    shutil.copytree(what.path, folder, symlinks=True, ignore=_not_code)
    return Side(what.text, Tree("", folder))


def _of_checkout(name: str, root: Path, tree: Tree) -> Side:
    head = git.head(root)
    return Side(name, tree, head, changes=tree.commit != head)


def _folder(opened: Session, role: str) -> Path:
    """`role` has four letters on both sides."""
    return opened.trees.folder.parent / "sides" / role / opened.place.origin.name


def _not_code(folder: str, names: list[str]) -> set[str]:
    """Environments, caches, and what cannot be copied: sockets, pipes and devices."""
    paths = {name: Path(folder) / name for name in names}
    kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    odd = {name for name, path in paths.items() if not any(kind(path.lstat().st_mode) for kind in kinds)}
    return odd | (NOT_COPIED & set(names)) | {name for name, path in paths.items() if (path / "pyvenv.cfg").exists()}


def _patched(opened: Session, base: Side, patch: Named) -> Side:
    folder = _folder(opened, "head")
    shutil.copytree(base.tree.path, folder, symlinks=True)
    try:
        git.run(folder, *git.applying(folder), "--whitespace=nowarn", str(patch.path))
    except ProjectError as problem:
        said = problem.message.rpartition("error: ")[2]
        raise UsageError(
            f"{patch.text} does not apply to {base.name}: {said}", "name the revision that it was made on as BASE"
        ) from None
    return Side(patch.text, Tree("", folder))


def with_roots(opened: Session, sides: Sequence[Side]) -> Project:
    """The project with the import roots of all sides: a package may have moved, as into src/, between them."""
    found = opened.project
    if opened.settings.roots:
        return found
    seen = interpreters.find(opened.place.folder, opened.place.root, opened.settings.python)
    folders = [(each.tree.path / found.folder, each.tree.path) for each in sides]
    each = [found.roots, *(roots.find(folder, top, seen, None) for folder, top in folders if folder.is_dir())]
    return replace(found, roots=tuple(dict.fromkeys(root for known in each for root in known)))


# --- what differs ----------------------------------------------------------------------------------------------


def differing(old: Path, new: Path) -> list[str]:
    """The files that are not the same in two folders, relative to them."""
    paths = sorted(_files(old) | _files(new))
    return [path for path in paths if not _same(old / path, new / path)]


def _files(folder: Path) -> set[str]:
    found = set()
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        folders[:] = [name for name in folders if name != "__pycache__"]
        found |= {Path(parent, name).relative_to(folder).as_posix() for name in [*names, *links]}
    return found


def _same(one: Path, other: Path) -> bool:
    if not (os.path.lexists(one) and os.path.lexists(other)):
        return False
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def notices(base: Side, head: Side, root: Path, changed: Iterable[str]) -> list[str]:
    """What a reader of the result should know about the two sides: another history, and code that was not built."""
    said = [*_about_history(base, head, root)]
    sources = [path for path in changed if path.endswith(COMPILED)]
    if sources and git.built(root):
        said.append(
            f"{sources[0]} differs, and compiled modules are taken as they are built in {root.name}, for both sides: "
            "give two folders, each built, to measure it"
        )
    return said


def _about_history(base: Side, head: Side, root: Path) -> Iterator[str]:
    if not all(side.commit and git.exists(root, side.commit) for side in (base, head)):
        return
    try:
        common = git.run(root, "merge-base", base.commit, head.commit)
    except ProjectError:
        common = ""
    if common != base.commit:
        where = f"; `llmopt compare {common[:10]}` compares with where they part" if common else ""
        yield f"{base.name} is no ancestor of {head.name}: what only {base.name} has counts as well{where}"
