"""The judge against simulated machines: how often it accepts equal code, and what it takes to see a true gain.

    python benchmarks/judge/simulate.py [--candidates 10000] [--trials 1000] [--jobs 1] [--quick]

Every decision is made by `judge.decide` after every pair, as llmopt does it. Prints Markdown tables and the promises,
and ends with exit code 1 when one of them is not kept. The seeds are fixed: the same code prints the same tables,
whatever the number of jobs.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import math
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from noise import MODELS
from rates import Rate, percent, quantile, rate, table

from llmopt import judge
from llmopt.data import Decision, Pair, Sample
from llmopt.judge import MIN_SPEEDUP

RUN = 10  # candidates in a run
ERROR, POWER = 0.01, 0.9  # what is promised
GAINS = (1.03, 1.05, 1.1, 1.5, 2.0)
ENDING_EARLY = (1.0, 0.8)
TRUE_GAIN_MODELS = ("log-normal 3 %", "log-normal 15 %", "heavy tails", "two speeds, lasting", "autocorrelated")
CHUNK = 25  # runs or candidates in one task: the unit of seeding and of the parallel work
RULES = {"screening": judge.screening, "confirmation": judge.confirmation}


@dataclass(frozen=True)
class Trial:
    """One candidate: the screening, and the confirmation where it came to that."""

    screening: Decision
    confirmation: Decision | None = None

    @property
    def accepted(self) -> bool:
        return self.confirmation is not None and self.confirmation.outcome == "accept"

    @property
    def pairs(self) -> int:
        return self.screening.pairs + (self.confirmation.pairs if self.confirmation else 0)


# --- taking samples and deciding ---------------------------------------------------------------------------------


def tosses(source: random.Random) -> Iterator[bool]:
    """Does the candidate come first? As `llmopt.timer.rounds` has it: a coin decides, anew for each pair."""
    while True:
        yield source.random() < 0.5


def rounds(machine: Iterator[float], gain: float, source: random.Random) -> Iterator[list[Pair]]:
    """Pairs as `llmopt.timer.rounds` takes them."""
    for candidate_first in tosses(source):
        first, second = math.exp(next(machine)), math.exp(next(machine))
        base, candidate = (second, first) if candidate_first else (first, second)
        yield [Pair(0, Sample(base), Sample(candidate / gain), candidate_first)]


def judged(taken: Iterable[list[Pair]], rule: judge.Rule) -> Decision:
    """Look after every pair until there is a decision."""
    seen: list[list[Pair]] = []
    for pairs in taken:
        seen.append(pairs)
        decision = judge.decide(seen, [1.0], rule)
        if decision.outcome != "continue":
            return decision
    raise ValueError(f"no decision in {len(seen)} pairs")


def candidate(machine: Iterator[float], gain: float, source: random.Random) -> Trial:
    """Screening, and when that accepts, the confirmation on fresh samples."""
    screened = judged(rounds(machine, gain, source), judge.screening(MIN_SPEEDUP))
    if screened.outcome != "accept":
        return Trial(screened)
    return Trial(screened, judged(rounds(machine, gain, source), judge.confirmation(MIN_SPEEDUP)))


# --- tasks: what a worker does -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A chunk of equal trials; what it gives depends on nothing else."""

    kind: str
    model: str
    gain: float
    chunk: int


def work(task: Task) -> list[list[Trial]]:
    source = random.Random(repr(task))
    return [KINDS[task.kind](task, source) for _ in range(CHUNK)]


def whole_run(task: Task, source: random.Random) -> list[Trial]:
    """Ten candidates one after the other on one machine, whose state goes on."""
    machine = MODELS[task.model](source)
    return [candidate(machine, task.gain, source) for _ in range(RUN)]


def one_candidate(task: Task, source: random.Random) -> list[Trial]:
    return [candidate(MODELS[task.model](source), task.gain, source)]


def one_decision(task: Task, source: random.Random) -> list[Trial]:
    rule = RULES[task.kind](MIN_SPEEDUP)
    return [Trial(judged(rounds(MODELS[task.model](source), task.gain, source), rule))]


Kind = Callable[[Task, random.Random], list[Trial]]
KINDS: dict[str, Kind] = {
    "run": whole_run,
    "candidate": one_candidate,
    "screening": one_decision,
    "confirmation": one_decision,
}


class Bench:
    """Runs trials in chunks, with as many processes as asked for."""

    def __init__(self, jobs: int) -> None:
        self.pool = concurrent.futures.ProcessPoolExecutor(jobs) if jobs > 1 else None

    def groups(self, kind: str, model: str, gain: float, count: int) -> list[list[Trial]]:
        """At least `count` groups of trials: runs of ten, or candidates by themselves."""
        tasks = [Task(kind, model, gain, chunk) for chunk in range(math.ceil(count / CHUNK))]
        done = self.pool.map(work, tasks) if self.pool else map(work, tasks)
        return list(itertools.chain.from_iterable(done))

    def trials(self, kind: str, model: str, gain: float, count: int) -> list[Trial]:
        return list(itertools.chain.from_iterable(self.groups(kind, model, gain, count)))


