"""The proposer without a model: rules that rewrite one function, from its text and the arguments seen in it.

Each rule is a file with one function: it takes a `Scene` and yields `Edit`s; `edits.apply` makes them. A rule's
docstring says what it leaves alone. Rows of the pattern tables that are no rule at all, and why: an insert loop to a
dict comprehension, a local alias of `append`, `for k in d.keys()`, `d.get(k, 0) + 1` for an `if`, a generator for the
list given to `sum`, `min`, `max`, `frozenset` or `join` (no faster, or slower, on CPython 3.11 and 3.13); `deepcopy`,
`iterrows`, `np.append` (need a reader who knows the data).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from llmopt.data import Hotspot, Observed, Proposal, ReadFile, Verdict
from llmopt.errors import EditError
from llmopt.models.rules.any_all import any_all
from llmopt.models.rules.compile_regex import compile_regex
from llmopt.models.rules.constant_set import constant_set
from llmopt.models.rules.constant_table import constant_table
from llmopt.models.rules.counting import counting
from llmopt.models.rules.direct_iteration import direct_iteration
from llmopt.models.rules.display import display
from llmopt.models.rules.edits import Edit, apply
from llmopt.models.rules.hoist_call import hoist_call
from llmopt.models.rules.itemgetter import itemgetter
from llmopt.models.rules.join_strings import join_strings
from llmopt.models.rules.keys import keys
from llmopt.models.rules.list_comprehension import list_comprehension
from llmopt.models.rules.list_growth import list_growth
from llmopt.models.rules.local_deque import local_deque
from llmopt.models.rules.membership_set import membership_set
from llmopt.models.rules.min_sorted import min_sorted
from llmopt.models.rules.needless_copy import needless_copy
from llmopt.models.rules.paths import known_kinds
from llmopt.models.rules.scene import Scene, children
from llmopt.models.rules.seen_set import seen_set
from llmopt.models.rules.set_comprehension import set_comprehension
from llmopt.models.rules.sorted_list import sorted_list
from llmopt.models.rules.startswith import startswith
from llmopt.models.rules.sum_loop import sum_loop
from llmopt.models.rules.worth import Gain, gain_of, unmeasured

Rule = Callable[[Scene], Iterator[Edit]]

# In the order of the gain to expect, largest first: rules that change how the cost grows, then constant factors as
# measured on CPython 3.11 and 3.13 (benchmarks/rules.py).
RULES: dict[str, Rule] = {
    "membership-set": membership_set,
    "seen-set": seen_set,
    "list-growth": list_growth,
    "local-deque": local_deque,
    "compile-regex": compile_regex,
    "any-all": any_all,
    "constant-table": constant_table,
    "sum-loop": sum_loop,
    "join-strings": join_strings,
    "itemgetter": itemgetter,
    "constant-set": constant_set,
    "startswith": startswith,
    "hoist-call": hoist_call,
    "keys": keys,
    "min-sorted": min_sorted,
    "direct-iteration": direct_iteration,
    "counting": counting,
    "display": display,
    "sorted-list": sorted_list,
    "set-comprehension": set_comprehension,
    "needless-copy": needless_copy,
    "list-comprehension": list_comprehension,
}

GROWTH = ("membership-set", "seen-set", "list-growth", "local-deque")
LEAST_SHARE = 0.01  # of the run, in the lines of an edit: a smaller gain could not be told from noise
TIMINGS = ("timing", "confirmation")  # stages of a verdict
ROUNDS = 5  # an edit may uncover another, as in nested loops; what needs more rounds than this is left as it is


@dataclass(frozen=True)
class Rewrite:
    """What one rule made of a file: its whole new text, the number of places, what changed in words, and the share of
    the run that the changed lines take (1 where it was not measured)."""

    rule: str
    source: str
    sites: int
    explanation: str
    share: float = 1.0


def rewrite(
    source: str,
    function: str,
    observed: Sequence[Observed],
    rules: Iterable[str] = RULES,
    gain: Gain = unmeasured,
) -> list[Rewrite]:
    """One rewrite for each rule that changes something worth it inside the function of that qualified name.

    The name is "Class.method", "outer.inner" or "<module>". Text that cannot be parsed has no rewrites.
    """
    made = (_rewrite_with(rule, source, function, observed, gain) for rule in rules)
    return [result for result in made if result is not None]


def _rewrite_with(rule: str, source: str, function: str, observed: Sequence[Observed], gain: Gain) -> Rewrite | None:
    text, edits, share = source, [], 0.0
    for _ in range(ROUNDS):
        text, made, gained = _once(RULES[rule], text, function, observed, gain)
        edits += made
        share += gained
        if not made:
            break
    if not edits:
        return None
    return Rewrite(rule, text, len(edits), f"{rule}: " + "; ".join(edit.explanation for edit in edits), min(1.0, share))


def _once(
    rule: Rule, source: str, function: str, observed: Sequence[Observed], gain: Gain
) -> tuple[str, list[Edit], float]:
    """The text after one pass of the rule over a definition of the function, the edits made, and their share."""
    for scene in _scenes(source, function, tuple(observed)):
        scene.claimed.clear()
        module, made = apply(scene, (edit for edit in rule(scene) if gain(scene, edit) >= LEAST_SHARE))
        if made:
            return module.code, made, sum(gain(scene, edit) for edit in made)
    return source, [], 0.0


@lru_cache(maxsize=4)
def _scenes(source: str, function: str, observed: tuple[Observed, ...]) -> list[Scene]:
    """The definitions of that name. When there are several, nobody knows whose arguments were observed."""
    module, definitions = _parsed(source)
    if function == "<module>":
        return [Scene(module, module)]
    name = function.replace(".<locals>", "")
    found = [(node, outside) for node, path, outside in definitions if path == name]
    kinds = known_kinds(observed) if len(found) == 1 else {}
    scenes = [Scene(module, node, outside, kinds) for node, outside in found]
    return [scene for scene in scenes if not scene.is_dynamic]


Definition = tuple[cst.FunctionDef, str, tuple[cst.CSTNode, ...]]


@lru_cache(maxsize=4)
def _parsed(source: str) -> tuple[cst.Module, list[Definition]]:
    """The file and its functions; an empty file in the place of one that cannot be parsed."""
    try:
        module = cst.parse_module(source)
    except (cst.ParserSyntaxError, RecursionError):
        module = cst.Module([])
    return module, list(_definitions(module))


def _definitions(node: cst.CSTNode, path: str = "", outside: tuple[cst.CSTNode, ...] = ()) -> Iterator[Definition]:
    """Every function of the file with its qualified name and the functions and classes it is nested in."""
    for child in children(node):
        if isinstance(child, (cst.FunctionDef, cst.ClassDef)):
            name = f"{path}{child.name.value}"
            if isinstance(child, cst.FunctionDef):
                yield child, name, outside
            yield from _definitions(child.body, f"{name}.", (*outside, child))
        elif not isinstance(child, (cst.BaseExpression, cst.BaseSmallStatement)):
            yield from _definitions(child, path, outside)


def functions(source: str) -> list[str]:
    """The qualified names of all functions of a file, in the order of the text."""
    return [name for _, name, _ in _parsed(source)[1]]


def together(
    source: str,
    function: str,
    observed: Sequence[Observed],
    rules: Iterable[str] = RULES,
    gain: Gain = unmeasured,
) -> list[Rewrite]:
    """The rewrites of all rules, each made on top of the one before; the last one's text has them all."""
    made: list[Rewrite] = []
    for rule in rules:
        result = _rewrite_with(rule, made[-1].source if made else source, function, observed, gain)
        if result is not None:
            made.append(result)
    return made


