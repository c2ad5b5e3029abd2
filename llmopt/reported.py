"""The probe's reports, as JSON of code that is not trusted in; those that have the shape of their task out.

Each task of `llmopt/probe/` has its schema here. What does not have it is no report: whoever needs one then finds none,
and says so in one line. Consumers may rely on types, on bounds of numbers, and on what refers to what inside a report;
not on its being true. The descriptions of values inside a replay are as deep as values are: `checks.equality` reads
them with care.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, WrapValidator
from typing_extensions import TypedDict  # pydantic wants this one below Python 3.12

Value = TypeVar("Value")

MOST = 2**53  # above it a JSON number is no exact one any more; no process counts that far
LONGEST_SECONDS = 1e10
NAME_CHARACTERS = 20_000  # of a path, a qualified name, a node id: those of generated tests are long

Name = Annotated[str, Field(strict=True, max_length=NAME_CHARACTERS)]
Text = Annotated[str, Field(strict=True, max_length=2**26)]  # such as pickled arguments
Count = Annotated[int, Field(strict=True, ge=0, le=MOST)]
Seconds = Annotated[float, Field(strict=True, ge=0, le=LONGEST_SECONDS, allow_inf_nan=False)]
Number = Annotated[float, Field(strict=True, ge=-MOST, le=MOST, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
NO_DESCRIPTION = "something that is no description"


def _agreeing(value: Value, agrees: bool) -> Value:
    """The value, refused where its parts do not fit together."""
    if not agrees:
        raise ValueError("its parts do not fit together")
    return value


# --- the profile -----------------------------------------------------------------------------------------------


class Sample(TypedDict):
    """Of the task "sample"."""

    started: Number
    windowed: Flag
    taken: Flag
    wall: Seconds
    delay: Number
    cpu: Seconds
    collecting: Seconds  # in full garbage collections
    functions: list[tuple[Name, Name, Count]]
    stacks: list[tuple[list[Count], Seconds]]  # numbers of functions
    starts: list[tuple[Literal["loop", "pool"], list[Count], Count]]  # who starts what runs there
    lines: list[tuple[Name, Count | None, Seconds]]  # some code has no lines


def _numbers_functions(report: Sample) -> Sample:
    stacks = itertools.chain((each[0] for each in report["stacks"]), (each[1] for each in report["starts"]))
    highest = max((max(indices, default=-1) for indices in stacks), default=-1)
    return _agreeing(report, highest < len(report["functions"]))


class Argument(TypedDict):
    """What was seen of one argument: its kinds and how often."""

    name: Name
    kinds: dict[Name, Count]


class ObservedFunction(TypedDict):
    """One function of a report of the task "observe"."""

    path: Name
    name: Name
    line: Count
    how: Name
    calls: Count
    lines: list[tuple[Count, Count, Seconds]]
    arguments: list[Argument]
    callers: list[tuple[Name, Name, Count, Count]]
    compared: Count
    distinct: Count


class Observations(TypedDict):
    """Of the task "observe"."""

    measured_by: Name | None
    functions: list[ObservedFunction]


# --- tests -----------------------------------------------------------------------------------------------------


class Outcomes(TypedDict):
    """Of the tasks "pytest" and "unittest"."""

    outcomes: dict[Name, Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]]
    failures: dict[Name, Text]
    stopped: Name
    benchmarks: NotRequired[dict[Name, Seconds]]


class Contexts(TypedDict):
    """Of the task "contexts": tests in the order they ran, functions with the numbers of tests from 1 on."""

    tests: list[tuple[Name, Seconds]]
    functions: list[tuple[Name, Name, Count, list[Annotated[int, Field(strict=True, ge=1, le=MOST)]]]]


def _numbers_tests(report: Contexts) -> Contexts:
    highest = max((max(numbers, default=0) for *_, numbers in report["functions"]), default=0)
    return _agreeing(report, highest <= len(report["tests"]))


# --- recorded calls --------------------------------------------------------------------------------------------


# Arguments as the target's processes pickle them for each other; llmopt itself never unpickles them.
Pickled = Annotated[str, Field(strict=True, min_length=1, max_length=2**26)]


class KeptCall(TypedDict):
    """One call that was kept."""

    kind: Text
    outcome: Name
    branch: Text
    arguments: Pickled
    types: list[Name]


class CalledFunction(TypedDict):
    """One function of a report of the task "calls"."""

    path: Name
    name: Name
    module: Name | None
    calls: Count
    problems: dict[Name, Count]
    kept: list[KeptCall]


class Calls(TypedDict):
    """Of the task "calls"."""

    functions: list[CalledFunction]
    paths: list[Name]


def _is_outcome(outcome: list[Any]) -> list[Any]:
    known = {"returned": 2, "raised": 6}.get(outcome[0] if isinstance(outcome[0], str) else "", 0)
    return _agreeing(outcome, bool(known) and len(outcome) >= known)


class SeenCall(TypedDict):
    """What one call of a replay did, in the descriptions of `llmopt_describe`."""

    outcome: Annotated[list[Any], Field(min_length=2), AfterValidator(_is_outcome)]
    arguments: list[Any]
    held: NotRequired[list[Any]]
    warnings: list[list[Any]]
    logs: list[list[Any]]
    printed: list[Any]
    files: list[Any]
    random: Any
    process: dict[str, Any]


class Growth(TypedDict):
    """What calls with ever new arguments left in memory: bytes for each of so many calls, and a cache's own bound."""

    bytes: Number
    calls: Count
    bound: Count


