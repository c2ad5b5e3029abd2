"""Loops that only fill a collection, read as the clauses of a comprehension, for the rules that make one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from llmopt.models.rules.edits import Edit, shown
from llmopt.models.rules.scene import COMPREHENSIONS, NESTED, Scene, assignment, only, statements, targets, walk

WIDTH = 100  # a comprehension that does not fit into so many columns is written on several lines

# Builtins that use up a generator before they return: only there may an element hold one.
_CONSUMERS = ("sum", "min", "max", "any", "all", "list", "tuple", "set", "frozenset", "dict", "sorted")
_FORBIDDEN = (cst.NamedExpr, cst.Await, cst.Yield, *NESTED)
_FRAME_NAMES = frozenset({"super", "__class__"})  # mean something else inside a comprehension before Python 3.12


@dataclass(frozen=True)
class Filling:
    """`name = empty` on the line `start`, filled by `loop`; `clause` and `last` are the loop as comprehension parts."""

    name: str
    start: cst.CSTNode
    empty: cst.BaseExpression
    loop: cst.For
    clause: cst.CompFor
    last: cst.CSTNode


def fillings(scene: Scene) -> Iterator[Filling]:
    """The loops of the function that may become a comprehension as far as their shape and their variables go."""
    for node in scene.nodes:
        read = _clauses(node) if isinstance(node, cst.For) and scene.is_function else None
        if read is None or not isinstance(node, cst.For):
            continue
        start = _start(scene, node, read[1])
        pair = assignment(start) if start is not None else None
        if start is not None and pair and is_filled_alone(scene, pair[0], start, node) and is_movable(scene, node):
            yield Filling(pair[0], start, pair[1], node, *read)


def _start(scene: Scene, loop: cst.For, last: cst.CSTNode) -> cst.CSTNode | None:
    """The line that binds what the innermost statement fills; between it and the loop stand only lines that do not
    mention it and leave in no other way than by an exception."""
    name = _filled(last)
    for line in reversed(scene.before(loop)):
        pair = assignment(line)
        if pair and pair[0] == name:
            return line
        passes = isinstance(only(line), (cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Expr))
        if name is None or not passes or scene.references_in(name, line):
            return None
    return None


def _filled(last: cst.CSTNode) -> str | None:
    """The name of `name.method(...)`, `name[...] = ...` or `name += ...`."""
    match last:
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name(value=name)))):
            return name
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript(value=cst.Name(value=name)))]):
            return name
        case cst.AugAssign(target=cst.Name(value=name)):
            return name
    return None


def _clauses(loop: cst.For) -> tuple[cst.CompFor, cst.CSTNode] | None:
    """The loop as `for ... in ... if ...` clauses, with its innermost statement."""
    if loop.asynchronous is not None or loop.orelse is not None:
        return None
    conditions: list[cst.CompIf] = []
    body: Sequence[cst.CSTNode] = statements(loop.body)
    while True:
        body, skipped = _skips(body)
        conditions += skipped
        if len(body) != 1:
            return None
        inner = body[0]
        if not isinstance(inner, cst.If) or inner.orelse is not None:
            break
        conditions.append(cst.CompIf(test=tight(inner.test)))
        body = statements(inner.body)
    clause = cst.CompFor(target=loop.target, iter=tight(loop.iter), ifs=conditions)
    if not isinstance(inner, cst.For):
        return clause, only(inner)
    nested = _clauses(inner)
    return (clause.with_changes(inner_for_in=nested[0]), nested[1]) if nested else None


def _skips(body: Sequence[cst.CSTNode]) -> tuple[Sequence[cst.CSTNode], list[cst.CompIf]]:
    """Leading `if ...: continue` lines as conditions, and what comes after them."""
    conditions = []
    while len(body) > 1:
        match body[0]:
            case cst.If(test=test, orelse=None, body=skipped) if [only(part) for part in statements(skipped)][
                :1
            ] and all(isinstance(only(part), cst.Continue) for part in statements(skipped)):
                conditions.append(cst.CompIf(test=_negated(test)))
                body = body[1:]
            case _:
                break
    return body, conditions


_OPPOSITES: dict[type[cst.BaseCompOp], Callable[[], cst.BaseCompOp]] = {
    cst.In: cst.NotIn, cst.NotIn: cst.In, cst.Is: cst.IsNot, cst.IsNot: cst.Is,
}  # fmt: skip


def _negated(test: cst.BaseExpression) -> cst.BaseExpression:
    """`not test`, in the plainer form where that means exactly the same."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return tight(inner)
        case cst.Comparison(comparisons=[cst.ComparisonTarget(operator=operator) as target]) if (
            type(operator) in _OPPOSITES
        ):
            return test.with_changes(comparisons=[target.with_changes(operator=_OPPOSITES[type(operator)]())])
    loose = (cst.BooleanOperation, cst.IfExp, cst.Lambda, cst.NamedExpr)
    return cst.UnaryOperation(cst.Not(), _bracketed(test) if isinstance(test, loose) else test)


