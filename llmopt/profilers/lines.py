"""The second pass: calls, lines and arguments of the hot functions only; a `Profile` in, one with details out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmopt.data import Detail, Function, LineCost, Observed, Profile, Repeats, Tree
from llmopt.profilers import kinds
from llmopt.profilers.names import Resolver
from llmopt.profilers.sampling import RunOne

MEASURED = ("import", "script")
CALLERS = 6


def detail(
    profile: Profile,
    functions: Sequence[Function],
    run_one: RunOne,
    tree: Tree,
    *,
    overlay: Path | None = None,
    lines: bool = True,
    counted: Sequence[Function] = (),
    seed: int = 0,
) -> Profile:
    """Run each workload once more with these functions observed; `overlay` is a folder with line_profiler, if any.

    Without `lines` only calls and arguments are observed, which costs much less where functions are called often; of
    the `counted` functions only who calls them how often.

    A function that no process loaded as Python source has no detail and is named in a notice.
    """
    options = {
        "functions": [*map(_chosen, functions), *({**_chosen(each), "only": "calls"} for each in counted)],
        "lines": lines,
        "seed": seed,
        "overlay": str(overlay) if overlay else None,
    }
    reports: list[Any] = []
    for index in range(len(profile.seconds)):
        reports += run_one(index, {"observe": options}).reports.get("observe", ())
    entries = [(function, _entries(reports, function)) for function in (*functions, *counted)]
    resolver = Resolver(tree)
    measured = dict.fromkeys(report["measured_by"] for report in reports if report["measured_by"])
    return replace(
        profile,
        details=tuple(_detail(function, found, resolver) for function, found in entries if found),
        measured_by=", ".join(measured),
        notices=(*profile.notices, *(_notice(each, reports) for each, found in entries[: len(functions)] if not found)),
    )


def _chosen(function: Function) -> dict[str, object]:
    return {"path": function.path, "name": function.name, "line": function.line}


def _entries(reports: Sequence[Any], function: Function, measured: bool = True) -> list[Any]:
    """What the processes say of the function (or why they could not measure it)."""
    wanted = (function.path, function.name, function.line)
    found = [entry for report in reports for entry in report["functions"]]
    return [
        entry
        for entry in found
        if (entry["path"], entry["name"], entry["line"]) == wanted and (entry["how"] in MEASURED) == measured
    ]


def _notice(function: Function, reports: Sequence[Any]) -> str:
    reasons = {str(entry["how"]) for entry in _entries(reports, function, measured=False)}
    return f"{function.key} could not be observed: {', '.join(sorted(reasons)) or 'never loaded from its file'}"


def _detail(function: Function, entries: Sequence[Any], resolver: Resolver) -> Detail:
    hits: Counter[int] = Counter()
    seconds: defaultdict[int, float] = defaultdict(float)
    arguments: dict[str, Counter[str]] = {}
    for entry in entries:
        for line, line_hits, line_seconds in entry["lines"]:
            hits[line] += line_hits
            seconds[line] += line_seconds
        for argument in entry["arguments"]:
            arguments.setdefault(argument["name"], Counter()).update(argument["kinds"])
    total = sum(seconds.values())
    return Detail(
        function=function.key,
        calls=sum(entry["calls"] for entry in entries),
        lines=tuple(LineCost(line, hits[line], seconds[line] / total if total else 0.0) for line in sorted(hits)),
        arguments=tuple(_observed(name, counts) for name, counts in arguments.items()),
        callers=_callers(entries, resolver),
        repeats=Repeats(sum(entry["compared"] for entry in entries), sum(entry["distinct"] for entry in entries)),
    )


def _callers(entries: Sequence[Any], resolver: Resolver) -> tuple[tuple[str, int], ...]:
    calls: Counter[str] = Counter()
    for entry in entries:
        for file, name, line, count in entry["callers"]:
            calls[resolver.function(file, name, line).key] += count
    return tuple(calls.most_common(CALLERS))


def _observed(name: str, counts: Mapping[str, int]) -> Observed:
    merged = kinds.merge(counts)
    return Observed(name, tuple(kind for kind, _ in merged), tuple(count for _, count in merged))
