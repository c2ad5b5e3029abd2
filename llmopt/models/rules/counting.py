"""A loop that only counts what it meets becomes `dict(Counter(...))`, which counts in C.

Left alone: dictionaries that do not start empty, loops over values of unknown type (a mapping given to Counter means
something else), and what `list_comprehension` leaves alone. `d[x] = d.get(x, 0) + 1` by itself is slower on new keys.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import is_empty, is_filled_alone, is_movable
from llmopt.models.rules.edits import Edit, needs_import, shown
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.scene import Scene, assignment, only, statements

# The bodies that count, as code: KEY and COUNTS stand for the names.
_BODIES = (
    "if KEY in COUNTS:\n    COUNTS[KEY] += 1\nelse:\n    COUNTS[KEY] = 1\n",
    "if KEY not in COUNTS:\n    COUNTS[KEY] = 1\nelse:\n    COUNTS[KEY] += 1\n",
    "if KEY not in COUNTS:\n    COUNTS[KEY] = 0\nCOUNTS[KEY] += 1\n",
    "COUNTS[KEY] = COUNTS.get(KEY, 0) + 1\n",
)


def counting(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        match node:
            case cst.For(target=cst.Name(value=key), asynchronous=None, orelse=None) if scene.is_function:
                before = scene.before(node)
                pair = assignment(before[-1]) if before else None
                if pair and is_empty(scene, pair[1], "dict") and _counts(scene, node, key, pair[0]):
                    yield from _counted(scene, before[-1], node, pair[0])


def _counts(scene: Scene, loop: cst.For, key: str, counts: str) -> bool:
    body = "".join(scene.code(part).replace("\\\n", "") for part in statements(loop.body))
    bodies = [text.replace("KEY", key).replace("COUNTS", counts) for text in _BODIES]
    return _normal(body) in map(_normal, bodies) and is_known(scene, loop.iter, "list", "tuple", "str")


def _normal(code: str) -> list[str]:
    return [line.strip() for line in code.splitlines() if line.strip()]


def _counted(scene: Scene, start: cst.CSTNode, loop: cst.For, name: str) -> Iterator[Edit]:
    way = needs_import(scene, "collections", "Counter")
    mentions = len(scene.references_in(name, loop.body))
    alone = is_filled_alone(scene, name, start, loop, mentions) and is_movable(scene, loop)
    if way is None or not alone or "dict" in scene.shadowed or not isinstance(start, cst.SimpleStatementLine):
        return
    iterable = loop.iter.with_changes(lpar=[], rpar=[]) if isinstance(loop.iter, cst.Name) else loop.iter
    value = cst.Call(cst.Name("dict"), [cst.Arg(cst.Call(cst.Name(way[0]), [cst.Arg(iterable)]))])
    comments = [line for line in loop.leading_lines if line.comment is not None]
    new = start.with_changes(
        body=[only(start).with_changes(value=value)],
        leading_lines=(*start.leading_lines, *comments),
    )
    explanation = f"the loop `{shown(scene, loop)}` that counts in `{name}` becomes `{shown(scene, new)}`"
    yield Edit(((start, ()), (loop, (new,))), explanation, way[1])
