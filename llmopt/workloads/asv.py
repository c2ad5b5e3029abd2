"""An asv suite as a workload: `asv`, `asv:REGEX`, or the path of its asv.conf.json.

Its time is the sum over its time_ benchmarks, each run once with every combination of its parameters.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from llmopt.data import Interpreter, Tree, Workload
from llmopt.errors import UsageError, WorkloadError
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads import files
from llmopt.workloads.invocation import Invocation, Times, in_process, marked_times, place

MARKS = REPEATS = True
CONFIGURATION = "asv.conf.json"
# asv's configuration is JSON with comments and trailing commas; strings are matched first so that they stay whole.
STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
STRING_OR_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    if Path(spec).name == CONFIGURATION and (folder / spec).is_file():
        return Workload(spec, "asv", files.relative(folder / spec, folder))
    if spec != "asv" and not spec.startswith("asv:"):
        return None
    found = configuration(folder)
    if found is None:
        raise UsageError(f"no {CONFIGURATION} in {folder} or one folder below", "give its path as the workload")
    pattern = spec.removeprefix("asv").removeprefix(":")
    _refuse_bad(pattern)
    return Workload(spec, "asv", files.relative(found, folder), (pattern,) if pattern else ())


def _refuse_bad(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as problem:
        raise UsageError(f"asv:{pattern} is not a regular expression: {problem}") from None


def configuration(folder: Path) -> Path | None:
    """The suite's configuration: in the folder itself or, as many projects have it, one below."""
    return next(iter([*folder.glob(CONFIGURATION), *sorted(folder.glob(f"[!.]*/{CONFIGURATION}"))]), None)


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    found = configuration(folder)
    return [Workload("asv", "asv", files.relative(found, folder))] if found else []


def benchmark_folder(path: Path) -> Path:
    """The folder of the benchmarks that a configuration names; WorkloadError when it cannot be read."""
    try:
        settings = read_json(path.read_text(encoding="utf-8"))
        return path.parent / settings.get("benchmark_dir", "benchmarks")
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise WorkloadError(f"{path.name} cannot be read: {problem}") from None


def read_json(text: str) -> dict[str, str]:
    text = STRING_OR_COMMENT.sub(lambda found: found[1] or " ", text)
    value: dict[str, str] = json.loads(STRING_OR_COMMA.sub(lambda found: found[1] or "", text))
    return value


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    folder = benchmark_folder(place(workload.target, target, tree))
    return in_process("asv", str(folder), workload, target, repetitions, workload.arguments)


def times(probed: Probed, workload: Workload, repetitions: int) -> Times:
    return marked_times(probed.ran, workload, repetitions)
