"""A loop that only sets items of a new dictionary becomes a dict comprehension.

Left alone: what `list_comprehension` leaves alone, and keys that run code: an assignment computes the value before the
key, a comprehension the key before the value.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import Filling, comprehended, fillings, is_empty, tight
from llmopt.models.rules.edits import Edit
from llmopt.models.rules.scene import Scene, is_name

_STILL = (cst.Name, cst.SimpleString, cst.Integer)


def dict_comprehension(scene: Scene) -> Iterator[Edit]:
    for filling in fillings(scene):
        item = _item(filling)
        if item is not None and is_empty(scene, filling.empty, "dict"):
            yield comprehended(scene, filling, cst.DictComp(key=item[0], value=item[1], for_in=filling.clause))


def _item(filling: Filling) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    match filling.last:
        case cst.Assign(
            targets=[
                cst.AssignTarget(
                    target=cst.Subscript(
                        value=receiver, slice=[cst.SubscriptElement(slice=cst.Index(value=key, star=None))]
                    )
                )
            ],
            value=value,
        ) if is_name(receiver, filling.name) and (_is_still(key) or _is_still(value)):
            return key, tight(value)
    return None


def _is_still(node: cst.BaseExpression) -> bool:
    """Whether computing it does nothing that could be seen to happen before or after something else."""
    parts = node.elements if isinstance(node, cst.Tuple) else [node]
    return all(isinstance(part.value if isinstance(part, cst.Element) else part, _STILL) for part in parts)
