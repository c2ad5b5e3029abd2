"""JSON schemas of what the tools for agents take and give. What they give is what the commands print with `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
OR_NUMBER: Schema = {"type": ["number", "null"]}
BOUNDS: Schema = {"type": ["array", "null"], "items": OR_NUMBER, "minItems": 2, "maxItems": 2}
EVIDENCE: Schema = {"type": "object", "additionalProperties": TEXT}


def described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def taken(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """Arguments: nothing but these."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def given(properties: Mapping[str, Schema]) -> Schema:
    """A result: all of these, and later versions may say more."""
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def rows(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "array", "items": given(properties)}


HOT_FUNCTION: Mapping[str, Schema] = {
    "path": TEXT,
    "function": TEXT,
    "line": WHOLE,
    "self": described(NUMBER, "share of the run in its own frames, 0 to 1"),
    "with_libraries": NUMBER,
    "inclusive": described(NUMBER, "share of the run with all that it calls"),
    "calls": {"type": ["integer", "null"]},
    "headroom": described(NUMBER, "speedup of the run if it cost nothing: no edit of it can gain more"),
    "lines": rows({"line": WHOLE, "hits": WHOLE, "share": NUMBER}),
    "arguments": {"type": "object", "additionalProperties": TEXTS},
}
PROFILED = given(
    {
        "commit": TEXT,
        "seconds": {"type": "array", "items": NUMBER},
        "lines_by": TEXT,
        "notices": TEXTS,
        "functions": rows(HOT_FUNCTION),
        "skipped": rows({"function": TEXT, "reason": TEXT}),
    }
)
VERIFIED = given(
    {
        "accepted": YES_OR_NO,
        "stage": described(TEXT, "that decided"),
        "reason": TEXT,
        "speedup": OR_NUMBER,
        "interval": described(BOUNDS, "of the speedup, 95 %; null where nothing was timed"),
        "objective": TEXT,
        "level": {"enum": ["none", "output", "tests", "calls"]},
        "evidence": EVIDENCE,
        "put_aside": YES_OR_NO,
        "function": TEXT,
        "files": TEXTS,
        "out_of_bounds": rows({"path": TEXT, "reason": TEXT}),
        "base": TEXT,
        "run": TEXT,
        "sandbox": TEXT,
        "notices": TEXTS,
        "seconds": NUMBER,
    }
)
COMPARED = given(
    {
        "verdict": {"enum": ["faster", "slower", "same", "inconclusive"]},
        "speedup": NUMBER,
        "interval": BOUNDS,
        "pairs": WHOLE,
        "workloads": rows({"name": TEXT, "verdict": TEXT, "speedup": NUMBER, "interval": BOUNDS, "pairs": WHOLE}),
        "objective": TEXT,
        "reason": TEXT,
        "stopped": TEXT,
        "sandbox": TEXT,
        "notices": TEXTS,
        "seconds": NUMBER,
    }
)
