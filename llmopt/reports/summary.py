"""The end of a run in words and in JSON: an outcome in, what a person or a script reads out."""

from __future__ import annotations

import math
import os
import platform
from typing import Any

from llmopt import evidence, git
from llmopt.config import Settings
from llmopt.data import Base, Outcome, Project, Verdict
from llmopt.judge import describe, resolvable
from llmopt.keep import Kept
from llmopt.keys import shown_url
from llmopt.models import agent
from llmopt.reports import words
from llmopt.session import Session

GAINS = {
    "time": "faster",
    "cpu": "less CPU time",
    "memory": "less memory",
    "instructions": "fewer instructions",
    "energy": "less energy",
}
COARSE = 1.10  # a machine on which smaller gains are lost is worth a notice
SHOWN_COLD = 8  # functions of a change that are not hot
SHOWN_LEFT, LEAST_LEFT = 3, 0.02  # functions that are still hot, by own share
SHORT_SECONDS = 0.1  # below it the start of the interpreter is a tenth and more of a sample


def header(opened: Session) -> list[str]:
    """What a run works on, with what, and what it will send to whom."""
    settings = opened.settings
    return [
        f"llmopt run {opened.name} on {opened.place.origin.name} at {revision(opened)}",
        about(opened.project),
        *([f"keeps to what is changed: {opened.scope.name}"] if opened.scope else []),
        f"model: {settings.model}{sent(settings.model)}{_small(settings)}; {platform.machine()}",
        f"sandbox: {opened.target.confinement}",
        *_reached(settings),
    ]


def revision(opened: Session) -> str:
    """The commit that a run begins with; where that is a snapshot, the user's own commit below it."""
    below = git.below_snapshot(opened.place.root, opened.base)
    return f"{below[:10]} with uncommitted work" if below else opened.base[:10]


def about(project: Project) -> str:
    """Interpreter, tests and workloads in one line."""
    version = ".".join(str(part) for part in project.interpreter.version)
    tests = words.command(project.tests) if project.tests else "none"
    specs = ", ".join(workload.spec for workload in project.workloads)
    return f"Python {version} ({project.interpreter.found}); tests: {tests}; workloads: {specs}"


def _reached(settings: Settings) -> list[str]:
    """What an agent may reach besides its copy."""
    if not agent.is_agent(settings.model):
        return []
    more = ", ".join(settings.agent_allow) or "nothing more"
    return [f"the agent alone may reach: {more}; {words.duration(settings.agent_seconds)} for each start"]


def _small(settings: Settings) -> str:
    """The model for repairs, which is sent the same conversations."""
    small = settings.model_small
    return f"; for repairs {small}{sent(small)}" if small else ""


def sent(model: str) -> str:
    """Where the code goes with this model."""
    kind, _, name = model.partition(":")
    if kind in ("anthropic", "openai"):
        url = name.partition("@")[2] or os.environ.get(f"{kind.upper()}_BASE_URL", "")
        return f" (sources of hot functions are sent to {shown_url(url) if url else kind})"
    if kind == agent.KIND:
        return " (it works in a copy of the repository, and sends what it likes to whom it reaches)"
    return " (nothing leaves this machine)" if kind in ("rules", "replay") else ""


def baseline(base: Base, settings: Settings) -> str:
    """One line on the base: its tests, its time, this machine's noise, and what gains can be told from it."""
    tests = f"{sum(outcome == 'passed' for outcome in base.gate.values())} tests pass" if base.gate else "no tests"
    times = ", ".join(words.duration(seconds) for seconds in base.seconds)
    least = resolvable(base.noise, settings.min_speedup, settings.max_pairs)
    shown = f"gains from {least:.2f}x on show within {settings.max_pairs} pairs of runs"
    return f"base: {tests}; workload {times}; noise {words.percent(base.noise)} between runs: {shown}"


def left_out(base: Base, settings: Settings) -> list[str]:
    """Notices about tests that cannot gate, and about a workload or a machine that hides small gains."""
    return [*tests_left_out(base), *too_coarse(base, settings)]


