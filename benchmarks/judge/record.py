"""Record A/A traces: the same code as base and candidate, timed by llmopt's own sampler, as data to judge again.

    python benchmarks/judge/record.py FILE [--blocks 300] [--pairs 30] [--load]

Writes one JSON line a block: its workload, and [base, candidate, candidate came first] for each pair, in seconds of one
repetition, with what the CPU time says beside it and what a pair took by the clock. `--load` keeps the other core busy
with a program that computes, allocates and pauses. A file that exists is gone on with.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from llmopt import interpreters, timer, workloads
from llmopt.data import Base, Limits, Project, Tree
from llmopt.sandbox import open_sandbox
from llmopt.target import Target

HERE = Path(__file__).parent
WORKLOADS = ("records.py", "words.py", "program.py")
REPETITIONS = {"records.py": 4, "words.py": 8, "program.py": 1}
LIMITS = Limits(seconds=120)
LOAD = """
import random, time
while True:
    until = time.monotonic() + random.uniform(0.05, 1.5)
    while time.monotonic() < until:
        sorted(random.random() for _ in range(20000))
    time.sleep(random.uniform(0, 0.3))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--blocks", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--quiet-lock", nargs=2, type=Path, metavar=("GATE", "LOCK"), help="locks to hold for a block")
    arguments = parser.parse_args()
    done = len(arguments.file.read_text().splitlines()) if arguments.file.exists() else 0
    with tempfile.TemporaryDirectory() as folder, competing(arguments.load), arguments.file.open("a") as stream:
        targets = {name: target_of(name, Path(folder)) for name in WORKLOADS}
        for block in range(done, arguments.blocks):
            name = WORKLOADS[block % len(WORKLOADS)]
            with held(arguments.quiet_lock):
                record = recorded(name, targets[name], Path(folder), arguments.pairs)
            stream.write(json.dumps({**record, "load": arguments.load}, separators=(",", ":")) + "\n")
            stream.flush()
            time.sleep(0.1)
    print(f"{arguments.blocks} blocks in {arguments.file}, on {platform.platform()}", file=sys.stderr)


def target_of(name: str, folder: Path) -> Target:
    """The workload as a project, written out as two equal trees."""
    for side in ("base", "cand"):
        (folder / side).mkdir(exist_ok=True)
        shutil.copy(HERE / "workloads" / name, folder / side / name)
    interpreter = interpreters.inspect(sys.executable, "the benchmark's own")
    workload = workloads.parse(name, folder / "base", interpreter)
    return Target(Project(folder / "base", "", interpreter, None, (workload,)), open_sandbox().run)


def recorded(name: str, target: Target, folder: Path, pairs: int) -> dict[str, object]:
    base = Base("base", {}, repetitions=(REPETITIONS[name],), pinned=(True,))
    trees = [Tree(side, folder / side) for side in ("base", "cand")]
    load, begun = os.getloadavg()[0], time.time()
    rounds = itertools.islice(timer.rounds(target, base, *trees, LIMITS), pairs)
    taken, walls, cpus = [], [], []
    started = time.perf_counter()
    for (pair,) in rounds:
        taken.append([round(pair.base.seconds, 7), round(pair.candidate.seconds, 7), int(pair.candidate_first)])
        cpus.append([round(pair.base.cpu_seconds, 6), round(pair.candidate.cpu_seconds, 6)])
        walls.append(round(time.perf_counter() - started, 4))
        started = time.perf_counter()
    return {"workload": name, "at": round(begun), "loadavg": load, "pairs": taken, "cpu": cpus, "wall": walls}


@contextlib.contextmanager
def competing(wanted: bool) -> Iterator[None]:
    """A busy program on every core but the one that samples are pinned to."""
    others = sorted(os.sched_getaffinity(0))[:-1] if wanted else []
    running = []
    for core in others:
        running.append(subprocess.Popen([sys.executable, "-c", LOAD]))
        os.sched_setaffinity(running[-1].pid, {core})
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@contextlib.contextmanager
def held(locks: list[Path] | None) -> Iterator[None]:
    """Both locks, so that nothing else that takes them runs meanwhile; the first one keeps newcomers out."""
    if not locks:
        yield
        return
    with locks[0].open("a") as gate, locks[1].open("a") as lock:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


if __name__ == "__main__":
    main()
