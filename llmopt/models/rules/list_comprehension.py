"""A loop that only appends to a new list becomes a list comprehension.

Left alone: lists that are read, captured or caught half full; loops with `break`, `else`, `await`, `yield`, `try` or an
assignment inside; loop variables read afterwards. A local alias of `append` is no rule: since Python 3.11 it is slower.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import Filling, comprehended, fillings, is_empty
from llmopt.models.rules.edits import Edit
from llmopt.models.rules.scene import Scene, is_name, method_call


def list_comprehension(scene: Scene) -> Iterator[Edit]:
    for filling in fillings(scene):
        value = filled_by(filling, "append")
        if value is not None and is_empty(scene, filling.empty, "list"):
            yield comprehended(scene, filling, cst.ListComp(elt=value, for_in=filling.clause))


def filled_by(filling: Filling, method: str) -> cst.BaseExpression | None:
    """The argument of `name.method(argument)` when that is all the loop does."""
    call = method_call(filling.last.value, method) if isinstance(filling.last, cst.Expr) else None
    if call is None or len(call[2]) != 1 or not is_name(call[0], filling.name):
        return None
    return call[2][0].value
