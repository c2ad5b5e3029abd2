"""How many wrong edits does each stage of the check find? Expert edits of real packages, broken in many small ways.

    python benchmarks/equivalence/study.py FOLDER [--only PACKAGE] [--jobs 2] [--seconds 300] [--quick]
    python benchmarks/equivalence/study.py FOLDER --again calls [--again guard] [--passed]
    python benchmarks/equivalence/study.py FOLDER --brief
    python benchmarks/equivalence/study.py FOLDER --missed
    python benchmarks/equivalence/study.py --table

FOLDER keeps the packages (sdists from PyPI, by pip), what was recorded of them, and the trees. Their tests run in the
Python that runs this. Each verdict is written to `--save` as soon as it exists, with a name of the check that said it,
and a run that was cut off goes on where it ended; `--seconds` cuts it off on purpose. `--again` asks a stage once more
for all mutants of which another state of the check said it, and keeps what the others said; with `--passed` only of
those that the tests let pass, which is all that the share of caught ones depends on. `--brief` spares the tests
what the calls caught: the same mutants are caught in much less time, but which of them the tests would have caught is
not known until a run without it. `--missed` shows the mutants that nothing caught, to be judged by eye in
`benchmarks/data/equivalence_judged.json`.

Which mutants are made, and in which order they are tried, is drawn by `--seed`. Those of the default have been looked
at by whoever improves the check; another seed, with another `--save`, gives mutants that nobody has seen.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import held_out
import mutants
import packages
import places
import read_later
import tables
import trials
from packages import Edit, Package
from tables import ORIGINAL
from trials import Trial, Verdict

PACKAGES = (*packages.PACKAGES, *read_later.PACKAGES, *held_out.PACKAGES)
SEED = 7
MOST = 12  # mutants by operators of one edit; the slips come on top
CUT_OFF = 3  # the exit code when there is more to do

Key = tuple[str, str, str]  # package, edit, the mutant's digest
Known = Mapping[Key, Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """What a run is to do: the mutants of a seed, at most so many of an edit; which stages to ask again, whether the
    tests are spared what the calls caught, where to save, and for how long."""

    folder: Path
    save: Path
    seed: int
    most: int = MOST
    again: tuple[str, ...] = ()
    passed: bool = False
    brief: bool = False
    until: float = float("inf")


@dataclass(frozen=True)
class Task:
    """A mutant of an edit, with the files of the edit before and after it."""

    edit: Edit
    before: Mapping[str, str]
    after: Mapping[str, str]
    path: str
    mutant: mutants.Mutant

    @property
    def is_original(self) -> bool:
        return self.mutant.operator == ORIGINAL


def tasks_of(package: Package, place: places.Place, plan: Plan) -> list[Task]:
    """All mutants of a package's edits, edit after edit."""
    found = []
    for edit in package.edits:
        before, after = trials.texts_of(edit, place)
        made = trials.broken(edit, before, after, plan.most, plan.seed)
        found += [Task(edit, before, after, path, mutant) for path, mutant in made]
    return found


def key_of(package: Package, task: Task) -> Key:
    return package.name, task.edit.name, task.mutant.digest


def study(package: Package, known: Known, plan: Plan) -> Iterator[Verdict]:
    """The verdicts on a package's edits and their mutants that are not known: the edits first, the rest shuffled, so
    that neither a run that is cut off nor a machine that becomes busy tells more of one edit than of another."""
    place = places.prepared(package, plan.folder)
    tasks = [each for each in tasks_of(package, place, plan) if _is_open(known.get(key_of(package, each)), plan)]
    random.Random(plan.seed).shuffle(tasks)
    trial: Trial | None = None
    recorded: set[str] = set()
    for task in sorted(tasks, key=lambda each: not each.is_original):
        trial = trial or Trial(package, place)
        if task.edit.name not in recorded:
            trial.record(task.before, task.after)
            recorded.add(task.edit.name)
        yield _verdict(trial, task, known.get(key_of(package, task)), plan)


def _is_open(saved: Mapping[str, Any] | None, plan: Plan) -> bool:
    if saved is None or ("tests" not in saved["stages"] and not plan.brief):
        return True
    if plan.passed and saved["operator"] != ORIGINAL and saved["stages"].get("tests", {}).get("caught"):
        return False
    return trials.kept(saved, plan.again).keys() != saved["stages"].keys()


def _verdict(trial: Trial, task: Task, saved: Mapping[str, Any] | None, plan: Plan) -> Verdict:
    known = trials.kept(saved, plan.again) if saved else {}
    texts = {**task.after, task.path: task.mutant.text}
    spared = {} if task.is_original else {"output": ("calls", "tests"), "tests": ("calls",) if plan.brief else ()}
    stages, executed = trial.stages(task.before, task.after, texts, known, spared)
    own = {name: getattr(task.mutant, name) for name in ("operator", "line", "before", "after", "digest")}
    return Verdict(
        trial.package.name,
        trial.package.version,
        task.edit.name,
        task.path,
        **own,
        stages=stages,
        workload_seconds=saved["workload_seconds"] if saved and "calls" in known else round(trial.workload_seconds, 3),
        executed=saved.get("executed") if saved and "tests" in known else executed,
        seed=plan.seed,
    )


