"""An open session and what was named for both sides in; the judge's word on them out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llmopt import benchmark_files, comparing, machine, revisions
from llmopt.comparing import Course, Plan, Ready
from llmopt.data import Decision
from llmopt.errors import UsageError
from llmopt.events import View
from llmopt.reports import words
from llmopt.reports.comparison import Compared
from llmopt.session import Session

MOST_PAIRS = 40
SAME_FILES = "the code is the same on both sides (--force measures it all the same)"


@dataclass(frozen=True)
class Wanted:
    """What counts as the same, the most pairs (None: those of the settings), and whether equal code is measured too."""

    resolution: float = 1.02
    max_pairs: int | None = None
    force: bool = False

    def plan(self, opened: Session) -> Plan:
        """What decides and when to stop; the settings' --max-pairs counts when somebody chose it."""
        settings = opened.settings
        chosen = settings.max_pairs if "max_pairs" in settings.model_fields_set else MOST_PAIRS
        return Plan(settings.objective, self.resolution, self.max_pairs or chosen)


def refuse_odd(wanted: Wanted) -> None:
    """UsageError for what cannot be meant, before any time is spent."""
    if not 1.0 < wanted.resolution < 10.0:
        raise UsageError(f"--resolution {wanted.resolution:g} is no ratio above 1", "1.02 calls 2 % the same")
    if wanted.max_pairs is not None and wanted.max_pairs < 1:
        raise UsageError(f"--max-pairs {wanted.max_pairs} is too few")


def run(opened: Session, old: revisions.Named, new: revisions.Named, wanted: Wanted, view: View) -> Compared:
    """Measure, unless the code is the same; what is known when it is interrupted counts."""
    base, head = revisions.lay_out(opened, old, new)
    found = revisions.with_roots(opened, (base, head))
    target = replace(opened.target, project=found)
    shared = benchmark_files.share(found, [base.tree, head.tree])
    changed = revisions.differing(base.tree.path, head.tree.path)
    plan = wanted.plan(opened)
    notices = (*opened.notices, *about_files(shared), *revisions.notices(base, head, opened.place.root, changed))
    compared = Compared(base, head, Ready(target), plan, machine.this(), None, notices)
    tell(view, compared)
    if not changed and not wanted.force:
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
