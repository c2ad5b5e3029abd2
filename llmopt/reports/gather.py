"""A run's journal in; all that a report shows of it out, as plain data whose JSON has a published schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from llmopt import evidence, git, journal, judge, syntax
from llmopt.data import DECLINED, Base, Outcome, Pair, Profile, Usage, Verdict
from llmopt.errors import ProjectError, WorkloadError
from llmopt.journal import read_as
from llmopt.judge import cost
from llmopt.keep import Kept
from llmopt.reports import flame, summary, words
from llmopt.reports.flame import Frame

SCHEMA = "llmopt-report/1"
SILENT = ("syntax", "files")  # evidence that says nothing to a reader
HEATED = 6  # functions whose lines are shown
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Ratios:
    """Paired samples of one workload: base over candidate of each pair, in the order in which they were taken."""

    workload: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Tried:
    """One edit: what it was, how it ended, and why. `base` is the commit it was tried on, `diff` is against that; ""
    where it did not apply or git has dropped it. `ratios` are those that decided. Tokens and cost are None where an
    agent proposed, which does not tell."""

    number: int
    function: str
    author: str
    plan: str
    accepted: bool
    put_aside: bool
    stage: str
    reason: str
    speedup: float
    interval: Interval
    level: str
    evidence: Mapping[str, str]
    tokens: int | None
    cost_usd: float | None
    seconds: float
    base: str
    commit: str
    diff: str = ""
    ratios: tuple[Ratios, ...] = ()

    @property
    def is_edit(self) -> bool:
        """As that of `Verdict`."""
        return self.reason != DECLINED

    @property
    def cost(self) -> str:
        return cost_in_words(self.tokens, self.cost_usd)

    @property
    def proofs(self) -> dict[str, str]:
        """The evidence that says something to a reader."""
        return {stage: text for stage, text in self.evidence.items() if stage not in SILENT and text}


@dataclass(frozen=True)
class Line:
    """A line of a function: hits and share of the function's own time, None where nothing was counted."""

    number: int
    text: str
    hits: int | None = None
    share: float | None = None


@dataclass(frozen=True)
class Heat:
    """A function's lines in one version; `calls` in one run of the workloads, `share` of the run in its own frames."""

    function: str
    calls: int
    share: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Version:
    """One version of the code under the sampler: its flame graph, in seconds of one repetition of all workloads, and
    its hot functions line by line."""

    commit: str
    seconds: float
    flame: Frame
    heat: tuple[Heat, ...]
    measured_by: str


@dataclass(frozen=True)
class Report:
    """A run. `interval` is the 95 % interval of the end-to-end `speedup`; None for a bound that is not known. `scope`
    is the change that the run kept to, "" for all of the code; `touched` are the functions (PATH::NAME) that the change
    touches, `not_worth` those of them that are not hot, and why."""

    schema: str
    run: str
    llmopt: str
    started: str
    repository: str
    base: str
    ended: bool
    stopped: str
    speedup: float
    interval: Interval
    measured: str
    objective: str
    workloads: tuple[Ratios, ...]
    tests: int
    noise: float
    sandbox: str
    environment: Mapping[str, str]
    settings: Mapping[str, Any]
    edits: tuple[Tried, ...]
    whole: Mapping[str, str]
    left: tuple[tuple[str, float, float], ...]
    tokens: int | None
    cost_usd: float | None
    requests: int
    seconds: float
    branch: str
    where: str
    undo: str
    diff: str
    scope: str = ""
    touched: tuple[str, ...] = ()
    not_worth: tuple[tuple[str, str], ...] = ()
    before: Version | None = None
    after: Version | None = None

    @property
    def tried(self) -> int:
        """How many edits were, without the answers that held none."""
        return sum(each.is_edit for each in self.edits)

    @property
    def kept(self) -> tuple[Tried, ...]:
        return tuple(each for each in self.edits if each.accepted)

    @property
    def headline(self) -> str:
        """The end-to-end number with its interval, in words."""
        if not self.kept:
            return "nothing kept"
        return words.described(self.speedup, self.interval)

    @property
    def reach(self) -> str:
        """What of the code a run that kept to a change has looked at, in words; "" where that is not known."""
        if self.touched:
            return f": {words.count(len(self.touched), 'function')} and what is called from there"
        return ": it touches no function" if self.scope and self.ended else ""

    @property
    def cost(self) -> str:
        return cost_in_words(self.tokens, self.cost_usd)

    @property
    def measure_again(self) -> str:
        """The command that does, "" where nothing was kept or measured."""
        if not (self.kept and self.workloads):
            return ""
        named = " ".join(f"--workload {words.quoted(each.workload)}" for each in self.workloads)
        return f"llmopt compare {self.base[:12]} {self.kept[-1].commit[:12]} {named}"


