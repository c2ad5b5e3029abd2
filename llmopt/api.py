"""A path and settings in; frozen results out: what `llmopt` does, for programs.

Every setting of the reference is a keyword of the functions that it matters to, under its own name and with the same
values as in `[tool.llmopt]`. Keywords win over `LLMOPT_*` variables, which win over the repository's configuration.
Nothing is printed; `on_event` is told what goes on. Failures are raised as `LlmoptError`, by the kinds in
`llmopt.errors`. One call works on a repository at a time: another one gets an error until it has ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any, TypedDict, Unpack

from llmopt import changes, revisions, scopes, session
from llmopt.changes import Edits, Patch
from llmopt.events import Listen, Telling
from llmopt.jobs import compare as comparing
from llmopt.jobs import look
from llmopt.jobs import optimize as optimizing
from llmopt.jobs import profile as profiling
from llmopt.jobs import verify as verifying
from llmopt.jobs.compare import Wanted
from llmopt.jobs.optimize import Asks, Optimized
from llmopt.person import Answer, Question
from llmopt.reports import comparison, profiled, summary, verification
from llmopt.reports.comparison import Compared
from llmopt.reports.profiled import Profiled
from llmopt.reports.verification import Verified

ALL = 1000  # hot functions
Names = str | Sequence[str]
Seconds = float | str  # also "90s", "1h30m"
Bytes = int | str  # also "8GB"


class Running(TypedDict, total=False):
    """Settings of whatever runs the target."""

    workloads: Names
    python: str | None
    roots: Names
    workload_timeout: Seconds
    max_time: Seconds
    objective: str
    sandbox: str
    allow_network: bool
    allow_read: Names
    allow_env: Names
    max_memory: Bytes | None
    max_processes: int
    max_cpu: Seconds | None
    max_disk: Bytes


class Looking(Running, total=False):
    """Settings of what looks for hot functions."""

    functions: Names
    exclude: Names
    allow_paths: Names
    min_speedup: float


class Judging(Looking, total=False):
    """Settings of what judges a change."""

    test: str | None
    test_timeout: Seconds
    allow_no_tests: bool
    require: str | None
    max_memory_growth: float
    max_pairs: int
    float_tolerance: float


class Searching(Judging, total=False):
    """Settings of what looks for faster code: all there are."""

    model: str
    model_small: str | None
    rules: bool
    effort: str
    attempts: int | None
    agent_allow: Names
    agent_seconds: Seconds
    hotspots: int
    budget_usd: float | None
    max_tokens: int | None
    max_output_tokens: int
    keep: str
    cache: bool
    record: str | None
    prompts: str | None
    prices: Mapping[str, Mapping[str, float]]


def profile(
    path: str | Path = ".",
    *,
    no_git: bool = False,
    staged: bool = False,
    changed_since: str = "",
    known: Profiled | None = None,
    on_event: Listen | None = None,
    **settings: Unpack[Looking],
) -> Profiled:
    """The hot functions of a repository under its workloads, largest self share first.

    Shares are fractions of the run, 0 to 1. `staged` or `changed_since` keep to the functions that the index, or the
    checkout since it left a revision, changes. `known` is an earlier profile, given back where code and workloads are
    still the same. Raises WorkloadError where a workload does not run.
    """
    given = {**settings, "hotspots": ALL}
    scope = scopes.asked(Path(path), staged, changed_since, os.environ, no_git=no_git)
    with session.start(Path(path), given, os.environ, no_git=no_git, temporary=True, scope=scope) as opened:
        return profiling.run(opened, Telling(on_event), known)


def dossier(
    path: str | Path = ".",
    function: str = "",
    *,
    known: Profiled | None = None,
    on_event: Listen | None = None,
    **settings: Unpack[Looking],
) -> str:
    """What a model is told of the hot region that a function ("path::Class.method", or a part of it; by default the
    hottest one) is in, as Markdown: sources, shares, lines, arguments, callers, tests. Secrets are masked.

    `known` is an earlier profile, used again where code and workloads are still the same. Raises UsageError for a
    function that is not hot.
    """
    return _looked(path, known, on_event, settings, lambda found, asking: look.dossier(found, asking, function))


def ask_tool(
    path: str | Path,
    tool: str,
    arguments: str,
    *,
    known: Profiled | None = None,
    on_event: Listen | None = None,
    **settings: Unpack[Looking],
) -> str:
    """What one of the tools that models have gives: "callers", "callees", "profile_lines", "search",
    "sources", "read".

    `arguments` is the JSON of an object. Raises LlmoptError for a call that gives nothing.
    """
    return _looked(path, known, on_event, settings, lambda found, asking: look.use(asking, tool, arguments))


def _looked(
    path: str | Path,
    known: Profiled | None,
    on_event: Listen | None,
    settings: Looking,
    give: Callable[[Profiled, Any], str],
) -> str:
    given = {**settings, "hotspots": ALL}
    with session.start(Path(path), given, os.environ, temporary=True) as opened:
        return give(*look.asking(opened, Telling(on_event), known))


def verify(
    path: str | Path = ".",
    change: str | Patch | Edits = "",
    *,
    base: str = "",
    timing: bool = True,
    on_event: Listen | None = None,
    **settings: Unpack[Judging],
) -> Verified:
    """Whether a change behaves the same and is faster, judged as `optimize` judges its own edits.

    `change` is what `llmopt verify` takes (a patch's path, a revision, A..B, "" for the uncommitted work), or the text
    of a `Patch` or of `Edits`; `base` is what it is on top of. Without `timing` only its behaviour is judged. Nothing
    is applied, whatever comes of it. Raises UsageError for what cannot be judged; a change that does not apply is not
    accepted at "apply".
    """
    what = changes.asked(change, base, Path(path))
    with session.start(Path(path), settings, os.environ) as opened:
        return verifying.run(opened, what, timing, Telling(on_event))


def compare(
    path: str | Path,
    base: str,
    head: str = "",
    *,
    resolution: float = 1.02,
    max_pairs: int | None = None,
    force: bool = False,
    on_event: Listen | None = None,
    **settings: Unpack[Running],
) -> Compared:
    """Whether `head` (by default the working tree) is faster or slower than `base`, or the same within `resolution`.

    Both are revisions, or folders; `head` also a patch's path. At most `max_pairs` (40) pairs of runs are made; equal
    code is not measured without `force`. Raises WorkloadError where no workload runs on both sides.
    """
    wanted = Wanted(resolution, max_pairs, force)
    comparing.refuse_odd(wanted)
    old, new = revisions.named(base, Path(path)), revisions.named(head, Path(path))
    folder, no_git = revisions.place(old, new, Path(path))
    with session.start(folder, settings, os.environ, no_git=no_git, temporary=True) as opened:
        return comparing.run(opened, old, new, wanted, Telling(on_event))


def optimize(
    path: str | Path = ".",
    *,
    no_git: bool = False,
    resume: str = "",
    staged: bool = False,
    changed_since: str = "",
    decide: Callable[[Question], Answer] | None = None,
    answer: Callable[[Path, Path], str | None] | None = None,
    on_event: Listen | None = None,
    **settings: Unpack[Searching],
) -> Optimized:
    """Make a repository faster, and keep what passed all checks as the setting `keep` says: on a branch by default.

    `resume` names an earlier run to go on with. `staged` keeps to what the index changes over HEAD, `changed_since` to
    what the checkout changes since it left a revision. `decide` has the last word on each verdict, and `answer` answers
    the requests of `manual:DIR` (request and reply file in, the reply's text out). Ctrl-C ends the search, and what was
    kept is in the result. A model that fails after something was kept does not lose it either: the error is then in
    `Optimized.error`, else it is raised.
    """
    scope = scopes.asked(Path(path), staged, changed_since, os.environ, no_git=no_git, resume=resume)
    with session.start(Path(path), settings, os.environ, no_git=no_git, resume=resume, scope=scope) as opened:
        return optimizing.run(opened, Telling(on_event), Asks(decide, answer))


@singledispatch
def as_json(result: object) -> dict[str, Any]:
    """A result as the JSON object that the command of its name prints with `--json`; its keys are in the reference."""
    raise TypeError(f"{type(result).__name__} is no result of llmopt")


@as_json.register
def _(result: Profiled) -> dict[str, Any]:
    return profiled.as_json(result)


@as_json.register
def _(result: Verified) -> dict[str, Any]:
    return verification.as_json(result)


@as_json.register
def _(result: Compared) -> dict[str, Any]:
    return comparison.as_json(result)


@as_json.register
def _(result: Optimized) -> dict[str, Any]:
    return summary.as_json(result.outcome)