def propose(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict], read: ReadFile) -> Iterator[Proposal]:
    """For each hotspot all rules together, then (when that was not accepted) each alone: first the rules that change
    how the cost grows, then the others by the measured share of the lines they change. At last come those together, of
    all hotspots, that timing measured as a gain too small to be told from noise: their sum may be large enough.

    Edits whose lines take less than `LEAST_SHARE` of the run are not made: whatever they gain is below the noise, and
    timing them would take the user's time for nothing. Without measured lines all are made.

    `verdicts` grows while the proposals are pulled. What was tried before, in this run or an earlier one, is not
    proposed again: the plan names every place and what it becomes, so the same plan is the same edit.
    """
    tried: set[tuple[tuple[str, str], ...]] = set()
    for proposal in itertools.chain(_each(hotspots, read), _jointly(hotspots, verdicts, read)):
        texts = tuple(proposal.files.items())
        if texts in tried or any(_is_of(verdict, proposal) for verdict in verdicts):
            continue
        tried.add(texts)
        yield proposal
        if verdicts and _is_of(verdicts[-1], proposal) and verdicts[-1].accepted:
            return


def _is_of(verdict: Verdict, proposal: Proposal) -> bool:
    said = (verdict.function, verdict.author, verdict.plan)
    return said == (proposal.hotspot.function.key, proposal.author, proposal.plan)