def cost_in_words(tokens: int | None, usd: float | None) -> str:
    return words.tokens(Usage(input_tokens=tokens or 0, cost_usd=usd or 0.0, known=tokens is not None))


def _told(usage: Usage) -> dict[str, Any]:
    """Tokens and dollars as the schema has them."""
    known = {"tokens": usage.tokens, "cost_usd": round(usage.cost_usd, 6)}
    return known if usage.known else dict.fromkeys(known)


@dataclass(frozen=True)
class Records:
    """A journal's records, in their order; reading them all is most of the time that a report takes."""

    path: Path
    lines: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, folder: Path) -> Records:
        path = folder / "journal.jsonl"
        return cls(path, tuple(journal.records(path)))

    def last(self, kind: str) -> Any:
        return next((line["value"] for line in reversed(self.lines) if line["kind"] == kind), None)

    def all(self, kind: str) -> Iterator[Any]:
        return (line["value"] for line in self.lines if line["kind"] == kind)


def report(folder: Path) -> Report:
    """All that the journal in a run's folder says; ProjectError for a run that stopped before it had begun."""
    records = Records.of(folder)
    start = records.last("start")
    if start is None:
        raise ProjectError(f"run {folder.name} stopped before it began", "there is nothing to report")
    outcome = _outcome(folder.name, start, records)
    base = records.last("base") or records.last("gate")
    known = read_as(Base, base, records.path) if base else None
    kept = records.last("kept")
    place = read_as(Kept, kept, records.path) if kept else Kept("", "", "")
    root = Path(start["root"])
    specs = [spec for spec, _ in outcome.workloads] or list(start["settings"].get("workloads") or ["workload"])
    patch = folder / "kept.patch"
    found = Report(
        schema=SCHEMA,
        run=folder.name,
        llmopt=start["llmopt"],
        started=datetime.fromtimestamp(records.lines[0]["at"], UTC).isoformat(timespec="seconds"),
        repository=Path(start["origin"]).name,
        base=start["base"],
        ended=records.last("outcome") is not None,
        stopped=outcome.stopped,
        speedup=round(outcome.speedup, 4),
        interval=bounds(outcome.interval),
        measured=outcome.measured,
        objective=outcome.objective,
        workloads=_ratios(specs, _rounds(records, outcome), outcome.objective),
        tests=sum(result == "passed" for result in known.gate.values()) if known else 0,
        noise=known.noise if known else 0.0,
        sandbox=outcome.sandbox or str(records.last("sandbox") or ""),
        environment=_environment(start),
        settings={name: value for name, value in start["settings"].items() if value not in (None, [], {})},
        edits=tuple(_edits(root, specs, outcome, records)),
        whole=outcome.whole,
        left=outcome.left,
        **_told(outcome.usage),
        requests=sum(1 for _ in records.all("reply")),
        seconds=round(outcome.seconds, 3),
        branch=place.branch,
        where=place.where,
        undo=place.undo,
        diff=patch.read_text(encoding="utf-8", errors="replace") if patch.exists() else "",
        scope=str((start.get("scope") or {}).get("name", "")),
        touched=tuple(records.last("touched") or ()),
        not_worth=outcome.not_worth,
    )
    versions = {name: _version(root, profile) for name, profile in _profiles(records, outcome).items()}
    return replace(found, before=versions.get("before"), after=versions.get("after"))


def _outcome(name: str, start: Mapping[str, Any], records: Records) -> Outcome:
    """How the run ended; what is known of it where it was cut off, or goes on."""
    if ended := records.last("outcome"):
        return read_as(Outcome, ended, records.path)
    verdicts = tuple(read_as(Verdict, value, records.path) for value in records.all("verdict"))
    found = Outcome(name, start["base"], verdicts=verdicts, stopped="the run has not ended")
    speedup, interval = judge.product(found.accepted)
    return replace(found, speedup=speedup, interval=interval, measured="per edit")


def bounds(interval: tuple[float, float]) -> Interval:
    low, high = summary.bounds(interval)
    return low, high


def _environment(start: Mapping[str, Any]) -> dict[str, str]:
    """What measured; an older journal does not say."""
    return {"machine": str(start["machine"])} if "machine" in start else {}


# --- samples ---------------------------------------------------------------------------------------------------


def _rounds(records: Records, outcome: Outcome) -> list[list[Pair]]:
    """The pairs of the closing measurement."""
    found = records.last("end-to-end")
    return read_as(list[list[Pair]], found, records.path) if found and outcome.accepted else []


def _ratios(specs: Sequence[str], rounds: Sequence[Sequence[Pair]], objective: str) -> tuple[Ratios, ...]:
    """Base over candidate by workload."""
    values: dict[int, list[float]] = {}
    for pairs in rounds:
        for pair in pairs:
            with suppress(WorkloadError):  # an objective that was not measured in every run
                ratio = cost(pair.base, objective) / cost(pair.candidate, objective)
                values.setdefault(pair.workload, []).append(round(ratio, 5))
    named = {index: specs[index] if index < len(specs) else f"workload {index + 1}" for index in values}
    return tuple(Ratios(named[index], tuple(found)) for index, found in sorted(values.items()))


