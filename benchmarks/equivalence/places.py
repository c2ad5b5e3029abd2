"""A package in; its folder with the trees that are run, its target, and what its base does, out."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import packages
from packages import Package

from llmopt import baseline, interpreters, workloads
from llmopt.data import Base, Interpreter, Limits, Project, TestCommand, Tree, Workload
from llmopt.sandbox import process
from llmopt.target import Target, Tasks
from llmopt.workloads import parse as parse_workload

# Where pytest looks for its settings, and what must be in such a file.
SETTINGS = (
    ("pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)


@dataclass(frozen=True)
class Place:
    """Where a package is: `checkout` is as published, `base` and `edit` are the trees that are run, and of `whole`, the
    edit before it was broken, there are the changed files only."""

    folder: Path

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def tree(self, name: str, commit: str) -> Tree:
        return Tree(commit, self.folder / name)


def prepared(package: Package, folder: Path) -> Place:
    """The package unpacked three times, with its workloads; downloaded if it is not there."""
    if lacking := [name for name in package.needs if importlib.util.find_spec(name) is None]:
        raise SystemExit(f"the tests of {package.name} need {', '.join(lacking)}: install it beside llmopt")
    place = Place(folder.resolve() / package.name)
    if not (place.folder / "ready").exists():
        archive = _archive(package, folder)
        shutil.rmtree(place.folder, ignore_errors=True)
        for name in ("checkout", "base", "edit"):
            with tarfile.open(archive) as opened:
                opened.extractall(place.folder, filter="data")
            (place.folder / package.sdist).rename(place.folder / name)
            for script in package.workloads:
                (place.folder / name / "bench").mkdir(exist_ok=True)
                shutil.copy(packages.WORKLOADS / script, place.folder / name / "bench")
            _keep_apart(place.folder / name)
        (place.folder / "ready").touch()
    return place


def _keep_apart(root: Path) -> None:
    """Without settings of its own for pytest, the package's tests would run with those of the repository around it."""
    if not any((root / name).exists() and section in (root / name).read_text() for name, section in SETTINGS):
        (root / "pytest.ini").write_text("[pytest]\n")


def _archive(package: Package, folder: Path) -> Path:
    path = folder / f"{package.sdist}.tar.gz"
    if not path.exists():
        name = f"{package.name}=={package.version}"
        line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder)]
        subprocess.run([*line, name], check=True)
    if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
        raise SystemExit(f"{path} is not the archive that was studied")
    return path


@functools.cache
def _interpreter() -> Interpreter:
    return interpreters.look(sys.executable, "this study").interpreter


def target_of(package: Package, place: Place) -> Target:
    commands = TestCommand("pytest", (*package.tests, "-q", "-p", "no:cacheprovider"))
    chosen = tuple(parse_workload(f"bench/{name}", place.checkout, _interpreter()) for name in package.workloads)
    return Target(Project(place.checkout, "", _interpreter(), commands, chosen, package.roots), process.run)


def base_of(package: Package, place: Place, target: Target) -> Base:
    """The base with its tests' outcomes and its workloads' output."""
    commit = _commit(package)
    kept = place.folder / f"base-{commit[:12]}.json"
    if kept.exists():
        return Base(**json.loads(kept.read_text()))
    tree = place.tree("base", commit)
    base = baseline.gate(target, tree, Limits(seconds=300), lambda _: None)
    for each in target.project.workloads:
        runs = [_workload(target, tree, each) for _ in range(2)]
        digests = {workloads.fingerprint(run) for run in runs}
        base = replace(
            base,
            seconds=(*base.seconds, min(run.sample.seconds for run in runs)),
            repetitions=(*base.repetitions, 1),
            outputs=(*base.outputs, digests.pop() if len(digests) == 1 else ""),
        )
    kept.write_text(json.dumps(asdict(base)))
    return base


def workload_seconds(target: Target, tree: Tree, runs: int = 2) -> float:
    """Seconds of one run of each of the workloads, start included: the shortest of so many."""
    taken = [
        [_workload(target, tree, each).probed.ran.wall_seconds for _ in range(runs)]
        for each in target.project.workloads
    ]
    return sum(map(min, taken))


def _workload(target: Target, tree: Tree, workload: Workload) -> workloads.Run:
    tasks: Tasks = {"leaks": {}, "returned": {}}  # as the check of the output asks for
    return workloads.run(target, tree, workload, Limits(seconds=300), tasks=tasks)


def _commit(package: Package) -> str:
    """A name of what is recorded: another archive, other tests or workloads are recorded anew."""
    scripts = [(packages.WORKLOADS / name).read_text() for name in package.workloads]
    return hashlib.sha256(repr((package.sha256, package.tests, package.needs, scripts)).encode()).hexdigest()
