"""A change and settings in, what is slower and what could be faster out: base and head profiled, compared, optimised.

Only commits are looked at: the checkout may be anything, such as the merge that GitHub makes of a pull request.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from llmopt import __version__, api, config, git, journal, scopes, session, syntax, touched
from llmopt.ci import budget, events, profiles, suggestions
from llmopt.ci.budget import Spent
from llmopt.ci.events import Asked
from llmopt.ci.profiles import Profile
from llmopt.ci.result import Change, Edit, Guard, Hot, Mode, Result, Row, Search, Suggestion, Verdict
from llmopt.comparing import Result as Measured
from llmopt.data import Scope
from llmopt.errors import LlmoptError, ProjectError, WorkloadError
from llmopt.events import Listen, Notice, Phase, Telling
from llmopt.jobs import optimize as optimizing
from llmopt.jobs.optimize import Asks
from llmopt.reports import comparison, gather, words
from llmopt.reports.comparison import Compared
from llmopt.reports.gather import Report, Tried

LEAST_SHARE = 0.01  # of the run: a function of less of it is not listed
MOST_HOT, MOST_EDITS = 50, 500
LONGEST, LONGEST_TEXT, LONGEST_DIFF = 2_000, 4_000, 900_000  # what a result holds of a text
LOOKING = ("workloads", "python", "roots", "workload_timeout", "sandbox", "allow_network", "allow_read", "allow_env")
COMPARING = (*LOOKING, "max_time", "objective")


@dataclass(frozen=True)
class Wanted:
    """What is asked for besides the settings: how far to go, and what counts as the same."""

    mode: Mode = "guard"
    resolution: float = 1.02
    max_pairs: int | None = None
    keep: str = "branch"


@dataclass(frozen=True)
class Course:
    """The repository, the commits, the settings and who listens."""

    path: Path
    root: Path
    base: str
    head: str
    flags: Mapping[str, Any]
    listen: Listen
    started: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        return self.path.resolve()

    def chosen(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.flags[name] for name in names if self.flags.get(name) is not None}


def skipped(asked: Asked, mode: Mode, base: str, head: str, reason: str) -> Result:
    """The result of a run that does nothing."""
    change = Change(name=asked.name or "HEAD", base=base, head=head, number=asked.number)
    return Result(llmopt=__version__, mode=mode, change=change, skipped=_line(reason))


def run(course: Course, asked: Asked, wanted: Wanted, before: Spent) -> Result:
    """Profile both sides, compare them, and, beyond the mode guard, look for faster code in what the change touches."""
    found, problems = _profiled(course)
    result = Result(
        llmopt=__version__,
        mode=wanted.mode,
        change=Change(name=asked.name or "HEAD", base=course.base, head=course.head, number=asked.number),
        hot=hot(found, _touched(course)),
    )
    result = _guarded(result, course, wanted, problems)
    if wanted.mode != "guard" and not result.broken:
        result = _searched(result, course, wanted, before)
    return result.model_copy(update={"seconds": round(time.monotonic() - course.started, 3)})


# --- profiles --------------------------------------------------------------------------------------------------


def _profiled(course: Course) -> tuple[dict[str, Profile], dict[str, WorkloadError]]:
    """The profiles of both sides, and why one could not be taken."""
    found: dict[str, Profile] = {}
    problems: dict[str, WorkloadError] = {}
    for role, commit in (("base", course.base), ("head", course.head)):
        course.listen(Phase(f"profile of {role} ({commit[:10]})"))
        try:
            found[role] = profiles.of_commit(course.path, commit, role, course.chosen(LOOKING), course.listen)
        except WorkloadError as problem:
            problems[role] = problem
    return found, problems


def hot(found: Mapping[str, Profile], changed: frozenset[str]) -> tuple[Hot, ...]:
    """The functions that are hot on a side, the costliest of the head first."""
    keys = dict.fromkeys(key for role in ("head", "base") if role in found for key in found[role].spots)
    rows = [_hot(key, found, key in changed) for key in keys]
    shown = [each for each in rows if max(each.head_share or 0, each.base_share or 0) >= LEAST_SHARE]
    return tuple(sorted(shown, key=lambda each: -(each.head_seconds or 0))[:MOST_HOT])


def _hot(key: str, found: Mapping[str, Profile], is_touched: bool) -> Hot:
    path, _, name = key.partition("::")
    spots = {role: profile.spots[key] for role, profile in found.items() if key in profile.spots}
    line = (spots.get("head") or spots["base"]).line
    use = {f"{role}_share": spot.share for role, spot in spots.items()}
    use |= {f"{role}_seconds": round(spot.share * found[role].seconds, 6) for role, spot in spots.items()}
    return Hot(path=_line(path), name=_line(name), line=line, touched=is_touched, **use)


def _touched(course: Course) -> frozenset[str]:
    """The functions that differ in more than layout."""
    return touched.keys(scopes.changes(course.root, course.base, course.head), {})


# --- slower or faster ------------------------------------------------------------------------------------------


def _guarded(result: Result, course: Course, wanted: Wanted, problems: Mapping[str, WorkloadError]) -> Result:
    """With the judge's word. A workload that is new in the change has nothing to be compared with; that one ran before
    and fails now is the change's fault."""
    course.listen(Phase("compare"))
    try:
        compared = _compared(course, wanted)
    except WorkloadError as problem:
        is_new = "base" in problems and "head" not in problems
        return result.model_copy(update={"guard_problem": _text(str(problem)), "broken": not is_new})
    if compared.stopped == "interrupted":
        raise KeyboardInterrupt
    said = [_line(f"no profile of {role}: {problem.message}") for role, problem in problems.items()]
    return result.model_copy(update={"guard": guard(compared), "notices": (*result.notices, *said)})


