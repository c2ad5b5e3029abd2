"""`x in names` with a list, asked again and again in a loop, asks a set that is built once before the loop.

Left alone: elements or x not known to be hashable, lists changed, stored or handed on in the loop, generators and
coroutines (other code may change the list meanwhile). The list itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit
from llmopt.models.rules.infer import kind_of
from llmopt.models.rules.kinds import element, is_hashable
from llmopt.models.rules.scene import Scene
from llmopt.models.rules.stability import anchor


def membership_set(scene: Scene) -> Iterator[Edit]:
    groups: dict[tuple[str, cst.CSTNode], list[cst.Name]] = {}
    for node in scene.nodes:
        name = _listed(scene, node)
        place = anchor(scene, name, name.value) if name is not None and scene.is_function else None
        if name is not None and place is not None:
            groups.setdefault((name.value, place), []).append(name)
    if "set" not in scene.shadowed:
        for (text, place), names in groups.items():
            yield _looked_up(scene, text, place, names)


def _listed(scene: Scene, node: cst.CSTNode) -> cst.Name | None:
    """The list in `x in list`, when both are known to agree with what a set does."""
    match node:
        case cst.Comparison(
            left=left,
            comparisons=[cst.ComparisonTarget(operator=cst.In() | cst.NotIn(), comparator=cst.Name() as name)],
        ):
            kind = kind_of(scene, name)
            fits = kind is not None and kind.name in ("list", "tuple") and is_hashable(element(kind))
            return name if fits and is_hashable(kind_of(scene, left)) else None
    return None


def _looked_up(scene: Scene, text: str, place: cst.CSTNode, names: list[cst.Name]) -> Edit:
    new = scene.fresh(f"{text.lower().strip('_')}_set")
    line = cst.ensure_type(cst.parse_statement(f"{new} = set({text})\n"), cst.SimpleStatementLine)
    swaps = [(name, (cst.Name(new),)) for name in names]
    explanation = f"`in {text}` asks a set built once before the loop instead of searching the list each time"
    return Edit((*swaps, (place, (line, place))), explanation)
