"""A local list used as a queue (`pop(0)`, `insert(0, x)`) becomes a `collections.deque`.

Its ends may be looked at (`q[0]`, `q[-1]`). Left alone: lists that are returned, stored, captured, indexed otherwise or
handed on; lists changed while iterated; pops and looks that may meet an empty list (the message of the IndexError would
differ).
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, needs_import, retyped
from llmopt.models.rules.scene import Scene, assignment, is_name, method_call
from llmopt.models.rules.uses import is_read

_COLLECTORS = ("len", "list", "tuple", "set", "frozenset", "sorted", "sum", "min", "max", "any", "all")
_SAME = ("append", "extend", "clear")


def local_deque(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        pair = assignment(node) if isinstance(node, cst.SimpleStatementLine) else None
        if pair and scene.is_local(pair[0]) and _is_new_list(scene, pair[1]):
            edit = _queued(scene, node, *pair)
            if edit is not None:
                yield edit


def _is_new_list(scene: Scene, node: cst.BaseExpression) -> bool:
    call = scene.call_of(node, "list")
    return isinstance(node, (cst.List, cst.ListComp)) or (call is not None and len(call.args) < 2)


def _queued(scene: Scene, start: cst.CSTNode, name: str, value: cst.BaseExpression) -> Edit | None:
    if len(scene.bindings[name]) != 1 or name in scene.parameters or not isinstance(start, cst.SimpleStatementLine):
        return None
    uses = [reference for reference in scene.references[name] if not scene.is_inside(reference, start)]
    calls = {use: call for use in uses if (call := _queue_call(scene, use)) is not None}
    way = needs_import(scene, "collections", "deque")
    if way is None or not calls or not all(use in calls or _is_supported(scene, use) for use in uses):
        return None
    if not any(new is not old for old, new in calls.values()) or not _are_safe(scene, name, calls):
        return None
    made = retyped(start, way[0], _contents(scene, value))
    if made is None:
        return None
    swaps = [(start.body[0], (made,)), *((old, (new,)) for old, new in calls.values() if new is not old)]
    return Edit(tuple(swaps), f"`{name}`, used as a queue, becomes a deque", way[1])


def _contents(scene: Scene, value: cst.BaseExpression) -> list[cst.Arg]:
    call = scene.call_of(value, "list")
    if call is not None:
        return list(call.args)
    return [] if isinstance(value, cst.List) and not value.elements else [cst.Arg(value)]


def _queue_call(scene: Scene, use: cst.Name) -> tuple[cst.CSTNode, cst.CSTNode] | None:
    """A method call on the list and what it becomes on a deque."""
    node = scene.parents.get(scene.parents[use])
    call = method_call(node, "pop", "insert", *_SAME) if node is not None else None
    if node is None or call is None or call[0] is not use:
        return None
    return _renamed(node, call[1], [argument.value for argument in call[2]])


def _renamed(
    node: cst.CSTNode, method: str, values: list[cst.BaseExpression]
) -> tuple[cst.CSTNode, cst.CSTNode] | None:
    if method in _SAME or (method == "pop" and not values):
        return node, node
    first = values[0]
    if not isinstance(first, cst.Integer) or first.value != "0":
        return None
    name, args = ("popleft", []) if method == "pop" else ("appendleft", [cst.Arg(value) for value in values[1:]])
    attribute = node.func.with_changes(attr=cst.Name(name))  # type: ignore[attr-defined]
    return node, node.with_changes(func=attribute, args=args)


def _is_supported(scene: Scene, use: cst.Name) -> bool:
    parent = scene.parents[use]
    match parent:
        case cst.While() | cst.If() | cst.IfExp():
            return parent.test is use
        case cst.For() | cst.CompFor():
            return parent.iter is use and not _is_changed_in(scene, use.value, parent)
        case cst.UnaryOperation(operator=cst.Not()):
            return True
        case cst.ComparisonTarget(operator=cst.In() | cst.NotIn()):
            return True
        case cst.BooleanOperation():
            return _is_test(scene, parent)
        case cst.Subscript():
            return parent.value is use and _is_end(parent) and is_read(scene, use) and _is_filled(scene, use, parent)
        case cst.Arg():
            return scene.call_of(scene.parents[parent], *_COLLECTORS) is not None
    return False


def _is_end(node: cst.Subscript) -> bool:
    match node.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value="0")))]:
            return True
        case [cst.SubscriptElement(slice=cst.Index(value=cst.UnaryOperation(cst.Minus(), cst.Integer(value="1"))))]:
            return True
    return False


def _is_test(scene: Scene, node: cst.CSTNode) -> bool:
    """Whether only the truth of the `and` or `or` counts: its value may be the list itself."""
    parent = scene.parents[node]
    if isinstance(parent, cst.BooleanOperation):
        return _is_test(scene, parent)
    if isinstance(parent, (cst.While, cst.If, cst.IfExp, cst.CompIf)):
        return parent.test is node
    return isinstance(parent, cst.UnaryOperation) and isinstance(parent.operator, cst.Not)


def _is_filled(scene: Scene, use: cst.Name, look: cst.Subscript) -> bool:
    """Whether the list surely has an element: `q and q[0]`, or a test of it around, before anything is removed."""
    inner: cst.CSTNode = look
    for outer in scene.ancestors(look):
        right = isinstance(outer, cst.BooleanOperation) and isinstance(outer.operator, cst.And) and inner is outer.right
        if right and _tests(scene, outer.left, use.value):  # type: ignore[attr-defined]
            return _is_first(scene, use.value, inner, look)
        if not isinstance(outer, (cst.BaseExpression, cst.ComparisonTarget, cst.Arg)):
            break
        inner = outer
    guard = _guard(scene, use.value, look)
    return guard is not None and _is_first(scene, use.value, guard, look)


def _is_changed_in(scene: Scene, name: str, loop: cst.CSTNode) -> bool:
    return len(scene.references_in(name, scene.parents[loop] if isinstance(loop, cst.CompFor) else loop)) > 1


def _are_safe(scene: Scene, name: str, calls: dict[cst.Name, tuple[cst.CSTNode, cst.CSTNode]]) -> bool:
    """Each pop is the first under a test that the list is not empty."""
    pops = [old for old, _ in calls.values() if method_call(old, "pop")]
    guards = [(_guard(scene, name, pop), pop) for pop in pops]
    return all(guard is not None and _is_first(scene, name, guard, pop) for guard, pop in guards)


def _is_first(scene: Scene, name: str, guard: cst.CSTNode, node: cst.CSTNode) -> bool:
    """Whether nothing takes elements out of the list between the start of the guarded part and the node."""
    calls = [scene.parents.get(scene.parents[use]) for use in scene.references_in(name, guard)]
    removing = [call for call in calls if call is not None and method_call(call, "pop", "clear")]
    return all(call is node or scene.order[call] > scene.order[node] for call in removing)


def _guard(scene: Scene, name: str, pop: cst.CSTNode) -> cst.CSTNode | None:
    """The innermost loop or branch around the pop, if it is one that tests the list."""
    inner = pop
    for outer in scene.ancestors(pop):
        if isinstance(outer, (cst.While, cst.If)) and inner is outer.body and _tests(scene, outer.test, name):
            return outer
        if isinstance(outer, (cst.For, cst.While, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)):
            return None
        inner = outer
    return None


def _tests(scene: Scene, test: cst.BaseExpression, name: str) -> bool:
    match test:
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right):
            return _tests(scene, left, name) or _tests(scene, right, name)
        case cst.Comparison(
            left=left,
            comparisons=[
                cst.ComparisonTarget(operator=cst.GreaterThan() | cst.NotEqual(), comparator=cst.Integer(value="0"))
            ],
        ):
            call = scene.call_of(left, "len")
            return call is not None and len(call.args) == 1 and is_name(call.args[0].value, name)
    return is_name(test, name)
