"""The sources of several functions and classes by their names: what a model lacks, in one call, without their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmopt.data import Tool
from llmopt.search.code import Source
from llmopt.search.tools.workshop import Told, ToolError, Workshop, schema, source_of

MOST = 20  # names in one call
CHARACTERS = 7_500  # of their sources: another call for the rest would send the whole conversation again

TOOL = Tool(
    "sources",
    f"Sources of functions and classes by name (Class.method, or path::Class.method), at most {MOST}, separated by "
    "commas.",
    schema({"names": "string"}),
    characters=CHARACTERS + 500,
)


def is_there(shop: Workshop) -> bool:
    return True


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    names = list(dict.fromkeys(name.strip() for name in arguments["names"].split(",") if name.strip()))
    if not 1 <= len(names) <= MOST:
        raise ToolError(f"names takes 1 to {MOST} names")
    found: dict[str, Source] = {}
    problems = []
    for name in names:
        try:
            source = source_of(name, shop)
            found[source.key] = source
        except ToolError as error:
            problems.append(str(error))
    if not found:
        raise ToolError("; ".join(problems))
    whole = [each for each in found.values() if not any(each.within(other) for other in _others(each, found))]
    return _told(whole, problems)


def _others(source: Source, found: Mapping[str, Source]) -> list[Source]:
    return [each for key, each in found.items() if key != source.key]


def _told(wanted: list[Source], problems: list[str]) -> Told:
    """The sources as far as they fit, one after the other; then what is not among them and why."""
    shown: dict[str, frozenset[int]] = {}
    texts, room = [], CHARACTERS
    for source in wanted:
        lines = list(_fitting(source, room))
        if len(lines) < source.end - source.start + 1:
            problems = [*problems, f"cut: {source.key}, lines {source.start + len(lines)} to {source.end}"]
        if lines:
            last = source.start + len(lines) - 1
            texts.append("\n".join([f"{source.key}, lines {source.start} to {last}:", *lines]))
            shown[source.path] = shown.get(source.path, frozenset()) | frozenset(range(source.start, last + 1))
            room -= len(texts[-1])
    return Told("\n\n".join([*texts, *problems]), shown)


def _fitting(source: Source, room: int) -> Iterator[str]:
    for line in source.text.rstrip("\n").split("\n"):
        room -= len(line) + 1
        if room < 0:
            return
        yield line
