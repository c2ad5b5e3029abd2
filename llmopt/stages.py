"""The stages of a run, chosen and wired: an open session in, the functions that `loop.optimize` calls out."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmopt import calibration, doubts, encoding, git, judge, keep, localize, search, session, syntax, trial, workloads
from llmopt.checks import calls, coverage, duplicate, guard, near, output, require, tests, timing
from llmopt.data import (
    Base,
    Candidate,
    Check,
    Decision,
    Finding,
    Hotspot,
    Limits,
    Model,
    Profile,
    Proposal,
    Proposer,
    ReadFile,
    Tree,
    Verdict,
)
from llmopt.errors import EditError, WorkloadError
from llmopt.journal import digest
from llmopt.loop import Localized, Stages
from llmopt.profilers import lines, overlay, sampling
from llmopt.reports.terminal import View
from llmopt.reports.words import duration
from llmopt.search import ask, facts
from llmopt.session import Session
from llmopt.target import Probed, Tasks

# The sampler looks every 1 to 4 ms: a run of this length tells shares of half a percent from each other.
PROFILE_SECONDS = 1.5
# A function that could not give this much if it cost nothing is not worth a proposal: no number of pairs shows less.
WORTH_A_TRY = 1.02
# The second pass may take this much longer than the plain run (line profiling a function that is called in a tight
# loop costs 20x and more, on 3.12 and later 100x); past that its lines, then all its details are given up.
SLOWDOWN, LEAST_SECOND_PASS = 30, 20.0


def build(opened: Session, view: View, model: Model | None) -> Stages:
    """Wire the stages. With `model` None only the rules propose."""
    tried: Counter[str] = Counter()
    return Stages(
        profile=lambda base: profile(opened, base, view.stage),
        localize=lambda found: localized(opened, found),
        propose=lambda base: proposer(opened, base, model),
        attempt=lambda proposal, base, verdicts: attempt(opened, view, proposal, base, verdicts, tried),
        accept=accepted,
        enough=lambda: enough(opened),
    )


def profile(opened: Session, base: Base, watch: Callable[[str], None]) -> Profile:
    """Both passes over the base; taken once for each base, also over resumptions."""

    def take() -> Profile:
        tree = opened.trees.of(base.commit)

        def sample(index: int, tasks: Tasks) -> Probed:
            workload, repetitions = opened.project.workloads[index], profiled_repetitions(base.seconds[index])
            limits = opened.workload_limits
            return workloads.run(opened.target, tree, workload, limits, tasks=tasks, repetitions=repetitions).probed

        watch("profiling, first pass: where the time goes")
        sampled = sampling.profile(sample, tree, opened.project)
        watch("profiling, second pass: lines, calls and arguments of the hot functions")
        return detailed(opened, base, sampled)

    return opened.journal.once("profile", base.commit, Profile, take)


def detailed(opened: Session, base: Base, sampled: Profile) -> Profile:
    """The profile with lines, calls and arguments of its hot functions; with less of it where that takes too long."""
    hot = [spot.function for spot in localized(opened, sampled).hotspots]
    if not hot:
        return sampled
    tree = opened.trees.of(base.commit)

    def observe(index: int, tasks: Tasks) -> Probed:
        seconds = min(opened.settings.workload_timeout, LEAST_SECOND_PASS + SLOWDOWN * base.seconds[index])
        workload = opened.project.workloads[index]
        limits = Limits(seconds=seconds)
        return workloads.run(opened.target, tree, workload, limits, tasks=tasks, reads=read).probed

    profiler = overlay.folder(opened.project.interpreter)
    read = [profiler] if profiler else []
    reason = ""
    # A program may look into functions that it makes at run time, and stumble over a wrapped one: do without those.
    lasting = [function for function in hot if function.name.count(".") < 2]
    less = [(lasting, True)] if lasting != hot else []
    for functions, lined in ((hot, True), *less, (lasting, False)):
        try:
            return lines.detail(sampled, functions, observe, overlay=profiler, lines=lined)
        except WorkloadError as problem:
            reason = problem.message
    notice = f"lines, calls and arguments of the hot functions could not be observed: {reason}"
    return replace(sampled, notices=(*sampled.notices, notice))


def profiled_repetitions(seconds: float) -> int:
    """How often a workload of so many seconds runs under the profiler (where one process can run it again)."""
    return min(calibration.MOST_REPETITIONS, max(1, math.ceil(PROFILE_SECONDS / seconds)))


def unmeasured_base(opened: Session) -> Base:
    """A base for looking only: each workload run once, no tests."""
    tree = opened.trees.of(opened.base)
    seconds = tuple(
        workloads.run(opened.target, tree, workload, opened.workload_limits, tasks={"leaks": {}}).sample.seconds
        for workload in opened.project.workloads
    )
    return Base(commit=opened.base, gate={}, seconds=seconds)


def localized(opened: Session, found: Profile) -> Localized:
    """The functions worth a try: of the repository, wanted by --function, with enough to gain."""
    protected = workload_files(opened)

    def is_target(path: str) -> bool:
        is_code = localize.is_code(path, opened.project.folder)
        return is_code and not guard.turned_down(path, protected, opened.settings.exclude, opened.settings.allow_paths)

    hotspots, skipped = localize.hotspots(
        found,
        encoding.reader(opened.trees.of(found.commit)),
        min_speedup=max(WORTH_A_TRY, opened.settings.min_speedup),
        is_target=is_target,
        weights=[workload.weight for workload in opened.project.workloads],
    )
    if wanted := opened.settings.functions:
        hotspots = [spot for spot in hotspots if is_wanted(spot.function.key, wanted)]
    reasons = tuple((each.function.key, each.reason) for each in skipped)
    return Localized(tuple(hotspots[: opened.settings.hotspots]), reasons)


def is_wanted(key: str, wanted: Sequence[str]) -> bool:
    """Does one of the names mean this function: its key, its qualified name, or the last part of it?"""
    name = key.partition("::")[2]
    return any(each in (key, name, name.rpartition(".")[2]) or key.endswith(f"/{each}") for each in wanted)


def workload_files(opened: Session) -> list[str]:
    """Repository paths that the workloads run and that therefore nobody may edit."""
    folder = Path(opened.project.folder)
    return [str(folder / workload.target) for workload in opened.project.workloads]


def proposer(opened: Session, base: Base, model: Model | None) -> Proposer:
    """The free rules first, then the model."""
    chosen = [ruled(opened, base)] if opened.settings.rules else []
    return search.in_order([*chosen, asked(opened, base, model)] if model else chosen)


def ruled(opened: Session, base: Base) -> Proposer:
    """The model-free rewrites."""
    read = encoding.reader(opened.trees.of(base.commit))

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        from llmopt.models import rules  # libcst takes 0.3 s to import

        yield from rules.propose(hotspots, verdicts, read)

    return propose


def asked(opened: Session, base: Base, model: Model) -> Proposer:
    """A model, asked with the dossier of each hot function; it sees nothing of what the user excludes."""
    read = permitted(encoding.reader(opened.trees.of(base.commit)), opened.settings.exclude)
    known = facts.facts_of(opened.project, base.seconds, read)
    folder = opened.settings.prompts
    unsent = excluded_texts(opened.trees.of(base.commit), opened.settings.exclude)

    def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict]) -> Iterator[Proposal]:
        yield from ask.propose(
            hotspots,
            verdicts,
            model=model,
            read=read,
            facts=known,
            attempts=opened.settings.attempts,
            folder=Path(folder) if folder else None,
            excluded=unsent,
        )

    return propose


def excluded_texts(tree: Tree, exclude: Sequence[str]) -> list[str]:
    """The sources that the user excludes."""
    read, found = encoding.reader(tree), []
    for path in sorted(tree.path.rglob("*.py")) if exclude else ():
        name = path.relative_to(tree.path).as_posix()
        if guard.is_excluded(name, exclude):
            with suppress(EditError):
                found.append(read(name))
    return found


def permitted(read: ReadFile, exclude: Sequence[str]) -> ReadFile:
    """The same files without the excluded ones."""

    def read_permitted(path: str) -> str:
        if guard.is_excluded(path, exclude):
            raise EditError(f"{path} is excluded by the configuration")
        return read(path)

    return read_permitted


def attempt(
    opened: Session, view: View, proposal: Proposal, base: Base, verdicts: Sequence[Verdict], tried: Counter[str]
) -> Verdict:
    """Put a proposal through the funnel, once over all resumptions; `tried` tells a repeated one from its first."""

    def take() -> Verdict:
        opened.journal.add("proposal", proposal)
        verdict = trial.attempt(
            proposal,
            base,
            lambda each, onto: commit(opened, each, onto),
            checks(opened, view, base, verdicts),
            lambda stage: view.stage(f"{stage}: {proposal.author} on {proposal.hotspot.function.name}"),
        )
        if verdict.put_aside:
            keep.put_aside(opened.place.root, opened.name, verdict.commit)
        return kept(opened, verdict) if verdict.accepted else verdict

    edits = digest([sorted(proposal.files.items()), proposal.problem, proposal.hotspot.function.key])
    key = f"{base.commit}:{edits}"
    tried[key] += 1
    return opened.journal.once("verdict", f"{key} #{tried[key]}", Verdict, take)


def commit(opened: Session, proposal: Proposal, base: Base) -> Candidate:
    """The proposal's files as a commit on the base, in the files' own encoding and line ends."""
    tree = opened.trees.of(base.commit)
    contents = {}
    for path, text in proposal.files.items():
        original = encoding.read_bytes(tree, path) if (tree.path / path).exists() else b""
        contents[path] = encoding.encode_like(original, text, path)
    made = git.commit_files(opened.place.root, base.commit, contents, f"Candidate: {proposal.author}")
    return Candidate(proposal, base.commit, made, git.changed(opened.place.root, base.commit, made))


def checks(opened: Session, view: View, base: Base, verdicts: Sequence[Verdict]) -> Mapping[str, Check]:
    """The funnel's checks in their order, cheapest first."""
    compared = {**read_checks(opened, verdicts), **run_checks(opened)}
    return {**require.after(compared, opened.settings.require or ""), **timed_checks(opened, view, base, verdicts)}


