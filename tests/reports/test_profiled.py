"""The profile on a terminal: on a narrow one sources are cut, and no number is."""

from __future__ import annotations

import io

import pytest

from llmopt.data import Function, Hotspot, LineCost
from llmopt.reports.profiled import hot_lines
from llmopt.reports.screen import Screen

SOURCE = ["def f(sessions):", "    for session in sessions:  # " + "a long line " * 20]


@pytest.mark.parametrize("hits", [0, 534_417, 12_345_678_901])
def test_a_long_line_takes_no_room_from_the_numbers(hits: int) -> None:
    spot = Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0, lines=(LineCost(2, hits, 0.094),))
    stream = io.StringIO()
    Screen(file=stream, width=80).print(hot_lines(spot, SOURCE))
    row = stream.getvalue().splitlines()[-1]
    assert row.split()[:5] == ["2", f"{hits:,}", "9.4", "%", "for"]
    assert len(row) <= 80
    assert "…" in row
