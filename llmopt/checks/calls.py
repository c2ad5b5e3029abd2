"""Recorded calls of the edited functions, and inputs derived from them, do the same on base and candidate."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmopt import encoding
from llmopt.checks import demand, edited, equality, growth, replays, scratch, states, users
from llmopt.checks.coverage import Executed
from llmopt.checks.edited import Edit
from llmopt.checks.looks import Look, Seen, both, unlike
from llmopt.checks.replays import EARLY_SEED, Bounds, Expected, Runs
from llmopt.data import Base, Candidate, Check, Finding, Limits, Tree
from llmopt.errors import EditError
from llmopt.target import Target

MOST_NAMED = 4  # functions and reasons told in the evidence
MOST_USED = 40  # inputs whose results are used, where an edit keeps something in another kind of container
SEEDS_OF_USES = ("2", "3")  # more hash seeds: a list has an order that the set before it never had
MOST_LATER = 300  # inputs whose results are looked at later, where an edit makes attributes on demand


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
        comparison.may_grow = may_grow
        comparison.added = functools.cache(lambda: states.added(old, new))
        comparison.scratch = functools.cache(lambda: _scratch(before, old, new))
        if executed:
            comparison.lines = lambda: executed.missing(candidate, base)
            comparison.ran = lambda report, by: executed.add(candidate, base, report, by)
        return comparison.finding()

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


class Comparison:
    """One candidate against what is expected of it."""

    def __init__(
        self, target: Target, base: Tree, tree: Tree, edit: Edit, expected: Expected, bounds: Bounds, tolerance: float
    ) -> None:
        modules = frozenset(str(each["module"]) for each in expected.inputs)
        self.base = Runs(target, base, expected.paths, bounds, tolerance > 0)
        self.runs = Runs(target, tree, expected.paths, bounds, tolerance > 0, modules=modules)
        self.edit = edit
        self.expected = expected
        self.tolerance = tolerance
        self.inputs = [each for each in expected.inputs if each["id"] in expected.results and not self._reshaped(each)]
        self.opaque: set[str] = set()
        self.otherwise: dict[equality.Attribute, list[str]] = {}  # kept otherwise, in the results of these inputs
        self.added: Callable[[], states.Added] = states.Added  # asked for where nothing differs: it reads whole files
        self.scratch: Callable[[], frozenset[str]] = frozenset  # asked for where something differs: it reads all files
        self.uses = 0  # compared, of objects that are kept otherwise or keep something more
        self.may_grow = False  # may memory grow with each call that has new arguments?
        self.lines: Callable[[], Mapping[str, Any]] = dict  # the candidate's that are to be seen running,
        self.ran: Callable[[Any, str], None] = lambda report, by: None  # and who takes note of them

    def finding(self) -> Finding:
        if found := self._unseen():
            return Finding(False, found)
        for _, found in self.differences():
            return Finding(False, found)
        if found := self._later() or self._used() or self._race():
            return Finding(False, found)
        grown = self._growth()
        if grown.objection and not self.may_grow:
            return Finding(False, grown.objection, grown.evidence)
        return Finding(True, "", {"calls": self._evidence(), **grown.evidence})

    def _reshaped(self, given: Mapping[str, Any]) -> bool:
        names = [str(each) for each in given["types"]]
        return any(name.endswith(f".{each}") for name in names for each in self.edit.classes)

    def differences(self) -> Iterator[tuple[str, str]]:
        """The function and the words of each input that differs: of early looks at some, then of all inputs.

        Base and candidate run under the same hash seeds.
        """
        names = {each["id"] for each in self.inputs}
        for early in self.expected.early:
            if some := [name for name in early if name in names]:
                yield from self._seen(Look(self.base, self.runs, self.expected, some, at_once=True), (EARLY_SEED,))
        if names:
            look = Look(self.base, self.runs, self.expected, lines=self.lines())
            yield from self._seen(look, self.runs.bounds.seeds)

    def _seen(self, look: Look, seeds: Sequence[str]) -> Iterator[tuple[str, str]]:
        inputs = [each for each in self.inputs if each["id"] in look.places]
        for seen in look.under(seeds):
            for given in inputs:
                if lines := seen.results[given["id"]].get("lines"):
                    self.ran(lines, "derived inputs" if given["derived"] else "recorded calls")
                expected, got = seen.pair(given["id"])
                self.opaque |= equality.opaque(expected["calls"])
                found = self._difference(given, expected, got)
                if found is not None and self._is_steady(given, expected, seen):
                    yield replays.key(given), self._described(given, expected, found)

    def _is_steady(self, given: Mapping[str, Any], first: Mapping[str, Any], seen: Seen) -> bool:
        """Does the base do the same once more? Until now it may have agreed with itself by chance."""
        again = seen.again(given["id"])
        return unlike(first, again) or self._difference(given, first, again) is None

    def _difference(
        self, given: Mapping[str, Any], expected: Mapping[str, Any], got: Mapping[str, Any]
    ) -> equality.Difference | None:
        unit = self.edit.units.get(replays.key(given))
        rules = equality.Rules(bool(given["derived"]), self.tolerance, unit.parameters if unit else ())
        otherwise: set[equality.Attribute] = set()
        found = equality.first_difference(expected, got, rules, otherwise)
        for each in otherwise:
            self.otherwise.setdefault(each, []).append(given["id"])
        if found is None or scratch.is_private(given["name"].rpartition(".")[2]) or not self.scratch():
            return found
        return equality.first_difference(expected, got, replace(rules, scratch=self.scratch()))

    def _described(self, given: Mapping[str, Any], expected: Mapping[str, Any], found: equality.Difference) -> str:
        where = found.where or "result"
        source = (
            "a recorded call" if not given["derived"] else f"an input derived from a recorded call ({given['derived']})"
        )
        lines = [
            f"{given['name']} differs from the base in {where}, for {source}",
            f"input: {self._call(given, expected)}",
            f"expected: {equality.shortened(found.expected)}",
            f"got: {equality.shortened(found.got)}",
        ]
        return "\n".join(lines)

    def _call(self, given: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
        unit = self.edit.units.get(replays.key(given))
        parameters = unit.parameters if unit else ()
        return equality.legible(lambda shown: call_text(given["name"], parameters, shown), expected.get("shown"))

    def _unseen(self) -> str:
        """A decorator of which no call shows what its edit does, "" for none."""
        covered = {replays.key(each) for each in self.inputs}
        unseen = [key for key, others in self.edit.through.items() if covered.isdisjoint(others)]
        names = ", ".join(key.partition("::")[2] for key in unseen[:MOST_NAMED])
        return (
            f"{names} gives back another function, and no call of what it decorates can be compared" if unseen else ""
        )

    def _later(self) -> str:
        """Where the edit makes attributes on demand: what a result shows that is looked at later, "" if it is the same.

        A call that fails on the base, as a copy may that cannot be made, says nothing.
        """
        plain = [each for each in self.inputs if not each.get("hold")]
        if not self.runs.on_demand:
            return ""
        asked = [{**each, "limit": 2.0 + 50 * each["seconds"]} for each in plain[:MOST_LATER]]
        base, candidate = both(*(functools.partial(runs.run, "later", asked) for runs in (self.base, self.runs)))
        again = functools.cache(lambda: self.base.run("later", asked))
        looked = False
        for given in plain[:MOST_LATER]:
            expected, got = _where_returned(base[given["id"]], candidate[given["id"]])
            if not expected.get("calls"):
                continue
            looked = True
            found = self._difference(given, expected, got)
            if found and not self._difference(given, *_where_returned(base[given["id"]], again()[given["id"]])):
                return self._described(given, expected, found)
        made = ", ".join(sorted(self.runs.on_demand))
        return "" if looked else f"no call shows what becomes of what is made on demand: {made}"

    def _used(self) -> str:
        """Where the edit keeps something in objects otherwise, or something more: what the methods give that read it,
        also once what the object shows has changed. They may be as before, and were never called on such an object."""
        asked = self._to_use()
        if not asked:
            return ""
        seed, *seeds = dict.fromkeys((*self.base.bounds.seeds, *SEEDS_OF_USES))
        base, candidate = both(
            lambda: self.base.runs("uses", asked, (seed, *seeds)), lambda: self.runs.runs("uses", asked, (seed,))
        )
        for given in asked:
            expected, *again = (_single(base[each][given["id"]]) for each in (seed, *seeds))
            got = _single(candidate[seed][given["id"]])
            for at, one in enumerate(expected):
                other = got[min(at, len(got) - 1)]
                steady = not any(_differ(one, each[min(at, len(each) - 1)]) for each in again)
                if not steady or not _is_promised(one):
                    continue
                if found := self._difference(given, one, other):
                    return self._described(given, one, found)
                self.uses += _outcomes(one) != [["returned", None]]  # as of a method that wants other arguments
        return ""

    def _to_use(self) -> list[dict[str, Any]]:
        """The inputs whose calls leave an object that is kept otherwise, each with the methods that read what is; and
        those of classes whose instances keep something more, with the methods that changed. Of classes with other
        attributes no recorded instance fits: their constructors alone are called."""
        read = functools.cache(
            lambda kind, name: users.readers(lambda word: _holding(word, self.base.tree), kind, name)
        )
        found = [(name, kind, read(kind, each)) for (kind, each), names in self.otherwise.items() for name in names]
        added = {each.partition(".")[0]: frozenset[str]() for each in self.added().instances}
        for owner, gone in {**added, **self.edit.classes}.items():
            changed = [each.own for each in self.edit.units.values() if each.owner == owner and users.is_use(each.own)]
            for given in self.expected.inputs:
                wanted = f"{owner}.__init__" if owner in self.edit.classes else given["name"]
                kind = next((str(each) for each in given["types"] if str(each).endswith(f".{owner}")), "")
                if kind and given["name"] == wanted and given["name"].rpartition(".")[0] == owner:
                    found += [(given["id"], kind, uses) for uses in (changed, *(read(kind, each) for each in gone))]
        by_input: dict[str, dict[str, set[str]]] = {}
        for name, kind, names in found:
            if names:
                by_input.setdefault(name, {}).setdefault(kind, set()).update(names)
        plain = [each for each in self.expected.inputs if each["id"] in by_input and not each.get("hold")]
        steady = [each for each in plain if each["id"] in self.expected.results]
        return [
            {
                **each,
                "readers": [[kind, sorted(names)] for kind, names in by_input[each["id"]].items()],
                "limit": 10.0 + 200 * each["seconds"],
            }
            for each in steady[:MOST_USED]
        ]

    def _race(self) -> str:
        """Where the edit added state that threads share: what several threads get at once, "" if it is the same."""
        plain = [each for each in self.inputs if not each["derived"] and not each.get("hold")]
        recorded = [{**each, "shared": self._is_of_instance(each)} for each in plain]
        if not self._state() or not recorded:
            return ""
        result = self.runs.run("stress", recorded, seconds=60.0)["all"]
        if not result.get("wrong") and not result.get("ended"):
            return ""
        base = self.base.run("stress", recorded, seconds=60.0)["all"]
        if base.get("wrong") or base.get("ended"):
            return ""
        shared = ", ".join(self._state())
        if result.get("ended"):
            return f"calls from several threads at once do not end well: it {result['ended']} (they share {shared})"
        name, expected, got = result["wrong"][0]
        given = next((each for each in recorded if each["id"] == name), recorded[0])  # a forged report names any
        name = given["id"]
        return "\n".join(
            [
                f"{given['name']} gives something else when several threads call it at once (they share {shared})",
                f"input: {self._call(given, self.expected.results[name])}",
                f"expected: {equality.legible(equality.text_of_outcome, expected)}",
                f"got: {equality.legible(equality.text_of_outcome, got)}",
            ]
        )

    def _state(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.edit.state, *self.added().shared, *self.added().instances)))

    def _is_of_instance(self, given: Mapping[str, Any]) -> bool:
        """Is it a method of a class whose instances keep something now? Threads may share one of these."""
        owner = str(given["name"]).rpartition(".")[0].rpartition(".")[2]
        return bool(owner) and any(each.partition(".")[0] == owner for each in self.added().instances)

    def _growth(self) -> growth.Growth:
        """What stays in memory with ever new arguments, where the edit added a place to keep things."""
        recorded = [each for each in self.inputs if not each["derived"] and not each.get("hold")]
        if not (self._state() or self.edit.caches) or not recorded:
            return growth.Growth()
        before, after = both(
            lambda: self.base.run("slope", recorded, seconds=60.0)["all"],
            lambda: self.runs.run("slope", recorded, seconds=60.0)["all"],
        )
        return growth.of(before, after)

    def _evidence(self) -> str:
        plain = [each for each in self.inputs if not each.get("hold")]
        recorded = [each for each in plain if not each["derived"]]
        functions = len({replays.key(each) for each in recorded})
        text = f"{len(recorded)} recorded calls of {functions} function{'s' * (functions != 1)}"
        text += f" and {len(plain) - len(recorded)} derived inputs agree"
        text += f", and so do {self.uses} uses of what they leave" if self.uses else ""
        gaps = self._gaps()
        return f"{text} ({'; '.join(gaps)})" if gaps else text

    def _gaps(self) -> list[str]:
        covered = {replays.key(each) for each in self.inputs}
        missing = {key: "no call of it can be compared" for key in self.edit.units if key not in covered}
        missing |= {key: reason for key, reason in self.expected.left_out.items() if key not in covered}
        left = missing | dict(self.edit.left_out)
        gaps = [f"{len(left)} function{'s' * (len(left) != 1)} not covered: {_why_not(left)}"] if left else []
        changed = sum(1 for each in self.expected.inputs if self._reshaped(each))
        dropped = dict(self.expected.dropped) | (
            {"instances of a class with other attributes": changed} if changed else {}
        )
        if dropped:
            reasons = ", ".join(f"{reason}: {count}" for reason, count in list(dropped.items())[:MOST_NAMED])
            gaps.append(f"{sum(dropped.values())} calls not covered: {reasons}")
        if self.opaque:
            gaps.append(f"not compared inside: {', '.join(sorted(self.opaque)[:MOST_NAMED])}")
        return gaps


def _where_returned(expected: Mapping[str, Any], got: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Both without the calls of which the first did not return."""
    returned = {label for label, seen in expected.get("calls", ()) if seen["outcome"][0] == "returned"}
    calls = [[call for call in side.get("calls", ()) if call[0] in returned] for side in (expected, got)]
    return {**expected, "calls": calls[0]}, {**got, "calls": calls[1]}