def read_checks(opened: Session, verdicts: Sequence[Verdict] = ()) -> dict[str, Check]:
    """Those that only read the candidate: they need nothing of the base but its commit."""
    settings, packages = opened.settings, opened.project.interpreter.packages
    fingerprints = {verdict.evidence["syntax"] for verdict in verdicts if "syntax" in verdict.evidence}

    def read(at: str, path: str) -> str:
        return encoding.reader(opened.trees.of(at))(path)

    return {
        "duplicate": duplicate.check(read, lambda: fingerprints),
        "guard": guard.check(workload_files(opened), settings.exclude, settings.allow_paths, read, packages),
    }


def run_checks(opened: Session) -> dict[str, Check]:
    """Those that run the candidate and compare what it does with the base."""
    target, tree_of, folder = opened.target, opened.trees.of, opened.folder / "tests"
    executed = coverage.Executed(target, tree_of)
    return {
        "calls": calls.check(
            target,
            tree_of,
            opened.folder / "calls",
            workload=opened.workload_limits,
            tests=opened.test_limits,
            tolerance=opened.settings.float_tolerance,
            executed=executed,
            may_grow=math.isinf(opened.settings.max_memory_growth),
        ),
        "near tests": near.check(target, tree_of, opened.test_limits, folder, executed),
        "output": output.check(target, tree_of, opened.workload_limits, executed),
        "tests": tests.check(target, tree_of, opened.test_limits, folder, executed),
        "coverage": coverage.check(executed, allow_unexecuted=opened.settings.require == "none"),
    }


