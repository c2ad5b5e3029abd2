"""A kept edit in, the part of it that pays out: changes to functions that gain nothing are taken back.

The parts are the functions that an edit changes. Each is left out in turn, those with the smallest share of the base's
time first; what is as fast without it goes, for a small diff is easier to review and breaks less. What shares anything
new with another part stays: it may pay nothing and still be what makes the other one right. What remains must pass the
checks again, or the whole edit stays.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmopt import judge, syntax
from llmopt.data import Hotspot, ReadFile
from llmopt.errors import EditError, WorkloadError

MODULE = "<module>"
# A part pays when the edit with it is this much faster than without; pairs of runs that tell, and the most of them.
PAYS, PAIRS, MOST_PAIRS = 1.01, 6, 24
MOST_PARTS = 4

Texts = Mapping[str, str]  # repository path -> whole text
Faster = Callable[[Texts, Texts], bool]  # is the second faster than the first? WorkloadError where one fails


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


def apart(old: Texts, new: Texts) -> tuple[Part, ...]:
    """The parts that can be left out without the others: they define nothing, and share no function, class, attribute
    or variable that the edit brings in, be it by way of its new helpers."""
    brought = _names(new) - _names(old)
    found = parts(old, new)
    uses = {part.key: _words(_added(part, new)) & brought for part in found}
    helpers = [_words(text) & brought for text in _new_pieces(old, new)]
    defined = {path: _new_definitions(old[path], new[path]) for path in {part.path for part in found}}
    return tuple(
        part
        for part in found
        if not any(j1 < line <= j2 for line in defined[part.path] for _, _, j1, j2 in part.blocks)
        and not any(_reached(uses[part.key], helpers) & uses[other.key] for other in found if other is not part)
    )


def _reached(names: Iterable[str], helpers: Sequence[set[str]]) -> set[str]:
    """With the names that new helpers have in common with them, and so on."""
    reached = set(names)
    while more := {name for each in helpers if each & reached for name in each} - reached:
        reached |= more
    return reached


def _names(texts: Texts) -> set[str]:
    """Of functions, classes, attributes, and variables of modules and classes."""
    found: set[str] = set()
    for text in texts.values():
        try:
            tree = syntax.parse(text)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, syntax.Node):
                found.add(node.name)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            if isinstance(node, (ast.Module, ast.ClassDef)):
                stored = [
                    each
                    for part in node.body
                    if isinstance(part, (ast.Assign, ast.AnnAssign))
                    for each in ast.walk(part)
                ]
                found |= {each.id for each in stored if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return found


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", text))


def _added(part: Part, new: Texts) -> str:
    lines = new[part.path].split("\n")
    return "\n".join(line for _, _, j1, j2 in part.blocks for line in lines[j1:j2])


def _new_pieces(old: Texts, new: Texts) -> Iterator[str]:
    """What the edit adds outside of the parts: lines between them, whole files."""
    for path, text in new.items():
        if path not in old:
            yield text
        elif path.endswith(".py"):
            lines = text.split("\n")
            yield from ("\n".join(lines[j1:j2]) for name, (_, _, j1, j2) in _blocks(old[path], text) if name == MODULE)


def _new_definitions(old: str, new: str) -> list[int]:
    """The first lines of functions and classes that were not there before; all lines where nobody can tell."""
    known = {each.name for each in syntax.definitions(syntax.parse(old))}
    try:
        return [each.start for each in syntax.definitions(syntax.parse(new)) if each.name not in known]
    except SyntaxError:
        return list(range(1, len(new.split("\n")) + 1))


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
    old: Texts, new: Texts, hotspots: Sequence[Hotspot], is_faster: Faster, watch: Callable[[str], None]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The texts without the parts that do not pay, and the keys of these; equal to `new` where all do."""
    kept, dropped = dict(new), []
    shares = {each.function.key: each.inclusive_share for each in hotspots}
    order = sorted(apart(old, new), key=lambda part: shares.get(part.key, 0.0))
    for key in [part.key for part in order[:MOST_PARTS]]:
        part = next((each for each in apart(old, kept) if each.key == key), None)
        if part is None or len(parts(old, kept)) == 1:
            continue
        less = without(part, old, kept)
        watch(f"does the change of {part.name} pay?")
        try:
            needed = is_faster(less, kept)
        except (WorkloadError, EditError):  # the rest does not run without it
            continue
        if not needed:
            kept = less
            dropped.append(key)
    return {path: text for path, text in kept.items() if text != old.get(path)}, tuple(dropped)


def pays(ratios: Iterable[float]) -> bool:
    """Whether a part pays, by the log ratios of pairs without and with it: drawn until they tell by a standard error,
    and by their centre where they end before."""
    seen: list[float] = []
    for ratio in ratios:
        seen.append(ratio)
        centre, error = judge.centre_of(seen), judge.scale(seen) / math.sqrt(len(seen))
        paying = centre >= math.log(PAYS)
        if len(seen) >= PAIRS and (centre > error if paying else centre + error < math.log(PAYS)):
            return paying
    return judge.centre_of(seen) >= math.log(PAYS)


def read_all(paths: Sequence[str], read: ReadFile) -> dict[str, str]:
    """The texts of those files that there are."""
    found = {}
    for path in paths:
        try:
            found[path] = read(path)
        except EditError:
            continue
    return found
