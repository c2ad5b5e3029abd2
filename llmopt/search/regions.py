"""Hot functions in, regions out: those on one chain of calls, as the best edit may be anywhere on it; regions of short
code in, fewer that hold several of them out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from llmopt.data import Hotspot, Region

LEAVES = 6  # hot functions of one region: more do not fit into a request
NEAR = 8  # callers that may belong to the region of a function, nearest first
COMMON = 0.5  # of a function's callers, from which on it belongs to a region that has them


def regions(leaves: Sequence[Hotspot], known: Sequence[Hotspot]) -> tuple[Region, ...]:
    """The regions of the functions `leaves`, ranked by what there is to gain; `known` are all functions that may stand
    on the way to them."""
    by_key = {each.function.key: each for each in (*known, *leaves)}
    found: list[tuple[list[Hotspot], list[Hotspot]]] = []
    for leaf in sorted(leaves, key=lambda each: (-each.own_share, each.function.key)):
        path = _path(leaf, by_key)
        home = next((each for each in found if _belongs(path, *each)), None)
        if home is None:
            found.append(([leaf], path))
        else:
            home[0].append(leaf)
            _insert(path, home[1])
    return tuple(sorted((_region(functions) for _, functions in found), key=lambda region: -region.share))


def _path(leaf: Hotspot, known: Mapping[str, Hotspot]) -> list[Hotspot]:
    """The known functions from the outermost caller to the leaf."""
    above = [known[each.function.key] for each in reversed(leaf.chain[:NEAR]) if each.function.key in known]
    return [*(each for each in above if each.function.key != leaf.function.key), leaf]


def _belongs(path: Sequence[Hotspot], leaves: Sequence[Hotspot], functions: Sequence[Hotspot]) -> bool:
    if path[-1] in functions:
        return True
    if len(leaves) >= LEAVES or len(path) == 1:
        return False
    return sum(each in functions for each in path[:-1]) > COMMON * (len(path) - 1)


def _insert(path: Sequence[Hotspot], functions: list[Hotspot]) -> None:
    """Add what is new of the path, each right after the one that calls it."""
    for before, each in zip([None, *path], path, strict=False):
        if each not in functions:
            functions.insert(functions.index(before) + 1 if before in functions else 0, each)


def _region(functions: Sequence[Hotspot]) -> Region:
    focus = max(functions, key=lambda each: each.own_share)
    return Region(tuple(functions), focus, min(1.0, sum(each.own_share for each in functions)))


def together(ranked: Sequence[Region], size: Callable[[Hotspot], int], most: int) -> tuple[Region, ...]:
    """The regions, ranked by what there is to gain, those joined whose functions are no longer than `most` in all.

    Every request repeats the rules and the workload, and the helpers of regions of one small package are mostly the
    same: asked about one by one they cost a request each, and the model sees no gain that lies between them.
    """
    found: list[Region] = []
    for region in ranked:
        for place, other in enumerate(found):
            functions = tuple(dict.fromkeys((*other.functions, *region.functions)))
            if sum(map(size, functions)) <= most:
                found[place] = _region(functions)
                break
        else:
            found.append(region)
    return tuple(sorted(found, key=lambda region: -region.share))


def gain(region: Region, asked: int) -> float:
    """What a further question about the region may bring, in log speedup: each one that was asked halves it."""
    return -math.log(max(0.001, 1 - region.share)) * 0.5**asked


def headroom(region: Region) -> float:
    """The speedup of the run if the region's own lines, and the library code they call, cost nothing."""
    return 1 / max(0.001, 1 - region.share)
