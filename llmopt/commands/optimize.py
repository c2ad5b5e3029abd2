"""`llmopt optimize`: a path and settings in; the closing report and an exit code out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import api, events, interrupts
from llmopt.commands import dry_run, interactive
from llmopt.data import Outcome
from llmopt.jobs.optimize import Optimized
from llmopt.models import manual
from llmopt.models.manual import Ask
from llmopt.reports import summary, terminal
from llmopt.reports.screen import Screen
from llmopt.reports.terminal import Shown

KEPT, NOTHING_FOUND, INTERRUPTED = 0, 3, 130


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    dry_run: bool = False
    no_git: bool = False
    resume: str = ""
    interactive: bool = False
    staged: bool = False
    changed_since: str = ""


def run(path: Path, flags: Mapping[str, Any], options: Options) -> int:
    """Make the repository at `path` faster; the exit code says how it went."""
    console = Screen(stderr=True)
    if options.interactive:
        interactive.refuse_without_terminal()
    with terminal.open_view(console, live=not options.json, verbose=options.verbose, quiet=options.quiet) as view:
        if options.dry_run:
            return dry_run.run(path, flags, options, view)
        done = api.optimize(
            path,
            on_event=events.shown_on(view),
            no_git=options.no_git,
            resume=options.resume,
            staged=options.staged,
            changed_since=options.changed_since,
            decide=interactive.asking(view, console) if options.interactive else None,
            answer=answering(view),
            **flags,
        )
    with interrupts.held(already=done.outcome.interrupted):
        report(done, options)
    if done.error:
        raise done.error
    return exit_code(done.outcome)


def answering(view: Shown) -> Ask | None:
    """How a `manual` request is shown and answered on a terminal; elsewhere its file is waited for."""
    if not manual.on_terminal():
        return None

    def ask(request: Path, reply: Path) -> str | None:
        with view.paused():
            return manual.terminal_ask(request, reply)

    return ask


def report(done: Optimized, options: Options) -> None:
    """The outcome on standard output: one JSON object, or the closing lines."""
    if options.json:
        print(json.dumps(api.as_json(done)))
        return
    say(summary.text(done.outcome, done.kept), Screen())


def say(lines: list[str], console: Screen) -> None:
    """The lines, broken between words on a terminal; those with a command stay whole, as they are to be copied."""
    for number, line in enumerate(lines):
        is_whole = not console.is_terminal or "git " in line or "llmopt " in line
        console.print(line, style="bold" if number == 0 else None, soft_wrap=is_whole)


def exit_code(outcome: Outcome) -> int:
    """0 something kept or nothing to do, 3 nothing found, 130 interrupted. That a change cannot be made faster is no
    reason to stop its commit: then it is 0 as well."""
    if outcome.interrupted:
        return INTERRUPTED
    if outcome.accepted or outcome.scope or not (outcome.verdicts or outcome.stopped):
        return KEPT
    return NOTHING_FOUND
