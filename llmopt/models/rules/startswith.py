"""`s.startswith("a") or s.startswith("b")` asks once with a tuple.

Left alone: receivers other than local names known to be str, prefixes other than literals, and mixed methods.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.scene import Scene, method_call

Asked = tuple[str, str]  # the name and the method


def startswith(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
            new = _merged(scene, node)
            if new is not None:
                yield swap(scene, node, new)


def _merged(scene: Scene, node: cst.BooleanOperation) -> cst.BaseExpression | None:
    """The `or` with its last two alternatives made one, when both ask the same text in the same way."""
    left = node.left
    before = left.right if isinstance(left, cst.BooleanOperation) and isinstance(left.operator, cst.Or) else left
    first, second = _asked(before), _asked(node.right)
    if first is None or second is None or first[0] != second[0] or not is_known(scene, first[1], "str"):
        return None
    every = cst.Tuple([cst.Element(prefix) for prefix in (*first[2], *second[2])])
    call = before.with_changes(args=[cst.Arg(every)])
    if before is left:
        return call.with_changes(lpar=node.lpar, rpar=node.rpar)
    return left.with_changes(right=call, lpar=node.lpar, rpar=node.rpar) if not left.lpar else None


def _asked(node: cst.CSTNode) -> tuple[Asked, cst.Name, list[cst.BaseExpression]] | None:
    found = method_call(node, "startswith", "endswith")
    if found is None or not isinstance(found[0], cst.Name) or len(found[2]) != 1:
        return None
    value = found[2][0].value
    texts = [part.value for part in value.elements] if isinstance(value, cst.Tuple) else [value]
    return ((found[0].value, found[1]), found[0], texts) if texts and all(map(_is_text, texts)) else None


def _is_text(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString) and "b" not in node.prefix
