"""What the kinds of workloads share: how one is started, where its files are, and how marks become seconds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmopt.data import Ran, Tree, Workload
from llmopt.errors import WorkloadError
from llmopt.target import PROBE, Target, Tasks


@dataclass(frozen=True)
class Invocation:
    """A workload as a command; the tasks are the kind's own, added to the caller's."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    marks: bool = False
    tasks: Tasks = field(default_factory=dict)


def place(path: str, target: Target, tree: Tree) -> Path:
    """Where a workload's file is for this tree: the tree's own copy, or the file itself outside the repository."""
    root = target.project.root.resolve()
    original = Path(os.path.normpath(root / target.project.folder / path))
    if not original.is_relative_to(root):
        return original
    placed = tree.path / original.relative_to(root)
    if not placed.exists():
        raise WorkloadError(
            f"the workload's file {path} is not in the commit that is measured",
            "git ignores it, or it is new: add it to git, or move it out of the repository",
        )
    return placed


def in_process(
    kind: str, subject: str, workload: Workload, target: Target, repetitions: int, arguments: tuple[str, ...] = ()
) -> Invocation:
    """The workload run by the probe's runner, which marks its timed parts."""
    runner = str(PROBE / "llmopt_runner.py")
    options = ("--repetitions", str(repetitions), "--", *arguments)
    return Invocation((target.project.interpreter.path, runner, kind, subject, *options), marks=True)


def marked_parts(ran: Ran, workload: Workload) -> list[float]:
    """Seconds between each begin and its end; WorkloadError when they do not alternate as they must."""
    labels = [label for label, _ in ran.marks]
    begun, ended = labels[::2], labels[1::2]
    if not labels or len(begun) != len(ended) or {*begun} - {"first", "begin"} or {*ended} != {"end"}:
        raise nothing_measured(workload, "its timed part did not begin and end in order" if labels else "")
    times = [at for _, at in ran.marks]
    return [end - begin for begin, end in zip(times[::2], times[1::2], strict=True)]


@dataclass(frozen=True)
class Times:
    """Seconds of one repetition, of the first one (None if there is no other), and of what came before it."""

    seconds: float
    first: float | None = None
    setup: float = 0.0


def marked_times(ran: Ran, workload: Workload, repetitions: int = 1, parts: int = 0) -> Times:
    """The times of marked parts; with `parts` there must be so many."""
    seconds = marked_parts(ran, workload)
    if parts and len(seconds) != parts:
        raise nothing_measured(workload, f"its timed part ran {len(seconds)} times, not {parts}")
    firsts = [taken for taken, (label, _) in zip(seconds, ran.marks[::2], strict=True) if label == "first"]
    return Times(sum(seconds) / repetitions, (sum(firsts) or None) if repetitions > 1 else None, ran.marks[0][1])


def nothing_measured(workload: Workload, reason: str = "") -> WorkloadError:
    return WorkloadError(
        f"workload {workload.spec} ended well, but {reason or 'its timed part never began'}",
        "does it leave the process early, with sys.exit() or os._exit()?",
    )
