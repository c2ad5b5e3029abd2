"""Whether a value may change, or get away, within some part of a function: what the rules with loops ask."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.infer import is_known
from llmopt.models.rules.scene import COMPREHENSIONS, LOOPS, Scene
from llmopt.models.rules.uses import READERS, READING_METHODS, is_read, is_read_by_call

IMMUTABLE = ("str", "bytes", "int", "float", "bool", "tuple", "frozenset", "range", "NoneType")


def stays(scene: Scene, name: str, region: cst.CSTNode) -> bool:
    """Whether the value of `name` is neither rebound nor, as far as the function's text shows, changed in the region.

    Other code may run inside the region and change it through another reference; for that the value must have been
    stored somewhere by this function, or the function be suspended, and both count as changes here.
    """
    if name in scene.captured or scene.is_bound_in(name, region):
        return False
    if is_known(scene, cst.Name(name), *IMMUTABLE):
        return True
    if not all(is_read(scene, reference) for reference in scene.references_in(name, region)):
        return False
    return not scene.suspends and not _is_stored(scene, name)


def _is_stored(scene: Scene, name: str) -> bool:
    """Whether the function puts the value under another name, in a container or in an attribute."""
    return any(_stores(scene, reference) for reference in scene.references.get(name, []))


def _stores(scene: Scene, name: cst.Name) -> bool:
    """Whether this occurrence makes a second reference that outlives the statement."""
    parent = scene.parents[name]
    if isinstance(parent, (cst.Assign, cst.AnnAssign, cst.NamedExpr)):
        return parent.value is name
    if isinstance(parent, cst.Arg):
        call = scene.parents[parent]
        return (
            isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and not is_read_by_call(scene, parent)
        )
    return isinstance(parent, (cst.Element, cst.DictElement, cst.BooleanOperation, cst.StarredElement)) or (
        isinstance(parent, cst.IfExp) and parent.test is not name
    )


def is_settled(scene: Scene, name: str, region: cst.CSTNode) -> bool:
    """`stays`, and nothing in the region could change the value through another reference: no unknown call at all."""
    return stays(scene, name, region) and not any(
        isinstance(node, cst.Call) and not _is_harmless(scene, node)
        for node in scene.nodes
        if scene.is_inside(node, region)
    )


def _is_harmless(scene: Scene, call: cst.Call) -> bool:
    """Calls of builtins, and methods of plain local names, as far as they cannot reach another name's value."""
    if scene.is_builtin(call.func, *READERS):
        return True
    match call.func:
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method)):
            return name in scene.bindings and method in READING_METHODS | {"append", "add", "extend", "appendleft"}
    return False


def loops_around(scene: Scene, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The loops and comprehensions that run the node more than once, innermost first.

    What stands in a `for` loop's iterable, or in the first iterable of a comprehension, runs once.
    """
    inner = node
    for outer in scene.ancestors(node):
        if isinstance(outer, cst.For) and inner is outer.body:
            yield outer
        if isinstance(outer, cst.While) and inner is not outer.orelse:
            yield outer
        if isinstance(outer, COMPREHENSIONS) and not _is_first_iterable(scene, node, outer):
            yield outer
        inner = outer


def _is_first_iterable(scene: Scene, node: cst.CSTNode, comprehension: cst.CSTNode) -> bool:
    first = comprehension.for_in.iter  # type: ignore[attr-defined]
    return scene.is_inside(node, first)


def enclosing_loops(scene: Scene, node: cst.CSTNode) -> list[cst.CSTNode]:
    return [outer for outer in scene.ancestors(node) if isinstance(outer, LOOPS)]


def anchor(scene: Scene, node: cst.CSTNode, name: str) -> cst.CSTNode | None:
    """The statement before which a value made of `name` may be computed once for all the loops around the node.

    None when the node is in no loop, when the value may change in the innermost one, or when the name is not surely
    bound before it.
    """
    best: cst.CSTNode | None = None
    for loop in loops_around(scene, node):
        statement = scene.statement_of(loop)
        if statement is None or not stays(scene, name, statement):
            break
        if scene.is_bound_before(name, statement) or name in scene.constants:
            best = statement
    return best
