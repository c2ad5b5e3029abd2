"""A shell line as a workload: `cmd:LINE`, or any line with spaces; its time is that of the whole process."""

from __future__ import annotations

import os
from pathlib import Path

from llmopt.data import Interpreter, Tree, Workload
from llmopt.target import Probed, Target, Tasks
from llmopt.workloads.invocation import Invocation, Times

MARKS = REPEATS = False


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload | None:
    line = spec.removeprefix("cmd:").strip()
    if not line or (line == spec and " " not in line):
        return None
    return Workload(spec, "command", line)


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    return []  # no line can be told from its looks to be worth measuring


def command(workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation:
    return shell(workload.target, target.project.interpreter)


def shell(line: str, interpreter: Interpreter) -> Invocation:
    """The line run by the shell; `python` and the scripts of the target's environment come first on its PATH."""
    path = os.pathsep.join([str(Path(interpreter.path).parent), os.environ.get("PATH", os.defpath)])
    return Invocation(("/bin/sh", "-c", line), {"PATH": path})


def times(probed: Probed, workload: Workload, repetitions: int) -> Times:
    return Times(probed.ran.wall_seconds)
