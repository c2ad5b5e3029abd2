"""The saved verdicts on mutants in, the tables of docs/results.md out."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import held_out

DATA = Path(__file__).parents[1] / "data" / "equivalence.jsonl"
JUDGED = DATA.with_name("equivalence_judged.json")
FUNNEL = ("guard", "calls", "output", "tests")  # in the order in which llmopt asks
ORIGINAL = "the edit itself"
HELD_OUT = frozenset(each.name for each in held_out.PACKAGES)
Saved = Mapping[str, Any]
Group = tuple[str, Sequence[Saved]]
COLUMNS = ("tests catch", "recorded calls add", "derived inputs add", "output adds", "guard adds", "escaped")
RAN, NOT_RUN, NOT_KNOWN = "on lines that ran", "on lines that nothing ran", "on lines of which that is not known"
TIMED = ("calls: wrong", "calls: agree", "tests: wrong", "tests: pass", "output")


def load(path: Path) -> list[dict[str, Any]]:
    """The last verdict on each mutant: a stage that was asked again is saved once more."""
    lines = path.read_text().splitlines() if path.exists() else []
    verdicts = [json.loads(line) for line in lines]
    return list({(each["package"], each["edit"], each["digest"]): each for each in verdicts}.values())


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
    if "tests" in stages and stages["tests"]["caught"]:
        return "tests"
    found = stages["calls"]["caught"]
    if found:
        return "recorded" if found == "recorded" else "derived"
    return first(verdict)


def place(verdict: Saved) -> str:
    """Whether a test or the workload executed a line of the mutant that is not the edit's, or it has none with code."""
    if not verdict.get("executed"):
        return NOT_KNOWN
    seen, lines = verdict["executed"]
    return RAN if seen or not lines else NOT_RUN


def tables(verdicts: Sequence[Saved], words: Mapping[str, str]) -> Iterator[str]:
    """Mutants of an edit that is turned down itself are not counted: what turns it down would turn them down."""
    alarms = {(each["package"], each["edit"]) for each in _alarming(verdicts)}
    counted = [each for each in verdicts if not _is_broken(each) or (each["package"], each["edit"]) not in alarms]
    groups = list(_groups(counted))
    yield from _shares(groups, words)
    yield ""
    yield from _times(groups)
    yield ""
    yield from _alarms(verdicts, len(verdicts) - len(counted))
    yield ""
    yield from _escapes(counted, words)
    yield ""
    yield from _states(verdicts)


def _groups(verdicts: Sequence[Saved]) -> Iterator[Group]:
    """Each package, those held out, those that the check was improved on, and all."""
    for name in dict.fromkeys(each["package"] for each in verdicts):
        own = [each for each in verdicts if each["package"] == name]
        yield f"{name} {own[0]['version']}" + (", held out" if name in HELD_OUT else ""), own
    held = [each for each in verdicts if each["package"] in HELD_OUT]
    if held:
        yield "all held out", held
        yield "all others", [each for each in verdicts if each["package"] not in HELD_OUT]
    yield "all", list(verdicts)


def _is_broken(verdict: Saved) -> bool:
    return bool(verdict["operator"] != ORIGINAL)


def _broken(verdicts: Sequence[Saved]) -> list[Saved]:
    return [each for each in verdicts if _is_broken(each)]


def _alarming(verdicts: Sequence[Saved]) -> list[Saved]:
    return [each for each in verdicts if not _is_broken(each) and first(each)]


def _is_equivalent(verdict: Saved, words: Mapping[str, str]) -> bool:
    return not first(verdict) and words.get(verdict["digest"], "").startswith("equivalent")


def _shares(groups: Sequence[Group], words: Mapping[str, str]) -> Iterator[str]:
    yield _row(("package", "mutants", "equivalent", "wrong", *COLUMNS, RAN, NOT_RUN, "caught", "calls alone"))
    yield "|---|" + 13 * "---:|"
    for name, verdicts in groups:
        mutants = _broken(verdicts)
        wrong = [each for each in mutants if not _is_equivalent(each, words)]
        by = Counter(adds(each) for each in wrong)
        places = Counter(place(each) for each in wrong if not first(each))
        counts = [by[kind] for kind in ("tests", "recorded", "derived", "output", "guard", "")]
        cells = [len(mutants), len(mutants) - len(wrong), len(wrong), *counts, places[RAN], places[NOT_RUN]]
        alone = sum(bool(each["stages"]["calls"]["caught"]) for each in wrong)
        shares = [f"{part / max(1, len(wrong)):.1%}" for part in (len(wrong) - by[""], alone)]
        yield _row((name, *map(str, cells), *shares))


def _times(groups: Sequence[Group]) -> Iterator[str]:
    yield _row(("median", "a workload run", *TIMED))
    yield "|---|" + 6 * "---:|"
    for name, verdicts in groups:
        cells = [_seconds([each["workload_seconds"] for each in verdicts])]
        for stage in ("calls", "tests"):
            for caught in (True, False):
                own = [each["stages"][stage] for each in verdicts if stage in each["stages"]]
                cells.append(_seconds([each["seconds"] for each in own if bool(each["caught"]) == caught]))
        cells.append(_seconds([each["stages"]["output"]["seconds"] for each in verdicts if "output" in each["stages"]]))
        yield _row((name, *cells))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} s" if values else ""


def _alarms(verdicts: Sequence[Saved], left_out: int) -> Iterator[str]:
    alarms = _alarming(verdicts)
    note = f" (their {left_out} mutants are not counted)" if left_out else ""
    yield f"{len(verdicts) - len(_broken(verdicts))} edits that are right, false alarms: {len(alarms)}{note}"
    yield from (f"- {each['package']} {each['edit']}: {first(each)}" for each in alarms)


def _escapes(verdicts: Sequence[Saved], words: Mapping[str, str]) -> Iterator[str]:
    escapes = [each for each in _broken(verdicts) if not first(each) and not _is_equivalent(each, words)]
    yield f"wrong edits that nothing catches: {len(escapes)}"
    for title in (RAN, NOT_RUN, NOT_KNOWN):
        own = [each for each in escapes if place(each) == title]
        yield from ("", f"{title}: {len(own)}", "") if own else ()
        for each in own:
            why = words.get(each["digest"], "not judged").removeprefix("escape: ")
            change = f"`{each['before']}` → `{each['after']}`"
            yield f"- {each['package']} {each['edit']}, {each['operator']}: {change}: {why}"


def _states(verdicts: Sequence[Saved]) -> Iterator[str]:
    """With which states of the check the calls were compared, the commonest first."""
    states = Counter(each["stages"]["calls"].get("check") or "not known" for each in verdicts)
    told = ", ".join(f"{state} ({count})" for state, count in states.most_common())
    yield f"state of the check (verdicts): {told}"
    if brief := sum("tests" not in each["stages"] for each in verdicts):
        yield f"tests that were not run, of mutants that the calls caught: {brief}"
