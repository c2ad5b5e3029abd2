"""What a snippet prints, run by the target's interpreter in the sandbox, in a copy of the base's tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmopt.data import Tool
from llmopt.search.tools.workshop import Told, ToolError, Workshop, schema

TOOL = Tool(
    "run",
    "Run a Python snippet of at most 10 s in the sandbox, in a copy of the repository; gives what it prints.",
    schema({"code": "string"}),
    body="code",
)

FENCED = re.compile(r"\s*(?P<mark>```+|~~~+) ?\w*\n(?P<inside>.*?)(?:\n(?P=mark)\s*)?", re.DOTALL)


def is_there(shop: Workshop) -> bool:
    return shop.run is not None


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    if shop.run is None:
        raise ToolError("nothing confines a snippet here")
    code = arguments["code"]
    fenced = FENCED.fullmatch(code)  # as models write code, also where nothing but code can stand
    ran = shop.run(fenced["inside"] if fenced else code)
    ended = "ended for its time" if ran.timed_out else f"exit code {ran.exit_code}"
    if ran.exceeded:
        ended = f"ended for more than {ran.exceeded}"
    parts = [ran.stdout.rstrip(), ran.stderr.rstrip(), f"({ended} after {ran.wall_seconds:.2f} s)"]
    return Told("\n".join(filter(None, parts)))
