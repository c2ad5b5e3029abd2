"""The source of a hot function in, the rewrites worth a thought for code of its shape out.

A hint, not a rewrite: each predicate only says that the shape is there. The rewrites that need no model are in
`llmopt.models.rules`.
"""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmopt import syntax

COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
LOOPS = ast.For | ast.AsyncFor | ast.While | COMPREHENSIONS
REPEATED = 3  # times the same attribute is looked up in one loop before a local name is worth it
MOST = 8


@dataclass(frozen=True)
class Pattern:
    """What to consider where `fits` finds its shape in the syntax tree."""

    advice: str
    fits: Callable[[ast.AST], bool]


def matching(source: str, most: int = MOST) -> tuple[str, ...]:
    """The advice of the patterns that fit, those with the larger gains first; () for source that does not parse."""
    try:
        tree = syntax.parse(textwrap.dedent(source))
    except SyntaxError:
        return ()
    return tuple(pattern.advice for pattern in PATTERNS if pattern.fits(tree))[:most]


def _inside_loops(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs once per iteration."""
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For | ast.AsyncFor | ast.While):
            for statement in loop.body:
                yield from ast.walk(statement)
        elif isinstance(loop, COMPREHENSIONS):
            parts = [*loop.generators[0].ifs, *loop.generators[1:]]
            values = [loop.key, loop.value] if isinstance(loop, ast.DictComp) else [loop.elt]
            for part in (*parts, *values):
                yield from ast.walk(part)


def _calls(nodes: Iterator[ast.AST], *names: str) -> bool:
    return any(isinstance(node, ast.Call) and _name(node.func) in names for node in nodes)


def _name(function: ast.expr) -> str:
    """The last name of what is called: "append" for `self.rows.append`."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _membership(tree: ast.AST) -> bool:
    compares = (node for node in _inside_loops(tree) if isinstance(node, ast.Compare))
    return any(
        isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.Name | ast.Attribute | ast.List)
        for compare in compares
        for operator, right in zip(compare.ops, compare.comparators, strict=True)
    )


def _nested(tree: ast.AST) -> bool:
    return any(isinstance(node, LOOPS) for node in _inside_loops(tree))


def _ends(tree: ast.AST) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) in ("pop", "insert"))
    return any(call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0 for call in calls)


def _recursive(tree: ast.AST) -> bool:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(_calls(ast.walk(function), function.name) for function in functions)


def _growing(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) for node in _inside_loops(tree))


def _indexed(tree: ast.AST) -> bool:
    loops = (node.iter for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension))
    return any(
        isinstance(each, ast.Call)
        and _name(each.func) == "range"
        and any(_calls(ast.walk(a), "len") for a in each.args)
        for each in loops
    )


def _lookups(tree: ast.AST) -> bool:
    chains = (ast.unparse(node) for node in _inside_loops(tree) if isinstance(node, ast.Attribute))
    return any(count >= REPEATED for count in Counter(chains).values())


def _regex(tree: ast.AST) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "re" for func in calls
    )


def _local_import(tree: ast.AST) -> bool:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(isinstance(node, ast.Import | ast.ImportFrom) for function in functions for node in ast.walk(function))


def _listed(tree: ast.AST) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) in CONSUMERS)
    return any(isinstance(argument, ast.ListComp) for call in calls for argument in call.args)


def _formatted_log(tree: ast.AST) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) in ("debug", "info"))
    return any(isinstance(argument, ast.JoinedStr | ast.BinOp) for call in calls for argument in call.args[:1])


def _in_loop(*names: str) -> Callable[[ast.AST], bool]:
    return lambda tree: _calls(_inside_loops(tree), *names)


def _anywhere(*names: str) -> Callable[[ast.AST], bool]:
    return lambda tree: _calls(ast.walk(tree), *names)


CONSUMERS = ("any", "all", "sum", "min", "max", "tuple", "set", "frozenset", "dict", "sorted")

# From the largest usual gain to the smallest.
PATTERNS = (
    Pattern("membership tested in a loop: test against a set or dict built once per call", _membership),
    Pattern("nested loops: index one side by a dict, sort and sweep, or compute the inner result once", _nested),
    Pattern("recursion: keep the results of equal sub-problems for the length of one call, or iterate", _recursive),
    Pattern("rows of a frame one by one: use whole columns", _anywhere("iterrows", "itertuples", "apply")),
    Pattern(
        "arrays or frames grown in a loop: collect, then concatenate once",
        _in_loop("concat", "concatenate", "vstack", "hstack", "column_stack"),
    ),
    Pattern(
        "copies in a loop: copy once, or not at all where nobody mutates", _in_loop("deepcopy", "copy", "list", "dict")
    ),
    Pattern(
        "sorting or searching for the smallest in a loop: keep a heap, or sort once",
        _in_loop("sorted", "sort", "min", "max"),
    ),
    Pattern("`pop(0)` or `insert(0, …)`: use a deque, or an index that moves", _ends),
    Pattern("regular expressions in the function: compile once at module level, or use plain string methods", _regex),
    Pattern("text or a list grown by `+=` in a loop: collect and join or extend once", _growing),
    Pattern(
        "`range(len(…))`: iterate directly, or zip slices; for arrays, replace the loop by array operations", _indexed
    ),
    Pattern(
        "`isinstance`, `hasattr` or `getattr` per item: ask once per call or per type",
        _in_loop("isinstance", "hasattr", "getattr"),
    ),
    Pattern("append in a loop: a comprehension, where nothing reads the list meanwhile", _in_loop("append")),
    Pattern("an import inside the function: it is looked up at every call", _local_import),
    Pattern("the same attribute looked up again and again in a loop: bind it to a local name", _lookups),
    Pattern("dates parsed by a format: `fromisoformat` where the format allows it", _anywhere("strptime")),
    Pattern("a list made only to be consumed: a generator, or for small data a literal", _listed),
    Pattern("log text built though nobody reads it: pass the arguments to the logger", _formatted_log),
)
