"""Where the time went between two profiles, in shares of the run before."""

from __future__ import annotations

import pytest

from llmopt.data import Function, Hotspot
from llmopt.search.moved import moved


def spot(name: str, own: float) -> Hotspot:
    return Hotspot(Function("m.py", name, 1), 2, own, own, own, 1.0)


def test_shares_after_are_scaled_to_the_run_before() -> None:
    rows = moved([spot("f", 0.8), spot("g", 0.1), spot("tiny", 0.01)], [spot("g", 0.4), spot("new", 0.5)], 4.0)
    assert [(row.key, row.before, row.after) for row in rows] == [
        ("m.py::f", 0.8, 0.0),
        ("m.py::new", 0.0, pytest.approx(0.125)),
        ("m.py::g", 0.1, pytest.approx(0.1)),
    ]
