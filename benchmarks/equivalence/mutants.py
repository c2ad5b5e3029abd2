"""A file before and after an edit in; copies of the edited one with one small mistake each out, always the same.

The operators are those of mutation testing (mutmut, cosmic-ray) and some that performance edits are prone to: a copy
that is left out, a container of another kind, a loop that ends too early. Each is a function from a node of the syntax
tree to replacements of its source text.
"""

from __future__ import annotations

import ast
import copy
import difflib
import hashlib
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Replaced = tuple[str, str]  # operator, the node's new source text
Mutate = Callable[[ast.AST], Iterator[Replaced]]

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot, ast.Eq),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.FloorDiv,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
CALLED = {
    "list": "tuple",
    "tuple": "list",
    "set": "list",
    "frozenset": "set",
    "sorted": "list",
    "reversed": "list",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "append": "extend",
    "rjust": "ljust",
    "union": "intersection",
    "intersection": "union",
}
COPIES = ("list", "dict", "set", "tuple", "sorted", "reversed")


@dataclass(frozen=True)
class Mutant:
    """`text` is the whole file; `before` and `after` are the changed line, `line` its number in the edited file."""

    operator: str
    line: int
    before: str
    after: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:40]


def changed_lines(old: str, new: str) -> set[int]:
    """Numbers of the lines of `new` that are not in `old`."""
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return {at + 1 for tag, _, _, start, end in matcher.get_opcodes() if tag != "equal" for at in range(start, end)}


