"""Exact numbers on hand-built profiles."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from llmopt.data import Caller, Detail, Function, LineCost, Observed, Profile, Stack
from llmopt.errors import EditError
from llmopt.localize import LARGEST_HEADROOM, below, headroom, headroom_of, hotspots, is_code

SOURCE = """\
def main():
    middle()

def middle():
    leaf()

@cache
def leaf():
    re.sub()

def cold():
    pass
"""
MAIN, MIDDLE, LEAF, COLD = (
    Function("pkg/m.py", "main", 1),
    Function("pkg/m.py", "middle", 4),
    Function("pkg/m.py", "leaf", 8),
    Function("pkg/m.py", "cold", 11),
)
LIBRARY = Function("/usr/lib/python3.11/re.py", "sub", 9)
TEST = Function("tests/test_m.py", "test_all", 3)
FUNCTIONS = (MAIN, MIDDLE, LEAF, LIBRARY, TEST, COLD)


def read(path: str) -> str:
    if path != "pkg/m.py":
        raise EditError(f"no {path}")
    return SOURCE


def profile(*stacks: Stack, workloads: int = 1, details: tuple[Detail, ...] = ()) -> Profile:
    return Profile("c0ffee", (1.0,) * workloads, FUNCTIONS, stacks, details)


NESTED = profile(
    Stack(0, (4, 0, 1, 2, 3), 0.5),  # test > main > middle > leaf > re.sub
    Stack(0, (4, 0, 1, 2), 0.125),
    Stack(0, (4, 0, 1), 0.125),
    Stack(0, (4, 0, 5), 0.0625),
)


def test_shares_headroom_and_ends_are_exact() -> None:
    found, _ = hotspots(NESTED, read, min_speedup=1.03)
    numbers = {
        hotspot.function.name: (hotspot.self_share, hotspot.own_share, hotspot.inclusive_share, hotspot.end_line)
        for hotspot in found
    }
    assert numbers == {
        "leaf": (0.125, 0.625, 0.625, 9),
        "middle": (0.125, 0.125, 0.75, 5),
        "cold": (0.0625, 0.0625, 0.0625, 12),
        "main": (0.0, 0.0, 0.8125, 2),
    }
    assert [hotspot.function.name for hotspot in found] == ["leaf", "middle", "cold", "main"]
    assert [hotspot.headroom for hotspot in found] == pytest.approx([1 / 0.375, 4, 1 / 0.9375, 1 / 0.1875])


def test_chain_names_the_callers_nearest_first_and_callees_their_part() -> None:
    found, _ = hotspots(NESTED, read, min_speedup=1.03)
    leaf, middle = found[0], found[1]
    assert leaf.chain == (Caller(MIDDLE, 0.75), Caller(MAIN, 0.8125), Caller(TEST, 0.8125))
    assert leaf.callees == ((LIBRARY, 0.5),)
    assert middle.callees == ((LEAF, 0.625),)


def test_chain_follows_the_heavier_caller() -> None:
    two = profile(Stack(0, (0, 2), 0.2), Stack(0, (1, 2), 0.3), Stack(0, (4, 0, 2), 0.05))
    leaf = next(h for h in hotspots(two, read, min_speedup=1.0)[0] if h.function == LEAF)
    assert leaf.chain == (Caller(MIDDLE, 0.3),)


def test_recursion_counts_once_a_stack() -> None:
    found, _ = hotspots(profile(Stack(0, (0, 2, 1, 2, 1, 2), 0.5)), read, min_speedup=1.03)
    shares = {hotspot.function.name: (hotspot.own_share, hotspot.inclusive_share) for hotspot in found}
    assert shares == {"leaf": (0.5, 0.5), "middle": (0.0, 0.5), "main": (0.0, 0.5)}
    leaf = found[0]
    assert leaf.chain == (Caller(MAIN, 0.5),)
    assert leaf.callees == ((MIDDLE, 0.5),)


def test_function_that_could_not_reach_the_speedup_is_skipped_with_its_reason() -> None:
    found, skipped = hotspots(NESTED, read, min_speedup=1.1)
    assert "cold" not in {hotspot.function.name for hotspot in found}
    (one,) = skipped
    assert one.function == COLD
    assert one.headroom == pytest.approx(1 / 0.9375)
    assert one.reason == "at most 1.067x if it cost nothing, below the 1.100x that is worth a try"


def test_headroom_at_the_bound_is_kept() -> None:
    found, skipped = hotspots(profile(Stack(0, (2,), 0.5)), read, min_speedup=2.0)
    assert ([hotspot.headroom for hotspot in found], skipped) == ([2.0], [])


def test_workloads_combine_by_weight_shares_linearly_and_headroom_geometrically() -> None:
    two = profile(Stack(0, (2,), 0.5), Stack(1, (2,), 0.75), workloads=2)
    equal = hotspots(two, read, min_speedup=1.0)[0][0]
    assert equal.own_share == 0.625
    assert equal.headroom == pytest.approx(8**0.5)  # 2x and 4x
    weighted = hotspots(two, read, min_speedup=1.0, weights=(3.0, 1.0))[0][0]
    assert weighted.own_share == 0.5625
    assert weighted.headroom == pytest.approx((2**3 * 4) ** 0.25)


def test_workload_without_the_function_limits_its_headroom() -> None:
    two = profile(Stack(0, (2,), 0.96), Stack(1, (0,), 1.0), workloads=2)
    leaf = next(h for h in hotspots(two, read, min_speedup=1.0)[0] if h.function == LEAF)
    assert leaf.headroom == pytest.approx(5.0)  # 25x and 1x


def test_function_that_is_the_whole_run_has_a_finite_headroom() -> None:
    assert headroom([1.0], [1.0]) == pytest.approx(LARGEST_HEADROOM)
    assert headroom([1.0000001], [1.0]) == pytest.approx(LARGEST_HEADROOM)


def test_module_level_and_generated_code_are_skipped_with_a_reason() -> None:
    functions = (Function("pkg/m.py", "<module>", 1), Function("pkg/m.py", "made", 77), Function("pkg/x.py", "f", 1))
    made = Profile("c0ffee", (1.0,), functions, tuple(Stack(0, (i,), 0.25) for i in range(3)))
    found, skipped = hotspots(made, read, min_speedup=1.03)
    assert found == []
    assert {one.function.name: one.reason for one in skipped} == {
        "<module>": "runs at module level, not in a function",
        "made": "not found in the source of its file",
        "f": "not found in the source of its file",
    }


def test_only_targets_are_hotspots() -> None:
    found, skipped = hotspots(NESTED, read, min_speedup=1.03, is_target=lambda path: path == "nothing")
    assert (found, skipped) == ([], [])


def test_details_come_along() -> None:
    lines = (LineCost(9, 4, 1.0),)
    arguments = (Observed("x", ("int 1..3",), (4,)),)
    known = profile(*NESTED.stacks, details=(Detail(LEAF.key, 4, lines, arguments),))
    leaf, middle = hotspots(known, read, min_speedup=1.03)[0][:2]
    assert (leaf.calls, leaf.lines, leaf.arguments) == (4, lines, arguments)
    assert (middle.calls, middle.lines) == (None, ())


@pytest.mark.parametrize(
    "path",
    [
        "pkg/core.py",
        "src/pkg/core.py",
        "core.py",
        "pkg/testing/tools.py",
        "src/build/env.py",
        "pkg/tasks.py",
        "latest.py",
    ],
)
def test_product_code_is_code(path: str) -> None:
    assert is_code(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "tests/test_core.py",
            "pkg/tests/helpers.py",
            "pkg/test_core.py",
            "conftest.py",
            "pkg/conftest.py",
            "setup.py",
        ),
        *("benchmarks/bench.py", "bench_core.py", "docs/conf.py", "examples/demo.py", "pkg/core.pyx", "<string>"),
        *("/usr/lib/python3/re.py", ".venv/lib/python3.11/site-packages/re/sub.py", "workload.py", "pkg/core_test.py"),
    ],
)
def test_other_files_are_not_code(path: str) -> None:
    assert not is_code(path)


def test_what_the_users_folder_lies_in_is_not_held_against_a_file() -> None:
    assert not is_code("examples/logstats/logstats/stats.py")
    assert is_code("examples/logstats/logstats/stats.py", "examples/logstats")
    assert not is_code("examples/logstats/tests/test_stats.py", "examples/logstats")


# --- what an edit of some functions could give -------------------------------------------------------------------


def test_headroom_of_several_functions_counts_their_stacks_once_and_errs_on_the_large_side() -> None:
    sampled = replace(NESTED, seconds=(40.0,))
    leaf, both = (headroom_of(sampled, keys, [1.0]) for keys in ({LEAF.key}, {LEAF.key, MIDDLE.key}))
    assert 1 / (1 - 0.625) < leaf < 1.15 / (1 - 0.625)
    assert 1 / (1 - 0.75) < both < 1.2 / (1 - 0.75)
    assert headroom_of(NESTED, {LEAF.key}, [1.0]) > leaf  # a short profile knows its shares less well


def test_headroom_of_nearly_everything_has_no_bound() -> None:
    assert headroom_of(NESTED, {MAIN.key, COLD.key, LEAF.key, TEST.key}, [1.0]) > 7
    assert headroom_of(profile(Stack(0, (0,), 0.99)), {MAIN.key}, [1.0]) == math.inf


def test_headroom_of_nothing_is_next_to_none() -> None:
    assert 1 < headroom_of(NESTED, set(), [1.0]) < 1.03


def test_what_runs_below_a_function_is_all_that_it_leads_to_in_the_repository() -> None:
    assert below(NESTED, {"pkg/m.py::middle"}) == {"pkg/m.py::leaf"}
    assert below(NESTED, {"pkg/m.py::main"}) == {"pkg/m.py::middle", "pkg/m.py::leaf", "pkg/m.py::cold"}
    assert below(NESTED, {"pkg/m.py::leaf", "pkg/m.py::unknown"}) == frozenset()
