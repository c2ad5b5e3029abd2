"""Functions of the base in, what they do with recorded and derived inputs out, and the same for a candidate's tree.

Everything that runs the target's code runs in processes of the target, each in its own tree. Arguments pass through
llmopt as opaque text; results come back as JSON descriptions. What the base does is kept in a folder, to be compared
with candidate after candidate.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import pickletools
import sys
import tempfile
from collections import Counter
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from llmopt import workloads
from llmopt.checks import equality, suite
from llmopt.data import Function, Limits, Tree
from llmopt.errors import WorkloadError
from llmopt.reported import NO_DESCRIPTION
from llmopt.target import PROBE, Target, Tasks
from llmopt.target import run as run_command

FORMAT = 8  # of the files in the folder
HELD_CALLS = 6
# So many inputs, and seconds of their calls at most: of a first look, which takes about as long as a process takes to
# start, and of a second one, so that what the first does not show seldom has to wait for all inputs.
EARLY = (
    {"recorded": (100, 0.04), "held": (6, 0.01), "derived": (80, 0.03)},
    {"recorded": (150, 0.15), "held": (10, 0.03), "derived": (300, 0.15)},
)
EARLY_SEED = "2"  # another PYTHONHASHSEED than those of the whole replay
MOST_EARLY = 0.8  # of the time of what is left; where a second look would take more, the whole replay is next
OTHER_TYPE = "a value of another type"  # as `llmopt_mutate` says it: only what the base refuses by `raise` counts
GUESS = "(a guess)"  # as `llmopt_mutate` says it: what the base fails at, without a `raise`, does not count
MOST_DERIVED, DERIVED_CHARACTERS = 120, 400_000  # inputs made of one, and the length of their pickles
MOST_OF_FEW, DERIVED_OF_ALL = 300, 900  # inputs made of one, and of all, where a function has few calls
DERIVE_SECONDS = 30.0  # for one input: on a busy machine importing hypothesis alone takes seconds
TREE = "<tree>"  # stands for the tree's folder in recorded search paths


@dataclass(frozen=True)
class Bounds:
    """How much is compared. Seconds are of single calls or, `run_seconds`, of all calls of one process."""

    recorded: int = 80  # calls of one function
    derived: int = 400  # inputs of one function
    held: int = 40  # inputs of one function that are called several times
    call_seconds: float = 1.0
    held_seconds: float = 0.05
    run_seconds: float = 2.0
    wait_seconds: float = 120.0  # for one process, its start and the descriptions included
    seeds: tuple[str, ...] = ("0", "1")  # PYTHONHASHSEED


@dataclass(frozen=True)
class Recorded:
    """The calls of one function that were kept, as the probe reports them."""

    key: str
    module: str = ""
    calls: int = 0
    kept: tuple[Mapping[str, Any], ...] = ()
    problems: Mapping[str, int] = field(default_factory=dict)
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expected:
    """What the base does: `inputs` in their order, `results` by id, without those that two runs do not agree on.

    `early` are ids of those by which most wrong edits show soonest, for one look after another: called alone, in their
    order, they do the same.
    `dropped` counts inputs that are not compared by the reason; `left_out` are functions without any that is.
    """

    inputs: tuple[Mapping[str, Any], ...] = ()
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    early: tuple[tuple[str, ...], ...] = ()
    paths: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def record(
    target: Target, tree: Tree, functions: Sequence[Function], folder: Path, workload: Limits, tests: Limits
) -> dict[str, Recorded]:
    """The calls of these functions while the workloads and the tests run on the base, by `Function.key`.

    What the folder does not have of this commit is recorded, all of it in one pass.
    """
    known = {each.key: _load(_place(folder, tree, each.key)) for each in functions}
    missing = [each for each in functions if known[each.key] is None]
    if missing:
        reports = _observe(target, tree, missing, workload, tests)
        for each in missing:
            value = asdict(_merged(each.key, reports, tree))
            _save(_place(folder, tree, each.key), value)
            known[each.key] = json.loads(json.dumps(value))
    return {name: _recorded(value) for name, value in known.items() if value is not None}


def _recorded(value: Mapping[str, Any]) -> Recorded:
    return Recorded(**{**value, "kept": tuple(value["kept"]), "paths": tuple(value["paths"])})


def _place(folder: Path, tree: Tree, what: str) -> Path:
    mark = hashlib.sha256(what.encode()).hexdigest()[:24]
    return folder / tree.commit / f"{FORMAT}-{mark}.json"


def _load(path: Path) -> Any:
    """What is kept of a base, None where nothing is; nobody changes it."""
    return _read(path) if path.exists() else None


@functools.lru_cache(maxsize=8)  # what one base does is asked for candidate after candidate
def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _save(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(value))
    part.replace(path)
    _read.cache_clear()


def _observe(
    target: Target, tree: Tree, functions: Sequence[Function], workload: Limits, tests: Limits
) -> list[Mapping[str, Any]]:
    chosen = [{"path": each.path, "name": each.name, "line": each.line} for each in functions]
    tasks: Tasks = {"calls": {"functions": chosen}}
    reports: list[Any] = []
    for each in target.project.workloads:
        try:
            reports += workloads.run(target, tree, each, workload, tasks=tasks).probed.reports.get("calls", ())
        except WorkloadError:
            continue  # a program may stumble over wrapped functions; its tests may not
    if target.project.tests is not None:
        reports += suite.run_probed(target, tree, tests, tasks=tasks)[1].reports.get("calls", ())
    return [each for each in reports if isinstance(each, Mapping)]


def _merged(name: str, reports: Sequence[Mapping[str, Any]], tree: Tree) -> Recorded:
    """One function's calls of all processes."""
    found = [(one, report) for report in reports for one in report["functions"] if key(one) == name]
    problems: dict[str, int] = {}
    paths: dict[str, None] = {}
    for one, report in found:
        for problem, count in one["problems"].items():
            problems[problem] = problems.get(problem, 0) + count
        if one["kept"]:
            paths |= dict.fromkeys(_in_any_tree(path, tree) for path in report["paths"])
    return Recorded(
        name,
        next((one["module"] for one, _ in found if one["module"]), ""),
        sum(one["calls"] for one, _ in found),
        tuple(call for one, _ in found for call in one["kept"]),
        problems,
        tuple(paths),
    )


