"""Lines of a Python file of the repository, as they are but for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from llmopt.data import Tool
from llmopt.search.tools.workshop import SUGGESTED, Told, ToolError, Workshop, schema

LINES = 120  # where no last line is named
CHARACTERS = 3_600

TOOL = Tool(
    "read",
    f"Lines first to last of a Python file of the repository, at most {CHARACTERS} characters of them.",
    schema({"path": "string"}, first="integer", last="integer"),
)


def is_there(shop: Workshop) -> bool:
    return True


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    path = arguments["path"]
    if path not in shop.facts.files:
        raise ToolError(_unknown(path, shop))
    lines = shop.masks.as_sent(path).split("\n")
    lines = lines[:-1] if not lines[-1] else lines
    first = min(max(arguments.get("first", 1), 1), max(len(lines), 1))
    last = min(max(arguments.get("last", first + LINES - 1), first), len(lines))
    fitting = _fitting(lines, first, last)
    more = f"; as far as {CHARACTERS} characters go" if fitting < last else ""
    text = "\n".join([f"{path}, lines {first} to {fitting} of {len(lines)}{more}:", *lines[first - 1 : fitting]])
    return Told(text, {path: frozenset(range(first, fitting + 1))})


def _fitting(lines: list[str], first: int, last: int) -> int:
    """The last line that fits."""
    size = 0
    for number in range(first, last + 1):
        size += len(lines[number - 1]) + 1
        if size > CHARACTERS:
            return max(first, number - 1)
    return last


def _unknown(path: str, shop: Workshop) -> str:
    name = PurePosixPath(path).name
    like = [each for each in shop.facts.files if name and PurePosixPath(each).name == name][:SUGGESTED]
    return f"the repository has no Python file {path[:100]!r}" + (f"; it has {', '.join(like)}" if like else "")
