"""llmopt's judge and the rules of its peers over the same recorded samples of equal code, and with gains put in.

    python benchmarks/judge/replay.py [--traces DIR] [--retosses 20]

Reads idle.jsonl.gz and loaded.jsonl.gz (see record.py; plain .jsonl works too) and prints Markdown tables: the noise of
the traces, false acceptances, power for true gains, and the seconds spent until the decision. A true gain is put in by
dividing the candidate's seconds. No clock is read: the seconds are those of the recording.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import random
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from peers import PEERS, Peer
from rates import Rate, percent, quantile, rate, table
from simulate import RUN, judged, tosses

from llmopt import judge
from llmopt.data import Pair, Sample
from llmopt.judge import MIN_SPEEDUP

TRACES = Path(__file__).parent / "traces"
NAMES = ("idle", "loaded")
GAINS = (1.03, 1.05, 1.1, 1.5)
GAINS_TIMED = (1.0, 1.05, 1.5)


@dataclass(frozen=True)
class Block:
    """Pairs taken one after the other: the seconds of each sample in their order, who came first in each pair, and what
    each pair took by the clock."""

    workload: str
    samples: tuple[float, ...]
    candidate_first: tuple[bool, ...]
    wall: tuple[float, ...]

    @property
    def sides(self) -> tuple[list[float], list[float]]:
        """The seconds of base and candidate, pair by pair."""
        couples = list(zip(self.samples[::2], self.samples[1::2], strict=True))
        ordered = [pair[::-1] if first else pair for pair, first in zip(couples, self.candidate_first, strict=True)]
        return [base for base, _ in ordered], [candidate for _, candidate in ordered]


@dataclass(frozen=True)
class Outcome:
    """What a rule said of one candidate, and the seconds by the clock that its samples took."""

    faster: bool
    seconds: float


Trace = Sequence[Block]  # of one workload, in the order of time
Rule = Callable[[Trace, int, float], Outcome]  # the trace, the block to decide on, the true gain to put in


# --- traces ------------------------------------------------------------------------------------------------------


def read(path: Path) -> list[Block]:
    """The blocks of one recording, plain or compressed."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [block_of(json.loads(line)) for line in content.splitlines()]


def block_of(record: dict[str, list[list[float]]]) -> Block:
    samples = [(new, old) if first else (old, new) for old, new, first in record["pairs"]]
    return Block(
        str(record["workload"]),
        tuple(itertools.chain.from_iterable(samples)),
        tuple(bool(first) for _, _, first in record["pairs"]),
        tuple(record["wall"]),  # type: ignore[arg-type]
    )


def by_workload(blocks: Iterable[Block]) -> list[Trace]:
    groups: dict[str, list[Block]] = {}
    for block in blocks:
        groups.setdefault(block.workload, []).append(block)
    return list(groups.values())


def retossed(trace: Trace, source: random.Random) -> Trace:
    """The same samples with new tosses of who is called candidate: base and candidate are the same code."""
    return [replace(block, candidate_first=tuple(itertools.islice(tosses(source), len(block.wall)))) for block in trace]


# --- llmopt over a trace -----------------------------------------------------------------------------------------


def pairs_of(block: Block, gain: float) -> Iterator[list[Pair]]:
    for base, candidate, first in zip(*block.sides, block.candidate_first, strict=True):
        yield [Pair(0, Sample(base), Sample(candidate / gain), first)]


def screening(trace: Trace, index: int, gain: float) -> Outcome:
    """The first look alone."""
    decision = judged(endless(trace, index, gain), judge.screening(MIN_SPEEDUP))
    return Outcome(decision.outcome == "accept", seconds_of(trace, index, 0, decision.pairs))


def both_stages(trace: Trace, index: int, gain: float) -> Outcome:
    """The first look, and when it accepts the confirmation on the samples after it: the rest of the block, from a new
    toss on, then the next blocks of the workload."""
    first = judged(endless(trace, index, gain), judge.screening(MIN_SPEEDUP))
    spent = seconds_of(trace, index, 0, first.pairs)
    if first.outcome != "accept":
        return Outcome(False, spent)
    start = first.pairs + first.pairs % 2
    fresh = itertools.islice(endless(trace, index, gain), start, None)
    second = judged(fresh, judge.confirmation(MIN_SPEEDUP))
    return Outcome(second.outcome == "accept", spent + seconds_of(trace, index, start, start + second.pairs))


