"""A comparison in words, Markdown and JSON: two sides and what the judge says in, the report out."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from llmopt import judge, output, samples
from llmopt.comparing import Plan, Ready, Result
from llmopt.data import Pair, Sample
from llmopt.judge import Comparison, cost, describe, is_supported
from llmopt.machine import Machine
from llmopt.reports import summary, words
from llmopt.revisions import Side

STYLES = {"faster": "green", "slower": "red", "same": "", "inconclusive": "yellow"}
# What is said besides what decides: more than this, and (for set-up) long enough to matter.
NOTABLE, NOTABLE_SECONDS = 1.10, 0.02
FORMATS: Mapping[str, Callable[[float], str]] = {
    "time": words.precise,
    "cpu": words.precise,
    "memory": words.size,
    "instructions": lambda value: f"{value:.4g}",
    "energy": lambda value: f"{value:.3g} J",
}
UNKNOWN = Comparison("inconclusive", 1.0, (0.0, float("inf")), 0)
HELPS = "more pairs (--max-pairs), a longer workload, a quieter machine, or --objective instructions"


@dataclass(frozen=True)
class Compared:
    """A comparison that ended. `result` is None when not even one round did; `reason` says why nothing was measured."""

    base: Side
    head: Side
    ready: Ready
    plan: Plan
    machine: Machine
    result: Result | None
    notices: tuple[str, ...] = ()
    reason: str = ""
    stopped: str = ""
    seconds: float = 0.0

    @property
    def overall(self) -> Comparison:
        """The word on all workloads together: "inconclusive" where not even one round was measured."""
        return self.result.overall if self.result else UNKNOWN

    @property
    def verdict(self) -> str:
        """ "faster", "slower", "same" or "inconclusive", of head by base."""
        return self.overall.verdict

    @property
    def speedup(self) -> float:
        return self.overall.speedup

    @property
    def interval(self) -> tuple[float, float]:
        """Of the speedup, at 99 %; it begins at 0 where too few pairs were made to know one."""
        return self.overall.interval


# --- for people ------------------------------------------------------------------------------------------------


def text(compared: Compared) -> list[Table | Text]:
    """The table of the workloads, what else differs, and the overall line."""
    parts: list[Table | Text] = []
    if compared.result and compared.result.rounds:
        parts.append(table(compared, compared.result))
        parts += [Text(f"  {line}", style="yellow") for line in besides(compared, compared.result)]
    parts += [Text(f"note: {notice}", style="yellow") for notice in compared.notices]
    parts += [Text(f"note: {line}", style="yellow") for line in left_out(compared)]
    verdict = compared.verdict
    parts += [Text(line, style=f"bold {STYLES[verdict]}".strip()) for line in closing(compared)]
    parts.append(Text(f"sandbox: {compared.ready.target.layer}", style="dim"))
    return parts


def table(compared: Compared, result: Result) -> Table:
    """One row for each workload; a colour only where the interval leaves out 1."""
    shown = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
    shown.add_column("workload", overflow="fold", ratio=1, min_width=12)
    for title in ("base", "head", "speedup", "pairs"):
        shown.add_column(title, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for index, found in enumerate(result.each):
        spec, *cells = row(compared, result, index)
        shown.add_row(Text(spec), *cells, str(found.pairs), Text(found.verdict, style=STYLES[found.verdict]))
    return shown


def row(compared: Compared, result: Result, index: int) -> tuple[str, str, str, str]:
    """A workload, what it takes on both sides, and the speedup."""
    base, head = medians(result, index, lambda sample: cost(sample, compared.plan.objective))
    shown, found = FORMATS[compared.plan.objective], result.each[index]
    spec = output.plain(compared.ready.workloads[index].spec)
    return spec, shown(base), shown(head), speedup(found)


def speedup(found: Comparison) -> str:
    """The speedup with its interval, or that it is a guess: few pairs give none."""
    return describe(found.speedup, found.interval) if is_supported(found.interval) else f"about {found.speedup:.2f}x"


def medians(result: Result, index: int, value: Callable[[Sample], float]) -> tuple[float, float]:
    """The medians of both sides over all pairs of a workload."""
    pairs = _pairs(result, index)
    return statistics.median(value(p.base) for p in pairs), statistics.median(value(p.candidate) for p in pairs)


def _pairs(result: Result, index: int) -> list[Pair]:
    return [pairs[index] for pairs in result.rounds]


@dataclass(frozen=True)
class Use:
    """Something a sample used: its name, its value, how it is shown, and the least difference worth a word."""

    name: str
    value: Callable[[Sample], float]
    shown: Callable[[float], str]
    least: float = 0.0


USES: Mapping[str, Use] = {
    "time": Use("time", lambda sample: sample.seconds, words.precise),
    "cpu": Use("CPU time", lambda sample: sample.cpu_seconds, words.precise),
    "memory": Use("peak memory", lambda sample: sample.peak_bytes, words.size),
    "set-up": Use("imports and set-up", lambda sample: sample.setup_seconds, words.precise, NOTABLE_SECONDS),
}


def besides(compared: Compared, result: Result) -> list[str]:
    """What else differs beyond NOTABLE, as the pairs agree. CPU time that follows wall time is no news."""
    objective = compared.plan.objective
    others = [(use, {kind, objective} == {"time", "cpu"}) for kind, use in USES.items() if kind != objective]
    return [
        output.plain(f"{workload.spec}: {said}")
        for index, workload in enumerate(compared.ready.workloads)
        for use, follows in others
        if (said := _other(_pairs(result, index), use, USES[objective] if follows else None))
    ]


def _other(pairs: Sequence[Pair], use: Use, followed: Use | None) -> str:
    """How the use differs (from how the one that it follows does), "" where it hardly does or was not measured."""
    sides = [(use.value(pair.base), use.value(pair.candidate)) for pair in pairs]
    if not all(base > 0 and head > 0 for base, head in sides):
        return ""
    expected = [followed.value(pair.candidate) / followed.value(pair.base) if followed else 1.0 for pair in pairs]
    ratios = [head / base / ratio for (base, head), ratio in zip(sides, expected, strict=True)]
    low, high = samples.median_interval(ratios, alpha=0.01)
    base, head = (statistics.median(values) for values in zip(*sides, strict=True))
    if (high >= 1 / NOTABLE and low <= NOTABLE) or abs(head - base) < use.least:
        return ""
    return f"{use.name} {use.shown(base)} → {use.shown(head)} ({head / base:.2f} times)"


def left_out(compared: Compared) -> list[str]:
    """The workloads that run on HEAD only."""
    return [
        output.plain(f"{spec} runs on HEAD only, so it is not compared ({words.first_line(reason)})")
        for spec, reason in compared.ready.left_out
    ]


def closing(compared: Compared) -> list[str]:
    """The overall line, and the workloads that lost though the whole did not."""
    against = f"{compared.head.title} against {compared.base.title}"
    if compared.result is None:
        return [f"{against}: nothing measured{f', {compared.stopped}' if compared.stopped else ''}"]
    if compared.reason:
        return [f"same: {against}: {compared.reason}"]
    found, plan = compared.result.overall, compared.plan
    measured = f"{speedup(found)}{_unit(plan)}"
    said = f"{found.verdict}: {measured}, {against} ({_basis(compared, found)})"
    lines = [said]
    if found.verdict == "inconclusive":
        why = f"; {compared.stopped}" if compared.stopped else ""
        lines.append(f"Neither a difference nor sameness within {_percent(plan)} is shown{why}. What helps: {HELPS}.")
    if found.verdict == "same":
        lines = [said.replace("same:", f"same within {_percent(plan)}:", 1)]
    lost = [output.plain(compared.ready.workloads[index].spec) for index in compared.result.slower]
    if lost and found.verdict != "slower":
        lines.append(f"slower beyond noise: {', '.join(lost)}")
    return lines


def _unit(plan: Plan) -> str:
    return "" if plan.objective == "time" else f" by {plan.objective}"


def _percent(plan: Plan) -> str:
    return f"{100 * (plan.resolution - 1):.2g} %"


def _basis(compared: Compared, found: Comparison) -> str:
    count = len(compared.ready.workloads)
    mean = f"geometric mean of {count} workloads, " if count > 1 else ""
    return f"{mean}{words.count(found.pairs, 'pair')}, {words.duration(compared.seconds)}"


# --- for pull requests -----------------------------------------------------------------------------------------


def markdown(compared: Compared) -> str:
    """The same as a comment on a pull request."""
    first, *more = (_cell(line) for line in closing(compared))
    lines = [f"**{first}**", *more, ""]
    if compared.result and compared.result.rounds:
        lines += ["| workload | base | head | speedup [interval] | pairs | |", "|---|--:|--:|--:|--:|---|"]
        for index, found in enumerate(compared.result.each):
            cells = [*row(compared, compared.result, index), str(found.pairs), found.verdict]
            lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
        lines += ["", *(f"- {_cell(line)}" for line in besides(compared, compared.result))]
    lines += [f"- {_cell(line)}" for line in (*compared.notices, *left_out(compared))]
    lines += ["", f"Measured by llmopt in alternating pairs of fresh processes on {_cell(str(compared.machine))}"]
    lines[-1] += f", sandbox: {compared.ready.target.layer}."
    return "\n".join(line for number, line in enumerate(lines) if line or lines[number - 1])


def _cell(value: str) -> str:
    """The text as it is: no table, tag, link, picture or mention of its own."""
    shown = output.one_line(value).replace("|", "\\|").replace("<", "&lt;")
    return shown.replace("](", "]\\(").replace("@", "&#64;")


# --- for scripts -----------------------------------------------------------------------------------------------


def as_json(compared: Compared) -> dict[str, Any]:
    """The documented keys of `llmopt compare --json`."""
    return {
        **_comparison(compared.overall),
        "workloads": _workloads(compared),
        "objective": compared.plan.objective,
        "resolution": compared.plan.resolution,
        "base": _side(compared.base),
        "head": _side(compared.head),
        "left_out": [{"name": spec, "reason": reason} for spec, reason in compared.ready.left_out],
        "noise": round(noise(compared), 4),
        "machine": asdict(compared.machine),
        "sandbox": compared.ready.target.layer,
        "notices": list(compared.notices),
        "reason": compared.reason,
        "stopped": compared.stopped,
        "seconds": round(compared.seconds, 3),
    }


def noise(compared: Compared) -> float:
    """The spread of the log ratios of the rounds, all workloads together."""
    rounds = compared.result.rounds if compared.result else ()
    return judge.noise(rounds, compared.ready.weights, compared.plan.objective)


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "speedup": round(found.speedup, 4),
        "interval": summary.bounds(found.interval) if found.interval[0] > 0 else [None, None],
        "pairs": found.pairs,
    }


def _workloads(compared: Compared) -> list[dict[str, Any]]:
    result = compared.result
    if result is None:
        return []
    return [
        {
            "name": workload.spec,
            **_comparison(result.each[index]),
            "weight": workload.weight,
            **({role: _uses(result, index, role) for role in ("base", "head")} if result.rounds else {}),
        }
        for index, workload in enumerate(compared.ready.workloads)
    ]


def _uses(result: Result, index: int, role: str) -> dict[str, float]:
    """The medians of what one side used."""
    side = 0 if role == "base" else 1
    return {
        "seconds": round(medians(result, index, lambda sample: sample.seconds)[side], 9),
        "cpu_seconds": round(medians(result, index, lambda sample: sample.cpu_seconds)[side], 9),
        "peak_bytes": round(medians(result, index, lambda sample: sample.peak_bytes)[side]),
        "setup_seconds": round(medians(result, index, lambda sample: sample.setup_seconds)[side], 9),
    }


def _side(side: Side) -> dict[str, Any]:
    return {"name": side.name, "commit": side.commit, "changes": side.changes}
