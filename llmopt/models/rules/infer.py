"""The kind of an expression: from observed arguments and their parts, literals, and what builtins return."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from llmopt.models.rules.kinds import BOOL, BYTES, FLOAT, INT, ITERABLES, STR, Kind, element, join
from llmopt.models.rules.paths import STEP, loop_of, may_put, path_of
from llmopt.models.rules.scene import Scene, method_call, plain
from llmopt.models.rules.uses import is_read

UNKNOWN = Kind("|")  # covers nothing: joined with another kind it leaves that one as it is
NOTHING: Mapping[str, Kind] = {}
DEPTH = 4  # names bound from names bound from names: further ones are taken for unknown

# What the methods of str return; `split` and its like give lists of str.
_TO_STR = [
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "casefold", "swapcase", "replace", "join",
    "format", "zfill", "center", "ljust", "rjust", "expandtabs", "translate", "removeprefix", "removesuffix",
]  # fmt: skip
_STR_METHODS = {
    **dict.fromkeys(_TO_STR, STR),
    **dict.fromkeys(("split", "rsplit", "splitlines"), Kind("list", (STR,))),
    **dict.fromkeys(("partition", "rpartition"), Kind("tuple", (STR, STR, STR))),
    **dict.fromkeys(("count", "find", "index", "rfind", "rindex"), INT),
    **dict.fromkeys(("startswith", "endswith", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower"), BOOL),
    "encode": BYTES,
}
_CALLS = {
    **dict.fromkeys(("str", "repr", "chr", "ascii", "hex", "bin", "oct"), STR),
    **dict.fromkeys(("len", "ord", "int", "hash", "id"), INT),
    **dict.fromkeys(("isinstance", "callable", "bool", "any", "all", "hasattr", "issubclass"), BOOL),
    "float": FLOAT,
    "bytes": BYTES,
}
_SAME_ELEMENTS = ("list", "sorted", "tuple", "set", "frozenset")


def kind_of(scene: Scene, node: cst.CSTNode, seen: Mapping[str, Kind] = NOTHING) -> Kind | None:
    """The kind of all values the expression can have, or None. `seen` are the names already being looked up."""
    match node:
        case cst.Name(value="True" | "False"):
            return BOOL
        case cst.Name(value="None"):
            return Kind("NoneType")
        case cst.Name():
            named = _loop_variable(scene, node, seen) or name_kind(scene, node.value, seen)
            return named or (None if node.value in seen else _part_kind(scene, node))
        case cst.Attribute():
            return _part_kind(scene, node)
        case cst.Integer():
            return INT
        case cst.Float():
            return FLOAT
        case cst.FormattedString():
            return STR
        case cst.SimpleString():
            return BYTES if "b" in node.prefix else STR
        case cst.ConcatenatedString():
            return kind_of(scene, node.left, seen)
        case cst.List() | cst.Tuple() | cst.Set() | cst.Dict():
            return _display(scene, node, seen)
        case cst.ListComp() | cst.SetComp():
            name = "list" if isinstance(node, cst.ListComp) else "set"
            return _holding(name, kind_of(scene, node.elt, seen))
        case cst.DictComp():
            return Kind("dict")
        case cst.Comparison(
            comparisons=[cst.ComparisonTarget(operator=cst.In() | cst.NotIn() | cst.Is() | cst.IsNot())]
        ):
            return BOOL
        case cst.UnaryOperation():
            return BOOL if isinstance(node.operator, cst.Not) else _number(kind_of(scene, node.expression, seen))
        case cst.IfExp():
            return _all(kind_of(scene, node.body, seen), kind_of(scene, node.orelse, seen))
        case cst.BinaryOperation():
            return _arithmetic(node.operator, kind_of(scene, node.left, seen), kind_of(scene, node.right, seen))
        case cst.Subscript():
            return _part_kind(scene, node) or _item(scene, node, seen)
        case cst.Call():
            return _call(scene, node, seen)
    return None


def _all(*kinds: Kind | None) -> Kind | None:
    known = [kind for kind in kinds if kind is not None]
    return join(known) if len(known) == len(kinds) else None


def _holding(name: str, inner: Kind | None) -> Kind:
    return Kind(name, (inner,) if inner else ())


def _number(kind: Kind | None) -> Kind | None:
    return kind if kind in (INT, FLOAT) else None


def _display(scene: Scene, node: cst.List | cst.Tuple | cst.Set | cst.Dict, seen: Mapping[str, Kind]) -> Kind:
    name = type(node).__name__.lower()
    if isinstance(node, cst.Dict):
        keys = [kind_of(scene, part.key, seen) if isinstance(part, cst.DictElement) else None for part in node.elements]
        values = [kind_of(scene, part.value, seen) for part in node.elements]
        pair = (_all(*keys), _all(*values)) if keys else (None, None)
        return Kind(name, (pair[0], pair[1])) if pair[0] and pair[1] else Kind(name)
    kinds = [kind_of(scene, part.value, seen) if isinstance(part, cst.Element) else None for part in node.elements]
    if isinstance(node, cst.Tuple):
        known = tuple(kind for kind in kinds if kind)
        return Kind(name, known if len(known) == len(kinds) else ())
    return _holding(name, _all(*kinds) if kinds else None)


def _arithmetic(operator: cst.BaseBinaryOp, left: Kind | None, right: Kind | None) -> Kind | None:
    integers = (cst.Add, cst.Subtract, cst.Multiply, cst.FloorDivide, cst.Modulo)
    if left == right == INT and isinstance(operator, integers):
        return INT
    if isinstance(operator, cst.Add) and left == right and left in (STR, BYTES):
        return left
    if isinstance(operator, cst.Modulo) and left == STR:
        return STR
    if isinstance(operator, cst.Multiply) and INT in (left, right):
        return next((kind for kind in (left, right) if kind in (STR, BYTES)), None)
    return None


def _item(scene: Scene, node: cst.Subscript, seen: Mapping[str, Kind]) -> Kind | None:
    kind = kind_of(scene, node.value, seen)
    if kind is None:
        return None
    sliced = any(isinstance(part.slice, cst.Slice) for part in node.slice)
    if kind.name in ("str", "bytes", "list"):
        return (Kind(kind.name, kind.inner)) if sliced else element(kind)
    return kind.inner[1] if kind.name == "dict" and len(kind.inner) == 2 and not may_put(scene) else None


def _call(scene: Scene, node: cst.Call, seen: Mapping[str, Kind]) -> Kind | None:
    match node.func:
        case cst.Name(value=name) if scene.is_builtin(node.func, name):
            if name in _CALLS:
                return _CALLS[name]
            if name in _SAME_ELEMENTS:
                inner = (
                    element(kind_of(scene, node.args[0].value, seen)) if node.args and plain(node.args[:1]) else None
                )
                return _holding("list" if name == "sorted" else name, inner)
            return Kind(name) if name in ("dict", "range") else None
        case cst.Attribute(value=receiver, attr=cst.Name(value=method)) if method in _STR_METHODS:
            return _STR_METHODS[method] if kind_of(scene, receiver, seen) == STR else None
    return None


def _part_kind(scene: Scene, node: cst.CSTNode) -> Kind | None:
    """What was observed of the part of an argument that the expression reads."""
    path = path_of(scene, node) if scene.observed else None
    return scene.observed.get(path) if path and STEP.fullmatch(path) else None


def _loop_variable(scene: Scene, node: cst.Name, seen: Mapping[str, Kind]) -> Kind | None:
    """The kind of a name inside a loop or comprehension that alone binds it there."""
    loop = loop_of(scene, node) if node.value not in seen else None
    return _bound_kind(scene, loop, node.value, {**seen, node.value: UNKNOWN}) if loop is not None else None


def name_kind(scene: Scene, name: str, seen: Mapping[str, Kind] = NOTHING) -> Kind | None:
    """The kind of a local name: all of what binds it must be known. Names of the module: constants bound once.

    A name may be bound from itself (`s = s.strip()`): the other bindings give a guess, which all of them must confirm.
    """
    if name in seen:
        return seen[name]
    if len(seen) > DEPTH:
        return None
    if not scene.is_function or not (name in scene.bindings or name in scene.parameters):
        return _constant_kind(scene, name, {**seen, name: UNKNOWN})
    if name in scene.captured and scene.bindings.get(name):
        return None
    first = _binding_kinds(scene, name, {**seen, name: UNKNOWN})
    guess = join(kind for kind in first if kind)
    if guess is None:
        return None
    if scene.bindings.get(name):
        second = _binding_kinds(scene, name, {**seen, name: guess})
        if None in second or join([guess, *filter(None, second)]) != guess:
            return None
    return _filled(scene, name, guess, seen)


def _filled(scene: Scene, name: str, kind: Kind, seen: Mapping[str, Kind]) -> Kind:
    """The kind with what the function puts into the value; without its elements when that is not known."""
    if kind.name not in ("list", "set", "dict"):
        return kind
    inner: list[Kind | None] = list(kind.inner)
    for reference in scene.references.get(name, []):
        if is_read(scene, reference) or _is_harmless_use(scene, reference, name in scene.parameters):
            continue
        added = _addition(scene, reference)
        inner.append(kind_of(scene, added, {**seen, name: UNKNOWN}) if added is not None else None)
    known = [part for part in inner if part is not None]
    if len(known) < len(inner) or kind.name == "dict":
        return kind if inner == list(kind.inner) else Kind(kind.name)
    return _holding(kind.name, join(known))


def _is_harmless_use(scene: Scene, reference: cst.Name, is_given: bool) -> bool:
    """Binding and returning add no elements; nor, we trust, does other code to a list that it was given to look at."""
    parent = scene.parents[reference]
    if isinstance(parent, (cst.AssignTarget, cst.AnnAssign, cst.Return, cst.For)):
        return True
    return is_given and isinstance(parent, (cst.Arg, cst.BooleanOperation, cst.Assign))


def _addition(scene: Scene, reference: cst.Name) -> cst.BaseExpression | None:
    """What `name.append(...)` or `name.add(...)` puts into the value."""
    attribute = scene.parents[reference]
    call = method_call(scene.parents.get(attribute, attribute), "append", "add")
    return call[2][0].value if call and call[0] is reference and len(call[2]) == 1 else None


def _binding_kinds(scene: Scene, name: str, seen: Mapping[str, Kind]) -> list[Kind | None]:
    kinds = [_bound_kind(scene, binder, name, seen) for binder in scene.bindings.get(name, [])]
    return [*kinds, _parameter_kind(scene, name)] if name in scene.parameters else kinds


def _parameter_kind(scene: Scene, name: str) -> Kind | None:
    star = scene.parameters[name].star
    if isinstance(star, str) and star:
        return Kind("tuple" if star == "*" else "dict")
    default = scene.parameters[name].default
    kinds = [scene.observed.get(name), kind_of(scene, default, {name: UNKNOWN}) if default is not None else UNKNOWN]
    return _all(*kinds)


def _constant_kind(scene: Scene, name: str, seen: Mapping[str, Kind]) -> Kind | None:
    """A module-level display of literals that the file binds once and nowhere declares global."""
    value = scene.constants.get(name)
    return None if value is None else kind_of(scene, value, seen)


def _bound_kind(scene: Scene, binder: cst.CSTNode, name: str, seen: Mapping[str, Kind]) -> Kind | None:
    match binder:
        case cst.AssignTarget(target=cst.Name()):
            statement = scene.parents[binder]
            return kind_of(scene, statement.value, seen) if isinstance(statement, cst.Assign) else None
        case cst.AnnAssign(target=cst.Name(), value=cst.BaseExpression() as value):
            return kind_of(scene, value, seen)
        case cst.NamedExpr(value=value):
            return kind_of(scene, value, seen)
        case cst.AugAssign(target=cst.Name() as target, value=value):
            return _augmented(binder, kind_of(scene, target, seen), kind_of(scene, value, seen))
        case cst.For(asynchronous=None) | cst.CompFor(asynchronous=None):
            return _loop_kind(scene, binder.target, binder.iter, name, seen)
    return None


def _augmented(node: cst.AugAssign, old: Kind | None, value: Kind | None) -> Kind | None:
    additive = isinstance(node.operator, (cst.AddAssign, cst.SubtractAssign, cst.MultiplyAssign))
    if additive and old == value == INT:
        return INT
    return old if isinstance(node.operator, cst.AddAssign) and old == value and old in (STR, BYTES) else None


def _loop_kind(
    scene: Scene, target: cst.CSTNode, iterable: cst.BaseExpression, name: str, seen: Mapping[str, Kind]
) -> Kind | None:
    if isinstance(target, cst.Name):
        return iterated_kind(scene, iterable, seen)
    call = scene.call_of(iterable, "enumerate")
    if call and isinstance(target, cst.Tuple) and len(target.elements) == 2:
        first, second = (part.value for part in target.elements)
        if isinstance(first, cst.Name) and first.value == name:
            return INT
        if isinstance(second, cst.Name) and second.value == name:
            return iterated_kind(scene, call.args[0].value, seen)
    return None


def iterated_kind(scene: Scene, iterable: cst.BaseExpression, seen: Mapping[str, Kind] = NOTHING) -> Kind | None:
    """What a loop over the expression gives."""
    if scene.call_of(iterable, "range"):
        return INT
    call = scene.call_of(iterable, "reversed", "iter")
    if call and len(call.args) == 1:
        return element(kind_of(scene, call.args[0].value, seen))
    return element(kind_of(scene, iterable, seen))


def is_known(scene: Scene, node: cst.CSTNode, *names: str) -> bool:
    """Whether the expression surely is of one of these types."""
    kind = kind_of(scene, node)
    if kind is None:
        return False
    parts = kind.inner if kind.name == "|" else (kind,)
    return bool(parts) and all(part.name in names for part in parts)


def is_iterable(scene: Scene, node: cst.CSTNode) -> bool:
    return is_known(scene, node, *ITERABLES)
