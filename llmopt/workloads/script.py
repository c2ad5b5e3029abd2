"""A Python script with its arguments as a workload, `python SCRIPT ARGS`; its time is that of the whole process."""

from __future__ import annotations

import shlex
from pathlib import Path

from llmopt.data import Interpreter, Tree, Workload
from llmopt.pytests import PYTHON, SHELL
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads import files
from llmopt.workloads.invocation import Invocation, Times, in_process, place

MARKS = REPEATS = False
BENCHMARK_NAMES = ("bench_*.py", "benchmark_*.py", "bench.py", "benchmark.py")


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    words = [spec] if (folder / spec).is_file() else _words(spec)
    if words and PYTHON.fullmatch(Path(words[0]).name) and len(words) > 1:
        words = words[1:]
    if not words or not words[0].endswith(".py") or not (folder / words[0]).is_file():
        return None
    return Workload(spec, "script", files.relative(folder / words[0], folder), tuple(words[1:]))


def _words(spec: str) -> list[str]:
    if SHELL.search(spec):
        return []
    try:
        return shlex.split(spec)
    except ValueError:  # an open quotation
        return []


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    """Scripts whose name says benchmark and that do something when run."""
    named = (path for path in files.walk(folder) if any(path.match(name) for name in BENCHMARK_NAMES))
    paths = [files.relative(path, folder) for path in named if files.has_main_guard(files.syntax(path))]
    return [Workload(path, "script", path) for path in paths]


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    path = str(place(workload.target, target, tree))
    if "observe" in tasks:  # it has to compile the script, which only a runner lets it do
        run = in_process("script", path, workload, target, 1, workload.arguments)
        return Invocation(run.argv)
    return Invocation((target.project.interpreter.path, path, *workload.arguments))


def times(probed: Probed, workload: Workload, repetitions: int) -> Times:
    return Times(probed.ran.wall_seconds)
