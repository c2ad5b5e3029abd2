"""What the tools of a model have to work with: the files of one base without secrets, its profile, and what may run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from llmopt.data import Call, Detail, Function, Hotspot, Ran, Tool, Verdict
from llmopt.errors import LlmoptError
from llmopt.search.code import Code, Source
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks

LONGEST_TEXT = 20_000  # characters of one argument
SUGGESTED = 5  # names in an answer to a wrong one

Shown = Mapping[str, frozenset[int]]


class ToolError(LlmoptError):
    """A call that gives nothing; the model reads why, in one line."""


@dataclass(frozen=True)
class Told:
    """What a tool says, and which lines of the base's files the text shows as they are."""

    text: str
    shown: Shown = field(default_factory=dict)


@dataclass(frozen=True)
class Workshop:
    """`shown` are the lines of the base that the conversation has shown so far.

    What runs something is None where it may not: `run` a snippet beside the base's code, `attempt` new texts of files
    in the first stages of the funnel, `observe` the calls and lines of a function. All may raise LlmoptError.
    """

    masks: Masks
    facts: Facts
    code: Code
    hotspots: tuple[Hotspot, ...] = ()
    shown: Shown = field(default_factory=dict)
    run: Callable[[str], Ran] | None = None
    attempt: Callable[[Mapping[str, str]], Verdict] | None = None
    observe: Callable[[Function], Detail | None] | None = None


class ToolFile(Protocol):
    """What each file of a tool has; `is_there` says whether the workshop has what it needs."""

    TOOL: Tool

    def answer(self, arguments: Mapping[str, Any], shop: Workshop) -> Told: ...
    def is_there(self, shop: Workshop) -> bool: ...


def schema(required: Mapping[str, str], **optional: str) -> dict[str, Any]:
    """The JSON schema of an object whose members have these types."""
    properties = {name: {"type": kind} for name, kind in {**required, **optional}.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def checked(call: Call, tool: Tool) -> dict[str, Any]:
    """The arguments of a call as its schema wants them; ToolError where they are not so. Others are left out."""
    wanted = tool.schema["properties"]
    takes = f"{tool.name} takes {', '.join(wanted)}"
    try:
        given = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        raise ToolError(f"the arguments are not JSON: {takes}") from None
    if not isinstance(given, dict):
        raise ToolError(f"the arguments are no object: {takes}")
    if missing := [name for name in tool.schema["required"] if given.get(name) is None]:
        raise ToolError(f"{missing[0]} is missing: {takes}")
    return {name: _value(name, given[name], wanted[name]["type"]) for name in wanted if given.get(name) is not None}


def _value(name: str, given: object, kind: str) -> object:
    if kind == "integer":
        text = str(given)
        if isinstance(given, bool) or not re.fullmatch(r"-?\d{1,18}", text):
            raise ToolError(f"{name} is no whole number")
        return int(text)
    if not isinstance(given, str):
        raise ToolError(f"{name} is no text")
    if len(given) > LONGEST_TEXT:
        raise ToolError(f"{name} is longer than {LONGEST_TEXT} characters")
    return given


def source_of(wanted: str, shop: Workshop) -> Source:
    """The function that "path::Class.method" or a part of its name means, a hot one first, then "Class.method" before
    "Outer.Class.method"; ToolError for none. The end of a path will do where no file has it as its whole path."""
    path, _, name = wanted.strip().rpartition("::")
    files = [*(spot.function.path for spot in shop.hotspots), *shop.facts.files]
    if path:
        files = [each for each in files if each == path] or [each for each in files if each.endswith(f"/{path}")]
    found = list(_named(name, files, shop, below=not path))
    keys = {spot.function.key for spot in shop.hotspots}
    found = [each for each in found if each.key in keys] or found
    found = [each for each in found if "." in name and each.name == name] or found
    if not found:
        raise ToolError(f"the repository has no function {wanted[:100]!r}: name it as path::Class.method")
    if len(found) > 1:
        raise ToolError(f"{wanted[:100]!r} may be {', '.join(each.key for each in found[:SUGGESTED])}")
    return found[0]


def _named(name: str, files: Sequence[str], shop: Workshop, *, below: bool) -> Iterator[Source]:
    """The functions and classes of that name, and with `below` those whose name ends with it."""
    last = name.rpartition(".")[2]
    if not last.isidentifier():
        return
    known = frozenset(shop.facts.files)
    for each in dict.fromkeys(files):
        if each not in known or not _defines(each, last, shop):
            continue
        file = shop.code.file(each)
        for full, definition in file.by_name.items() if file else ():
            if full == name or (below and full.endswith(f".{name}")):
                yield Source(each, full, definition.start, definition.end, definition.text(file.lines))  # type: ignore[union-attr]


def _defines(path: str, name: str, shop: Workshop) -> bool:
    """A quick look, before a file is searched for secrets and parsed."""
    try:
        text = shop.masks.original(path)
    except LlmoptError:
        return False
    return f"def {name}" in text or f"class {name}" in text


def spot_of(source: Source, shop: Workshop) -> Hotspot | None:
    return next((spot for spot in shop.hotspots if spot.function.key == source.key), None)
