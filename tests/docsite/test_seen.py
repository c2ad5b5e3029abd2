"""Outputs with measured figures that pages show are in all their words those of a run today."""

from __future__ import annotations

from pathlib import Path

import generate
import pytest
import seen

PAGES = {page.name: page.read_text(encoding="utf-8") for page in generate.pages(generate.ROOT)}
SHOWN = [(page, each) for page, text in PAGES.items() for each in seen.outputs(text)]
DOCTOR = ("ok   tests: 5 pass in 1.2 s", "ok   limits: memory for each command, by control groups")


def compared(place: str, folder: Path) -> None:
    """Every output that a page shows of a place is what the command prints in it."""
    outputs = [(page, each) for page, each in SHOWN if each.place == place]
    assert outputs
    for page, each in outputs:
        printed = generate.printed(each.command, folder).splitlines()
        assert not seen.missing(each.lines, printed), f"{page}: `{each.command}`; `python docsite/seen.py {place}`"


def test_what_is_shown_of_the_example_is_printed_today() -> None:
    with seen.place("logstats") as folder:
        compared("logstats", folder)


@pytest.mark.slow
@pytest.mark.thorough
def test_what_the_tutorial_shows_is_printed_by_who_follows_it() -> None:
    with seen.place("tabulate") as folder:
        compared("tabulate", folder)


def test_each_is_in_a_place_that_a_test_makes() -> None:
    assert {each.place for _, each in SHOWN} == {"logstats", "tabulate"}
    assert len(SHOWN) == sum(text.count("<!-- seen in ") for text in PAGES.values())


@pytest.mark.parametrize(
    "printed",
    [
        ("ok   tests: 5 pass in 900.3 ms", "ok   limits: each process, by RLIMIT_AS"),
        ("ok   tests: 5 pass in 1 min 2 s", "warn limits: none here"),
    ],
)
def test_what_is_measured_and_what_the_machine_can_do_is_not_compared(printed: tuple[str, ...]) -> None:
    assert seen.missing(DOCTOR, printed) == []
    assert [*seen.measured(DOCTOR, printed)] == [printed[0], DOCTOR[1]]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (DOCTOR, ("ok   tests: 6 pass in 1.2 s", DOCTOR[1])),
        (DOCTOR, ("ok   tests: 5 passed in 1.2 s", DOCTOR[1])),
        (DOCTOR, DOCTOR[:1]),
        (DOCTOR[:1], DOCTOR),
        ((" m.py::f  26 %  26 %  3  1.34x", seen.LEFT_OUT), (" m.py::f  25 %  25 %  4  1.33x", "more")),
    ],
)
def test_other_words_other_counts_and_lines_that_are_not_there_are_found(
    shown: tuple[str, ...], printed: tuple[str, ...]
) -> None:
    assert seen.missing(shown, printed)


def test_lines_may_be_left_out_where_it_is_said() -> None:
    assert not seen.missing((DOCTOR[0], seen.LEFT_OUT), DOCTOR)
