"""A kept edit in, the part of it that pays out: changes to functions that gain nothing are taken back.

The parts are the functions that an edit changes. Each is left out in turn, those with the smallest share of the base's
time first; what is as fast without it goes, for a small diff is easier to review and breaks less. What remains must
pass the checks again, or the whole edit stays.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmopt import syntax
from llmopt.data import Hotspot, ReadFile
from llmopt.errors import EditError, WorkloadError

MODULE = "<module>"
# A part pays when the edit with it is this much faster than without; pairs of runs to tell.
PAYS, PAIRS = 1.01, 6
MOST_PARTS = 4

Texts = Mapping[str, str]  # repository path -> whole text
Faster = Callable[[Texts, Texts], float]  # the speedup from the first to the second; WorkloadError where one fails


@dataclass(frozen=True)
class Part:
    """The changed lines of one function, by their places in the old and the new text of its file."""

    path: str
    name: str
    blocks: tuple[tuple[int, int, int, int], ...]

    @property
    def key(self) -> str:
        return f"{self.path}::{self.name}"


def parts(old: Texts, new: Texts) -> tuple[Part, ...]:
    """The parts that can be left out: changes of functions that were there before. New helpers, constants and imports
    only serve them."""
    found = []
    for path, text in new.items():
        if path.endswith(".py") and path in old:
            blocks: dict[str, list[tuple[int, int, int, int]]] = {}
            for name, block in _blocks(old[path], text):
                blocks.setdefault(name, []).append(block)
            found += [Part(path, name, tuple(each)) for name, each in blocks.items() if name != MODULE]
    return tuple(found)


def _blocks(old: str, new: str) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """The places where the texts differ, each with the old function that it lies in."""
    try:
        known = [each for each in syntax.definitions(syntax.parse(old)) if not hasattr(each.node, "bases")]
    except SyntaxError:
        return
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            around = [each for each in known if each.start <= i1 + 1 and max(i1 + 1, i2) <= each.end]
            yield (around[0].name if around else MODULE), (i1, i2, j1, j2)


def without(part: Part, old: Texts, new: Texts) -> dict[str, str]:
    """The new texts with that part as it was."""
    before, after = old[part.path].split("\n"), new[part.path].split("\n")
    for i1, i2, j1, j2 in sorted(part.blocks, key=lambda block: -block[2]):
        after[j1:j2] = before[i1:i2]
    return {**new, part.path: "\n".join(after)}


def pare(
    old: Texts, new: Texts, hotspots: Sequence[Hotspot], faster: Faster, watch: Callable[[str], None]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The texts without the parts that do not pay, and the keys of these; equal to `new` where all do."""
    kept, dropped = dict(new), []
    shares = {each.function.key: each.inclusive_share for each in hotspots}
    order = sorted(parts(old, new), key=lambda part: shares.get(part.key, 0.0))
    for key in [part.key for part in order[:MOST_PARTS]]:
        left = parts(old, kept)
        part = next((each for each in left if each.key == key), None)
        if part is None or len(left) == 1:
            continue
        less = without(part, old, kept)
        watch(f"does the change of {part.name} pay?")
        try:
            pays = faster(less, kept) >= PAYS
        except (WorkloadError, EditError):  # the rest does not run without it
            continue
        if not pays:
            kept = less
            dropped.append(key)
    return {path: text for path, text in kept.items() if text != old.get(path)}, tuple(dropped)


def read_all(paths: Sequence[str], read: ReadFile) -> dict[str, str]:
    """The texts of those files that there are."""
    found = {}
    for path in paths:
        try:
            found[path] = read(path)
        except EditError:
            continue
    return found
