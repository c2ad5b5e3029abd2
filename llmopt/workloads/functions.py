"""A script with workload() and maybe setup() as a workload (the form of SWE-fficiency): only workload() is timed."""

from __future__ import annotations

from pathlib import Path

from llmopt.data import Interpreter, Tree, Workload
from llmopt.errors import UsageError
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads import files
from llmopt.workloads.invocation import Invocation, Times, in_process, marked_times, place

MARKS = REPEATS = True
FOLDERS = "bench*"


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    from llmopt.workloads import script

    found = script.parse(spec, folder, interpreter)
    if found is None or "workload" not in (defined := files.functions(files.syntax(folder / found.target))):
        return None
    for name in ("setup", "workload"):
        if name in defined and files.needs_arguments(defined[name]):
            raise UsageError(
                f"workload {spec}: {name}() takes arguments, and is called without any",
                "let setup() leave what workload() needs in a module variable",
            )
    return Workload(spec, "functions", found.target, found.arguments)


def has_workload(path: Path) -> bool:
    """Whether the script defines workload(), and setup() if any, so that they can be called without arguments."""
    defined = files.functions(files.syntax(path))
    called = [defined[name] for name in ("setup", "workload") if name in defined]
    return "workload" in defined and not any(files.needs_arguments(function) for function in called)


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    """Such scripts in the folders whose name begins with "bench"."""
    paths = [p for below in sorted(folder.glob(FOLDERS)) if below.is_dir() for p in files.walk(below)]
    found = [files.relative(path, folder) for path in paths if has_workload(path)]
    return [Workload(path, "functions", path) for path in found]


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    path = str(place(workload.target, target, tree))
    return in_process("script-functions", path, workload, target, repetitions, workload.arguments)


def times(probed: Probed, workload: Workload, repetitions: int) -> Times:
    return marked_times(probed.ran, workload, repetitions, parts=repetitions)
