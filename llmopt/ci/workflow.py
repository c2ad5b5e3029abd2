"""What a run in GitHub Actions says by the runner's own means: annotations on lines, the job's summary, outputs.

The escapes are those of @actions/core (packages/core/src/command.ts of actions/toolkit).
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from llmopt import output
from llmopt.ci.result import Result
from llmopt.reports import words

MOST_ANNOTATIONS = 10  # of a kind that GitHub shows for a step
DRAIN_SECONDS = 0.2  # the runner reads both streams, each by itself: the last lines of the other one first
SUMMARY_BYTES = 1024**2 - 1024


def command(name: str, message: str, **properties: str | int) -> str:
    """A workflow command, such as `::warning file=a.py,line=3::text`; no text in it can begin another one."""
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{f' {given}' if given else ''}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def notes(result: Result) -> list[str]:
    """What is slower at the changed functions that cost more now; what could be faster, at the lines to be replaced."""
    return [*_slower(result), *list(_faster(result))[:MOST_ANNOTATIONS], *_problems(result)]


def _slower(result: Result) -> list[str]:
    if result.broken:
        return [command("error", output.one_line(result.guard_problem), title="llmopt: a workload fails")]
    if not (result.guard and result.guard.is_slower):
        return []
    said = output.one_line(" ".join(result.guard.lines))
    grown = [each for each in result.hot if each.touched and (each.head_seconds or 0) > (each.base_seconds or 0)]
    if not grown:
        return [command("warning", said, title="llmopt: slower")]
    return [
        command("warning", f"{each.name}: {said}", file=each.path, line=each.line, title="llmopt: slower")
        for each in grown[:MOST_ANNOTATIONS]
    ]


def _faster(result: Result) -> Iterator[str]:
    search = result.search
    plans = {edit.number: edit for edit in search.kept} if search else {}
    for each in (each for group in (search.groups if search else ()) for each in group):
        edits = [plans[number] for number in each.edits if number in plans]
        said = "; ".join(f"{words.first_line(edit.plan) or edit.function} ({edit.speedup})" for edit in edits)
        text = output.one_line(said) or "faster code is known"
        yield command("notice", text, file=each.path, line=each.start, endLine=each.end, title="llmopt: faster")


def _problems(result: Result) -> list[str]:
    said = [text for text in (result.search_problem, "" if result.broken else result.guard_problem) if text]
    return [command("warning", output.one_line(text), title="llmopt") for text in said]


@contextmanager
def silenced(environ: Mapping[str, str]) -> Iterator[None]:
    """While it lasts no line of the log is a command to the runner: some of it the target wrote."""
    if environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    word = secrets.token_hex(16)
    print(f"::stop-commands::{word}", flush=True)
    try:
        yield
    finally:
        sys.stderr.flush()
        time.sleep(DRAIN_SECONDS)
        print(f"::{word}::", flush=True)


def summarise(text: str, environ: Mapping[str, str]) -> None:
    """Add to the job's summary, where there is one."""
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("ab") as stream:
            stream.write(text.encode("utf-8", "replace")[:SUMMARY_BYTES])


def put_outputs(values: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Set the step's outputs; one-line values only, so that none can set another."""
    if path := environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={output.one_line(value)}\n" for name, value in values.items())