def endless(trace: Trace, index: int, gain: float) -> Iterator[list[Pair]]:
    """The block's pairs and those of the following blocks; the first block follows the last."""
    for block in itertools.cycle([*trace[index:], *trace[:index]]):
        yield from pairs_of(block, gain)


def seconds_of(trace: Trace, index: int, start: int, stop: int) -> float:
    walls = itertools.chain.from_iterable(block.wall for block in itertools.cycle([*trace[index:], *trace[:index]]))
    return sum(itertools.islice(walls, start, stop))


# --- peers over a trace ------------------------------------------------------------------------------------------


def as_taken(peer: Peer) -> Rule:
    """All samples of the base first, then all of the candidate, as these tools do; in pairs for the one that peeks."""
    if peer.in_pairs:
        return in_pairs(peer)

    def decide(trace: Trace, index: int, gain: float) -> Outcome:
        samples = trace[index].samples
        base, candidate = samples[: peer.runs], samples[peer.runs : 2 * peer.runs]
        return outcome_of(peer, trace[index], base, [seconds / gain for seconds in candidate])

    return decide


def in_pairs(peer: Peer) -> Rule:
    """The peer's rule with llmopt's way of sampling: base and candidate alternating."""

    def decide(trace: Trace, index: int, gain: float) -> Outcome:
        base, candidate = (side[: peer.runs] for side in trace[index].sides)
        return outcome_of(peer, trace[index], base, [seconds / gain for seconds in candidate])

    return decide


