"""What the first stages of the funnel say of an edit: whether it behaves the same, and about how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmopt import edits
from llmopt.data import Tool, Verdict
from llmopt.errors import EditError
from llmopt.search.tools.workshop import Told, ToolError, Workshop, schema

TOOL = Tool(
    "try_edit",
    "Try edits, written as in an answer: applied, compared, tested and timed in a few pairs. Nothing is kept.",
    schema({"edits": "string"}),
    body="edits",
)
EVIDENCE = 1_500  # characters of each piece
UNKNOWN = ("syntax", "files")  # evidence that tells a model nothing


def is_there(shop: Workshop) -> bool:
    return shop.attempt is not None


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    if shop.attempt is None:
        raise ToolError("nothing can be tried here")
    try:
        parsed = edits.parse(arguments["edits"])
        files = shop.masks.restore(edits.apply(parsed, shop.masks.as_sent, shop.shown))
    except EditError as error:
        return Told(f"the edits do not apply: {error}")
    return Told(_text(shop.attempt(files)))


def _text(verdict: Verdict) -> str:
    head = "it passes" if verdict.accepted else f'turned down at the stage "{verdict.stage}": {verdict.reason}'
    pieces = [(name, text.strip()) for name, text in verdict.evidence.items() if name not in UNKNOWN and text.strip()]
    return "\n".join([head, *(f"{name}: {_bounded(text)}" for name, text in pieces)])


def _bounded(text: str) -> str:
    return text if len(text) <= EVIDENCE else f"{text[: EVIDENCE // 3]}\n…\n{text[-2 * EVIDENCE // 3 :]}"