def tight(node: cst.BaseExpression) -> cst.BaseExpression:
    """With parentheses where the grammar of comprehensions asks for them."""
    return _bracketed(node) if isinstance(node, (cst.IfExp, cst.Lambda, cst.Tuple, cst.NamedExpr)) else node


def _bracketed(node: cst.BaseExpression) -> cst.BaseExpression:
    return node if node.lpar else node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def is_filled_alone(scene: Scene, name: str, start: cst.CSTNode, loop: cst.For, mentions: int = 1) -> bool:
    """Nothing can see the collection while it is filled: `mentions` in the loop are known, and no handler sees it."""
    if (
        not scene.is_local(name)
        or len(scene.references_in(name, loop)) != mentions
        or len(scene.references_in(name, start)) != 1
    ):
        return False
    return not scene.is_guarded(loop) or is_confined(scene, name, start, loop)


def is_confined(scene: Scene, name: str, start: cst.CSTNode, loop: cst.CSTNode) -> bool:
    """All mentions come from `start` onwards in the same block, so no handler outside of it reads the name."""
    block = list(scene.block_of(loop) or ())
    rest = block[block.index(start) :]
    return all(any(scene.is_inside(reference, part) for part in rest) for reference in scene.references[name])


def is_movable(scene: Scene, loop: cst.For) -> bool:
    """Nothing in the loop changes its meaning inside a comprehension, and its variables are not read elsewhere."""
    inside = list(walk(loop))
    if any(isinstance(node, _FORBIDDEN) for node in inside):
        return False
    if any(isinstance(node, cst.Name) and node.value in _FRAME_NAMES for node in inside):
        return False
    if any(isinstance(node, cst.GeneratorExp) and not _is_consumed(scene, node) for node in inside):
        return False
    loops = [node for node in inside if isinstance(node, cst.For)]
    return all(_holds_names(part.target) and are_dead(scene, part, loop) for part in loops)


def _is_consumed(scene: Scene, node: cst.GeneratorExp) -> bool:
    argument = scene.parents[node]
    call = scene.parents[argument]
    if not isinstance(argument, cst.Arg) or not isinstance(call, cst.Call):
        return False
    if isinstance(call.func, cst.Attribute):
        return isinstance(call.func.value, cst.SimpleString) and call.func.attr.value == "join"
    return scene.is_builtin(call.func, *_CONSUMERS)


def _holds_names(target: cst.CSTNode) -> bool:
    if isinstance(target, (cst.Tuple, cst.List)):
        return all(_holds_names(element.value) for element in target.elements)
    return isinstance(target, cst.Name)


def are_dead(scene: Scene, part: cst.For, loop: cst.For) -> bool:
    return all(is_dead(scene, name.value, loop) for name in targets(part.target))


