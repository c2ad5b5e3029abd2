"""Running the target's code: a tree and arguments in; what the command did, and what the probe reported, out.

The probe (`llmopt/probe/`) goes first on PYTHONPATH, the tree's import roots next, so that they win over an editable
install of the original checkout. It is switched on by LLMOPT_PROBE, the path of a JSON file
{"results": folder, "original": git root, "tree": tree, "tasks": {name: options}}; each process of the command runs the
tasks' modules (`llmopt_<name>.py`) and leaves `<name>-<pid>-<n>.json` files in the results folder.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmopt import reported
from llmopt.data import Command, Limits, Project, Ran, Sandbox, Tree
from llmopt.errors import ProjectError
from llmopt.folders import remove
from llmopt.sandbox import reach

PROBE = Path(__file__).parent / "probe"
RESULT_BYTES = 256 * 1024**2  # one result file larger than this is not read
RESULTS_BYTES = 1024**3  # nor what is more than this of all files together
MOST_RESULTS = 20_000  # files of one command; each process of it leaves one for each task

RESULT_NAME = re.compile(r"\w+-\d+-\d+\.json")
TEST_FOLDERS = ("test", "tests")
TEST_FILE = re.compile(r"conftest\.py|test_.*\.py|.*_test\.py")
# What tells later commands in the tree how to run: none of it may come from the code under test.
STEERING = re.compile(
    r"((conftest|sitecustomize|usercustomize)(\.py|\..*\.pyc)|\.?pytest\.(ini|toml)|tox\.ini|setup\.cfg|pyproject\.toml|.*\.pth)",
    re.IGNORECASE,
)

Tasks = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Target:
    """The project and the sandbox its commands run in: the name of its layer, and what that is in one line."""

    project: Project
    sandbox: Sandbox
    layer: str = "off"
    confinement: str = "off"


@dataclass(frozen=True)
class Probed:
    """What a command did, and the probe's reports by task, one for each process, as `reported` has them."""

    ran: Ran
    reports: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def run(
    target: Target,
    tree: Tree,
    argv: Sequence[str],
    limits: Limits,
    *,
    tasks: Tasks | None = None,
    environment: Mapping[str, str] | None = None,
    marks: bool = False,
    counter: str = "",
    reads: Sequence[Path] = (),
) -> Probed:
    """Run `argv` in the tree, under the probe if there are tasks. It may read what is below `reads`, write in the tree
    but not in its tests, and finds the tree in the checkout's place too.

    Raises ProjectError when a module of the repository was imported from the original checkout instead of the tree, or
    would have been, had the sandbox let it.
    """
    results = Path(tempfile.mkdtemp(prefix="llmopt-results-"))
    own_steering = _steering_of_export(tree.path)
    try:
        own = {"PYTHONPATH": python_path(target.project, tree), "PYTHONHASHSEED": "0", **(environment or {})}
        if tasks:
            own["LLMOPT_PROBE"] = str(_write_settings(target.project, tree, results, tasks))
        command = Command(
            tuple(argv),
            tree.path / target.project.folder,
            own,
            marks,
            counter,
            reads=(*reads, *reach.named(argv, target.project.root)),
            writes=(tree.path, results),
            keeps=(*tests_in(tree.path), *sorted(own_steering)),
            stands_for=((tree.path, target.project.root),),
        )
        ran = target.sandbox(command, limits)
        reports = reported.valid(read_reports(results))
    finally:
        remove(results)
        for added in steering_in(tree.path) - own_steering:
            _take_out(added)
    _refuse_leaks(target.project, reports.pop("leaks", ()))
    _refuse_closed(target.project, ran)
    return Probed(ran, reports)


@functools.lru_cache(maxsize=16)
def tests_in(tree: Path) -> tuple[Path, ...]:
    """The folders and files of a tree's tests, which code under test could otherwise change before they run."""
    found = []
    for place, folders, files in os.walk(tree):
        found += [Path(place, name) for name in folders if name in TEST_FOLDERS]
        folders[:] = [name for name in folders if name not in TEST_FOLDERS and not name.startswith(".")]
        found += [Path(place, name) for name in files if TEST_FILE.fullmatch(name)]
    return tuple(found)


