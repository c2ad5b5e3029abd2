"""An open session and its profile in; what a model or an agent may ask about the hot code before it edits, out."""

from __future__ import annotations

from dataclasses import replace

from llmopt import stages
from llmopt.data import Call, Function, Region
from llmopt.errors import UsageError
from llmopt.events import View
from llmopt.jobs import profile
from llmopt.reports.profiled import Profiled
from llmopt.search import ask, regions, tools
from llmopt.search.tools.workshop import ToolError, source_of
from llmopt.session import Session


def asking(opened: Session, view: View, known: Profiled | None) -> tuple[Profiled, ask.Asking]:
    """The profile, `known` or taken now, and what answers questions about it."""
    found = profile.run(opened, view, known)
    return found, stages.questions(opened, found.base, stages.nobody, ask.Memory())


def dossier(found: Profiled, asking: ask.Asking, function: str) -> str:
    """What a model would be told of the hot region that a function is in; "" stands for the hottest one.

    Secrets are masked, and what the user excludes is not in it. UsageError where the function is not hot.
    """
    region = region_of(found, asking, function)
    thread = ask.Thread(1, region, asking.base, asking.hotspots)
    text = ask.opened(thread, (), replace(asking, first="dossier")).messages[1].text
    return asking.masks.hide(text)


def region_of(found: Profiled, asking: ask.Asking, function: str) -> Region:
    """The region a function is in."""
    every = regions.regions(found.functions, asking.hotspots)
    if not every:
        raise UsageError("no function of this repository could gain enough", "name a workload that uses it more")
    if not function:
        return every[0]
    key = key_of(asking, function)
    for region in every:
        if key in region.keys:
            return replace(region, focus=next(spot for spot in region.functions if spot.function.key == key))
    hot = ", ".join(spot.function.key for spot in found.functions[:5])
    raise UsageError(f"{key} is not hot on this workload", f"hot are: {hot}")


def key_of(asking: ask.Asking, function: str) -> str:
    """The whole name of a function that is named in part."""
    assert asking.shop is not None
    try:
        source = source_of(function, asking.shop)
    except ToolError as unknown:
        raise UsageError(unknown.message) from None
    return Function(source.path, source.name, source.start).key


def use(asking: ask.Asking, tool: str, arguments: str) -> str:
    """What one of the tools for models gives; ToolError where it gives nothing."""
    assert asking.shop is not None
    return tools.given(Call("", tool, arguments), asking.shop).text