def is_dead(scene: Scene, name: str, loop: cst.For) -> bool:
    """Whether no other code of the function can read what the loop leaves in its variable."""
    if not scene.is_local(name) or name in scene.parameters:
        return False
    outer = [node for node in scene.references[name] if not scene.is_inside(node, loop)]
    return all(_is_rebound(scene, name, node) for node in outer)


def _is_rebound(scene: Scene, name: str, reference: cst.Name) -> bool:
    """Whether the mention belongs to another loop or comprehension that binds the name first."""
    inner: cst.CSTNode = reference
    for outer in scene.ancestors(reference):
        if isinstance(outer, cst.For) and inner in (outer.body, outer.target) and _names(name, outer.target):
            return True
        if isinstance(outer, COMPREHENSIONS) and _gives(scene, outer.for_in, name, reference):
            return True
        inner = outer
    return False


def _gives(scene: Scene, clause: cst.CompFor, name: str, reference: cst.Name) -> bool:
    """Whether a comprehension with this first clause binds the name where the mention stands."""
    bound = any(_names(name, one.target) for one in _each(clause))
    return bound and not scene.is_inside(reference, clause.iter)


def _names(name: str, target: cst.CSTNode) -> bool:
    return any(one.value == name for one in targets(target))


def _each(clause: cst.CompFor | None) -> Iterator[cst.CompFor]:
    while clause is not None:
        yield clause
        clause = clause.inner_for_in


def comprehended(scene: Scene, filling: Filling, value: cst.BaseExpression) -> Edit:
    """The edit that removes the first line and puts `name = value` in the place of the loop."""
    line = filling.start
    assert isinstance(line, cst.SimpleStatementLine)
    new = line.with_changes(
        body=[line.body[0].with_changes(value=value)],
        leading_lines=(*line.leading_lines, *_commented(filling.loop.leading_lines)),
    )
    if len(scene.code(new.with_changes(leading_lines=()))) + _depth(scene, filling.loop) > WIDTH:
        new = new.with_changes(body=[line.body[0].with_changes(value=_spread(value))])
    explanation = f"the loop `{shown(scene, filling.loop)}` that fills `{filling.name}` becomes `{shown(scene, new)}`"
    return Edit(((line, ()), (filling.loop, (new,))), explanation, loops=(filling.loop,))


def _depth(scene: Scene, node: cst.CSTNode) -> int:
    return 4 * sum(isinstance(outer, cst.IndentedBlock) for outer in (node, *scene.ancestors(node)))


def _commented(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [line for line in lines if line.comment is not None]


_NEW_LINE = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
_LAST_LINE = cst.ParenthesizedWhitespace(indent=True)


def _spread(value: cst.BaseExpression) -> cst.BaseExpression:
    """The comprehension with its clauses on lines of their own."""
    if isinstance(value, cst.ListComp):
        brackets: dict[str, cst.CSTNode] = {"lbracket": value.lbracket.with_changes(whitespace_after=_NEW_LINE)}
        brackets["rbracket"] = value.rbracket.with_changes(whitespace_before=_LAST_LINE)
    elif isinstance(value, cst.SetComp):
        brackets = {"lbrace": value.lbrace.with_changes(whitespace_after=_NEW_LINE)}
        brackets["rbrace"] = value.rbrace.with_changes(whitespace_before=_LAST_LINE)
    else:
        return value
    return value.with_changes(for_in=_spread_clause(value.for_in), **brackets)


def _spread_clause(clause: cst.CompFor) -> cst.CompFor:
    inner = clause.inner_for_in
    return clause.with_changes(
        whitespace_before=_NEW_LINE,
        ifs=[condition.with_changes(whitespace_before=_NEW_LINE) for condition in clause.ifs],
        inner_for_in=_spread_clause(inner) if inner else None,
    )


def is_empty(scene: Scene, node: cst.BaseExpression, kind: str) -> bool:
    """`[]`, `{}` or a call without arguments of list, dict, set."""
    call = scene.call_of(node, kind)
    if call is not None:
        return not call.args
    return isinstance(node, (cst.List, cst.Dict)) and not node.elements and type(node).__name__.lower() == kind
