"""How much the evidence of a verdict shows, and what is missing, from the texts that the checks leave."""

from __future__ import annotations

import pytest

from llmopt import evidence

OUTPUT = {"output": "1 of 1 workloads print and return the same"}
TESTS = {**OUTPUT, "tests": "5 tests passed as before, 1 unstable or failing left out"}
CALLS = {**TESTS, "calls": "312 recorded calls of 2 functions and 940 derived inputs agree"}
RAN = {**CALLS, "coverage": "14 of 16 changed lines executed"}

REACHED = {
    "nothing ran": ({}, "none"),
    "only the guard": ({"files": "a.py", "syntax": "12ab"}, "none"),
    "output": (OUTPUT, "output"),
    "tests": (TESTS, "tests"),
    "calls": (CALLS, "calls"),
    "calls and coverage": (RAN, "calls"),
    "output that differs from run to run": ({"output": "0 of 2 workloads print and return the same"}, "none"),
    "no tests": ({**OUTPUT, "tests": "none"}, "output"),
    "tests where the output differs": ({**TESTS, "output": "0 of 1 workloads print and return the same"}, "tests"),
    "no function changed": ({**TESTS, "calls": "none: no function changed"}, "tests"),
    "no call recorded": ({**TESTS, "calls": "0 recorded calls of 0 functions and 0 derived inputs agree"}, "tests"),
    "no changed line ran": ({**CALLS, "coverage": "0 of 16 changed lines executed"}, "tests"),
    "no line to run": ({**CALLS, "coverage": "no changed line has code of its own"}, "calls"),
    "lines not known": ({**CALLS, "coverage": "not known: a changed file cannot be compiled"}, "calls"),
    "calls without tests": ({**OUTPUT, "tests": "none", "calls": CALLS["calls"]}, "calls"),
}


@pytest.mark.parametrize("name", REACHED)
def test_level_is_the_highest_that_compared_something(name: str) -> None:
    given, level = REACHED[name]
    assert evidence.level(given) == level


LINES = {
    "calls (5 tests, 312 recorded calls, 940 derived inputs, 1 of 1 workloads print and return the same; "
    "14 of 16 changed lines executed)": RAN,
    "tests (5 tests, 1 of 1 workloads print and return the same)": TESTS,
    "tests (5 tests, 1 of 1 workloads print and return the same; 3 functions not covered)": {
        **TESTS,
        "calls": "0 recorded calls of 0 functions and 0 derived inputs agree (3 functions not covered: f (generator))",
    },
    "none": {"files": "a.py"},
}


@pytest.mark.parametrize("line", LINES)
def test_line_has_the_figures_of_what_was_compared_and_the_gaps(line: str) -> None:
    assert evidence.line(LINES[line]) == line


def test_enough_evidence_lacks_nothing() -> None:
    for least in evidence.LEVELS:
        assert evidence.shortfall(CALLS, least) == ""
    assert evidence.shortfall({}, "none") == ""


LACKING = {
    "no recorded call of the edit was compared (none: no function changed)": (
        {**TESTS, "calls": "none: no function changed"},
        "calls",
    ),
    "no recorded call of the edit was compared": (TESTS, "calls"),
    "none of the changed lines ran (0 of 16 changed lines executed)": (
        {**CALLS, "coverage": "0 of 16 changed lines executed"},
        "calls",
    ),
    "no tests ran": ({**OUTPUT, "tests": "none"}, "tests"),
    "no workload prints the same on every run": ({}, "output"),
}


@pytest.mark.parametrize("why", LACKING)
def test_too_little_evidence_names_what_is_missing(why: str) -> None:
    given, least = LACKING[why]
    reached = evidence.level(given)
    assert evidence.shortfall(given, least) == f"the evidence reaches {reached}, {least} is required: {why}"
