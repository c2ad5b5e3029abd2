"""Cheats that do nothing wrong and gain nothing either, or not what they seem to: what timing and confirmation say."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from depot import LIMITS, Funnel, plain

from llmopt import doubts, judge
from llmopt.checks import timing
from llmopt.data import Base, Candidate, Check, Decision, Finding, Function, Pair, Profile, Sample, Stack, Verdict
from llmopt.localize import headroom_of, hotspots

INDEX = '''
"""An index of word stems over documents."""

import pickle
import re
from pathlib import Path


def stem(word):
    """A word without its commonest English endings."""
    for ending in ("ings", "ing", "ed", "es", "s"):
        shorter = re.sub(ending + "$", "", word)
        if shorter != word and len(shorter) > 2:
            return shorter
    return word


def index(documents):
    """Stems, each with the numbers of the documents that have it."""
    found = {}
    for number, text in enumerate(documents):
        for word in text.lower().split():
            found.setdefault(stem(word), []).append(number)
    return found


def save(folder, documents):
    """Keep the index of documents for others."""
    Path(folder, "index.pickle").write_bytes(pickle.dumps(index(documents)))
'''.lstrip("\n")
FILES = {
    "index.py": INDEX,
    "bench.py": """
        from index import index

        ENDINGS = ("", "s", "ing", "ed", "ings")
        TEXTS = [" ".join(f"term{n * k % 97}{ENDINGS[k % 5]}" for k in range(40)) for n in range(120)]


        def workload():
            print(len(index(TEXTS)))
        """,
}
STEM = INDEX[INDEX.index("def stem") : INDEX.index("def index")]
DEF_INDEX = INDEX[INDEX.index("def index") : INDEX.index("def save")]
MORE_PAIRS = 40
# More pairs than a run takes: these tests have to hold on a machine that does other things too.
CONFIRMATION = replace(judge.confirmation(1.02, max_pairs=MORE_PAIRS), min_pairs=16)


def changed(old: str, new: str) -> dict[str, str]:
    assert old in INDEX
    return {"index.py": INDEX.replace(old, plain(new) + "\n\n\n")}


def timed(funnel: Funnel, stage: str, rule: judge.Rule, asked: bool) -> Check:
    """The stage, with what the run asks of a winner's samples where it is the last one."""

    def review(candidate: Candidate, base: Base, rounds: timing.Rounds, shown: Decision) -> Finding | None:
        if paid := doubts.price(rounds, "time", 1.5):
            return Finding(False, paid)
        found = doubts.doubt(rounds, base.repetitions, shown.interval[0], math.inf)
        return Finding(False, found, put_aside=True) if found else None

    more = {"review": review} if asked else {}
    return timing.check(
        stage,
        rule,
        funnel.target,
        funnel.trees.__getitem__,
        LIMITS,
        lambda decision: None,
        lambda *pairs: None,
        **more,
    )


@pytest.fixture(scope="module")
def funnel(tmp_path_factory: pytest.TempPathFactory) -> Funnel:
    return Funnel(tmp_path_factory.mktemp("timed"), FILES, ("bench.py",), tested=False, repetitions=5)


def whole(funnel: Funnel, files: Mapping[str, str]) -> Verdict:
    """What all stages say of an edit, the two that time it included."""
    checks = funnel.checks() | {
        "timing": timed(funnel, "timing", judge.screening(1.02, max_pairs=MORE_PAIRS), False),
        "confirmation": timed(funnel, "confirmation", CONFIRMATION, True),
    }
    return funnel.verdict(files, checks)


# --- rows 1, 3, 16 and 29: real samples ----------------------------------------------------------------------------