Kind = Literal["functions", "module"]
Touched = list[tuple[Name, Kind, list[Count]]]

# What became of one input, or of all of them: a reason why nothing did, or what the job gives.
Replayed = TypedDict(
    "Replayed",
    {
        "problem": Text,
        "ended": Text,
        "import": Text,
        "shown": list[Any],
        "numbered": Count,
        "calls": Annotated[list[tuple[Name, SeenCall]], Field(min_length=1)],
        "seconds": Seconds,
        "derived": list[tuple[Name, Pickled, dict[Name, Any]]],
        "inputs": Count,
        "wrong": list[tuple[Name, list[Any], list[Any]]],
        "growth": dict[Name, Growth],
        "lines": Touched,
    },
    total=False,
)


REPLAYED_CALL = {"shown", "numbered", "calls", "seconds"}
REPLAYED_OTHERWISE = ("problem", "ended", "import", "derived", "wrong", "growth")


def _one_result(value: Any, validate: Callable[[Any], Any]) -> Any:
    """A result that is none says nothing of the others."""
    with suppress(ValidationError):
        result = validate(value)
        if result.keys() >= REPLAYED_CALL or not result.keys().isdisjoint(REPLAYED_OTHERWISE):
            return result
    return {"problem": NO_DESCRIPTION}


class Replays(TypedDict):
    """Of the task "replay", under one PYTHONHASHSEED."""

    seed: NotRequired[Name]
    results: dict[Name, Annotated[Replayed, WrapValidator(_one_result)]]


# --- all tasks -------------------------------------------------------------------------------------------------

SCHEMAS: Mapping[str, Any] = {
    "sample": Annotated[Sample, AfterValidator(_numbers_functions)],
    "observe": Observations,
    "pytest": Outcomes,
    "unittest": Outcomes,
    "contexts": Annotated[Contexts, AfterValidator(_numbers_tests)],
    "calls": Calls,
    "replay": Replays,
    "touched": Touched,
    "executable": dict[Name, dict[Kind, list[Count]]],
    "returned": list[Name],
    "leaks": list[Name],
}


def valid(reports: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """The reports by task, without those that do not have its shape and those of tasks that are none."""
    checked = {task: tuple(each for given in reports[task] for each in _valid(task, given)) for task in reports}
    return {task: found for task, found in checked.items() if found}


def _valid(task: str, report: Any) -> list[Any]:
    """The report in a list, an empty list without its shape."""
    if task not in SCHEMAS:
        return []
    with suppress(ValidationError):
        return [_schema(task).validate_python(report)]
    with suppress(ValidationError, RecursionError):
        return [_schema(task).validate_python(whole_characters(report))]
    return []


@cache
def _schema(task: str) -> TypeAdapter[Any]:
    return TypeAdapter(SCHEMAS[task])


def whole_characters(value: Any) -> Any:
    """The same JSON with "?" for the bytes of file names that are no text (lone surrogates in a `str`)."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [whole_characters(each) for each in value]
    if isinstance(value, dict):
        return {whole_characters(name): whole_characters(each) for name, each in value.items()}
    return value
