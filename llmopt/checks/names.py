"""Statements of a module in, each of their nodes out with what the names in it were imported from."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

BUILTINS = frozenset(dir(builtins))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPED = (*FUNCTIONS, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Scope:
    """What names mean in a function, a class or a module: `imports` maps names to dotted ones, `bound` are all others.

    `parameters` are a function's own, with those that have a changeable default in `kept`: they outlive a call.
    """

    imports: Mapping[str, str]
    bound: frozenset[str]
    outer: Scope | None = None
    node: ast.AST | None = None
    parameters: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)


@dataclass(frozen=True)
class Visit:
    """A node where it stands: its scope, and the visit of the node around it."""

    node: ast.AST
    scope: Scope
    up: Visit | None = None


def module_scope(body: Iterable[ast.stmt]) -> Scope:
    return _scope(ast.Module(list(body), []), None)


def _scope(node: ast.AST, outer: Scope | None) -> Scope:
    imports: dict[str, str] = {}
    bound: set[str] = set()
    aliases: dict[str, str] = {}
    elsewhere: set[str] = set()
    for each in own(node):
        if isinstance(each, (ast.Import, ast.ImportFrom)):
            imports |= imported(each)
        elif isinstance(each, (ast.Global, ast.Nonlocal)):
            elsewhere |= set(each.names)
        else:
            bound |= binds(each)
            aliases |= _alias(each)
    arguments = getattr(node, "args", None)
    parameters = {argument.arg for argument in _arguments(arguments)} if arguments else set()
    scope = Scope(imports, frozenset(bound | parameters) - elsewhere - imports.keys(), outer, node)
    known = {new: found for new, old in aliases.items() if new not in parameters and (found := look_up(old, scope))}
    plain = {new: found for new, found in known.items() if not found.startswith("builtins.")}
    kept = frozenset(_kept(arguments)) if arguments else frozenset()
    return Scope({**imports, **plain}, scope.bound - plain.keys(), outer, node, frozenset(parameters), kept)


def own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope itself, without those of functions and classes in it."""
    body: ast.AST | list[ast.AST] = getattr(node, "body", [])
    stack: list[ast.AST] = [body] if isinstance(body, ast.AST) else list(body)
    while stack:
        each = stack.pop()
        yield each
        if not isinstance(each, SCOPED):
            stack.extend(ast.iter_child_nodes(each))


def binds(node: ast.AST) -> set[str]:
    """The names that a node itself binds, imports left out."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return {node.name} if node.name else set()
    return {node.rest} if isinstance(node, ast.MatchMapping) and node.rest else set()


def imported(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Names by what they stand for: "sys", "os.environ", ".state.counter"."""
    if isinstance(node, ast.Import):
        plain = {alias.name.partition(".")[0]: alias.name.partition(".")[0] for alias in node.names if not alias.asname}
        return plain | {alias.asname: alias.name for alias in node.names if alias.asname}
    return {alias.asname or alias.name: f"{source(node)}.{alias.name}" for alias in node.names if alias.name != "*"}


def source(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _alias(node: ast.AST) -> dict[str, str]:
    """`s = sys`: another name for what an import brought."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Name):
        target = node.targets[0]
        return {target.id: node.value.id} if isinstance(target, ast.Name) and target.id != node.value.id else {}
    return {}


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _kept(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    for argument, default in [*pairs, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        if isinstance(default, (ast.Dict, ast.List, ast.Set, ast.Call)):
            yield argument.arg


def look_up(name: str, scope: Scope | None) -> str:
    """The dotted name of what a name was imported from, "builtins.NAME" for Python's own, "" for any other."""
    start = scope
    while scope:
        if not scope.is_class or scope is start:
            if name in scope.imports:
                return scope.imports[name]
            if name in scope.bound:
                return ""
        scope = scope.outer
    return f"builtins.{name}" if name in BUILTINS else ""


def dotted(node: ast.AST, scope: Scope) -> str:
    """The dotted name an expression stands for, "" where that cannot be told: `s._getframe` is "sys._getframe"."""
    if isinstance(node, ast.Name):
        return look_up(node.id, scope)
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, scope)
        return f"{owner}.{node.attr}" if owner else ""
    if isinstance(node, ast.Call) and node.args:
        return _called(node, scope)
    return ""


def _called(node: ast.Call, scope: Scope) -> str:
    """`__import__("sys")`, `importlib.import_module("sys")` and `getattr(sys, "argv")` name what they give."""
    function = dotted(node.func, scope)
    text = literal(node.args[-1])
    if function in ("builtins.__import__", "importlib.import_module") and len(node.args) == 1:
        return text
    if function == "builtins.getattr" and len(node.args) >= 2 and (name := literal(node.args[1])):
        owner = dotted(node.args[0], scope)
        return f"{owner}.{name}" if owner else ""
    return ""


def literal(node: ast.AST) -> str:
    """The text of a string written out, also in parts joined by "+"; "" for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = literal(node.left), literal(node.right)
        return left + right if left and right else ""
    return ""


def walk(root: ast.AST, scope: Scope) -> Iterator[Visit]:
    """Every node below a statement in no special order; annotations are left out, they do not act."""
    stack = [Visit(root, scope)]
    while stack:  # not recursive: an `elif` chain nests as deep as it is long
        visit = stack.pop()
        yield visit
        node, scope = visit.node, visit.scope
        inner = scope
        if isinstance(node, SCOPED):
            inner = _scope(node, scope.outer if scope.is_class and not isinstance(node, ast.ClassDef) else scope)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    stack.append(Visit(child, inner if name == "body" else scope, visit))


def above(visit: Visit) -> Iterator[Visit]:
    """The visits around one, innermost first."""
    while visit.up:
        visit = visit.up
        yield visit
