"""How many wrong edits does each stage of the check find? Expert edits of real packages, broken in many small ways.

    python benchmarks/equivalence/study.py FOLDER [--only PACKAGE] [--seconds 300] [--quick]
    python benchmarks/equivalence/study.py FOLDER --missed
    python benchmarks/equivalence/study.py --table

FOLDER keeps the packages (sdists from PyPI, by pip), what was recorded of them, and the trees. Their tests run in the
Python that runs this. Each verdict is written to `--save` as soon as it exists, and a run that was cut off goes on
where it ended; `--seconds` cuts it off on purpose. `--missed` shows the mutants that nothing caught, to be judged by
eye in `benchmarks/data/equivalence_judged.json`.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import mutants
import packages
import tables
from packages import Edit, Package

from llmopt import baseline, edits, interpreters, workloads
from llmopt.checks import calls, guard, output, tests
from llmopt.data import (
    Base,
    Candidate,
    Check,
    Finding,
    Function,
    Hotspot,
    Interpreter,
    Limits,
    Project,
    Proposal,
    TestCommand,
    Tree,
)
from llmopt.sandbox import process
from llmopt.target import Target, Tasks
from llmopt.workloads import parse as parse_workload

SEED = 7
MOST = 12  # mutants by operators of one edit; the slips come on top
ORIGINAL = "the edit itself"
SPOT = Hotspot(Function("", "", 0), 0, 0.0, 0.0, 0.0, 0.0)
CUT_OFF = 3  # the exit code when there is more to do


@dataclass(frozen=True)
class Stage:
    """What one stage said of a mutant: how it was caught, "" when it passed, and the seconds until it said so."""

    caught: str
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """`line` is the line's number in the edited file, `before` and `after` the one line that differs first."""

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


# --- the packages ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a package is: `checkout` is as published, `base` and `edit` are the trees that are run."""

    folder: Path

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def tree(self, name: str, commit: str) -> Tree:
        return Tree(commit, self.folder / name)


def prepared(package: Package, folder: Path) -> Place:
    """The package unpacked three times, with its workloads; downloaded if it is not there."""
    place = Place(folder.resolve() / package.name)
    if not (place.folder / "ready").exists():
        archive = _archive(package, folder)
        shutil.rmtree(place.folder, ignore_errors=True)
        for name in ("checkout", "base", "edit"):
            with tarfile.open(archive) as opened:
                opened.extractall(place.folder, filter="data")
            (place.folder / package.sdist).rename(place.folder / name)
            for script in package.workloads:
                (place.folder / name / "bench").mkdir(exist_ok=True)
                shutil.copy(packages.WORKLOADS / script, place.folder / name / "bench")
        (place.folder / "ready").touch()
    return place


def _archive(package: Package, folder: Path) -> Path:
    path = folder / f"{package.sdist}.tar.gz"
    if not path.exists():
        name = f"{package.name}=={package.version}"
        line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder)]
        subprocess.run([*line, name], check=True)
    if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
        raise SystemExit(f"{path} is not the archive that was studied")
    return path


@functools.cache
def _interpreter() -> Interpreter:
    return interpreters.look(sys.executable, "this study").interpreter


def target_of(package: Package, place: Place) -> Target:
    commands = TestCommand("pytest", (*package.tests, "-q", "-p", "no:cacheprovider"))
    chosen = tuple(parse_workload(f"bench/{name}", place.checkout, _interpreter()) for name in package.workloads)
    return Target(Project(place.checkout, "", _interpreter(), commands, chosen, ("",)), process.run)