# --- the tables --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Promise:
    """Something that must hold, and what was seen."""

    text: str
    seen: str
    kept: bool


def false_acceptances(bench: Bench, candidates: int) -> Iterator[Promise]:
    """Equal code on every machine: one decision, one candidate, one run of ten."""
    head = ["machine", "screening alone", "confirmation alone", "a candidate (both)", "a run of ten", "pairs each"]
    seen: dict[str, dict[str, Rate]] = defaultdict(dict)
    rows = []
    for model in MODELS:
        runs = bench.groups("run", model, 1.0, math.ceil(candidates / RUN))
        trials = list(itertools.chain.from_iterable(runs))
        alone = rate(t.screening.outcome == "accept" for t in bench.trials("confirmation", model, 1.0, candidates))
        both = rate(t.accepted for t in trials)
        run = rate(any(t.accepted for t in group) for group in runs)
        pairs = sum(t.pairs for t in trials) / len(trials)
        rows.append([model, rate(t.screening.outcome == "accept" for t in trials), alone, both, run, f"{pairs:.1f}"])
        seen["one decision at the 1 % level"][model] = alone
        seen["a candidate"][model] = both
        seen["a run of ten candidates"][model] = run
    print(f"## Equal code, looked at after every pair: false acceptances [95 % interval], {len(trials)} candidates\n")
    print(table(head, rows))
    for what, rates in seen.items():
        worst = max(rates, key=lambda model: rates[model].share)
        kept = rates[worst].share <= ERROR
        yield Promise(f"equal code accepted in {what}, on any machine ≤ 1 %", f"at most {rates[worst]} ({worst})", kept)


def power(bench: Bench, trials: int) -> None:
    """True gains: how many are accepted, and with how many pairs."""
    pairs = ["pairs: median", "90 %"]
    head = ["machine", "true gain", "screening", *pairs, "confirmation", "both", *pairs]
    rows = []
    for model, gain in itertools.product(TRUE_GAIN_MODELS, GAINS):
        seen = bench.trials("candidate", model, gain, trials)
        alone = bench.trials("confirmation", model, gain, trials)
        screened = [t.screening.pairs for t in seen if t.screening.outcome == "accept"]
        kept = [t.pairs for t in seen if t.accepted]
        confirmed = percent(rate(t.screening.outcome == "accept" for t in alone).share)
        first, both = (percent(len(taken) / len(seen)) for taken in (screened, kept))
        rows.append([model, f"{gain:g}x", first, *spread(screened), confirmed, both, *spread(kept)])
    print(f"## True gains: share accepted, and pairs of the accepted ones, {len(seen)} candidates each\n")
    print(table(head, rows))


def spread(pairs: Sequence[int]) -> list[str]:
    """Median and 90th percentile."""
    return [f"{quantile(pairs, share):.0f}" if pairs else "–" for share in (0.5, 0.9)]


def promised_power(bench: Bench, trials: int) -> Iterator[Promise]:
    """The two gains that have to be seen with so many pairs."""
    for model, gain, most in (("log-normal 3 %", 1.05, 30), ("log-normal 15 %", 2.0, 5)):
        seen = [t.screening for t in bench.trials("screening", model, gain, trials)]
        share = rate(decision.outcome == "accept" and decision.pairs <= most for decision in seen)
        text = f"a gain of {gain:g}x accepted within {most} pairs, {model} ≥ 90 %"
        yield Promise(text, str(share), share.share >= POWER)


def endings(bench: Bench, trials: int) -> None:
    """Candidates that are not faster: how soon they are given up."""
    head = ["machine", "speed of the candidate", "pairs: median", "90 %", "mean"]
    rows = []
    for model, gain in itertools.product(MODELS, ENDING_EARLY):
        pairs = [t.pairs for t in bench.trials("candidate", model, gain, trials)]
        rows.append([model, f"{gain:g}x", *spread(pairs), f"{sum(pairs) / len(pairs):.1f}"])
    print("## Not faster: pairs until given up\n")
    print(table(head, rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=10_000, help="equal candidates for each machine")
    parser.add_argument("--trials", type=int, default=1000, help="candidates for each true gain")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--quick", action="store_true", help="a few hundred of each: to see that it runs")
    arguments = parser.parse_args()
    candidates, trials = (500, 50) if arguments.quick else (arguments.candidates, arguments.trials)
    bench = Bench(arguments.jobs)
    promises = [*false_acceptances(bench, candidates), *promised_power(bench, trials)]
    power(bench, trials)
    endings(bench, trials)
    print("## Promises\n")
    print(table(["promise", "seen", "kept"], [[p.text, p.seen, "yes" if p.kept else "**no**"] for p in promises]))
    return 0 if all(promise.kept for promise in promises) else 1


if __name__ == "__main__":
    sys.exit(main())
