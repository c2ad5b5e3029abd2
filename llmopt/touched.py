"""Changed files in, the functions that the change touches out (pure).

A function is touched when its syntax tree differs: layout and comments do not count, its decorators and what is nested
in it do. A constant, an import or a class's head touches the functions that use it, also those of other files.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from llmopt import syntax

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Changed:
    """A file before and after a change, "" where it is not there; `path` is the later one."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Touch:
    """What a change touches in a file, as it is after it: functions by qualified name, and names of the module that
    mean something else now or are gone."""

    functions: frozenset[str]
    names: frozenset[str]


NOTHING = Touch(frozenset(), frozenset())


def keys(changes: Iterable[Changed], others: Mapping[str, str]) -> frozenset[str]:
    """The functions (PATH::NAME) that a change touches, also in the texts of `others`, which it does not change."""
    found: set[str] = set()
    files = dict(others)
    touches: dict[str, Touch] = {}
    for change in changes:
        touches[change.path] = touch = between(change.old, change.new)
        files[change.path] = change.new
        found |= {f"{change.path}::{name}" for name in touch.functions}
    for source, touch in touches.items():
        for path, text in files.items():
            if touch.names and path != source:
                found |= {f"{path}::{name}" for name in users(text, source, touch.names)}
    return frozenset(found)


@lru_cache(maxsize=64)
def between(old: str, new: str) -> Touch:
    """What differs between two texts of a module; nothing where the later one does not parse."""
    try:
        after = syntax.parse(new)
    except SyntaxError:
        return NOTHING
    try:
        before = syntax.parse(old)
    except SyntaxError:
        before = ast.Module([], [])
    was, now = _by_name(before, old), _by_name(after, new)
    names = _names(before, after, old, new)
    functions = {name for name, found in now.items() if isinstance(found[0].node, Function)}
    if names is None:
        return Touch(frozenset(functions), frozenset())
    differing = [name for name, found in now.items() if _differ(was.get(name, []), found)]
    classes = {name for name in differing if name not in functions and _heads(was.get(name, [])) != _heads(now[name])}
    touched = {name for name in functions if name in differing or name.rpartition(".")[0] in classes}
    if names:
        touched |= {name for name, node in _definitions(after) if _mentions(node) & names}
    gone = {name for name in was.keys() - now.keys() if "." not in name}
    return Touch(frozenset(touched), names | gone)


def users(text: str, source: str, names: frozenset[str]) -> set[str]:
    """The functions of a file that use one of these names of the module in the file `source`."""
    if _module(source) not in text or not any(name in text for name in names):
        return set()
    try:
        tree = syntax.parse(text)
    except SyntaxError:
        return set()
    modules, direct = _imported(tree, _module(source), names)
    return {
        name
        for name, node in _definitions(tree)
        if _mentions(node) & direct or any(_is_of(each, modules, names) for each in ast.walk(node))
    }


def _module(path: str) -> str:
    """The last part of a module's name."""
    pure = PurePosixPath(path)
    return pure.parent.name if pure.stem == "__init__" else pure.stem


def _imported(tree: ast.Module, module: str, names: frozenset[str]) -> tuple[set[str], set[str]]:
    """The names under which a file knows a module, and those under which it knows some of the module's names."""
    modules: set[str] = set()
    direct: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        is_from = isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == module
        for alias in node.names:
            known = alias.asname or alias.name
            if is_from and (alias.name in names or alias.name == "*"):
                direct |= names if alias.name == "*" else {known}
            elif alias.name.rpartition(".")[2] == module:
                modules.add(known.rpartition(".")[2])
    return modules, direct


def _is_of(node: ast.AST, modules: set[str], names: frozenset[str]) -> bool:
    """Is it `module.NAME`, or `package.module.NAME`?"""
    if not (isinstance(node, ast.Attribute) and node.attr in names):
        return False
    owner = node.value
    return (owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")) in modules


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for each in syntax.definitions(tree):
        if isinstance(each.node, Function):
            yield each.name, each.node


@dataclass(frozen=True)
class _Piece:
    """A definition or a statement with its text."""

    node: ast.stmt
    text: str

    @property
    def tree(self) -> str:
        return ast.dump(self.node)


def _by_name(tree: ast.Module, text: str) -> dict[str, list[_Piece]]:
    """The functions and classes of each name: a property has two and more."""
    lines, found = text.split("\n"), defaultdict(list)
    for each in syntax.definitions(tree):
        found[each.name].append(_Piece(each.node, each.text(lines)))
    return found


def _differ(was: list[_Piece], now: list[_Piece]) -> bool:
    """Do they differ in more than layout? Most are the same to the letter, and syntax trees are slow to compare."""
    if [each.text for each in was] == [each.text for each in now]:
        return False
    return [each.tree for each in was] != [each.tree for each in now]


def _heads(classes: list[_Piece]) -> list[list[str]]:
    """What classes are besides their methods: bases, decorators, attributes."""
    nodes = [each.node for each in classes if isinstance(each.node, ast.ClassDef)]
    return [
        [ast.dump(each) for each in (*node.bases, *node.keywords, *node.decorator_list, *_own(node.body))]
        for node in nodes
    ]


def _own(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that are no definitions and no docstrings."""
    return (node for node in body if not isinstance(node, syntax.Node) and not syntax.is_docstring(node))


def _names(before: ast.Module, after: ast.Module, old: str, new: str) -> frozenset[str] | None:
    """The names that the differing statements of the module level bind; None where one binds nothing, so that anything
    may behave otherwise."""
    was, now = _statements(before, old), _statements(after, new)
    texts = [{each.text for each in side} for side in (was, now)]
    was, now = [each for each in was if each.text not in texts[1]], [each for each in now if each.text not in texts[0]]
    trees = [{each.tree for each in side} for side in (was, now)]
    found: set[str] = set()
    for each in (*was, *now):
        if not (each.tree in trees[0] and each.tree in trees[1]):
            if not (bound := _bound([each.node])):
                return None
            found |= bound
    return frozenset(found)


def _statements(tree: ast.Module, text: str) -> list[_Piece]:
    """What stands at module level and is no definition, no docstring and no `if __name__ == "__main__"`."""
    lines = text.split("\n")
    return [
        _Piece(node, "\n".join(lines[node.lineno - 1 : node.end_lineno]))
        for node in _own(tree.body)
        if not (isinstance(node, ast.If) and "__name__" in _mentions(node.test))
    ]


def _bound(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """The names that statements assign, import or define, those inside of definitions left out."""
    found: set[str] = set()
    waiting: list[ast.AST] = [*statements]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, syntax.Node):
            found.add(node.name)
            continue
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            found |= _mentions(node)  # `TABLE["x"] = 1` changes what TABLE means
        waiting.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def _mentions(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
