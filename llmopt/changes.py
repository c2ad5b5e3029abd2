"""What a user wants judged (a revision, a range, a patch, edits, or nothing: the working tree) in; its commits out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from llmopt import edits, encoding, git, revisions, session, syntax
from llmopt.data import Function, Tree
from llmopt.errors import EditError, ProjectError, UsageError
from llmopt.session import Session

MESSAGE = "The change to verify: {}"
MODULE = "<module>"
NOWHERE = Function("", MODULE, 0)


@dataclass(frozen=True)
class Patch:
    """A unified diff, as `git diff` prints it, for the checkout as it is."""

    text: str | bytes
    name: str = "patch"


@dataclass(frozen=True)
class Edits:
    """Edits as a model writes them: SEARCH/REPLACE blocks or whole functions, below the path of their file."""

    text: str
    name: str = "edit"


@dataclass(frozen=True)
class Asked:
    """What was named, looked up as far as git knows it. Without `base` that is the checkout as it is; the change is the
    `patch`, else the `edits`, else the `commit`, and with none of them again the checkout as it is."""

    name: str
    base: str = ""
    commit: str = ""
    patch: bytes | None = None
    edits: str | None = None
    notice: str = ""


@dataclass(frozen=True)
class Change:
    """A change as two commits. `problem` says why a patch does not apply: then there is no `commit`. `function` is the
    one with most changed lines; `plan` what the change says of itself."""

    name: str
    author: str
    plan: str
    base: str
    commit: str
    files: tuple[str, ...]
    function: Function
    problem: str = ""


def asked(change: str | Patch | Edits, base: str, path: Path) -> Asked:
    """What a change, or its name, stands for, seen from `path`; UsageError for what cannot be judged."""
    root = session.find_place(path, no_git=False).root
    if isinstance(change, Patch):
        text = change.text.encode("utf-8", "surrogateescape") if isinstance(change.text, str) else change.text
        return Asked(change.name, _named_base(root, base, path), patch=text)
    if isinstance(change, Edits):
        return Asked(change.name, _named_base(root, base, path), edits=change.text)
    return _named(root, change, base, path)


def _named(root: Path, text: str, base: str, path: Path) -> Asked:
    if not text:
        return _working_tree(root, base, path)
    if ".." in text and "../" not in text and not Path(text).exists():
        return _range(root, text, base, path)
    what = revisions.named(text, path)
    if what.kind == "patch":
        return Asked(Path(text).name, _named_base(root, base, path), patch=what.path.read_bytes())
    if what.kind == "folder":
        raise UsageError(f"{text} is a folder", "a change is a revision or a patch; `llmopt compare` compares folders")
    commit = _commit(root, text, path)
    return _of_commit(root, text, commit, base, path)


def _commit(root: Path, text: str, path: Path) -> str:
    if (named := revisions.named(text, path)).kind != "revision":
        raise UsageError(f"{named.text} is no revision")
    return git.run(root, "rev-parse", "--verify", f"{text}^{{commit}}")


def _named_base(root: Path, base: str, path: Path) -> str:
    return _commit(root, base, path) if base else ""


def _working_tree(root: Path, base: str, path: Path) -> Asked:
    head = git.head(root)
    if not head:
        raise UsageError(f"{root} has no commit to compare the working tree with")
    if base:
        return Asked(revisions.WORKING_TREE, _where_they_part(root, _commit(root, base, path), head))
    if not git.run(root, "status", "--porcelain"):
        raise UsageError("the working tree has no changes", "name what to verify: a revision, or a .patch file")
    return Asked(revisions.WORKING_TREE, head)


def _range(root: Path, text: str, base: str, path: Path) -> Asked:
    if base:
        raise UsageError(f"--base and the range {text} both name a base", "leave one of them out")
    left, dots, right = text.partition("...")
    if not dots:
        left, _, right = text.partition("..")
    old, new = _commit(root, left or "HEAD", path), _commit(root, right or "HEAD", path)
    return Asked(text, _where_they_part(root, old, new) if dots else old, new)


def _of_commit(root: Path, text: str, commit: str, base: str, path: Path) -> Asked:
    """A branch counts as a whole, from where it left; a commit that is in the history of HEAD counts alone."""
    other = _commit(root, base or "HEAD", path)
    parting = _where_they_part(root, other, commit)
    if parting != commit:
        went_on = f"{base or 'HEAD'} went on since {text} left it: judged against {parting[:10]}, where they part"
        return Asked(text, parting, commit, notice="" if parting == other else went_on)
    if base:
        raise UsageError(f"{text} has nothing that {base} has not", "name a BASE that is older")
    parent = git.run(root, "rev-list", "--parents", "--max-count=1", commit).split()[1:2]
    if not parent:
        raise UsageError(f"{text} is the first commit", "there is nothing to compare it with: name a later one")
    return Asked(text, parent[0], commit)


def _where_they_part(root: Path, one: str, other: str) -> str:
    try:
        return git.run(root, "merge-base", one, other)
    except ProjectError:
        shallow = git.run(root, "rev-parse", "--is-shallow-repository") == "true"
        hint = "the clone is shallow: fetch-depth: 0 brings the history" if shallow else "name the base: BASE..REV"
        raise UsageError(f"{one[:10]} and {other[:10]} have no history in common", hint) from None


def made(opened: Session, what: Asked) -> Change:
    """The change as commits of the session's repository."""
    root, base = opened.place.root, what.base or opened.base
    try:
        commit, problem = _committed(opened, what, base), ""
    except EditError as does_not_fit:
        commit, problem = "", f"{what.name} does not apply to {_title(opened, base)}: {does_not_fit.message}"
    files = git.changed(root, base, commit) if commit else ()
    function = largest(texts(opened.trees.of(base), opened.trees.of(commit), files)) if commit else NOWHERE
    author, plan = _told(root, base, what.commit) if what.commit else (_author(what), "")
    return Change(what.name, author, plan, base, commit, files, function, problem)