def timed_checks(opened: Session, view: View, base: Base, verdicts: Sequence[Verdict]) -> dict[str, Check]:
    """Those that time the candidate next to the base."""
    pair_seconds = 2 * sum(a * b for a, b in zip(base.seconds, base.repetitions, strict=True))
    settings = opened.settings
    asked = settings.min_speedup, pair_seconds, settings.max_pairs, settings.objective
    so_far = 1 + sum("timing" in verdict.evidence for verdict in verdicts)

    def save(stage: str, commit: str, pairs: object) -> None:
        opened.journal.add("pairs", {"stage": stage, "commit": commit, "pairs": pairs})

    def timed(stage: str, rule: judge.Rule, **options: Any) -> Check:
        limits, counter = opened.workload_limits, opened.counter
        target, tree_of = opened.target, opened.trees.of
        return timing.check(stage, rule, target, tree_of, limits, view.progress, save, counter=counter, **options)

    return {
        "timing": timed("timing", judge.screening(*asked)),
        "confirmation": timed(
            "confirmation", judge.confirmation(*asked, candidates=so_far), review=functools.partial(reviewed, opened)
        ),
    }


def reviewed(
    opened: Session, candidate: Candidate, base: Base, rounds: timing.Rounds, shown: Decision
) -> Finding | None:
    """What speaks against a gain that was shown: what it costs elsewhere, or that it is not what it seems."""
    settings = opened.settings
    if paid := doubts.price(rounds, settings.objective, settings.max_memory_growth):
        return Finding(False, f"{shown.reason}, but {paid}")
    if settings.objective in ("time", "cpu"):
        low, bound = shown.interval[0], headroom_of_edit(opened, candidate, base)
        if found := doubts.doubt(rounds, base.repetitions, low, bound):
            return Finding(False, f"{shown.reason}, but {found}", put_aside=True)
    return None


