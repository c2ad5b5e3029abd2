"""An edit's changed lines in; how many of them replayed calls, tests and the workload executed on the candidate, out.

The checks that run the candidate anyway record its lines: `Executed` gives them the probe's task and takes the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from llmopt import encoding
from llmopt.data import Base, Candidate, Check, Finding, Limits, Tree
from llmopt.errors import EditError
from llmopt.target import PROBE, Probed, Target, Tasks
from llmopt.target import run as run_command

Line = tuple[str, str, int]  # path, "functions" or "module", number
LIMITS = Limits(seconds=60.0)
UNREADABLE = "not known: what was changed is not all Python that this interpreter compiles"
UNWATCHED = "no changed line has code that can be watched"
# An edit of these may be executed without any line of Python.
NATIVE = (".pyx", ".pxd", ".pxi", ".c", ".cc", ".cpp", ".h", ".hpp", ".rs", ".f90", ".so")


@dataclass
class Record:
    """What is known of one candidate. `wanted` is None where the changed lines are not known."""

    wanted: frozenset[Line] | None
    seen: set[Line] = field(default_factory=set)
    by: dict[str, int] = field(default_factory=dict)  # how many each executed that none had before

    @property
    def is_complete(self) -> bool:
        return self.wanted is None or self.wanted <= self.seen


class Executed:
    """The changed lines that were executed, by the candidate's commit: the one thing that several checks fill."""

    def __init__(self, target: Target, tree_of: Callable[[str], Tree]) -> None:
        self.target = target
        self.tree_of = tree_of
        self.records: dict[str, Record] = {}

    def record(self, candidate: Candidate, base: Base) -> Record:
        if candidate.commit not in self.records:
            before, after = self.tree_of(base.commit), self.tree_of(candidate.commit)
            self.records = {candidate.commit: Record(changed_lines(self.target, before, after, candidate.changed))}
        return self.records[candidate.commit]

    def missing(self, candidate: Candidate, base: Base) -> dict[str, dict[str, list[int]]]:
        """Lines that nothing is known to have executed, by path and kind."""
        known = self.record(candidate, base)
        lines: dict[str, dict[str, list[int]]] = {}
        for path, kind, line in sorted((known.wanted or frozenset()) - known.seen):
            lines.setdefault(path, {}).setdefault(kind, []).append(line)
        return lines

    def tasks(self, candidate: Candidate, base: Base) -> Tasks:
        """The probe's task for a run of the candidate; none when there is nothing left to see."""
        lines = self.missing(candidate, base)
        return {"touched": {"lines": lines}} if lines else {}

    def note(self, candidate: Candidate, base: Base, probed: Probed, by: str) -> None:
        """What a run with these tasks reported; `by` says in the evidence what ran."""
        for report in probed.reports.get("touched", ()):
            self.add(candidate, base, report, by)

    def add(self, candidate: Candidate, base: Base, report: Any, by: str) -> None:
        """What one process reported."""
        known = self.record(candidate, base)
        new = set(_reported(report)) & (known.wanted or frozenset()) - known.seen
        known.seen |= new
        if new:
            known.by[by] = known.by.get(by, 0) + len(new)


def _reported(report: Any) -> Iterator[Line]:
    """The lines of a report. It comes from the candidate's processes: what is malformed is left out."""
    for entry in report if isinstance(report, list) else ():
        match entry:
            case [str(path), str(kind), [*lines]]:
                yield from ((path, kind, line) for line in lines if isinstance(line, int))


def check(executed: Executed, *, allow_unexecuted: bool = False) -> Check:
    """An edit of which no line was executed is turned down; lines that run on import do not speak for functions."""

    def coverage(candidate: Candidate, base: Base) -> Finding:
        known = executed.record(candidate, base)
        if known.wanted is None:
            return Finding(True, "", {"coverage": UNREADABLE})
        if not known.wanted:
            return Finding(True, "", {"coverage": UNWATCHED})
        text = _text(known)
        if allow_unexecuted or _decisive(known.wanted) & known.seen:
            return Finding(True, "", {"coverage": text})
        return Finding(
            False, f"neither calls, tests nor the workload execute what was changed: {text}", {"coverage": text}
        )

    return coverage


def _decisive(wanted: frozenset[Line]) -> set[Line]:
    return {line for line in wanted if line[1] == "functions"} or set(wanted)


def _text(known: Record) -> str:
    """Who executed them: each is named for the lines that none of those before it had executed."""
    assert known.wanted is not None
    text = f"{len(known.seen)} of {len(known.wanted)} changed line{'s' * (len(known.wanted) != 1)} executed"
    if len(known.by) < 2:
        return f"{text}, by {', '.join(known.by)}" if known.by else text
    (first, count), *others = known.by.items()
    return ", ".join([f"{text}: {count} by {first}", *(f"{more} more by {who}" for who, more in others)])


# --- changed lines ---------------------------------------------------------------------------------------------


def changed_lines(target: Target, before: Tree, after: Tree, paths: Sequence[str]) -> frozenset[Line] | None:
    """The candidate's lines that the base does not have and that have code, as the target's interpreter compiles them.

    None when native code was changed, no Python at all, or what this interpreter does not compile.
    """
    own = [path for path in paths if path.endswith(".py")]
    if not own or any(path.endswith(NATIVE) for path in paths):
        return None
    try:
        lines = {path: changed_in(_text_of(before, path), _text_of(after, path)) for path in own}
    except EditError:
        return None
    here = {path: each for path, each in lines.items() if each and (after.path / path).is_file()}
    if not here:
        return frozenset()
    script = str(PROBE / "llmopt_executable.py")
    argv = (target.project.interpreter.path, script)
    probed = run_command(target, after, argv, LIMITS, tasks={"executable": {"lines": here}})
    reports = probed.reports.get("executable", ())
    return _wanted(reports[0]) if len(reports) == 1 and set(reports[0]) == set(here) else None


def _wanted(report: Mapping[str, Mapping[str, Sequence[int]]]) -> frozenset[Line]:
    return frozenset((path, kind, line) for path, kinds in report.items() for kind in kinds for line in kinds[kind])


def _text_of(tree: Tree, path: str) -> str:
    return encoding.reader(tree)(path) if (tree.path / path).is_file() else ""


def changed_in(before: str, after: str) -> list[int]:
    """Numbers of the lines of `after` that differ from `before`; where lines are gone, of the one beside."""
    old, new = before.split("\n"), after.split("\n")
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    matcher = SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False)
    found: set[int] = set()
    for what, gone, gone_last, first, last in matcher.get_opcodes():
        if what == "delete":
            found |= _beside(old[start + gone : start + gone_last], new, start + first)
        elif what != "equal":
            found |= set(range(start + first + 1, start + last + 1))
    return sorted(found)


def _same(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _beside(gone: Sequence[str], lines: Sequence[str], at: int) -> set[int]:
    """The number of the line next to where some are gone: the following one in the same block, else the one before.

    None where no code is gone, or a whole definition.
    """
    code = next((line for line in gone if _is_code(line)), "")
    if not code or code.split()[0].startswith(("def", "async", "class", "@")):
        return set()
    after = [number for number in range(at, len(lines)) if _is_code(lines[number])][:1]
    before = [number for number in range(at) if _is_code(lines[number])][-1:]
    in_block = [number for number in after if _indent(lines[number]) >= _indent(code)]
    return {number + 1 for number in (in_block or before or after)}


def _is_code(line: str) -> bool:
    return line.strip()[:1] not in ("", "#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
