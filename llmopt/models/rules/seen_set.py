"""A local list that only remembers what was met (`if x not in seen: seen.append(x)`) becomes a set.

When the list is also read or returned it stays, and a set grows beside it. Left alone: elements not known to be
hashable, lists that are captured, stored, changed otherwise, or not asked inside a loop.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import is_empty
from llmopt.models.rules.edits import Edit, Swap
from llmopt.models.rules.infer import kind_of
from llmopt.models.rules.kinds import is_hashable
from llmopt.models.rules.scene import Scene, assignment, only
from llmopt.models.rules.stability import loops_around
from llmopt.models.rules.uses import is_read


def seen_set(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        pair = assignment(node) if isinstance(node, cst.SimpleStatementLine) else None
        if pair and scene.is_local(pair[0]) and is_empty(scene, pair[1], "list") and "set" not in scene.shadowed:
            yield from _remembered(scene, node, pair[0])


def _remembered(scene: Scene, start: cst.CSTNode, name: str) -> Iterator[Edit]:
    if len(scene.bindings[name]) != 1 or name in scene.parameters or isinstance(only(start), cst.AnnAssign):
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
    if not others:
        yield _as_set(scene, start, name, added)
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


def _as_set(scene: Scene, start: cst.CSTNode, name: str, added: dict[cst.Name, cst.SimpleStatementLine]) -> Edit:
    statement = only(start)
    swaps = [(statement, (statement.with_changes(value=cst.Call(cst.Name("set"))),))]
    for use in added:
        attribute = scene.parents[use]
        swaps.append((attribute, (attribute.with_changes(attr=cst.Name("add")),)))
    return Edit(tuple(swaps), f"`{name}`, which is only asked and added to, becomes a set")


def _beside(
    scene: Scene, start: cst.CSTNode, name: str, asked: list[cst.Name], added: dict[cst.Name, cst.SimpleStatementLine]
) -> Iterator[Edit]:
    if not all(isinstance(_argument(line), cst.Name) for line in added.values()):
        return
    new = scene.fresh(f"{name}_set")
    swaps: list[Swap] = [(start, (start, cst.parse_statement(f"{new} = set()\n")))]
    swaps += [(use, (cst.Name(new),)) for use in asked]
    for line in added.values():
        swaps.append((line, (line, cst.parse_statement(f"{new}.add({scene.code(_argument(line))})\n"))))
    yield Edit(tuple(swaps), f"`in {name}` asks a set that grows beside the list")
