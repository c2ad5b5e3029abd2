"""A hotspot and what is known of it in, the values of the prompt `optimize.md` within a token budget out.

Sources are shown verbatim, since search texts are copied from them; hot lines stand in a table of their own. What
matters most takes its room first: the function, the head of its file, what it calls, who calls it, the workload.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from llmopt import syntax
from llmopt.data import Function, Hotspot, LineCost, Observed, ReadFile, Verdict
from llmopt.search import patterns
from llmopt.search.code import Code, Source, open_code
from llmopt.search.facts import Facts

TOKENS = 8_000
CHARACTERS_PER_TOKEN = 4  # of code and English, roughly, for every current tokenizer
LEAST_CUT = 400  # characters of room below which a part is left out rather than cut
LARGEST_SHARE = 0.3  # of the room, for any part but the function itself
FRAME = 1_500  # characters of the template's own words

HOT_LINES, HOT_LINES_ELSEWHERE = 15, 5
LEAST_LINE_SHARE = 0.01
HELPERS, CALLERS, NEAR_CALLERS, OTHERS, ATTEMPTS, KINDS, OUTSIDE, PARTS = 12, 6, 2, 6, 6, 6, 8, 12
PACKAGES = 40
LINE_OF_TEXT = 400  # characters of a plan or an outcome
HEAD_STATEMENT = 12  # lines of one constant; longer tables are cut


@dataclass(frozen=True)
class HotLine:
    text: str
    hits: int
    share: float


@dataclass(frozen=True)
class Listing:
    """A source shown verbatim. `cut` lines are left out at its end; all of them when `text` is empty."""

    path: str
    name: str
    text: str
    share: float | None = None
    lines: tuple[HotLine, ...] = ()
    cut: int = 0
    language: str = "python"


@dataclass(frozen=True)
class Argument:
    name: str
    seen: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Attempt:
    plan: str
    outcome: str


def describe(
    hotspot: Hotspot,
    hotspots: Sequence[Hotspot],
    verdicts: Sequence[Verdict],
    read: ReadFile,
    facts: Facts,
    tokens: int = TOKENS,
) -> dict[str, object]:
    """The values of `optimize.md`; EditError when the function's file cannot be read."""
    read(hotspot.function.path)
    code = open_code(read, facts.roots)
    hot = {each.function.key: each for each in hotspots}
    values = _small_values(hotspot, hotspots, verdicts, facts, code)
    sections = _sections(hotspot, hot, facts, code)
    room = max(tokens * CHARACTERS_PER_TOKEN - FRAME - len(repr(values)), LEAST_CUT)
    shown = _fit(sections, room)
    missing = tuple(_label(part) for _, part in shown if not part.text)
    by_section = {name: tuple(part for section, part in shown if section == name and part.text) for name in SECTIONS}
    target = next(part for section, part in shown if section == "target")
    return {**values, **by_section, "target": target, "missing": missing}


def _label(part: Listing) -> str:
    return part.name if part.name == part.path else f"{part.name} of {part.path}"


SECTIONS = ("heads", "helpers", "callers", "workloads")


