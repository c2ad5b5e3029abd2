"""A folder of source files as project and tree at once, run under the probe by the real sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from llmopt import target
from llmopt.data import Interpreter, Limits, Project, Tree, Workload
from llmopt.sandbox import open_sandbox

LIMITS = Limits(seconds=60)


@dataclass(frozen=True)
class Probing:
    """A tree with files, and the interpreter that runs them."""

    tree: Tree
    project: Project
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **tasks: Mapping[str, Any]) -> target.Probed:
        """`python ARGUMENTS` in the tree; the run must succeed."""
        runner = target.Target(self.project, open_sandbox().run)
        argv = (self.project.interpreter.path, *arguments)
        probed = target.run(runner, self.tree, argv, LIMITS, tasks=tasks, environment=self.environment)
        assert probed.ran.exit_code == 0, probed.ran.stderr
        return probed


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def probing(folder: Path, python: str, files: Mapping[str, str], *workloads: str, **environment: str) -> Probing:
    """The files in a tree below the folder; `workloads` are the specs of the project's workloads."""
    tree = Tree("c0ffee", write(folder / "tree", files))
    original = folder / "original"
    original.mkdir(exist_ok=True)
    interpreter = Interpreter(python, (3, 0, 0), "test")
    specs = tuple(Workload(spec, "script", spec) for spec in workloads)
    return Probing(tree, Project(original, "", interpreter, None, specs), environment)


def self_shares(report: Mapping[str, Any]) -> dict[str, float]:
    """Share of the sampled CPU time by the plain name of the innermost function."""
    total = sum(seconds for _, seconds in report["stacks"])
    shares: dict[str, float] = {}
    for stack, seconds in report["stacks"]:
        name = report["functions"][stack[-1]][1].rpartition(".")[2] if stack else ""
        shares[name] = shares.get(name, 0.0) + seconds / total
    return shares
