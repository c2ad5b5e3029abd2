"""The sources of several functions and classes by their names, in one call, without the inside of long docstrings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmopt.data import Tool
from llmopt.search import dossier
from llmopt.search.code import Source
from llmopt.search.tools.workshop import Told, ToolError, Workshop, schema, source_of

MOST = 20  # names in one call
CHARACTERS = 10_000  # of their sources: another call for the rest would send the whole conversation again

TOOL = Tool(
    "sources",
    f"Sources of functions and classes by name (Class.method, or path::Class.method), at most {MOST}, separated by "
    f"commas; {CHARACTERS} characters in all, the shortest first.",
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
    every = found.values()
    whole = [each for each in every if not any(each.within(other) for other in every if other is not each)]
    return _told(whole, problems, shop)


def _told(wanted: list[Source], problems: list[str], shop: Workshop) -> Told:
    """The sources as far as they fit, the shortest first: a long one would leave many without room. Then what is not
    among them and why."""
    shown: dict[str, frozenset[int]] = {}
    texts, room = [], CHARACTERS
    for source in sorted(wanted, key=lambda each: len(each.text)):
        lines = source.text.split("\n")
        numbers = dossier.body_lines(source, shop.code)
        fitting = list(_fitting(lines, [number - source.start for number in numbers], room))
        if len(fitting) < len(numbers):
            problems = [*problems, f"cut: {source.key}, lines {numbers[len(fitting)]} to {source.end}"]
        if fitting:
            last = source.start + fitting[-1]
            text = dossier.joined(lines[: fitting[-1] + 1], [place + 1 for place in fitting])
            texts.append(f"{source.key}, lines {source.start} to {last}:\n{text.rstrip()}")
            lines_of_file = frozenset(source.start + place for place in fitting)
            shown[source.path] = shown.get(source.path, frozenset()) | lines_of_file
            room -= len(texts[-1])
    return Told("\n\n".join([*texts, *problems]), shown)


def _fitting(lines: list[str], places: list[int], room: int) -> Iterator[int]:
    for place in places:
        room -= len(lines[place]) + 1
        if room < 0:
            return
        yield place
