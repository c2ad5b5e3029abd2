"""An open session and a named change in; the funnel's and the judge's word on it out."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import replace

from llmopt import baseline, benchmark_files, changes, git, session, stages, trial
from llmopt.changes import Asked, Change
from llmopt.checks import guard, require
from llmopt.data import Base, Candidate, Check, Finding, Hotspot, Outcome, Proposal, Verdict
from llmopt.events import View
from llmopt.jobs import optimize
from llmopt.reports import summary, words
from llmopt.reports.verification import OutOfBounds, Verified
from llmopt.session import Session

PATCH = "change.patch"


def run(opened: Session, what: Asked, timing: bool, view: View) -> Verified:
    """Put a change through the funnel, and write down what became of it."""
    made = changes.made(opened, what)
    opened = replace(opened, base=made.base, notices=(*opened.notices, *([what.notice] if what.notice else [])))
    record(opened, made)
    tell(view, opened, made)
    verdict = judged(opened, made, view, timing)
    found = Verified(
        opened.name,
        made,
        verdict,
        out_of_bounds(opened, made),
        opened.settings.objective,
        timing,
        time.monotonic() - opened.started,
        opened.notices,
        opened.target.layer,
    )
    close(opened, found)
    return found


def tell(view: View, opened: Session, change: Change) -> None:
    """What is about to be judged, before it takes its time."""
    view.header(
        [
            f"llmopt verify {change.name}: {words.count(len(change.files), 'file')} against {change.base[:10]}",
            summary.about(opened.project),
            f"sandbox: {opened.target.confinement}",
        ]
    )
    for notice in opened.notices:
        view.notice(notice)


def record(opened: Session, change: Change) -> None:
    """Write down what is judged, and keep its commit on a ref: it can be looked at later, whatever becomes of it."""
    opened.journal.add("change", change, key="change")
    if change.commit:
        git.update_ref(opened.place.root, git.ref_of(opened.name), change.commit)
        (opened.folder / PATCH).write_bytes(git.diff(opened.place.root, change.base, change.commit))


def judged(opened: Session, change: Change, view: View, timing: bool) -> Verdict:
    """The verdict, in three steps: what it costs to know something of the base is spent when the change got so far."""
    reading = stages.read_checks(opened)
    if not timing:
        reading["duplicate"] = lenient(reading["duplicate"])
    verdict = attempt(change, Base(change.base, {}), reading, view)
    if not verdict.accepted:
        return verdict
    lend_workloads(opened, change, view)
    gate = optimize.gated(opened, view)
    opened = session.with_gate(opened, gate)
    base = calibrated(opened, gate, view)
    tell_base(view, opened, base)
    compared = {**reading, **stages.run_checks(opened)}
    verdict = attempt(change, base, require.after(compared, opened.settings.require or ""), view)
    if not verdict.accepted or not timing:
        return verdict
    base = with_noise(opened, base, view)
    timed = attempt(change, base, stages.timed_checks(opened, view, base, []), view)
    return replace(timed, evidence={**verdict.evidence, **timed.evidence}, seconds=verdict.seconds + timed.seconds)


def attempt(change: Change, base: Base, checks: Mapping[str, Check], view: View) -> Verdict:
    """The change through these checks, as if somebody had proposed it for the function it changes most."""
    nothing_known = Hotspot(change.function, change.function.line, 0.0, 0.0, 0.0, 1.0)
    proposal = Proposal(change.author, nothing_known, change.plan, problem=change.problem)
    candidate = Candidate(proposal, change.base, change.commit, change.files)
    what = f"{change.name} on {words.short(change.function.key)}"
    watch = functools.partial(view.check, what=what)
    return trial.attempt(proposal, base, lambda _, onto: candidate, checks, watch)


def lenient(duplicate: Check) -> Check:
    """Code that only reads differently is no reason against a change that need not be faster."""

    def check(candidate: Candidate, base: Base) -> Finding:
        finding = duplicate(candidate, base)
        if finding.passed or "syntax" not in finding.evidence:
            return finding
        return Finding(True, "", {**finding.evidence, "duplicate": finding.reason})

    return check


def lend_workloads(opened: Session, change: Change, view: View) -> None:
    """Benchmarks that are younger than the base are added to both sides from the working tree."""
    old, new = opened.trees.of(change.base), opened.trees.of(change.commit)
    here = [path for path in stages.workload_files(opened) if (opened.place.root / path).is_file()]
    if any(not (old.path / path).exists() for path in here):
        lent = ", ".join(benchmark_files.share(opened.project, [old, new]))
        view.notice(f"{change.base[:10]} has no such workload; taken from the working tree for both sides: {lent}")


def calibrated(opened: Session, base: Base, view: View) -> Base:
    """The base with what its workloads take and print."""
    tree, limits = opened.trees.of(opened.base), opened.workload_limits
    return baseline.calibrated(opened.target, base, tree, limits, view.stage, opened.counter)


def tell_base(view: View, opened: Session, base: Base) -> None:
    """The base in one line, and the tests that cannot gate."""
    passed = sum(outcome == "passed" for outcome in base.gate.values())
    times = ", ".join(words.duration(seconds) for seconds in base.seconds)
    view.header([f"base: {words.count(passed, 'test')} passed; workload {times}"])
    for notice in summary.tests_left_out(base):
        view.notice(notice)


def with_noise(opened: Session, base: Base, view: View) -> Base:
    """The base with the noise floor; the view is told what gains can be seen."""
    base = baseline.with_noise(
        opened.target,
        base,
        opened.trees.of(opened.base),
        opened.workload_limits,
        view.stage,
        objective=opened.settings.objective,
        counter=opened.counter,
        floors=opened.place.state / "noise.json",
    )
    for notice in summary.too_coarse(base, opened.settings):
        view.notice(notice)
    return base


def out_of_bounds(opened: Session, change: Change) -> tuple[OutOfBounds, ...]:
    """The files of the change that may not be edited."""
    settings, workloads = opened.settings, stages.workload_files(opened)
    reasons = {
        path: guard.turned_down(path, workloads, settings.exclude, settings.allow_paths) for path in change.files
    }
    return tuple(
        OutOfBounds(path, reason, not guard.turned_down(path, workloads, settings.exclude, [path]), path in workloads)
        for path, reason in reasons.items()
        if reason
    )


def close(opened: Session, found: Verified) -> None:
    """Write the result down, as what it is and as a run among others."""
    verdict = found.verdict
    opened.journal.add("verdict", verdict, key=f"{found.change.base}:{found.change.commit}")
    opened.journal.add("verified", found)
    outcome = Outcome(
        opened.name,
        found.change.base,
        objective=found.objective,
        sandbox=found.sandbox,
        verdicts=(verdict,),
        seconds=found.seconds,
    )
    if verdict.accepted and found.is_measured:
        outcome = replace(outcome, speedup=verdict.speedup, interval=verdict.interval, measured="per edit")
    opened.journal.add("outcome", outcome)
