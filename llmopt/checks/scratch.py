"""A module's text in, its scratch attributes out: private ones whose value nobody reads from one call to the next.

`self._buffer = b""` at the start of `decode`, filled while it runs: what is left in there afterwards is no result. An
edit may leave something else there, or nothing. An attribute counts as scratch where every public method of its class
that comes to touch it, itself or by private methods that it calls, first assigns it anew, on every way; and where
nothing else names it, or one of those private methods.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from llmopt import syntax

# What shows all attributes of an object at once, or any by its name.
REFLECTION = ("__dict__", "vars", "getattr", "setattr", "__getstate__", "__reduce__", "__reduce_ex__", "asdict")
Def = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Method:
    """A method, the attributes of `self` that it mentions, and its statements with theirs."""

    name: str
    touches: frozenset[str]
    steps: tuple[tuple[str, frozenset[str]], ...]  # the attribute that a statement assigns anew, and those it mentions

    @property
    def is_private(self) -> bool:
        return is_private(self.name)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def attributes(before: str, after: str, elsewhere: Iterable[str]) -> frozenset[str]:
    """The scratch attributes of the old text that are such, or are gone, in the new one too; `elsewhere` are the texts
    of all other files, read once and only where there is something to look for."""
    try:
        old, new = syntax.parse(before), syntax.parse(after)
    except SyntaxError:
        return frozenset()
    found = {name: _private_names(name, old) | _private_names(name, new) for name in _candidates(old)}
    found = {name: names for name, names in found.items() if _is_scratch(name, old) and _is_scratch(name, new)}
    seen = named(frozenset().union(*found.values()), elsewhere)
    return frozenset(name for name, names in found.items() if not names & seen)


def named(names: frozenset[str], texts: Iterable[str]) -> frozenset[str]:
    """Those that a text holds as words; the texts are read only where there are names."""
    if not names:
        return frozenset()
    word = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b")
    return frozenset(name for text in texts for name in word.findall(text))


def _private_names(name: str, tree: ast.Module) -> frozenset[str]:
    """The attribute, and the private methods through which it is reached."""
    touching = (_touching(name, _methods(each)) for each in _classes(tree))
    return frozenset([name, *(method for found in touching for method in found if is_private(method))])


def _candidates(tree: ast.Module) -> set[str]:
    """Private attributes that a method assigns."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return {node.attr for node in nodes if is_private(node.attr)}


def _is_scratch(name: str, tree: ast.Module) -> bool:
    """Is every mention of it, and of the private methods that touch it, in a method of a class that makes it anew?"""
    for each in _classes(tree):
        methods = _methods(each)
        touching = _touching(name, methods)
        if touching and (_reflects(each) or not all(_is_fine(methods[m], name, touching) for m in touching)):
            return False
    functions = [method for each in _classes(tree) for method in _functions(each)]
    return all(
        sum(_mentions(method, each) for method in functions) == _all_mentions(tree, each)
        for each in _private_names(name, tree)
    )


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def _methods(owner: ast.ClassDef) -> dict[str, Method]:
    return {method.name: method for method in map(_method, _functions(owner))}


def _functions(owner: ast.ClassDef) -> Iterator[Def]:
    return (node for node in owner.body if isinstance(node, Def))


def _method(node: Def) -> Method:
    own = _own_name(node)
    steps = tuple((_assigned(statement, own), _of_self(statement, own)) for statement in node.body)
    return Method(node.name, _of_self(node, own), steps)


def _own_name(node: Def) -> str:
    """What the method calls its instance; "" for a static method without arguments."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    return arguments[0].arg if arguments else ""


def _of_self(node: ast.AST, own: str) -> frozenset[str]:
    return frozenset(
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == own
    )


def _assigned(statement: ast.stmt, own: str) -> str:
    """The attribute that a plain assignment makes without a look at any other: "" for other statements."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return ""
    is_own = isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == own
    return target.attr if is_own and isinstance(target, ast.Attribute) and not _of_self(value, own) else ""


def _touching(name: str, methods: Mapping[str, Method]) -> frozenset[str]:
    """The methods that mention the attribute, or one of these."""
    found = {method.name for method in methods.values() if name in method.touches}
    while more := {m.name for m in methods.values() if m.name not in found and m.touches & found}:
        found |= more
    return frozenset(found)


def _is_fine(method: Method, name: str, touching: frozenset[str]) -> bool:
    """A private method has what its callers made; any other one has to make the attribute before it is looked at."""
    if method.is_private or method.name == "__init__":
        return True
    for assigned, mentioned in method.steps:
        if assigned == name:
            return True
        if name in mentioned or mentioned & touching:
            return False
    return False


def _reflects(node: ast.ClassDef) -> bool:
    names = {each.attr if isinstance(each, ast.Attribute) else each.id for each in _names(node)}
    decorated = any("dataclass" in ast.dump(each) or "attrs" in ast.dump(each) for each in node.decorator_list)
    defined = {method.name for method in _functions(node)}
    return decorated or not (names | defined).isdisjoint(REFLECTION)


def _names(node: ast.AST) -> Iterator[ast.Name | ast.Attribute]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute))


def _mentions(method: Def, name: str) -> int:
    own = _own_name(method)
    return sum(
        isinstance(each, ast.Attribute)
        and each.attr == name
        and isinstance(each.value, ast.Name)
        and each.value.id == own
        for each in ast.walk(method)
    )


def _all_mentions(tree: ast.Module, name: str) -> int:
    """Also as a plain name, a keyword, a parameter, and in a text."""
    return sum(
        (isinstance(each, ast.Attribute) and each.attr == name)
        or (isinstance(each, ast.Name) and each.id == name)
        or (isinstance(each, ast.keyword | ast.arg) and each.arg == name)
        or (isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value == name)
        for each in ast.walk(tree)
    )