def base_of(package: Package, place: Place, target: Target) -> tuple[Base, float]:
    """The base with its tests' outcomes and its workloads' output, and the seconds that these take, start included."""
    kept = place.folder / "base.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        return Base(**known["base"]), known["workload_seconds"]
    tree = place.tree("base", hashlib.sha256(repr((package.sha256, package.tests)).encode()).hexdigest())
    base = baseline.gate(target, tree, Limits(seconds=300), lambda _: None)
    took = 0.0
    for each in target.project.workloads:
        tasks: Tasks = {"leaks": {}, "returned": {}}  # as the check of the output asks for
        runs = [workloads.run(target, tree, each, Limits(seconds=300), tasks=tasks) for _ in range(2)]
        digests = {workloads.fingerprint(run) for run in runs}
        took += min(run.probed.ran.wall_seconds for run in runs)
        base = replace(
            base,
            seconds=(*base.seconds, min(run.sample.seconds for run in runs)),
            repetitions=(*base.repetitions, 1),
            outputs=(*base.outputs, digests.pop() if len(digests) == 1 else ""),
        )
    kept.write_text(json.dumps({"base": asdict(base), "workload_seconds": took}))
    return base, took


# --- one edit and its mutants ----------------------------------------------------------------------------------


def texts_of(edit: Edit, place: Place) -> tuple[dict[str, str], dict[str, str]]:
    """The files that an edit changes, before and after."""
    after = edits.apply(edits.parse(edit.text), lambda path: (place.checkout / path).read_text())
    return {path: (place.checkout / path).read_text() for path in after}, after


