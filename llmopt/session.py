"""A path and settings in, an open session out: project, base commit, journal and trees, of a new or a resumed run."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llmopt import __version__, config, git, journal, machine, project, workloads
from llmopt.config import Settings
from llmopt.data import Base, Grants, Limits, Project, Scope, Usage
from llmopt.errors import LlmoptError, ProjectError, UsageError
from llmopt.folders import remove
from llmopt.sandbox import MEASURES_NO_USE, Opened, counters, describe, open_sandbox, reach
from llmopt.target import Target
from llmopt.trees import Trees, scratch

BEGUN = {"start", "open", "sandbox"}  # the records of a run that has found nothing yet
MEMORY_SHARE = 0.75  # of the machine's memory, for one command with all its processes
TESTS_NOTICE = (
    "no --workload given and no benchmarks found: the test suite is the workload; tests seldom use the code as its "
    "users do, so name a workload for gains that matter"
)


@dataclass(frozen=True)
class Place:
    """Where things are: the git root that is worked on, the folder the user named, and where state is kept.

    With --no-git `root` is a copy and `origin` the user's own folder; else they are the same.
    """

    root: Path
    folder: Path
    origin: Path
    state: Path

    @property
    def named(self) -> Path:
        """The folder the user named, also where a copy of it is worked on."""
        return self.folder if self.root == self.origin else self.origin


class Pauses:
    """The time in which a run waited for a person: it is none of --max-time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def resting(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began


@dataclass(frozen=True)
class Session:
    """An open run. `notices` are what the user should know before it starts; `scope` is the changed code that it keeps
    to, None for all."""

    name: str
    place: Place
    settings: Settings
    target: Target
    base: str
    journal: journal.Journal
    trees: Trees
    notices: tuple[str, ...] = ()
    tests_are_workload: bool = False
    scope: Scope | None = None
    started: float = field(default_factory=time.monotonic)
    pauses: Pauses = field(default_factory=Pauses)

    @property
    def folder(self) -> Path:
        return self.journal.path.parent

    @property
    def project(self) -> Project:
        return self.target.project

    @property
    def counter(self) -> str:
        """Who counts the instructions of timed runs, "" where that is not asked for."""
        return counters.available() if self.settings.objective == "instructions" else ""

    @property
    def test_limits(self) -> Limits:
        return Limits(seconds=self.settings.test_timeout, cpu_seconds=self.settings.max_cpu or math.inf)

    @property
    def workload_limits(self) -> Limits:
        return Limits(seconds=self.settings.workload_timeout, cpu_seconds=self.settings.max_cpu or math.inf)

    def seconds_left(self) -> float:
        """Wall time left of --max-time."""
        return self.settings.max_time - (time.monotonic() - self.started - self.pauses.seconds)


def find_place(path: Path, no_git: bool) -> Place:
    """The repository around a path. Without git: ProjectError, or with `no_git` a place whose root is not made yet."""
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    if no_git:
        state = _state_without_git(folder)
        return Place(root=folder, folder=folder, origin=folder, state=state)
    root = git.top(folder)
    return Place(root=root, folder=folder, origin=root, state=journal.state_folder(root))


def _state_without_git(folder: Path) -> Path:
    with suppress(ProjectError):
        found = journal.state_folder(folder)
        if os.access(found, os.W_OK):
            return found
    return journal.state_folder(_state_elsewhere(folder))


def _state_elsewhere(folder: Path) -> Path:
    """Where the state of a folder that cannot be written is kept."""
    import platformdirs

    name = f"{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    return platformdirs.user_state_path("llmopt") / name


def state_of(path: Path) -> Path:
    """The state folder of the repository at `path`, or of the folder without git; nothing is made where there is none.

    Raises UsageError for a path that does not exist.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    above = folder
    with suppress(ProjectError):
        above = git.top(folder)
    places = [place / journal.FOLDER for place in (above, folder, _state_elsewhere(folder))]
    return next((place for place in places if any(place.glob("runs/*"))), places[0])


@contextmanager
def start(
    path: Path,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    *,
    no_git: bool = False,
    resume: str = "",
    temporary: bool = False,
    scope: Scope | None = None,
) -> Iterator[Session]:
    """Open a run: a new one on the checkout as it is, or `resume` an earlier one with its base, scope and settings.

    With a `scope` that names a later commit the run is on that one. A `temporary` one leaves no journal and no ref: it
    only looks.
    """
    with scratch() as folder:
        place = find_place(path, no_git)
        with journal.locked(place.state):
            runs = folder if temporary else place.state
            if resume:
                opened = _resumed(place, flags, resume, folder)
            else:
                settings = scoped(config.load(place.folder, place.root, flags, environ), scope, environ)
                opened = _new(place, settings, no_git, runs, folder, scope)
            opened.journal.add("open", __version__)
            try:
                yield opened
            except LlmoptError:
                if not (resume or temporary or opened.journal.kinds() - BEGUN):
                    _forget(place, no_git, runs, opened.name)
                raise
            finally:
                opened.journal.close()
                if temporary:
                    git.delete_ref(opened.place.root, git.ref_of(opened.name))


def scoped(settings: Settings, scope: Scope | None, environ: Mapping[str, str]) -> Settings:
    """The settings of a run that keeps to a change: what is kept of a staged one is staged, unless they say otherwise.

    While a `git commit` waits for its hook the index is not ours to change: pre-commit compares with it, and applies
    what is not staged to it afterwards.
    """
    is_staged = scope is not None and scope.staged
    waits = environ.get("PRE_COMMIT") == "1" or bool(environ.get("GIT_INDEX_FILE"))
    if settings.keep == "index" and (waits or not is_staged):
        why = "a commit waits for its hook" if waits else "nothing but --staged is about the index"
        raise UsageError(f"--keep index: {why}", "use worktree or branch")
    if is_staged and not waits and "keep" not in settings.model_fields_set:
        return settings.model_copy(update={"keep": "index"})
    return settings


def _new(
    place: Place, settings: Settings, no_git: bool, runs: Path, folder: Path, scope: Scope | None = None
) -> Session:
    run = journal.new_run(runs)
    try:
        return _begun(run, place, settings, no_git, runs, folder, scope)
    except BaseException:
        _forget(place, no_git, runs, run)
        raise


def _forget(place: Place, no_git: bool, runs: Path, run: str) -> None:
    """Remove a run that ended before it found anything: there is nothing to resume or to show."""
    remove(runs / "runs" / run)
    if not no_git:
        git.delete_ref(place.root, git.ref_of(run))


def _begun(
    run: str, place: Place, settings: Settings, no_git: bool, runs: Path, folder: Path, scope: Scope | None
) -> Session:
    if no_git:
        place = _copied(place, runs / "runs" / run / "repository")
    elif not git.is_writable(place.root):
        raise ProjectError(
            f"cannot write git objects in {place.root}",
            "make the repository writable, or use --no-git to work on a copy",
        )
    base, left_out = (scope.new, ()) if scope and scope.new else git.snapshot(place.root)
    git.update_ref(place.root, git.ref_of(run), base)
    record = journal.Journal(runs / "runs" / run / "journal.jsonl")
    record.add("start", {**_start(place, settings, base), "scope": journal.plain(scope)}, key="start")
    opened = replace(_open(run, place, settings, base, record, folder), scope=scope)
    notices = [f"{name} is large and not tracked: left out" for name in left_out]
    return replace(opened, notices=(*notices, *opened.notices))


def _start(place: Place, settings: Settings, base: str) -> dict[str, Any]:
    return {
        "llmopt": __version__,
        "root": str(place.root),
        "folder": str(place.folder),
        "origin": str(place.origin),
        "base": base,
        "machine": str(machine.this()),
        "settings": settings.model_dump(mode="json"),
    }


def _resumed(place: Place, flags: Mapping[str, Any], name: str, folder: Path) -> Session:
    record = journal.Journal(journal.find_run(place.state, name) / "journal.jsonl")
    start = record.value("start", "start")
    if start is None:
        raise UsageError(f"run {record.path.parent.name} stopped before it began", "start a new one")
    if record.value("change", "change") is not None:
        raise UsageError(f"run {record.path.parent.name} verified a change", "run `llmopt verify` again")
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    where = dict.fromkeys(start["settings"], str(record.path)) | dict.fromkeys(given, "the arguments")
    settings = config.check(start["settings"] | given, where)
    place = replace(place, root=Path(start["root"]), folder=Path(start["folder"]), origin=Path(start["origin"]))
    if not git.exists(place.root, start["base"]):
        raise ProjectError(f"the base commit {start['base'][:12]} of run {name} is gone", "start a new run")
    opened = _open(record.path.parent.name, place, settings, start["base"], record, folder)
    return replace(opened, scope=Scope(**start["scope"]) if start.get("scope") else None)


def _copied(place: Place, copy: Path) -> Place:
    """A copy of the folder as a repository of its own; environments inside are linked, not copied."""
    environments = [config_file.parent for config_file in place.folder.glob("*/pyvenv.cfg")]
    skipped = {environment.name for environment in environments} | {journal.FOLDER, "__pycache__", "node_modules"}
    shutil.copytree(place.folder, copy, symlinks=True, ignore=lambda _, names: skipped & set(names))
    git.create(copy)
    for environment in environments:
        (copy / environment.name).symlink_to(environment)
    return replace(place, root=copy, folder=copy)


def _refuse_uncounted(objective: str) -> None:
    if objective == "instructions" and not counters.available():
        why = "; ".join(f"{name}: {counters.reason(name)}" for name in ("perf", "cachegrind"))
        raise UsageError(f"--objective instructions: nobody counts them here ({why})", "install valgrind or linux-perf")
    if objective == "energy" and not counters.energy_available():
        raise UsageError("--objective energy: this machine gives no energy counters (RAPL)", "use time or cpu")


def _refuse_unseen(objective: str, sandbox: Opened) -> None:
    if sandbox.layer in MEASURES_NO_USE and objective in ("cpu", "memory", "instructions"):
        raise UsageError(
            f"--objective {objective} cannot be measured in a container of {sandbox.layer}",
            "use time, or --sandbox bubblewrap or landlock",
        )


def _open(run: str, place: Place, settings: Settings, base: str, record: journal.Journal, folder: Path) -> Session:
    try:
        return _with_project(run, place, settings, base, record, folder)
    except BaseException:
        record.close()
        raise


def _with_project(
    run: str, place: Place, settings: Settings, base: str, record: journal.Journal, folder: Path
) -> Session:
    _refuse_uncounted(settings.objective)
    opened = project.open_project(
        place.folder, python=settings.python, test=settings.test, workloads=settings.workloads, roots=settings.roots
    )
    found, notices = _with_workloads(opened, place)
    trees = Trees(place.root, folder / "trees")
    sandbox = open_sandbox(settings.sandbox, _grants(settings, found, place))
    _refuse_unseen(settings.objective, sandbox)
    _refuse_other_layer(run, record, sandbox)
    target = Target(found, sandbox.run, sandbox.name, describe(sandbox))
    known = (*project.notices(found), *_about(sandbox, settings), *notices)
    fallback = not opened.workloads and notices[-1:] == [TESTS_NOTICE]
    return Session(run, place, settings, target, base, record, trees, known, fallback)


def _grants(settings: Settings, found: Project, place: Place) -> Grants:
    """What the settings let commands reach; UsageError for a path that does not exist."""
    named = [place.named / Path(path).expanduser() for path in settings.allow_read]
    if missing := [path for path in named if not path.exists()]:
        raise UsageError(f"--allow-read {missing[0]} does not exist")
    return replace(
        bounds(settings),
        read=(*reach.interpreter(found.interpreter, found.root), *named),
        environment=tuple(settings.allow_env),
        network=settings.allow_network,
    )


def bounds(settings: Settings) -> Grants:
    """What one command may use; it reaches nothing by that."""
    return Grants(
        memory_bytes=settings.max_memory or int(MEMORY_SHARE * machine.memory_bytes()) or Grants().memory_bytes,
        processes=settings.max_processes,
        disk_bytes=settings.max_disk,
    )


def _refuse_other_layer(run: str, record: journal.Journal, sandbox: Opened) -> None:
    """A run's measurements are all of one layer: what it costs is in all of them or in none."""
    layer = record.once("sandbox", "sandbox", str, lambda: sandbox.name)
    if layer != sandbox.name:
        raise UsageError(
            f"run {run} was begun with --sandbox {layer}, and this would go on with {sandbox.name}",
            f"resume it with --sandbox {layer} where that works, or start a new run",
        )


def _about(sandbox: Opened, settings: Settings) -> list[str]:
    """What the user should know when less is closed off than could be."""
    if sandbox.confines or settings.sandbox == "off":
        return []
    return [f"the code under test is not confined ({'; '.join(sandbox.refused)})"]


def _with_workloads(opened: Project, place: Place) -> tuple[Project, list[str]]:
    """The project with the workloads that are there when none were named: benchmarks, else its tests with a notice."""
    if opened.workloads:
        return opened, []
    if detected := workloads.detect(place.folder, opened.interpreter):
        names = ", ".join(workload.spec for workload in detected)
        return replace(opened, workloads=tuple(detected)), [f"no --workload given: using {names}"]
    if opened.tests is None:
        raise ProjectError(
            f"no workload was given, and {place.named} has neither benchmarks nor tests",
            "name what is to become faster: --workload 'python -m yourpackage …', a script, module:function",
        )
    tests = workloads.of_tests(opened.tests, place.folder, opened.interpreter)
    return replace(opened, workloads=(tests,)), [TESTS_NOTICE]


def with_gate(opened: Session, base: Base) -> Session:
    """The session whose workload, where that is the test suite, leaves out the tests that cannot gate either."""
    found = opened.project
    if not opened.tests_are_workload or found.tests is None:
        return opened
    stable = workloads.of_tests(found.tests, opened.place.folder, found.interpreter, [*base.failing, *base.unstable])
    return replace(opened, target=replace(opened.target, project=replace(found, workloads=(stable,))))


def spent(record: journal.Journal) -> Usage:
    """What the run's replies used so far, over all its sessions."""
    total = Usage(known=not record.values("agent"))
    for value in record.values("reply"):
        total = total + Usage(**value["usage"])
    return total
