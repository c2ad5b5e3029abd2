"""`any([... for ...])` stops at the first hit when it is given a generator instead of a list.

Left alone: elements that call, subscript or compute (the ones after the hit would no longer run, or raise), and loops
over names not known to be containers (an iterator would be left half read).
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import is_iterable
from llmopt.models.rules.scene import Scene, method_call, walk

_QUIET = (
    cst.Name, cst.Integer, cst.Float, cst.SimpleString, cst.Attribute, cst.Comparison, cst.ComparisonTarget, cst.Tuple,
    cst.Element, cst.BooleanOperation, cst.UnaryOperation, cst.BaseCompOp, cst.BaseBooleanOp, cst.Not, cst.Arg,
    cst.List, cst.Minus, cst.Set, cst.Dot, cst.LeftSquareBracket, cst.RightSquareBracket,
    cst.LeftCurlyBrace, cst.RightCurlyBrace,
)  # fmt: skip


def any_all(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        call = scene.call_of(node, "any", "all")
        if call is None or len(call.args) != 1 or not isinstance(call.args[0].value, cst.ListComp):
            continue
        made = call.args[0].value
        if _iterates_quietly(scene, made.for_in) and _is_quiet(scene, made.elt):
            generator = cst.GeneratorExp(elt=made.elt, for_in=made.for_in, lpar=[], rpar=[])
            yield swap(scene, call, call.with_changes(args=[cst.Arg(generator)]))


def _iterates_quietly(scene: Scene, clause: cst.CompFor) -> bool:
    """One loop over something that is not used up by it; conditions as quiet as the element."""
    if clause.inner_for_in is not None or clause.asynchronous is not None:
        return False
    return all(_is_quiet(scene, condition.test) for condition in clause.ifs) and _stays_whole(scene, clause.iter)


def _stays_whole(scene: Scene, node: cst.BaseExpression) -> bool:
    """Whether stopping early leaves nothing unread that somebody else could read: not an iterator."""
    if isinstance(node, cst.Attribute):  # an object keeps containers in its attributes, not half-read iterators
        return True
    return bool(method_call(node, "items", "keys", "values", "split", "splitlines")) or is_iterable(scene, node)


def _is_quiet(scene: Scene, node: cst.CSTNode) -> bool:
    """Whether evaluating the expression has no effect but its value."""
    return all(isinstance(part, _QUIET) or _is_quiet_call(scene, part) for part in walk(node))


def _is_quiet_call(scene: Scene, node: cst.CSTNode) -> bool:
    return scene.call_of(node, "isinstance", "callable", "len") is not None