def steering_in(tree: Path) -> frozenset[Path]:
    """The files of a tree that tell tests and interpreters how to run."""
    found = [Path(place, name) for place, _, files in os.walk(tree) for name in files if STEERING.fullmatch(name)]
    return frozenset(found)


def _take_out(path: Path) -> None:
    """Remove a file that code under test has left, also from a folder that it closed."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)


# Asked before a tree's first command, so that what its code adds is none of it.
_steering_of_export = functools.lru_cache(maxsize=16)(steering_in)


def python_path(project: Project, tree: Tree) -> str:
    """PYTHONPATH of its commands: the probe, the tree's import roots, the user's own outside of the repository."""
    own = [str(tree.path / root) for root in project.roots]
    kept = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and not _inside(p, project.root)]
    return os.pathsep.join([str(PROBE), *own, *kept])


def _inside(path: str, root: Path) -> bool:
    return Path(path).resolve().is_relative_to(root.resolve())


def _write_settings(project: Project, tree: Tree, results: Path, tasks: Tasks) -> Path:
    settings = {
        "results": str(results),
        "original": str(project.root),
        "tree": str(tree.path),
        "tasks": {"leaks": {}, **tasks},
    }
    path = results / "settings.json"
    path.write_text(json.dumps(settings))
    return path


def read_reports(results: Path) -> dict[str, tuple[Any, ...]]:
    """The probe's reports by task. They come from code that is not trusted: bounded JSON, else left out."""
    reports: dict[str, tuple[Any, ...]] = {}
    left = RESULTS_BYTES
    for path in _result_files(results):
        text = _bounded(path, min(RESULT_BYTES, left))
        left -= len(text)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue  # a process that died while it wrote, or nesting that nothing of ours writes
        task = path.name.split("-")[0]
        reports[task] = (*reports.get(task, ()), value)
    return reports


def _result_files(results: Path) -> list[Path]:
    """Of a folder into which the target may have written anything: no more than one can look at."""
    with os.scandir(results) as entries:
        seen = [entry.name for entry in itertools.islice(entries, 2 * MOST_RESULTS)]
    named = sorted(name for name in seen if RESULT_NAME.fullmatch(name))
    return [results / name for name in named[:MOST_RESULTS]]


def _bounded(path: Path, most: int) -> bytes:
    """The file's bytes; none of a link, a larger file, or what is no file (reading a pipe would never end)."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        state = os.fstat(opened)
        if not stat.S_ISREG(state.st_mode) or state.st_size > most:
            return b""
        with os.fdopen(os.dup(opened), "rb") as stream:
            return stream.read(most)
    finally:
        os.close(opened)


def _refuse_leaks(project: Project, reports: Sequence[Any]) -> None:
    leaked = sorted({path for report in reports for path in report})
    if leaked:
        raise ProjectError(
            f"the target's Python imports {leaked[0]} from your checkout, not from the tree that is measured",
            "an editable install with an import hook does that; name the import root in `[tool.llmopt] roots`, or "
            "give --python an environment without the editable install",
        )


def _refuse_closed(project: Project, ran: Ran) -> None:
    """Where a sandbox can only refuse the checkout, and not show the tree in its place (Landlock)."""
    path = re.escape(str(project.root))
    said = re.search(rf"PermissionError: .*'({path}/[^']*\.py)'", ran.stderr + ran.stdout)
    if ran.exit_code != 0 and said:
        raise ProjectError(
            f"the target's Python needs files of your checkout ({said[1]}), which is closed to it",
            "an editable install with an import hook does that; install bubblewrap, which shows the tree in the "
            "checkout's place, or name the import root in `[tool.llmopt] roots`",
        )
