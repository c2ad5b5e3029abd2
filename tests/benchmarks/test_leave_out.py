"""Leaving parts of a request out: each pattern takes its own part of a real request, and answers are scored."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from llmopt.models import transcript

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "repos"))
import leave_out

REPOS = Path(leave_out.__file__).parent
HEADINGS = {
    "the workload": "## The workload, as the user runs it",
    "who else relies on it": "## Who else relies on it",
    "the way to it": "The way to it, outermost first",
    "what was measured": "## What was measured",
    "shapes and similar edits": "Shapes seen in it that are often slow",
}


@pytest.fixture(scope="module")
def request_text() -> str:
    first = transcript.load(REPOS / "transcripts" / "sqlglot_filters.jsonl")[0]
    return "\n\n".join(message.text for message in first.messages)


def test_every_part_is_taken_out_of_a_real_request_and_the_others_stay(request_text: str) -> None:
    for part, heading in HEADINGS.items():
        text = leave_out.without(request_text, leave_out.PARTS[part])
        assert heading in request_text
        assert heading not in text
        inside = {"the way to it"} if part == "what was measured" else set()
        assert all(other in text for name, other in HEADINGS.items() if name not in {part, *inside})
        assert "## The sources" in text
        assert "## What to answer" in text


def test_tools_are_not_offered_where_one_answer_is_all_there_is(request_text: str) -> None:
    text = request_text
    for begins in leave_out.TOOLS:
        text = leave_out.without(text, begins)
    assert "What stands above is usually all" in request_text
    assert "What stands above is usually all" not in text


def test_the_table_has_a_row_for_each_part_and_says_why_an_answer_counts_as_one() -> None:
    lines = [
        {"task": "a", "part": "nothing", "speedup": 4.0, "why": ""},
        {"task": "b", "part": "nothing", "speedup": 1.0, "why": "2 tests lost, 0 inputs differ"},
        {"task": "a", "part": "the workload", "speedup": 2.0, "why": ""},
    ]
    rows = leave_out.table(lines)
    assert rows[0] == "| left out | `a` | `b` | beside the whole request |"
    assert rows[2] == "| nothing | 4.00x | 1 (2 tests lost, 0 inputs differ) | 1.00 |"
    assert rows[3] == "| the workload | 2.00x |  | 0.50 |"
