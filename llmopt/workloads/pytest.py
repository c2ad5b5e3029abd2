"""pytest tests as a workload: `pytest`, `pytest:ARGS`, a node id, a test file, or a line that runs pytest.

The time is that of the run loop, without start-up and collection. When the selected tests use pytest-benchmark's
`benchmark` fixture, only those run, and the time is the geometric mean of their medians.
"""

from __future__ import annotations

import os
import shlex
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from llmopt import pytests
from llmopt.data import Interpreter, Tree, Workload
from llmopt.errors import UsageError
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads import files
from llmopt.workloads.invocation import Invocation, Times, marked_times, nothing_measured

MARKS, REPEATS = True, False
BENCHMARKS = "benchmarks"  # the target of a workload of pytest-benchmark's tests
# Three rounds give a median; a sample is one of many, so more rounds within it would only make it slow.
ROUNDS = ("--benchmark-min-rounds=3", "--benchmark-max-time=0.2", "--benchmark-warmup=off")


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    arguments = _arguments(spec, folder)
    if arguments is None:
        return None
    if "pytest" not in interpreter.packages:
        raise UsageError(
            f"workload {spec} needs pytest, which {interpreter.path} does not have",
            "--python names an environment that has it",
        )
    measured = uses_benchmarks(selected(arguments, folder), interpreter)
    return Workload(spec, "pytest", BENCHMARKS if measured else "", arguments)


def _arguments(spec: str, folder: Path) -> tuple[str, ...] | None:
    """The arguments for pytest that a spec stands for, None if it is no pytest workload."""
    if spec == "pytest":
        return ()
    if spec.startswith("pytest:"):
        try:
            return tuple(shlex.split(spec.removeprefix("pytest:")))
        except ValueError as problem:
            raise UsageError(f"the arguments of {spec} cannot be split: {problem}") from None
    path = folder / spec.partition("::")[0]
    if path.exists() and ("::" in spec or files.is_test_file(path) or _holds_tests(path)):
        return (spec,)
    return pytests.module_arguments(spec, "pytest")


def _holds_tests(path: Path) -> bool:
    return path.is_dir() and any(files.is_test_file(file) for file in files.walk(path))


def selected(arguments: Sequence[str], folder: Path) -> list[tuple[Path, str]]:
    """The test files that arguments name, each with the test's name after "::" or ""; all of the folder without any."""
    named = [a.split("::") for a in arguments if not a.startswith("-") and (folder / a.split("::")[0]).exists()]
    chosen = [(folder / path, names[-1].partition("[")[0] if names else "") for path, *names in named]
    return [
        (file, name)
        for path, name in chosen or [(folder, "")]
        for file in ([path] if path.is_file() else _test_files(path))
    ]


def _test_files(folder: Path) -> Iterator[Path]:
    return (path for path in files.walk(folder) if files.is_test_file(path) or path.name.startswith("bench"))


def uses_benchmarks(chosen: Sequence[tuple[Path, str]], interpreter: Interpreter) -> bool:
    """Whether one of these tests takes pytest-benchmark's fixture, and the target has it."""
    return "pytest-benchmark" in interpreter.packages and any(takes_fixture(path, name) for path, name in chosen)


def takes_fixture(path: Path, name: str = "") -> bool:
    """Whether a test of the file (the test or class of that name) has an argument `benchmark`."""
    if b"benchmark" not in path.read_bytes():
        return False
    module = files.syntax(path)
    tests = files.tests(module)
    return any("benchmark" in _parameters(test) for owner, test in tests if not name or name in (owner, test.name))


def _parameters(function: files.Definition) -> set[str]:
    return {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    """The project's pytest-benchmark tests."""
    if "pytest-benchmark" not in interpreter.packages:
        return []
    paths = [files.relative(path, folder) for path in _test_files(folder) if takes_fixture(path)]
    return [Workload("pytest:" + shlex.join(paths), "pytest", BENCHMARKS, tuple(paths))] if paths else []


def without(workload: Workload, node_ids: Sequence[str]) -> Workload:
    """The workload without these tests: those that fail on the base would make it fail."""
    return replace(workload, arguments=(*workload.arguments, *(f"--deselect={node}" for node in node_ids)))


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    interpreter = target.project.interpreter
    own = _benchmark_options(interpreter) if workload.target == BENCHMARKS else ()
    argv = pytests.argv(interpreter, (*workload.arguments, *own))
    return Invocation(argv, marks=True, tasks={"pytest": {}})


def _benchmark_options(interpreter: Interpreter) -> tuple[str, ...]:
    # The plugin reads the results as they are saved; the file itself is not wanted.
    own = ("--benchmark-only", "--benchmark-enable", f"--benchmark-json={os.devnull}", *ROUNDS)
    # pytest-benchmark refuses to measure under xdist, which a project's configuration may switch on.
    return (*own, "-n", "0") if "pytest-xdist" in interpreter.packages else own


def times(probed: Probed, workload: Workload, repetitions: int) -> Times:
    if workload.target != BENCHMARKS:
        return marked_times(probed.ran, workload)
    report = pytests.report(probed)
    if report is None or not report.benchmarks:
        raise nothing_measured(workload, "no benchmark was run")
    return Times(statistics.geometric_mean(report.benchmarks.values()))
