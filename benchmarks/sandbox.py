"""What each layer of confinement costs per run, and whether it changes what is measured, side by side in one run.

    python benchmarks/sandbox.py [ROUNDS] [PAIRS]

Prints two Markdown tables. The first: milliseconds per run of `true` and of `python -c pass` under each layer that
works here, from call to return, and what is added to `off` in the same round; and the wall time that llmopt reports of
it. The second: base over candidate for code that does a tenth less, timed between marks and as a whole process, with
the 95 % interval of the median; pairs of all layers are interleaved, in an order that a coin decides.
"""

from __future__ import annotations

import functools
import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from llmopt import interpreters, samples, sandbox
from llmopt.data import Command, Grants, Limits, Ran, Sandbox
from llmopt.sandbox import process, reach

NOTHING = {"`true`": ("true",), "`python -c pass`": (sys.executable, "-S", "-c", "pass")}
WORK = "sum(i * i % 7 for i in range({0}))"
MARKED = "import os; os.write(3, b'begin\\n'); {0}; os.write(3, b'end\\n')"
BASE, CANDIDATE = 1_100_000, 1_000_000
LIMITS = Limits(seconds=60)


def main() -> None:
    rounds, pairs = (int(word) for word in (*sys.argv[1:], *("40", "30")[len(sys.argv) - 1 :]))
    layers = opened()
    print(f"Python {sys.version.split()[0]}, {rounds} rounds, {pairs} pairs\n")
    costs(layers, rounds)
    print()
    ratios(layers, pairs)


def opened() -> Mapping[str, Sandbox]:
    """The layers that work here, without confinement first."""
    grants = Grants(read=reach.interpreter(interpreters.inspect(sys.executable, "benchmark"), Path("/nowhere")))
    names = ["process", *(name for name in sandbox.STRONGEST_FIRST if not sandbox.unusable(name))]
    return {name: functools.partial(process.run, layer=sandbox.LAYERS[name], grants=grants) for name in names}


def costs(layers: Mapping[str, Sandbox], rounds: int) -> None:
    """The first table."""
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds + 1):
        for what, argv in NOTHING.items():
            for name in shuffled(layers):
                started = time.perf_counter()
                ran = done(layers[name](Command(argv, Path("/")), LIMITS))
                seconds = time.perf_counter() - started
                taken.setdefault((what, name), []).append((1000 * seconds, 1000 * ran.wall_seconds))
    print("| run | layer | median ms | least ms | added to off | wall ms as reported |\n|---|---|--:|--:|--:|--:|")
    for (what, name), values in sorted(taken.items(), key=lambda item: (item[0][0], list(layers).index(item[0][1]))):
        kept, plain = values[1:], taken[what, "process"][1:]  # the first round warms up
        added = statistics.median(own[0] - off[0] for own, off in zip(kept, plain, strict=True))
        middle, reported = (statistics.median(value[at] for value in kept) for at in (0, 1))
        print(f"| {what} | {shown(name)} | {middle:.1f} | {min(kept)[0]:.1f} | {added:+.1f} | {reported:.1f} |")


def ratios(layers: Mapping[str, Sandbox], pairs: int) -> None:
    """The second table."""
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(pairs):
        for name in shuffled(layers):
            for what, seconds in (("between marks", marked), ("whole process", whole)):
                sides = {work: seconds(layers[name], work) for work in shuffled((BASE, CANDIDATE))}
                found.setdefault((what, name), []).append(sides[BASE] / sides[CANDIDATE])
    print("| timed | layer | base / candidate [95 %] |\n|---|---|--:|")
    for (what, name), values in sorted(found.items(), key=lambda item: (item[0][0], list(layers).index(item[0][1]))):
        low, high = samples.median_interval(values)
        print(f"| {what} | {shown(name)} | {statistics.median(values):.3f} [{low:.3f}, {high:.3f}] |")


def marked(run: Sandbox, work: int) -> float:
    """Seconds between the marks."""
    code = MARKED.format(WORK.format(work))
    ran = done(run(Command((sys.executable, "-S", "-c", code), Path("/"), marks=True), LIMITS))
    return ran.marks[1][1] - ran.marks[0][1]


def whole(run: Sandbox, work: int) -> float:
    """Seconds of the process."""
    return done(run(Command((sys.executable, "-S", "-c", WORK.format(work)), Path("/")), LIMITS)).wall_seconds


def done(ran: Ran) -> Ran:
    if ran.exit_code:
        sys.exit(f"a run failed: {ran.stderr}")
    return ran


def shuffled(names: Mapping[str, Sandbox] | Sequence[int]) -> list:  # type: ignore[type-arg]
    order = list(names)
    random.shuffle(order)
    return order


def shown(layer: str) -> str:
    return "off" if layer == "process" else layer


if __name__ == "__main__":
    main()
