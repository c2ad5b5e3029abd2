"""`llmopt show RUN`: a run's journal in; its numbers, its verdicts with their evidence, and its diff out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rich.syntax import Syntax
from rich.text import Text

from llmopt import evidence, journal, output, session
from llmopt.commands.runs import change_of
from llmopt.data import Outcome, Verdict
from llmopt.journal import last_outcome, read_as
from llmopt.judge import describe
from llmopt.keep import Kept
from llmopt.reports import summary, verification, words
from llmopt.reports.screen import Screen
from llmopt.reports.verification import Verified

PATCHES = ("kept.patch", "change.patch")


def run(path: Path, name: str, as_json: bool) -> int:
    """Print what the journal of a run says."""
    folder = journal.find_run(session.state_of(path), name)
    record = folder / "journal.jsonl"
    outcome = last_outcome(record)
    verdicts = outcome.verdicts if outcome else verdicts_of(record)
    verified = verified_of(record)
    patches = [folder / each for each in PATCHES if (folder / each).exists()]
    diff = "".join(patch.read_text(encoding="utf-8", errors="replace") for patch in patches[:1])
    if as_json:
        found = verification.as_json(verified) if verified else head(folder.name, outcome)
        print(json.dumps({**found, "verdicts": plain(verdicts), "diff": diff}))
        return 0
    console = Screen(soft_wrap=True)
    if verified:
        show_verified(console, verified)
    else:
        show(console, record, outcome, verdicts)
    show_diff(console, diff)
    return 0


def head(name: str, outcome: Outcome | None) -> dict[str, Any]:
    """The outcome's keys, or the name alone of a run that has not ended."""
    return summary.as_json(outcome) if outcome else {"run": name, "ended": False}


def plain(verdicts: tuple[Verdict, ...]) -> Any:
    """Verdicts as JSON data, each with the level of its evidence."""
    dumped = TypeAdapter(tuple[Verdict, ...]).dump_python(verdicts, mode="json")
    return [{**each, "level": evidence.level(each["evidence"])} for each in dumped]


def verdicts_of(record: Path) -> tuple[Verdict, ...]:
    """The verdicts of a run that was cut off."""
    values = [line["value"] for line in journal.records(record) if line["kind"] == "verdict"]
    return read_as(tuple[Verdict, ...], values, record)


def show_verified(console: Screen, found: Verified) -> None:
    """Somebody's change: the verdict, then what the change says of itself."""
    for line in verification.text(found):
        console.print(line)
    if found.change.plan:
        console.print(f"\n{found.change.plan}")


def show(console: Screen, record: Path, outcome: Outcome | None, verdicts: tuple[Verdict, ...]) -> None:
    """Numbers first, then each verdict with its evidence."""
    for line in opening(record, outcome):
        console.print(line)
    for number, verdict in enumerate(verdicts, 1):
        console.print(verdict_text(number, verdict))


def opening(record: Path, outcome: Outcome | None) -> list[str]:
    """How the run ended."""
    if outcome:
        return summary.text(outcome, kept_of(record))
    name = record.parent.name
    if change := change_of(record):
        return [f"Run {name}, of {change}, did not end: verify it again"]
    return [f"Run {name} did not end; go on with: llmopt optimize --resume {name}"]


def show_diff(console: Screen, diff: str) -> None:
    """The change, in colours on a terminal."""
    if diff:
        console.print()
        console.print(Syntax(diff, "diff", background_color="default") if console.is_terminal else Text(diff))


def verified_of(record: Path) -> Verified | None:
    """What was found about somebody's change, where the run was of one and ended."""
    values = [line["value"] for line in journal.records(record) if line["kind"] == "verified"]
    return read_as(Verified, values[-1], record) if values else None


def kept_of(record: Path) -> Kept | None:
    """Where the edits went."""
    values = [line["value"] for line in journal.records(record) if line["kind"] == "kept"]
    return read_as(Kept, values[-1], record) if values else None


def verdict_text(number: int, verdict: Verdict) -> Text:
    """What was tried, how it ended, and what each stage saw."""
    ending = "kept" if verdict.accepted else f"turned down at {verdict.stage}"
    about = output.one_line(f"{verdict.function} by {verdict.author}: {ending}")
    text = Text(f"\n{number}. {about}\n", style="green" if verdict.accepted else "")
    lines = [f"   plan: {words.first_line(verdict.plan, 400)}"] if verdict.plan else []
    if verdict.accepted:
        lines.append(f"   speedup: {describe(verdict.speedup, verdict.interval)}")
    else:
        first, *more = output.plain(verdict.reason).splitlines()[:12] or [""]
        lines += [f"   reason: {first}", *(f"           {line}" for line in more)]
    lines.append(f"   evidence: {evidence.line(verdict.evidence)}")
    seen = {
        stage: output.plain(text).replace("\n", "\n      ")
        for stage, text in verdict.evidence.items()
        if stage != "syntax"
    }
    lines += [f"   {stage}: {text}" for stage, text in seen.items()]
    lines.append(
        f"   {words.tokens(verdict.usage)}, {words.duration(verdict.seconds)}; commit {verdict.commit[:12] or 'none'}"
    )
    return text.append(output.plain("\n".join(lines)), style="default")