def _in_any_tree(path: str, tree: Tree) -> str:
    for root in {str(tree.path), os.path.realpath(tree.path)}:
        if path == root or path.startswith(root + os.sep):
            return TREE + path[len(root) :]
    return path


# --- what the base does ----------------------------------------------------------------------------------------


def expect(
    target: Target,
    tree: Tree,
    recorded: Sequence[Recorded],
    folder: Path,
    bounds: Bounds,
    derive: Mapping[str, Sequence[str]],
) -> Expected:
    """Choose and derive inputs, and call the base with them.

    The functions whose keys are in `derive` get other inputs; there are the parameters of them that may be None.
    """
    names = json.dumps([[each.key for each in recorded], sorted(derive), asdict(bounds)])
    path = _place(folder, tree, names)
    value = _load(path)
    if value is None:
        value = json.loads(json.dumps(asdict(_expect(target, tree, recorded, bounds, derive))))
        _save(path, value)
    tuples = {name: tuple(value[name]) for name in ("inputs", "paths")}
    return Expected(**{**value, **tuples, "early": tuple(map(tuple, value["early"]))})


def _expect(
    target: Target, tree: Tree, recorded: Sequence[Recorded], bounds: Bounds, derive: Mapping[str, Sequence[str]]
) -> Expected:
    left_out = {each.key: _why_none(each) for each in recorded if _why_none(each)}
    usable = [each for each in recorded if each.key not in left_out]
    paths = tuple(dict.fromkeys(path for each in usable for path in each.paths))
    chosen = [_input(each, call) for each in usable for call in _chosen(each, bounds.recorded)]
    inputs = _numbered([{**each, "free": key(each) in derive} for each in chosen])
    runs = Runs(target, tree, paths, bounds)
    dropped: dict[str, int] = {}
    inputs = _kept(inputs, runs.survey(inputs), dropped, bounds)
    more = runs.derive([{**each, "optional": list(derive.get(key(each), ()))} for each in inputs])
    more = _kept(more, runs.survey(more), {}, bounds)
    inputs = [*inputs, *more, *_held([*inputs, *more], bounds)]
    first, *others = runs.replay(inputs, bounds.seeds).values()
    results = {}
    for each in inputs:
        name = each["id"]
        if problem := _unsteady(first[name], [other[name] for other in others]):
            if not each["derived"] and not each.get("hold"):
                dropped[problem] = dropped.get(problem, 0) + 1
        else:
            results[name] = first[name]
    early = tuple(_steady_alone(runs, inputs, names, results) for names in _early(inputs, results))
    return Expected(tuple(inputs), results, early, paths, dropped, left_out)


