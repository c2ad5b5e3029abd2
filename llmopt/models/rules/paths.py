"""Which part of an argument an expression reads ("entries[].host"), and what was observed of these parts.

The observer reports stored values only: an attribute that a class computes has no path. A part is trusted when it was
there in every sampled owner, and where the function's own text does not store another value under its name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import libcst as cst

from llmopt.data import Observed
from llmopt.models.rules.kinds import Kind, element, join, parse_kind
from llmopt.models.rules.scene import COMPREHENSIONS, Scene, is_name, targets, walk
from llmopt.models.rules.uses import is_read

STEP = re.compile(r"(?P<owner>.+?)(?P<step>\[\]|\.\w+|\[(?:'[^']*'|\"[^\"]*\")\])")
HOLDERS = ("list", "tuple", "set", "frozenset", "deque")
_KEEPING = ("sorted", "list", "tuple", "set", "frozenset", "reversed", "iter")  # give the elements they are given
_FRESH = ("dict", "list", "set", "defaultdict", "Counter", "OrderedDict", "deque", "sorted")
_REWRITERS = frozenset({"setattr", "delattr", "__dict__", "__setattr__", "__delattr__"})
_UPDATERS = ("update", "__setitem__")
NOTHING: Mapping[str, str] = {}


# --- what was observed -----------------------------------------------------------------------------------------


def known_kinds(observed: Sequence[Observed]) -> dict[str, Kind]:
    """The kinds of arguments and their parts by path; a container's elements are those of its path with "[]"."""
    seen = {one.name.lstrip("*"): one for one in observed}
    joined = {path: join(map(parse_kind, one.kinds)) for path, one in seen.items()}
    kinds = {path: kind for path, kind in joined.items() if kind is not None and _is_complete(path, seen)}
    for path in sorted(kinds, key=len, reverse=True):
        owner = path.removesuffix("[]")
        if owner != path and owner in kinds:
            kinds[owner] = _with_elements(kinds[owner], kinds[path])
    return kinds


def _is_complete(path: str, seen: Mapping[str, Observed]) -> bool:
    """Whether every sampled owner had this part; an attribute that always was None is yet to get its value."""
    match = STEP.fullmatch(path)
    if match is None:
        return True
    owner = seen.get(match["owner"])
    if owner is None or not _is_complete(match["owner"], seen):
        return False
    if match["step"] == "[]":
        return _names(join(map(parse_kind, owner.kinds))) <= {*HOLDERS, "NoneType"}
    nones = sum(count for kind, count in zip(owner.kinds, owner.counts, strict=True) if kind == "NoneType")
    return sum(seen[path].counts) == sum(owner.counts) - nones and seen[path].kinds != ("NoneType",)


def _names(kind: Kind | None) -> set[str]:
    if kind is None:
        return set()
    return {part.name for part in (kind.inner if kind.name == "|" else (kind,))}


def _with_elements(kind: Kind, inner: Kind) -> Kind:
    covers = kind.name in HOLDERS and _names(element(kind)) <= _names(inner)
    return replace(kind, inner=(inner,)) if covers else kind


# --- what an expression reads ----------------------------------------------------------------------------------


def path_of(scene: Scene, node: cst.CSTNode, seen: Mapping[str, str] = NOTHING) -> str | None:
    """The path of all values the expression can have, or None. `seen` are the names already being looked up."""
    match node:
        case cst.Name():
            return _name_path(scene, node, seen)
        case cst.Attribute(value=value, attr=cst.Name(value=name)):
            owner = path_of(scene, value, seen)
            return f"{owner}.{name}" if owner and not _may_store(scene, name) else None
        case cst.Subscript(value=value, slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))]):
            owner, text = path_of(scene, value, seen), ast.literal_eval(key.value)
            return f"{owner}[{text!r}]" if owner and isinstance(text, str) and not may_put(scene, text) else None
        case cst.Subscript(value=value, slice=[cst.SubscriptElement(slice=cst.Index())]):
            return elements_of(scene, value, seen) if _is_sequence(scene, value, seen) else None
    return None


def elements_of(scene: Scene, node: cst.CSTNode, seen: Mapping[str, str] = NOTHING) -> str | None:
    """The path of what iterating over the expression gives, or None."""
    if path := path_of(scene, node, seen):
        return f"{path}[]"
    match node:
        case cst.Call(func=func, args=[cst.Arg(keyword=None, star="", value=value), *_]):
            return elements_of(scene, value, seen) if scene.is_builtin(func, *_KEEPING) else None
        case cst.Subscript(value=value, slice=[cst.SubscriptElement(slice=cst.Slice())]):
            return elements_of(scene, value, seen)
        case cst.ListComp(elt=elt) | cst.SetComp(elt=elt) | cst.GeneratorExp(elt=elt):
            return path_of(scene, elt, seen)
        case cst.Name(value=name):
            return seen[name] if name in seen else _collected(scene, name, seen)
    return None


def _is_sequence(scene: Scene, node: cst.CSTNode, seen: Mapping[str, str]) -> bool:
    """Whether an index of the expression gives one of its elements."""
    path = path_of(scene, node, seen)
    kind = scene.observed.get(path) if path else None
    return path is None or (kind is not None and kind.name in ("list", "tuple", "deque"))


