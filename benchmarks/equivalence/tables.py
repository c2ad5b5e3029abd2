"""The saved verdicts on mutants in, the tables of docs/results.md out."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "equivalence.jsonl"
JUDGED = DATA.with_name("equivalence_judged.json")
FUNNEL = ("guard", "calls", "output", "tests")  # in the order in which llmopt asks
ORIGINAL = "the edit itself"
Saved = Mapping[str, Any]
COLUMNS = ("tests catch", "recorded calls add", "derived inputs add", "output adds", "guard adds", "escaped")
TIMED = ("calls: wrong", "calls: agree", "tests: wrong", "tests: pass")


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def judged() -> dict[str, str]:
    """What was said by eye of mutants that nothing caught: "equivalent: why" or "escape: why", by their digest."""
    return dict(json.loads(JUDGED.read_text())) if JUDGED.exists() else {}


def first(verdict: Saved) -> str:
    """The stage of the funnel that catches a mutant, "" if none does."""
    stages = verdict["stages"]
    return next((name for name in FUNNEL if name in stages and stages[name]["caught"]), "")


def adds(verdict: Saved) -> str:
    """What catches it if the tests are asked before anything else."""
    stages = verdict["stages"]
    if stages["tests"]["caught"]:
        return "tests"
    found = stages["calls"]["caught"]
    if found:
        return "recorded" if found == "recorded" else "derived"
    return first(verdict)


def tables(verdicts: Sequence[Saved], words: Mapping[str, str]) -> Iterator[str]:
    names = list(dict.fromkeys(each["package"] for each in verdicts))
    groups = [(f"{name} {_of(verdicts, name)[0]['version']}", _of(verdicts, name)) for name in names]
    yield from _shares([*groups, ("all", list(verdicts))], words)
    yield ""
    yield from _times([*groups, ("all", list(verdicts))])
    yield ""
    yield from _alarms(verdicts)
    yield from _escapes(verdicts, words)


def _of(verdicts: Sequence[Saved], name: str) -> list[Saved]:
    return [each for each in verdicts if each["package"] == name]


def _broken(verdicts: Sequence[Saved]) -> list[Saved]:
    return [each for each in verdicts if each["operator"] != ORIGINAL]


def _is_equivalent(verdict: Saved, words: Mapping[str, str]) -> bool:
    return not first(verdict) and words.get(verdict["digest"], "").startswith("equivalent")


def _shares(groups: Sequence[tuple[str, Sequence[Saved]]], words: Mapping[str, str]) -> Iterator[str]:
    yield _row(("package", "mutants", "equivalent", "wrong", *COLUMNS, "caught", "calls alone"))
    yield "|---|" + 11 * "---:|"
    for name, verdicts in groups:
        mutants = _broken(verdicts)
        wrong = [each for each in mutants if not _is_equivalent(each, words)]
        by = [adds(each) for each in wrong]
        counts = [by.count(kind) for kind in ("tests", "recorded", "derived", "output", "guard", "")]
        alone = sum(bool(each["stages"]["calls"]["caught"]) for each in wrong)
        cells = [len(mutants), len(mutants) - len(wrong), len(wrong), *counts]
        shares = [f"{part / max(1, len(wrong)):.1%}" for part in (len(wrong) - counts[-1], alone)]
        yield _row((name, *map(str, cells), *shares))


def _times(groups: Sequence[tuple[str, Sequence[Saved]]]) -> Iterator[str]:
    yield _row(("median", "a workload run", *TIMED, "calls: wrong, in workload runs"))
    yield "|---|" + 6 * "---:|"
    for name, verdicts in groups:
        cells = [_seconds([each["workload_seconds"] for each in verdicts])]
        for stage in ("calls", "tests"):
            for caught in (True, False):
                own = [each["stages"][stage] for each in verdicts]
                cells.append(_seconds([each["seconds"] for each in own if bool(each["caught"]) == caught]))
        wrong = [each for each in verdicts if each["stages"]["calls"]["caught"]]
        ratios = [each["stages"]["calls"]["seconds"] / each["workload_seconds"] for each in wrong]
        yield _row((name, *cells, f"{statistics.median(ratios):.1f}" if ratios else ""))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} s" if values else ""


def _alarms(verdicts: Sequence[Saved]) -> Iterator[str]:
    originals = [each for each in verdicts if each["operator"] == ORIGINAL]
    alarms = [each for each in originals if first(each)]
    yield f"{len(originals)} edits that are right, false alarms: {len(alarms)}"
    yield from (f"- {each['package']} {each['edit']}: {first(each)}" for each in alarms)


def _escapes(verdicts: Sequence[Saved], words: Mapping[str, str]) -> Iterator[str]:
    escapes = [each for each in _broken(verdicts) if not first(each) and not _is_equivalent(each, words)]
    yield f"wrong edits that nothing catches: {len(escapes)}"
    for each in escapes:
        why = words.get(each["digest"], "not judged").removeprefix("escape: ")
        yield f"- {each['package']} {each['edit']}, {each['operator']}: `{each['before']}` → `{each['after']}`: {why}"
