"""A region and what is known of it in, the values of the prompt `optimize.md` within a token budget out.

Sources are shown verbatim, file by file, since search texts are copied from them. What matters most takes its room
first: the hot functions, the heads of their files, what they call, the workload, the tests that pin them.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace

from llmopt import judge, syntax
from llmopt.data import Caller, Function, Hotspot, LineCost, Observed, ReadFile, Region, Verdict
from llmopt.errors import EditError
from llmopt.profilers import loops
from llmopt.profilers.names import MODULE, is_inside
from llmopt.profilers.sampling import MUCH_COLLECTED
from llmopt.search import examples, nearest, patterns, uses
from llmopt.search.code import Code, Source, open_code
from llmopt.search.facts import Facts
from llmopt.search.regions import headroom

TOKENS = 8_000  # of a dossier without the system prompt
EXAMPLES = 600  # tokens of them for similar edits
CHARACTERS_PER_TOKEN = 3  # of code; 4 with some tokenizers, 2.7 with others
FRAME = 3_000  # characters of the template's own words
LEAST_ROOM = 600  # characters
LARGEST_SHARE = 0.25  # of the room, for a helper or a test
SHARE_OF_PARTS = 0.5  # for the parts of a function that does not fit as a whole, unless it is the focus
WORKLOAD_SHARE = 0.33  # for the workload: a new conversation after a gain, with less room, needs it as well
MEASURED_SHARE = 0.25  # of the characters, for what was measured and who else relies on it; sources have the rest

HOT_LINES, HOT_LINES_ELSEWHERE = 6, 3
LEAST_LINE_SHARE = 0.03
AROUND = 6  # lines around a hot line of a function that is too long to be shown whole
HELPERS, CALLERS, ATTEMPTS, KINDS, OUTSIDE = 16, 4, 6, 4, 5
PARTS, PARTS_ELSEWHERE, ARGUMENTS_ELSEWHERE = 6, 2, 5
LEAST_OUTSIDE = 0.01  # of the run, from which on a call into a library is told
TESTS, SHOWN_TESTS, LONGEST_TEST = 2, 2, 1_500
METHODS = 12  # names of a file's methods that are not shown
# Told also where the shown files do not import them: they are what slow code may be moved to, if the project has them.
FAST = {"numpy", "scipy", "pandas", "polars", "pyarrow", "numba", "cython", "bottleneck", "numexpr", "regex", "orjson"}
PLAIN = {"bool", "NoneType", "function", "method", "type", "generator", "builtin_method"}
LEAST_REPEATED = 0.05  # of the calls, below which repeated arguments are not worth a word
DETAILED = 0.005  # own share from which on lines and arguments of a function are told
WHOLE = 0.03  # own share of a function that is to be shown whole, also after a gain
PATTERNS = 4
WAY = 24  # callers on the way to the region
COSTLY = 0.1  # of the run, from which on what the region calls is shown before its lesser functions
MULTIPLIED = 20  # times as many calls as of the caller, from which on both are shown
LINE_OF_TEXT = 300  # characters of a plan or an outcome
LINE_OF_CODE = 110
HEAD_STATEMENT = 12  # lines of one constant; longer tables are cut
DOCSTRING = 5  # lines from which on its inside is left out


@dataclass(frozen=True)
class Listing:
    """A file with only some of its lines; "…" stands for the others. `others` names methods that are left out."""

    path: str
    text: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class HotLine:
    text: str
    hits: int
    share: float


@dataclass(frozen=True)
class Argument:
    name: str
    seen: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Measured:
    """What was measured of one function of the region."""

    function: Function
    inclusive_share: float
    own_share: float
    calls: int | None
    callers: tuple[tuple[str, int], ...]
    lines: tuple[HotLine, ...]
    arguments: tuple[Argument, ...]
    repeated: float | None  # share of the calls with arguments that came before; None where few are
    outside: tuple[tuple[str, float], ...]
    brief: bool = False  # only what its row of the table says


@dataclass(frozen=True)
class Contract:
    """Who else relies on a function."""

    function: Function
    callers: tuple[str, ...]
    more: int
    tests: tuple[str, ...]
    more_tests: int


@dataclass(frozen=True)
class Attempt:
    plan: str
    outcome: str


@dataclass
class Sheet:
    """The lines shown so far, by file, and the characters left."""

    code: Code
    room: int
    lines: dict[str, set[int]] = field(default_factory=dict)
    missing: list[Source] = field(default_factory=list)  # what did not fit when it was its turn
    others: dict[str, list[str]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()  # files that the request shows in another place

    def add(self, path: str, numbers: Iterable[int], most: int | None = None) -> bool:
        """Show these lines if they fit into the room, and into `most` characters."""
        if path in self.elsewhere:
            return True
        lines = self._text(path)
        shown = self.lines.get(path, set())
        new = [number for number in numbers if number not in shown and number <= len(lines)]
        size = sum(len(lines[number - 1]) + 1 for number in new) + (0 if shown else len(path) + 30)
        if size > min(self.room, self.room if most is None else most):
            return False
        self.lines.setdefault(path, set()).update(new)
        self.room -= size
        return True

    def listings(self) -> tuple[Listing, ...]:
        return tuple(
            Listing(path, joined(self._text(path), numbers), tuple(self.others.get(path, ())))
            for path, numbers in sorted(self.lines.items())
        )

    def _text(self, path: str) -> list[str]:
        """The lines of a file, also of one that this Python cannot parse."""
        file = self.code.file(path)
        return file.lines if file else self.code.read(path).split("\n")


def describe(
    region: Region,
    verdicts: Sequence[Verdict],
    read: ReadFile,
    facts: Facts,
    tokens: int = TOKENS,
    search: ReadFile | None = None,
    similar: int = EXAMPLES,
    before: str = "",
    made: Iterable[Function] = (),
    most: int = 0,
) -> dict[str, object]:
    """The values of `optimize.md`; EditError when the focus's file cannot be read. `similar` of the tokens may go to
    similar edits; `before` tells of an edit that these sources have already, and `made` are the functions that it
    wrote. Up to `most` tokens are taken where functions that cost much would not be shown whole.

    `search` reads what is only searched for names and not shown: the same files, where `read` costs more than that.
    """
    read(region.focus.function.path)
    code = open_code(read, facts.roots)
    found = uses.find([each.function for each in region.functions], facts.files, search or read, code)
    values = {**_small_values(region, verdicts, facts, code), "before": before}
    values["examples"] = examples.similar(diagnosis(region, code), facts, similar)
    written = [source for function in made if (source := code.find(function))]
    values, sheet = _laid_out(region, found, facts, values, written, tokens, code)
    costly = {each.function.key for each in region.functions if each.own_share >= WHOLE}
    if most > tokens and any(source.key in costly for source in _left_out(sheet)):
        values, sheet = _laid_out(region, found, facts, values, written, most, code)
    return {**values, "by_name": _by_name(region, sheet)}


def _laid_out(
    region: Region,
    found: uses.Uses,
    facts: Facts,
    values: Mapping[str, object],
    made: Sequence[Source],
    tokens: int,
    code: Code,
) -> tuple[dict[str, object], Sheet]:
    """The values with what has to fit into so many tokens, and the sheet that the sources are on."""
    characters = tokens * CHARACTERS_PER_TOKEN
    values = {**values, **_bounded_facts(region, found, code, int(MEASURED_SHARE * characters))}
    sheet = Sheet(code, max(characters - FRAME - _size(values), LEAST_ROOM))
    workloads = _workloads(facts, sheet, int(WORKLOAD_SHARE * sheet.room))
    sheet.elsewhere = frozenset(each.path.partition("::")[0] for each in workloads)
    _show(region, sheet, made)
    workloads = workloads or _workloads(facts, sheet, sheet.room)
    tests = _tests(region, found, facts, sheet)
    values |= {"files": sheet.listings(), "shown": {path: frozenset(each) for path, each in sheet.lines.items()}}
    return {**values, "workloads": workloads, "tests": tests, "missing": tuple(_missing(sheet))}, sheet


def size(spot: Hotspot, code: Code) -> int:
    """The characters of a function as it is shown; none where it only passes on what others cost."""
    source = _source(spot, code) if spot.own_share >= DETAILED else None
    file = code.file(source.path) if source else None
    return sum(len(file.lines[number - 1]) + 1 for number in body_lines(source, code)) if source and file else 0


def _by_name(region: Region, sheet: Sheet) -> frozenset[str]:
    """`Function.key` of those whose name says which one is meant: their source stands under the name of their file."""
    count = Counter(each.function.name for each in region.functions)
    return frozenset(
        each.function.key
        for each in region.functions
        if count[each.function.name] == 1 and each.function.line in sheet.lines.get(each.function.path, ())
    )


# --- which lines are shown -------------------------------------------------------------------------------------


def _show(region: Region, sheet: Sheet, made: Sequence[Source] = ()) -> None:
    """The focus and the constants that it uses, what the model made before, where calls become many on the way to it,
    what the region calls at a large share of the run, its other functions that cost something, what these call as far
    as it was measured, those that only pass on what others cost, the heads of their files, what else they call, then
    the methods beside them."""
    room, sources, called = sheet.room, {}, _callees(region, sheet.code)
    focus, *others = _by_importance(region)
    costly = [each for each in others if each.own_share >= DETAILED]

    def show(each: Hotspot) -> None:
        if source := _source(each, sheet.code):
            sources[source.key] = source
            _show_function(each, source, sheet, 1 if each == focus else SHARE_OF_PARTS)

    show(focus)
    _show_head(focus.function.path, list(sources.values()), sheet, every_import=True)
    _show_helpers(made, sheet)
    many = [source for function in _multiplied(region) if (source := sheet.code.find(function))]
    _show_helpers(many, sheet, 2 * LARGEST_SHARE)
    _show_helpers(_costly(called, region), sheet, 2 * LARGEST_SHARE)
    for each in costly:
        show(each)
    near = [source for source, share in called if share >= DETAILED and source.key not in region.keys]
    _show_helpers(near, sheet)
    for each in others[len(costly) :]:
        show(each)
    shown = list(sources.values())
    for path in dict.fromkeys(source.path for source in shown):
        _show_head(path, shown, sheet, 1)
    helpers = list(_helpers(called, sources, sheet.code))
    _show_helpers(helpers, sheet)
    for path in dict.fromkeys(source.path for source in helpers):
        _show_head(path, helpers, sheet)
    least = sheet.room - int(LARGEST_SHARE * room)
    for sibling in sorted(_siblings(shown, sheet.code), key=lambda each: len(each.text)):
        sheet.add(sibling.path, _whole(sibling, sheet.code), sheet.room - least)
    for path in dict.fromkeys(source.path for source in shown):
        sheet.others[path] = list(itertools.islice(_methods(path, shown, sheet), METHODS))


def _show_helpers(sources: Iterable[Source], sheet: Sheet, most: float = LARGEST_SHARE) -> None:
    for source in sources:
        if not sheet.add(source.path, _whole(source, sheet.code), int(sheet.room * most)):
            sheet.missing.append(source)


def _left_out(sheet: Sheet) -> dict[Source, bool]:
    """What is not shown, or (True) not all of it: some may have come in later, with what surrounds it."""
    found = {}
    for source in {each.key: each for each in sheet.missing}.values():
        lines, shown = set(body_lines(source, sheet.code)), sheet.lines.get(source.path, set())
        if not lines <= shown:
            found[source] = bool(lines & shown)
    return found


def _missing(sheet: Sheet) -> Iterator[str]:
    for source, in_parts in _left_out(sheet).items():
        yield f"parts of {source.key}" if in_parts else source.key


def _show_head(
    path: str, sources: Sequence[Source], sheet: Sheet, share: float = LARGEST_SHARE, *, every_import: bool = False
) -> None:
    for numbers in _head(path, sources, sheet.code, every_import):
        sheet.add(path, numbers, int(sheet.room * share))


def _by_importance(region: Region) -> list[Hotspot]:
    """The focus, then by own share, those that only pass on what others cost last."""
    return sorted(region.functions, key=lambda each: (each != region.focus, -each.own_share, -each.inclusive_share))


def _source(spot: Hotspot, code: Code) -> Source | None:
    try:
        return code.source(spot.function, spot.end_line)
    except EditError:
        return None


def _show_function(spot: Hotspot, source: Source, sheet: Sheet, share: float) -> None:
    """The whole function, or where that does not fit its beginning and what is around its hot lines, up to a share of
    the room."""
    if sheet.add(source.path, _whole(source, sheet.code)):
        return
    body = body_lines(source, sheet.code)
    least = sheet.room - int(sheet.room * share)
    costs = sorted(spot.lines, key=lambda cost: -cost.share)
    spans = [(source.start, source.start + AROUND), *((cost.line - AROUND, cost.line + AROUND) for cost in costs)]
    for start, end in spans:
        sheet.add(source.path, [number for number in body if start <= number <= end], sheet.room - least)
    sheet.missing.append(source)


def _whole(source: Source, code: Code) -> list[int]:
    """The lines of a function below the first ones of its class, without which nobody sees whose a method is."""
    file = code.file(source.path)
    around = file.by_name.get(source.name.rpartition(".")[0]) if file else None
    header = _class_header(around) if around and isinstance(around.node, ast.ClassDef) else ()
    return [*header, *body_lines(source, code)]


def body_lines(source: Source, code: Code) -> list[int]:
    """The lines of a function without the inside of long docstrings."""
    file = code.file(source.path)
    hidden: set[int] = set()
    for definition in file.by_name.values() if file else ():
        if source.start <= definition.start and definition.end <= source.end:
            hidden |= _docstring(definition.node)
    return [number for number in range(source.start, source.end + 1) if number not in hidden]


def _docstring(node: syntax.Node) -> set[int]:
    """The lines inside a long docstring, but for the first and the last."""
    first = node.body[0]
    if not (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    ):
        return set()
    end = first.end_lineno or first.lineno
    return set(range(first.lineno + 1, end)) if end - first.lineno >= DOCSTRING else set()


def _helpers(called: Sequence[tuple[Source, float]], shown: Mapping[str, Source], code: Code) -> Iterator[Source]:
    """What the hot functions call in the repository: measured ones by share, those they name, then one level deeper."""
    first = [*(source for source, _ in called), *(used for each in shown.values() for used in code.used_by(each))]
    deeper = [used for caller in first for used in code.used_by(caller)]
    seen = set(shown)
    for source in [*first, *deeper]:
        inside = any(source.within(each) for each in shown.values()) or _is_nested(source, code)
        if source.key not in seen and not inside and len(seen) < HELPERS + len(shown):
            seen.add(source.key)
            yield source


def _callees(region: Region, code: Code) -> list[tuple[Source, float]]:
    """What the region's functions call in the repository, as measured, the largest share of the run first."""
    found = [
        (source, share)
        for each in region.functions
        for function, share in each.callees
        if _is_inside(function) and (source := code.find(function))
    ]
    return sorted(found, key=lambda each: -each[1])


