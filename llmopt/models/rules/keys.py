"""`key in d.keys()` builds a view of the keys only to look into the dictionary.

Left alone: receivers not known to be dictionaries, and `for key in d.keys()`, where the view costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from llmopt.models.rules.edits import Edit, swap
from llmopt.models.rules.infer import is_known
from llmopt.models.rules.scene import Scene, method_call

DICTS = ("dict", "OrderedDict", "defaultdict", "Counter")


def keys(scene: Scene) -> Iterator[Edit]:
    for node in scene.nodes:
        if not isinstance(node, cst.ComparisonTarget) or not isinstance(node.operator, (cst.In, cst.NotIn)):
            continue
        call = method_call(node.comparator, "keys")
        if call and not call[2] and is_known(scene, call[0], *DICTS):
            yield swap(scene, node.comparator, call[0])