def _compared(course: Course, wanted: Wanted) -> Compared:
    return api.compare(
        course.path,
        course.base,
        course.head,
        resolution=wanted.resolution,
        max_pairs=wanted.max_pairs,
        on_event=course.listen,
        **course.chosen(COMPARING),
    )


def guard(compared: Compared) -> Guard:
    """A comparison as data."""
    result = compared.result if compared.result and compared.result.rounds else None
    rows = [_row(compared, result, index) for index in range(len(result.each))] if result else []
    besides = comparison.besides(compared, result) if result else []
    return Guard(
        verdict=cast(Verdict, compared.verdict),
        speedup=compared.speedup,
        lines=tuple(_line(line) for line in _closing(compared)),
        rows=tuple(rows[:200]),
        notices=tuple(_line(line) for line in (*besides, *compared.notices, *comparison.left_out(compared))),
        machine=_line(str(compared.machine)),
        sandbox=_line(compared.ready.target.layer),
    )


def _row(compared: Compared, result: Measured, index: int) -> Row:
    name, base, head, speedup = comparison.row(compared, result, index)
    found = result.each[index]
    verdict = cast(Verdict, found.verdict)
    return Row(name=_line(name), base=base, head=head, speedup=speedup, pairs=found.pairs, verdict=verdict)


def _closing(compared: Compared) -> list[str]:
    """The closing lines with short names: whole hashes say nothing to anybody."""
    lines = comparison.closing(compared)
    for role, side in (("base", compared.base), ("head", compared.head)):
        lines = [line.replace(side.title, f"{role} {side.commit[:10]}") for line in lines]
    return lines


# --- what could be faster --------------------------------------------------------------------------------------


def _searched(result: Result, course: Course, wanted: Wanted, before: Spent) -> Result:
    """With the search; that it cannot be done is no reason to fail a change."""
    settings = config.load(course.folder, course.root, course.flags, os.environ)
    bounds = settings.budget_usd, settings.max_tokens
    usd, tokens = budget.left(before, *bounds)
    flags = {**course.flags, "budget_usd": usd, "max_tokens": tokens}
    if settings.model != "rules" and budget.used_up(before, *bounds):
        flags = {**course.flags, "model": "rules"}
        said = f"the budget is used up ({before.tokens} tokens, {before.cost_usd:.2f} USD): only the rules are tried"
        result = result.model_copy(update={"notices": (*result.notices, said)})
        course.listen(Notice(said))
    try:
        found, problem = search(course, flags, wanted.keep)
    except LlmoptError as not_begun:
        return result.model_copy(update={"search_problem": _text(str(not_begun))})
    return result.model_copy(update={"search": found, "search_problem": _text(problem)})