def _costly(called: Sequence[tuple[Source, float]], region: Region) -> list[Source]:
    """Of these what takes a large share of the run and belongs to another region: an edit may spare its calls."""
    return [source for source, share in called if share >= COSTLY and source.key not in region.keys]


def _multiplied(region: Region) -> Iterator[Function]:
    """On the way to the region: the functions called many times as often as what calls them, with that one before and
    the next one after them."""
    way = _way(region)
    for place, (above, below) in enumerate(itertools.pairwise(way)):
        if above.calls and below.calls and below.calls >= MULTIPLIED * above.calls:
            yield from (each.function for each in way[place : place + 3])


def _siblings(shown: Sequence[Source], code: Code) -> Iterator[Source]:
    """The methods of the classes whose methods are shown: what relies on what an edit changes in an object."""
    for path, owner in dict.fromkeys((source.path, source.name.rpartition(".")[0]) for source in shown):
        yield from code.methods(path, owner)


def _is_nested(source: Source, code: Code) -> bool:
    """Whether it is defined inside a function: alone it says little."""
    file, outer = code.file(source.path), source.name.rpartition(".")[0]
    around = file.by_name.get(outer) if file else None
    return bool(around and not isinstance(around.node, ast.ClassDef))


def _is_inside(function: Function) -> bool:
    return is_inside(function) and function.name != MODULE