def broken(
    edit: Edit, before: Mapping[str, str], after: Mapping[str, str], most: int
) -> Iterator[tuple[str, mutants.Mutant]]:
    """The edit itself, its mutants, then the slips that are none of these; each with the path of the file it is in."""
    path = next(iter(after))
    yield path, replace(mutants.of_texts(ORIGINAL, after[path], after[path]), line=0, before="", after="")
    shares = [most // len(after) + (at < most % len(after)) for at in range(len(after))]
    made = set()
    for (path, text), share in zip(after.items(), shares, strict=True):
        for each in mutants.of(before[path], text, share, SEED):
            made.add(each.digest)
            yield path, each
    for slip in edit.slips:
        path = _file_with(slip, after)
        broken = after[path].replace(slip.search, slip.replace)
        each = mutants.of_texts(f"slip: {slip.name}", after[path], broken)
        if each.digest not in made:
            yield path, each


def _file_with(slip: packages.Slip, after: Mapping[str, str]) -> str:
    found = [path for path, text in after.items() for _ in range(text.count(slip.search))]
    if len(found) != 1:
        raise SystemExit(f"the slip {slip.name!r} has {len(found)} places")
    return found[0]


class Trial:
    """A package with its stages, through which the texts of one candidate after another go."""

    def __init__(self, package: Package, place: Place) -> None:
        self.package, self.place = package, place
        target = target_of(package, place)
        self.base, self.workload_seconds = base_of(package, place, target)
        limits = Limits(seconds=10 + 4 * self.base.test_seconds), Limits(seconds=10 + 5 * sum(self.base.seconds))
        long = Limits(seconds=300)
        self.checks: dict[str, Check] = {
            "calls": calls.check(target, self._tree, place.folder / "calls", workload=long, tests=long),
            "tests": tests.check(target, self._tree, limits[0]),
            "output": output.check(target, self._tree, limits[1]),
        }

    def _tree(self, commit: str) -> Tree:
        return self.place.tree("base" if commit == self.base.commit else "edit", commit)

    def record(self, before: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Have what the base does recorded, which is done once for all candidates."""
        self.checks["calls"](self._written(before, texts), self.base)

    def stages(self, before: Mapping[str, str], texts: Mapping[str, str], everything: bool) -> dict[str, Stage]:
        """What the stages say; the workload's output is asked for only of what calls or tests let through."""
        found = {"guard": _timed(lambda: "; ".join(map(str, guard.objections(before, texts))))}
        candidate = self._written(before, texts)
        for name, check in self.checks.items():
            caught = all(found[other].caught for other in ("calls", "tests") if other in found)
            if name != "output" or everything or not caught:
                found[name] = _timed(lambda check=check: _caught(check(candidate, self.base)))  # type: ignore[misc]
        return found

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
    return Stage(caught, round(time.perf_counter() - began, 3))


def _caught(finding: Finding) -> str:
    """By what: "recorded", "derived", "threads"; of the other stages "yes"."""
    if finding.passed:
        return ""
    kinds = {"for a recorded call": "recorded", "for an input derived": "derived", "several threads": "threads"}
    head = finding.reason.partition("\n")[0]
    return next((kind for words, kind in kinds.items() if words in head), "yes")


# --- the study -------------------------------------------------------------------------------------------------


def study(package: Package, folder: Path, known: set[tuple[str, str, str]], most: int) -> Iterator[Verdict]:
    """The verdicts on a package's edits and their mutants that are not known."""
    trial: Trial | None = None
    place = prepared(package, folder)
    for edit in package.edits:
        before, after = texts_of(edit, place)
        for path, mutant in broken(edit, before, after, most):
            if (package.name, edit.name, mutant.digest) in known:
                continue
            trial = trial or Trial(package, place)
            is_original = mutant.operator == ORIGINAL
            if is_original:
                trial.record(before, after)
            stages = trial.stages(before, {**after, path: mutant.text}, everything=is_original)
            own = {name: getattr(mutant, name) for name in ("operator", "line", "before", "after", "digest")}
            yield Verdict(
                package.name,
                package.version,
                edit.name,
                path,
                **own,
                stages=stages,
                workload_seconds=round(trial.workload_seconds, 3),
            )


def missed(
    folder: Path, verdicts: Sequence[Mapping[str, object]], judged: Mapping[str, str], most: int
) -> Iterator[str]:
    """The mutants that nothing caught, as diffs against the edit."""
    wanted = {str(each["digest"]) for each in verdicts if not tables.first(each) and each["operator"] != ORIGINAL}
    for package in packages.PACKAGES:
        place = prepared(package, folder)
        for edit in package.edits:
            before, after = texts_of(edit, place)
            for path, mutant in broken(edit, before, after, most):
                if mutant.digest in wanted:
                    words = judged.get(mutant.digest, "not judged")
                    yield f"\n{package.name} {edit.name} [{mutant.operator}] {mutant.digest}: {words}"
                    lines = after[path].splitlines(), mutant.text.splitlines()
                    yield from list(difflib.unified_diff(*lines, path, lineterm="", n=2))[2:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/equivalence"))
    parser.add_argument("--only", choices=[each.name for each in packages.PACKAGES], action="append")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--quick", action="store_true", help="one edit of one package, few mutants")
    parser.add_argument("--save", type=Path, default=tables.DATA)
    parser.add_argument("--missed", action="store_true", help="show the mutants that nothing caught")
    parser.add_argument("--table", action="store_true", help="only count what is saved")
    given = parser.parse_args()
    verdicts = tables.load(given.save)
    if given.missed:
        print("\n".join(missed(given.folder, verdicts, tables.judged(), MOST)))
    elif given.table or not (cut_off := run(given, verdicts)):
        print("\n".join(tables.tables(tables.load(given.save), tables.judged())))
    else:
        return cut_off
    return 0


def run(given: argparse.Namespace, verdicts: Sequence[Mapping[str, object]]) -> int:
    until = time.monotonic() + given.seconds
    chosen = [each for each in packages.PACKAGES if not given.only or each.name in given.only]
    if given.quick:
        chosen = [replace(chosen[0], edits=chosen[0].edits[:1])]
    known = {(str(each["package"]), str(each["edit"]), str(each["digest"])) for each in verdicts}
    given.folder.mkdir(parents=True, exist_ok=True)
    given.save.parent.mkdir(parents=True, exist_ok=True)
    for package in chosen:
        for verdict in study(package, given.folder, known, 3 if given.quick else MOST):
            with given.save.open("a") as file:
                file.write(json.dumps(asdict(verdict)) + "\n")
            seen = {name: stage.caught for name, stage in verdict.stages.items() if stage.caught}
            print(f"{verdict.package} {verdict.edit} [{verdict.operator}] {verdict.after} | {seen}", flush=True)
            if time.monotonic() > until:
                return CUT_OFF
    return 0


if __name__ == "__main__":
    sys.exit(main())
