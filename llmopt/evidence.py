"""A verdict's evidence, text by stage, in; how far it shows that the edit behaves the same, a word and a line, out.

The levels, each with what was compared with the base and did not differ:

    none      nothing that ran
    output    what the workload prints
    tests     the outcomes of the tests
    calls     recorded calls of what was edited, replayed; the changed lines ran
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

LEVELS = ("none", "output", "tests", "calls")
# A stage that ran and compared nothing says so in these words.
NOTHING = re.compile(r"\s*(?:none\b|no\b|0\b|$)", re.IGNORECASE)
UNEXECUTED = "0 of "
# What is quoted from the stages' texts, in the order of the line.
QUOTED = (
    ("tests", r"\d+ tests?\b"),
    ("calls", r"\d+ recorded calls?\b"),
    ("calls", r"\d+ derived inputs?\b"),
    ("output", r"\d+ of \d+ workloads? prints? and returns? the same"),
)
GAPS = (
    ("coverage", r"\d+ of \d+ changed lines? executed"),
    ("calls", r"\d+ functions? not covered"),
    ("calls", r"\d+ calls? not covered"),
)
MISSING = {
    "output": "no workload prints the same on every run",
    "tests": "no tests ran",
    "calls": "no recorded call of the edit was compared",
    "coverage": "none of the changed lines ran",
}


def level(evidence: Mapping[str, str]) -> str:
    """The highest level that was reached."""
    return next((each for each in reversed(LEVELS) if _reached(evidence, each)), LEVELS[0])


def _reached(evidence: Mapping[str, str], name: str) -> bool:
    if name == "calls" and evidence.get("coverage", "").startswith(UNEXECUTED):
        return False
    return covers(evidence, name)


def covers(evidence: Mapping[str, str], stage: str) -> bool:
    """Did the stage run, and compare something?"""
    return not NOTHING.match(evidence.get(stage, ""))


def line(evidence: Mapping[str, str]) -> str:
    """The level with its figures: "calls (5 tests, 312 recorded calls, 940 derived inputs; 14 of 16 changed lines
    executed)"."""
    figures, gaps = _quoted(evidence, QUOTED), _quoted(evidence, GAPS)
    inside = "; ".join([", ".join(figures), *gaps] if figures else gaps)
    return f"{level(evidence)} ({inside})" if inside else level(evidence)


def _quoted(evidence: Mapping[str, str], patterns: Sequence[tuple[str, str]]) -> list[str]:
    found = [re.search(pattern, evidence.get(stage, "")) for stage, pattern in patterns]
    return [match[0] for match in found if match and not NOTHING.match(match[0])]


def shortfall(evidence: Mapping[str, str], least: str) -> str:
    """Why the evidence is less than `least`, "" when it is not."""
    reached = level(evidence)
    if LEVELS.index(reached) >= LEVELS.index(least):
        return ""
    return f"the evidence reaches {reached}, {least} is required: {_missing(evidence, least)}"


def _missing(evidence: Mapping[str, str], least: str) -> str:
    stage = "coverage" if least == "calls" and covers(evidence, "calls") else least
    said = evidence.get(stage, "").strip()
    return MISSING[stage] if said in ("", "none") else f"{MISSING[stage]} ({said})"