def of(old: str, new: str, most: int, seed: int) -> list[Mutant]:
    """At most so many mutants of the lines that an edit changed, spread over the operators.

    Where they are fewer, mutants of the other lines of the functions with changed lines are added.
    """
    tree, chance = _parsed(new), random.Random(seed)
    near = changed_lines(old, new)
    functions = [each for each in ast.walk(tree) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
    touched = [set(range(each.lineno, (each.end_lineno or each.lineno) + 1)) for each in functions]
    far = set().union(*(lines for lines in touched if lines & near)) - near
    made = {ast.dump(tree), ast.dump(_parsed(old))}
    chosen = _spread(_made(new, near, made), most, chance)
    chosen += _spread(_made(new, far, made), most - len(chosen), chance)
    return sorted(chosen, key=lambda each: (each.line, each.operator, each.digest))


def _made(text: str, lines: set[int], made: set[str]) -> dict[str, list[Mutant]]:
    """The mutants of some lines, by operator; `made` are the syntax trees there have been already."""
    by_operator: dict[str, list[Mutant]] = {}
    for operator, other in _all(text, lines):
        try:
            key = ast.dump(_parsed(other))
        except (SyntaxError, ValueError):
            continue
        if key not in made:
            made.add(key)
            by_operator.setdefault(operator, []).append(of_texts(operator, text, other))
    return by_operator


def of_texts(operator: str, edited: str, text: str) -> Mutant:
    """The mutant that `text` is of `edited`."""
    old, new = edited.splitlines(), text.splitlines()
    pairs = enumerate(zip(old, new, strict=False))
    at = next((at for at, (before, after) in pairs if before != after), min(len(old), len(new)) - 1)
    before = "" if old[at:] == new[at + 1 :] else old[at].strip()  # a line that is new
    return Mutant(operator, at + 1, before, new[at].strip(), text)


def _spread(by_operator: dict[str, list[Mutant]], most: int, chance: random.Random) -> list[Mutant]:
    for mutants in by_operator.values():
        chance.shuffle(mutants)
    ranked = [(rank, chance.random(), each) for own in by_operator.values() for rank, each in enumerate(own)]
    return [each for _, _, each in sorted(ranked, key=lambda item: item[:2])[: max(0, most)]]


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _all(text: str, lines: set[int]) -> Iterator[tuple[str, str]]:
    """(operator, whole text) of everything the operators make of the nodes that begin on one of these lines."""
    source = _Source(text)
    for node in _inside_functions(_parsed(text)):
        if getattr(node, "lineno", 0) not in lines:
            continue
        for mutate in OPERATORS:
            yield from ((operator, source.replaced(node, new)) for operator, new in mutate(node))
        if isinstance(node, (ast.If, ast.While)):
            yield "not", source.replaced(node.test, f"not ({ast.unparse(node.test)})")
        if isinstance(node, (ast.For, ast.While)):
            yield "early end", source.followed(node.body[-1], "break", node.body[0].col_offset)


def _inside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of functions, without docstrings, annotations and decorators."""
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _walk([*function.args.defaults, *function.args.kw_defaults, *function.body])


def _walk(nodes: Sequence[ast.AST | None]) -> Iterator[ast.AST]:
    for node in nodes:
        if node is None or _is_text_alone(node) or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        yield node
        annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
        children = [each for each in ast.iter_child_nodes(node) if each is not annotation]
        yield from _walk([each for each in children if not isinstance(each, ast.JoinedStr)])


def _is_text_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Source:
    """A file's text, and copies of it with a node's text replaced; columns of the syntax tree are bytes."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def replaced(self, node: ast.AST, new: str) -> str:
        begin, end = self._place(node)
        return (self.data[:begin] + new.encode() + self.data[end:]).decode()

    def followed(self, node: ast.AST, line: str, indent: int) -> str:
        """With one more line after the node."""
        end = self._place(node)[1]
        return (self.data[:end] + f"\n{' ' * indent}{line}".encode() + self.data[end:]).decode()

    def _place(self, node: ast.AST) -> tuple[int, int]:
        begin = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        return begin, self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str:
    """The source of a node; in brackets where it might stand inside of another expression."""
    plain = (ast.Constant, ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Set, ast.Dict, ast.ListComp)
    text = ast.unparse(node)
    return text if isinstance(node, (ast.stmt, ast.Slice, *plain)) else f"({text})"


def _with(node: ast.AST, **fields: object) -> str:
    """The node's source with other fields."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return _text(other)


def _without(items: Sequence[ast.AST], at: int) -> list[ast.AST]:
    return [each for index, each in enumerate(items) if index != at]


# --- operators -------------------------------------------------------------------------------------------------


def comparisons(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for other in COMPARED.get(type(operator), ()):
                yield "comparison", _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])


def calculations(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.BinOp) and type(node.op) in CALCULATED:
        yield "calculation", _with(node, op=CALCULATED[type(node.op)]())
    if isinstance(node, ast.AugAssign):
        yield "assignment", ast.unparse(ast.Assign([node.target], node.value, lineno=0))
        if type(node.op) in CALCULATED:
            yield "calculation", _with(node, op=CALCULATED[type(node.op)]())


def conditions(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", _text(node.operand)
    if isinstance(node, ast.BoolOp):
        yield "and, or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for at in range(len(node.values)):
            rest = _without(node.values, at)
            yield "condition dropped", _text(rest[0]) if len(rest) == 1 else _with(node, values=rest)
    if isinstance(node, ast.IfExp):
        yield "branches swapped", _with(node, body=node.orelse, orelse=node.body)


def constants(node: ast.AST) -> Iterator[Replaced]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield "constant", repr(not value)
    elif isinstance(value, int):
        yield from (("plus one", repr(value + 1)), ("minus one", f"({value - 1})" if value < 1 else repr(value - 1)))
    elif isinstance(value, float):
        yield "constant", repr(value + 1.0)
    elif isinstance(value, str):
        yield "constant", repr(f"{value}XX" if value else "XX")
    elif value is None:
        yield "constant", "0"


def results(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "result dropped", "return None"
    if isinstance(node, ast.Yield) and node.value is not None:
        yield "result dropped", "(yield None)"
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield "swapped", _with(node, elts=node.elts[::-1])


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def calls(node: ast.AST) -> Iterator[Replaced]:
    if not isinstance(node, ast.Call):
        return
    if len(node.args) >= 2 and not any(isinstance(each, ast.Starred) for each in node.args[:2]):
        yield "swapped", _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
    for at in range(len(node.keywords)):
        yield "keyword dropped", _with(node, keywords=_without(node.keywords, at))
    if len(node.args) > 1 and isinstance(node.func, ast.Attribute):
        yield "argument dropped", _with(node, args=node.args[:-1])
    yield from _other_call(node)


def _other_call(node: ast.Call) -> Iterator[Replaced]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in CALLED:
        swapped = copy.copy(node.func)
        setattr(swapped, "id" if isinstance(swapped, ast.Name) else "attr", CALLED[name])
        yield f"{CALLED[name]} for {name}", _with(node, func=swapped)
    if isinstance(node.func, ast.Name) and name in COPIES and len(node.args) == 1:
        yield "no copy", _text(node.args[0])
    if isinstance(node.func, ast.Attribute) and name == "copy" and not node.args:
        yield "no copy", _text(node.func.value)


def flow(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.Break):
        yield from (("break, continue", "continue"), ("statement dropped", "pass"))
    if isinstance(node, ast.Continue):
        yield from (("break, continue", "break"), ("statement dropped", "pass"))
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete)) or _is_call_alone(node):
        yield "statement dropped", "pass"


def _is_call_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def slices(node: ast.AST) -> Iterator[Replaced]:
    if not isinstance(node, ast.Slice):
        return
    for name in ("lower", "upper"):
        bound = getattr(node, name)
        if bound is not None:
            yield "slice bound", _with(node, **{name: ast.BinOp(bound, ast.Add(), ast.Constant(1))})
            yield "slice bound", _with(node, **{name: None})


def containers(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.ListComp):
        yield "container", ast.unparse(ast.GeneratorExp(node.elt, node.generators))
    if isinstance(node, ast.SetComp):
        yield "container", ast.unparse(ast.ListComp(node.elt, node.generators))
    if isinstance(node, ast.List) and isinstance(node.ctx, ast.Load):
        yield "container", ast.unparse(ast.Tuple(node.elts, ast.Load()))
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        for at, each in enumerate(node.generators):
            if each.ifs:
                other = ast.comprehension(each.target, each.iter, [], each.is_async)
                rest = [*node.generators[:at], other, *node.generators[at + 1 :]]
                yield "condition dropped", _with(node, generators=rest)


def exceptions(node: ast.AST) -> Iterator[Replaced]:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        other = ast.Call(ast.Name("RuntimeError", ast.Load()), node.exc.args, [])
        yield "exception", _with(node, exc=other)
        yield "statement dropped", "pass"


OPERATORS: tuple[Mutate, ...] = (
    comparisons,
    calculations,
    conditions,
    constants,
    results,
    calls,
    flow,
    slices,
    containers,
    exceptions,
)
