"""A call of a tool by an agent in; what it learns of the repository, as text and as data, out. No tool changes a file.

The repository, the interpreter and what confines the code are the user's, who starts the server; an agent names
functions, edits and revisions, and a workload where the user named none.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from llmopt import api, config, git
from llmopt.changes import Edits, Patch
from llmopt.errors import UsageError
from llmopt.events import Listen
from llmopt.reports import comparison, verification, words
from llmopt.reports.profiled import Profiled
from llmopt.search.tools import TOOLS as FOR_MODELS
from llmopt.serving import schemas
from llmopt.serving.schemas import TEXT, YES_OR_NO, Schema, described, taken
from llmopt.session import Place

SHOWN_FUNCTIONS, SHOWN_LINES = 15, 5
DIFF = re.compile(r"^(diff --git |--- |Index: ).*$", re.MULTILINE)
HUNK = re.compile(r"^(@@ |rename |deleted file |new file |old mode |GIT binary )", re.MULTILINE)
BLOCK = re.compile(r"^<{5,} ?SEARCH", re.MULTILINE)  # in a diff of such a line it has a sign before it
# Of those that models have: an agent reads and searches files by itself.
BORROWED = ("callers", "callees", "profile_lines")


@dataclass(frozen=True)
class Told:
    """What a tool gives: a text, and the same as data where it has a schema."""

    text: str
    data: Mapping[str, Any] | None = None


@dataclass
class Desk:
    """What is the user's, for all calls: the project's folder and git root, and the settings, of which `table` is what
    the configuration held when the server was started; and the profiles that were taken so far, by workload."""

    folder: Path
    root: Path
    settings: Mapping[str, Any]
    table: Mapping[str, Any]
    profiles: dict[str, Profiled] = field(default_factory=dict)

    @property
    def names_workloads(self) -> bool:
        """Did the user name what is to become faster? Then no agent does."""
        return bool(self.settings.get("workloads") or self.table.get("workloads") or os.environ.get("LLMOPT_WORKLOADS"))

    def asked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a call. An agent may edit the file that holds some: then they are the user's no more."""
        if config.read_file(self.folder, self.root)[0] != self.table:
            raise UsageError("the configuration of llmopt was changed", "ask the user to start llmopt mcp again")
        spec = arguments.get("workload") or ""
        return {**self.settings, "workloads": [inside(spec)]} if spec else dict(self.settings)


