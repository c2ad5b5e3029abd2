"""`len(x)` and plain str methods on values that the loop does not change are called once before it.

Left alone: names that the loop may change (for lists: any unknown call in it), methods that can raise or return
something mutable, names not surely bound before the loop.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, shown
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.kinds import ITERABLES
from llmopt.models.rules.scene import Scene, method_call
from llmopt.models.rules.stability import IMMUTABLE, anchor, is_settled

_METHODS = ("lower", "upper", "casefold", "strip", "lstrip", "rstrip", "title", "capitalize", "swapcase")


def hoist_call(scene: Scene) -> Iterator[Edit]:
    groups: dict[tuple[str, cst.CSTNode], list[cst.Call]] = {}
    for node in scene.nodes:
        name = _receiver(scene, node) if scene.is_function and isinstance(node, cst.Call) else None
        place = anchor(scene, node, name.value) if name is not None else None
        if name is not None and place is not None and _is_constant(scene, name, place):
            assert isinstance(node, cst.Call)
            groups.setdefault((scene.code(node), place), []).append(node)
    for (text, place), calls in groups.items():
        yield _hoisted(scene, text, place, calls)


def _receiver(scene: Scene, node: cst.Call) -> cst.Name | None:
    """The name whose value the call looks at and nothing else."""
    call = scene.call_of(node, "len")
    if call is not None and len(call.args) == 1 and isinstance(call.args[0].value, cst.Name):
        return call.args[0].value if is_known(scene, call.args[0].value, *ITERABLES) else None
    found = method_call(node, *_METHODS)
    if found is None or not isinstance(found[0], cst.Name) or not is_known(scene, found[0], "str"):
        return None
    return found[0] if all(isinstance(argument.value, cst.SimpleString) for argument in found[2]) else None


def _is_constant(scene: Scene, name: cst.Name, place: cst.CSTNode) -> bool:
    return is_known(scene, name, *IMMUTABLE) or is_settled(scene, name.value, place)


def _hoisted(scene: Scene, text: str, place: cst.CSTNode, calls: list[cst.Call]) -> Edit:
    call = calls[0]
    if isinstance(call.func, cst.Attribute):
        name = f"{call.func.value.value}_{call.func.attr.value}"  # type: ignore[attr-defined]
    else:
        name = f"{call.args[0].value.value}_length"  # type: ignore[attr-defined]
    new = scene.fresh(name)
    line = cst.parse_statement(f"{new} = {text}\n")
    swaps = [(node, (cst.Name(new),)) for node in calls]
    return Edit((*swaps, (place, (line, place))), f"`{text}` is called once before `{shown(scene, place)}`")
