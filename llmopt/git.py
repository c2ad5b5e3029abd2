"""The few git operations llmopt needs, by plumbing: the user's checkout, index, stash and hooks stay untouched."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from llmopt import keys
from llmopt.data import Tree
from llmopt.errors import EditError, ProjectError

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # else importing GitPython fails where there is no git

import git as gitpython

# No hook, pager, prompt or file-system monitor of the user's runs because llmopt looked at the repository, and no
# setting keeps a file out: neither line ends that do not survive a round trip, nor a sparse checkout.
SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "core.safecrlf=false",
    "core.sparseCheckout=false",
    "i18n.commitEncoding=UTF-8",
)
QUIET = ("--literal-pathspecs", *(part for setting in SETTINGS for part in ("-c", setting)))
# Of the caller's GIT_* variables only those that say where git and its settings are, and who the user is. The others
# belong to another command: within a hook GIT_DIR and GIT_INDEX_FILE name what that hook's git works on.
CALLERS = (
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
)
CALLERS_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_PYTHON_")
IDENTITY = {
    "GIT_AUTHOR_NAME": "llmopt",
    "GIT_AUTHOR_EMAIL": "llmopt@localhost",
    "GIT_COMMITTER_NAME": "llmopt",
    "GIT_COMMITTER_EMAIL": "llmopt@localhost",
}
SNAPSHOT = "Snapshot of uncommitted work, the base of an llmopt run"
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
    if not (root.is_dir() and os.access(root, os.X_OK)):  # GitPython would run in the current folder instead
        raise ProjectError(f"{root} is no folder that can be entered")
    with tempfile.TemporaryFile() as stream, _without_callers_repository():
        stream.write(stdin or b"")
        stream.seek(0)
        try:
            output = gitpython.Git(str(root)).execute(
                ["git", *QUIET, *arguments],
                istream=stream,
                env={"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", **(env or {})},
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                start_new_session=True,  # Ctrl-C is llmopt's: a git command is short, and ends as a whole
            )
        except gitpython.GitCommandError as problem:
            raise _failure(root, arguments[0], problem) from None
        except gitpython.GitCommandNotFound:
            raise ProjectError("git is not on the PATH", "install git") from None
    return output


@contextmanager
def _without_callers_repository() -> Iterator[None]:
    """GitPython can add variables to the environment of a command, not take any away."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if _is_foreign(name)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _is_foreign(name: str) -> bool:
    """What would point git elsewhere, and keys: a repository's own configuration may name programs that git runs."""
    return keys.is_secret(name) or (
        name.startswith("GIT_") and name not in CALLERS and not name.startswith(CALLERS_PREFIXES)
    )


def _failure(root: Path, command: str, problem: gitpython.GitCommandError) -> ProjectError:
    said = str(problem.stderr).strip().removeprefix("stderr: ").strip("'").strip().splitlines()
    blunt = [line for line in said if line.startswith(("fatal:", "error:"))]
    hint = ""
    if "dubious ownership" in "".join(blunt):
        hint = f"if you trust it: git config --global --add safe.directory {shlex.quote(str(root))}"
    return ProjectError(f"git {command} failed in {root}: {[*blunt, *said, problem.status][0]}", hint)


def _try(root: Path, *arguments: str) -> str:
    try:
        return run(root, *arguments)
    except ProjectError:
        return ""


def _listed(output: str) -> list[str]:
    """The entries of a list that ends each with NUL."""
    return [entry for entry in output.split("\0") if entry]