def desk(place: Place, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Desk:
    """The desk of a server; UsageError for settings that cannot be used. The code of an agent runs confined or not at
    all, unless the user says otherwise."""
    strict = {} if environ.get("LLMOPT_SANDBOX") else {"sandbox": "strict"}
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    config.load(place.folder, place.root, {**strict, **given}, environ)
    return Desk(place.folder, place.root, {**strict, **given}, config.read_file(place.folder, place.root)[0])


@dataclass(frozen=True)
class Offer:
    """A tool: its name, what it is for, and what it does. `gives` is the schema of its data, None for text alone."""

    name: str
    about: str
    takes: Schema
    gives: Schema | None
    do: Callable[[Desk, Mapping[str, Any], Listen], Told]


def inside(spec: str) -> str:
    """A workload that an agent may name; UsageError where it names what lies outside of the repository."""
    try:
        named = [*spec.split(), *shlex.split(spec.removeprefix("cmd:"))]
    except ValueError as problem:
        raise UsageError(f"the workload {spec!r} cannot be read: {problem}", "quote it as for a shell") from None
    for word in named:
        parts = re.split(r"[:=,@'\"]", word)
        if any(part.startswith(("/", "~")) or ".." in PurePosixPath(part).parts for part in parts):
            raise UsageError(
                f"the workload {spec!r} names a path outside of the repository",
                "name a script in it, or ask the user to start llmopt mcp with this --workload",
            )
    return spec


# --- profile -----------------------------------------------------------------------------------------------------


def profiled(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Profiled:
    """The profile, taken once for the same code and workload."""
    spec = arguments.get("workload") or ""
    found = api.profile(desk.folder, known=desk.profiles.get(spec), on_event=listen, **desk.asked(arguments))
    desk.profiles[spec] = found
    return found


def profile(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Told:
    found = profiled(desk, arguments, listen)
    data = api.as_json(found)
    data["functions"] = [_brief(each) for each in data["functions"][:SHOWN_FUNCTIONS]]
    data["skipped"] = data["skipped"][:SHOWN_FUNCTIONS]
    return Told(_table(data, found), data)


def _brief(function: dict[str, Any]) -> dict[str, Any]:
    hottest = sorted(function["lines"], key=lambda line: -line["share"])[:SHOWN_LINES]
    return {**function, "lines": sorted(hottest, key=lambda line: line["line"])}


def _table(data: Mapping[str, Any], found: Profiled) -> str:
    lines = [f"one run takes {', '.join(words.duration(each) for each in found.base.seconds)}"]
    for each in data["functions"]:
        lines.append(
            f"{each['path']}::{each['function']} (line {each['line']}): {words.percent(each['self'])} self, "
            f"{words.percent(each['inclusive'])} with what it calls, {_calls(each)}, "
            f"at most {words.headroom(each['headroom'])} to gain"
        )
        source = found.sources[each["path"]].splitlines()
        lines += [
            f"  {line['line']}: {words.percent(line['share'])} {_line(source, line['line'])}" for line in each["lines"]
        ]
    if not data["functions"]:
        lines.append("no function of this repository could gain enough: its time is spent elsewhere")
    return "\n".join([*lines, *(f"note: {notice}" for notice in data["notices"])])


def _calls(function: Mapping[str, Any]) -> str:
    return "calls not counted" if function["calls"] is None else words.count(function["calls"], "call")


def _line(source: list[str], number: int) -> str:
    return source[number - 1].strip() if number <= len(source) else ""


def hot_functions(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Told:
    """Everything that the profile has of some functions."""
    found = profiled(desk, arguments, listen)
    wanted = arguments["function"]
    every = api.as_json(found)["functions"]
    chosen = [each for each in every if _is(each, wanted)]
    if not chosen:
        hot = ", ".join(f"{each['path']}::{each['function']}" for each in every[:SHOWN_LINES]) or "none"
        raise UsageError(f"{wanted!r} is not hot on this workload", f"hot are: {hot}")
    data = {"functions": chosen}
    return Told(json.dumps(data), data)


def _is(function: Mapping[str, Any], wanted: str) -> bool:
    path, _, name = wanted.rpartition("::")
    full = function["function"]
    return path in ("", function["path"]) and (full == name or full.endswith(f".{name}"))


def dossier(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Told:
    found = profiled(desk, arguments, listen)
    asked = desk.asked(arguments)
    return Told(api.dossier(desk.folder, arguments.get("function", ""), known=found, on_event=listen, **asked))


def borrowed(name: str) -> Callable[[Desk, Mapping[str, Any], Listen], Told]:
    """A tool of models, for agents."""

    def do(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Told:
        found = profiled(desk, arguments, listen)
        given = json.dumps({key: value for key, value in arguments.items() if key != "workload"})
        return Told(api.ask_tool(desk.folder, name, given, known=found, on_event=listen, **desk.asked(arguments)))

    return do


# --- judging -----------------------------------------------------------------------------------------------------


def verify_edit(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Told:
    found = api.verify(
        desk.folder,
        change_of(arguments.get("edit", "")),
        timing=arguments.get("timing", True),
        on_event=listen,
        **desk.asked(arguments),
    )
    return Told("\n".join(verification.text(found)), api.as_json(found))


def change_of(edit: str) -> str | Patch | Edits:
    """A text as the kind of edit that it is; without one the uncommitted work is meant."""
    if not edit.strip():
        return ""
    if DIFF.search(edit) and HUNK.search(edit) and not BLOCK.search(edit):
        return Patch(edit if edit.endswith("\n") else f"{edit}\n", "the edit")
    return Edits(edit, "the edit")


def compare_revisions(desk: Desk, arguments: Mapping[str, Any], listen: Listen) -> Told:
    base, head = (revision(desk, arguments.get(name, "")) for name in ("base", "head"))
    found = api.compare(desk.folder, base, head, on_event=listen, **desk.asked(arguments))
    return Told(comparison.markdown(found), api.as_json(found))


def revision(desk: Desk, text: str) -> str:
    """A revision of the repository, "" for the working tree; UsageError for a folder or a file of that name."""
    if text and (text.startswith("-") or not git.exists(desk.root, text)):
        raise UsageError(f"{text!r} is no revision of the repository", "name a branch, a tag or a commit")
    return text


# --- the tools ---------------------------------------------------------------------------------------------------

WORKLOAD = described(
    TEXT,
    "What is to become faster, if not what the project names: a script of the repository, module:function, "
    "pytest:ARGS, asv:REGEX or a shell line.",
)
FUNCTION = described(TEXT, "path::Class.method, or a part of it.")
EDIT = described(
    TEXT,
    "SEARCH/REPLACE blocks, each below the path of its file, or a unified diff with right line counts (as of `git "
    "diff`), for the files as they are now. Leave it out to judge the uncommitted changes against HEAD.",
)
OFFERS = (
    Offer(
        "profile",
        "Run the workload under a profiler: the hot functions with their shares of the run, hot lines, calls and the "
        "most there is to gain from each. Begin with it. The answer is kept for as long as the code stays as it is.",
        taken({}),
        schemas.PROFILED,
        profile,
    ),
    Offer(
        "hot_functions",
        "All that the profile has of a hot function: every line with hits and share, and the types and sizes of its "
        "arguments.",
        taken({"function": FUNCTION}, ("function",)),
        schemas.given({"functions": schemas.rows(schemas.HOT_FUNCTION)}),
        hot_functions,
    ),
    Offer(
        "dossier",
        "All there is to know before editing a hot region, as Markdown: the sources on the chain of calls, who calls "
        "them, the tests that pin them, lines, arguments, similar edits. Without a function: the hottest region.",
        taken({"function": FUNCTION}),
        None,
        dossier,
    ),
    *(
        Offer(name, FOR_MODELS[name].TOOL.about, taken({"function": FUNCTION}, ("function",)), None, borrowed(name))
        for name in BORROWED
    ),
    Offer(
        "verify_edit",
        "Judge an edit in a tree of its own: does it behave the same (recorded calls, the workload's output, tests), "
        "and is the run faster by more than noise? Nothing is applied. Takes from seconds to minutes; with timing "
        "false only the behaviour is judged, which is quicker. Claim no speedup that this has not shown.",
        taken({"edit": EDIT, "timing": YES_OR_NO}),
        schemas.VERIFIED,
        verify_edit,
    ),
    Offer(
        "compare_revisions",
        "Time two revisions in pairs: faster, slower, the same or inconclusive, with an interval. Without head: the "
        "working tree. It does not look at behaviour.",
        taken({"base": TEXT, "head": TEXT}, ("base",)),
        schemas.COMPARED,
        compare_revisions,
    ),
)


def offers(desk: Desk) -> dict[str, Offer]:
    """The tools by name. They take a workload where the user named none."""
    more = {} if desk.names_workloads else {"workload": WORKLOAD}
    return {
        each.name: replace(each, takes={**each.takes, "properties": {**each.takes["properties"], **more}})
        for each in OFFERS
    }
