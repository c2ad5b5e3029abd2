"""Python source in, a text out that is the same for sources that only read differently.

Left out are layout, comments, docstrings and other statements without effect, and annotations that nobody acts on;
names that only a function's own code can see are numbered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache

from llmopt.checks.names import FUNCTIONS, SCOPED, binds, imported
from llmopt.checks.sources import Unit, parse, units

# Fields that say how a node was written, not what it does.
SILENT = frozenset({"kind", "type_comment", "ctx", "type_ignores"})
# Functions that read the names of locals.
REFLECTING = frozenset({"locals", "vars", "eval", "exec", "dir"})
# Decorators that do not act on annotations; others might (`singledispatch`, pydantic, typer).
UNTYPED = frozenset(
    {
        *("property", "cached_property", "staticmethod", "classmethod", "lru_cache", "cache", "wraps", "final"),
        *("abstractmethod", "contextmanager", "override", "setter", "deleter"),
    }
)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Names = Mapping[str, str]


def normalised(text: str) -> tuple[str, ...]:
    """The statements of a source in normal form; SyntaxError for what is none."""
    return tuple(form for unit in units(parse(text), text) if (form := _unit(unit)))


@lru_cache(maxsize=4096)  # a candidate shares nearly all of its statements with its base
def _unit(unit: Unit) -> str:
    try:
        return f"{unit.owner}{form}" if (form := _statement(unit.node, {}, in_class=bool(unit.owner))) else ""
    except RecursionError:  # a sum of a thousand terms
        return unit.text


def _statement(node: ast.stmt, names: Names, in_class: bool = False) -> str:
    """The form of a statement, "" for one without effect."""
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return ""
    if isinstance(node, ast.AnnAssign) and not in_class:
        if node.value is None:
            return ""
        return _form(ast.Assign([node.target], node.value), names)
    return _form(node, names)


def _form(node: object, names: Names) -> str:
    if isinstance(node, ast.Name):
        return f"Name({names.get(node.id, node.id)})"
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value is None:
        return "Return()"
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        return _function(node, names)
    if isinstance(node, COMPREHENSIONS):
        names = _numbered(names, [each.target for each in node.generators])
    elif isinstance(node, ast.ClassDef):
        names = {name: new for name, new in names.items() if name not in _locals(node)} | _kept(names, node.name)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        return _import(node, names)
    if isinstance(node, ast.AST):
        return f"{type(node).__name__}({','.join(_fields(node, names))})"
    return _value(node, names)


def _fields(node: ast.AST, names: Names) -> Iterator[str]:
    for name, value in ast.iter_fields(node):
        if name not in SILENT and value not in (None, []):
            yield f"{name}={_value(value, names, name)}"


def _value(value: object, names: Names, field: str = "") -> str:
    if isinstance(value, list):
        if field in ("body", "orelse", "finalbody"):
            return f"[{';'.join(form for each in value if (form := _statement(each, names)))}]"
        return f"[{','.join(_value(each, names, field) for each in value)}]"
    if isinstance(value, str) and field in ("name", "rest", "names"):  # handlers, patterns, `nonlocal`, definitions
        return names.get(value, value)
    return _form(value, names) if isinstance(value, ast.AST) else repr(value)


def _import(node: ast.Import | ast.ImportFrom, names: Names) -> str:
    found = sorted(f"{names.get(name, name)}<{origin}" for name, origin in imported(node).items())
    whole = sorted(alias.name for alias in node.names if alias.name == "*" or "." in alias.name)
    return f"Import({getattr(node, 'module', '')},{','.join([*found, *whole])})"


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, names: Names) -> str:
    arguments = [each for each in ast.walk(node.args) if isinstance(each, ast.arg)]
    hidden = {each.arg for each in arguments} | _globals(node)
    inner: Names = {name: new for name, new in names.items() if name not in hidden}
    if not any(isinstance(each, ast.Name) and each.id in REFLECTING for each in ast.walk(node)):
        inner = _with_locals(inner, node, arguments)
    elif not isinstance(node, ast.Lambda):
        inner = {name: new for name, new in inner.items() if name not in _locals(node)}
    parts = [type(node).__name__, _arguments(node.args, names, inner if isinstance(node, ast.Lambda) else {})]
    if isinstance(node, ast.Lambda):
        return f"{parts[0]}({parts[1]},{_form(node.body, inner)})"
    parts += [names.get(node.name, node.name), *(_form(each, names) for each in node.decorator_list)]
    if not all(_is_untyped(each) for each in node.decorator_list):
        parts += [ast.dump(each) for each in (*(each.annotation for each in arguments), node.returns) if each]
    return f"{','.join(parts)}({_value(node.body, inner, 'body')})"


def _is_untyped(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).partition("(")[0].rpartition(".")[2] in UNTYPED


def _arguments(arguments: ast.arguments, outer: Names, own: Names) -> str:
    """The parameters, with defaults as seen from outside; a lambda's have no names for its callers."""
    groups = (arguments.posonlyargs, arguments.args, arguments.kwonlyargs, [arguments.vararg, arguments.kwarg])
    listed = ["/".join(own.get(each.arg, each.arg) if each else "-" for each in group) for group in groups]
    defaults = [*arguments.defaults, None, *arguments.kw_defaults]
    return f"{'|'.join(listed)}|{','.join(_form(each, outer) if each else '-' for each in defaults)}"


def _with_locals(
    names: Names, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, arguments: list[ast.arg]
) -> Names:
    if isinstance(node, ast.Lambda):
        order = [each.arg for each in arguments]
        return {**names, **{name: f"{len(names)}#{number}" for number, name in enumerate(order)}}
    own = [name for name in _locals(node) if name not in {each.arg for each in arguments}]
    return {**names, **{name: f"{len(names)}#{number}" for number, name in enumerate(own)}}


def _locals(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[str]:
    """The names a function binds, in the order of the text; those of comprehensions are their own."""
    found: dict[str, None] = {}
    elsewhere: set[str] = set()
    stack: list[ast.AST] = list(reversed(node.body))
    while stack:
        each = stack.pop()
        if isinstance(each, (ast.Global, ast.Nonlocal)):
            elsewhere |= set(each.names)
        new = imported(each) if isinstance(each, (ast.Import, ast.ImportFrom)) else binds(each)
        found |= dict.fromkeys(new)
        if not isinstance(each, SCOPED):
            stack.extend(reversed(list(_outside(each))))
    return [name for name in found if name not in elsewhere]


def _globals(node: ast.AST) -> set[str]:
    return {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """What is below a node, without the targets of a comprehension."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.comprehension):
            yield from (child.iter, *child.ifs)
        else:
            yield child


def _numbered(names: Names, targets: list[ast.expr]) -> Names:
    """The names with those that a comprehension's targets bind."""
    own = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    return {**names, **{name: f"{len(names)}#{number}" for number, name in enumerate(dict.fromkeys(own))}}


def _kept(names: Names, name: str) -> dict[str, str]:
    return {name: names[name]} if name in names else {}
