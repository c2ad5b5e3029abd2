"""`key=lambda x: x[1]` becomes `itemgetter(1)`, `key=lambda x: x.name` becomes `attrgetter("name")`: both run in C.

Left alone: keys of other functions than the builtins that sort and compare, indices that are not literals, names that
a class would mangle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from llmopt.models.rules.edits import Edit, needs_import, swap
from llmopt.models.rules.scene import Scene, is_name

_METHODS = ("sort",)


def itemgetter(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        if not isinstance(node, cst.Call) or not _takes_key(scene, node.func):
            continue
        for argument in node.args:
            found = _getter(argument) if is_name(argument.keyword, "key") else None
            way = needs_import(scene, "operator", found[0]) if found else None
            if found and way:
                new = cst.Call(cst.Name(way[0]), [cst.Arg(value) for value in found[1]])
                yield swap(scene, argument.value, new, way[1])


def _takes_key(scene: Scene, function: cst.BaseExpression) -> bool:
    if isinstance(function, cst.Attribute):
        return function.attr.value in _METHODS
    return scene.is_builtin(function, "sorted", "min", "max")


def _getter(argument: cst.Arg) -> tuple[str, Sequence[cst.BaseExpression]] | None:
    """The function of `operator` and its arguments that do what the lambda does."""
    match argument.value:
        case cst.Lambda(
            params=cst.Parameters(
                params=[cst.Param(name=cst.Name(value=name), default=None)],
                star_arg=cst.MaybeSentinel(),
                kwonly_params=[],
                star_kwarg=None,
                posonly_params=[],
            ),
            body=body,
        ):
            parts = [part.value for part in body.elements] if isinstance(body, cst.Tuple) else [body]
            indices = [_index(part, name) for part in parts]
            if all(indices) and (len(parts) > 1 or not isinstance(body, cst.Tuple)):
                return "itemgetter", [index for index in indices if index]
            attribute = _attribute(body, name)
            return ("attrgetter", [attribute]) if attribute else None
    return None


def _index(node: cst.BaseExpression, name: str) -> cst.BaseExpression | None:
    match node:
        case cst.Subscript(value=cst.Name(value=found), slice=[cst.SubscriptElement(slice=cst.Index(value=index))]):
            number = index.expression if isinstance(index, cst.UnaryOperation) else index
            literal = isinstance(number, cst.Integer) or isinstance(index, cst.SimpleString)
            return index if found == name and literal else None
    return None


def _attribute(node: cst.BaseExpression, name: str) -> cst.SimpleString | None:
    match node:
        case cst.Attribute(value=cst.Name(value=found), attr=cst.Name(value=attribute)):
            mangled = attribute.startswith("__") and not attribute.endswith("__")
            return cst.SimpleString(f'"{attribute}"') if found == name and not mangled else None
    return None
