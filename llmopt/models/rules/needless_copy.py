"""`for x in list(y)` copies y only to read it once.

Left alone: y of unknown type, y changed or handed to other code in the body, and any copy whose loop runs code that
this function does not show.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.scene import Scene, method_call
from llmopt.models.rules.stability import is_settled


def needless_copy(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        if not isinstance(node, cst.For) or node.asynchronous is not None:
            continue
        name = _copied(scene, node.iter)
        if name is not None and is_known(scene, name, "list", "tuple") and is_settled(scene, name.value, node.body):
            yield swap(scene, node.iter, name)


def _copied(scene: Scene, node: cst.BaseExpression) -> cst.Name | None:
    call = scene.call_of(node, "list", "tuple")
    if call and len(call.args) == 1 and isinstance(call.args[0].value, cst.Name):
        return call.args[0].value
    found = method_call(node, "copy")
    return found[0] if found and not found[2] and isinstance(found[0], cst.Name) else None
