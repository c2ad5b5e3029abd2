"""`package.module:function` as a workload: imported, and called without arguments; only the calls are timed."""

from __future__ import annotations

import re
from pathlib import Path

from llmopt.data import Interpreter, Tree, Workload
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads.invocation import Invocation, in_process, marked_parts, nothing_measured

MARKS = REPEATS = True
NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    return Workload(spec, "function", spec) if NAME.fullmatch(spec) else None


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    return []  # a function does not show that it is the one to measure


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    return in_process("function", workload.target, workload, target, repetitions)


def seconds(probed: Probed, workload: Workload, repetitions: int) -> float:
    parts = marked_parts(probed.ran, workload)
    if len(parts) != 1:  # all repetitions are one part: there is nothing to prepare between them
        raise nothing_measured(workload, f"its timed part ran {len(parts)} times, not once")
    return parts[0] / repetitions
