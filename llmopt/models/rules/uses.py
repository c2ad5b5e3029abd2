"""Whether an occurrence of a name only looks at its value."""

from __future__ import annotations

import libcst as cst

from llmopt.models.rules.scene import Scene

# Builtins that neither keep nor change what they are given (the lazy ones only read it later).
READERS = [
    "len", "sum", "min", "max", "sorted", "any", "all", "enumerate", "zip", "set", "frozenset", "tuple", "list",
    "dict", "range", "reversed", "str", "repr", "bool", "iter", "isinstance", "print", "map", "filter", "abs",
    "hash", "ord", "int", "float", "next", "type", "id",
]  # fmt: skip
READING_METHODS = frozenset(
    [
        "index",
        "count",
        "copy",
        "get",
        "keys",
        "values",
        "items",
        "join",
        "split",
        "strip",
        "lower",
        "upper",
        "startswith",
        "endswith",
        "find",
        "replace",
        "isdisjoint",
        "issubset",
        "issuperset",
        "union",
        "intersection",
        "difference",
        "format",
        "encode",
        "decode",
    ]
)


def is_read(scene: Scene, name: cst.Name) -> bool:
    """Whether this occurrence only looks at the value: it is not changed, stored, returned or handed on."""
    parent = scene.parents[name]
    match parent:
        case cst.Comparison() | cst.ComparisonTarget() | cst.BinaryOperation() | cst.UnaryOperation():
            return True
        case cst.For() | cst.CompFor():
            return parent.iter is name
        case cst.If() | cst.While() | cst.IfExp():
            return parent.test is name
        case cst.Subscript():
            return parent.value is name and _is_load(scene, parent)
        case cst.Index():
            return True
        case cst.Arg():
            return is_read_by_call(scene, parent)
        case cst.Attribute(attr=cst.Name(value=method)):
            call = scene.parents.get(parent)
            return method in READING_METHODS and isinstance(call, cst.Call) and call.func is parent
        case cst.FormattedStringExpression() | cst.Assert():
            return True
    return False


def _is_load(scene: Scene, node: cst.CSTNode) -> bool:
    parent = scene.parents[node]
    while isinstance(parent, (cst.Element, cst.Tuple, cst.List)) and node is not parent:
        node, parent = parent, scene.parents[parent]
    match parent:
        case cst.AssignTarget() | cst.AugAssign() | cst.AnnAssign() | cst.For() | cst.CompFor():
            return parent.target is not node
        case cst.Del() | cst.AsName():
            return False
    return True


def is_read_by_call(scene: Scene, argument: cst.Arg) -> bool:
    call = scene.parents[argument]
    if not isinstance(call, cst.Call):
        return False
    match call.func:
        case cst.Attribute(attr=cst.Name(value=method)):
            return method in ("join", "extend", "update", "union", "format")
    return scene.is_builtin(call.func, *READERS)