def _each(hotspots: Sequence[Hotspot], read: ReadFile) -> Iterator[Proposal]:
    for hotspot in hotspots:
        source, gain = _opened(hotspot, read)
        every = together(source, hotspot.function.name, hotspot.arguments, gain=gain)
        if len(every) > 1:
            yield _proposal(hotspot, every, every[-1].source)
        for single in _singles(hotspot, read):
            yield _proposal(hotspot, [single], single.source)


def _singles(hotspot: Hotspot, read: ReadFile) -> list[Rewrite]:
    source, gain = _opened(hotspot, read)
    alone = rewrite(source, hotspot.function.name, hotspot.arguments, gain=gain)
    return sorted(alone, key=lambda one: (one.rule not in GROWTH, -one.share))


def _opened(hotspot: Hotspot, read: ReadFile) -> tuple[str, Gain]:
    """The text of the hotspot's file and what edits of it may gain; no text when it is no file of the repository."""
    try:
        source = read(hotspot.function.path)
    except EditError:
        return "", unmeasured
    return source, gain_of(hotspot, source)


def _jointly(hotspots: Sequence[Hotspot], verdicts: Sequence[Verdict], read: ReadFile) -> Iterator[Proposal]:
    """The promising rewrites of all hotspots as one proposal, when more than one function has any."""
    files: dict[str, str] = {}
    made: list[tuple[Hotspot, list[Rewrite]]] = []
    for hotspot in hotspots:
        name, path = hotspot.function.name, hotspot.function.path
        chosen = {one.rule for one in _singles(hotspot, read) if _is_promising(_proposal(hotspot, [one], ""), verdicts)}
        source, gain = _opened(hotspot, read)
        rules = [rule for rule in RULES if rule in chosen]
        parts = together(files.get(path, source), name, hotspot.arguments, rules, gain)
        if parts:
            files[path] = parts[-1].source
            made.append((hotspot, parts))
    if len(made) > 1:
        names = dict.fromkeys(part.rule for _, parts in made for part in parts)
        plan = "\n".join(f"{spot.function.name}: {part.explanation}" for spot, parts in made for part in parts)
        yield Proposal("rules: " + " + ".join(names), made[0][0], plan, files=files)


def _is_promising(proposal: Proposal, verdicts: Sequence[Verdict]) -> bool:
    """Whether timing turned it down though it seemed to gain."""
    found = [verdict for verdict in verdicts if _is_of(verdict, proposal)]
    return any(verdict.stage in TIMINGS and verdict.speedup > 1 and not verdict.accepted for verdict in found)


def _proposal(hotspot: Hotspot, made: Sequence[Rewrite], source: str) -> Proposal:
    author = "rules: " + " + ".join(one.rule for one in made)
    plan = "\n".join(one.explanation for one in made)
    return Proposal(author, hotspot, plan, files={hotspot.function.path: source})
