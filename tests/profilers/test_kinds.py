"""Merging described values."""

from __future__ import annotations

from llmopt.profilers.kinds import merge


def test_numbers_of_one_kind_become_a_range() -> None:
    kinds = {
        "list[int] len 3": 1,
        "list[int] len 1200": 2,
        "list[str] len 4": 1,
        "int 7": 1,
        "int -3": 1,
        "int of 90 bits": 1,
    }
    assert dict(merge(kinds)) == {
        "list[int] len 3..1200": 3,
        "int -3..7": 2,
        "int of 90 bits": 1,
        "list[str] len 4": 1,
    }


def test_most_frequent_kind_is_first_and_rare_ones_are_summed() -> None:
    merged = merge({f"Class{i}": i for i in range(1, 10)})
    assert merged[0] == ("Class9", 9)
    assert merged[-1] == ("…", 1 + 2 + 3)
    assert len(merged) == 7


def test_shapes_stay_apart() -> None:
    kinds = {"ndarray float64 (3, 2)": 1, "ndarray float64 (4, 2)": 2}
    assert merge(kinds) == (("ndarray float64 (4, 2)", 2), ("ndarray float64 (3, 2)", 1))
