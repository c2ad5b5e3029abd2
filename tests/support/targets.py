"""Small targets: files written as a checkout and as the tree that is measured, run by the real sandbox."""

from __future__ import annotations

import functools
import shutil
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from llmopt import interpreters
from llmopt.data import Interpreter, Project, TestCommand, Tree
from llmopt.sandbox import process
from llmopt.target import Target

inspect = functools.cache(interpreters.inspect)


def interpreter(python: str = sys.executable, without: tuple[str, ...] = ()) -> Interpreter:
    """The interpreter as one that lacks the packages `without`."""
    seen = inspect(python, "tests")
    return replace(seen, packages={name: version for name, version in seen.packages.items() if name not in without})


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def make(
    folder: Path,
    files: Mapping[str, str],
    *,
    python: str = sys.executable,
    tests: TestCommand | None = None,
    below: str = "",
    roots: tuple[str, ...] = ("",),
    without: tuple[str, ...] = (),
) -> tuple[Target, Tree]:
    """A target with these files."""
    checkout = write(folder / "checkout", files)
    checkout.mkdir(parents=True, exist_ok=True)
    shutil.copytree(checkout, folder / "tree")
    project = Project(checkout, below, interpreter(python, without), tests, (), roots)
    return Target(project, process.run), Tree("0" * 40, folder / "tree")


def contents(tree: Tree) -> set[str]:
    """The files of a tree but for byte code."""
    paths = (path for path in tree.path.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(tree.path).as_posix() for path in paths}
