"""Edits of what is not the product's code, that break its interface, or that add what no speedup needs are turned down.

A candidate in, a finding out, in milliseconds: nothing runs. The rules of paths are here, those of the code in
`interface` (what users of the code would miss) and `constructs` (what an edit may not add).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

from llmopt.checks import constructs, interface
from llmopt.checks.sources import PYTHON, Source, parse
from llmopt.data import Base, Candidate, Check, Finding
from llmopt.errors import EditError
from llmopt.globs import spelled_out

ReadCommit = Callable[[str, str], str]  # commit, path -> text; EditError when the file is not there

# Folder and file patterns, matched against every part of a path: what decides whether an edit is right or fast, and
# what Python reads before the code. The user's `exclude` adds to them, `allow_paths` takes from them.
PROTECTED_FOLDERS = (
    "test",
    "tests",
    "testing",
    "benchmarks",
    "benchmark",
    "asv_bench",
    "asv_benchmarks",
    "testdata",
    "test_data",
    "test-data",
    ".github",
    ".circleci",
    ".gitlab",
)
PROTECTED_FILES = (
    "test_*.py",
    "*_test.py",
    "tests.py",
    "bench_*.py",
    "benchmark_*.py",
    "*_benchmark.py",
    "conftest.py",
    "noxfile.py",
    "*.toml",
    "*.cfg",
    "*.ini",
    "*.lock",
    "*.yml",
    "*.yaml",
    "*.json",
    "requirements*.txt",
    "constraints*.txt",
    "Pipfile",
    "Makefile",
    "Dockerfile",
    "Jenkinsfile",
)
# Below a package these are names like any other (a Django or Celery application has its `tasks.py`).
PROTECTED_SCRIPTS = ("setup.py", "tasks.py", "fabfile.py", "dodo.py")
# What steers Python itself or is llmopt's own: not even for the asking.
FORBIDDEN = (".git", "git~*", ".llmopt", "sitecustomize.py", "usercustomize.py", "*.pth")
CODE = (".py", ".pyi", ".pyx", ".pxd")
REASONS = 3  # as many are told of one candidate


@dataclass(frozen=True)
class Objection:
    """Why an edit is out of bounds: the rule, where, what and why. `line` is 0 for a file as a whole."""

    rule: str
    path: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        if self.rule == "paths":
            return f"edits {where}: {self.why}"
        return f"{where}: {self.what}: {self.why}"


def check(
    workload_files: Sequence[str],
    exclude: Sequence[str],
    allow: Sequence[str] = (),
    read: ReadCommit | None = None,
    packages: Collection[str] = (),
) -> Check:
    """The guard of a project.

    `workload_files` are paths of its workloads, `exclude` and `allow` the user's own patterns, `packages` what is
    installed for it. Without `read` only paths are looked at.
    """

    def guard(candidate: Candidate, base: Base) -> Finding:
        found = list(out_of_bounds(candidate.changed, workload_files, exclude, allow))
        if not found and read:
            old = _texts(read, base.commit, candidate.changed)
            found = objections(old, _texts(read, candidate.commit, candidate.changed))
            found += shadowing(candidate.changed, old, packages, lambda path: _is_there(read, base.commit, path))
        if found:
            more = f" (and {len(found) - REASONS} more)" if len(found) > REASONS else ""
            return Finding(False, "; ".join(map(str, found[:REASONS])) + more)
        return Finding(True, "", {"files": ", ".join(candidate.changed)})

    return guard


def _texts(read: ReadCommit, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """The Python sources among the paths that are there at a commit."""
    return {path: read(commit, path) for path in paths if path.endswith(PYTHON) and _is_there(read, commit, path)}


def _is_there(read: ReadCommit, commit: str, path: str) -> bool:
    try:
        read(commit, path)
    except EditError:
        return False
    return True


# --- the code --------------------------------------------------------------------------------------------------------


def objections(old: Mapping[str, str], new: Mapping[str, str]) -> list[Objection]:
    """What speaks against new sources by path, given the old ones. A path that is missing on a side is not there."""
    gone = [
        Objection("names", path, 0, "the file is gone", interface.WHY["names"])
        for path in sorted(old.keys() - new.keys())
    ]
    before, after = _parsed(old), _parsed(new)
    after = {path: source for path, source in after.items() if path in before or path not in old}
    lost = [
        Objection(each.rule, path, each.line, each.what, interface.WHY[each.rule])
        for path, each in interface.losses(before, after)
    ]
    extra = [
        Objection(use.rule, path, use.line, f"adds {use.what}", constructs.WHY[use.rule])
        for path, use in constructs.added(before, after)
    ]
    return [*gone, *lost, *extra]


def _parsed(texts: Mapping[str, str]) -> dict[str, Source]:
    """Sources that this Python reads: what a newer one wrote is left to the other checks."""
    found = {}
    for path, text in texts.items():
        try:
            found[path] = (parse(text), text)
        except SyntaxError:
            continue
    return found


# --- the paths -------------------------------------------------------------------------------------------------------


def out_of_bounds(
    changed: Sequence[str], workload_files: Sequence[str], exclude: Sequence[str], allow: Sequence[str]
) -> Iterator[Objection]:
    for path in changed:
        if reason := turned_down(path, workload_files, exclude, allow):
            yield Objection("paths", path, 0, "edited", reason)


def turned_down(path: str, workload_files: Sequence[str], exclude: Sequence[str], allow: Sequence[str] = ()) -> str:
    """Why a path may not be edited, "" when it may."""
    pure = PurePosixPath(path)
    if path.lower() in map(str.lower, workload_files):
        return "it is the workload"
    # Some file systems do not tell capitals, others leave off dots and spaces at the end: it is the same file there.
    if any(fnmatch(part.lower().rstrip(" ."), pattern) for part in pure.parts for pattern in FORBIDDEN):
        return "files that steer Python, git or llmopt are out of bounds"
    if is_excluded(path, exclude):
        return "your configuration excludes it"
    if is_excluded(path, allow):
        return ""
    return _protected(pure)


def _protected(path: PurePosixPath) -> str:
    if any(part.lower() in PROTECTED_FOLDERS for part in path.parts[:-1]):
        return "tests, benchmarks and CI are out of bounds (allow-paths lifts that)"
    name = path.name.lower()
    is_script = name in PROTECTED_SCRIPTS and (len(path.parts) == 1 or name == "setup.py")
    if is_script or any(fnmatch(name, pattern.lower()) for pattern in PROTECTED_FILES):
        return "tests, benchmarks and configuration are out of bounds (allow-paths lifts that)"
    if path.suffix not in CODE:
        return f"only Python sources are edited ({', '.join(CODE)})"
    return ""


def shadowing(
    changed: Sequence[str], old: Mapping[str, str], packages: Collection[str], is_there: Callable[[str], bool]
) -> list[Objection]:
    """New files that would be imported in place of the standard library or of an installed package."""
    taken = sys.stdlib_module_names | {name.replace("-", "_") for name in packages}
    found = []
    for path in changed:
        pure = PurePosixPath(path)
        top = pure.parent if pure.name == "__init__.py" else pure.with_suffix("")
        is_module = path not in old and path.endswith(PYTHON) and top.name in taken
        if is_module and not is_there(str(top.parent / "__init__.py")):
            what = f"a new module named {top.name}"
            found.append(Objection("shadowing", path, 0, what, "it would be imported in place of the one of that name"))
    return found


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    """Does one of the user's patterns match the path, the end of it, or a folder that it is in?"""
    return any(_matches(PurePosixPath(path.lower()), pattern.lower()) for pattern in exclude)


def _matches(path: PurePosixPath, pattern: str) -> bool:
    globs = [each for each in spelled_out(pattern.removeprefix("./").removeprefix("**/").rstrip("/")) if each]
    places = (path, *path.parents[:-1])
    return any(place.match(glob) or fnmatch(str(place), glob) for place in places for glob in globs)
