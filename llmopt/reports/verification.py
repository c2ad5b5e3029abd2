"""What was found about somebody's change, in words and in JSON."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmopt import evidence, output
from llmopt.changes import Change
from llmopt.data import Verdict
from llmopt.judge import describe
from llmopt.reports import summary, words

SHOWN_FILES = 3


@dataclass(frozen=True)
class OutOfBounds:
    """A file that a change may not edit, why, whether --allow-path lifts that, and whether it is the workload."""

    path: str
    reason: str
    can_be_allowed: bool
    is_workload: bool


@dataclass(frozen=True)
class Verified:
    """A change with its verdict. `timed` is whether a speedup was asked for."""

    run: str
    change: Change
    verdict: Verdict
    out_of_bounds: tuple[OutOfBounds, ...] = ()
    objective: str = "time"
    timed: bool = True
    seconds: float = 0.0
    notices: tuple[str, ...] = ()
    sandbox: str = ""

    @property
    def is_measured(self) -> bool:
        """Was it timed at all, however it ended?"""
        return any(stage in self.verdict.evidence for stage in ("timing", "confirmation"))

    @property
    def accepted(self) -> bool:
        return self.verdict.accepted

    @property
    def stage(self) -> str:
        """The stage that decided."""
        return self.verdict.stage

    @property
    def reason(self) -> str:
        """Why it is not accepted, "" where it is."""
        return self.verdict.reason

    @property
    def evidence(self) -> Mapping[str, str]:
        """What each stage saw."""
        return {stage: seen for stage, seen in self.verdict.evidence.items() if stage != "syntax"}

    @property
    def level(self) -> str:
        """How far the evidence reaches that it behaves the same: "none", "output", "tests" or "calls"."""
        return evidence.level(self.verdict.evidence)

    @property
    def speedup(self) -> float | None:
        """By what the run is faster, None where nothing was timed."""
        return self.verdict.speedup if self.is_measured else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the speedup, None where nothing was timed."""
        return self.verdict.interval if self.is_measured else None


def text(found: Verified) -> list[str]:
    """The verdict first, then why, then what every stage saw."""
    verdict = found.verdict
    lines = [_headline(found)]
    if not verdict.accepted:
        lines += [f"  {line}" for line in output.plain(verdict.reason).splitlines()]
    if found.is_measured and not verdict.accepted:
        lines.append(f"  speedup: {describe(verdict.speedup, verdict.interval)}")
    lines += _about_files(found)
    lines.append(f"  evidence: {evidence.line(verdict.evidence)}")
    lines += [
        f"    {stage}: {output.plain(seen)}".replace("\n", "\n      ")
        for stage, seen in verdict.evidence.items()
        if stage not in ("syntax", "files")
    ]
    under = f", sandbox: {found.sandbox}" if found.sandbox else ""
    lines.append(f"  {_files(found.change)}; {words.duration(found.seconds)}; run {found.run}{under}")
    return lines


def _headline(found: Verified) -> str:
    verdict, name = found.verdict, output.one_line(found.change.name)
    if verdict.put_aside:
        return f"Put aside for you, not accepted, at {verdict.stage}: {name}"
    if not verdict.accepted:
        return f"Not accepted at {verdict.stage}: {name}"
    if not found.timed:
        return f"Accepted: {name} behaves the same (not timed)"
    gain = summary.GAINS[found.objective]
    return f"Accepted: {name} is {describe(verdict.speedup, verdict.interval)} {gain} (95 % interval)"


def _files(change: Change) -> str:
    if not change.files:
        return "no files"
    more = f" and {len(change.files) - SHOWN_FILES} more" if len(change.files) > SHOWN_FILES else ""
    against = f" against {change.base[:10]}"
    return f"{output.one_line(', '.join(change.files[:SHOWN_FILES]))}{more}{against}"


def _about_files(found: Verified) -> list[str]:
    """Which files are out of bounds, all of them, and how to judge the change with them."""
    if found.verdict.accepted or not found.out_of_bounds:
        return []
    lines = [output.one_line(f"  out of bounds: {', '.join(each.path for each in found.out_of_bounds)}")]
    if any(each.is_workload for each in found.out_of_bounds):
        lines.append("  the workload cannot be part of what it measures: commit it first, or name another one")
    allowed = [each.path for each in found.out_of_bounds if each.can_be_allowed]
    if allowed:
        options = " ".join(f"--allow-path {shlex.quote(path)}" for path in allowed[:SHOWN_FILES])
        rest = " … (or a GLOB for all)" if len(allowed) > SHOWN_FILES else ""
        lines.append(f"  to judge it with them: {options}{rest}")
    return lines


def as_json(found: Verified) -> dict[str, Any]:
    """The documented keys of `llmopt verify --json`."""
    verdict, change = found.verdict, found.change
    return {
        "accepted": found.accepted,
        "stage": found.stage,
        "reason": found.reason,
        "speedup": round(verdict.speedup, 4) if found.is_measured else None,
        "interval": summary.bounds(verdict.interval) if found.is_measured else None,
        "objective": found.objective,
        "level": found.level,
        "evidence": dict(found.evidence),
        "put_aside": verdict.put_aside,
        "change": change.name,
        "author": change.author,
        "function": verdict.function,
        "files": list(change.files),
        "out_of_bounds": [{"path": each.path, "reason": each.reason} for each in found.out_of_bounds],
        "base": change.base,
        "commit": change.commit,
        "run": found.run,
        "sandbox": found.sandbox,
        "notices": list(found.notices),
        "seconds": round(found.seconds, 3),
    }
