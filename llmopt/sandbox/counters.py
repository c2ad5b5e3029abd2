"""Which counters this machine has; a command in, the same under an instruction counter out, and what was counted.

`perf stat` asks the processor and costs nothing, where the machine has such counters and lets this user read them.
Cachegrind simulates: some 30 times slower, and its counts of the same code differ by less than a thousandth. Of
valgrind's tools it is the quickest that counts (lackey takes 5 times as long, callgrind 2, exp-bbv 1.5).
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmopt.data import Ran

POWERCAP = Path("/sys/class/powercap")
SECONDS_OF_TRIAL = 30.0
# perf tells a signal of what it ran only on its standard error, and ends with 0; a shell between ends with 128 + n.
ENDING = ("sh", "-c", '"$@"; exit $?', "sh")
DOUBTFUL_SHARE = 0.01  # of the instructions; less than any gain that is looked for
MILLION = 1_000_000


@dataclass(frozen=True)
class Counter:
    """One way to count instructions. `wrapped` takes the command and a folder of its own for the counter's files;
    `count` reads these; None when nothing, or not all, was counted. One that is `outside` runs around what confines the
    command, and counts that too."""

    program: str
    wrapped: Callable[[Sequence[str], Path], tuple[str, ...]]
    count: Callable[[Path], int | None]
    exit_code: Callable[[int], int] = lambda code: code
    outside: bool = False

    def finished(self, ran: Ran, folder: Path) -> Ran:
        """What the command under this counter did, with its own exit code and its instructions."""
        return replace(ran, exit_code=self.exit_code(ran.exit_code), instructions=self.count(folder))


# --- perf --------------------------------------------------------------------------------------------------------


def _perf(argv: Sequence[str], folder: Path) -> tuple[str, ...]:
    return ("perf", "stat", "-x,", "-o", str(folder / "perf"), "-e", "instructions:u", "--", *ENDING, *argv)


def _perf_count(folder: Path) -> int | None:
    try:
        return perf_instructions((folder / "perf").read_text(errors="replace"))
    except OSError:
        return None


def perf_instructions(report: str) -> int | None:
    """The sum over the kinds of cores of a `perf stat -x,` report; None if any was not counted."""
    counts = [line.split(",")[0] for line in report.splitlines() if "instructions" in line]
    if not counts or not all(count.isdigit() for count in counts):
        return None  # "<not supported>", "<not counted>"
    return sum(map(int, counts))


def _perf_exit_code(code: int) -> int:
    """A shell's 128 + n as the negative signal."""
    return 128 - code if code > 128 else code


# --- cachegrind --------------------------------------------------------------------------------------------------


def _cachegrind(argv: Sequence[str], folder: Path) -> tuple[str, ...]:
    place = str(folder).replace("%", "%%")
    files = (f"--cachegrind-out-file={place}/count.%p", f"--log-file={place}/log.%p", "--child-silent-after-fork=yes")
    return ("valgrind", "-q", "--tool=cachegrind", "--cache-sim=no", "--trace-children=yes", *files, *argv)


def _cachegrind_count(folder: Path) -> int | None:
    """The sum over all processes. Each program that is started opens a log; one whose count is missing was killed, and
    then not all was counted. A process that was forked, and never became another program, has no log, and counts again
    what its parent did before: with more than a little of that, no number is better than a wrong one."""
    counts = {path.suffix: cachegrind_instructions(path) for path in folder.glob("count.*")}
    started = {path.suffix for path in folder.glob("log.*")}
    if not counts or started - counts.keys() or None in counts.values():
        return None
    total = sum(count or 0 for count in counts.values())
    again = sum(count or 0 for number, count in counts.items() if number not in started)
    return total if again <= DOUBTFUL_SHARE * total else None


def cachegrind_instructions(path: Path) -> int | None:
    """The number in the last line of an output file, "summary: N"; None if it was not written to its end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200))
        name, _, number = file.read().rstrip().rpartition(b"\n")[2].partition(b": ")
    return int(number) if name == b"summary" and number.isdigit() else None


# --- which there are ---------------------------------------------------------------------------------------------

COUNTERS = {
    "perf": Counter("perf", _perf, _perf_count, _perf_exit_code, outside=True),
    "cachegrind": Counter("valgrind", _cachegrind, _cachegrind_count),
}


def available() -> str:
    """The best counter that works here, "perf" or "cachegrind"; "" for none."""
    return next((name for name in COUNTERS if not reason(name)), "")


@functools.cache
def reason(name: str) -> str:
    """Why a counter does not work here, found by running it once in this process; "" if it works."""
    if name not in COUNTERS:
        return "no such counter"
    counter = COUNTERS[name]
    if not shutil.which(counter.program):
        return f"{counter.program} is not installed"
    with tempfile.TemporaryDirectory(prefix="llmopt-counter-") as folder:
        argv = counter.wrapped(("true",), Path(folder))
        try:
            tried = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS_OF_TRIAL)
        except (OSError, subprocess.TimeoutExpired) as problem:
            return f"{counter.program} cannot be run: {problem}"
        if counter.count(Path(folder)) is not None:
            return ""
    said = tried.stderr.strip().splitlines()
    return said[0] if said else f"{counter.program} runs, but this machine has no such counter, or keeps it to itself"


# --- energy ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Package:
    """A processor package's energy counter (RAPL), which starts again from 0 at `wrap_microjoules`."""

    path: Path
    wrap_microjoules: int

    def microjoules(self) -> int:
        return int((self.path / "energy_uj").read_text())


def packages(powercap: Path = POWERCAP) -> tuple[Package, ...]:
    """The packages whose counters this user can read. Their parts (core, uncore, dram) are below them, and the whole
    platform (psys), which holds them again, beside them: both are left out."""
    found = []
    for path in sorted(powercap.glob("intel-rapl:*")):
        try:
            if path.name.count(":") == 1 and (path / "name").read_text().startswith("package"):
                package = Package(path, int((path / "max_energy_range_uj").read_text()))
                package.microjoules()
                found.append(package)
        except (OSError, ValueError):
            continue  # since 2020, Linux lets only root read them
    return tuple(found)


def energy_available(powercap: Path = POWERCAP) -> bool:
    return bool(packages(powercap))


class Energy:
    """The joules that all packages used from here on."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._packages = packages(powercap)
        self._before = [package.microjoules() for package in self._packages]

    def joules(self) -> float | None:
        """None where no package tells. A counter that wrapped did so once: it takes many minutes."""
        if not self._packages:
            return None
        after = [package.microjoules() for package in self._packages]
        used = [
            end - begin if end >= begin else end - begin + package.wrap_microjoules
            for package, begin, end in zip(self._packages, self._before, after, strict=True)
        ]
        return sum(used) / MILLION


# --- in words ----------------------------------------------------------------------------------------------------


def describe(powercap: Path = POWERCAP) -> str:
    """One line: what is measured of every command here, and what cannot be."""
    name = available()
    counted = [f"wall, CPU, peak memory{f', instructions by {name}' if name else ''}"]
    if energy_available(powercap):
        counted[0] += ", energy (RAPL)"
    if not name:
        counted.append("no instruction counter here: " + ", ".join(reason(each) for each in COUNTERS))
    if not energy_available(powercap):
        counted.append(_no_energy(powercap))
    return "; ".join(counted)


def _no_energy(powercap: Path) -> str:
    kept = any(not os.access(path / "energy_uj", os.R_OK) for path in powercap.glob("intel-rapl:*"))
    return "energy counters (RAPL) that only root may read" if kept else "no energy counters (RAPL) here"
