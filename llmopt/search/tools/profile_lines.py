"""The lines of a function with hits and shares of its time, as observed on the base, or in one more run of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmopt.data import Function, LineCost, Tool
from llmopt.prompts import percent
from llmopt.search.code import Source
from llmopt.search.tools.workshop import Told, ToolError, Workshop, schema, source_of, spot_of

TOOL = Tool(
    "profile_lines",
    "Hits and share of its time of each line of a function (path::Class.method) in the workload.",
    schema({"function": "string"}),
)


def is_there(shop: Workshop) -> bool:
    return True


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    source = source_of(arguments["function"], shop)
    spot = spot_of(source, shop)
    calls, costs = (spot.calls, spot.lines) if spot and spot.lines else _observed(source, shop)
    return Told("\n".join([f"{source.key}: {calls} calls", *_rows(source, costs)]))


def _observed(source: Source, shop: Workshop) -> tuple[int, tuple[LineCost, ...]]:
    if shop.observe is None:
        raise ToolError(f"the lines of {source.key} were not observed")
    file = shop.code.file(source.path)
    line = file.by_name[source.name].node.lineno if file else source.start
    detail = shop.observe(Function(source.path, source.name, line))
    if detail is None or not detail.lines:
        raise ToolError(f"no line of {source.key} ran in the workload, or none could be observed")
    return detail.calls, detail.lines


def _rows(source: Source, costs: Sequence[LineCost]) -> list[str]:
    known = {cost.line: cost for cost in costs}
    lines = enumerate(source.text.rstrip("\n").split("\n"), source.start)
    return [f"{_cost(known.get(number)):>18} | {line}" for number, line in lines]


def _cost(cost: LineCost | None) -> str:
    return f"{cost.hits}x {percent(cost.share)}" if cost and cost.hits else ""
