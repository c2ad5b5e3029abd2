"""`llmopt compare`: two revisions, folders or a patch in; the judge's word on them, and an exit code for CI, out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import api, events, output
from llmopt.errors import UsageError
from llmopt.reports import comparison, plot, terminal
from llmopt.reports.comparison import Compared
from llmopt.reports.screen import Screen

DONE, SLOWER, INTERRUPTED = 0, 4, 130
FAIL_ON = ("slower", "none")


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project."""

    resolution: float = 1.02
    max_pairs: int | None = None
    fail_on: str = "slower"
    force: bool = False
    json: bool = False
    markdown: bool = False
    plot: Path | None = None
    quiet: bool = False
    verbose: bool = False


def run(base: str, head: str, path: Path, flags: Mapping[str, Any], options: Options) -> int:
    """Compare HEAD with BASE; the exit code says whether it became slower."""
    refuse_odd(options)
    live = not (options.json or options.markdown)
    with terminal.open_view(Screen(stderr=True), live=live, verbose=options.verbose, quiet=options.quiet) as view:
        compared = api.compare(
            path,
            base,
            head,
            resolution=options.resolution,
            max_pairs=options.max_pairs,
            force=options.force,
            on_event=events.shown_on(view),
            **flags,
        )
    report(compared, options)
    return exit_code(compared, options.fail_on)


def refuse_odd(options: Options) -> None:
    """UsageError for options that cannot be meant, before any time is spent."""
    if options.fail_on not in FAIL_ON:
        raise UsageError(f"--fail-on {options.fail_on} is not known", f"known: {', '.join(FAIL_ON)}")
    if options.json and options.markdown:
        raise UsageError("--json and --markdown are two forms of one output", "ask for one of them")
    if options.plot:
        plot.require_format(options.plot)


def report(compared: Compared, options: Options) -> None:
    """The result on standard output, and the picture in its file."""
    if options.json:
        print(json.dumps(api.as_json(compared)))
    elif options.markdown:
        output.say(comparison.markdown(compared))
    else:
        terminal.show(comparison.text(compared))
    if options.plot and compared.result and compared.result.rounds:
        plot.write(compared, compared.result, options.plot)


def exit_code(compared: Compared, fail_on: str) -> int:
    """130 interrupted, 4 slower beyond noise over all or in one workload, else 0."""
    if compared.stopped == "interrupted":
        return INTERRUPTED
    result = compared.result
    lost = result is not None and (result.overall.verdict == "slower" or bool(result.slower))
    return SLOWER if lost and fail_on == "slower" else DONE