def _early(inputs: Sequence[Mapping[str, Any]], results: Container[str]) -> Iterator[list[str]]:
    """Ids of the inputs for each early look; those that take long to import are not in the first."""
    left = [each for each in inputs if each["id"] in results]
    for number, budget in enumerate(EARLY):
        chosen = cheapest(left if number else at_home(left), budget)
        later = [each for each in left if each["id"] not in set(chosen)]
        if number and sum(map(_takes, later)) < (1 - MOST_EARLY) * sum(map(_takes, left)):
            return
        if chosen:  # of few inputs none may be cheap, or none be left
            yield chosen
        left = later


def _steady_alone(
    runs: Runs, inputs: Sequence[Mapping[str, Any]], names: Sequence[str], results: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """Those of the inputs that do the same without the calls before them, and with another seed."""
    seen = runs.replay(only(inputs, names), (EARLY_SEED,))[EARLY_SEED]
    return tuple(name for name in names if not _unsteady(results[name], [seen[name]]))


def only(inputs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Mapping[str, Any]]:
    """The named inputs, and idle ones whose arguments are passed between two calls of those, all in their order."""
    wanted = set(names)
    chosen = [each for each in inputs if each["id"] in wanted]
    idle = {after["id"] for each in chosen if (after := _next_held(each, inputs))} - wanted
    return [{**each, "idle": True} if each["id"] in idle else each for each in inputs if each["id"] in wanted | idle]


def _next_held(given: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The input of which the replay takes other arguments, between two calls of one that is called several times."""
    if not given.get("hold"):
        return None
    same = (each for each in inputs if each.get("hold") and key(each) == key(given) and each["id"] > given["id"])
    return next(same, None)


def cheapest(inputs: Sequence[Mapping[str, Any]], budget: Mapping[str, tuple[int, float]]) -> list[str]:
    """Ids of inputs that tell most of edits in little time: cheap ones, and of each kind one before a second.

    A kind is a branch that was taken by the recorded call, or a change by which an input was derived.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {name: [] for name in budget}
    for each in sorted(inputs, key=lambda each: each["seconds"]):
        groups["held" if each.get("hold") else "derived" if each["derived"] else "recorded"].append(each)
    return [name for kind, group in groups.items() for name in _cheapest(group, *budget[kind])]


def at_home(inputs: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Those whose arguments need no modules of another package, which take long to import; all if most do."""
    own = [each for each in inputs if not _foreign(each["arguments"]) - {_root(each["module"])}]
    return own if 2 * len(own) >= len(inputs) else inputs


def _foreign(arguments: str) -> frozenset[str]:
    """The packages that the pickle of some arguments names, without those that every process has; it is not loaded."""
    names: list[object] = []
    memo: list[object] = []
    found: set[object] = set()
    for code, value, _ in pickletools.genops(base64.b64decode(arguments)):
        if code.name == "MEMOIZE":
            memo.append(names[-1] if names else "")
        elif code.name in ("BINGET", "LONG_BINGET"):
            names.append(memo[value] if isinstance(value, int) and value < len(memo) else "")
        elif code.name == "STACK_GLOBAL":
            found.add(names[-2] if len(names) > 1 else "")
            names.append("")
        else:
            names.append(value if isinstance(value, str) else "")
    roots = {_root(name) for name in found if isinstance(name, str)}
    return frozenset(each for each in roots if each not in sys.stdlib_module_names and not each.startswith("llmopt_"))


def _root(module: str) -> str:
    return module.partition(".")[0]


def _cheapest(inputs: Sequence[Mapping[str, Any]], most: int, seconds: float) -> list[str]:
    counts: dict[tuple[str, str, str], int] = {}
    ranked = []
    for each in inputs:
        kind = key(each), each["derived"], each["branch"]
        counts[kind] = counts.get(kind, 0) + 1
        ranked.append((counts[kind] * each["seconds"], each))
    ranked.sort(key=lambda pair: pair[0])
    kept: list[str] = []
    left = seconds
    for _, each in ranked:
        if len(kept) < most and _takes(each) <= left:
            left -= _takes(each)
            kept.append(each["id"])
    return kept


def _takes(given: Mapping[str, Any]) -> float:
    """Seconds of the calls of an input."""
    return float(given["seconds"] * (HELD_CALLS if given.get("hold") else 1))


def key(given: Mapping[str, Any]) -> str:
    """The `Function.key` of an input's function."""
    return f"{given['path']}::{given['name']}"


def _why_none(recorded: Recorded) -> str:
    if recorded.kept and recorded.module == "__main__":
        return "defined in a script"
    if recorded.kept:
        return ""
    if not recorded.calls:
        return "never called"
    reasons = ", ".join(list(recorded.problems)[:2])
    return f"its arguments cannot be recorded: {reasons}" if reasons else "no call ended"


def _chosen(recorded: Recorded, most: int) -> list[Mapping[str, Any]]:
    """Of the calls of all processes: one of each kind before a second of any, each only once."""
    by_kind: dict[str, dict[str, Mapping[str, Any]]] = {}
    for call in recorded.kept:
        by_kind.setdefault(call["kind"], {}).setdefault(call["arguments"], call)
    ranked = [(at, call) for calls in by_kind.values() for at, call in enumerate(calls.values())]
    ranked.sort(key=lambda pair: (pair[0], len(pair[1]["arguments"])))
    return [call for _, call in ranked[:most]]


def _input(recorded: Recorded, call: Mapping[str, Any]) -> dict[str, Any]:
    path, _, name = recorded.key.partition("::")
    return {
        "path": path,
        "name": name,
        "module": recorded.module,
        "arguments": call["arguments"],
        "types": list(call["types"]),
        "branch": call["branch"],
        "outcome": call["outcome"].partition(" ")[0],
        "derived": "",
    }


def _numbered(inputs: Sequence[dict[str, Any]], prefix: str = "r") -> list[dict[str, Any]]:
    return [{**each, "id": f"{prefix}{at:05}"} for at, each in enumerate(inputs)]


def _kept(
    inputs: Sequence[dict[str, Any]], results: Mapping[str, Mapping[str, Any]], dropped: dict[str, int], bounds: Bounds
) -> list[dict[str, Any]]:
    """The inputs that can be called again and again, with their seconds."""
    kept: list[dict[str, Any]] = []
    share = bounds.run_seconds / max(1, len({key(each) for each in inputs}))
    totals: dict[str, float] = {}
    for each in inputs:
        result = results[each["id"]]
        reason = _unfit(each, result)
        if not reason and totals.get(key(each), 0.0) + result["seconds"] > share:
            reason = "they take too long"
        if reason:
            dropped[reason] = dropped.get(reason, 0) + 1
        else:
            totals[key(each)] = totals.get(key(each), 0.0) + result["seconds"]
            kept.append({**each, "seconds": result["seconds"]})
    return kept


def _unfit(given: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    if result.get("ended"):
        return f"on the base it {result['ended']}"
    if problem := result.get("problem") or result.get("import"):
        return str(problem)
    outcome = result["calls"][0][1]["outcome"]
    if _is_too_large(outcome, bool(given["derived"])):
        return "too large for the base"
    if given["outcome"] and outcome[0] != given["outcome"]:
        return "depends on more than the arguments"
    if OTHER_TYPE in given["derived"] and not _is_refusal(outcome):
        return "nobody says what it should do"
    if GUESS in given["derived"] and _is_failure(outcome):
        return "nobody says what it should do"
    return ""


def _is_too_large(outcome: Sequence[Any], is_derived: bool) -> bool:
    """Whether the base gave up at the size of an input: at which one it does is nobody's promise."""
    end = _end(outcome)
    if end[:1] != ["raised"]:
        return False
    is_overflow = end[1] == "builtins.OverflowError" and end[5:6] != ["raise"]
    return end[1] in ("builtins.MemoryError", "builtins.RecursionError") or (is_derived and is_overflow)


def _is_refusal(outcome: Sequence[Any]) -> bool:
    """Whether a `raise` statement ended a call, or the generator that it returned."""
    end = _end(outcome)
    return end[:1] == ["raised"] and end[5:6] == ["raise"]


def _is_failure(outcome: Sequence[Any]) -> bool:
    """Whether an operation ended it that was not made for such a value."""
    end = _end(outcome)
    return end[:1] == ["raised"] and end[5:6] != ["raise"]


def _end(outcome: Sequence[Any]) -> list[Any]:
    match outcome:
        case ["returned", ["drained", _, _, _, [*end], *_], *_]:
            return end
    return list(outcome)


def _held(inputs: Sequence[dict[str, Any]], bounds: Bounds) -> list[dict[str, Any]]:
    """Inputs to be called several times in a row, those recorded first; of each function some."""
    chosen: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    left = bounds.run_seconds
    for each in inputs:
        if each["seconds"] <= min(bounds.held_seconds, left) and counts.get(key(each), 0) < bounds.held:
            counts[key(each)] = counts.get(key(each), 0) + 1
            left -= HELD_CALLS * each["seconds"]
            chosen.append({**each, "hold": True, "id": f"h{each['id']}"})
    return chosen


def _unsteady(first: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    if reason := first.get("problem") or first.get("ended") or first.get("import"):
        return str(reason)
    strict = equality.Rules()
    if any(equality.first_difference(first, other, strict) for other in others):
        return "not the same twice on the base"
    return ""


# --- running ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Runs:
    """Replays in fresh processes of one tree."""

    target: Target
    tree: Tree
    paths: tuple[str, ...]
    bounds: Bounds
    tolerant: bool = False
    on_demand: frozenset[str] = frozenset()  # attributes that are read where no object holds them
    hidden: frozenset[str] = frozenset()  # and those that are not looked at, of classes of
    modules: frozenset[str] = frozenset()  # these modules
    recorded: Tree | None = None  # where the inputs were recorded, if not in this one

    def survey(self, inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Each input once, to see what can be called."""
        return self.run("replay", [{**each, "limit": self.bounds.call_seconds} for each in inputs])

    def derive(self, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Other inputs, made of these; of those that are not free only the same, with flags of the module flipped."""
        counts = Counter(map(key, inputs))
        asked = [
            {**each, "derive": _most_derived(each, counts[key(each)]) if each["free"] else 0, "limit": DERIVE_SECONDS}
            for each in inputs
        ]
        results = self.run("derive", asked)
        made: dict[tuple[str, str], dict[str, Any]] = {}
        for each in inputs:
            for place, (label, arguments, switches) in enumerate(results[each["id"]].get("derived", [])):
                other = {**each, "arguments": arguments, "switches": switches, "derived": label, "place": place}
                other["outcome"] = ""
                made.setdefault((key(each), f"{sorted(switches)}{arguments}"), other)
        return _numbered(_varied(list(made.values()), self.bounds.derived), "s")

    def replay(self, inputs: Sequence[Mapping[str, Any]], seeds: Sequence[str], **options: Any) -> dict[str, Any]:
        """What each does by its id, by seed; a process for each seed, at the same time."""
        limited = [{**each, "limit": 2.0 + (50 if each.get("hold") else 10) * each["seconds"]} for each in inputs]
        return self.runs("replay", limited, seeds, **options)

    def run(self, job: str, inputs: Sequence[Mapping[str, Any]], seconds: float = 0.0) -> dict[str, Any]:
        return self.runs(job, inputs, ("0",), seconds)["0"]

    def runs(
        self,
        job: str,
        inputs: Sequence[Mapping[str, Any]],
        seeds: Sequence[str],
        seconds: float = 0.0,
        **options: Any,
    ) -> dict[str, dict[str, Any]]:
        """What the probe reports of a job by the inputs' ids, by seed; of all inputs something."""
        names = ["all"] if job in WHOLE else [each["id"] for each in inputs if not each.get("idle")]
        if not names or not inputs:
            return {seed: {} for seed in seeds}
        allowed = seconds or self.bounds.wait_seconds
        options = {
            "job": job,
            "seconds": allowed,
            "tolerant": self.tolerant,
            "on_demand": sorted(self.on_demand),
            "hidden": sorted(self.hidden),
            "modules": sorted(self.modules),
            "seeds": list(seeds),
            **options,
        }
        with tempfile.TemporaryDirectory(prefix="llmopt-inputs-") as folder:
            path = Path(folder) / "inputs.json"
            path.write_text(
                json.dumps({"paths": [self._here(each) for each in self.paths], "inputs": self._moved(inputs)})
            )
            probed = run_command(
                self.target,
                self.tree,
                (self.target.project.interpreter.path, str(PROBE / "llmopt_replay.py")),
                Limits(seconds=allowed + 60),
                tasks={"replay": {**options, "inputs": str(path)}},
                environment={"PYTHONHASHSEED": seeds[0]},
                reads=(path,),
            )
        how = {"problem": f"the replay ended with exit code {probed.ran.exit_code}"}
        reports = _by_seed(probed.reports.get("replay", ()), seeds)
        return {seed: {name: _of_job(job, reports[seed].get(name, how)) for name in names} for seed in seeds}

    def _moved(self, inputs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The inputs with this tree's folder in the place of the one in which they were recorded: an argument may hold
        the path of its file. In pickles only texts of one length can be exchanged, which the two paths have."""
        here, there = (str(each.path).encode() if each else b"" for each in (self.tree, self.recorded))
        if here == there or len(here) != len(there):
            return list(inputs)
        pickles = [base64.b64decode(each["arguments"]) for each in inputs]
        return [
            {**each, "arguments": base64.b64encode(data.replace(there, here)).decode()} if there in data else each
            for each, data in zip(inputs, pickles, strict=True)
        ]

    def _here(self, path: str) -> str:
        return str(self.tree.path) + path[len(TREE) :] if path.startswith(TREE) else path


WHOLE = ("stress", "slope")
GIVES = {
    "replay": "calls",
    "later": "calls",
    "uses": "calls",
    "derive": "derived",
    "stress": "wrong",
    "slope": "growth",
}


def _of_job(job: str, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result, if it is one of this job or says why there is none."""
    known = {GIVES[job], "problem", "ended", "import"}
    return {"problem": NO_DESCRIPTION} if known.isdisjoint(result) else result


def _by_seed(reports: Sequence[Any], seeds: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The results under each seed. One report too many is somebody's who wrote beside the probe: none counts then."""
    if len(reports) > len(seeds):
        return {seed: {} for seed in seeds}
    found = {str(each.get("seed")): each.get("results") for each in reports if isinstance(each, Mapping)}
    return {seed: results if isinstance(results := found.get(seed), Mapping) else {} for seed in seeds}


def _most_derived(given: Mapping[str, Any], calls: int) -> int:
    """Inputs to make of one: fewer of a large one, more where its function has few calls."""
    most = max(MOST_DERIVED, DERIVED_OF_ALL // calls)
    return max(6, min(most, MOST_OF_FEW, DERIVED_CHARACTERS // len(given["arguments"])))


def _varied(inputs: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many of each function: one of each kind of change before a second of any, a small one first.

    Others are made of calls that took other branches, if there are such. Kinds come in the order in which the probe
    made them.
    """
    kept: list[dict[str, Any]] = []
    for name in dict.fromkeys(map(key, inputs)):
        own = sorted((each for each in inputs if key(each) == name), key=lambda each: len(each["arguments"]))
        place: dict[str, int] = {}
        for each in own:
            place[each["derived"]] = min(each["place"], place.get(each["derived"], each["place"]))
        of_branch = _ranks([(each["derived"], each["branch"]) for each in own])
        own = [own[at] for _, at in sorted((rank, at) for at, rank in enumerate(of_branch))]
        own = _with_larger(own)
        of_kind = _ranks([each["derived"] for each in own])
        ranked = sorted((rank, place[own[at]["derived"]], at) for at, rank in enumerate(of_kind))
        kept += [own[at] for _, _, at in ranked[:most]]
    return sorted(kept, key=lambda each: "**" in each["derived"])  # a huge number may end the process: those last


def _with_larger(inputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each kind of change one in the middle second: the smallest calls alone, often empty ones, show little."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for each in inputs:
        by_kind.setdefault(each["derived"], []).append(each)
    for same in by_kind.values():
        same.insert(1, same.pop(len(same) // 2))
    return [each for same in by_kind.values() for each in same]


def _ranks(kinds: Sequence[Hashable]) -> list[int]:
    """How many of its kind came before each."""
    counts: dict[Hashable, int] = {}
    ranks = []
    for kind in kinds:
        ranks.append(counts.get(kind, 0))
        counts[kind] = ranks[-1] + 1
    return ranks
