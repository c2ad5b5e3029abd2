"""What a run in CI found, as data whose schema is checked when it is read: a fork's run may have written anything."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmopt.errors import UsageError

FILE = "result.json"
SCHEMA = "llmopt-ci/1"
MOST_BYTES = 4 * 1024**2  # of the file: a report of hundreds of edits has a tenth of it
MODES = ("guard", "suggest", "commit", "pull-request")

Mode = Literal["guard", "suggest", "commit", "pull-request"]
Verdict = Literal["faster", "slower", "same", "inconclusive"]
Line = Annotated[str, Field(max_length=2_000)]
Text = Annotated[str, Field(max_length=100_000)]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Number = Annotated[int, Field(ge=0, le=2**53)]
LineNumber = Annotated[int, Field(ge=1, le=10_000_000)]
Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1.001)]


class Frozen(BaseModel):
    """Plain data: no key that is not known, no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Change(Frozen):
    """The commits that were looked at. `number` is that of a pull request, as the run itself says."""

    name: Line
    base: Commit
    head: Commit
    number: Number | None = None


class Row(Frozen):
    """A workload on both sides, in words, and the judge's word on it."""

    name: Line
    base: Line
    head: Line
    speedup: Line
    pairs: Number
    verdict: Verdict


class Guard(Frozen):
    """How the head compares with the base: the overall word, the lines that say it, each workload, and notices."""

    verdict: Verdict
    speedup: Annotated[float, Field(gt=0)]
    lines: Annotated[tuple[Line, ...], Field(max_length=20)]
    rows: Annotated[tuple[Row, ...], Field(max_length=200)] = ()
    notices: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    machine: Line = ""
    sandbox: Line = ""

    @property
    def is_slower(self) -> bool:
        """Beyond noise, over all workloads or in one of them."""
        return self.verdict == "slower" or any(row.verdict == "slower" for row in self.rows)


class Hot(Frozen):
    """A hot function on both sides: shares of the run in its own frames and seconds of one repetition of the workloads;
    None where it is not hot on that side. `line` is that of the head."""

    path: Line
    name: Line
    line: LineNumber
    base_share: Share | None = None
    head_share: Share | None = None
    base_seconds: Seconds | None = None
    head_seconds: Seconds | None = None
    touched: bool = False

    @property
    def key(self) -> str:
        return f"{self.path}::{self.name}"


class Edit(Frozen):
    """An edit that was tried on the head, how it ended and why. `line` is that of its function in the head."""

    number: LineNumber
    function: Line
    line: LineNumber = 1
    author: Line = ""
    plan: Text = ""
    kept: bool
    stage: Line = ""
    reason: Text = ""
    speedup: Line = ""
    level: Line = ""
    evidence: Annotated[dict[Line, Text], Field(max_length=50)] = {}

    @property
    def path(self) -> str:
        return self.function.partition("::")[0]


class Suggestion(Frozen):
    """Lines `start` to `end` of a file of the head, `old`, to be replaced by `new`, by these edits."""

    path: Line
    start: LineNumber
    end: LineNumber
    old: Annotated[tuple[Line, ...], Field(max_length=5_000)]
    new: Annotated[tuple[Line, ...], Field(max_length=5_000)]
    edits: Annotated[tuple[Number, ...], Field(max_length=100)] = ()


class Search(Frozen):
    """The search for faster code in what the change touches. `groups` are suggestions that belong together; `commit` is
    the last kept edit's, `where` says where the run itself has put them."""

    run: Line
    headline: Line
    model: Line
    edits: Annotated[tuple[Edit, ...], Field(max_length=1_000)] = ()
    groups: Annotated[tuple[tuple[Suggestion, ...], ...], Field(max_length=200)] = ()
    diff: Annotated[str, Field(max_length=1_000_000)] = ""
    commit: Commit | None = None
    cold: Annotated[tuple[tuple[Line, Line], ...], Field(max_length=1_000)] = ()
    stopped: Line = ""
    where: Line = ""
    tokens: Number = 0
    cost_usd: Annotated[float, Field(ge=0)] = 0.0

    @property
    def kept(self) -> tuple[Edit, ...]:
        return tuple(edit for edit in self.edits if edit.kept)


class Result(Frozen):
    """All of a run. `skipped` says why nothing was done; the problems say why a part has no result; `broken`: the
    change made a workload fail that ran before."""

    schema_name: Literal["llmopt-ci/1"] = Field(default="llmopt-ci/1", alias="schema")
    llmopt: Line
    mode: Mode
    change: Change
    skipped: Line = ""
    hot: Annotated[tuple[Hot, ...], Field(max_length=200)] = ()
    guard: Guard | None = None
    guard_problem: Text = ""
    broken: bool = False
    search: Search | None = None
    search_problem: Text = ""
    notices: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    seconds: Seconds = 0.0

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


def as_json(result: Result) -> str:
    return result.model_dump_json(indent=1, by_alias=True) + "\n"


def read(folder: Path) -> Result:
    """The result in a folder; UsageError for a file that is none, too large, or no plain file."""
    file = folder / FILE
    try:
        return Result.model_validate_json(_content(file))
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror}", "`llmopt ci` writes it") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{file} is no result of `llmopt ci` ({where}: {first['msg']})", "nothing was posted"
        ) from None


def _content(file: Path) -> bytes:
    """Neither a link is followed nor a pipe waited for."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{file} is no plain file")
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UsageError(f"{file} has more than {MOST_BYTES} bytes", "nothing was posted")
    return content
