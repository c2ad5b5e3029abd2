"""What a function calls: measured with shares of the run, libraries among it, and by name in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmopt.data import Tool
from llmopt.prompts import percent
from llmopt.search.tools.workshop import Told, Workshop, schema, source_of, spot_of

TOOL = Tool(
    "callees", "What a function (path::Class.method) calls, as measured and by name.", schema({"function": "string"})
)


def is_there(shop: Workshop) -> bool:
    return True


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    source = source_of(arguments["function"], shop)
    spot = spot_of(source, shop)
    rows = [f"callees of {source.key}"]
    rows += [f"measured: {each.key}, {percent(share)} of the run" for each, share in spot.callees] if spot else []
    named = dict.fromkeys(each for each in shop.code.used_by(source) if each.key != source.key)
    rows += [f"by name: {each.key} (lines {each.start} to {each.end})" for each in named]
    return Told("\n".join(rows if len(rows) > 1 else [*rows, "none of the repository"]))
