"""Python source text in, its syntax tree and its statements as comparable units out; what two versions do not share."""

from __future__ import annotations

import ast
import gc
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

PYTHON = (".py", ".pyi")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Source = tuple[ast.Module, str]  # the tree and the text it was made of


@dataclass(frozen=True)
class Unit:
    """A statement of a module or of a class in it (`owner`, qualified), with its source lines."""

    owner: str
    node: ast.stmt = field(compare=False)
    text: str


@lru_cache(maxsize=16)  # a base is read again for each of its candidates
def parse(text: str) -> ast.Module:
    """The syntax tree, which nobody changes; SyntaxError is the only error."""
    try:
        with warnings.catch_warnings(), _without_collections():
            warnings.simplefilter("ignore")  # invalid escapes in the target's strings are not ours to report
            return ast.parse(text)
    except ValueError as problem:
        raise SyntaxError(str(problem)) from None
    except (RecursionError, MemoryError):
        raise SyntaxError("it is nested too deeply") from None


@contextmanager
def _without_collections() -> Iterator[None]:
    """A tree of a million nodes and not one cycle: looking for some takes five times as long as the parsing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def units(tree: ast.Module, text: str) -> list[Unit]:
    """Every statement at module level; a class gives its head, then its statements one by one."""
    return list(_units(tree.body, "", text.split("\n")))


def _units(body: Iterable[ast.stmt], owner: str, lines: list[str]) -> Iterator[Unit]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            head = ast.ClassDef(node.name, node.bases, node.keywords, [], node.decorator_list)
            yield Unit(owner, ast.copy_location(head, node), _text(node, node.body[0], lines))
            yield from _units(node.body, f"{owner}{node.name}.", lines)
        else:
            yield Unit(owner, node, _text(node, None, lines))


def _text(node: ast.stmt, before: ast.stmt | None, lines: list[str]) -> str:
    """The lines of a statement, those of its decorators included; of a class those before its first statement."""
    end = max(node.lineno, first_line(before) - 1) if before else node.end_lineno
    text = "\n".join(lines[first_line(node) - 1 : end])
    shares_line = lines[node.lineno - 1][: node.col_offset].strip(" \t@")
    return f"{text}\n{node.col_offset}" if shares_line else text


def first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def unshared(some: Iterable[Unit], others: Iterable[Unit]) -> list[Unit]:
    """Those of `some` whose text does not stand in the same place of `others`."""
    left = Counter((unit.owner, unit.text) for unit in others)
    found = []
    for unit in some:
        left[unit.owner, unit.text] -= 1
        if left[unit.owner, unit.text] < 0:
            found.append(unit)
    return found