def outcome_of(peer: Peer, block: Block, base: Sequence[float], candidate: Sequence[float]) -> Outcome:
    verdict = peer.decide(base, candidate)
    return Outcome(verdict.faster, sum(block.wall[: (verdict.samples + 1) // 2]))


def run_of_peer(peer: Peer, trace: Trace, index: int) -> bool:
    """Is one of ten equal candidates called faster? The base is timed once, the candidates in the blocks after it."""
    if peer.in_pairs:
        return run_of(in_pairs(peer), trace, index)
    base = trace[index].samples[: peer.runs]
    later = trace[index + 1 : index + 1 + RUN]
    return any(peer.decide(base, block.samples[: peer.runs]).faster for block in later)


def run_of(rule: Rule, trace: Trace, index: int) -> bool:
    return any(rule(trace, index + 1 + number, 1.0).faster for number in range(RUN))


# --- tables ------------------------------------------------------------------------------------------------------

Traces = dict[str, list[Trace]]
LLMOPT: dict[str, Rule] = {"llmopt, screening alone": screening, "llmopt": both_stages}


def outcomes(rule: Rule, traces: Sequence[Trace], gain: float = 1.0) -> list[Outcome]:
    return [rule(trace, index, gain) for trace in traces for index in range(len(trace))]


def false_rate(rule: Rule, traces: Sequence[Trace]) -> Rate:
    return rate(outcome.faster for outcome in outcomes(rule, traces))


def windows(traces: Sequence[Trace]) -> list[tuple[Trace, int]]:
    """Where a run of ten candidates can start: a block with ten of the same workload after it."""
    return [(trace, index) for trace in traces for index in range(len(trace) - RUN)]


def false_acceptances(traces: Traces, retosses: int) -> str:
    """Rows of rules; for each trace the rate of one candidate and that of a run of ten."""
    rows: list[list[object]] = []
    for peer in PEERS:
        cells = [str(false_rate(as_taken(peer), each)) for each in traces.values()]
        paired = [percent(false_rate(in_pairs(peer), each).share) for each in traces.values()]
        runs = [rate(run_of_peer(peer, *at) for at in windows(each)) for each in traces.values()]
        rows.append([peer.name, *cells, *paired, *(percent(run.share) for run in runs)])
    for name, rule in LLMOPT.items():
        rates = [false_rate(rule, each) for each in traces.values()]
        runs = [rate(run_of(rule, *at) for at in windows(each)) for each in traces.values()]
        rows.append([name, *rates, *(percent(seen.share) for seen in rates), *(percent(run.share) for run in runs)])
    for name, rule in LLMOPT.items():
        rates = [false_rate(rule, tossed_anew(each, retosses)) for each in traces.values()]
        rows.append([f"{name}, tossed anew {retosses} times", *rates, *["–"] * 2 * len(rates)])
    head = ["rule", *traces, *(f"{name}, in pairs" for name in traces), *(f"{name}, best of ten" for name in traces)]
    return table(head, rows)


def tossed_anew(traces: Sequence[Trace], times: int) -> list[Trace]:
    source = random.Random(1)
    return [retossed(trace, source) for _ in range(times) for trace in traces]


def rules() -> dict[str, Rule]:
    return {peer.name: as_taken(peer) for peer in PEERS} | LLMOPT


def power(traces: Traces) -> str:
    """Rows of rules; for each trace and true gain the share called faster."""
    head = ["rule", *(f"{name} {gain:g}x" for name in traces for gain in GAINS)]
    rows = []
    for name, rule in rules().items():
        seen = [rate(out.faster for out in outcomes(rule, each, gain)) for each in traces.values() for gain in GAINS]
        rows.append([name, *(percent(share.share) for share in seen)])
    return table(head, rows)


def seconds_spent(traces: Traces) -> str:
    """Rows of rules; for each trace and true gain the median and 90th percentile of the seconds until the decision."""
    head = ["rule", *(f"{name} {gain:g}x" for name in traces for gain in GAINS_TIMED)]
    rows = []
    for name, rule in rules().items():
        taken = [
            [out.seconds for out in outcomes(rule, each, gain)] for each in traces.values() for gain in GAINS_TIMED
        ]
        rows.append([name, *(f"{quantile(each, 0.5):.1f} ({quantile(each, 0.9):.1f})" for each in taken)])
    return table(head, rows)


# --- the noise of the traces -------------------------------------------------------------------------------------


def noise(traces: Traces) -> str:
    head = ["trace", "blocks", "ms", "CV", "CV in a block", "robust spread", "outliers"]
    head += ["autocorrelation", "between blocks", "log ratio of a pair"]
    rows = [
        [f"{name}, {trace[0].workload}", len(trace), *noise_of(trace)]
        for name, each in traces.items()
        for trace in each
    ]
    return table(head, rows)


def noise_of(trace: Trace) -> list[str]:
    """Median ms; CV over all; medians over the blocks of CV and of scaled median absolute deviation by median; share of
    samples more than five of those above their block's median; correlation of neighbours; the standard deviation of the
    blocks' log medians, and of the pairs' log ratios."""
    every = [seconds for block in trace for seconds in block.samples]
    medians = [statistics.median(block.samples) for block in trace]
    spreads = [robust_spread(block.samples) for block in trace]
    outliers = [
        seconds > middle * (1 + 5 * spread)
        for block, middle, spread in zip(trace, medians, spreads, strict=True)
        for seconds in block.samples
    ]
    ratios = [math.log(base / new) for block in trace for base, new in zip(*block.sides, strict=True)]
    return [
        f"{1000 * statistics.median(every):.1f}",
        percent(variation(every)),
        percent(statistics.median(variation(block.samples) for block in trace)),
        percent(statistics.median(spreads)),
        percent(rate(outliers).share),
        f"{statistics.median(neighbours(block.samples) for block in trace):+.2f}",
        percent(statistics.stdev(math.log(middle) for middle in medians)),
        percent(statistics.stdev(ratios)),
    ]


def variation(values: Sequence[float]) -> float:
    return statistics.stdev(values) / statistics.fmean(values)


def robust_spread(values: Sequence[float]) -> float:
    """The median absolute deviation, scaled to a Gaussian's standard deviation, as a share of the median."""
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(value - middle) for value in values) / middle


def neighbours(values: Sequence[float]) -> float:
    """The correlation of each sample with the next, by ranks so that one outlier does not settle it."""
    order = sorted(values)
    ranks = [order.index(value) for value in values]
    return statistics.correlation(ranks[:-1], ranks[1:])


def load(folder: Path) -> Traces:
    """The traces by name, those that there are."""
    found = {name: next(iter(sorted(folder.glob(f"{name}.jsonl*"), reverse=True)), None) for name in NAMES}
    return {name: by_workload(read(path)) for name, path in found.items() if path}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, default=TRACES, help="the folder with the recordings")
    parser.add_argument("--retosses", type=int, default=20, help="new tosses of who is the candidate")
    arguments = parser.parse_args()
    traces = load(arguments.traces)
    if not traces:
        parser.error(f"no idle.jsonl.gz or loaded.jsonl.gz in {arguments.traces}; record.py makes them")
    print("## Noise of the traces\n", noise(traces), sep="\n")
    count = len(windows(next(iter(traces.values()))))
    print(f"## Equal code: false acceptances [95 % interval]; best of ten over {count} overlapping runs\n")
    print(false_acceptances(traces, arguments.retosses))
    print("## True gains put in: share accepted\n", power(traces), sep="\n")
    print("## Seconds by the clock until the decision: median (90th percentile)\n", seconds_spent(traces), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
