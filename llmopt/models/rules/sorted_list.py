"""`list(sorted(x))` and `sorted(list(x))` copy once too often.

Left alone: `sorted(tuple(x))` and `sorted(set(x))`, which mean something else or cost nothing to keep.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.scene import Scene


def sorted_list(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        if (call := scene.call_of(node, "list")) and len(call.args) == 1 and _is_sorted(scene, call.args[0].value):
            yield swap(scene, call, call.args[0].value.with_changes(lpar=call.lpar, rpar=call.rpar))
        elif _is_sorted(scene, node):
            yield from _without_copy(scene, node)


def _is_sorted(scene: Scene, node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and scene.is_builtin(node.func, "sorted")


def _without_copy(scene: Scene, call: cst.CSTNode) -> Iterator[Edit]:
    """The list may stand before `key=` and `reverse=` only if it is the first, positional argument."""
    if not isinstance(call, cst.Call) or not call.args or call.args[0].keyword or call.args[0].star:
        return
    first, *rest = call.args
    inner = scene.call_of(first.value, "list")
    if inner and len(inner.args) == 1 and _runs_nothing(inner.args[0].value, rest):
        value = inner.args[0].value
        if isinstance(value, cst.GeneratorExp):
            value = _parenthesized(value)
        yield swap(scene, call, call.with_changes(args=[first.with_changes(value=value), *rest]))


def _parenthesized(node: cst.GeneratorExp) -> cst.GeneratorExp:
    return node if node.lpar else node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _runs_nothing(value: cst.BaseExpression, rest: list[cst.Arg]) -> bool:
    """The copy was made before the other arguments ran: they must be names and literals, or the copy of a name."""
    quiet = (cst.Name, cst.Lambda, cst.Attribute, cst.Integer)
    return all(isinstance(argument.value, quiet) for argument in rest)
