"""`llmopt profile`: a path and a workload in, the hot functions out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import api, events
from llmopt.profilers import speedscope
from llmopt.reports import profiled, terminal
from llmopt.reports.screen import Screen


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_git: bool = False
    speedscope: Path | None = None
    staged: bool = False
    changed_since: str = ""


def run(path: Path, flags: Mapping[str, Any], options: Options) -> int:
    """Profile the workloads and print the hot functions, largest self share first."""
    log = terminal.Log(Screen(stderr=True), options.verbose, options.quiet or not options.verbose)
    found = api.profile(
        path,
        no_git=options.no_git,
        staged=options.staged,
        changed_since=options.changed_since,
        on_event=events.shown_on(log),
        **flags,
    )
    if options.speedscope:
        speedscope.write(found.profile, options.speedscope)
    if options.json:
        print(json.dumps(api.as_json(found)))
    else:
        profiled.show(found, Screen())
    return 0
