"""`for x in xs: total += x` over integers becomes `sum(xs)`; with a builtin around x, `sum(map(f, xs))`.

Left alone: floats (`sum` adds them with compensation since Python 3.12), sums that start elsewhere than at 0, and
conditions or other elements, where a comprehension inside `sum` is no faster than the loop.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import Filling, comprehended, fillings
from llmopt.models.rules.edits import Edit
from llmopt.models.rules.infer import iterated_kind
from llmopt.models.rules.kinds import BOOL, INT, STR, Kind
from llmopt.models.rules.scene import Scene, is_name

_SIZED = ("list", "tuple", "str", "dict", "set", "frozenset", "bytes")


def sum_loop(scene: Scene) -> Iterator[Edit]:
    for filling in fillings(scene):
        added = _added(filling)
        value = _summed(scene, filling, added) if added is not None else None
        if value is not None and "sum" not in scene.shadowed:
            yield comprehended(scene, filling, value)


def _added(filling: Filling) -> cst.BaseExpression | None:
    match filling.last:
        case cst.AugAssign(target=target, operator=cst.AddAssign(), value=value) if is_name(target, filling.name):
            start = isinstance(filling.empty, cst.Integer) and filling.empty.value == "0"
            return value if start else None
    return None


def _summed(scene: Scene, filling: Filling, added: cst.BaseExpression) -> cst.Call | None:
    clause = filling.clause
    if clause.ifs or clause.inner_for_in or not isinstance(filling.loop.target, cst.Name):
        return None
    name = filling.loop.target.value
    iterable = clause.iter if not isinstance(clause.iter, cst.Tuple) else filling.loop.iter
    kind = iterated_kind(scene, filling.loop.iter)
    if is_name(added, name) and kind in (INT, BOOL):
        return _call("sum", iterable)
    mapped = scene.call_of(added, "len", "ord", "abs")
    if mapped and "map" not in scene.shadowed and len(mapped.args) == 1 and is_name(mapped.args[0].value, name):
        assert isinstance(mapped.func, cst.Name)
        if _gives_int(mapped.func.value, kind):
            return _call("sum", _call("map", mapped.func, iterable))
    return None


def _gives_int(function: str, kind: Kind | None) -> bool:
    if kind is None:
        return False
    return {"len": kind.name in _SIZED, "ord": kind == STR, "abs": kind in (INT, BOOL)}[function]


def _call(function: str, *arguments: cst.BaseExpression) -> cst.Call:
    return cst.Call(cst.Name(function), [cst.Arg(argument) for argument in arguments])