def _single(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls of a result as results of their own; one that says why there are none."""
    return [{**result, "calls": [call]} for call in result.get("calls", ())] or [result]


def _differ(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return equality.first_difference(first, second, equality.Rules()) is not None


def _is_promised(result: Mapping[str, Any]) -> bool:
    """Did the call return, or refuse by a `raise` statement? What an operation fails at, nobody promised."""
    return any(each[0] == "returned" or each[5:6] == ["raise"] for each in _outcomes(result))


def _outcomes(result: Mapping[str, Any]) -> list[Any]:
    return [seen["outcome"] for _, seen in result.get("calls", ())]


def _why_not(left_out: Mapping[str, str]) -> str:
    named = [f"{key.partition('::')[2]} ({reason})" for key, reason in list(left_out.items())[:MOST_NAMED]]
    return ", ".join([*named, "…"] if len(left_out) > MOST_NAMED else named)


def call_text(name: str, parameters: Sequence[str], shown: Sequence[Any]) -> str:
    """The call as a line of Python; what is long or has no notation is cut."""
    positional = shown[0][1] if isinstance(shown[0], list) and shown[0][0] == "tuple" else []
    named = shown[1][2] if isinstance(shown[1], list) and shown[1][0] == "dict" else []
    parts = [
        f"{parameters[at]}={equality.render(node)}" if at < len(parameters) else equality.render(node)
        for at, node in enumerate(positional)
    ]
    parts += [f"{pair[0][1]}={equality.render(pair[1])}" for pair in named if len(pair) == 2]
    return equality.shortened(f"{name}({', '.join(parts)})", 600)
