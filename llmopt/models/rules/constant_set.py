"""`x in ["a", "b", "c"]` compares one by one; a set of constants is looked up at once, and made by the compiler.

Left alone: x of unknown or unhashable type (it would raise), and fewer than three constants.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import kind_of
from llmopt.models.rules.kinds import is_hashable
from llmopt.models.rules.scene import Scene

LEAST = 3  # with two constants the gain is near what the harness can see


def constant_set(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        match node:
            case cst.Comparison(
                left=left, comparisons=[cst.ComparisonTarget(comparator=cst.List() | cst.Tuple() as held) as target]
            ):
                if (
                    isinstance(target.operator, (cst.In, cst.NotIn))
                    and _are_constants(held)
                    and is_hashable(kind_of(scene, left))
                ):
                    yield swap(scene, held, cst.Set(elements=[cst.Element(part.value) for part in held.elements]))


def _are_constants(held: cst.List | cst.Tuple) -> bool:
    return len(held.elements) >= LEAST and all(
        isinstance(part, cst.Element) and _is_constant(part.value) for part in held.elements
    )


def _is_constant(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.UnaryOperation):
        return isinstance(node.operator, cst.Minus) and isinstance(node.expression, (cst.Integer, cst.Float))
    if isinstance(node, cst.Name):
        return node.value in ("None", "True", "False")
    return isinstance(node, (cst.Integer, cst.Float, cst.SimpleString))