def _committed(opened: Session, what: Asked, base: str) -> str:
    """The commit of what was named; EditError for what does not fit on the base."""
    root, message = opened.place.root, MESSAGE.format(what.name)
    if what.patch is not None:
        return git.commit_patch(root, base, what.patch, message)
    if what.edits is not None:
        tree = opened.trees.of(base)
        files = edits.apply(edits.parse(what.edits), encoding.reader(tree))
        return git.commit_files(root, base, encoding.encoded(tree, files), message)
    return what.commit or opened.base


def _title(opened: Session, base: str) -> str:
    if base != opened.base:
        return base[:10]
    return "the working tree" if git.is_snapshot(opened.place.root, base) else f"HEAD ({base[:10]})"


def _author(what: Asked) -> str:
    return "you" if what.patch is None and what.edits is None else what.name


def _told(root: Path, base: str, commit: str) -> tuple[str, str]:
    """Who made a revision, and what its commits say: one as a whole, several by their subjects."""
    author = git.run(root, "log", "-1", "--format=%an", commit)
    subjects = git.run(root, "log", "--reverse", "--format=%s", f"{base}..{commit}").splitlines()
    return author, git.run(root, "log", "-1", "--format=%B", commit).strip() if len(subjects) == 1 else "; ".join(
        subjects
    )


# --- what was changed ------------------------------------------------------------------------------------------


def texts(base: Tree, candidate: Tree, files: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Path, old and new text of each file; "" where it is not there, or no text."""
    for path in files:
        yield path, _read(base, path), _read(candidate, path)


def _read(tree: Tree, path: str) -> str:
    try:
        return encoding.reader(tree)(path)
    except EditError:
        return ""


def largest(changed: Iterable[tuple[str, str, str]]) -> Function:
    """The function with most changed lines, of (path, old, new); where only other lines changed, the module."""
    counts: Counter[Function] = Counter()
    for path, old, new in changed:
        for function, lines in _lines_by_function(path, old, new).items():
            counts[function] += lines
    return max(counts, key=lambda each: (each.path.endswith(".py"), each.name != MODULE, counts[each]), default=NOWHERE)


def _lines_by_function(path: str, old: str, new: str) -> Counter[Function]:
    try:
        spans = list(syntax.definitions(syntax.parse(new))) if path.endswith(".py") else []
    except SyntaxError:
        spans = []
    functions = [each for each in spans if not hasattr(each.node, "bases")]
    counts: Counter[Function] = Counter({Function(path, MODULE, 1): 0})
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old.split("\n"), new.split("\n")).get_opcodes():
        if tag != "equal":
            inside = [each for each in functions if each.start <= j1 + 1 <= each.end]
            own = Function(path, inside[-1].name, inside[-1].node.lineno) if inside else Function(path, MODULE, 1)
            counts[own] += max(i2 - i1, j2 - j1)
    return counts
