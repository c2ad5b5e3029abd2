"""Who calls a function: measured with numbers of calls, and by name in the whole repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmopt.data import Caller, Function, Tool
from llmopt.prompts import percent
from llmopt.search import uses
from llmopt.search.tools.workshop import Told, Workshop, schema, source_of, spot_of

TOOL = Tool(
    "callers", "Who calls a function (path::Class.method), as measured and by name.", schema({"function": "string"})
)
NAMED = 30


def is_there(shop: Workshop) -> bool:
    return True


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    source = source_of(arguments["function"], shop)
    spot = spot_of(source, shop)
    function = Function(source.path, source.name, source.start)
    found = uses.find([function], shop.facts.files, shop.masks.original, shop.code)
    named = [each.key for each in (*found.callers.get(source.key, ()), *found.tests.get(source.key, ()))]
    rows = [f"callers of {source.key}"]
    if spot:
        rows += [f"measured: {key}, {calls} calls" for key, calls in spot.callers]
        rows += [f"above it: {_told(each)}" for each in spot.chain]
    rows += [f"by name: {key}" for key in named[:NAMED]]
    rows += [f"… {len(named) - NAMED} more by name"] if len(named) > NAMED else []
    return Told("\n".join(rows if len(rows) > 1 else [*rows, "none that were measured or are named"]))


def _told(caller: Caller) -> str:
    calls = "" if caller.calls is None else f", {caller.calls} calls"
    return f"{caller.function.key}, {percent(caller.share)} of the run{calls}"
