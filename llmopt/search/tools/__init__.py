"""A model's call of a tool in, a bounded text without secrets out. One file a tool; all only look, none changes a file.

What a tool gives is data from the repository, as what the dossier shows: it stands in a fence that it cannot end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from llmopt.data import Call, Tool
from llmopt.errors import BudgetError, LlmoptError
from llmopt.prompts import fenced
from llmopt.search.tools import callees, callers, profile_lines, read, run, search, sources, try_edit
from llmopt.search.tools.workshop import Told, ToolError, ToolFile, Workshop, checked

__all__ = ["TOOLS", "Told", "Workshop", "given", "offered", "refused", "use"]

TOOLS: Mapping[str, ToolFile] = {
    "sources": sources,
    "read": read,
    "search": search,
    "callers": callers,
    "callees": callees,
    "profile_lines": profile_lines,
    "run": run,
    "try_edit": try_edit,
}
LINE = 300  # characters of the answer to a call that gives nothing


def offered(shop: Workshop) -> tuple[Tool, ...]:
    """The tools that work here."""
    return tuple(tool.TOOL for tool in TOOLS.values() if tool.is_there(shop))


def use(call: Call, shop: Workshop) -> Told:
    """What the tool gives, or one line of why it gives nothing. BudgetError passes: that ends the run."""
    try:
        told = given(call, shop)
    except BudgetError:
        raise
    except LlmoptError as error:
        return Told(fenced(refused(error, shop), "text"))
    return replace(told, text=fenced(told.text, "text"))


def refused(error: LlmoptError, shop: Workshop) -> str:
    """Why a call gives nothing, in one line without secrets."""
    return _masked(" ".join(str(error).split())[:LINE], shop)


def given(call: Call, shop: Workshop) -> Told:
    """What the tool gives, bounded and without secrets; LlmoptError where it gives nothing."""
    tool = TOOLS.get(call.name)
    if tool is None or not tool.is_there(shop):
        names = ", ".join(each.name for each in offered(shop))
        raise ToolError(f"there is no tool {call.name[:50]!r}: there are {names}")
    told = tool.answer(checked(call, tool.TOOL), shop)
    return replace(told, text=bounded(_masked(told.text, shop), tool.TOOL.characters))


def _masked(text: str, shop: Workshop) -> str:
    return shop.masks.hide(shop.masks.without_excluded(text))


def bounded(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head = 2 * most // 3
    return f"{text[:head]}\n… cut: {len(text) - most} characters …\n{text[head - most :]}"