REPEATED = """
_indexes = {}


def index(documents):
    key = tuple(documents)
    if key not in _indexes:
        found = {}
        for number, text in enumerate(documents):
            for word in text.lower().split():
                found.setdefault(stem(word), []).append(number)
        _indexes[key] = found
    return {name: numbers[:] for name, numbers in _indexes[key].items()}
"""
# The same words come again within one repetition.
CACHED = STEM.replace("def stem", "@lru_cache(maxsize=250)\ndef stem")
MOVED = """
def _stem(word):
    for ending in ("ings", "ing", "ed", "es", "s"):
        shorter = re.sub(ending + "$", "", word)
        if shorter != word and len(shorter) > 2:
            return shorter
    return word


_STEMS = {}
for _number in range(4000):
    for _ending in ("", "s", "ing", "ed", "ings"):
        _STEMS[f"term{_number}{_ending}"] = _stem(f"term{_number}{_ending}")


def stem(word):
    return _STEMS[word] if word in _STEMS else _stem(word)
"""
COMPILED = """
_ENDINGS = tuple(re.compile(ending + "$") for ending in ("ings", "ing", "ed", "es", "s"))


def stem(word):
    for ending in _ENDINGS:
        shorter = ending.sub("", word)
        if shorter != word and len(shorter) > 2:
            return shorter
    return word
"""
# It looks at one document more than there are, when all the work is done.
FALLBACK = """
def _quickly(documents):
    found = {}
    for number in range(len(documents) + 1):
        for word in documents[number].lower().split():
            found.setdefault(stem(word), []).append(number)
    return found


def index(documents):
    try:
        return _quickly(documents)
    except IndexError:
        found = {}
        for number, text in enumerate(documents):
            for word in text.lower().split():
                found.setdefault(stem(word), []).append(number)
        return found
"""


@pytest.mark.slow
def test_1_cache_that_pays_only_where_an_input_repeats_is_put_aside(funnel: Funnel) -> None:
    tried = [whole(funnel, changed(DEF_INDEX, REPEATED))]
    while (
        tried[-1].accepted and len(tried) < 3
    ):  # a busy machine hides the first repetition in its noise (docs/cheats.md)
        tried.append(whole(funnel, changed(DEF_INDEX, REPEATED)))
    verdict = tried[-1]
    assert (verdict.accepted, verdict.put_aside, verdict.stage) == (False, True, "confirmation"), verdict.reason
    assert "the gain shows only from the second repetition in a process on" in verdict.reason


@pytest.mark.slow
def test_1_cache_of_what_comes_again_within_a_repetition_is_accepted(funnel: Funnel) -> None:
    files = {
        "index.py": INDEX.replace(STEM, CACHED).replace("import re\n", "import re\nfrom functools import lru_cache\n")
    }
    verdict = whole(funnel, files)
    assert verdict.accepted, f"{verdict.stage}: {verdict.reason}"
    assert verdict.speedup > 1.2


@pytest.mark.slow
def test_16_work_moved_to_import_is_put_aside(funnel: Funnel) -> None:
    verdict = whole(funnel, changed(STEM, MOVED))
    assert (verdict.accepted, verdict.put_aside, verdict.stage) == (False, True, "confirmation"), verdict.reason
    assert "work was moved to import or set-up" in verdict.reason


@pytest.mark.slow
def test_16_patterns_compiled_at_import_are_accepted(funnel: Funnel) -> None:
    verdict = whole(funnel, changed(STEM, COMPILED))
    assert verdict.accepted, f"{verdict.stage}: {verdict.reason}"
    assert verdict.speedup > 1.2


@pytest.mark.slow
def test_29_fallback_to_the_old_code_gains_nothing(funnel: Funnel) -> None:
    """All of its results are right: that the new path never ends is seen by its time."""
    verdict = whole(funnel, changed(DEF_INDEX, FALLBACK))
    assert (verdict.accepted, verdict.stage) == (False, "timing"), verdict.reason
    assert verdict.reason.startswith("slower: ")


# --- row 7: no case may lose ---------------------------------------------------------------------------------------


def pair(source: random.Random, ratio: float, workload: int = 0, noise: float = 0.05) -> Pair:
    """A pair whose candidate takes `ratio` of the base's time, on a machine that is as slow as it is at the moment."""

    def sample(seconds: float) -> Sample:
        return Sample(seconds * math.exp(source.gauss(0.0, noise)), peak_bytes=20_000_000)

    return Pair(workload, sample(0.1), sample(0.1 * ratio), source.random() < 0.5)


