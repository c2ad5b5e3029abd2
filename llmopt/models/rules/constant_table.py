"""Tables of literals that a function builds anew on each call, only to look into them, move to the module's level.

Also calls of builtins on literals whose value cannot change: `float("inf")`, `frozenset("abc")`, in loops.
Left alone: tables that are changed, returned, stored or handed on; `float("nan")`; tables with fewer than three items;
single sets and lists after `in`, which the compiler makes constants already.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, shown
from llmopt.models.rules.scene import Scene, assignment, method_call
from llmopt.models.rules.stability import loops_around
from llmopt.models.rules.uses import is_read

LEAST = 3
_CONSTANT_NAMES = ("None", "True", "False")


def constant_table(scene: Scene) -> Iterator[Edit]:
    if not scene.is_function:
        return
    named: set[cst.CSTNode] = set()
    for node in scene.nodes:
        pair = assignment(node) if isinstance(node, cst.SimpleStatementLine) else None
        if pair and _is_table(scene, pair[1]) and _is_only_read(scene, pair[0]):
            named.add(pair[1])
            yield _moved(scene, pair[1], pair[0])
        elif isinstance(node, cst.BaseExpression) and node not in named and _is_constant(scene, node):
            yield _moved(scene, node, "number" if scene.call_of(node, "float") else _owner(scene))


def _owner(scene: Scene) -> str:
    owner = scene.scope.name.value if isinstance(scene.scope, cst.FunctionDef) else ""
    return f"{owner.strip('_')}_table"


def _is_constant(scene: Scene, node: cst.BaseExpression) -> bool:
    if _is_fixed_call(scene, node):
        return any(True for _ in loops_around(scene, node))
    return isinstance(node, (cst.Dict, cst.List)) and _is_table(scene, node) and _is_looked_into(scene, node)


def _is_table(scene: Scene, node: cst.BaseExpression) -> bool:
    """A display of at least some literals, or a set made of one."""
    call = scene.call_of(node, "set", "list", "dict")
    if call is not None:
        return len(call.args) == 1 and (_is_table(scene, call.args[0].value) or _is_long_text(call.args[0].value))
    if not isinstance(node, (cst.Dict, cst.Set, cst.List)) or len(node.elements) < LEAST:
        return False
    return all(_is_literal_element(part) for part in node.elements)


def _is_long_text(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.SimpleString) and len(node.raw_value) >= LEAST


def _is_literal_element(part: cst.CSTNode) -> bool:
    match part:
        case cst.DictElement(key=key, value=value):
            return is_literal(key) and is_literal(value)
        case cst.Element(value=value):
            return is_literal(value)
    return False


def is_literal(node: cst.BaseExpression) -> bool:
    """A number, a text, None, True, False, or a tuple of such: hashable, and the same whenever it is made."""
    match node:
        case cst.UnaryOperation(operator=cst.Minus(), expression=number):
            return isinstance(number, (cst.Integer, cst.Float))
        case cst.Name(value=name):
            return name in _CONSTANT_NAMES
        case cst.Tuple(elements=elements):
            return all(isinstance(part, cst.Element) and is_literal(part.value) for part in elements)
    return isinstance(node, (cst.Integer, cst.Float, cst.SimpleString))


def _is_fixed_call(scene: Scene, node: cst.CSTNode) -> bool:
    """`float("inf")`, `frozenset(...)` or `tuple(...)` of literals."""
    call = scene.call_of(node, "float", "frozenset")
    if call is None or len(call.args) != 1:
        return False
    value = call.args[0].value
    if scene.is_builtin(call.func, "float"):
        return isinstance(value, cst.SimpleString) and _is_number(value)
    return isinstance(value, cst.SimpleString) or _is_table(scene, value)


def _is_number(node: cst.SimpleString) -> bool:
    try:
        return not math.isnan(float(ast.literal_eval(node.value)))
    except (ValueError, SyntaxError):
        return False


def _is_looked_into(scene: Scene, node: cst.BaseExpression) -> bool:
    """`{...}[x]`, `{...}.get(x)` and, for dictionaries, `x in {...}`."""
    parent = scene.parents[node]
    if isinstance(parent, cst.Subscript):
        place = scene.parents[parent]
        return parent.value is node and not isinstance(place, (cst.AssignTarget, cst.AugAssign, cst.Del, cst.AnnAssign))
    if isinstance(parent, cst.Attribute):
        call = method_call(scene.parents[parent], "get", "index", "count")
        return call is not None and call[0] is node
    return isinstance(node, cst.Dict) and isinstance(parent, cst.ComparisonTarget)


def _is_only_read(scene: Scene, name: str) -> bool:
    if not scene.is_local(name) or name in scene.parameters or len(scene.bindings[name]) != 1:
        return False
    uses = [
        use for use in scene.references[name] if not isinstance(scene.parents[use], (cst.AssignTarget, cst.AnnAssign))
    ]
    return bool(uses) and all(is_read(scene, use) for use in uses)


def _moved(scene: Scene, node: cst.BaseExpression, name: str) -> Edit:
    new = scene.fresh(f"_{name.strip('_').upper()}")
    explanation = f"`{shown(scene, node)}` is made once, at the module's level"
    bare = node.with_changes(lpar=[], rpar=[])
    return Edit(((node, (cst.Name(new),)),), explanation, (f"{new} = {scene.code(bare)}",))
