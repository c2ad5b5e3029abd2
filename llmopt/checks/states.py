"""Two versions of some files in; the places out in which only the second keeps something from one call to the next.

Beside the mutable variables of modules and classes, which `edited` tells: what functions assign by `global` and
`nonlocal`, attributes of functions and classes, defaults that can be changed, and attributes of instances.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Def = ast.FunctionDef | ast.AsyncFunctionDef
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = ("list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter", "bytearray")
CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "__setstate__", "__init_subclass__")


@dataclass(frozen=True)
class Added:
    """`shared` by all callers, and `instances`: by those that have the same instance."""

    shared: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()


def added(base: Mapping[str, str], candidate: Mapping[str, str]) -> Added:
    """Both map repository paths of Python files to their text. SyntaxError when one of them does not parse."""
    shared: list[str] = []
    instances: list[str] = []
    for path, text in sorted(candidate.items()):
        before, after = _Places(base.get(path, "")), _Places(text)
        shared += [name for name in after.shared if name not in before.shared]
        instances += [name for name in after.instances if name not in before.instances]
    return Added(tuple(shared), tuple(instances))


class _Places(ast.NodeVisitor):
    """Names of the places, in the order in which they are met."""

    def __init__(self, text: str) -> None:
        self.shared: dict[str, None] = {}
        self.instances: dict[str, None] = {}
        self._around: list[ast.ClassDef | Def] = []
        tree = ast.parse(text)
        self._defined = {node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, Def))}
        self.visit(tree)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(node)

    def visit_FunctionDef(self, node: Def) -> None:
        for name, value in _defaults(node.args):
            if _can_change(value):
                self.shared[f"{self._name(node)}({name}=…)"] = None
        self._inside(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 (the name is Python's)

    def visit_Global(self, node: ast.Global) -> None:
        self.shared |= dict.fromkeys(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.shared |= {f"{self._name()}: {name}": None for name in node.names}

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            self._assigned(node.value.id, node.attr)
        self.generic_visit(node)

    def _assigned(self, owner: str, attribute: str) -> None:
        methods = [each for each in self._around if isinstance(each, Def)]
        if owner == "cls" or owner in self._defined:
            self.shared[f"{owner}.{attribute}"] = None
        elif methods and methods[0].name not in CONSTRUCTORS and owner == _first_parameter(methods[0]):
            classes = [each.name for each in self._around if isinstance(each, ast.ClassDef)]
            self.instances |= {f"{name}.{attribute}": None for name in classes[-1:]}

    def _inside(self, node: ast.ClassDef | Def) -> None:
        self._around.append(node)
        self.generic_visit(node)
        self._around.pop()

    def _name(self, *more: ast.ClassDef | Def) -> str:
        return ".".join(each.name for each in (*self._around, *more))


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.defaults:
        names = [each.arg for each in positional[-len(arguments.defaults) :]]
        yield from zip(names, arguments.defaults, strict=True)
    for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            yield each.arg, value


def _can_change(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        return name in MAKERS
    return isinstance(value, MUTABLE)


def _first_parameter(node: Def) -> str:
    positional = [*node.args.posonlyargs, *node.args.args]
    return positional[0].arg if positional else ""