def _joined(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


@contextmanager
def _index(users: Path | None = None) -> Iterator[dict[str, str]]:
    """An index file of our own, empty or a copy of a user's (a copy keeps the stat data: `add` is fast then)."""
    with tempfile.TemporaryDirectory(prefix="llmopt-index-") as folder:
        index = Path(folder) / "index"
        if users and users.exists():
            shutil.copy2(users, index)
        yield {"GIT_INDEX_FILE": str(index)}


def top(path: Path) -> Path:
    """The git root above a folder; ProjectError when there is none."""
    if not path.exists():
        raise ProjectError(f"{path} does not exist", "give the folder of a git repository")
    if not path.is_dir():
        raise ProjectError(f"{path} is a file", "give the project's folder; a script is given with --workload")
    try:
        found = run(path, "rev-parse", "--show-toplevel")
    except ProjectError as problem:
        raise _no_root(path, problem) from None
    return Path(found).resolve()


def _no_root(path: Path, problem: ProjectError) -> ProjectError:
    if "not a git repository" in problem.message:
        return ProjectError(
            f"{path.absolute()} is in no git repository",
            "`git init` and a commit make it one; optimize and profile also work on a copy, with --no-git",
        )
    if "work tree" in problem.message:
        return ProjectError(f"{path} is a bare repository or a .git folder", "give a checkout of it (`git clone`)")
    return problem


def tree_of(root: Path, commit: str) -> str:
    """The tree of a commit, which names its content: two commits of the same files have one."""
    return run(root, "rev-parse", f"{commit}^{{tree}}")


def head(root: Path) -> str:
    """The commit of HEAD, "" in a repository without commits."""
    return _try(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def snapshot(root: Path) -> tuple[str, tuple[str, ...]]:
    """The checkout as it is, as a commit: HEAD itself when nothing differs, else a commit on top of it.

    Tracked changes and untracked files that git does not ignore are in it; index and stash are not touched. The second
    value names what is not tracked and was left out: large files, and repositories inside this one.
    """
    untracked = _listed(run(root, "ls-files", "-o", "--exclude-standard", "-z"))
    left_out = tuple(path for path in untracked if _is_left_out(root, path))
    with _index(root / run(root, "rev-parse", "--git-path", "index")) as env:
        run(root, "add", "--update", env=env)
        _add(root, [path for path in untracked if path not in left_out], env)
        tree = run(root, "write-tree", env=env)
    parent = head(root)
    if parent and tree_of(root, parent) == tree:
        return parent, left_out
    return commit_tree(root, tree, [parent] if parent else [], SNAPSHOT), left_out


def staged(root: Path) -> str:
    """What the next commit will have, as a commit on HEAD: the content of the index, which stays as it is.

    ProjectError while the index has conflicts.
    """
    tree, parent = staged_tree(root), head(root)
    return commit_tree(root, tree, [parent] if parent else [], SNAPSHOT)


def staged_tree(root: Path) -> str:
    """The index's content as a tree; within a hook of `git commit` that of the index which is being committed."""
    with _index(_users_index(root)) as env:
        try:
            return run(root, "write-tree", env=env)
        except ProjectError:
            if run(root, "ls-files", "--unmerged", env=env):
                hint = "resolve them and `git add` the files"
                raise ProjectError(f"the index of {root} has conflicts", hint) from None
            raise


def _users_index(root: Path) -> Path:
    """`git commit --all` and `git commit PATH` give their hooks another index than the usual one."""
    folder = Path(run(root, "rev-parse", "--absolute-git-dir"))
    given = root / os.environ.get("GIT_INDEX_FILE", "")
    is_ours = given.is_file() and given.parent.resolve() == folder.resolve()
    return given if is_ours else folder / "index"


def _is_left_out(root: Path, path: str) -> bool:
    if path.endswith("/"):
        return True
    try:
        return (root / path).lstat().st_size > UNTRACKED_BYTES
    except OSError:
        return False  # gone since it was listed: `update-index --remove` passes over it


def _add(root: Path, paths: Sequence[str], env: Mapping[str, str]) -> None:
    run(root, "update-index", "--add", "--remove", "-z", "--stdin", stdin=_joined(paths), env=env)


def commit_tree(root: Path, tree: str, parents: Sequence[str], message: str) -> str:
    """A commit of a tree; in the user's name when git knows one."""
    known = _try(root, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
    named = [argument for parent in parents for argument in ("-p", parent)]
    text = message.replace("\0", "").encode("utf-8", "replace")
    return run(root, "commit-tree", tree, *named, "-F", "-", stdin=text, env=None if known else IDENTITY)


def commit_files(root: Path, base: str, files: Mapping[str, bytes], message: str) -> str:
    """A commit on top of `base` with these files' new contents, written outside the checkout. Modes stay.

    Raises EditError for paths that cannot be in the tree of `base`: outside it, or below a file.
    """
    with _index() as env, tempfile.TemporaryDirectory(prefix="llmopt-files-") as folder:
        run(root, "read-tree", base, env=env)
        git_folder = run(root, "rev-parse", "--absolute-git-dir")
        # Added from a work tree and not by `hash-object`: only then does git look into the index for files that it
        # holds with "\r\n", whose line ends core.autocrlf must leave alone.
        place = {**env, "GIT_DIR": git_folder, "GIT_WORK_TREE": folder}
        try:
            for path, content in files.items():
                _write(Path(folder), path, content)
            add = ("-c", "core.fileMode=false", "update-index", "--add", "-z", "--stdin")
            run(Path(folder), *add, stdin=_joined(files), env=place)
        except (ProjectError, OSError) as problem:
            raise EditError(f"{', '.join(files)} cannot be written: {problem}") from None
        tree = run(root, "write-tree", env=env)
    return commit_tree(root, tree, [base], message)


def commit_patch(root: Path, base: str, patch: bytes, message: str) -> str:
    """A commit on top of `base` with a patch applied, outside the checkout; EditError when it does not fit."""
    with _index() as env:
        run(root, "read-tree", base, env=env)
        try:
            run(root, "apply", "--cached", "--whitespace=nowarn", "-", stdin=patch, env=env)
        except ProjectError as problem:
            raise EditError(problem.message.rpartition("error: ")[2]) from None
        tree = run(root, "write-tree", env=env)
    return commit_tree(root, tree, [base], message)


def _write(folder: Path, path: str, content: bytes) -> None:
    pure = PurePosixPath(path)
    if pure.is_absolute() or "\0" in path or {"..", ".git"} & {part.lower() for part in pure.parts}:
        raise EditError(f"{path!r} is outside the repository")
    (folder / pure).parent.mkdir(parents=True, exist_ok=True)
    (folder / pure).write_bytes(content)


def reword(root: Path, commit: str, message: str) -> str:
    """The same tree and parents under another message."""
    parents = run(root, "rev-parse", f"{commit}^@").split()
    return commit_tree(root, tree_of(root, commit), parents, message)


def export(root: Path, commit: str, folder: Path) -> Tree:
    """The commit's files written below `folder`; submodules and ignored build products come from the checkout."""
    folder.mkdir(parents=True)
    with _index() as env:
        run(root, "read-tree", commit, env=env)
        run(root, "checkout-index", "--all", "--force", f"--prefix={folder}/", env=env)
    for path in submodules(root, commit):
        if (root / path).is_dir():
            shutil.copytree(root / path, folder / path, symlinks=True, dirs_exist_ok=True, ignore=_not_of_submodules)
    for path in built(root):
        _carry(root / path, folder, path)
    return Tree(commit, folder)


def _not_of_submodules(folder: str, names: list[str]) -> list[str]:
    """Repositories, and what cannot be copied: sockets, pipes and devices."""
    modes = {name: os.lstat(Path(folder) / name).st_mode for name in names}
    copied = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return [name for name, mode in modes.items() if name == ".git" or not any(kind(mode) for kind in copied)]


def _carry(source: Path, folder: Path, path: str) -> None:
    """Copy a build product to where it belongs in a tree, if the tree has the package it is part of."""
    destination = folder / path
    package = folder / PurePosixPath(path).parts[0]
    if os.path.lexists(destination) or not (destination.parent == folder or package.is_dir()):
        return
    if not Path(os.path.realpath(destination.parent)).is_relative_to(os.path.realpath(folder)):
        return  # below a link that leads out of the tree
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, destination)


def submodules(root: Path, commit: str) -> list[str]:
    """Paths of the commit that are other repositories."""
    entries = _listed(run(root, "ls-tree", "-r", "-z", commit))
    return [entry.split("\t", 1)[1] for entry in entries if entry.startswith("160000 ")]


def built(root: Path) -> list[str]:
    """Ignored files of the checkout that its code needs to run: extension modules and generated Python files."""
    ignored = _listed(run(root, "ls-files", "-o", "-i", "--exclude-standard", "-z"))
    products = [path for path in ignored if path.endswith(BUILT) and not NOT_CARRIED & set(PurePosixPath(path).parts)]
    environments = {folder for path in products for folder in _environments(root, path)}
    return [p for p in products if (root / p).is_file() and not environments & set(PurePosixPath(p).parents)]


def _environments(root: Path, path: str) -> list[PurePosixPath]:
    return [folder for folder in PurePosixPath(path).parents if (root / folder / "pyvenv.cfg").exists()]


def files(root: Path, commit: str) -> list[str]:
    """The paths of a commit's files, submodules and links left out."""
    entries = _listed(run(root, "ls-tree", "-r", "-z", commit))
    return [entry.split("\t", 1)[1] for entry in entries if entry.startswith("100")]


def changed(root: Path, old: str, new: str) -> tuple[str, ...]:
    """Paths that differ between two commits."""
    return tuple(_listed(run(root, "diff-tree", "-r", "--name-only", "--no-renames", "-z", old, new)))


@dataclass(frozen=True)
class Blobs:
    """A regular file in two trees: its paths and the ids of its contents, "" on the side that has no such file."""

    old_path: str
    path: str
    old: str
    new: str


def difference(root: Path, old: str, new: str) -> list[Blobs]:
    """The regular files that differ between two commits or trees, renamed ones as one; `old` "" is the empty tree."""
    old = old or run(root, "mktree", stdin=b"")
    fields = _listed(run(root, "diff-tree", "-r", "--raw", "-z", "--no-abbrev", "--find-renames", old, new))
    found = []
    while fields:
        old_mode, new_mode, *ids, status = fields.pop(0).lstrip(":").split(" ")
        old_path = fields.pop(0)
        path = fields.pop(0) if status.startswith(("R", "C")) else old_path
        before, after = (
            name if mode.startswith("100") else "" for mode, name in zip((old_mode, new_mode), ids, strict=True)
        )
        if before or after:
            found.append(Blobs(old_path if before else "", path if after else "", before, after))
    return found


def contents(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """What objects hold, by the id or the COMMIT:PATH that names them; nothing for what is not there."""
    wanted = [name for name in dict.fromkeys(names) if name and "\n" not in name]
    if not wanted:
        return {}
    asked = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
    output = run_bytes(root, "cat-file", "--batch", stdin=asked)
    found, at = {}, 0
    for name in wanted:
        end = output.index(b"\n", at)
        header, at = output[at:end].split(b" "), end + 1
        if header[-1] == b"missing":
            continue
        size = int(header[-1])
        found[name], at = output[at : at + size], at + size + 1
    return found


def diff(root: Path, old: str, new: str) -> bytes:
    """The patch from one commit to another, as `git apply` takes it, whatever the user's settings of `git diff`."""
    options = ("--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
    return run_bytes(root, "diff-tree", "-r", "-p", *options, old, new)


def changed_lines(root: Path, old: str, new: str) -> int:
    """Lines added and removed between two commits; binary files count none."""
    counts = run(root, "diff-tree", "-r", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", old, new)
    return sum(int(count) for row in counts.splitlines() for count in row.split("\t")[:2] if count.isdigit())


def ref_of(run: str) -> str:
    """The ref that holds a run's commits, whatever becomes of its branch."""
    return f"refs/llmopt/runs/{run}"


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

    `folder` is a git root, or any folder that is not: its paths are then relative to it.
    """
    for option in ("--check", "--apply"):
        try:
            run(folder, *applying(folder), option, "--whitespace=nowarn", str(patch))
        except ProjectError:
            return False
    return True


def applying(folder: Path) -> tuple[str, ...]:
    """The arguments of git by which a patch of `folder` is applied from anywhere.

    Below the root of another repository `git apply` would pass over the patch in silence: it takes the paths as
    relative to that root.
    """
    prefix = _try(folder, "rev-parse", "--show-prefix")
    if not prefix:
        return ("-C", str(folder), "apply")
    return ("-C", run(folder, "rev-parse", "--show-toplevel"), "apply", f"--directory={prefix}")


def commit_to_branch(root: Path, base: str, commits: Sequence[str]) -> str:
    """Put `commits` (a stack on `base`) on the branch that is checked out, and update only the files they change.

    Returns "" or why it was not done, with nothing changed: HEAD moved, no branch, or an edited file has changes.
    """
    branch, current = _try(root, "symbolic-ref", "--quiet", "HEAD"), head(root)
    paths = changed(root, base, commits[-1])
    if reason := _hindrance(root, branch, current, base, paths):
        return reason
    tip = current
    for before, commit in zip((base, *commits), commits, strict=False):
        tip = _picked(root, tip, before, commit)
    run(root, "checkout", "--quiet", tip, "--", *paths)
    run(root, "update-ref", "-m", "llmopt: keep", branch, tip, current)
    return ""


def _hindrance(root: Path, branch: str, current: str, base: str, paths: Sequence[str]) -> str:
    """Why commits on `base` cannot go on the branch, "" when they can."""
    if not branch:
        return "HEAD is detached"
    if current != base and not (is_snapshot(root, base) and current == below_snapshot(root, base)):
        return f"{branch.removeprefix('refs/heads/')} moved during the run"
    if exists(root, "MERGE_HEAD"):
        return "a merge is in progress"
    dirty = sorted({path for path in paths if _is_dirty(root, path)} | (set(paths) & set(changed(root, current, base))))
    return f"uncommitted changes in {', '.join(dirty)}" if dirty else ""


def is_snapshot(root: Path, commit: str) -> bool:
    """Was the commit made by `snapshot`, of work that was not committed?"""
    return _message(root, commit) == SNAPSHOT


def below_snapshot(root: Path, commit: str) -> str:
    """The user's commit that a snapshot was made on; "" where there was none, and for a commit that is no snapshot."""
    return _try(root, "rev-parse", "--verify", "--quiet", f"{commit}^") if is_snapshot(root, commit) else ""


def has_staged(root: Path) -> bool:
    """Does the index differ from HEAD?"""
    return bool(_try(root, "diff-index", "--cached", "--name-only", "HEAD"))


def _message(root: Path, commit: str) -> str:
    return run(root, "log", "-1", "--no-show-signature", "--encoding=UTF-8", "--format=%B", commit).strip("\n")


def _is_dirty(root: Path, path: str) -> bool:
    return bool(run(root, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", path))


def _picked(root: Path, tip: str, before: str, commit: str) -> str:
    """The change from `before` to `commit` as a commit on `tip`. Whole entries are taken over: no filter sees them."""
    entries = run_bytes(root, "ls-tree", "-z", commit, "--", *changed(root, before, commit))
    with _index() as env:
        run(root, "read-tree", tip, env=env)
        run(root, "update-index", "-z", "--index-info", stdin=entries, env=env)
        tree = run(root, "write-tree", env=env)
    return commit_tree(root, tree, [tip], _message(root, commit) + "\n")


def is_writable(root: Path) -> bool:
    """Can objects be added to the repository? (Root may write where the mode bits forbid it, so it is tried.)"""
    objects = root / run(root, "rev-parse", "--git-path", "objects")
    try:
        with tempfile.TemporaryFile(dir=objects):
            return True
    except OSError:
        return False


def create(folder: Path, own_name: bool = False) -> None:
    """A new repository around the files of a copied folder: one commit. With `own_name` commits in it are llmopt's."""
    pointer = folder / ".git"
    if pointer.is_symlink() or pointer.is_file():
        pointer.unlink()  # it points to the repository of the original
    run(folder, "init", "--quiet")
    exclude = folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("\n".join(sorted(NOT_CARRIED - {"env", "build", "dist"})) + "\n*.pyc\n")
    for name in ("user.name", "user.email") if own_name else ():
        run(folder, "config", name, IDENTITY[f"GIT_COMMITTER_{name.partition('.')[2].upper()}"])
    untracked = _listed(run(folder, "ls-files", "-o", "--exclude-standard", "-z"))
    run(folder, "add", "--update")
    _add(folder, [path for path in untracked if not path.endswith("/")], {})
    commit = commit_tree(folder, run(folder, "write-tree"), [], "The files as they were")
    run(folder, "update-ref", "HEAD", commit)
