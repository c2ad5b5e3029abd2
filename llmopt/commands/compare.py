"""`llmopt compare`: two revisions, folders or a patch in; the judge's word on them, and an exit code for CI, out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmopt import benchmark_files, comparing, machine, output, revisions, session
from llmopt.comparing import Course, Plan, Ready
from llmopt.data import Decision
from llmopt.errors import UsageError
from llmopt.reports import comparison, plot, terminal, words
from llmopt.reports.comparison import Compared
from llmopt.reports.screen import Screen
from llmopt.reports.terminal import View
from llmopt.session import Session

MOST_PAIRS = 40
DONE, SLOWER, INTERRUPTED = 0, 4, 130
FAIL_ON = ("slower", "none")
SAME_FILES = "the code is the same on both sides (--force measures it all the same)"


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

    def plan(self, opened: Session) -> Plan:
        """What decides and when to stop; the settings' --max-pairs counts when somebody chose it."""
        settings = opened.settings
        chosen = settings.max_pairs if "max_pairs" in settings.model_fields_set else MOST_PAIRS
        return Plan(settings.objective, self.resolution, self.max_pairs or chosen)


def run(
    base: str, head: str, path: Path, flags: Mapping[str, Any], environ: Mapping[str, str], options: Options
) -> int:
    """Compare HEAD with BASE; the exit code says whether it became slower."""
    refuse_odd(options)
    old, new = revisions.named(base, path), revisions.named(head, path)
    folder, no_git = revisions.place(old, new, path)
    with session.start(folder, flags, environ, no_git=no_git, temporary=True) as opened:
        live = not (options.json or options.markdown)
        with terminal.open_view(Screen(stderr=True), live=live, verbose=options.verbose, quiet=options.quiet) as view:
            sides = revisions.lay_out(opened, old, new)
            compared = compare(opened, *sides, options, view)
        report(compared, options)
        return exit_code(compared, options.fail_on)


def refuse_odd(options: Options) -> None:
    """UsageError for options that cannot be meant, before any time is spent."""
    if not 1.0 < options.resolution < 10.0:
        raise UsageError(f"--resolution {options.resolution:g} is no ratio above 1", "1.02 calls 2 % the same")
    if options.max_pairs is not None and options.max_pairs < 1:
        raise UsageError(f"--max-pairs {options.max_pairs} is too few")
    if options.fail_on not in FAIL_ON:
        raise UsageError(f"--fail-on {options.fail_on} is not known", f"known: {', '.join(FAIL_ON)}")
    if options.json and options.markdown:
        raise UsageError("--json and --markdown are two forms of one output", "ask for one of them")
    if options.plot:
        plot.require_format(options.plot)


def compare(opened: Session, base: revisions.Side, head: revisions.Side, options: Options, view: View) -> Compared:
    """Measure, unless the code is the same; what is known when it is interrupted counts."""
    found = revisions.with_roots(opened, (base, head))
    target = replace(opened.target, project=found)
    shared = benchmark_files.share(found, [base.tree, head.tree])
    changed = revisions.differing(base.tree.path, head.tree.path)
    plan = options.plan(opened)
    notices = (*opened.notices, *about_files(shared), *revisions.notices(base, head, opened.place.root, changed))
    compared = Compared(base, head, Ready(target), plan, machine.this(), None, notices)
    tell(view, compared)
    if not changed and not options.force:
        return replace(compared, result=comparing.same_code(len(found.workloads)), reason=SAME_FILES)
    started = time.monotonic()
    try:
        for known in measured(opened, compared, view):
            compared = known
    except KeyboardInterrupt:
        compared = replace(compared, stopped="interrupted")
    return replace(compared, seconds=time.monotonic() - started)


def tell(view: View, compared: Compared) -> None:
    """What is about to be measured, before it takes its time."""
    interpreter = compared.ready.target.project.interpreter
    version = ".".join(str(part) for part in interpreter.version)
    specs = ", ".join(workload.spec for workload in compared.ready.workloads)
    view.header(
        [
            f"llmopt compare: {compared.head.title} against {compared.base.title}",
            f"Python {version} ({interpreter.found}); workloads: {specs}",
            f"sandbox: {compared.ready.target.confinement}",
        ]
    )


def about_files(shared: list[str]) -> list[str]:
    """The benchmark files that were not the same on both sides."""
    if not shared:
        return []
    more = f" and {len(shared) - 3} more" if len(shared) > 3 else ""
    return [f"timed on both sides as the working tree has it: {', '.join(shared[:3])}{more}"]


def measured(opened: Session, compared: Compared, view: View) -> Iterator[Compared]:
    """The comparison as it grows, round by round."""
    course = Course(compared.base.tree, compared.head.tree, opened.workload_limits, opened.counter)
    ready = comparing.prepare(compared.ready.target, course, view.stage)
    compared = replace(compared, ready=ready, notices=(*compared.notices, *ready.notices))
    yield compared
    view.stage(f"measuring in pairs, at most {compared.plan.max_pairs}")
    for result in comparing.measure(ready, course, compared.plan, lambda: opened.seconds_left() <= 0):
        compared = replace(compared, result=result)
        yield compared
        found = result.overall
        view.progress(Decision("continue", "", found.speedup, found.interval, found.pairs), compared.plan.max_pairs)
    if not comparing.is_settled(result) and len(result.rounds) < compared.plan.max_pairs:
        yield replace(compared, stopped=f"--max-time {words.duration(opened.settings.max_time)} is over")


def report(compared: Compared, options: Options) -> None:
    """The result on standard output, and the picture in its file."""
    if options.json:
        print(json.dumps(comparison.as_json(compared)))
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
