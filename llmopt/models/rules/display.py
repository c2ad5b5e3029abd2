"""`set([...])`, `dict([...])`, `list(... for ...)` become displays; `tuple` and `join` get a list, no generator.

`tuple` and `str.join` first collect a generator anyway: a comprehension does it faster and needs no more memory.
Left alone: lists and generators given to `sum`, `min`, `max`, `frozenset` (a generator there is slower, a list needs
memory), and generators whose body could raise StopIteration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.scene import Scene, method_call, walk

Made = cst.ListComp | cst.GeneratorExp


def display(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        made = _comprehension(scene, node)
        if made is None or not isinstance(node, cst.Call) or _may_stop(made):
            continue
        joins = isinstance(node.func, cst.Attribute) or scene.is_builtin(node.func, "tuple")
        old, new = (made, _listed(made)) if joins else (node, _collected(scene, node, made))
        if new is not None:
            yield swap(scene, old, new)


def _comprehension(scene: Scene, node: cst.CSTNode) -> Made | None:
    """The only argument of a call of a collecting builtin, or of a string's `join`."""
    call = scene.call_of(node, "set", "dict", "list", "tuple")
    joined = method_call(node, "join")
    if call is None and not (joined and isinstance(node, cst.Call) and is_known(scene, joined[0], "str")):
        return None
    args = node.args if isinstance(node, cst.Call) else ()
    value = args[0].value if len(args) == 1 else None
    return value if isinstance(value, (cst.ListComp, cst.GeneratorExp)) else None


def _may_stop(made: Made) -> bool:
    """A generator turns StopIteration into RuntimeError, a comprehension does not; and `async for` stays as it is."""
    if any(isinstance(part, cst.CompFor) and part.asynchronous for part in walk(made)):
        return True
    if isinstance(made, cst.ListComp):
        return False
    words = {part.value for part in walk(made) if isinstance(part, cst.Name)}
    return bool(words & {"next", "__next__", "send"}) or any(
        isinstance(part, (cst.Await, cst.Yield)) for part in walk(made)
    )


def _collected(scene: Scene, call: cst.Call, made: Made) -> cst.BaseExpression | None:
    around = {"lpar": call.lpar, "rpar": call.rpar}
    if scene.is_builtin(call.func, "list"):
        return cst.ListComp(elt=made.elt, for_in=made.for_in).with_changes(**around)
    if scene.is_builtin(call.func, "set"):
        return cst.SetComp(elt=made.elt, for_in=made.for_in).with_changes(**around)
    return _as_dict(made, around)


def _listed(made: Made) -> cst.ListComp | None:
    return None if isinstance(made, cst.ListComp) else cst.ListComp(elt=made.elt, for_in=made.for_in)


def _as_dict(made: Made, around: Mapping[str, object]) -> cst.DictComp | None:
    match made.elt:
        case cst.Tuple(elements=[cst.Element(value=key), cst.Element(value=value)]):
            return cst.DictComp(key=key, value=value, for_in=made.for_in).with_changes(**around)
    return None