def _workloads(facts: Facts, sheet: Sheet, most: int) -> tuple[Listing, ...]:
    """The workloads that fit into the room, and into `most` characters each."""
    found = []
    for spec, text in facts.workloads:
        if text and len(text) <= min(most, sheet.room):
            found.append(Listing(spec, text))
            sheet.room -= len(text)
    return tuple(found)


def _tests(region: Region, found: uses.Uses, facts: Facts, sheet: Sheet) -> tuple[Listing, ...]:
    """One or two tests that name a function of the region, the focus first."""
    executing = facts.touching([each.function.key for each in region.functions])
    tests: list[Source] = []
    for each in _by_importance(region):
        for test in uses.pinning(found.tests.get(each.function.key, ()), executing, SHOWN_TESTS, LONGEST_TEST):
            if test not in tests and len(tests) < SHOWN_TESTS and len(test.text) <= sheet.room:
                tests.append(test)
                sheet.room -= len(test.text)
    return tuple(Listing(test.key, test.text) for test in tests)


# --- the head of a file ----------------------------------------------------------------------------------------


def _head(path: str, shown: Sequence[Source], code: Code, every_import: bool) -> Iterator[Sequence[int]]:
    """The imports and the constants of a file that its shown functions use, and the class bodies around them."""
    file = code.file(path)
    own = [source for source in shown if source.path == path and source.name != "<module>"]
    if not file or not own:
        return
    used = {word for source in own for word in re.findall(r"[A-Za-z_]\w*", source.text)}
    for node in file.tree.body:
        if (every_import and _is_import(node)) or (_assigned(node) | _imported(node)) & used:
            yield _bounded(node)
    for name in {source.name.rpartition(".")[0] for source in own}:
        if (around := file.by_name.get(name)) and isinstance(around.node, ast.ClassDef):
            yield from _class_ranges(around)


