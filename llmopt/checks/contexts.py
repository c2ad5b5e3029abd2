"""A base's tests run once under the probe in; which test executes which functions, and how long it takes, out."""

from __future__ import annotations

import ast
import json
import os
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llmopt import encoding
from llmopt.checks import suite
from llmopt.data import Limits, Tree
from llmopt.errors import EditError
from llmopt.target import Probed, Target, Tasks

FORMAT = 1
KEPT = f"contexts-{FORMAT}-*.json"
TASKS: Tasks = {"contexts": {}}
# From this version on a function tells once for each test (networkx' tests take some 8 % longer); before, each call of
# every function costs (they take 1.2 to 2 times as long).
CHEAP_FROM = (3, 12)
SLOWDOWN = 5.0  # that the tests may take longer then
QUALIFIED_FROM = (3, 11)


@dataclass(frozen=True)
class Contexts:
    """Seconds of the tests by id, in the order in which they ran, and the ids of tests that execute a function, by
    `Function.key`: not all of them for a function that many tests execute. What runs outside of tests is left out."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def touching(contexts: Contexts, functions: Iterable[str]) -> tuple[str, ...]:
    """Tests that execute one of the functions (`Function.key`), the fastest first."""
    found = {test for key in functions for test in contexts.functions.get(key, ())}
    return tuple(sorted(found, key=lambda test: (contexts.seconds.get(test, 0.0), test)))


def is_cheap(target: Target) -> bool:
    """Can they be recorded along with a run that is made for another reason?"""
    return target.project.interpreter.version >= CHEAP_FROM


def are_in(folder: Path) -> bool:
    """Does the folder have those of any commit?"""
    return any(folder.glob(KEPT))


def of(target: Target, tree: Tree, folder: Path, limits: Limits) -> Contexts:
    """Those that the folder has: of this commit, else of one it was made from, which names most functions as well.

    Where it has none, the tests run once to record them.
    """
    kept = sorted(folder.glob(KEPT), key=lambda path: path.stat().st_mtime)
    own = _place(folder, tree)
    for path in [own] if own in kept else kept[-1:]:
        return _loaded(json.loads(path.read_bytes()))
    longer = limits if is_cheap(target) else replace(limits, seconds=SLOWDOWN * limits.seconds)
    _, probed = suite.run_probed(target, tree, longer, tasks=TASKS)
    return keep(target, tree, folder, probed)


def keep(target: Target, tree: Tree, folder: Path, probed: Probed) -> Contexts:
    """The contexts that a run of the tests with `TASKS` reported, put into the folder."""
    found = merged([each for each in probed.reports.get("contexts", ()) if isinstance(each, Mapping)], target, tree)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"contexts-{os.getpid()}"
    part.write_text(json.dumps(_plain(found)))
    part.replace(_place(folder, tree))
    return found


def _plain(found: Contexts) -> dict[str, Any]:
    """With numbers for the ids, which are long and many."""
    numbers = {test: number for number, test in enumerate(found.seconds)}
    functions = {key: [numbers[test] for test in tests] for key, tests in found.functions.items()}
    return {"seconds": dict(found.seconds), "functions": functions}


def _loaded(value: Mapping[str, Any]) -> Contexts:
    tests = list(value["seconds"])
    functions = {key: tuple(tests[number] for number in numbers) for key, numbers in value["functions"].items()}
    return Contexts(value["seconds"], functions)


def _place(folder: Path, tree: Tree) -> Path:
    return folder / f"contexts-{FORMAT}-{tree.commit}.json"


def merged(reports: Sequence[Mapping[str, Any]], target: Target, tree: Tree) -> Contexts:
    """The reports of all processes in one; that of the tests' own process, which ran the most, comes first."""
    seconds: dict[str, float] = {}
    functions: dict[str, dict[str, None]] = {}
    names = _Names(tree, has_names=target.project.interpreter.version >= QUALIFIED_FROM)
    for report in sorted(reports, key=lambda each: -len(each["tests"])):
        tests = [test for test, _ in report["tests"]]
        for test, taken in report["tests"]:
            seconds[test] = max(taken, seconds.get(test, 0.0))
        for path, name, line, numbers in report["functions"]:
            if key := names.key(path, name, line):
                functions.setdefault(key, {}).update({tests[number - 1]: None for number in numbers})
    return Contexts(seconds, {key: tuple(found) for key, found in functions.items()})


class _Names:
    """Keys of functions that can be called from outside by what the probe says of code, inner functions being part of
    them. Files are read only where code does not know its qualified name."""

    def __init__(self, tree: Tree, has_names: bool) -> None:
        self.read = encoding.reader(tree)
        self.has_names = has_names
        self.files: dict[str, list[tuple[int, int, str]]] = {}

    def key(self, path: str, name: str, line: int) -> str:
        own = name.partition(".<locals>")[0] if self.has_names else self._name_at(path, line)
        return f"{path}::{own}" if own and not own.startswith("<") else ""

    def _name_at(self, path: str, line: int) -> str:
        if path not in self.files:
            self.files[path] = self._spans(path)
        spans = self.files[path]
        at = bisect_right(spans, (line, 1 << 60, "")) - 1
        return spans[at][2] if at >= 0 and spans[at][1] >= line else ""

    def _spans(self, path: str) -> list[tuple[int, int, str]]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(self.read(path))
        except (EditError, SyntaxError):
            return []
        return sorted(_spans(tree, ""))


def _spans(parent: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    """First line (of the decorators), last line and qualified name of each function that is not inside another one."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield first, node.end_lineno or first, prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _spans(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt | ast.ExceptHandler):
            yield from _spans(node, prefix)
