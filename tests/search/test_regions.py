"""Functions on one chain of calls make one region, those of separate chains separate ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmopt.data import Caller, Function, Hotspot, Region
from llmopt.search.regions import LEAVES, gain, headroom, regions, together


def spot(name: str, own: float, inclusive: float, *callers: str) -> Hotspot:
    """`callers` nearest first."""
    chain = tuple(Caller(Function("m.py", caller, 1), inclusive) for caller in callers)
    return Hotspot(Function("m.py", name, 1), 2, own, own, inclusive, 2.0, chain=chain)


MAIN, STEP = spot("main", 0.0, 0.9), spot("step", 0.01, 0.8, "main")
LEAF, OTHER = spot("leaf", 0.5, 0.5, "step", "main", "workload"), spot("other", 0.2, 0.2, "step", "main", "workload")
ALONE = spot("alone", 0.1, 0.1, "workload")


def names(found: object) -> list[list[str]]:
    return [[each.function.name for each in region.functions] for region in found]  # type: ignore[attr-defined]


def test_the_chain_goes_from_the_outermost_caller_to_the_leaf_without_what_is_not_known() -> None:
    (region,) = regions([LEAF], [MAIN, STEP, LEAF])
    assert names([region]) == [["main", "step", "leaf"]]
    assert (region.focus, region.share) == (LEAF, 0.51)


def test_leaves_with_the_same_callers_share_a_region_and_others_have_their_own() -> None:
    found = regions([ALONE, OTHER, LEAF, STEP], [MAIN, STEP, LEAF, OTHER, ALONE])
    assert names(found) == [["main", "step", "other", "leaf"], ["alone"]]
    assert [region.share for region in found] == pytest.approx([0.71, 0.1])


def test_a_common_main_function_alone_does_not_join_long_chains() -> None:
    load, parse = spot("load", 0.0, 0.3, "main"), spot("parse", 0.0, 0.3, "load", "main")
    token = spot("token", 0.3, 0.3, "parse", "load", "main")
    assert names(regions([LEAF, token], [MAIN, STEP, load, parse])) == [
        ["main", "step", "leaf"],
        ["main", "load", "parse", "token"],
    ]


def test_a_region_holds_only_so_many_leaves() -> None:
    many = [spot(f"leaf{n}", 0.1 - n / 1000, 0.1, "main") for n in range(LEAVES + 2)]
    assert [len(region.functions) for region in regions(many, [MAIN])] == [LEAVES + 1, 3]


def test_short_regions_are_joined_as_far_as_they_fit_and_share_what_is_in_both() -> None:
    on_both = spot("on_both", 0.1, 0.1)
    one, two = Region((MAIN, LEAF, on_both), LEAF, 0.6), Region((MAIN, OTHER, on_both), OTHER, 0.3)
    alone = Region((ALONE,), ALONE, 0.1)
    sizes = {"main": 0, "leaf": 50, "other": 30, "on_both": 10, "alone": 20}

    def joined(most: int) -> tuple[Region, ...]:
        return together([one, two, alone], lambda each: sizes[each.function.name], most)

    assert joined(59) == (one, two, alone)
    assert names(joined(80)) == [["main", "leaf", "on_both", "alone"], ["main", "other", "on_both"]]
    (whole,) = joined(110)
    assert whole.focus == LEAF
    assert whole.share == pytest.approx(0.9)


def test_gain_halves_with_every_question_and_headroom_is_finite() -> None:
    (region,) = regions([LEAF], [])
    assert gain(region, 0) == pytest.approx(2 * gain(region, 1))
    assert headroom(region) == pytest.approx(2.0)
    assert headroom(replace(region, share=1.0)) == pytest.approx(1000)
