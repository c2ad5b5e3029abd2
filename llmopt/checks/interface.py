"""Two versions of some modules in, what users of the old one would miss in the new one out, line by line.

Public are the names without a leading underscore and those in `__all__`; of classes also the special methods. Kept
must be the names, the parameters (names, kinds, defaults), what a call gives at all (a generator, a coroutine, a
property, ...), and what a class derives from. Annotations and the bodies are other checks' business.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from llmopt.checks.names import FUNCTIONS, binds, imported, source
from llmopt.checks.sources import Function, Source, Unit, units, unshared

BUILTINS = frozenset(dir(builtins)) - {"copyright", "credits", "license", "exit", "quit"}
# Decorators that make something else of a call; those that are equal in use share a name.
BINDING = {
    "property": "property cached_property reify lazyproperty cache_readonly",
    "staticmethod": "staticmethod",
    "classmethod": "classmethod",
    "contextmanager": "contextmanager",
    "asynccontextmanager": "asynccontextmanager",
    "abstractmethod": "abstractmethod",
    "overload": "overload",
    "singledispatch": "singledispatch",
    "singledispatchmethod": "singledispatchmethod",
    "setter": "setter",
    "getter": "getter",
    "deleter": "deleter",
    "register": "register",
    "coroutine": "coroutine",
}
BOUND_AS = {name: kind for kind, names in BINDING.items() for name in names.split()}
# Decorators that may come and go: how fast a call is, not what it gives.
FREE = """
    lru_cache cache cached cacheit memoize memoized cached_method cached_function wraps njit jit final override profile
    no_type_check alru_cache