def loop_of(scene: Scene, node: cst.Name) -> cst.For | cst.CompFor | None:
    """The loop or comprehension around the name that alone binds it there."""
    if node.value in scene.captured:
        return None
    for loop in scene.ancestors(node):
        if isinstance(loop, cst.For) and scene.is_inside(node, loop.body):
            binders = [binder for binder in scene.bindings.get(node.value, []) if scene.is_inside(binder, loop)]
            own = [binder for binder in binders if not isinstance(binder, cst.CompFor)]
            if own:
                return loop if own == [loop] else None
        elif isinstance(loop, COMPREHENSIONS) and _binds_inside(scene, loop.for_in, node):
            return loop.for_in if loop.for_in.inner_for_in is None else None
    return None


def _binds_inside(scene: Scene, clause: cst.CompFor, node: cst.Name) -> bool:
    """Whether a comprehension with this first clause binds the name where it stands."""
    return node.value in _bound_by(clause) and not scene.is_inside(node, clause.iter)


def _bound_by(clause: cst.CompFor | None) -> Iterator[str]:
    while clause is not None:
        yield from (name.value for name in targets(clause.target))
        clause = clause.inner_for_in


def _name_path(scene: Scene, node: cst.Name, seen: Mapping[str, str]) -> str | None:
    name = node.value
    if loop := loop_of(scene, node):
        return _drawn(scene, loop, name, seen) if loop.asynchronous is None else None
    if name in seen or not scene.is_function:
        return None
    bound = scene.bindings.get(name, [])
    if name in scene.parameters:
        return name if not bound and name in scene.observed else None
    value = _assigned(scene, bound[0]) if len(bound) == 1 and name not in scene.captured else None
    return path_of(scene, value, {**seen, name: ""}) if value is not None else None


def _assigned(scene: Scene, binder: cst.CSTNode) -> cst.BaseExpression | None:
    """The value of `name = value`."""
    match binder:
        case cst.AssignTarget(target=cst.Name()):
            statement = scene.parents[binder]
            return statement.value if isinstance(statement, cst.Assign) else None
        case cst.AnnAssign(target=cst.Name()):
            return binder.value
    return None


def _drawn(scene: Scene, loop: cst.For | cst.CompFor, name: str, seen: Mapping[str, str]) -> str | None:
    """The path of the loop's variable of this name."""
    if is_name(loop.target, name):
        return elements_of(scene, loop.iter, seen)
    call = scene.call_of(loop.iter, "enumerate", "zip")
    if call is None or not call.args or not isinstance(loop.target, cst.Tuple):
        return None
    parts = [part.value for part in loop.target.elements]
    numbered = scene.is_builtin(call.func, "enumerate")
    sources = [None, call.args[0].value] if numbered else [argument.value for argument in call.args]
    pairs = zip(parts, sources, strict=False) if len(parts) == len(sources) else ()
    found = [source for part, source in pairs if is_name(part, name)]
    return elements_of(scene, found[0], seen) if len(found) == 1 and found[0] is not None else None


def _collected(scene: Scene, name: str, seen: Mapping[str, str]) -> str | None:
    """The path of the elements of a local name: of everything bound to it, when nothing is put into it later."""
    if name in scene.captured or not scene.is_local(name):
        return None
    start = f"{name}[]" if name in scene.parameters else ""
    values = [_assigned(scene, binder) for binder in scene.bindings[name]] if name in scene.bindings else []
    inside = {**seen, name: start}
    found = {elements_of(scene, value, inside) if value is not None else None for value in values}
    uses = [use for use in scene.references[name] if not is_read(scene, use)]
    is_untouched = all(isinstance(scene.parents[use], (cst.AssignTarget, cst.AnnAssign, cst.Return)) for use in uses)
    if start and name not in scene.observed:
        return None
    found |= {start} if start else set()
    return found.pop() if len(found) == 1 and is_untouched else None


# --- what the function stores ----------------------------------------------------------------------------------


def _may_store(scene: Scene, name: str) -> bool:
    """Whether the function may give an attribute of this name another value."""
    return bool({name, *_REWRITERS} & _stored_names(scene))


def _stored_names(scene: Scene) -> set[str]:
    found = {leaf.attr.value for leaf in scene.written if isinstance(leaf, cst.Attribute)}
    return found | {node.value for node in walk(scene.scope) if isinstance(node, cst.Name) and node.value in _REWRITERS}


def may_put(scene: Scene, key: str | None = None) -> bool:
    """Whether the function may put another value under this key, or any, of a dict that it did not make itself."""
    if any(isinstance(leaf, cst.Subscript) and _puts(scene, leaf, key) for leaf in scene.written):
        return True
    calls = (node for node in walk(scene.scope) if isinstance(node, cst.Attribute) and node.attr.value in _UPDATERS)
    return any(not _is_fresh(scene, call.value) for call in calls)


def _puts(scene: Scene, leaf: cst.Subscript, key: str | None) -> bool:
    match leaf.slice[0].slice:
        case cst.Slice():
            return False
        case cst.Index(value=cst.Integer() | cst.SimpleString() as other):
            if key is not None and ast.literal_eval(other.value) != key:
                return False
    return not _is_fresh(scene, leaf.value)


def _is_fresh(scene: Scene, node: cst.CSTNode) -> bool:
    """Whether this is a local name for nothing but containers that the function makes."""
    if not isinstance(node, cst.Name) or node.value in scene.parameters or not scene.is_local(node.value):
        return False
    values = [_assigned(scene, binder) for binder in scene.bindings[node.value]]
    return all(value is not None and _makes_container(value) for value in values)


def _makes_container(node: cst.BaseExpression) -> bool:
    match node:
        case cst.Dict() | cst.List() | cst.Set() | cst.DictComp() | cst.ListComp() | cst.SetComp():
            return True
        case cst.Call(func=cst.Name(value=name)):
            return name in _FRESH
    return False
