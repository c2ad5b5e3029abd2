"""How much of the run the lines of an edit take: what the edit could gain at most, by the measured lines of a hotspot.

The line profiler counts what a line calls, so the repository's functions that a line names are taken off, and no line
counts for more than the function with the library code it calls.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from llmopt.data import Function, Hotspot
from llmopt.models.rules.edits import Edit
from llmopt.models.rules.scene import Scene

# A comprehension saves the call of `append` besides: about as much again as the loop's own line, twice to be sure.
AROUND_LOOP = 3

Gain = Callable[[Scene, Edit], float]


def unmeasured(scene: Scene, edit: Edit) -> float:
    """Without measured lines any edit may matter."""
    return 1.0


def gain_of(hotspot: Hotspot, source: str) -> Gain:
    """The largest share of the run that an edit of this hotspot's function could save."""
    if not hotspot.lines:
        return unmeasured
    shares = line_shares(hotspot, source)

    def gain(scene: Scene, edit: Edit) -> float:
        known = _carried(source, scene.module.code)
        lines = {line for node in _changed(edit) for line in _lines(scene, node)}
        cost = sum(shares.get(old, 0.0) for old in {old for line in lines for old in known[line]})
        return min(hotspot.own_share, cost * AROUND_LOOP if edit.loops else cost)

    return gain


def line_shares(hotspot: Hotspot, source: str) -> dict[int, float]:
    """Line -> share of the run, without what the repository's functions take that it calls."""
    text = source.split("\n")
    shares = {cost.line: cost.share * hotspot.inclusive_share for cost in hotspot.lines if cost.line <= len(text)}
    for callee, share in hotspot.callees:
        naming = [line for line in shares if _names(text[line - 1], callee)]
        total = sum(shares[line] for line in naming)
        for line in naming:
            shares[line] -= min(share, total) * shares[line] / total if total else 0.0
    return shares


def _names(line: str, callee: Function) -> bool:
    """Whether the line mentions a function of the repository (library code is the line's own cost)."""
    name = callee.name.removesuffix(".__init__").rpartition(".")[2]
    return not callee.path.startswith(("/", "<")) and re.search(rf"\b{re.escape(name)}\b", line) is not None


def _changed(edit: Edit) -> list[cst.CSTNode]:
    """The nodes that gain; a statement that only gets a line before it does not."""
    if edit.loops:
        return [loop.target for loop in edit.loops]
    return [old for old, new in edit.swaps if not any(node is old for node in new)] + list(edit.faster)


def _lines(scene: Scene, node: cst.CSTNode) -> range:
    """The lines of the node, or of the plain statement that it is in."""
    around = (node, *scene.ancestors(node))
    whole = next((outer for outer in around if isinstance(outer, cst.SimpleStatementLine)), node)
    place = _positions(scene.module)[whole]
    return range(place.start.line, place.end.line + 1)


@lru_cache(maxsize=4)
def _positions(module: cst.Module) -> Mapping[cst.CSTNode, CodeRange]:
    return MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)


@lru_cache(maxsize=4)
def _carried(old: str, new: str) -> Mapping[int, range]:
    """Line of the new text -> lines of the old one that it is, or that its block was made of."""
    found: dict[int, range] = defaultdict(lambda: range(0))
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"))
    for same, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        for line in range(new_start, new_end):
            at = line - new_start + old_start
            found[line + 1] = range(at + 1, at + 2) if same == "equal" else range(old_start + 1, old_end + 1)
    return found
