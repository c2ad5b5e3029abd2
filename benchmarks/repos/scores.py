"""Figures of runs in, scores and tables out; nothing is run here.

A run that broke a test or differs on a random input counts as the unmodified code: t_candidate = t_base. The speedup
ratio is SWE-fficiency's, (t_base / t_candidate) / (t_base / t_expert); its benchmark takes the harmonic mean, which a
few tasks can dominate, so the geometric mean and the median stand beside it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Measured:
    """A speedup over the base with its interval, from `pairs` of runs; `seconds` is the median of the base's
    CPU time, which other work on the machine moves less than the wall time that the speedup is of."""

    speedup: float
    interval: tuple[float, float]
    pairs: int
    seconds: float


@dataclass(frozen=True)
class Expert:
    """What the later release's files gain, the base's tests that do not pass on them, and the inputs that differ."""

    task: str
    measured: Measured
    broken: tuple[str, ...] = ()
    differing: int = 0


@dataclass(frozen=True)
class Result:
    """One run of the tool. `measured` is None when it kept nothing; `broken` are tests that pass on the base and not on
    the result, `differing` the number of random inputs whose outcome differs, `tried` and `kept` edits, and `stopped`
    why the run ended."""

    task: str
    model: str
    expert: Measured
    measured: Measured | None = None
    broken: tuple[str, ...] = ()
    differing: int = 0
    tried: int = 0
    kept: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    stopped: str = ""
    settings: tuple[str, ...] = field(default_factory=tuple)

    @property
    def right(self) -> bool:
        """Does it behave like the base? Code that was not changed does."""
        return not self.broken and not self.differing

    @property
    def speedup(self) -> float:
        return self.measured.speedup if self.measured and self.right else 1.0

    @property
    def ratio(self) -> float:
        """SR: the share of the expert's speedup that was reached."""
        return self.speedup / self.expert.speedup


def to_line(value: Expert | Result) -> dict[str, Any]:
    return asdict(value)


def expert_from(line: Mapping[str, Any]) -> Expert:
    return Expert(**{**line, "measured": _measured(line["measured"]), "broken": tuple(line["broken"])})


def result_from(line: Mapping[str, Any]) -> Result:
    sides = {name: _measured(line[name]) for name in ("expert", "measured")}
    return Result(**{**line, **sides, "broken": tuple(line["broken"]), "settings": tuple(line["settings"])})


def _measured(line: Mapping[str, Any] | None) -> Measured | None:
    return None if line is None else Measured(**{**line, "interval": tuple(line["interval"])})


def last_of_each(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The last result of each task, by model; models and tasks in the order they came first."""
    found: dict[str, dict[str, Result]] = {}
    for result in results:
        found.setdefault(result.model, {})[result.task] = result
    return {model: list(by_task.values()) for model, by_task in found.items()}


def lost_tests(base: Mapping[str, str], found: Mapping[str, str]) -> tuple[str, ...]:
    """The tests that pass on the base and do not pass, or are missing, in `found`."""
    return tuple(sorted(name for name, outcome in base.items() if outcome == "passed" and found.get(name) != "passed"))


# --- aggregates ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """Over the tasks of one model: means of the speedup ratio, and shares of tasks."""

    tasks: int
    geometric: float
    harmonic: float
    median: float
    right: float
    faster: float
    as_expert: float


AS_EXPERT = 0.95  # of the expert's speedup, as GSO's Opt@1 has it


def summary(results: Sequence[Result]) -> Summary:
    """ValueError when there are no results."""
    if not results:
        raise ValueError("no results to sum up")
    ratios = [result.ratio for result in results]
    return Summary(
        len(results),
        statistics.geometric_mean(ratios),
        statistics.harmonic_mean(ratios),
        statistics.median(ratios),
        sum(result.right for result in results) / len(results),
        sum(result.speedup > 1 for result in results) / len(results),
        sum(ratio >= AS_EXPERT for ratio in ratios) / len(results),
    )


# --- tables ----------------------------------------------------------------------------------------------------


def result_table(results: Sequence[Result]) -> Iterator[str]:
    """Markdown: one row for each task, then what they come to."""
    yield "| task | speedup | expert's | ratio | tests | inputs | edits kept | requests | tokens in / out | seconds |"
    yield "|---|---:|---:|---:|---|---|---:|---:|---:|---:|"
    for each in results:
        yield f"| {' | '.join(_cells(each))} |"
    found = summary(results)
    yield ""
    yield (
        f"{found.tasks} tasks: ratio to the expert's speedup {found.geometric:.2f} (geometric mean), "
        f"{found.harmonic:.2f} (harmonic mean), {found.median:.2f} (median); "
        f"right {found.right:.0%}, faster {found.faster:.0%}, as fast as the expert's {found.as_expert:.0%}."
    )


def _cells(result: Result) -> list[str]:
    return [
        result.task,
        shown(result.measured) if result.measured else "nothing kept",
        f"{result.expert.speedup:.2f}x",
        f"{result.ratio:.2f}",
        f"{len(result.broken)} broken" if result.broken else "as before",
        f"{result.differing} differ" if result.differing else "as before",
        f"{result.kept} of {result.tried}",
        str(result.requests),
        f"{result.input_tokens:,} / {result.output_tokens:,}",
        f"{result.seconds:.0f}",
    ]


def shown(measured: Measured) -> str:
    """A speedup with its interval."""
    low, high = measured.interval
    upper = f"{high:.2f}" if math.isfinite(high) else "∞"
    return f"{measured.speedup:.2f}x [{low:.2f}, {upper}]"
