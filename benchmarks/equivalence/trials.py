"""An edit of a package, whole or broken, in; what each stage of the check says of it out."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import mutants
import places
import tables
from packages import Edit, Package, Slip
from places import Place

import llmopt
from llmopt import edits
from llmopt.checks import calls, coverage, guard, output, tests
from llmopt.data import Candidate, Check, Finding, Function, Hotspot, Limits, Proposal, Tree

SPOT = Hotspot(Function("", "", 0), 0, 0.0, 0.0, 0.0, 0.0)
STAGES = ("guard", "calls", "tests", "output")


@dataclass(frozen=True)
class Stage:
    """What one stage said of a mutant: how it was caught, "" when it passed, and the seconds until it said so.

    `check` is the `state` of the check that said it.
    """

    caught: str
    seconds: float
    check: str = ""


@dataclass(frozen=True)
class Verdict:
    """`line` is the line's number in the edited file, `before` and `after` the one line that differs first.

    `executed` are how many of the lines that the mutant has and the edit has not were executed by the tests and the
    workload, and how many there are; it is known where no test failed. `seed` is that of the choice of mutants.
    """

    package: str
    version: str
    edit: str
    path: str
    operator: str
    line: int
    before: str
    after: str
    digest: str
    stages: Mapping[str, Stage] = field(default_factory=dict)
    workload_seconds: float = 0.0
    executed: tuple[int, int] | None = None
    seed: int = 0


@functools.cache
def state() -> str:
    """A name of the check as it is: the code that compares, and that which runs in the target's processes."""
    root = Path(llmopt.__file__).parent
    files = [path for name in ("checks", "probe") for path in sorted((root / name).glob("*.py"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


# --- an edit and its mutants -----------------------------------------------------------------------------------


def texts_of(edit: Edit, place: Place) -> tuple[dict[str, str], dict[str, str]]:
    """The files that an edit changes, before and after."""
    after = edits.apply(edits.parse(edit.text), lambda path: (place.checkout / path).read_text())
    return {path: (place.checkout / path).read_text() for path in after}, after


def broken(
    edit: Edit, before: Mapping[str, str], after: Mapping[str, str], most: int, seed: int
) -> Iterator[tuple[str, mutants.Mutant]]:
    """The edit itself, its mutants, then the slips that are none of these; each with the path of the file it is in."""
    path = next(iter(after))
    yield path, replace(mutants.of_texts(tables.ORIGINAL, after[path], after[path]), line=0, before="", after="")
    shares = [most // len(after) + (at < most % len(after)) for at in range(len(after))]
    made = set()
    for (path, text), share in zip(after.items(), shares, strict=True):
        for each in mutants.of(before[path], text, share, seed):
            made.add(each.digest)
            yield path, each
    for slip in edit.slips:
        path = _file_with(slip, after)
        text = after[path].replace(slip.search, slip.replace)
        each = mutants.of_texts(f"slip: {slip.name}", after[path], text)
        if each.digest not in made:
            yield path, each


def _file_with(slip: Slip, after: Mapping[str, str]) -> str:
    found = [path for path, text in after.items() for _ in range(text.count(slip.search))]
    if len(found) != 1:
        raise SystemExit(f"the slip {slip.name!r} has {len(found)} places")
    return found[0]


# --- the stages ------------------------------------------------------------------------------------------------


class Trial:
    """A package with its stages, through which the texts of one candidate after another go."""

    def __init__(self, package: Package, place: Place) -> None:
        self.package, self.place = package, place
        self.target = target = places.target_of(package, place)
        self.base = places.base_of(package, place, target)
        self.workload_seconds = places.workload_seconds(target, place.tree("base", self.base.commit))
        limits = Limits(seconds=10 + 4 * self.base.test_seconds), Limits(seconds=10 + 5 * sum(self.base.seconds))
        long = Limits(seconds=300)
        self.lines = coverage.Executed(target, lambda commit: self._tree(commit, unbroken="whole"))
        self.checks: dict[str, Check] = {
            "calls": calls.check(target, self._tree, place.folder / "calls" / state(), workload=long, tests=long),
            "tests": tests.check(target, self._tree, limits[0], executed=self.lines),
            "output": output.check(target, self._tree, limits[1], self.lines),
        }

    def _tree(self, commit: str, unbroken: str = "base") -> Tree:
        return self.place.tree(unbroken if commit == self.base.commit else "edit", commit)

    def record(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Have what the base does recorded, which is done once for all candidates."""
        self.checks["calls"](self._written(before, after), self.base)

    def calls(self, before: Mapping[str, str], texts: Mapping[str, str]) -> Stage:
        """What the recorded calls alone say of the texts of a candidate."""
        candidate = self._written(before, texts)
        return _timed(lambda: self._asked("calls", candidate))

    def stages(
        self,
        before: Mapping[str, str],
        after: Mapping[str, str],
        texts: Mapping[str, str],
        known: Mapping[str, Stage],
        spared: Mapping[str, Collection[str]],
    ) -> tuple[dict[str, Stage], tuple[int, int] | None]:
        """What the stages say that is not `known`, and how many of the broken lines ran, where the tests passed.

        A stage is `spared` what one of some others has caught.
        """
        self._write_whole(after)
        candidate = self._written(before, texts)
        asked: dict[str, Callable[[], str]] = {"guard": lambda: "; ".join(map(str, guard.objections(before, texts)))}
        asked |= {name: functools.partial(self._asked, name, candidate) for name in self.checks}
        found: dict[str, Stage] = {}
        for name, ask in asked.items():
            if name in known:
                found[name] = known[name]
            elif not any(found[each].caught for each in spared.get(name, ()) if each in found):
                found[name] = _timed(ask)
        ran = "tests" in found and "tests" not in known and not found["tests"].caught
        return found, self._executed(candidate) if ran else None

    def _asked(self, name: str, candidate: Candidate) -> str:
        return _caught(self.checks[name](candidate, self.base))

    def _executed(self, candidate: Candidate) -> tuple[int, int] | None:
        record = self.lines.record(candidate, self.base)
        return None if record.wanted is None else (len(record.seen), len(record.wanted))

    def _write_whole(self, texts: Mapping[str, str]) -> None:
        for path, text in texts.items():
            (self.place.folder / "whole" / path).parent.mkdir(parents=True, exist_ok=True)
            (self.place.folder / "whole" / path).write_text(text)

    def _written(self, before: Mapping[str, str], texts: Mapping[str, str]) -> Candidate:
        """The candidate in its tree; files that the last one changed are as in the base again."""
        root = self.place.folder / "edit"
        for path in _changed_files(self.place):
            _write(root / path, (self.place.checkout / path).read_text())
        for path, text in texts.items():
            _write(root / path, text)
        (self.place.folder / "changed.json").write_text(json.dumps(list(texts)))
        commit = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()
        return Candidate(Proposal("study", SPOT, ""), self.base.commit, commit, tuple(texts))


def _changed_files(place: Place) -> list[str]:
    path = place.folder / "changed.json"
    return list(json.loads(path.read_text())) if path.exists() else []


def _write(path: Path, text: str) -> None:
    """Also removes the byte code: that of a file of the same size and second would count as that of the new one."""
    path.write_text(text)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def _timed(ask: Callable[[], str]) -> Stage:
    began = time.perf_counter()
    caught = ask()
    return Stage(caught, round(time.perf_counter() - began, 3), state())


def _caught(finding: Finding) -> str:
    """By what: "recorded", "derived", "threads"; of the other stages "yes"."""
    if finding.passed:
        return ""
    kinds = {"for a recorded call": "recorded", "for an input derived": "derived", "several threads": "threads"}
    head = finding.reason.partition("\n")[0]
    return next((kind for words, kind in kinds.items() if words in head), "yes")


def kept(verdict: Mapping[str, object], again: Collection[str]) -> dict[str, Stage]:
    """The stages of a saved verdict that need not be asked again: all but these, where another check said them."""
    saved = {name: Stage(**each) for name, each in dict(verdict["stages"]).items()}  # type: ignore[call-overload]
    return {name: each for name, each in saved.items() if name not in again or each.check == state()}