# --- edits -----------------------------------------------------------------------------------------------------


def _edits(root: Path, specs: Sequence[str], outcome: Outcome, records: Records) -> Iterator[Tried]:
    for number, verdict in enumerate(outcome.verdicts, 1):
        rounds = _deciding(records, verdict)
        yield Tried(
            number=number,
            function=verdict.function,
            author=verdict.author,
            plan=verdict.plan,
            accepted=verdict.accepted,
            put_aside=verdict.put_aside,
            stage=verdict.stage,
            reason=verdict.reason,
            speedup=round(verdict.speedup, 4),
            interval=bounds(verdict.interval),
            level=evidence.level(verdict.evidence),
            evidence=verdict.evidence,
            **_told(verdict.usage),
            seconds=round(verdict.seconds, 3),
            base=verdict.base,
            commit=verdict.commit,
            diff=_diff(root, verdict.base, verdict.commit),
            ratios=_ratios(specs, rounds, outcome.objective),
        )


def _deciding(records: Records, verdict: Verdict) -> list[list[Pair]]:
    """The rounds of the last stage that timed a candidate."""
    taken = [value for value in records.all("pairs") if verdict.commit and value["commit"] == verdict.commit]
    last = [value for value in taken if value["stage"] == taken[-1]["stage"]]
    return [read_as(list[Pair], value["pairs"], records.path) for value in last]


def _diff(root: Path, base: str, commit: str) -> str:
    if not (base and commit and git.exists(root, base) and git.exists(root, commit)):
        return ""
    return git.diff(root, base, commit).decode("utf-8", "replace")


# --- profiles --------------------------------------------------------------------------------------------------


def profiles(folder: Path) -> dict[str, Profile]:
    """The profiles "before" (of the base) and "after" (of the last kept edit), as far as they were taken. Their seconds
    are what the judge measured: one repetition of each workload."""
    records = Records.of(folder)
    start = records.last("start")
    return _profiles(records, _outcome(folder.name, start, records)) if start else {}


def _profiles(records: Records, outcome: Outcome) -> dict[str, Profile]:
    taken = {value["commit"]: value for value in records.all("profile")}
    base = records.last("base")
    seconds = read_as(Base, base, records.path).seconds if base else ()
    found: dict[str, Profile] = {}
    if outcome.base in taken and seconds:
        found["before"] = replace(read_as(Profile, taken[outcome.base], records.path), seconds=seconds)
    last = outcome.accepted[-1].commit if outcome.accepted else ""
    if last in taken and seconds:
        gains = [gain for _, gain in outcome.workloads]
        each = gains if len(gains) == len(seconds) else [outcome.speedup] * len(seconds)
        shorter = tuple(second / gain for second, gain in zip(seconds, each, strict=True))
        found["after"] = replace(read_as(Profile, taken[last], records.path), seconds=shorter)
    return found


def _version(root: Path, profile: Profile) -> Version:
    tree = flame.tree(profile)
    heat = tuple(_heat(root, profile))[:HEATED]
    return Version(profile.commit, round(sum(profile.seconds), 6), tree, heat, profile.measured_by)


def _heat(root: Path, profile: Profile) -> Iterator[Heat]:
    """The observed functions whose lines were counted, by share of the run."""
    own = flame.own_shares(profile)
    for detail in sorted(profile.details, key=lambda each: -own.get(each.function, 0.0)):
        path, _, name = detail.function.partition("::")
        text = _source(root, profile.commit, path)
        if not detail.lines or not text:
            continue
        first, last = _extent(text, name) or (detail.lines[0].line, detail.lines[-1].line)
        counted = {line.line: line for line in detail.lines}
        shown = text.splitlines()[first - 1 : last]
        lines = [
            Line(number, each, counted[number].hits, counted[number].share) if number in counted else Line(number, each)
            for number, each in enumerate(shown, first)
        ]
        yield Heat(detail.function, detail.calls, round(own.get(detail.function, 0.0), 4), tuple(lines))


def _source(root: Path, commit: str, path: str) -> str:
    if not git.exists(root, commit):
        return ""
    try:
        return git.run_bytes(root, "show", f"{commit}:{path}").decode("utf-8", "replace")
    except ProjectError:  # made at run time
        return ""


def _extent(text: str, name: str) -> tuple[int, int] | None:
    try:
        tree = syntax.parse(text)
    except SyntaxError:
        return None
    found = [each for each in syntax.definitions(tree) if each.name == name]
    return (found[0].start, found[0].end) if found else None


def schema() -> dict[str, Any]:
    """The JSON schema of a report."""
    found = TypeAdapter(Report).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **found}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))