def tests_left_out(base: Base) -> list[str]:
    """Notices about tests that cannot gate."""
    notices = []
    for names, what in ((base.failing, "failing on the unchanged code"), (base.unstable, "unstable on it")):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            notices.append(f"{words.count(len(names), 'test')} {what}, left out: {', '.join(names[:3])}{more}")
    return notices


def too_coarse(base: Base, settings: Settings) -> list[str]:
    """Notices about a workload or a machine that hides small gains."""
    notices = []
    if base.seconds and min(base.seconds) < SHORT_SECONDS:
        notices.append(
            f"a workload takes only {words.duration(min(base.seconds))}: start-up and noise weigh much; a longer one "
            "finds smaller gains"
        )
    least = resolvable(base.noise, settings.min_speedup, settings.max_pairs)
    if least > max(COARSE, settings.min_speedup):
        notices.append(f"this machine is noisy: gains below {least:.2f}x will not show; {_against_noise(settings)}")
    return notices


def _against_noise(settings: Settings) -> str:
    counting = "" if settings.objective == "instructions" else ", --objective instructions"
    return f"what helps: a longer workload, nothing else running, --max-pairs {2 * settings.max_pairs}{counting}"


def text(outcome: Outcome, kept: Kept | None) -> list[str]:
    """The closing lines: the end-to-end number first, then what was kept, where it is, and how to undo it."""
    edits = sum(each.is_edit for each in outcome.verdicts)
    tried = f"{words.count(edits, 'edit')} tried in {words.duration(outcome.seconds)}{_under(outcome)}"
    cost = words.tokens(outcome.usage)
    if not outcome.accepted:
        lines = [f"Nothing kept: {tried}, {cost}.", *(f"Stopped: {outcome.stopped}." for _ in [0] if outcome.stopped)]
        lines += [*_why_nothing(outcome), *_put_aside(outcome), *_left(outcome), *not_worth(outcome.not_worth)]
        return [*lines, f"Details: llmopt show {outcome.run}   As a page: llmopt report {outcome.run}"]
    shown = describe(outcome.speedup, outcome.interval)
    gain = f"{shown} {GAINS[outcome.objective]}" if outcome.interval[0] > 1 else f"{shown}, which may be no gain"
    lines = [f"{gain}, {_measured(outcome)}; {tried}, {cost}."]
    if len(outcome.workloads) > 1:
        lines += [f"  {speedup:.2f}x {spec}" for spec, speedup in outcome.workloads]
    lines += [f"  {_kept_edit(verdict)}" for verdict in sorted(outcome.accepted, key=lambda each: -yield_of(each))]
    lines += [*_put_aside(outcome), *_whole(outcome), *_left(outcome), *not_worth(outcome.not_worth)]
    if outcome.stopped:
        lines.append(f"Stopped: {outcome.stopped}.")
    if kept:
        lines += [f"Note: {kept.notice}"] if kept.notice else []
        look = f"Look: llmopt show {outcome.run}   As a page: llmopt report {outcome.run}"
        lines += [f"The edits are {kept.where}.", look, f"Undo: {kept.undo}"]
    return lines


def _under(outcome: Outcome) -> str:
    return f" (sandbox: {outcome.sandbox})" if outcome.sandbox else ""


def _whole(outcome: Outcome) -> list[str]:
    """What was checked of all edits together, where there are several."""
    checked = [text for stage, text in outcome.whole.items() if stage in ("calls", "output", "tests")]
    return [f"All together on the original code: {'; '.join(checked)}."] if checked else []


def _left(outcome: Outcome) -> list[str]:
    """What is still hot, and what each function could give at most."""
    names = [
        f"{words.short(key)} {words.still_hot(share, headroom)}"
        for key, share, headroom in outcome.left[:SHOWN_LEFT]
        if share >= LEAST_LEFT
    ]
    return [f"Left: {', '.join(names)}."] if names else []


def not_worth(functions: tuple[tuple[str, str], ...]) -> list[str]:
    """The functions of a change that are not hot."""
    more = [f"  and {len(functions) - SHOWN_COLD} more"] if len(functions) > SHOWN_COLD else []
    return [*(f"  not worth it: {words.short(key)}: {reason}" for key, reason in functions[:SHOWN_COLD]), *more]