def search(course: Course, flags: Mapping[str, Any], keep: str) -> tuple[Search, str]:
    """What `llmopt optimize --changed-since BASE` does, on the head's commit; and what cut it off. What it has spent is
    known in both cases."""
    scope, problem = Scope("the change", course.base, course.head), ""
    cold: tuple[tuple[str, str], ...] = ()
    with session.start(course.path, {**flags, "keep": keep}, os.environ, scope=scope) as opened:
        try:
            done = optimizing.run(opened, Telling(course.listen), Asks())
        except LlmoptError as error:
            problem = str(error)
        else:
            cold, problem = done.outcome.not_worth, str(done.error or "")
            if done.outcome.interrupted:
                raise KeyboardInterrupt
        found = searched(course, gather.report(opened.folder), opened.settings.model)
        used = session.spent(opened.journal)
    spent = {"tokens": used.tokens, "cost_usd": round(used.cost_usd, 6)}
    return found.model_copy(update={"cold": _cold(cold), **spent}), problem


def _cold(functions: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((_line(name), _line(reason)) for name, reason in functions)[:1_000]


def searched(course: Course, report: Report, model: str) -> Search:
    """A run's report as data, with the suggestions that its kept edits come to."""
    edits = tuple(_edit(course, tried) for tried in report.edits[:MOST_EDITS])
    kept = tuple(edit for edit in edits if edit.kept)
    final = report.kept[-1].commit if kept else None
    return Search(
        run=report.run,
        headline=_headline(report),
        model=_line(model),
        edits=edits,
        groups=_groups(course, final, kept) if final else (),
        diff=report.diff[:LONGEST_DIFF],
        commit=final,
        stopped=_line(report.stopped),
        where=_line(report.where),
    )


def _headline(report: Report) -> str:
    tried = f"{words.count(report.tried, 'edit')} tried"
    if report.kept:
        return _line(f"{report.headline} faster with {words.count(len(report.kept), 'edit')} ({tried})")
    return f"Nothing faster was found in what the change touches ({tried})"


def _groups(course: Course, final: str, kept: tuple[Edit, ...]) -> tuple[tuple[Suggestion, ...], ...]:
    """None where a line is too long for one."""
    try:
        return suggestions.groups(course.root, course.head, final, kept)
    except ValueError:
        return ()


def _edit(course: Course, tried: Tried) -> Edit:
    return Edit(
        number=tried.number,
        function=_line(tried.function),
        line=_line_of(course, tried.function),
        author=_line(tried.author),
        plan=_text(tried.plan),
        kept=tried.accepted,
        stage=tried.stage,
        reason=_text(tried.reason),
        speedup=words.described(tried.speedup, tried.interval),
        level=tried.level,
        evidence={_line(stage): _text(text) for stage, text in {**tried.proofs, **_files(tried)}.items()},
    )


def _files(tried: Tried) -> dict[str, str]:
    """Which files an edit changes: proofs leave it out."""
    return {"files": tried.evidence["files"]} if tried.evidence.get("files") else {}


def _line_of(course: Course, key: str) -> int:
    """Where a function begins in the head."""
    path, _, name = key.partition("::")
    text = scopes.texts(course.root, course.head, [path]).get(path, "")
    try:
        found = [each.node.lineno for each in syntax.definitions(syntax.parse(text)) if each.name == name]
    except SyntaxError:
        found = []
    return found[0] if found else 1


def course(path: Path, asked: Asked, flags: Mapping[str, Any], listen: Listen) -> Course:
    """The course of a change; ProjectError where its commits are not in the clone, or bring state of llmopt's along."""
    root = git.top(path)
    base, head = events.commits(root, asked)
    if git.run(root, "ls-files", "--", journal.FOLDER) or git.run(root, "ls-tree", head, "--", journal.FOLDER):
        raise ProjectError(
            f"{journal.FOLDER}/ is tracked by git",
            "what llmopt remembers must not come with a change: git rm --cached it",
        )
    return Course(path, root, base, head, flags, listen)


def _line(text: str) -> str:
    """One line, not too long."""
    return " ".join(text.split("\n"))[:LONGEST]


def _text(text: str) -> str:
    return text[:LONGEST_TEXT]
