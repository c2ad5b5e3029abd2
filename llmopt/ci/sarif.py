"""A result in, SARIF 2.1.0 out, for GitHub's code scanning and other viewers of findings.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from llmopt import output
from llmopt.ci import suggestions
from llmopt.ci.result import Result, Suggestion
from llmopt.reports import words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ABOUT = "https://github.com/llmopt/llmopt"
RULES = {
    "slower": ("warning", "The workload is slower than before the change, beyond noise."),
    "fails": ("error", "A workload fails that ran before the change."),
    "faster": ("note", "Faster code is known that passed the tests and was measured."),
}
Json = dict[str, Any]


def text(result: Result) -> str:
    return json.dumps(document(result), indent=1) + "\n"


def document(result: Result) -> Json:
    """One run of the tool."""
    driver = {
        "name": "llmopt",
        "version": result.llmopt,
        "informationUri": ABOUT,
        "rules": [
            {"id": name, "shortDescription": {"text": said}, "defaultConfiguration": {"level": level}}
            for name, (level, said) in RULES.items()
        ],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(_results(result))}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _results(result: Result) -> Iterator[Json]:
    if result.broken:
        yield _found("fails", result.guard_problem, "fails", [])
    if result.guard and result.guard.is_slower:
        grown = [each for each in result.hot if each.touched and (each.head_seconds or 0) > (each.base_seconds or 0)]
        said = " ".join(result.guard.lines)
        yield _found("slower", said, "slower", [_location(each.path, each.line, each.line) for each in grown[:10]])
    for each in (each for group in (result.search.groups if result.search else ()) for each in group):
        yield _faster(each, result)


def _faster(each: Suggestion, result: Result) -> Json:
    assert result.search is not None
    edits = [edit for edit in result.search.kept if edit.number in each.edits]
    said = "; ".join(f"{words.first_line(edit.plan) or edit.function} ({edit.speedup})" for edit in edits)
    found = _found("faster", said, suggestions.name(each), [_location(each.path, each.start, each.end)])
    return {**found, "fixes": [_fix(each)]}


def _found(rule: str, said: str, name: str, locations: list[Json]) -> Json:
    return {
        "ruleId": rule,
        "ruleIndex": list(RULES).index(rule),
        "level": RULES[rule][0],
        "message": {"text": output.one_line(said) or RULES[rule][1]},
        "locations": locations,
        "partialFingerprints": {"llmopt/v1": sha256(f"{rule} {name}".encode()).hexdigest()},
    }


def _location(path: str, start: int, end: int) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": _file(path),
            "region": {"startLine": start, "endLine": max(start, end)},
        }
    }


def _file(path: str) -> Json:
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}


def _fix(each: Suggestion) -> Json:
    """Whole lines: from the first column to that of the line behind."""
    region = {"startLine": each.start, "startColumn": 1, "endLine": each.end + 1, "endColumn": 1}
    new = "".join(f"{line}\n" for line in each.new)
    replacement = {"deletedRegion": region, "insertedContent": {"text": new}}
    return {"artifactChanges": [{"artifactLocation": _file(each.path), "replacements": [replacement]}]}
