"""`llmopt runs`: a repository in, its runs out, newest last."""

from __future__ import annotations

import json
from pathlib import Path

from rich.table import Table

from llmopt import journal, session
from llmopt.data import Outcome
from llmopt.errors import ProjectError
from llmopt.judge import describe
from llmopt.reports import summary, words
from llmopt.reports.screen import Screen


def run(path: Path, as_json: bool) -> int:
    """List the runs whose journals are in the repository's state folder."""
    found = [(folder.name, *ending(folder / "journal.jsonl")) for folder in folders(path)]
    if as_json:
        print(json.dumps({"runs": [{"run": name, "outcome": o and summary.as_json(o)} for name, o, _ in found]}))
        return 0
    console = Screen()
    if not found:
        console.print("No runs yet: `llmopt optimize` makes the first.")
        return 0
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("run", no_wrap=True, min_width=15)
    for title in ("end to end", "kept", "tried", "tokens, cost", "time", ""):
        table.add_column(title)
    for name, outcome, note in found:
        table.add_row(*row(name, outcome, note))
    console.print(table)
    return 0


def folders(path: Path) -> list[Path]:
    """The folders of the runs on the repository (or folder without git) at `path`, oldest first."""
    runs = session.state_of(path) / "runs"
    return sorted(folder for folder in runs.glob("*") if (folder / "journal.jsonl").exists())


def ending(record: Path) -> tuple[Outcome | None, str]:
    """How a run ended, None while it has not, and what there is to say of it; one damaged record hides no other run."""
    try:
        outcome = journal.last_outcome(record)
    except ProjectError:
        return None, "its journal is damaged"
    if change := change_of(record):
        return outcome, f"verify {change}" if outcome else f"verify {change}, interrupted"
    return outcome, outcome.stopped if outcome else "not ended; --resume goes on"


def change_of(record: Path) -> str:
    """The name of the change that a run verified, "" for a run that looked for edits itself."""
    return next((str(line["value"]["name"]) for line in journal.records(record) if line["kind"] == "change"), "")


def row(name: str, outcome: Outcome | None, note: str) -> tuple[str, ...]:
    """The cells of one run."""
    if outcome is None:
        return name, "–", "–", "–", "–", "–", note
    measured = describe(outcome.speedup, outcome.interval) if outcome.accepted else "–"
    return (
        name,
        measured,
        str(len(outcome.accepted)),
        str(len(outcome.verdicts)),
        words.tokens(outcome.usage),
        words.duration(outcome.seconds),
        words.first_line(note),
    )