def _is_import(node: ast.stmt) -> bool:
    """An import, or a block of imports (`try`, `if TYPE_CHECKING`)."""
    if isinstance(node, ast.If | ast.Try):
        return any(isinstance(each, ast.Import | ast.ImportFrom) for each in node.body)
    return isinstance(node, ast.Import | ast.ImportFrom)


def _imported(node: ast.stmt) -> set[str]:
    """The names that an import, or a block of imports, binds."""
    within = ast.walk(node) if _is_import(node) else ()
    names = [each for one in within if isinstance(one, ast.Import | ast.ImportFrom) for each in one.names]
    return {each.asname or each.name.partition(".")[0] for each in names}


def _assigned(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def _bounded(node: ast.stmt) -> range:
    end = node.end_lineno or node.lineno
    return range(node.lineno, (end if _is_import(node) else min(end, node.lineno + HEAD_STATEMENT - 1)) + 1)


def _class_header(around: syntax.Definition) -> range:
    return range(around.start, max(around.start, around.node.body[0].lineno - 1) + 1)


def _class_ranges(around: syntax.Definition) -> Iterator[Sequence[int]]:
    """The header of a class, its attributes and its `__init__`."""
    assert isinstance(around.node, ast.ClassDef)
    yield _class_header(around)
    for node in around.node.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            yield _bounded(node)
        elif isinstance(node, ast.FunctionDef) and node.name == "__init__":
            hidden = _docstring(node)
            last = min(node.end_lineno or node.lineno, node.lineno + 3 * HEAD_STATEMENT)
            yield [line for line in range(node.lineno, last + 1) if line not in hidden]


def _methods(path: str, shown: Sequence[Source], sheet: Sheet) -> Iterator[str]:
    """The names of the methods around the shown ones that are not shown themselves, as far as there is room."""
    file = sheet.code.file(path)
    owners = {source.name.rpartition(".")[0] for source in shown if source.path == path}
    for name, definition in file.by_name.items() if file else ():
        is_method = name.rpartition(".")[0] in owners - {""} and not isinstance(definition.node, ast.ClassDef)
        if is_method and definition.node.lineno not in sheet.lines.get(path, ()) and len(name) < sheet.room:
            sheet.room -= len(name) + 2
            yield name.rpartition(".")[2]


def joined(lines: Sequence[str], numbers: Iterable[int]) -> str:
    """Those lines in order, with a line "…" for each gap that holds more than blank lines."""
    wanted = sorted(numbers)
    out: list[str] = []
    for before, line in zip([0, *wanted], wanted, strict=False):
        gap = lines[before : line - 1]
        out += ["…"] if any(map(str.strip, gap)) else gap if before else []
        out.append(lines[line - 1])
    if wanted and any(map(str.strip, lines[wanted[-1] :])):
        out.append("…")
    return "".join(f"{line}\n" for line in out)


# --- the small values ------------------------------------------------------------------------------------------


def _small_values(region: Region, verdicts: Sequence[Verdict], facts: Facts, code: Code) -> dict[str, object]:
    files = [file for path in {each.function.path for each in region.functions} if (file := code.file(path))]
    packages = _packages(facts.packages, {name for file in files for name in file.imported})
    own = [each for each in verdicts if each.function in region.keys]
    return {
        "focus": region.focus.function,
        "share": region.share,
        "headroom": headroom(region),
        "way": _way(region),
        "attempts": tuple(_attempt(each) for each in own)[-ATTEMPTS:],
        "kept": tuple(_kept(each) for each in verdicts if each.accepted and each not in own)[-ATTEMPTS:],
        "patterns": patterns_of(region, code),
        "python": ".".join(map(str, facts.python)),
        "requires_python": facts.requires_python,
        "packages": packages,
        "other_packages": len(facts.packages) - len(packages),
        "seconds": facts.seconds,
        "collecting": facts.collecting if facts.collecting >= MUCH_COLLECTED else 0.0,
    }


def _bounded_facts(region: Region, found: uses.Uses, code: Code, most: int) -> dict[str, object]:
    """What was measured of each function, and who else relies on it, in detail for as many as fit into so many
    characters, the most important ones first: of a deep chain of calls it would leave no room for sources."""
    every = [_measured(each, region, code) for each in region.functions]
    relied_on = {each.function.key: each for each in _contracts(region, found)}
    measured = _in_detail(every, [each.function.key for each in _by_importance(region)], most, relied_on)
    detailed = {each.function.key for each in measured if not each.brief}
    return {"measured": measured, "contracts": tuple(each for key, each in relied_on.items() if key in detailed)}


def _in_detail(
    every: Sequence[Measured], ranked: Sequence[str], most: int, more: Mapping[str, Contract]
) -> tuple[Measured, ...]:
    """As many in detail as fit into so many characters, in the order of `ranked`, with what is told `more` of each."""
    measured: tuple[Measured, ...] = ()
    for count in range(len(ranked), 0, -1):
        detailed = frozenset(ranked[:count])
        measured = tuple(each if each.function.key in detailed else _in_brief(each) for each in every)
        if _size((measured, [told for key, told in more.items() if key in detailed])) <= most:
            break
    return measured


def _library(function: Function) -> str:
    """A function outside of the repository; a loop or a pool has the time of what was started there."""
    driven = ", for what is started in it" if loops.runner_of(function) else ""
    return f"{function.name} ({_shortened(function.path)}){driven}"


def _in_brief(measured: Measured) -> Measured:
    """Its row of the table alone."""
    return replace(measured, lines=(), arguments=(), repeated=None, outside=(), brief=True)


def _size(value: object) -> int:
    """About how many characters a value of the template takes, with what stands around it."""
    if isinstance(value, str):
        return len(value) + 4
    if is_dataclass(value):
        return sum(_size(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, Sequence) else len(str(value)) + 4


def _way(region: Region) -> tuple[Caller, ...]:
    """What is called on the way to the region, outermost first; of a long way the end."""
    above = [each for each in region.focus.chain if each.function.key not in region.keys]
    return tuple(reversed(above[:WAY]))


def patterns_of(region: Region, code: Code) -> tuple[str, ...]:
    """What fits the shapes of the region's functions, the most important ones first."""
    texts = [source.text for each in _by_importance(region) if (source := _source(each, code))]
    return tuple(dict.fromkeys(advice for text in texts for advice in patterns.matching(text)))[:PATTERNS]


def diagnosis(region: Region, code: Code) -> list[str]:
    """The words that tell what is slow: names of the functions that cost something, their hot lines, what they call
    outside of the repository, the types they are given, and the shapes seen in them."""
    texts = list(patterns_of(region, code))
    for each in (spot for spot in _by_importance(region) if spot.own_share >= DETAILED):
        source = _source(each, code)
        lines = hot_lines(each.lines, source, HOT_LINES) if source else ()
        texts += [each.function.name, *(nearest.doing(line.text) for line in lines)]
        texts += [function.name for function, _ in each.callees if _is_outside(function)]
        texts += [kind for one in each.arguments for kind in one.kinds[:KINDS]]
        if source and not lines and each == region.focus:
            texts.append(nearest.doing(source.text))
    return nearest.words(" ".join(texts))


def _measured(spot: Hotspot, region: Region, code: Code) -> Measured:
    source = _source(spot, code) if spot.own_share >= DETAILED else None
    most = HOT_LINES if spot == region.focus else HOT_LINES_ELSEWHERE
    repeats = spot.repeats
    repeated = 1 - repeats.distinct / repeats.calls if source and repeats.calls > 1 else 0.0
    outside = [(_library(each), part) for each, part in spot.callees if part >= LEAST_OUTSIDE and _is_outside(each)]
    return Measured(
        spot.function,
        spot.inclusive_share,
        spot.own_share,
        spot.calls,
        spot.callers[:CALLERS],
        hot_lines(spot.lines, source, most) if source else (),
        _arguments(spot, source, spot == region.focus) if source else (),
        repeated if repeated >= LEAST_REPEATED else None,
        tuple(outside[:OUTSIDE]),
    )


def _is_outside(function: Function) -> bool:
    return function.path.startswith(("/", "<"))


def hot_lines(costs: Sequence[LineCost], source: Source, most: int) -> tuple[HotLine, ...]:
    """The lines of the largest shares, in the order of the source."""
    inside = [cost for cost in costs if source.start <= cost.line <= source.end and cost.share >= LEAST_LINE_SHARE]
    largest = sorted(inside, key=lambda cost: -cost.share)[:most]
    lines = source.text.split("\n")
    return tuple(
        HotLine(lines[cost.line - source.start].strip()[:LINE_OF_CODE], cost.hits, cost.share)
        for cost in sorted(largest, key=lambda cost: cost.line)
    )


def _contracts(region: Region, found: uses.Uses) -> Iterator[Contract]:
    """Who names each function, apart from the region itself."""
    for each in region.functions:
        key = each.function.key
        callers = [one.key for one in found.callers.get(key, ()) if one.key not in region.keys]
        tests = [one.key for one in found.tests.get(key, ())]
        if callers or tests:
            yield Contract(
                each.function,
                tuple(callers[:CALLERS]),
                max(0, len(callers) - CALLERS),
                tuple(tests[:TESTS]),
                max(0, len(tests) - TESTS),
            )


def _shortened(path: str) -> str:
    """A library's path from its package on."""
    return re.split(r"/(?:site-packages|python3\.\d+)/", path)[-1]


def _arguments(hotspot: Hotspot, target: Source, is_focus: bool) -> tuple[Argument, ...]:
    """The arguments, then parts of them ("entries[].host"), those first that the hottest lines name; of other functions
    than the focus fewer."""
    parts = [one for one in hotspot.arguments if _is_part(one.name)]
    lines = dict(enumerate(target.text.split("\n"), target.start))
    named = {one.name: _share_naming(one.name, hotspot.lines, lines) for one in hotspot.arguments}
    useful = sorted(filter(_tells, parts), key=lambda one: -named[one.name])[: PARTS if is_focus else PARTS_ELSEWHERE]
    whole = [one for one in hotspot.arguments if not _is_part(one.name) and not _is_plain(one)]
    if not is_focus:
        hottest = sorted(whole, key=lambda one: -named[one.name])[:ARGUMENTS_ELSEWHERE]
        whole = [one for one in whole if one in hottest]
    return tuple(map(_argument, [*whole, *useful]))


def _is_part(name: str) -> bool:
    return "." in name or "[" in name


def _is_plain(one: Observed) -> bool:
    """Whether it tells nothing that the source does not."""
    return one.name in ("self", "cls") or set(one.kinds) <= PLAIN


def _tells(part: Observed) -> bool:
    """Whether it says more than the kind of its container does: "list[Entry]" tells what its elements are."""
    return (not _is_plain(part) and not part.name.endswith("[]")) or any("[" in kind for kind in part.kinds)


def _share_naming(path: str, costs: Sequence[LineCost], lines: Mapping[int, str]) -> float:
    """The share of the lines that name the last step of the path."""
    step = re.findall(r"\w+", path)[-1:]
    return sum(cost.share for cost in costs if step and re.search(rf"\b{step[0]}\b", lines.get(cost.line, "")))


def _argument(observed: Observed) -> Argument:
    seen = zip(observed.kinds, observed.counts, strict=False)
    return Argument(observed.name, tuple((kind[:LINE_OF_CODE], count) for kind, count in seen)[:KINDS])


def _attempt(verdict: Verdict) -> Attempt:
    end = "kept" if verdict.accepted else f"turned down at {verdict.stage}: {one_line(verdict.reason)}"
    hint = f"; the person who looks at each edit says: {one_line(verdict.hint)}" if verdict.hint else ""
    return Attempt(one_line(verdict.plan) or "(no plan was given)", end + _ratio(verdict) + hint)


def _kept(verdict: Verdict) -> str:
    less = f"; {one_line(verdict.evidence['pared'])}" if "pared" in verdict.evidence else ""
    return f"{verdict.function}: {one_line(verdict.plan)}{_ratio(verdict)}{less}"


def _ratio(verdict: Verdict) -> str:
    low, high = verdict.interval
    told = f", {low:.3f} to {high:.3f}" if judge.is_supported(verdict.interval) else ""
    return f" ({verdict.speedup:.3f} times as fast{told})" if high else ""


def one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_OF_TEXT else line[: LINE_OF_TEXT - 1] + "…"


def _packages(packages: Mapping[str, str], imported: set[str]) -> tuple[str, ...]:
    """ "name version" of each that matters here."""
    names = sorted(name for name in packages if name.replace("-", "_") in imported or name in FAST)
    return tuple(f"{name} {packages[name]}" for name in names)
