"""Text or bytes put together piece by piece in a loop are collected in a list and joined once.

Left alone: names read inside the loop, pieces not known to be str (or bytes), loops under `try` or `with` whose
half-made text could be seen outside, attributes, and pieces put sometimes before and sometimes after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from llmopt.models.rules.collecting import is_confined
from llmopt.models.rules.edits import Edit, Swap, shown
from llmopt.models.rules.infer import kind_of, name_kind
from llmopt.models.rules.kinds import BYTES, STR
from llmopt.models.rules.scene import Scene, assignment, is_name
from llmopt.models.rules.stability import enclosing_loops


@dataclass(frozen=True)
class Piece:
    """A statement that lengthens the text by `value`, at its front or at its end."""

    name: str
    statement: cst.CSTNode
    value: cst.BaseExpression
    in_front: bool


def join_strings(scene: Scene) -> Iterator[Edit]:
    pieces = [piece for node in scene.nodes if (piece := _piece(node))]
    for name in dict.fromkeys(piece.name for piece in pieces):
        kind = name_kind(scene, name) if scene.is_local(name) else None
        if kind in (STR, BYTES):
            own = [piece for piece in pieces if piece.name == name and kind_of(scene, piece.value) == kind]
            for loop in _widest_loops(scene, name, own):
                yield _joined(
                    scene, loop, [piece for piece in own if scene.is_inside(piece.statement, loop)], kind == BYTES
                )


def _piece(node: cst.CSTNode) -> Piece | None:
    match node:
        case cst.AugAssign(target=cst.Name(value=name), operator=cst.AddAssign(), value=value):
            return Piece(name, node, value, False)
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.BinaryOperation() as value):
            return _added(name, node, value)
    return None


def _added(name: str, node: cst.Assign, value: cst.BinaryOperation) -> Piece | None:
    """`s = s + a + b` lengthens by `a + b` at the end, `s = a + b + s` in front."""
    terms = _terms(value)
    if len(terms) < 2 or sum(is_name(term, name) for term in terms) != 1:
        return None
    if is_name(terms[0], name):
        return Piece(name, node, _sum(terms[1:]), False)
    return Piece(name, node, _sum(terms[:-1]), True) if is_name(terms[-1], name) else None


def _terms(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add) and not node.lpar:
        return [*_terms(node.left), node.right]
    return [node]


def _sum(terms: list[cst.BaseExpression]) -> cst.BaseExpression:
    total = terms[0]
    for term in terms[1:]:
        total = cst.BinaryOperation(total, cst.Add(), term)
    return total


def _widest_loops(scene: Scene, name: str, pieces: list[Piece]) -> list[cst.CSTNode]:
    """For each piece the outermost loop in which nothing else mentions the name, without repetition."""
    found: dict[cst.CSTNode, None] = {}
    for piece in pieces:
        fitting = [loop for loop in enclosing_loops(scene, piece.statement) if _only_grows(scene, name, loop, pieces)]
        if fitting:
            found[fitting[-1]] = None
    return list(found)


def _only_grows(scene: Scene, name: str, loop: cst.CSTNode, pieces: list[Piece]) -> bool:
    inside = [piece for piece in pieces if scene.is_inside(piece.statement, loop)]
    known = {reference for piece in inside for reference in scene.references_in(name, piece.statement)}
    if len({piece.in_front for piece in inside}) != 1 or set(scene.references_in(name, loop)) != known:
        return False
    if scene.block_of(loop) is None or not scene.is_bound_before(name, loop):
        return False
    return not scene.is_guarded(loop) or any(
        is_confined(scene, name, line, loop)
        for line in scene.before(loop)
        if (pair := assignment(line)) and pair[0] == name
    )


def _joined(scene: Scene, loop: cst.CSTNode, pieces: list[Piece], is_bytes: bool) -> Edit:
    name, empty = pieces[0].name, 'b""' if is_bytes else '""'
    parts = scene.fresh(f"{name}_parts")
    swaps: list[Swap] = [(piece.statement, (_append(parts, piece),)) for piece in pieces]
    backwards = "[::-1]" if pieces[0].in_front else ""
    last = cst.parse_statement(f"{name} = {empty}.join({parts}{backwards})\n")
    before = scene.before(loop)
    pair = assignment(before[-1]) if before else None
    if pair == (name, pair and pair[1]) and pair and _is_empty(pair[1]) and not scene.is_guarded(loop):
        first = before[-1].with_changes(
            body=cst.ensure_type(cst.parse_statement(f"{parts} = []\n"), cst.SimpleStatementLine).body
        )
        swaps += [(before[-1], (first,)), (loop, (loop, last))]
    else:
        swaps += [(loop, (cst.parse_statement(f"{parts} = [{name}]\n"), loop, last))]
    explanation = f"the pieces added to `{name}` in `{shown(scene, loop)}` are collected and joined once"
    return Edit(tuple(swaps), explanation)


def _is_empty(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.SimpleString) and not node.raw_value


def _append(parts: str, piece: Piece) -> cst.Expr:
    call = cst.Call(cst.Attribute(cst.Name(parts), cst.Name("append")), [cst.Arg(piece.value)])
    return cst.Expr(call, semicolon=piece.statement.semicolon)  # type: ignore[attr-defined]
