"""`sorted(x)[0]` sorts everything to find the smallest.

Left alone: where x may be empty (IndexError would become ValueError), elements without a total order (floats with
nan, unknown types), other keys than `len`, and `sorted(x)[-1]` (among equals `max` picks the first, not the last).
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import iterated_kind
from llmopt.models.rules.kinds import BYTES, INT, STR
from llmopt.models.rules.scene import Scene, is_name
from llmopt.models.rules.uses import is_read


def min_sorted(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        match node:
            case cst.Subscript(
                value=cst.Call(
                    func=function, args=[cst.Arg(value=cst.Name() as name, keyword=None, star=""), *rest]
                ) as call,
                slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value="0")))],
            ) if scene.is_builtin(function, "sorted"):
                new = _extreme(scene, call, rest)
                ordered = iterated_kind(scene, name) in (INT, STR, BYTES)
                if new is not None and ordered and _is_checked(scene, node, name):
                    yield swap(scene, node, new.with_changes(lpar=node.lpar, rpar=node.rpar))


def _extreme(scene: Scene, call: cst.Call, rest: list[cst.Arg]) -> cst.Call | None:
    """`reverse=True` keeps equals in their order, so its first is the first of the largest: what `max` gives."""
    kept = [call.args[0]]
    wanted = "min"
    for argument in rest:
        if is_name(argument.keyword, "key") and scene.is_builtin(argument.value, "len"):
            kept.append(argument)
        elif is_name(argument.keyword, "reverse") and is_name(argument.value, "True"):
            wanted = "max"
        else:
            return None
    if wanted in scene.shadowed:
        return None
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(func=cst.Name(wanted), args=kept)


def _is_checked(scene: Scene, node: cst.CSTNode, name: cst.Name) -> bool:
    """Whether the text makes sure that the value is not empty: under `if x:`, or after `if not x: return`."""
    if not scene.is_local(name.value) or not all(_keeps(scene, other) for other in scene.references[name.value]):
        return False
    inner = node
    for outer in scene.ancestors(node):
        if isinstance(outer, cst.If) and is_name(outer.test, name.value) and inner is outer.body:
            return True
        if any(_leaves_when_empty(statement, name.value) for statement in scene.before(inner)):
            return True
        inner = outer
    return False


def _keeps(scene: Scene, reference: cst.Name) -> bool:
    """The name is never bound but as a parameter or once, and its value never changed or handed on."""
    binders = scene.bindings.get(reference.value, [])
    parent = scene.parents[reference]
    once = len(binders) + (reference.value in scene.parameters) == 1
    return once and (is_read(scene, reference) or parent in binders or isinstance(parent, cst.Return))


def _leaves_when_empty(statement: cst.CSTNode, name: str) -> bool:
    match statement:
        case cst.If(
            test=cst.UnaryOperation(operator=cst.Not(), expression=cst.Name(value=tested)),
            body=cst.IndentedBlock(body=[*_, cst.SimpleStatementLine(body=[*_, last])]),
        ):
            return tested == name and isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))
    return False
