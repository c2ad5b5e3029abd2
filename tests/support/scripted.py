"""A sandbox that runs nothing: each command takes the seconds, and prints the text, that a script gives its tree."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from llmopt.data import Base, Command, Interpreter, Limits, Project, Ran, Tree, Workload
from llmopt.target import Target

BASE, CANDIDATE = "b" * 40, "c" * 40
Seconds = Callable[[str, str, int], float]  # name of the tree, shell line, how often it ran before -> seconds


def tree_of(commit: str) -> Tree:
    return Tree(commit, Path("/trees") / commit)


def base(workloads: int = 1, **values: object) -> Base:
    return Base(BASE, {}, **{"repetitions": (1,) * workloads, "outputs": ("",) * workloads, **values})  # type: ignore[arg-type]


class Scripted:
    """The sandbox; `commands` are the (commit, shell line, hash seed) it was asked for."""

    def __init__(self, seconds: Seconds, prints: Callable[[str], str] = lambda commit: "") -> None:
        self.seconds = seconds
        self.prints = prints
        self.commands: list[tuple[str, str, str]] = []
        self.exit_codes: dict[str, int] = {}

    def __call__(self, command: Command, limits: Limits) -> Ran:
        commit, line = command.folder.name, command.argv[-1]
        before = sum(seen[:2] == (commit, line) for seen in self.commands)
        self.commands.append((commit, line, command.environment["PYTHONHASHSEED"]))
        text = self.prints(commit)
        seconds = self.seconds(commit, line, before)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Ran(self.exit_codes.get(commit, 0), seconds, seconds / 2, 1000, text, "", digest)

    def target(self, lines: Sequence[str] = ("work",), weights: Sequence[float] = (1.0,)) -> Target:
        """A target whose workloads are these shell lines."""
        workloads = [Workload(line, "command", line, (), weight) for line, weight in zip(lines, weights, strict=True)]
        interpreter = Interpreter("/usr/bin/python3", (3, 12, 0), "tests")
        return Target(Project(Path("/repository"), "", interpreter, None, tuple(workloads)), self)