def _sections(hotspot: Hotspot, hot: Mapping[str, Hotspot], facts: Facts, code: Code) -> list[tuple[str, Listing]]:
    """Every source worth showing with the section it belongs to, the most important first."""
    target = code.source(hotspot.function, hotspot.end_line)
    helpers = list(_helpers(hotspot, code))
    callers = _callers(hotspot, code)
    shown = [target, *(source for source, _ in helpers), *(source for source, _ in callers)]
    heads = [head for path in dict.fromkeys(source.path for source in shown) if (head := _head(path, shown, code))]
    workloads = [Listing(spec, spec, text) for spec, text in facts.workloads if text]
    helper_parts = [_listing(source, share, hot, HOT_LINES_ELSEWHERE) for source, share in helpers]
    caller_parts = [_listing(source, share, hot, HOT_LINES_ELSEWHERE) for source, share in callers]
    return [
        ("target", _listing(target, hotspot.inclusive_share, {**hot, hotspot.function.key: hotspot}, HOT_LINES)),
        *_as("heads", heads[:1]),
        *_as("helpers", helper_parts[: HELPERS // 2]),
        *_as("callers", caller_parts[:NEAR_CALLERS]),
        *_as("workloads", workloads),
        *_as("helpers", helper_parts[HELPERS // 2 :]),
        *_as("heads", heads[1:]),
        *_as("callers", caller_parts[NEAR_CALLERS:]),
    ]


def _as(section: str, parts: Sequence[Listing]) -> list[tuple[str, Listing]]:
    return [(section, part) for part in parts]


def _listing(source: Source, share: float | None, hot: Mapping[str, Hotspot], most: int) -> Listing:
    known = hot.get(source.key)
    lines = _hot_lines(known.lines, source, most) if known else ()
    return Listing(source.path, source.name, source.text, share, lines)


def _hot_lines(costs: Sequence[LineCost], source: Source, most: int) -> tuple[HotLine, ...]:
    """The lines of the largest shares, in the order of the source."""
    inside = [cost for cost in costs if source.start <= cost.line <= source.end and cost.share >= LEAST_LINE_SHARE]
    largest = sorted(inside, key=lambda cost: -cost.share)[:most]
    lines = source.text.split("\n")
    return tuple(
        HotLine(lines[cost.line - source.start], cost.hits, cost.share)
        for cost in sorted(largest, key=lambda cost: cost.line)
    )


# --- what is called, who calls ---------------------------------------------------------------------------------


def _helpers(hotspot: Hotspot, code: Code) -> Iterator[tuple[Source, float | None]]:
    """Functions of the repository below the hot one: measured ones by share, those it names, then one level deeper."""
    target = code.source(hotspot.function, hotspot.end_line)
    above = {function.key for function, _ in hotspot.chain}
    measured = [(function, share) for function, share in hotspot.callees if _is_inside(function)]
    first: list[tuple[Source, float | None]] = [
        (source, share)
        for function, share in sorted(measured, key=lambda each: -each[1])
        if (source := code.find(function))
    ]
    first += [(source, None) for source in code.used_by(target)]
    deeper = [(source, None) for caller, _ in first for source in code.used_by(caller)]
    seen = {target.key, *above}
    for source, share in [*first, *deeper]:
        if source.key not in seen and not source.within(target) and len(seen) < HELPERS + 1 + len(above):
            seen.add(source.key)
            yield source, share


def _callers(hotspot: Hotspot, code: Code) -> list[tuple[Source, float | None]]:
    """The repository's functions on the hottest chain, nearest first."""
    inside = [(function, share) for function, share in hotspot.chain if _is_inside(function)]
    found: list[tuple[Source, float | None]] = [
        (source, share) for function, share in inside if (source := code.find(function))
    ]
    unique = {source.key: (source, share) for source, share in reversed(found) if source.key != hotspot.function.key}
    return list(unique.values())[::-1][:CALLERS]


def _is_inside(function: Function) -> bool:
    return not function.path.startswith(("/", "<")) and function.name != "<module>"


# --- the head of a file ----------------------------------------------------------------------------------------


def _head(path: str, shown: Sequence[Source], code: Code) -> Listing | None:
    """The imports of a file, the constants that its shown functions use, and the class bodies around them."""
    file = code.file(path)
    own = [source for source in shown if source.path == path and source.name != "<module>"]
    if not file or not own:
        return None
    used = {word for source in own for word in re.findall(r"[A-Za-z_]\w*", source.text)}
    ranges = [_bounded(node) for node in file.tree.body if _is_import(node) or _assigned(node) & used]
    for name in {source.name.rpartition(".")[0] for source in own}:
        if (around := file.by_name.get(name)) and isinstance(around.node, ast.ClassDef):
            ranges += _class_ranges(around, own)
    text = _joined(file.lines, ranges)
    return Listing(path, "the head", text) if text else None


def _is_import(node: ast.stmt) -> bool:
    """An import, or a block of imports (`try`, `if TYPE_CHECKING`)."""
    if isinstance(node, ast.If | ast.Try):
        return any(isinstance(each, ast.Import | ast.ImportFrom) for each in node.body)
    return isinstance(node, ast.Import | ast.ImportFrom)


def _assigned(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def _bounded(node: ast.stmt) -> tuple[int, int]:
    end = node.end_lineno or node.lineno
    return node.lineno, end if _is_import(node) else min(end, node.lineno + HEAD_STATEMENT - 1)


def _class_ranges(around: syntax.Definition, shown: Sequence[Source]) -> Iterator[tuple[int, int]]:
    """The header of a class, its attributes, its `__init__`, and the headers of its other methods."""
    assert isinstance(around.node, ast.ClassDef)
    spans = [(source.start, source.end) for source in shown]
    yield around.start, max(around.start, around.node.body[0].lineno - 1)
    for node in around.node.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            yield _bounded(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(start <= node.lineno <= end for start, end in spans):
                continue
            end = (node.end_lineno or node.lineno) if node.name == "__init__" else node.body[0].lineno - 1
            yield node.lineno, max(node.lineno, min(end, node.lineno + 2 * HEAD_STATEMENT))


def _joined(lines: Sequence[str], ranges: Sequence[tuple[int, int]]) -> str:
    """Those lines in order, with a line "…" for each gap that holds more than blank lines."""
    wanted = sorted({line for start, end in ranges for line in range(start, end + 1)})
    out: list[str] = []
    for before, line in zip([0, *wanted], wanted, strict=False):
        gap = lines[before : line - 1]
        out += ["…"] if any(map(str.strip, gap)) and before else gap if before else []
        out.append(lines[line - 1])
    return "".join(f"{line}\n" for line in out)


# --- the small values ------------------------------------------------------------------------------------------


def _small_values(
    hotspot: Hotspot, hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict], facts: Facts, code: Code
) -> dict[str, object]:
    key = hotspot.function.key
    target = code.source(hotspot.function, hotspot.end_line)
    outside = [
        (f"{each.name} ({_shortened(each.path)})", share) for each, share in hotspot.callees if not _is_inside(each)
    ]
    packages = _packages(facts.packages, code.file(hotspot.function.path))
    return {
        "hotspot": replace(hotspot, chain=(), callees=(), lines=(), arguments=()),
        "arguments": _arguments(hotspot, target),
        "attempts": tuple(_attempt(each) for each in verdicts if each.function == key)[-ATTEMPTS:],
        "kept": tuple(_kept(each) for each in verdicts if each.accepted and each.function != key)[-ATTEMPTS:],
        "others": tuple(
            replace(each, chain=(), callees=(), lines=(), arguments=()) for each in hotspots if each.function.key != key
        )[:OTHERS],
        "outside": tuple(outside[:OUTSIDE]),
        "patterns": patterns.matching(target.text),
        "python": ".".join(map(str, facts.python)),
        "requires_python": facts.requires_python,
        "packages": tuple(packages[:PACKAGES]),
        "packages_cut": len(packages) > PACKAGES,
        "seconds": facts.seconds,
    }


def _shortened(path: str) -> str:
    """A library's path from its package on."""
    return re.split(r"/(?:site-packages|python3\.\d+)/", path)[-1]


def _arguments(hotspot: Hotspot, target: Source) -> tuple[Argument, ...]:
    """The arguments, then parts of them ("entries[].host"), those first that the hottest lines name."""
    parts = [one for one in hotspot.arguments if _is_part(one.name)]
    lines = dict(enumerate(target.text.split("\n"), target.start))
    named = {one.name: _share_naming(one.name, hotspot.lines, lines) for one in parts}
    useful = sorted(filter(_tells, parts), key=lambda one: -named[one.name])[:PARTS]
    whole = [one for one in hotspot.arguments if not _is_part(one.name)]
    return tuple(map(_argument, [*whole, *useful]))


def _is_part(name: str) -> bool:
    return "." in name or "[" in name


def _tells(part: Observed) -> bool:
    """Whether it says more than the kind of its container does: "list[Entry]" tells what its elements are."""
    return not part.name.endswith("[]") or any("[" in kind for kind in part.kinds)


def _share_naming(path: str, costs: Sequence[LineCost], lines: Mapping[int, str]) -> float:
    """The share of the lines that name the last step of the path."""
    step = re.findall(r"\w+", path)[-1:]
    return sum(cost.share for cost in costs if step and re.search(rf"\b{step[0]}\b", lines.get(cost.line, "")))


def _argument(observed: Observed) -> Argument:
    seen = zip(observed.kinds, observed.counts, strict=False)
    return Argument(observed.name, tuple((kind[:LINE_OF_TEXT], count) for kind, count in seen)[:KINDS])


def _attempt(verdict: Verdict) -> Attempt:
    end = "kept" if verdict.accepted else f"turned down at {verdict.stage}: {_one_line(verdict.reason)}"
    return Attempt(_one_line(verdict.plan) or "(no plan was given)", end + _ratio(verdict))


def _kept(verdict: Verdict) -> str:
    return f"{verdict.function}: {_one_line(verdict.plan)}{_ratio(verdict)}"


def _ratio(verdict: Verdict) -> str:
    low, high = verdict.interval
    return f" ({verdict.speedup:.3f} times as fast, {low:.3f} to {high:.3f})" if high else ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_OF_TEXT else line[: LINE_OF_TEXT - 1] + "…"


def _packages(packages: Mapping[str, str], file: object) -> list[str]:
    """ "name version" of each, what the file imports first."""
    imported = getattr(file, "imported", frozenset[str]())
    names = sorted(packages, key=lambda name: (name.replace("-", "_") not in imported, name))
    return [f"{name} {packages[name]}" for name in names]


# --- the budget ------------------------------------------------------------------------------------------------


def _fit(sections: Sequence[tuple[str, Listing]], room: int) -> list[tuple[str, Listing]]:
    """The same parts, cut so that together they stay within `room` characters; the earlier ones are cut less."""
    out = []
    largest = int(room * LARGEST_SHARE)
    for section, part in sections:
        allowed = room if section == "target" else min(room, largest)
        fitted = _cut(part, allowed, section == "target")
        room = max(0, room - _size(fitted))
        out.append((section, fitted))
    return out


def _size(part: Listing) -> int:
    return len(part.text) + len(part.path) + len(part.name) + 60 + sum(len(line.text) + 30 for line in part.lines)


def _cut(part: Listing, allowed: int, always: bool) -> Listing:
    over = _size(part) - allowed
    if over <= 0:
        return part
    lines = part.text.splitlines(keepends=True)
    keep, size = 0, 0
    while keep < len(lines) and size + len(lines[keep]) <= len(part.text) - over:
        size += len(lines[keep])
        keep += 1
    if size < LEAST_CUT and not always:
        keep = 0
    return replace(part, text="".join(lines[:keep]), cut=len(lines) - keep, lines=part.lines if keep or always else ())
