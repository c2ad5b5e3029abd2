"""`llmopt bench`: one revision in; how long its workloads take, stored to be compared with later, out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.text import Text

from llmopt import benching as benches
from llmopt import benchmark_files, machine, output, revisions, session
from llmopt.benching import Bench, Plan
from llmopt.errors import UsageError
from llmopt.events import View
from llmopt.reports import bench as reports
from llmopt.reports import terminal, words
from llmopt.reports.screen import Screen
from llmopt.session import Session

DONE, INTERRUPTED = 0, 130


@dataclass(frozen=True)
class Options:
    """What is said about one call and not about the project. `against` names a stored result."""

    runs: int = 20
    precision: float | None = None
    name: str = ""
    against: str = ""
    force: bool = False
    json: bool = False
    quiet: bool = False
    verbose: bool = False


def run(revision: str, path: Path, flags: Mapping[str, Any], environ: Mapping[str, str], options: Options) -> int:
    """Measure a revision and store the result."""
    refuse_odd(options)
    what = revisions.named(revision, path)
    if what.kind == "patch":
        raise UsageError(
            f"{revision} is a patch", "`llmopt compare BASE PATCH` measures it against what it is made for"
        )
    folder = what.path if what.kind == "folder" else path
    no_git = revisions.root_of(folder) is None
    old = benches.load(session.find_place(folder, no_git).state, options.against) if options.against else None
    with session.start(folder, flags, environ, no_git=no_git, temporary=True) as opened:
        if old and not options.force:
            benches.require_comparable(old, machine.this(), opened.project.interpreter.version)
        with terminal.open_view(
            Screen(stderr=True), live=not options.json, verbose=options.verbose, quiet=options.quiet
        ) as view:
            side = revisions.side(opened, what, "base")
            measured = measure(opened, side, options, view)
        return conclude(opened, measured, old, options)


def refuse_odd(options: Options) -> None:
    """UsageError for options that cannot be meant, before any time is spent."""
    if options.runs < 1:
        raise UsageError(f"--runs {options.runs} is too few")
    if options.precision is not None and not 1.0 < options.precision < 10.0:
        raise UsageError(f"--precision {options.precision:g} is no ratio above 1", "1.01 is an interval of 1 %")
    benches.require_name(options.name)


def measure(opened: Session, side: revisions.Side, options: Options, view: View) -> Bench:
    """The result; what is known when it is interrupted counts."""
    found = revisions.with_roots(opened, (side,))
    target = replace(opened.target, project=found)
    shared = benchmark_files.share(found, [side.tree])
    notices = [*opened.notices, *([f"as the working tree has it: {', '.join(shared[:3])}"] if shared else [])]
    bench = Bench(
        name=options.name or default_name(side),
        revision=side.title,
        commit=side.commit,
        at=benches.now(),
        machine=machine.this(),
        python=found.interpreter.version,
        workloads=(),
        notices=tuple(notices),
        sandbox=target.layer,
    )
    tell(view, bench, opened)
    try:
        for workload in found.workloads:
            done = bench.workloads
            for known in benches.runs(
                target, side.tree, workload, opened.workload_limits, Plan(options.runs, options.precision), view.stage
            ):
                bench = replace(bench, workloads=(*done, known))
                view.stage(f"measuring {workload.spec}: {words.count(len(known.samples), 'run')}")
                if opened.seconds_left() <= 0:
                    return replace(bench, stopped=f"--max-time {words.duration(opened.settings.max_time)} is over")
    except KeyboardInterrupt:
        bench = replace(bench, stopped="interrupted")
    return bench


def default_name(side: revisions.Side) -> str:
    """The short commit, marked where it is not all; a folder's own name without one."""
    if not side.commit:
        return "".join(c if benches.NAME.fullmatch(c) else "-" for c in Path(side.name).name) or "folder"
    return side.commit[:10] + ("-changes" if side.changes else "")


def tell(view: View, bench: Bench, opened: Session) -> None:
    """What is about to be measured."""
    specs = ", ".join(workload.spec for workload in opened.project.workloads)
    view.header(
        [
            f"llmopt bench: {bench.revision}",
            f"{bench.machine}; workloads: {specs}",
            f"sandbox: {opened.target.confinement}",
        ]
    )


def conclude(opened: Session, bench: Bench, old: Bench | None, options: Options) -> int:
    """Store the result unless it was cut off, and print it."""
    interrupted = bench.stopped == "interrupted"
    path = "" if interrupted else str(benches.store(opened.place.state, bench))
    found = benches.differences(old, bench) if old else []
    if options.json:
        print(json.dumps(reports.as_json(bench, old, found)))
    else:
        parts = [*reports.text(bench), *(reports.beside(old, found) if old else [])]
        terminal.show([*parts, Text(reports.closing(bench, path), style="dim")])
    return INTERRUPTED if interrupted else DONE


def show_list(path: Path, as_json: bool) -> int:
    """List the stored results, oldest first."""
    found = benches.stored(session.state_of(path))
    if as_json:
        print(json.dumps({"results": [reports.as_json(bench) for bench in found]}))
    elif found:
        terminal.show([reports.listed(found)])
    else:
        output.say("Nothing stored yet: `llmopt bench` measures and stores.")
    return DONE
