"""`r = r + [x]` in a loop copies the list each time; `r.append(x)` does not.

Left alone: lists that another name may hold (handed on, stored, captured, bound from anything but a new list), and
lists that grow while they are iterated.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.scene import Scene, is_name
from llmopt.models.rules.stability import enclosing_loops


def list_growth(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        name = _grown(node)
        if name is None or not isinstance(node, cst.Assign) or not enclosing_loops(scene, node):
            continue
        if scene.is_local(name) and name not in scene.parameters and _is_private(scene, name):
            yield swap(scene, node, _in_place(name, node))


def _grown(node: cst.CSTNode) -> str | None:
    """The name of `name = name + [...]`."""
    match node:
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name(value=name))],
            value=cst.BinaryOperation(left=left, operator=cst.Add(), right=cst.List(elements=[_, *_])),
        ) if is_name(left, name):
            return name
    return None


def _is_private(scene: Scene, name: str) -> bool:
    """Every mention is the making of a new list, its growth, its end (`return`), or a glance that keeps nothing."""
    return all(_is_known_use(scene, reference, name) for reference in scene.references[name])


def _is_known_use(scene: Scene, reference: cst.Name, name: str) -> bool:
    parent = scene.parents[reference]
    if isinstance(parent, cst.AssignTarget):
        statement = scene.parents[parent]
        return isinstance(statement, cst.Assign) and len(statement.targets) == 1 and _makes_list(scene, statement, name)
    if isinstance(parent, cst.BinaryOperation):
        return _grown(scene.parents[parent]) == name and parent.left is reference
    if isinstance(parent, cst.Arg):
        return (
            scene.call_of(scene.parents[parent], "len", "sorted", "sum", "min", "max", "list", "tuple", "set")
            is not None
        )
    if isinstance(parent, cst.For):
        return parent.iter is reference and not any(
            _grown(node) == name for node in scene.nodes if scene.is_inside(node, parent)
        )
    return isinstance(parent, (cst.Return, cst.ComparisonTarget))


def _makes_list(scene: Scene, statement: cst.Assign, name: str) -> bool:
    new = isinstance(statement.value, (cst.List, cst.ListComp)) or scene.call_of(statement.value, "list", "sorted")
    return bool(new) or _grown(statement) == name


def _in_place(name: str, node: cst.Assign) -> cst.Expr:
    added = cst.ensure_type(cst.ensure_type(node.value, cst.BinaryOperation).right, cst.List)
    single = len(added.elements) == 1 and isinstance(added.elements[0], cst.Element)
    method, value = ("append", added.elements[0].value) if single else ("extend", added)
    call = cst.Call(cst.Attribute(cst.Name(name), cst.Name(method)), [cst.Arg(value)])
    return cst.Expr(call, semicolon=node.semicolon)
