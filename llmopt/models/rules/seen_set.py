"""A local list that only remembers what was met (`if x not in seen: seen.append(x)`) becomes a set.

Its length may be asked too, where each element is added once only. When the list is read otherwise or returned it
stays, and a set grows beside it. Left alone: elements not known to be hashable, lists that are captured, stored,
changed otherwise, or not asked inside a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from llmopt.models.rules.collecting import is_empty
from llmopt.models.rules.edits import Edit, Swap, retyped
from llmopt.models.rules.infer import kind_of
from llmopt.models.rules.kinds import is_hashable
from llmopt.models.rules.scene import Scene, assignment, is_name, only, walk
from llmopt.models.rules.stability import loops_around
from llmopt.models.rules.uses import is_read


def seen_set(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        pair = assignment(node) if isinstance(node, cst.SimpleStatementLine) else None
        if pair and scene.is_local(pair[0]) and is_empty(scene, pair[1], "list") and "set" not in scene.shadowed:
            yield from _remembered(scene, node, pair[0])


def _remembered(scene: Scene, start: cst.CSTNode, name: str) -> Iterator[Edit]:
    if len(scene.bindings[name]) != 1 or name in scene.parameters:
        return
    uses = [reference for reference in scene.references[name] if not scene.is_inside(reference, start)]
    asked = [use for use in uses if _is_asked(scene, use)]
    added = {use: line for use in uses if (line := _added(scene, use))}
    others = [use for use in uses if use not in asked and use not in added]
    looped = any(any(True for _ in loops_around(scene, use)) for use in asked)
    if not looped or not added or not all(_hashes(scene, use) for use in asked):
        return
    if not all(is_hashable(kind_of(scene, _argument(line))) for line in added.values()):
        return
    once = all(_is_added_once(scene, name, line) for line in added.values())
    as_set = all(_is_truth(scene, use) or (once and _is_length(scene, use)) for use in others)
    if as_set and (made := retyped(start, "set")) is not None:
        yield replace(_as_set(scene, start, made, name, added), faster=tuple(asked))
    elif all(is_read(scene, use) or isinstance(scene.parents[use], cst.Return) for use in others):
        yield from _beside(scene, start, name, asked, added)


def _is_asked(scene: Scene, use: cst.Name) -> bool:
    target = scene.parents[use]
    return isinstance(target, cst.ComparisonTarget) and isinstance(target.operator, (cst.In, cst.NotIn))


def _hashes(scene: Scene, use: cst.Name) -> bool:
    comparison = scene.parents[scene.parents[use]]
    assert isinstance(comparison, cst.Comparison)
    return len(comparison.comparisons) == 1 and is_hashable(kind_of(scene, comparison.left))


def _added(scene: Scene, use: cst.Name) -> cst.SimpleStatementLine | None:
    """The line `name.append(value)` on which the name is used."""
    line = next((outer for outer in scene.ancestors(use) if isinstance(outer, cst.SimpleStatementLine)), None)
    match only(line) if line is not None else None:
        case cst.Expr(
            value=cst.Call(
                func=cst.Attribute(value=receiver, attr=cst.Name(value="append")), args=[cst.Arg(keyword=None, star="")]
            )
        ) if receiver is use:
            return line
    return None


def _argument(line: cst.SimpleStatementLine) -> cst.BaseExpression:
    call = cst.ensure_type(cst.ensure_type(line.body[0], cst.Expr).value, cst.Call)
    return call.args[0].value


def _is_length(scene: Scene, use: cst.Name) -> bool:
    return scene.call_of(scene.parents[scene.parents[use]], "len") is not None


def _is_truth(scene: Scene, use: cst.Name) -> bool:
    parent = scene.parents[use]
    if isinstance(parent, (cst.If, cst.While, cst.IfExp)):
        return parent.test is use
    return isinstance(parent, cst.UnaryOperation) and isinstance(parent.operator, cst.Not)


def _is_added_once(scene: Scene, name: str, line: cst.SimpleStatementLine) -> bool:
    """Whether the line comes first under a test that its value is not there yet."""
    block = scene.parents[line]
    branch = scene.parents.get(block)
    value = _argument(line)
    if not isinstance(branch, cst.If) or branch.body is not block or scene.before(line) or not _is_plain(value):
        return False
    tests = [branch.test]
    while isinstance(tests[-1], cst.BooleanOperation) and isinstance(tests[-1].operator, cst.And):
        tests.append(tests[-1].right)
    match tests[-1]:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=cst.NotIn(), comparator=comparator)]):
            return is_name(comparator, name) and scene.code(left).strip("()") == scene.code(value).strip("()")
    return False


def _is_plain(node: cst.CSTNode) -> bool:
    """Whether evaluating it twice gives the same twice and does nothing else (of a value whose kind is known)."""
    parts = (cst.Name, cst.Attribute, cst.Tuple, cst.Element, cst.SimpleString, cst.Integer, cst.Dot)
    return all(isinstance(part, parts) for part in walk(node))


def _as_set(
    scene: Scene, start: cst.CSTNode, made: cst.CSTNode, name: str, added: dict[cst.Name, cst.SimpleStatementLine]
) -> Edit:
    swaps: list[Swap] = [(only(start), (made,))]
    for use in added:
        attribute = scene.parents[use]
        swaps.append((attribute, (attribute.with_changes(attr=cst.Name("add")),)))
    return Edit(tuple(swaps), f"`{name}`, which is only asked and added to, becomes a set")


def _beside(
    scene: Scene, start: cst.CSTNode, name: str, asked: list[cst.Name], added: dict[cst.Name, cst.SimpleStatementLine]
) -> Iterator[Edit]:
    if not all(_is_plain(_argument(line)) for line in added.values()):
        return
    new = scene.fresh(f"{name}_set")
    swaps: list[Swap] = [(start, (start, cst.parse_statement(f"{new} = set()\n")))]
    swaps += [(use, (cst.Name(new),)) for use in asked]
    for line in added.values():
        swaps.append((line, (line, cst.parse_statement(f"{new}.add({scene.code(_argument(line))})\n"))))
    yield Edit(tuple(swaps), f"`in {name}` asks a set that grows beside the list")
