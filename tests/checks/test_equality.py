"""Two descriptions compared: what is a difference, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmopt.checks import equality
from llmopt.checks.equality import Rules

RAISED = ["raised", "builtins.ValueError", "no", [["str", "no"]], None, "raise"]


def result(outcome: Any, **more: Any) -> dict[str, Any]:
    seen = {"outcome": outcome, "arguments": ["unchanged"], "warnings": [], "logs": [], "printed": ["", ""]}
    seen["files"] = []
    return {"numbered": 3, "calls": [["the call", {**seen, "random": "", "process": {}, **more}]]}


def returned(node: Any, **more: Any) -> dict[str, Any]:
    return result(["returned", node], **more)


DIFFERENT = [
    (1, True, "result", "1 (int)", "True (bool)"),
    (1, ["float", "0x1.0000000000000p+0"], "result", "1", "1.0"),
    (["float", "0x0.0p+0"], ["float", "-0x0.0p+0"], "result", "0.0", "-0.0"),
    (["str", "a"], ["bytes", "61"], "result", "'a'", "b'a'"),
    (None, ["float", "nan"], "result", "None", "nan"),
    (["list", 5, [1, 2]], ["tuple", [1, 2]], "result", "[1, 2]", "(1, 2)"),
    (["list", 5, [1, 2]], ["list", 5, [1, 3]], "result[1]", "2 (int)", "3 (int)"),
    (["list", 5, [1, 2]], ["list", 5, [1]], "result", "2 elements", "1 elements"),
    (["list", 5, [1]], ["list", 2, [1]], "result (identity)", "a new object", "of the arguments itself"),
    (
        ["tuple", [["list", 5, []], ["list", 6, []]]],
        ["tuple", [["list", 5, []], ["ref", 5]]],
        "result[1] (identity)",
        "another object",
        "met before",
    ),
    (["dict", 5, [[["str", "a"], 1]]], ["dict", 5, [[["str", "a"], 2]]], "result['a']", "1", "2"),
    (["dict", 5, [[1, 1]]], ["dict", 5, [[True, 1]]], "result (a key)", "1", "True"),
    (["object", 5, "m.C", None, [["n", 1]]], ["object", 5, "m.C", None, [["n", 2]]], "result.n", "1", "2"),
    (["object", 5, "m.C", None, []], ["object", 5, "m.C", None, [["n", 2]]], "result.n", "no such attribute", "2"),
    (["object", 5, "m.C", None, [["_n", 1]]], ["object", 5, "m.C", None, []], "result._n", "1", "no such attribute"),
    (["lambda", 5, "m.<lambda>", "aa", []], ["lambda", 5, "m.<lambda>", "bb", []], "result", "code aa", "code bb"),
]


@pytest.mark.parametrize(("before", "after", "where", "expected", "got"), DIFFERENT)
def test_the_first_difference_is_told(before: Any, after: Any, where: str, expected: str, got: str) -> None:
    found = equality.first_difference(returned(before), returned(after), Rules())
    assert found is not None
    assert found.where == where
    assert expected in found.expected
    assert got in found.got


SAME = [
    (["list", 5, [["ref", 5]]], ["list", 9, [["ref", 9]]]),
    (["object", 5, "m.C", None, []], ["object", 5, "m.C", None, [["_cache", ["dict", 6, []]]]]),
    (["float", "nan"], ["float", "nan"]),
    (["set", 5, [1, 2]], ["set", 7, [1, 2]]),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_new_objects_and_private_caches_are_no_difference(before: Any, after: Any) -> None:
    assert equality.first_difference(returned(before), returned(after), Rules()) is None


def test_floats_are_exact_unless_a_tolerance_is_given() -> None:
    before, after = (returned(["float", each.hex()]) for each in (0.3, 0.1 + 0.2))
    assert equality.first_difference(before, after, Rules())
    assert equality.first_difference(before, after, Rules(tolerance=1e-9)) is None
    assert equality.first_difference(returned(["float", "nan"]), after, Rules(tolerance=1e-9))


def test_arrays_are_compared_with_the_tolerance_too() -> None:
    def array(digest: str, value: float) -> dict[str, Any]:
        shown = [digest, [repr(value)], [value.hex()]]
        return returned(["array", 5, "numpy.ndarray", "<f8", [1], True, *shown])

    assert equality.first_difference(array("a", 0.3), array("b", 0.1 + 0.2), Rules())
    assert equality.first_difference(array("a", 0.3), array("b", 0.1 + 0.2), Rules(tolerance=1e-9)) is None
    assert equality.first_difference(array("a", 0.3), array("b", 0.4), Rules(tolerance=1e-9))


def implied(kind: str, text: str) -> dict[str, Any]:
    return result(["raised", f"builtins.{kind}", text, [["str", text]], None, "implied"])


def test_messages_of_operations_count_only_for_recorded_calls() -> None:
    before, after = implied("TypeError", "+=: int and str"), implied("TypeError", "+: int and str")
    assert equality.first_difference(before, after, Rules())
    assert equality.first_difference(before, after, Rules(derived=True)) is None
    assert equality.first_difference(before, implied("AttributeError", "x"), Rules(derived=True)) is None
    assert equality.first_difference(before, implied("ValueError", "x"), Rules(derived=True))


def test_messages_of_raise_statements_always_count() -> None:
    other = [*RAISED[:2], "not so", [["str", "not so"]], *RAISED[4:]]
    found = equality.first_difference(result(RAISED), result(other), Rules(derived=True))
    assert found == equality.Difference("exception", "ValueError: no", "ValueError: not so")
    assert equality.first_difference(result(RAISED), returned(None), Rules()) == equality.Difference(
        "result", "ValueError: no", "None"
    )


SIDE_EFFECTS = [
    ({"warnings": [["builtins.UserWarning", "w"]]}, "warnings", "builtins.UserWarning w"),
    ({"logs": [["m", "INFO", "text", None]]}, "log records", "m INFO text"),
    ({"printed": ["out", ""]}, "what is printed", "out"),
    ({"files": ["<tree>/data"]}, "folders that files are written to", "<tree>/data"),
    ({"random": "abc"}, "random numbers taken", "state abc"),
    ({"process": {"threads": "2"}}, "settings of the process", "threads: 2"),
    ({"arguments": [["tuple", []], ["dict", 1, []]]}, "arguments after the call", "changed"),
]


@pytest.mark.parametrize(("effect", "where", "got"), SIDE_EFFECTS)
def test_side_effects_are_compared(effect: dict[str, Any], where: str, got: str) -> None:
    found = equality.first_difference(returned(1), returned(1, **effect), Rules())
    assert found is not None
    assert (found.where, found.got) == (where, got)


FORGED = [
    {},
    {"calls": None},
    {"calls": [["the call", {}]]},
    {"calls": [["the call", None]]},
    {"calls": [["the call", {"outcome": []}]]},
    {"calls": [["the call", {"outcome": ["returned"]}]]},
    {"calls": "all fine", "numbered": "many"},
    {"ended": "took longer than 2 s"},
    {"problem": ["no"]},
    returned(["list", "5", None]),
    returned(["list"]),
    returned(["object", 5, "m.C", None, None]),
    returned(json.loads("[" * 500 + "]" * 500)),
]


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_no_description_is_a_difference(forged: dict[str, Any]) -> None:
    for node in (["list", 5, [1]], ["object", 5, "m.C", None, [["n", 1]]]):
        found = equality.first_difference(returned(node), forged, Rules())
        assert found is not None
        assert isinstance(found.expected + found.got, str)
