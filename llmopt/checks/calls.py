"""Recorded calls of the edited functions, and inputs derived from them, do the same on base and candidate."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from llmopt import encoding
from llmopt.checks import afterwards, demand, edited, replays, scratch, states
from llmopt.checks.comparison import Comparison
from llmopt.checks.coverage import Executed
from llmopt.checks.edited import Edit
from llmopt.checks.replays import Bounds
from llmopt.data import Base, Candidate, Check, Finding, Limits, Tree
from llmopt.errors import EditError
from llmopt.target import Target

MOST_NAMED = 4  # functions and reasons told in the evidence


def check(
    target: Target,
    tree_of: Callable[[str], Tree],
    folder: Path,
    *,
    workload: Limits,
    tests: Limits,
    tolerance: float = 0.0,
    bounds: Bounds | None = None,
    executed: Executed | None = None,
    may_grow: bool = False,
) -> Check:
    """`folder` keeps what was recorded of a base, for the next candidate; `tolerance` is that of floats.

    `executed` takes note of the changed lines that run. With `may_grow` a cache without a bound is told, and let pass.
    """
    allowed = bounds or Bounds()

    def calls(candidate: Candidate, base: Base) -> Finding:
        before, after = tree_of(base.commit), tree_of(candidate.commit)
        old, new = (_texts(each, candidate.changed) for each in (before, after))
        try:
            edit = edited.of(old, new, lambda word: _holding(word, before, old))
            on_demand, brought = demand.attributes(old, new), demand.brought(old, new)
        except (SyntaxError, EditError):
            return Finding(True, "", {"calls": "none: the changed files cannot be read as Python"})
        if not edit.units:
            return Finding(True, "", {"calls": f"none: {_why_not(edit.left_out) or 'no function changed'}"})
        functions = [unit.function for unit in edit.units.values()]
        recorded = replays.record(target, before, functions, folder, workload, tests)
        comparison = compare(target, before, after, edit, recorded, folder, allowed, tolerance)
        hidden = brought - scratch.named(brought, (text for _, text in _others(before, old)))
        comparison.runs = replace(comparison.runs, on_demand=on_demand, hidden=hidden)
        comparison.added = functools.cache(lambda: states.added(old, new))
        comparison.scratch = functools.cache(lambda: _scratch(before, old, new))
        if executed:
            comparison.lines = lambda: executed.missing(candidate, base)
            comparison.ran = lambda report, by: executed.add(candidate, base, report, by)
        return finding(comparison, may_grow)

    return calls


def compare(
    target: Target,
    base: Tree,
    tree: Tree,
    edit: Edit,
    recorded: Mapping[str, replays.Recorded],
    folder: Path,
    bounds: Bounds,
    tolerance: float = 0.0,
) -> Comparison:
    """The comparison of a candidate's tree with the base, whose part is done or found in the folder."""
    derive = _to_derive(edit, recorded)
    expected = replays.expect(target, base, list(recorded.values()), folder, bounds, derive)
    return Comparison(target, base, tree, edit, expected, bounds, tolerance)