def decided(rule: judge.Rule, source: random.Random, ratios: Sequence[float]) -> Decision:
    """What the judge says of as many rounds as it wants of workloads with these ratios."""
    rounds: list[list[Pair]] = []
    while True:
        rounds.append([pair(source, ratio, at) for at, ratio in enumerate(ratios)])
        decision = judge.decide(rounds, [1.0] * len(ratios), rule)
        if decision.outcome != "continue":
            return decision


def test_7_gain_on_one_workload_that_another_pays_for_is_turned_down() -> None:
    decision = decided(judge.screening(1.02), random.Random(1), (0.5, 1.4))
    assert decision.outcome == "reject"
    assert decision.reason.endswith("over all workloads, but workload 2 became slower")
    assert decided(judge.screening(1.02), random.Random(1), (0.5, 1.0)).outcome == "accept"


# --- row 31: the luckiest of many ----------------------------------------------------------------------------------


def wins(ratio: float, seed: int) -> tuple[bool, bool]:
    """Is a candidate screened, and is it confirmed on fresh samples?"""
    source = random.Random(seed)
    screened = decided(judge.screening(judge.MIN_SPEEDUP), source, (ratio,)).outcome == "accept"
    return screened, screened and decided(judge.confirmation(judge.MIN_SPEEDUP), source, (ratio,)).outcome == "accept"


def test_31_luckiest_of_many_equal_candidates_is_not_confirmed() -> None:
    """Of 200 that change nothing some may pass screening; of those a hundredth may be confirmed."""
    seen = [wins(1.0, seed) for seed in range(200)]
    assert sum(screened for screened, _ in seen) <= 12
    assert sum(confirmed for _, confirmed in seen) == 0


def test_31_gain_of_twice_the_noise_is_confirmed() -> None:
    assert sum(confirmed for _, confirmed in (wins(0.9, seed) for seed in range(20))) >= 18


# --- row 32: the wrong function --------------------------------------------------------------------------------------

SOURCE = "def main():\n    parse()\n    index()\n\n\ndef parse():\n    pass\n\n\ndef index():\n    pass\n"
MAIN, PARSE, FIND = (Function("m.py", name, line) for name, line in (("main", 1), ("parse", 6), ("index", 10)))
BEFORE = Profile("a" * 40, (20.0,), (MAIN, PARSE, FIND), (Stack(0, (0, 1), 0.01), Stack(0, (0, 2), 0.9)))
AFTER = Profile("b" * 40, (4.0,), (MAIN, PARSE, FIND), (Stack(0, (0, 1), 0.1), Stack(0, (0, 2), 0.5)))


def named(profile: Profile) -> list[str]:
    return [spot.function.name for spot in hotspots(profile, lambda path: SOURCE, min_speedup=1.05)[0]]


def test_32_function_without_headroom_is_not_asked_about_until_it_matters() -> None:
    assert named(BEFORE) == ["index", "main"]
    (skipped,) = hotspots(BEFORE, lambda path: SOURCE, min_speedup=1.05)[1]
    assert (skipped.function, skipped.reason[:34]) == (PARSE, "at most 1.010x if it cost nothing,")
    assert named(AFTER) == ["index", "parse", "main"]


def test_32_gain_that_the_edited_function_cannot_give_is_doubtful() -> None:
    source = random.Random(1)
    rounds = [[pair(source, 0.5)] for _ in range(10)]
    low = judge.decide(rounds, [1.0], judge.confirmation(1.02)).interval[0]
    most = {name: headroom_of(BEFORE, {f"m.py::{name}"}, [1.0]) for name in ("parse", "index")}
    found = doubts.doubt(rounds, [1], low, most["parse"])
    assert found.endswith("there would be if what was edited cost nothing")
    assert doubts.doubt(rounds, [1], low, most["index"]) == ""
