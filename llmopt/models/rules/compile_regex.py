"""Regular expressions written as literals inside a function are compiled once, at the module's level.

Left alone: patterns that are not literals or do not compile without a warning, flags that are not literal (or DEBUG
and LOCALE), `count=` and `flags=` given by position to `sub` and `split` (deprecated, with a warning to keep), files
that do not `import re` before their first function.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.scene import Scene, is_name

# Positional arguments besides the pattern that the module's function and the compiled pattern's method share.
_FUNCTIONS = {
    "compile": 0, "match": 1, "search": 1, "fullmatch": 1, "findall": 1, "finditer": 1, "split": 1, "sub": 2, "subn": 2,
}  # fmt: skip
_FLAGS = frozenset(["A", "ASCII", "I", "IGNORECASE", "M", "MULTILINE", "S", "DOTALL", "X", "VERBOSE", "U", "UNICODE"])


def compile_regex(scene: Scene) -> Iterator[Edit]:
    names: dict[tuple[str, str], str] = {}
    if not scene.is_function or not _imports_re(scene):
        return
    for node in scene.nodes:
        found = _call_on_literal(node)
        if found is None or not _compiles(*found):
            continue
        call, pattern, flags = found
        key = (scene.code(pattern), scene.code(flags) if flags is not None else "")
        if key not in names:
            names[key] = _name(scene)
        arguments = ", ".join(filter(None, key))
        yield swap(scene, call, _replacement(call, names[key]), [f"{names[key]} = re.compile({arguments})"])


def _imports_re(scene: Scene) -> bool:
    """`re` is the module of that name: imported under its own name, bound nowhere else."""
    binders = [part for node in scene.module.body if isinstance(node, cst.SimpleStatementLine) for part in node.body]
    plain = any(
        isinstance(part, cst.Import) and any(is_name(alias.name, "re") and alias.asname is None for alias in part.names)
        for part in binders
    )
    local = "re" in scene.bindings or "re" in scene.parameters or "re" in scene.enclosing_names
    return plain and not local


def _call_on_literal(node: cst.CSTNode) -> tuple[cst.Call, cst.BaseExpression, cst.BaseExpression | None] | None:
    match node:
        case cst.Call(
            func=cst.Attribute(value=cst.Name(value="re"), attr=cst.Name(value=method)),
            args=[
                cst.Arg(value=cst.SimpleString() | cst.ConcatenatedString() as pattern, keyword=None, star=""),
                *rest,
            ],
        ) if method in _FUNCTIONS and not any(argument.star for argument in rest):
            positional = [argument for argument in rest if argument.keyword is None]
            flags = [argument.value for argument in rest if is_name(argument.keyword, "flags")]
            extra = positional[_FUNCTIONS[method] :]
            if not extra:
                return node, pattern, flags[0] if flags else None
            if len(extra) == 1 and not flags and method not in ("split", "sub", "subn"):
                return node, pattern, extra[0].value
    return None


def _compiles(call: cst.Call, pattern: cst.BaseExpression, flags: cst.BaseExpression | None) -> bool:
    value = _flags(flags)
    try:
        text = ast.literal_eval(f"({cst.Module([]).code_for_node(pattern)})")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text, value if value is not None else 0)
    except (ValueError, SyntaxError, re.error, Warning, OverflowError, RecursionError):
        return False
    return value is not None


def _flags(node: cst.BaseExpression | None) -> int | None:
    """The number that `re.I | re.M` means; None for anything that is not made of these names."""
    match node:
        case None | cst.Integer(value="0"):
            return 0
        case cst.Attribute(value=cst.Name(value="re"), attr=cst.Name(value=name)) if name in _FLAGS:
            return int(getattr(re, name))
        case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=right):
            low, high = _flags(left), _flags(right)
            return None if low is None or high is None else low | high
    return None


def _replacement(call: cst.Call, name: str) -> cst.BaseExpression:
    method = call.func.attr.value  # type: ignore[attr-defined]
    if method == "compile":
        return cst.Name(name, lpar=call.lpar, rpar=call.rpar)
    rest = [argument for argument in call.args[1:] if not is_name(argument.keyword, "flags")]
    positional = [argument for argument in rest if argument.keyword is None]
    dropped = positional[_FUNCTIONS[method] :]
    kept = [argument for argument in rest if argument not in dropped]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return call.with_changes(func=cst.Attribute(cst.Name(name), cst.Name(method)), args=kept)


def _name(scene: Scene) -> str:
    """Named after the function that uses it."""
    owner = scene.scope.name.value if isinstance(scene.scope, cst.FunctionDef) else ""
    return scene.fresh(f"_{owner.strip('_').upper()}_PATTERN")
