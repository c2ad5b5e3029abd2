"""How soon is an edit called wrong? For mutants of each package, the recorded calls beside a run of the workload.

    python benchmarks/equivalence/pace.py FOLDER [--only PACKAGE] [--each 12]
    python benchmarks/equivalence/pace.py --table

FOLDER is the study's. Of each package `--each` mutants that the calls find wrong are taken, in an order drawn by
chance; right before each of them the workload runs once, as the check of the output runs it, so that a machine that is
busy slows both. Each figure is written to `--save` as soon as it exists.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import places
import study
import tables
from packages import Package
from trials import Trial

DATA = tables.DATA.with_name("equivalence_pace.jsonl")
EACH = 12
MOST_TRIED = 4  # mutants for each one that is wanted


@dataclass(frozen=True)
class Pace:
    """Seconds of one run of the workloads, and of the recorded calls until they said "wrong"."""

    package: str
    edit: str
    digest: str
    workload_seconds: float
    calls_seconds: float

    @property
    def ratio(self) -> float:
        return self.calls_seconds / self.workload_seconds


def paces(package: Package, plan: study.Plan, wanted: int) -> Iterator[Pace]:
    """So many wrong edits of a package, timed. What the base does is recorded before, once for all candidates."""
    place = places.prepared(package, plan.folder)
    tasks = [each for each in study.tasks_of(package, place, plan) if not each.is_original]
    random.Random(plan.seed).shuffle(tasks)
    trial = Trial(package, place)
    recorded: set[str] = set()
    found = 0
    for task in tasks[: MOST_TRIED * wanted]:
        if task.edit.name not in recorded:
            trial.record(task.before, task.after)
            recorded.add(task.edit.name)
        workload = places.workload_seconds(trial.target, place.tree("base", trial.base.commit), runs=1)
        stage = trial.calls(task.before, {**task.after, task.path: task.mutant.text})
        if stage.caught:
            found += 1
            yield Pace(package.name, task.edit.name, task.mutant.digest, round(workload, 3), stage.seconds)
        if found == wanted:
            return


def table(found: Sequence[Pace]) -> Iterator[str]:
    yield "| median | wrong edits | a workload run | calls: wrong | in workload runs | below 1 |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name in [*dict.fromkeys(each.package for each in found), "all"]:
        own = [each for each in found if name in (each.package, "all")]
        ratios = [each.ratio for each in own]
        seconds = [
            statistics.median(getattr(each, field) for each in own) for field in ("workload_seconds", "calls_seconds")
        ]
        cells = [name, str(len(own)), *(f"{each:.2f} s" for each in seconds)]
        cells += [f"{statistics.median(ratios):.2f}", f"{sum(each < 1 for each in ratios) / len(ratios):.0%}"]
        yield f"| {' | '.join(cells)} |"


def load(path: Path) -> list[Pace]:
    lines: list[Mapping[str, Any]] = (
        [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    )
    return [Pace(**each) for each in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/equivalence"))
    parser.add_argument("--only", choices=[each.name for each in study.PACKAGES], action="append")
    parser.add_argument("--each", type=int, default=EACH, help="wrong edits of each package")
    parser.add_argument("--save", type=Path, default=DATA)
    parser.add_argument("--table", action="store_true", help="only show what is saved")
    given = parser.parse_args()
    if not given.table:
        plan = study.Plan(given.folder, given.save, study.SEED)
        chosen = [each for each in study.PACKAGES if not given.only or each.name in given.only]
        kept = [each for each in load(given.save) if each.package not in {one.name for one in chosen}]
        given.save.write_text("".join(f"{json.dumps(asdict(each))}\n" for each in kept))
        for package in chosen:
            for pace in paces(package, plan, given.each):
                with given.save.open("a") as file:
                    file.write(json.dumps(asdict(pace)) + "\n")
                print(f"{pace.package} {pace.edit}: {pace.calls_seconds:.2f} s, {pace.ratio:.2f} runs", flush=True)
    print("\n".join(table(load(given.save))))


if __name__ == "__main__":
    main()