"""


# Each rule with the reason given to whoever proposed the edit.
MISSED = "callers that llmopt does not see rely on it"
WHY = {
    **dict.fromkeys(("names", "signature", "attributes", "classes"), MISSED),
    "shadowing": "the rest of the module would use it unawares",
}


@dataclass(frozen=True)
class Loss:
    """What is missing or other than before, at a line of the new source (or 0)."""

    line: int
    what: str
    rule: str = "names"


@dataclass(frozen=True)
class Shape:
    """What a caller sees of a function; `parameters` are (name, kind, default or None)."""

    parameters: tuple[tuple[str, str, str | None], ...]
    gives: str
    binding: tuple[str, ...]
    decorators: tuple[str, ...]


def losses(old: Mapping[str, Source], new: Mapping[str, Source]) -> list[tuple[str, Loss]]:
    """What users would miss, by path. A definition may move to another of the given files if it is imported back."""
    found = []
    members = {path: _members(units(*new[path])) for path in new}
    for path in old:
        if path in new:
            others = [members[each] for each in new if each != path]
            found += [(path, loss) for loss in _of_module(old[path], new[path], members[path], others)]
    return found


Members = dict[str, list[ast.stmt]]  # qualified name -> its definitions


def _members(given: Iterable[Unit]) -> Members:
    found: Members = {}
    for unit in given:
        for name, node in _bindings(unit.node):
            found.setdefault(unit.owner + name, []).append(node)
    return found


def _bindings(node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    """The names that a statement of a module or class binds, those in its `if`, `try`, `with` and loops included."""
    stack: list[ast.AST] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, (*FUNCTIONS, ast.ClassDef)):
            yield each.name, each
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            yield from ((name, each) for name in imported(each))
        elif not isinstance(each, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from ((name, node) for name in binds(each))
            stack.extend(reversed(list(ast.iter_child_nodes(each))))


def _of_module(old: Source, new: Source, members: Members, others: list[Members]) -> Iterator[Loss]:
    before, after = units(*old), units(*new)
    was = _members(before)
    exported = _exported(old[0])
    if missing := sorted(exported - _exported(new[0])) if _has_all(new[0]) else []:
        yield Loss(_line(members, "__all__"), f"`__all__` no longer names {', '.join(missing)}")
    differing = [*unshared(before, after), *unshared(after, before)]
    changed = {name for unit in differing for name in _qualified(unit)}
    has_getattr = "__getattr__" in members or any(_is_star(node) for node in new[0].body)
    for name in [name for name in was if name in changed and _is_public(name, exported, was)]:
        found = _found(name, members, others, was)
        if found is None:
            is_free = name not in exported and all(_is_no_name(node) for node in was[name])
            if not is_free and not (has_getattr and "." not in name):
                yield Loss(_place_of(name, members), f"`{name}` is gone")
        else:
            yield from _compared(name, was[name], found)
    yield from _attributes(was, members, changed)
    yield from _shadows(was, members)


def _qualified(unit: Unit) -> list[str]:
    return [unit.owner + name for name, _ in _bindings(unit.node)]


def _line(members: Members, name: str) -> int:
    return members[name][-1].lineno if name in members else 0


def _place_of(name: str, members: Members) -> int:
    """The line of the nearest class around a name that is gone."""
    while name := name.rpartition(".")[0]:
        if name in members:
            return _line(members, name)
    return 0


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names) and bool(source(node))


def _exported(tree: ast.Module) -> set[str]:
    """The names in `__all__` as far as they are written out."""
    found = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            strings = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
            found |= {each for each in strings if isinstance(each, str)}
    return found


def _has_all(tree: ast.Module) -> bool:
    """Whether `__all__` is written out, and not made."""
    made = [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    return bool(made) and all(isinstance(node.value, (ast.List, ast.Tuple)) for node in made)


def _is_public(name: str, exported: Collection[str], was: Members) -> bool:
    """Public in all its parts; a function's inside is nobody's business."""
    if _is_special(name):
        return name in ("__version__", "__getattr__")  # of a module the others are about it, not for use
    first, *rest = name.split(".")
    parts = rest if first in exported else [first, *rest]
    return all(not part.startswith("_") or _is_special(part) for part in parts)


def _is_special(name: str) -> bool:
    return "." not in name and name.startswith("__") and name.endswith("__")


def _is_no_name(node: ast.stmt) -> bool:
    """An import, a variable of types, or of a loop: somebody may get it from here, but was not asked to."""
    if isinstance(node, (ast.For, ast.With)):
        return True
    if isinstance(node, ast.Assign) and any(isinstance(target, ast.Tuple) for target in node.targets):
        return all(len(each.id) == 1 for target in node.targets for each in ast.walk(target) if _is_name(each))
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func).rpartition(".")[2] in ("TypeVar", "ParamSpec", "TypeVarTuple")
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _is_name(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)


def _found(name: str, members: Members, others: list[Members], was: Members) -> list[ast.stmt] | None:
    """The definitions of a name now: in its place, in a base class, or where it is imported from. None for nowhere."""
    owner, _, last = name.rpartition(".")
    if name in members:
        nodes = members[name]
        if all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes):
            return next((other[name] for other in others if name in other), nodes)
        return nodes
    if not owner:
        return None
    if owner not in members:  # the whole class is gone, and named as that
        return []
    if last in _set_on_self(members, [each for each in members if each.rpartition(".")[0] == owner]):
        return []  # a field of the class that is one of its instances now
    heads = [node for node in members[owner] if isinstance(node, ast.ClassDef)]
    if not heads:
        return next((other[name] for other in others if name in other), [])
    return _inherited(heads[-1], last, members, others)


def _inherited(head: ast.ClassDef, name: str, members: Members, others: list[Members]) -> list[ast.stmt] | None:
    for base in map(ast.unparse, head.bases):
        for each in (members, *others):
            if f"{base}.{name}" in each:
                return each[f"{base}.{name}"]
            if base in each and isinstance(inner := each[base][-1], ast.ClassDef) and inner is not head:
                return _inherited(inner, name, members, others)
        if base not in BUILTINS or hasattr(getattr(builtins, base), name):
            return []  # from a class that is not seen here
    return [] if hasattr(object, name) and not head.bases and name in QUIET else None


# Special methods that may go: what `object` does instead is slower or less to read, not another result.
QUIET = frozenset({"__repr__", "__str__", "__format__", "__sizeof__", "__reduce__", "__reduce_ex__", "__dir__"})


# --- functions and classes -------------------------------------------------------------------------------------------


def _compared(name: str, old: list[ast.stmt], new: list[ast.stmt]) -> Iterator[Loss]:
    functions = [node for node in old if isinstance(node, FUNCTIONS)]
    now = [node for node in new if isinstance(node, FUNCTIONS)]
    in_class = "." in name
    if functions and now:
        yield from _functions(name, functions, now, in_class)
    elif functions and (classes := [node for node in new if isinstance(node, ast.ClassDef)]):
        yield Loss(classes[-1].lineno, f"`{name}` is a class now, not a function", "signature")
    heads = [node for node in old if isinstance(node, ast.ClassDef)]
    if heads and (classes := [node for node in new if isinstance(node, ast.ClassDef)]):
        yield from _heads(name, heads[-1], classes[-1])


def _functions(name: str, old: list[Function], new: list[Function], in_class: bool) -> Iterator[Loss]:
    """Each old definition of the name needs one now that is called the same, and the last now an old one: it wins."""
    shapes = [shape(node, in_class) for node in new]
    earlier = [shape(node, in_class) for node in old]
    last = _last(shapes)
    if not any(_is_kept(was, shapes[last]) for was in earlier):
        yield Loss(new[last].lineno, f"`{name}` {_difference(earlier[_last(earlier)], shapes[last])}", "signature")
        return
    for node in old:
        was = shape(node, in_class)
        if not any(_is_kept(was, each) for each in shapes):
            likely = next((i for i, each in enumerate(shapes) if each.binding == was.binding), len(new) - 1)
            yield Loss(new[likely].lineno, f"`{name}` {_difference(was, shapes[likely])}", "signature")
            return


def _last(shapes: list[Shape]) -> int:
    """The definition that is called by the name in the end."""
    plain = [number for number, each in enumerate(shapes) if not ACCESSORS & set(each.binding)]
    return plain[-1] if plain else len(shapes) - 1


# They add to the definition before them instead of taking its place.
ACCESSORS = frozenset({"setter", "deleter", "getter", "overload", "register"})


def shape(node: Function, in_class: bool) -> Shape:
    decorators = [ast.unparse(each) for each in node.decorator_list]
    names = [re.split(r"[(\[]", each)[0].rpartition(".")[2] for each in decorators]
    binding = tuple(sorted({BOUND_AS[name] for name in names if name in BOUND_AS}))
    lasting = [
        each for each, name in zip(decorators, names, strict=True) if name not in BOUND_AS and name not in FREE.split()
    ]
    parameters = list(_parameters(node.args))
    if in_class and parameters and "staticmethod" not in binding and parameters[0][1] in ("positional", "plain"):
        parameters[0] = ("self", "positional", None)
    gives = "" if node.name in ITERATORS else _gives(node)
    return Shape(tuple(parameters), gives, binding, tuple(lasting))


# Whatever these give is only iterated over.
ITERATORS = ("__iter__", "__reversed__")


def _parameters(arguments: ast.arguments) -> Iterator[tuple[str, str, str | None]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    for number, (each, default) in enumerate(zip(positional, [*missing, *arguments.defaults], strict=True)):
        kind = "positional" if number < len(arguments.posonlyargs) else "plain"
        yield each.arg, kind, _default(default)
    if arguments.vararg:
        yield "*", "starred", None
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield each.arg, "keyword", _default(default)
    if arguments.kwarg:
        yield "**", "starred", None


def _default(node: ast.expr | None) -> str | None:
    return ast.unparse(node) if node else None


def _gives(node: Function) -> str:
    """What a call gives before any of the body runs: "a generator", "a coroutine", ..., "" for the result itself."""
    is_generator = False
    stack: list[ast.AST] = list(node.body)
    while stack and not is_generator:
        each = stack.pop()
        is_generator = isinstance(each, (ast.Yield, ast.YieldFrom))
        if not isinstance(each, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(each))
    if isinstance(node, ast.AsyncFunctionDef):
        return "an asynchronous generator" if is_generator else "a coroutine"
    return "a generator" if is_generator else ""


def _is_kept(was: Shape, now: Shape) -> bool:
    return _difference(was, now) == ""


def _difference(was: Shape, now: Shape) -> str:
    """What a caller would notice, "" for nothing."""
    if was.binding != now.binding:
        return _listed("is no longer", was.binding, now.binding) or _listed("became", now.binding, was.binding)
    if was.gives != now.gives:
        return f"no longer gives {was.gives}" if was.gives else f"gives {now.gives} now"
    if gone := [each for each in was.decorators if each not in now.decorators]:
        return f"is no longer decorated with @{gone[0]}"
    return _parameter(was.parameters, now.parameters) if was.parameters != now.parameters else ""


def _listed(words: str, some: Iterable[str], others: Collection[str]) -> str:
    names = [name for name in some if name not in others]
    return f"{words} a {' or '.join(names)}" if names else ""


Parameters = tuple[tuple[str, str, str | None], ...]


def _parameter(was: Parameters, now: Parameters) -> str:
    old, new = {each[0]: each for each in was}, {each[0]: each for each in now}
    for name, kind, default in was:
        if name not in new:
            return f"no longer takes {_quoted(name)}"
        if new[name][2] != default and not (_is_sentinel(default) and _is_sentinel(new[name][2])):
            return _defaults(name, default, new[name][2])
        if new[name][1] != kind:
            return f"takes {_quoted(name)} in another way"
    if more := [name for name in new if name not in old]:
        return f"takes {_quoted(more[0])} now"
    return "takes its parameters in another order" if list(old) != list(new) else ""


def _quoted(name: str) -> str:
    return {"*": "any positional arguments", "**": "any keyword arguments"}.get(name, f"`{name}`")


def _is_sentinel(default: str | None) -> bool:
    """A private name: callers cannot tell it from another one."""
    return default is not None and bool(re.fullmatch(r"_\w+", default))


def _defaults(name: str, was: str | None, now: str | None) -> str:
    if was is None or now is None:
        return f"{'no longer needs' if was is None else 'needs'} {_quoted(name)}"
    return f"has another default for {_quoted(name)}: {now} instead of {was}"


def _heads(name: str, old: ast.ClassDef, new: ast.ClassDef) -> Iterator[Loss]:
    bases = {ast.unparse(base) for base in old.bases} - {"object"}
    if gone := sorted(bases - {ast.unparse(base) for base in new.bases}):
        yield Loss(new.lineno, f"`{name}` no longer derives from {', '.join(gone)}", "classes")
    was, now = ({ast.unparse(each) for each in node.decorator_list} for node in (old, new))
    if lost := sorted(was - now):
        yield Loss(new.lineno, f"`{name}` is no longer decorated with @{lost[0]}", "classes")


# --- what instances have ---------------------------------------------------------------------------------------------


def _attributes(was: Members, now: Members, changed: Collection[str]) -> Iterator[Loss]:
    """Public attributes that a class's changed methods set on `self`, and nothing of the class has any more."""
    for name, nodes in was.items():
        if name not in now or not isinstance(nodes[-1], ast.ClassDef) or not _is_public(name, (), was):
            continue
        mine = [each for each in was if each.rpartition(".")[0] == name]
        set_then = _set_on_self(was, [each for each in mine if each in changed])
        if not set_then:
            continue
        here = [each for each in now if each.rpartition(".")[0] == name]
        known = _set_on_self(now, here) | {each.rpartition(".")[2] for each in here}
        open_ended = {"__getattr__", "__getattribute__", "__setattr__", "__slots__"} & known
        if (gone := sorted(set_then - known)) and not open_ended:
            yield Loss(_line(now, name), f"instances of `{name}` no longer have `{gone[0]}`", "attributes")


def _set_on_self(members: Members, names: Iterable[str]) -> set[str]:
    found = set()
    for node in (node for name in names for node in members[name] if isinstance(node, FUNCTIONS)):
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and _is_self(each.value):
                found.add(each.attr)
    return {name for name in found if not name.startswith("_")}


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _shadows(was: Members, now: Members) -> Iterator[Loss]:
    """Built-in names that mean something else in the module now."""
    for name in sorted((BUILTINS & now.keys()) - was.keys() - {"__doc__", "__name__", "__spec__"}):
        if not _is_special(name):
            yield Loss(_line(now, name), f"`{name}` is no longer Python's own", "shadowing")