def headroom_of_edit(opened: Session, candidate: Candidate, base: Base) -> float:
    """The most speedup there can be if the functions that the edit changes cost nothing."""
    before, after = opened.trees.of(base.commit), opened.trees.of(candidate.commit)
    old, new = encoding.reader(before), encoding.reader(after)
    keys: set[str] = set()
    for path in candidate.changed:
        if not (after.path / path).exists():
            return math.inf
        text = old(path) if (before.path / path).exists() else ""
        if (names := syntax.changed(text, new(path))) is None:
            return math.inf
        keys |= {f"{path}::{name}" for name in names}
    weights = [workload.weight for workload in opened.project.workloads]
    return localize.headroom_of(profile(opened, base, lambda stage: None), keys, weights)


def kept(opened: Session, verdict: Verdict) -> Verdict:
    """The accepted commit under its final message, on a ref that nothing loses."""
    specs = [workload.spec for workload in opened.project.workloads]
    final = git.reword(
        opened.place.root, verdict.commit, keep.message(verdict, opened.name, specs, opened.target.layer)
    )
    keep.record(opened.place.root, opened.name, final, as_branch=opened.settings.keep == "branch")
    return replace(verdict, commit=final)


def accepted(base: Base, verdict: Verdict) -> Base:
    """The base that an accepted edit leads to: the same tests gate it, its runs are shorter."""
    return replace(base, commit=verdict.commit, seconds=tuple(each / verdict.speedup for each in base.seconds))


def enough(opened: Session) -> str:
    """Why to stop now, "" to go on."""
    if opened.seconds_left() <= 0:
        return f"--max-time {duration(opened.settings.max_time)} is over"
    used = session.spent(opened.journal)
    if opened.settings.budget_usd is not None and used.cost_usd > opened.settings.budget_usd:
        return f"--budget-usd {opened.settings.budget_usd:g} is spent"
    return ""