def missed(verdicts: Sequence[tables.Saved], judged: Mapping[str, str], plan: Plan) -> Iterator[str]:
    """The mutants that nothing caught, as diffs against the edit."""
    wanted = {each["digest"]: each for each in verdicts if not tables.first(each) and each["operator"] != ORIGINAL}
    for package in PACKAGES:
        for task in tasks_of(package, places.prepared(package, plan.folder), plan):
            mutant = task.mutant
            if mutant.digest in wanted:
                words = judged.get(mutant.digest, "not judged")
                yield f"\n{package.name} {task.edit.name} [{mutant.operator}] {mutant.digest}: {words}"
                yield tables.place(wanted[mutant.digest])
                lines = task.after[task.path].splitlines(), mutant.text.splitlines()
                yield from list(difflib.unified_diff(*lines, task.path, lineterm="", n=2))[2:]


# --- the command -----------------------------------------------------------------------------------------------


def main() -> int:
    given = _arguments()
    verdicts = tables.load(given.save)
    if {each.get("seed") or SEED for each in verdicts} - {given.seed}:
        raise SystemExit(f"{given.save} has the mutants of another seed: give --save another file")
    until = time.monotonic() + given.seconds
    plan = Plan(
        given.folder,
        given.save,
        given.seed,
        3 if given.quick else MOST,
        tuple(given.again),
        given.passed,
        given.brief,
        until,
    )
    if given.missed:
        print("\n".join(missed(verdicts, tables.judged(), plan)))
    elif given.table or not (cut_off := run(_chosen(given, verdicts), plan, given.jobs)):
        print("\n".join(tables.tables(tables.load(given.save), tables.judged())))
    else:
        return cut_off
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/equivalence"))
    parser.add_argument("--only", choices=[each.name for each in PACKAGES], action="append")
    parser.add_argument("--again", choices=trials.STAGES, action="append", default=[], help="ask this stage once more")
    parser.add_argument(
        "--passed", action="store_true", help="--again only of what the tests let pass, and of the edits"
    )
    parser.add_argument("--brief", action="store_true", help="no tests of what the calls caught")
    parser.add_argument("--jobs", type=int, default=1, help="packages at once")
    parser.add_argument("--seed", type=int, default=SEED, help="of the choice of mutants and their order")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--quick", action="store_true", help="one edit of one package, few mutants")
    parser.add_argument("--save", type=Path, default=tables.DATA)
    parser.add_argument("--missed", action="store_true", help="show the mutants that nothing caught")
    parser.add_argument("--table", action="store_true", help="only count what is saved")
    return parser.parse_args()


def _chosen(given: argparse.Namespace, verdicts: Sequence[tables.Saved]) -> list[Package]:
    """The packages to be studied; those that took longest the last time first, so that no job is left alone at last."""
    if given.quick:
        return [replace(PACKAGES[0], edits=PACKAGES[0].edits[:1])]
    took = {each.name: 0.0 for each in PACKAGES}
    for verdict in verdicts:
        took[verdict["package"]] += sum(stage["seconds"] for stage in verdict["stages"].values())
    chosen = [each for each in PACKAGES if not given.only or each.name in given.only]
    return sorted(chosen, key=lambda each: -took[each.name])


def run(chosen: Sequence[Package], plan: Plan, jobs: int) -> int:
    """Study the packages; the exit code. What is saved is put in order when all of it is there."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    plan.save.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs) as pool:
        done = list(pool.map(_run_one, chosen, [plan] * len(chosen)))
    if not all(done):
        return CUT_OFF
    if plan.most == MOST:
        _put_in_order(chosen, plan)
    return 0


def _run_one(package: Package, plan: Plan) -> bool:
    """Study a package, and say whether it was studied to the end."""
    known = {(each["package"], each["edit"], each["digest"]): each for each in tables.load(plan.save)}
    for verdict in study(package, known, plan):
        with plan.save.open("a") as file:
            file.write(json.dumps(asdict(verdict)) + "\n")
        seen = {name: stage.caught for name, stage in verdict.stages.items() if stage.caught}
        print(f"{verdict.package} {verdict.edit} [{verdict.operator}] {verdict.after} | {seen}", flush=True)
        if time.monotonic() > plan.until:
            return False
    return True


def _put_in_order(chosen: Sequence[Package], plan: Plan) -> None:
    """Save one verdict of each mutant, in the order of the packages; those of mutants that are not made any more go."""
    made = [key_of(each, task) for each in chosen for task in tasks_of(each, places.prepared(each, plan.folder), plan)]
    known = {(each["package"], each["edit"], each["digest"]): each for each in tables.load(plan.save)}
    others = [key for key in known if key[0] not in {each.name for each in chosen}]
    names = [each.name for each in PACKAGES]
    lines = [json.dumps(known[key]) for key in sorted([*others, *made], key=lambda key: names.index(key[0]))]
    part = plan.save.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n")
    part.replace(plan.save)


if __name__ == "__main__":
    sys.exit(main())
