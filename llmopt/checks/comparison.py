"""One candidate beside what is expected of it: the inputs whose results are compared, and how a difference is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmopt.checks import equality, replays, scratch, states
from llmopt.checks.edited import Edit
from llmopt.checks.looks import Look, Seen, unlike
from llmopt.checks.replays import EARLY_SEED, Bounds, Expected, Runs
from llmopt.data import Tree
from llmopt.target import Target


class Comparison:
    """One candidate against what is expected of it."""

    def __init__(
        self, target: Target, base: Tree, tree: Tree, edit: Edit, expected: Expected, bounds: Bounds, tolerance: float
    ) -> None:
        modules = frozenset(str(each["module"]) for each in expected.inputs)
        self.base = Runs(target, base, expected.paths, bounds, tolerance > 0)
        self.runs = Runs(target, tree, expected.paths, bounds, tolerance > 0, modules=modules, recorded=base)
        self.edit = edit
        self.expected = expected
        self.tolerance = tolerance
        self.inputs = [
            each for each in expected.inputs if each["id"] in expected.results and not self.is_reshaped(each)
        ]
        self.opaque: set[str] = set()
        self.otherwise: dict[equality.Attribute, list[str]] = {}  # kept otherwise, in the results of these inputs
        self.added: Callable[[], states.Added] = states.Added  # asked for where nothing differs: it reads whole files
        self.scratch: Callable[[], frozenset[str]] = frozenset  # asked for where something differs: it reads all files
        self.lines: Callable[[], Mapping[str, Any]] = dict  # the candidate's that are to be seen running,
        self.ran: Callable[[Any, str], None] = lambda report, by: None  # and who takes note of them

    @property
    def plain(self) -> list[Mapping[str, Any]]:
        """The inputs of which one call at a time is asked for."""
        return [each for each in self.inputs if not each.get("hold")]

    @property
    def recorded(self) -> list[Mapping[str, Any]]:
        """Those of them that are recorded calls."""
        return [each for each in self.plain if not each["derived"]]

    def state(self) -> tuple[str, ...]:
        """What calls share that the edit added."""
        return tuple(dict.fromkeys((*self.edit.state, *self.added().shared, *self.added().instances)))

    def is_reshaped(self, given: Mapping[str, Any]) -> bool:
        """Is it a call with an instance of a class that has other attributes now?"""
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
                found = self.difference(given, expected, got)
                if found is not None and self._is_steady(given, expected, seen):
                    yield replays.key(given), self.described(given, expected, found)

    def _is_steady(self, given: Mapping[str, Any], first: Mapping[str, Any], seen: Seen) -> bool:
        """Does the base do the same once more? Until now it may have agreed with itself by chance."""
        again = seen.again(given["id"])
        return unlike(first, again) or self.difference(given, first, again) is None

    def difference(
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

    def described(self, given: Mapping[str, Any], expected: Mapping[str, Any], found: equality.Difference) -> str:
        where = found.where or "result"
        source = (
            "a recorded call" if not given["derived"] else f"an input derived from a recorded call ({given['derived']})"
        )
        lines = [
            f"{given['name']} differs from the base in {where}, for {source}",
            f"input: {self.call(given, expected)}",
            f"expected: {equality.shortened(found.expected)}",
            f"got: {equality.shortened(found.got)}",
        ]
        return "\n".join(lines)

    def call(self, given: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
        unit = self.edit.units.get(replays.key(given))
        parameters = unit.parameters if unit else ()
        return equality.legible(lambda shown: call_text(given["name"], parameters, shown), expected.get("shown"))


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
