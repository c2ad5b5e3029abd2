"""Two versions of some files in; the private attributes out that only the second makes on demand, or has at all.

A constructor, or who else made an object, filled `self._index`; now a property, a descriptor or a `__getattr__` of its
class does, when somebody first reads it. An object that nobody has read it from has no such attribute, and is the same
for all that: whether it is, reading the attribute shows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from llmopt import syntax
from llmopt.checks.scratch import is_private

Def = ast.FunctionDef | ast.AsyncFunctionDef
FALLBACKS = ("__getattr__", "__getattribute__")  # they may make any


def attributes(base: Mapping[str, str], candidate: Mapping[str, str]) -> frozenset[str]:
    """Both map repository paths of Python files to their text. SyntaxError when one of them does not parse."""
    old, new = ([syntax.parse(text) for text in side.values()] for side in (base, candidate))
    stored = {name for tree in old for name in _stored(tree)}
    had, has = ({name for tree in side for name in _bound(tree)} for side in (old, new))
    added = has - had
    return frozenset(stored if added.intersection(FALLBACKS) else stored & added)


def brought(base: Mapping[str, str], candidate: Mapping[str, str]) -> frozenset[str]:
    """The private attributes that only the second version has: no word of the first one's files."""
    words = {word for text in base.values() for word in re.findall(r"\w+", text)}
    return frozenset(name for text in candidate.values() for name in _stored(syntax.parse(text)) if name not in words)


def _stored(tree: ast.Module) -> Iterator[str]:
    """Private attributes that something is assigned to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_private(node.attr):
            yield node.attr


def _bound(tree: ast.Module) -> Iterator[str]:
    """What the bodies of classes define or assign."""
    for owner in ast.walk(tree):
        for node in owner.body if isinstance(owner, ast.ClassDef) else ():
            if isinstance(node, Def):
                yield node.name
            elif isinstance(node, ast.Assign):
                yield from (each.id for each in node.targets if isinstance(each, ast.Name))
            elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
                yield node.target.id
