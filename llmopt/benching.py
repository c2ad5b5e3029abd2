"""A target and one tree in, the runs of its workloads out; results are stored by name and found again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from llmopt import __version__, calibration, samples, timer, workloads
from llmopt.data import Limits, Sample, Tree, Workload
from llmopt.errors import ProjectError, UsageError
from llmopt.machine import Machine
from llmopt.target import Target

FOLDER = "bench"
NAME = re.compile(r"[\w@+-][\w.@+-]{0,99}")
MOST_RUNS = 500  # with --precision, for a workload whose runs do not settle
# Two sessions on one machine differ by about this much without any change of the code: other load, other temperature,
# another place in memory. What differs less is not told apart without pairs.
SESSIONS_DIFFER = 1.05


@dataclass(frozen=True)
class Measured:
    """One workload: what it is, and what each of its runs used."""

    spec: str
    repetitions: int
    samples: tuple[Sample, ...]

    @property
    def seconds(self) -> list[float]:
        return [sample.seconds for sample in self.samples]


@dataclass(frozen=True)
class Bench:
    """One measured revision, and what has to be equal for another result to be compared with it."""

    name: str
    revision: str
    commit: str
    at: float  # seconds since the epoch
    machine: Machine
    python: tuple[int, int, int]
    workloads: tuple[Measured, ...]
    llmopt: str = __version__
    notices: tuple[str, ...] = ()
    stopped: str = ""
    sandbox: str = ""


@dataclass(frozen=True)
class Difference:
    """How a workload differs from a stored result: "faster", "slower", "same" or "inconclusive"; `speedup` is old over
    new."""

    spec: str
    verdict: str
    speedup: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """How many runs; with `precision` more, until the interval of the median is so narrow (high / low)."""

    runs: int = 20
    precision: float | None = None

    def is_done(self, seconds: list[float]) -> bool:
        if self.precision is None or len(seconds) < self.runs or len(seconds) >= MOST_RUNS:
            return len(seconds) >= self.runs
        low, high = samples.median_interval(seconds)
        return high <= self.precision * low


def runs(
    target: Target, tree: Tree, workload: Workload, limits: Limits, plan: Plan, watch: Callable[[str], None]
) -> Iterator[Measured]:
    """What is known of a workload after each run: fresh processes on one core, warmed up and calibrated before."""
    watch(f"calibrating {workload.spec}")
    known = calibration.calibrate(workload, [calibration.first_run(target, tree, workload, limits)])
    bounds = replace(limits, cores=timer.quiet_core()) if known.pinned else limits
    found = Measured(workload.spec, known.repetitions, ())
    watch(f"measuring {workload.spec}")
    while not plan.is_done(found.seconds):
        seed = len(found.samples) + 1
        run = workloads.run(target, tree, workload, bounds, hash_seed=seed, repetitions=known.repetitions)
        found = replace(found, samples=(*found.samples, run.sample))
        yield found


# --- stored results --------------------------------------------------------------------------------------------


def require_name(name: str) -> None:
    """Refuse a name that is no file's."""
    if name and not NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a result", "letters, digits and -_.@+ do")


def store(state: Path, bench: Bench) -> Path:
    """Write a result, in place of one of the same name."""
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{bench.name}.json"
    new = path.with_suffix(".new")
    new.write_bytes(TypeAdapter(Bench).dump_json(bench, indent=1))
    new.replace(path)
    return path


def load(state: Path, name: str) -> Bench:
    """A stored result; UsageError that names those there are."""
    path = state / FOLDER / f"{name}.json"
    if not (NAME.fullmatch(name) and path.is_file()):
        known = ", ".join(sorted(found.stem for found in (state / FOLDER).glob("*.json"))[-8:]) or "none yet"
        raise UsageError(f"no result is called {name!r} in {state / FOLDER}", f"known: {known}; `llmopt bench --list`")
    return _read(path)


def stored(state: Path) -> list[Bench]:
    """All stored results, oldest first."""
    return sorted((_read(path) for path in (state / FOLDER).glob("*.json")), key=lambda bench: bench.at)


def _read(path: Path) -> Bench:
    try:
        return TypeAdapter(Bench).validate_json(path.read_bytes())
    except ValidationError as problem:
        raise ProjectError(
            f"{path} cannot be read: {problem.errors()[0]['msg']}", "another version of llmopt wrote it: delete it"
        ) from None


# --- beside a stored result ------------------------------------------------------------------------------------


def require_comparable(stored: Bench, machine: Machine, python: tuple[int, int, int]) -> None:
    """Refuse a result of another machine or interpreter: its numbers say nothing about the code."""
    if stored.machine != machine:
        raise UsageError(
            f"{stored.name} was measured on {stored.machine}; this is {machine}", "--force compares anyway"
        )
    if stored.python != python:
        then, now = (".".join(str(part) for part in version) for version in (stored.python, python))
        raise UsageError(f"{stored.name} was measured under Python {then}, not {now}", "--force compares anyway")


def differences(old: Bench, new: Bench) -> list[Difference]:
    """The workloads that both results have."""
    known = {found.spec: found for found in old.workloads}
    return [_difference(known[found.spec], found) for found in new.workloads if found.spec in known and found.samples]


def _difference(old: Measured, new: Measured) -> Difference:
    speedup, (low, high) = samples.ratio(old.seconds, new.seconds)
    verdict = "inconclusive"
    if low > SESSIONS_DIFFER or high < 1 / SESSIONS_DIFFER:
        verdict = "faster" if speedup > 1 else "slower"
    elif low > 1 / SESSIONS_DIFFER and high < SESSIONS_DIFFER:
        verdict = "same"
    return Difference(new.spec, verdict, speedup, (low, high))


def now() -> float:
    """The time to store."""
    return round(time.time(), 3)