def _put_aside(outcome: Outcome) -> list[str]:
    """The edits that a person should look at, each with its commit."""
    return [
        f"  put aside: {words.short(verdict.function)}, by {verdict.author}: {verdict.reason}; "
        f"look: git show {verdict.commit[:10]}"
        for verdict in outcome.put_aside
    ]


def _measured(outcome: Outcome) -> str:
    if outcome.measured == "end to end":
        return "end to end (95 % interval, fresh runs)"
    return "as the product of the edits' own measurements (the end-to-end measurement was not taken)"


def yield_of(verdict: Verdict) -> float:
    """An edit's log speedup for each line that a reviewer has to read: what ranks the edits that were kept."""
    return math.log(max(verdict.speedup, 1.0)) / max(verdict.lines, 1)


def _kept_edit(verdict: Verdict) -> str:
    size = f" in {words.count(verdict.lines, 'changed line')}" if verdict.lines else ""
    shown = f"{describe(verdict.speedup, verdict.interval)} {words.short(verdict.function)}"
    return f"{words.by_hand(verdict)}{shown}{size}, by {verdict.author}"


def _why_nothing(outcome: Outcome) -> list[str]:
    if not outcome.verdicts and not outcome.stopped:
        if outcome.hot:
            hot = words.count(outcome.hot, "hot function")
            return [f"No edit was proposed for the {hot}: the rules know none; a model may (--model)."]
        if outcome.scope:
            touched = (
                f"touches {words.count(outcome.skipped, 'function')}" if outcome.skipped else "touches no function"
            )
            return [f"Nothing is hot of what {outcome.scope} {touched}."]
        return [f"No function could reach the least speedup ({words.count(outcome.skipped, 'function')} looked at)."]
    others = [verdict for verdict in outcome.rejected if not verdict.put_aside]
    return [f"  {words.verdict(verdict)}" for verdict in others[:5]]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The documented keys of `llmopt optimize --json`."""
    return {
        "run": outcome.run,
        "base": outcome.base,
        "branch": outcome.branch,
        "speedup": round(outcome.speedup, 4),
        "interval": bounds(outcome.interval),
        "measured": outcome.measured,
        "objective": outcome.objective,
        "sandbox": outcome.sandbox,
        "workloads": [{"workload": spec, "speedup": round(speedup, 4)} for spec, speedup in outcome.workloads],
        "accepted": [
            {
                "commit": verdict.commit,
                "function": verdict.function,
                "speedup": round(verdict.speedup, 4),
                "interval": bounds(verdict.interval),
                "author": verdict.author,
                "by_hand": bool(words.by_hand(verdict)),
                "lines": verdict.lines,
                "level": evidence.level(verdict.evidence),
                "evidence": dict(verdict.evidence),
            }
            for verdict in outcome.accepted
        ],
        "rejected": [
            {
                "function": verdict.function,
                "stage": verdict.stage,
                "reason": verdict.reason,
                "author": verdict.author,
                "level": evidence.level(verdict.evidence),
                "as_in": verdict.evidence.get("known", ""),
            }
            for verdict in outcome.rejected
        ],
        "put_aside": [
            {
                "commit": verdict.commit,
                "function": verdict.function,
                "speedup": round(verdict.speedup, 4),
                "interval": bounds(verdict.interval),
                "reason": verdict.reason,
                "level": evidence.level(verdict.evidence),
            }
            for verdict in outcome.put_aside
        ],
        "whole": dict(outcome.whole),
        "left": [
            {"function": key, "share": round(share, 4), "headroom": round(headroom, 4)}
            for key, share, headroom in outcome.left
        ],
        "scope": outcome.scope,
        "not_worth": [{"function": key, "reason": reason} for key, reason in outcome.not_worth],
        "tokens": outcome.usage.tokens if outcome.usage.known else None,
        "cost_usd": round(outcome.usage.cost_usd, 6) if outcome.usage.known else None,
        "seconds": round(outcome.seconds, 3),
        "stopped": outcome.stopped,
        "interrupted": outcome.interrupted,
    }


def bounds(interval: tuple[float, float]) -> list[float | None]:
    """An interval for JSON, which has no infinity."""
    return [round(bound, 4) if math.isfinite(bound) and bound < 1e9 else None for bound in interval]
