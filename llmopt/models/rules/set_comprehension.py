"""A loop that only adds to a new set becomes a set comprehension.

Left alone: what `list_comprehension` leaves alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.collecting import comprehended, fillings, is_empty
from llmopt.models.rules.edits import Edit
from llmopt.models.rules.list_comprehension import filled_by
from llmopt.models.rules.scene import Scene


def set_comprehension(scene: Scene) -> Iterator[Edit]:
    for filling in fillings(scene):
        value = filled_by(filling, "add")
        if value is not None and is_empty(scene, filling.empty, "set"):
            yield comprehended(scene, filling, cst.SetComp(elt=value, for_in=filling.clause))
