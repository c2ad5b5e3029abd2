"""`llmopt verify`: anybody's change in; the funnel's and the judge's word on it, and an exit code, out."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import api, events, output
from llmopt.changes import Patch
from llmopt.reports import terminal, verification
from llmopt.reports.screen import Screen
from llmopt.reports.verification import Verified

ACCEPTED, NOT_ACCEPTED = 0, 3
STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project."""

    timing: bool = True
    json: bool = False
    quiet: bool = False
    verbose: bool = False


def run(change: str, base: str, path: Path, flags: Mapping[str, Any], options: Options) -> int:
    """Put a change through the funnel; the exit code says whether it is accepted."""
    named = Patch(sys.stdin.buffer.read(), "standard input") if change == STANDARD_INPUT else change
    console = Screen(stderr=True)
    with terminal.open_view(console, live=not options.json, verbose=options.verbose, quiet=options.quiet) as view:
        found = api.verify(path, named, base=base, timing=options.timing, on_event=events.shown_on(view), **flags)
    report(found, options)
    return ACCEPTED if found.accepted else NOT_ACCEPTED


def report(found: Verified, options: Options) -> None:
    """The result on standard output: one JSON object, or lines."""
    if options.json:
        print(json.dumps(api.as_json(found)))
        return
    show(Screen(soft_wrap=True), found)


def show(console: Screen, found: Verified) -> None:
    """Print the lines, the verdict in bold; on a terminal what is too long goes on below its beginning."""
    for number, line in enumerate(verification.text(found)):
        for part in wrapped(output.plain(line), console.width) if console.is_terminal else [line]:
            console.print(part, style="bold" if number == 0 else None)


def wrapped(line: str, width: int) -> list[str]:
    """The line in parts of a width, indented as it is and a little more."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line, width, subsequent_indent=f"{indent}  ", break_on_hyphens=False) or [""]
