"""Workloads and the sides of a comparison in; the same benchmark files on all sides out.

What a benchmark does must not differ between the sides, or a benchmark that was made longer would look like code that
became slower. So, as asv does it, the files that make a workload are those of the user's folder on every side: scripts
with workload(), scripts that are benchmarks by their name, asv suites and tests. Code under test stays each side's own.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from llmopt.data import Project, Tree, Workload
from llmopt.errors import WorkloadError
from llmopt.workloads import asv, files, pytest, script

# A folder of this name holds benchmarks or tests, and not the code under test.
BENCHMARKS = re.compile(r"_*(bench|perf|asv|test)", re.IGNORECASE)


def share(project: Project, trees: Sequence[Tree]) -> list[str]:
    """Make the workloads' files the same in all trees; the paths (relative to the root) that were not, sorted."""
    changed = set()
    for workload in project.workloads:
        replaced = [*_inside(KINDS.get(workload.kind, _none)(workload, project), project)]
        companions = {path for own in replaced for path in _companions(own, project)}
        missing = [*companions, *(_inside(_words(workload, project), project) if workload.kind == "command" else ())]
        changed |= {path for tree in trees for path in replaced if _copy(path, project, tree)}
        changed |= {path for tree in trees for path in missing if _copy(path, project, tree, keep=True)}
    return sorted(changed)


def _none(workload: Workload, project: Project) -> Iterator[Path]:
    return iter(())


def _target(workload: Workload, project: Project) -> Iterator[Path]:
    yield project.root / project.folder / workload.target


def _script(workload: Workload, project: Project) -> Iterator[Path]:
    """A plain script is the code under test itself, unless its name or its folder's says benchmark."""
    path = Path(workload.target)
    if any(path.match(name) for name in script.BENCHMARK_NAMES) or any(map(BENCHMARKS.match, path.parts[:-1])):
        yield from _target(workload, project)


def _asv(workload: Workload, project: Project) -> Iterator[Path]:
    configuration = next(_target(workload, project))
    try:
        folder = asv.benchmark_folder(configuration)
    except WorkloadError:
        return  # it is said again, in full, when the workload is run
    yield configuration
    yield from (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _tests(workload: Workload, project: Project) -> Iterator[Path]:
    for path, _ in pytest.selected(workload.arguments, project.root / project.folder):
        yield path
        yield path.parent / "conftest.py"


def _words(workload: Workload, project: Project) -> Iterator[Path]:
    """The files that a shell line names."""
    try:
        words = shlex.split(workload.target)
    except ValueError:
        return
    folder = project.root / project.folder
    yield from (folder / word for word in words if not word.startswith("/") and (folder / word).is_file())


KINDS: Mapping[str, Callable[[Workload, Project], Iterator[Path]]] = {
    "functions": _target,
    "script": _script,
    "asv": _asv,
    "pytest": _tests,
}


def _inside(paths: Iterator[Path], project: Project) -> list[str]:
    """Those of the paths that are files of the repository, relative to its root; others are the same anyway."""
    relative = (files.relative(path, project.root) for path in paths if path.is_file())
    return [path for path in relative if not Path(path).is_absolute()]


def _companions(path: str, project: Project) -> Iterator[str]:
    """What lies beside a benchmark in a folder for benchmarks: its helpers and data."""
    folder = Path(path).parent
    if BENCHMARKS.match(folder.name) and folder.as_posix() not in project.roots:
        paths = (found for found in (project.root / folder).rglob("*") if "__pycache__" not in found.parts)
        yield from _inside(paths, project)


def _copy(path: str, project: Project, tree: Tree, keep: bool = False) -> bool:
    """Put the user's file into a tree, with `keep` only where there is none; whether that changed the tree."""
    source, place = project.root / path, tree.path / path
    if place.is_file() and (keep or place.read_bytes() == source.read_bytes()):
        return False
    if not Path(os.path.realpath(place.parent)).is_relative_to(os.path.realpath(tree.path)):
        return False  # below a link that leads out of the tree
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)  # not through a link
    shutil.copy2(source, place)
    return True
