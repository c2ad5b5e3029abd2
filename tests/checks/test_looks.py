"""What is replayed first, and how often the base runs again."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from llmopt.checks import replays
from llmopt.checks.looks import Look, both
from llmopt.checks.replays import Expected, Runs

CHANGED = [["list", 0, []], ["dict", 1, []]]


def given(name: str, seconds: float = 0.001, /, **more: Any) -> dict[str, Any]:
    plain = {"id": name, "path": "a.py", "name": "f", "derived": "", "branch": "", "seconds": seconds}
    return {**plain, "module": "a", "arguments": dumped(()), **more}


def dumped(value: object) -> str:
    return base64.b64encode(pickle.dumps(((value,), {}), 4)).decode()


def result(value: int, arguments: object = ("unchanged",)) -> dict[str, Any]:
    call = {"outcome": ["returned", value], "arguments": [*arguments] if isinstance(arguments, tuple) else arguments}
    return {"calls": [["the call", call]]}


class FakeRuns:
    """Runs that answer from a table, and remember which inputs were asked for, and which of them in full."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[list[str], list[str]]] = []

    def replay(self, inputs: Sequence[Mapping[str, Any]], seeds: Sequence[str]) -> dict[str, Any]:
        active = [each for each in inputs if not each.get("idle")]
        self.asked.append(([each["id"] for each in active], [each["id"] for each in active if each.get("full")]))
        return {seed: {each["id"]: self.answers[each["id"]] for each in active} for seed in seeds}


NAMES = ("r0", "r1", "r2", "r3")


def look(got: Mapping[str, Any] | None = None, **options: Any) -> tuple[FakeRuns, FakeRuns, Look]:
    results = {name: result(0) for name in NAMES}
    base, candidate = FakeRuns(results), FakeRuns({**results, **(got or {})})
    expected = Expected(inputs=tuple(given(name) for name in NAMES), results=results)
    return base, candidate, Look(cast(Runs, base), cast(Runs, candidate), expected, **options)


def test_the_base_does_not_run_while_nothing_differs() -> None:
    base, candidate, looked = look()
    (seen,) = looked.under(("0",))
    assert [seen.pair(name) for name in NAMES] == [(result(0), result(0))] * 4
    assert (base.asked, candidate.asked) == ([], [([*NAMES], [])])


def test_the_base_runs_again_up_to_the_first_difference_and_then_once_for_all() -> None:
    base, _, looked = look({"r1": result(1)})
    (seen,) = looked.under(("0",))
    seen.again("r1")
    seen.again("r0")
    assert base.asked == [(["r0", "r1"], [])]
    seen.again("r2")
    seen.again("r3")
    assert base.asked == [(["r0", "r1"], []), ([*NAMES], [])]


def test_a_first_look_has_the_base_beside_the_candidate() -> None:
    base, _, looked = look({"r1": result(1)}, names=("r1", "r2"), at_once=True)
    (seen,) = looked.under(("2",))
    seen.again("r2")
    assert base.asked == [(["r1", "r2"], [])]


def test_inputs_whose_arguments_one_of_the_two_changed_are_looked_at_in_full_by_both() -> None:
    base, candidate, looked = look({"r1": result(0, CHANGED)})
    (seen,) = looked.under(("0",))
    assert seen.pair("r1") == (result(0), result(0, CHANGED))
    assert base.asked == [(["r0", "r1"], ["r1"])]
    assert candidate.asked[1:] == base.asked


def test_calls_in_a_row_get_the_same_other_arguments_in_a_first_look() -> None:
    inputs = [given("r0"), *(given(f"h{at}", hold=True) for at in range(3)), given("hx", hold=True, name="g")]
    chosen = replays.only(inputs, ["h1", "r0"])
    assert [(each["id"], bool(each.get("idle"))) for each in chosen] == [("r0", False), ("h1", False), ("h2", True)]
    assert [each["id"] for each in replays.only(inputs, ["h2"])] == ["h2"]


def test_the_cheap_ones_of_different_kinds_are_looked_at_first() -> None:
    budget = {**replays.EARLY[0], "recorded": (3, 0.05)}
    inputs = [
        given("dear", 0.06, branch="b"),
        *(given(f"r{at}", 0.010 + at / 1e6, branch="a") for at in range(9)),
        given("other", 0.015, branch="c"),
        given("derived", derived="argument 1: 0"),
        given("held", hold=True),
    ]
    assert replays.cheapest(inputs, budget) == ["r0", "other", "r1", "held", "derived"]


def test_arguments_that_import_another_package_are_not_looked_at_first() -> None:
    plain = [given(f"r{at}", arguments=dumped([at, "numpy.core", "array"])) for at in range(3)]
    own = given("own", module=replays.__name__, arguments=dumped(replays.Bounds()))
    foreign = given("foreign", module="json", arguments=dumped([replays.Bounds(), replays.Bounds()]))
    assert replays.at_home([foreign, own, *plain]) == [own, *plain]
    assert replays.at_home([foreign]) == [foreign]


def test_what_one_of_two_raises_is_raised_once_both_are_done() -> None:
    done = []

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        both(fail, lambda: done.append(1))
    assert done == [1]
