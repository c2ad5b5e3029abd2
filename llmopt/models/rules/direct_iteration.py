"""`for i in range(len(x))` that only reads `x[i]` iterates over x itself.

Left alone: x of unknown type, x or i changed in the body, i read after the loop, and loops that use i otherwise once
or twice: `enumerate` was slower there on CPython 3.11 and 3.13.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import is_dead
from llmopt.models.rules.edits import Edit, shown
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.kinds import SEQUENCES
from llmopt.models.rules.scene import Scene
from llmopt.models.rules.stability import stays

LEAST = 3  # reads of x[i] in the body from which `enumerate` pays


def direct_iteration(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        if not isinstance(node, cst.For) or not isinstance(node.target, cst.Name) or node.asynchronous is not None:
            continue
        name = _counted(scene, node.iter)
        if (
            name is not None
            and is_known(scene, name, *SEQUENCES)
            and _is_fixed(scene, node, node.target.value, name.value)
        ):
            yield from _direct(scene, node, node.target.value, name)


def _counted(scene: Scene, node: cst.BaseExpression) -> cst.Name | None:
    """x of `range(len(x))`."""
    outer = scene.call_of(node, "range")
    inner = scene.call_of(outer.args[0].value, "len") if outer and len(outer.args) == 1 else None
    value = inner.args[0].value if inner and len(inner.args) == 1 else None
    return value if isinstance(value, cst.Name) else None


def _is_fixed(scene: Scene, loop: cst.For, index: str, name: str) -> bool:
    if not scene.is_local(index) or index == name or scene.is_bound_in(index, loop.body):
        return False
    return stays(scene, name, loop)


def _direct(scene: Scene, loop: cst.For, index: str, name: cst.Name) -> Iterator[Edit]:
    reads = [node for node in scene.nodes if _reads(node, name.value, index) and scene.is_inside(node, loop.body)]
    others = len(scene.references_in(index, loop)) - 1 - len(reads)
    needs_index = others > 0 or not is_dead(scene, index, loop)
    if not reads or (needs_index and (len(reads) < LEAST or "enumerate" in scene.shadowed)):
        return
    item = cst.Name(scene.fresh(_singular(name.value)))
    target: cst.BaseExpression = item
    iterable: cst.BaseExpression = cst.Name(name.value)
    if needs_index:
        target = cst.Tuple([cst.Element(cst.Name(index)), cst.Element(item)], lpar=[], rpar=[])
        iterable = cst.Call(cst.Name("enumerate"), [cst.Arg(iterable)])
    swaps = [(loop.target, (target,)), (loop.iter, (iterable,)), *((read, (item.deep_clone(),)) for read in reads)]
    new = loop.with_changes(target=target, iter=iterable)
    yield Edit(tuple(swaps), f"`{shown(scene, loop)}` becomes `{shown(scene, new)}`")


def _reads(node: cst.CSTNode, name: str, index: str) -> bool:
    match node:
        case cst.Subscript(
            value=cst.Name(value=found),
            slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=at), star=None))],
        ):
            return found == name and at == index
    return False


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and len(name) > 3 and not name.endswith("ss") else f"{name}_item"
