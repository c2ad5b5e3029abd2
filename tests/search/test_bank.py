"""The pairs that llmopt brings along: each does the same before and after, and is found by the words of its trouble."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from llmopt.search import bank, nearest, patterns
from llmopt.search.bank import Pair
from llmopt.search.examples import pair_words

PAIRS = bank.pairs()


def _runner() -> ModuleType:
    """`benchmarks/bank.py`, which also measures the pairs."""
    path = Path(__file__).parents[2] / "benchmarks" / "bank.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_the_bank", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


runner = _runner()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_before_and_after_do_the_same_on_all_inputs(pair: Pair) -> None:
    if reason := runner.unavailable(pair):
        pytest.skip(reason)
    assert runner.check(pair) >= 2


WRONG = {
    "a value": "def unique(names):\n    return list(dict.fromkeys(names))[::-1]",
    "a type": "def unique(names):\n    return tuple(dict.fromkeys(names))",
    "an equal value": "def unique(names):\n    return [float(n) if n == 1 else n for n in dict.fromkeys(names)]",
    "an error": "def unique(names):\n    return list(dict.fromkeys(names)) if names else names[0]",
    "the arguments": "def unique(names):\n    found = list(dict.fromkeys(names))\n    names.clear()\n    return found",
}


@pytest.mark.parametrize("after", WRONG.values(), ids=WRONG)
def test_a_pair_that_differs_in_anything_is_found_out(after: str) -> None:
    pair = next(pair for pair in PAIRS if pair.call == "unique")
    with pytest.raises(runner.DifferenceError):
        runner.check(replace(pair, after=after))


def test_every_class_of_plan_has_pairs_and_titles_are_unique() -> None:
    assert len(PAIRS) >= 60
    assert len({pair.title for pair in PAIRS}) == len(PAIRS)
    assert {pair.kind for pair in PAIRS} == set(bank.KINDS.values())


def test_every_pair_was_measured_and_says_what_must_hold() -> None:
    assert [pair.title for pair in PAIRS if pair.gain is None] == []
    assert all(pair.holds.endswith(".") for pair in PAIRS)
    # What saves memory alone may cost some time, and says so.
    assert [pair.title for pair in PAIRS if pair.gain and pair.gain.ratio < 1 and "memory" not in pair.holds] == []


SYMPTOMS = {
    "for each word it asks whether it is in a list of banned words": "Membership in a list, tested in a loop",
    "compares every order with every customer in nested loops by id": "Two lists joined by comparing all pairs",
    "the regular expression is compiled again at each call of the function": "A pattern compiled in the function",
    "copies the whole configuration with deepcopy although nobody changes it": "A deep copy of what nobody changes",
    "takes jobs from the front of the queue with pop(0)": "Items taken from the front of a list",
    "recursion solves the same subproblems again": "Overlapping subproblems solved again",
    "sums of slices for range queries": "Sums of ranges added up anew",
    "sorts everything and takes the first n": "Sorting to take the first few",
    "strptime parses iso dates for each row": "A generic parser for a fixed date format",
    "numpy array visited element by element in a python loop": "A loop over the elements of an array",
    "one SQL query per id in a loop": "A query for each item",
    "slices of bytes are copied while parsing frames": "Bytes copied by every slice",
    "iterrows over the frame": "Rows of a frame one by one",
    "the lexer tries each pattern in turn at every position": "Names of alternatives tried in a tokenizer",
    "f-strings built for debug log messages that nobody reads": "Log text that nobody reads",
}


@pytest.mark.parametrize(("diagnosis", "title"), SYMPTOMS.items())
def test_a_diagnosis_in_words_finds_its_pair_first(diagnosis: str, title: str) -> None:
    scores = nearest.scores(nearest.words(diagnosis), pair_words())
    assert PAIRS[scores.index(max(scores))].title == title


def test_most_slow_codes_are_found_by_what_they_do() -> None:
    """By shapes and by what they call: the pairs' codes themselves are in no text that is searched."""
    found = 0
    for number, pair in enumerate(PAIRS):
        query = " ".join([nearest.doing(pair.before), *patterns.matching(pair.before)])
        scores = nearest.scores(nearest.words(query), pair_words())
        found += sum(score > scores[number] for score in scores) < 4
    assert found / len(PAIRS) > 0.75


def test_gains_that_are_kept_belong_to_pairs_that_there_are() -> None:
    assert set(bank._gains()) <= {pair.title for pair in PAIRS}
