"""`package.module:function` as a workload: imported, and called without arguments; only the calls are timed."""

from __future__ import annotations

import re
from pathlib import Path

from llmopt.data import Interpreter, Tree, Workload
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads.invocation import Invocation, Times, in_process, marked_times

MARKS = REPEATS = True
NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    return Workload(spec, "function", spec) if NAME.fullmatch(spec) else None


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    return []  # a function does not show that it is the one to measure


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    return in_process("function", workload.target, workload, target, repetitions)


def times(probed: Probed, workload: Workload, repetitions: int) -> Times:
    return marked_times(probed.ran, workload, repetitions, parts=min(repetitions, 2))
