"""An open session and a base in; what a model's tools may run of it out: a snippet, an edit in the first stages, lines.

What runs a model's code is confined like everything of the target; where nothing confines it, snippets do not run. Each
result is kept in the journal under what was asked, so that a resumed run does not run it again.
"""

from __future__ import annotations

import itertools
import math
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from llmopt import judge, target, timer, trial, workloads
from llmopt.checks import guard
from llmopt.data import (
    Base,
    Candidate,
    Check,
    Detail,
    Finding,
    Function,
    Hotspot,
    Limits,
    Profile,
    Proposal,
    Ran,
    Tree,
    Verdict,
)
from llmopt.errors import LlmoptError, WorkloadError
from llmopt.folders import remove
from llmopt.journal import digest
from llmopt.profilers import lines, overlay
from llmopt.search.tools import Workshop
from llmopt.session import Session
from llmopt.target import Probed, Tasks

SNIPPET = Limits(seconds=10.0, output_bytes=16 * 1024, cpu_seconds=20.0)
OBSERVE_SECONDS = 60.0
# Tests that take no longer are all run on an edit that is only tried; the near ones stand for longer ones.
TEST_SECONDS = 10.0
PAIRS, LEAST_PAIRS, PAIRS_SECONDS = 5, 2, 20.0
SECONDS_LEFT = 60.0  # of the run, below which nothing is tried any more


def equipped(
    shop: Workshop,
    opened: Session,
    base: Base,
    profile: Profile,
    commit: Callable[[Proposal, Base], Candidate],
    checks: Mapping[str, Check],
) -> Workshop:
    """The workshop with what may run here: one thing at a time, as questions may be asked side by side."""
    alone = threading.Lock()

    def run(code: str) -> Ran:
        with alone:
            _refuse_late(opened)
            key = f"{base.commit}:{digest(code)}"
            return opened.journal.once("snippet", key, Ran, lambda: snippet(opened, base, code))

    def attempt(files: Mapping[str, str]) -> Verdict:
        with alone:
            _refuse_late(opened)
            key = f"{base.commit}:{digest(sorted(files.items()))}"
            return opened.journal.once("try", key, Verdict, lambda: tried(opened, base, files, commit, checks))

    def observe(function: Function) -> Detail:
        with alone:
            _refuse_late(opened)
            return observed(opened, base, profile, function)

    return replace(shop, run=run if opened.target.layer != "off" else None, attempt=attempt, observe=observe)


def _refuse_late(opened: Session) -> None:
    if opened.seconds_left() < SECONDS_LEFT:
        raise LlmoptError("the run has no time left for it")


def snippet(opened: Session, base: Base, code: str) -> Ran:
    """Run a script in a copy of the base's tree, in which nothing that the user excludes is: nothing of it is kept."""
    place = Path(tempfile.mkdtemp(prefix="llmopt-snippet-"))
    try:
        copy = Tree(base.commit, place / opened.place.root.name)
        copied(opened.trees.of(base.commit).path, copy.path, opened.settings.exclude)
        # A new name: one of the repository's own may be a link that leads elsewhere.
        _, name = tempfile.mkstemp(".py", "llmopt_snippet_", copy.path / opened.project.folder, text=True)
        Path(name).write_text(code, encoding="utf-8", errors="replace")
        # Its path is no argument that a shell's words are looked for in: it is relative, and code is none either.
        # Unbuffered: what it has printed is told also where its time ends it.
        argv = (opened.project.interpreter.path, "-u", Path(name).name)
        return target.run(opened.target, copy, argv, SNIPPET).ran
    finally:
        remove(place)


def copied(tree: Path, copy: Path, exclude: tuple[str, ...] | list[str]) -> None:
    """Copy a tree without what is excluded; compiled code of it may lie in caches."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        inside = Path(folder).relative_to(tree)
        return {name for name in names if name == "__pycache__" or guard.is_excluded(str(inside / name), exclude)}

    shutil.copytree(tree, copy, symlinks=True, ignore=left_out)


def tried(
    opened: Session,
    base: Base,
    files: Mapping[str, str],
    commit: Callable[[Proposal, Base], Candidate],
    checks: Mapping[str, Check],
) -> Verdict:
    """The verdict of the funnel's checks but the long ones, with a rough timing where they are passed."""
    some = {name: check for name, check in checks.items() if name != "tests" or base.test_seconds <= TEST_SECONDS}
    some["timing"] = roughly_timed(opened)
    nowhere = Hotspot(Function("", "", 1), 1, 0.0, 0.0, 0.0, 1.0)
    return trial.attempt(Proposal("try_edit", nowhere, "", files), base, commit, some, lambda stage: None)


def roughly_timed(opened: Session) -> Check:
    """A check that everything passes: it says about how fast a candidate is."""

    def timing(candidate: Candidate, base: Base) -> Finding:
        pair_seconds = base.pair_seconds
        count = min(PAIRS, int(PAIRS_SECONDS / pair_seconds)) if pair_seconds else PAIRS
        if count < LEAST_PAIRS:
            return Finding(True, "", {"timing": f"not timed here, as a pair of runs takes {pair_seconds:.0f} s"})
        old, new = opened.trees.of(base.commit), opened.trees.of(candidate.commit)
        weights = [workload.weight for workload in opened.project.workloads]
        rounds = timer.rounds(opened.target, base, old, new, opened.workload_limits, counter=opened.counter)
        try:
            speedup, _ = judge.end_to_end(list(itertools.islice(rounds, count)), weights, opened.settings.objective)
        except WorkloadError as problem:
            return Finding(False, problem.message)
        return Finding(True, "", {"timing": f"about {speedup:.2f} times as fast, the whole run, in {count} pairs"})

    return timing


def observed(opened: Session, base: Base, profile: Profile, function: Function) -> Detail:
    """One run of each workload with this function observed; without lines where none could be."""
    tree, profiler = opened.trees.of(base.commit), overlay.folder(opened.project.interpreter)
    limits = Limits(seconds=min(OBSERVE_SECONDS, opened.settings.workload_timeout or math.inf))

    def observe(index: int, tasks: Tasks) -> Probed:
        reads = [profiler] if profiler else []
        return workloads.run(
            opened.target, tree, opened.project.workloads[index], limits, tasks=tasks, reads=reads
        ).probed

    found = lines.detail(replace(profile, details=()), [function], observe, tree, overlay=profiler)
    return found.details[0] if found.details else Detail(function.key, 0)