def _scratch(tree: Tree, before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """The attributes in the changed files of which no call hands the value to the next."""
    found: set[str] = set()
    for path in before:
        changed = [side[each] for side in (before, after) for each in side if each != path]
        elsewhere = itertools.chain(changed, (text for _, text in _others(tree, before)))
        found |= scratch.attributes(before[path], after.get(path, ""), elsewhere)
    return frozenset(found)


def _holding(word: str, tree: Tree, changed: Container[str] = ()) -> Iterator[tuple[str, str]]:
    """The files of the repository that hold a word, and their text, but for the changed ones."""
    return ((path, text) for path, text in _others(tree, changed) if word in text)


def _others(tree: Tree, changed: Container[str]) -> Iterator[tuple[str, str]]:
    for path in sorted(tree.path.rglob("*.py")):
        name = path.relative_to(tree.path).as_posix()
        if path.is_file() and name not in changed:
            yield name, path.read_text(encoding="utf-8", errors="replace")


def _texts(tree: Tree, paths: Sequence[str]) -> dict[str, str]:
    read = encoding.reader(tree)
    return {path: read(path) for path in paths if path.endswith(".py") and (tree.path / path).is_file()}


def _to_derive(edit: Edit, recorded: Mapping[str, replays.Recorded]) -> dict[str, tuple[str, ...]]:
    """Functions that anybody may call with anything, with their parameters that may be None.

    A private one may rely on what its callers take care of, and is given other inputs only where none of those is
    compared.
    """
    public = [unit for unit in edit.units.values() if not unit.is_private and recorded[unit.function.key].kept]
    return {
        key: tuple(sorted(unit.optional))
        for key, unit in edit.units.items()
        if not unit.is_private or not any(unit.own in caller.mentions for caller in public)
    }


def finding(comparison: Comparison, may_grow: bool = False) -> Finding:
    """The first objection, or what agrees."""
    if found := _unseen(comparison):
        return Finding(False, found)
    for _, found in comparison.differences():
        return Finding(False, found)
    if found := afterwards.later(comparison):
        return Finding(False, found)
    used = afterwards.used(comparison, lambda word: _holding(word, comparison.base.tree))
    if found := used.objection or afterwards.race(comparison):
        return Finding(False, found)
    grown = afterwards.grown(comparison)
    if grown.objection and not may_grow:
        return Finding(False, grown.objection, grown.evidence)
    return Finding(True, "", {"calls": _evidence(comparison, used.count), **grown.evidence})


def _unseen(comparison: Comparison) -> str:
    """A decorator of which no call shows what its edit does, "" for none."""
    covered = {replays.key(each) for each in comparison.inputs}
    unseen = [key for key, others in comparison.edit.through.items() if covered.isdisjoint(others)]
    names = ", ".join(key.partition("::")[2] for key in unseen[:MOST_NAMED])
    return f"{names} gives back another function, and no call of what it decorates can be compared" if unseen else ""


def _evidence(comparison: Comparison, uses: int) -> str:
    """`uses` is how many were compared of objects that are kept otherwise or keep something more."""
    recorded = comparison.recorded
    functions = len({replays.key(each) for each in recorded})
    text = f"{len(recorded)} recorded calls of {functions} function{'s' * (functions != 1)}"
    text += f" and {len(comparison.plain) - len(recorded)} derived inputs agree"
    text += f", and so do {uses} uses of what they leave" if uses else ""
    gaps = _gaps(comparison)
    return f"{text} ({'; '.join(gaps)})" if gaps else text


def _gaps(comparison: Comparison) -> list[str]:
    edit, expected = comparison.edit, comparison.expected
    covered = {replays.key(each) for each in comparison.inputs}
    missing = {key: "no call of it can be compared" for key in edit.units if key not in covered}
    missing |= {key: reason for key, reason in expected.left_out.items() if key not in covered}
    left = missing | dict(edit.left_out)
    gaps = [f"{len(left)} function{'s' * (len(left) != 1)} not covered: {_why_not(left)}"] if left else []
    changed = sum(map(comparison.is_reshaped, expected.inputs))
    dropped = dict(expected.dropped) | ({"instances of a class with other attributes": changed} if changed else {})
    if dropped:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in list(dropped.items())[:MOST_NAMED])
        gaps.append(f"{sum(dropped.values())} calls not covered: {reasons}")
    if comparison.opaque:
        gaps.append(f"not compared inside: {', '.join(sorted(comparison.opaque)[:MOST_NAMED])}")
    return gaps


def _why_not(left_out: Mapping[str, str]) -> str:
    named = [f"{key.partition('::')[2]} ({reason})" for key, reason in list(left_out.items())[:MOST_NAMED]]
    return ", ".join([*named, "…"] if len(left_out) > MOST_NAMED else named)
