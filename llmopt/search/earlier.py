"""The journals of earlier runs on a repository in, what was tried in them and how it ended out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from llmopt.data import Edit, Verdict

RUNS, MOST = 20, 200  # the newest runs that are looked at, and the edits that are kept of them
KINDS = ("proposal", "verdict")
LONGEST = 2_000_000  # bytes of a record that is read


@dataclass(frozen=True)
class Tried:
    """An edit of an earlier run with its verdict; `edits` are () where whole files were proposed (by the rules)."""

    run: str
    verdict: Verdict
    edits: tuple[Edit, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        return frozenset([self.verdict.function.partition("::")[0], *(edit.path for edit in self.edits)])


def tried(state: Path, but: str = "") -> tuple[Tried, ...]:
    """What the runs below the state folder tried, the newest first, each edit once; the run `but` is left out.

    What cannot be read is left out as well: an older llmopt, or somebody's hand, may have written it.
    """
    folders = sorted((path for path in (state / "runs").glob("*") if path.name != but), reverse=True)
    found: dict[tuple[str, str], Tried] = {}
    for folder in folders[:RUNS]:
        for each in reversed(list(_of(folder / "journal.jsonl"))):
            found.setdefault((each.verdict.function, each.verdict.plan), each)
    return tuple(itertools.islice(found.values(), MOST))


def _of(record: Path) -> Iterator[Tried]:
    """What one run tried, in its order, but for replies without an edit."""
    edits: tuple[Edit, ...] = ()
    for kind, value in _values(record):
        try:
            if kind == "proposal":
                edits = TypeAdapter(tuple[Edit, ...]).validate_python(value["edits"])
                continue
            verdict = TypeAdapter(Verdict).validate_python(value)
        except (ValidationError, KeyError, TypeError):
            continue
        if verdict.stage != "apply" and verdict.plan:
            yield Tried(record.parent.name, verdict, edits)
        edits = ()


def _values(record: Path) -> Iterator[tuple[str, Any]]:
    """The values of the journal's records of those kinds; the many others are not parsed."""
    marks = {kind: f'"kind":"{kind}"'.encode() for kind in KINDS}
    try:
        with record.open("rb") as stream:
            for line in stream:
                kind = next((kind for kind, mark in marks.items() if mark in line[:80]), None)
                if kind and len(line) <= LONGEST:
                    yield kind, json.loads(line)["value"]
    except (OSError, ValueError, KeyError, TypeError):
        return
