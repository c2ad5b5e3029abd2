"""The Python files of a project, as far as finding workloads and tests needs them: walked, and read but never run."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

# Folders that hold no code of the project itself.
FOREIGN = frozenset(
    {"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "_vendor", "vendor", "third_party"}
)
TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def walk(folder: Path) -> Iterator[Path]:
    """The project's Python files below a folder, in a stable order; environments and hidden folders are left out."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_own(Path(parent, name)))
        yield from (Path(parent, name) for name in sorted(names) if name.endswith(".py"))


def _is_own(folder: Path) -> bool:
    return not (folder.name.startswith(".") or folder.name in FOREIGN or (folder / "pyvenv.cfg").exists())


def is_test_file(path: Path) -> bool:
    return TEST_FILE.fullmatch(path.name) is not None


def syntax(path: Path) -> ast.Module:
    """The module's syntax tree, an empty one for what cannot be read as Python here."""
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def functions(module: ast.Module) -> dict[str, Definition]:
    """The functions a module defines at its top level."""
    return {node.name: node for node in module.body if isinstance(node, Definition)}


def needs_arguments(function: Definition) -> bool:
    arguments = function.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional > len(arguments.defaults) or None in arguments.kw_defaults


def has_main_guard(module: ast.Module) -> bool:
    """Whether the module has an `if __name__ == "__main__":` at its top level."""
    tests = (node.test for node in module.body if isinstance(node, ast.If))
    return any({"__name__", "__main__"} <= _words(test) for test in tests)


def _words(expression: ast.expr) -> set[object]:
    return {
        node.id if isinstance(node, ast.Name) else node.value
        for node in ast.walk(expression)
        if isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    }


def relative(path: Path, folder: Path) -> str:
    """The path as a workload's target: relative to the project's folder where it lies below it, else absolute."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are: the tree has them too
    folder = Path(os.path.abspath(folder))  # noqa: PTH100
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def tests(module: ast.Module) -> Iterator[tuple[str, Definition]]:
    """The test functions and methods of a module, each with the name of its class or ""."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, child) for child in node.body if _is_test(child))
        elif _is_test(node):
            yield "", node


def _is_test(node: ast.stmt) -> TypeGuard[Definition]:
    return isinstance(node, Definition) and node.name.startswith(("test", "bench"))
