"""Real tasks: how a run is scored, that every task is whole, and that one small task goes from archive to score."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "repos"))
import builds
import run
import scores
import tasks
from scores import Expert, Measured, Result

TWICE = Measured(2.0, (1.9, 2.1), 8, 1.0)
FOURFOLD = Measured(4.0, (3.8, 4.2), 8, 1.0)
KEPT = Result("t", "m", FOURFOLD, TWICE, tried=3, kept=1, requests=2, input_tokens=10, output_tokens=5, seconds=60.0)


def test_ratio_is_the_share_of_the_experts_speedup() -> None:
    assert KEPT.ratio == 0.5
    assert replace(KEPT, measured=replace(FOURFOLD, speedup=8.0)).ratio == 2.0


@pytest.mark.parametrize("wrong", [{"broken": ("test_a",)}, {"differing": 1}])
def test_a_wrong_result_counts_as_the_unmodified_code(wrong: dict[str, Any]) -> None:
    result = replace(KEPT, **wrong)
    assert not result.right
    assert (result.speedup, result.ratio) == (1.0, 0.25)


def test_a_run_that_kept_nothing_is_right_and_not_faster() -> None:
    result = replace(KEPT, measured=None, kept=0)
    assert result.right
    assert result.ratio == 0.25
    assert scores.summary([result]).faster == 0


def test_a_result_that_is_slower_is_not_clipped() -> None:
    assert replace(KEPT, measured=replace(TWICE, speedup=0.5)).ratio == 0.125


def test_means_are_of_ratios() -> None:
    results = [replace(KEPT, measured=replace(TWICE, speedup=speedup)) for speedup in (1.0, 4.0, 16.0)]
    found = scores.summary(results)
    assert found.geometric == pytest.approx(1.0)
    assert found.harmonic == pytest.approx(3 / (4 + 1 + 0.25))
    assert found.median == 1.0
    assert found.as_expert == pytest.approx(2 / 3)
    assert found.right == 1.0


def test_no_results_have_no_summary() -> None:
    with pytest.raises(ValueError):
        scores.summary([])


def test_results_and_experts_come_back_from_their_lines() -> None:
    unbounded = replace(
        KEPT, broken=("a", "b"), settings=("--attempts", "2"), measured=replace(TWICE, interval=(0.0, float("inf")))
    )
    for result in (unbounded, replace(KEPT, measured=None)):
        assert scores.result_from(json.loads(json.dumps(scores.to_line(result)))) == result
    expert = Expert("t", FOURFOLD, ("a",), 3)
    assert scores.expert_from(json.loads(json.dumps(scores.to_line(expert)))) == expert


def test_the_last_result_of_a_task_counts_for_each_model() -> None:
    again, other = replace(KEPT, kept=2), replace(KEPT, model="n")
    assert scores.last_of_each([KEPT, other, again]) == {"m": [again], "n": [other]}


def test_a_test_that_fails_or_is_missing_is_lost() -> None:
    base = {"a": "passed", "b": "passed", "c": "failed", "d": "skipped", "e": "passed"}
    assert scores.lost_tests(base, {"a": "passed", "b": "failed", "c": "failed"}) == ("b", "e")


def test_the_table_says_what_is_wrong() -> None:
    lines = list(scores.result_table([KEPT, replace(KEPT, broken=("x",), differing=4)]))
    assert "| t | 2.00x [1.90, 2.10] | 4.00x | 0.50 | as before | as before | 1 of 3 | 2 | 10 / 5 | 60 |" in lines
    assert "| 0.25 | 1 broken | 4 differ |" in lines[3]
    assert "2 tasks" in lines[-1]
    assert "right 50%" in lines[-1]


def test_outcomes_are_read_from_a_report() -> None:
    report = (
        "<testsuites><testsuite><testcase classname='m' name='a'/>"
        "<testcase classname='m' name='b'><failure/></testcase>"
        "<testcase classname='m' name='c'><skipped/></testcase><testcase classname='m' name='d'><error/></testcase>"
        "</testsuite></testsuites>"
    )
    assert run.outcomes(report) == {"m::a": "passed", "m::b": "failed", "m::c": "skipped", "m::d": "failed"}


def test_what_follows_two_dashes_is_the_tools() -> None:
    arguments = run.parsed(["a", "b", "--model", "rules", "--", "--max-time", "5m"])
    assert (arguments.tasks, arguments.options) == (["a", "b"], ("--max-time", "5m"))
    assert run.parsed(["a"]).options == ()


# --- the tasks themselves --------------------------------------------------------------------------------------


def test_every_task_is_whole() -> None:
    known = tasks.load()
    assert len(known) >= 12
    assert len({task.package for task in known.values()}) >= 5
    for task in known.values():
        assert task.workload.is_file()
        assert "def case(rng):" in task.check.read_text()
        assert task.before.requirement.partition("==")[0].lower() == task.after.requirement.partition("==")[0].lower()
        assert len(task.before.sha256) == len(task.after.sha256) == 64


def test_every_task_has_a_measured_expert_that_is_right_and_faster() -> None:
    experts = {line["task"]: scores.expert_from(line) for line in map(json.loads, run.EXPERTS.read_text().splitlines())}
    assert experts.keys() == tasks.load().keys()
    for expert in experts.values():
        assert expert.measured.interval[0] > 1
        assert not expert.broken
        assert not expert.differing


def test_results_quote_the_saved_figures() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    for line in run.expert_table():
        assert line in text


# --- from archive to score -------------------------------------------------------------------------------------


ANSWER = """Small primes first: what is left is mostly so small that its own table of primes is short.

FUNCTION: more_itertools/recipes.py::factor
```python
def factor(n):
    for prime in sieve(min(math.isqrt(n) + 1, 400)):
        while not n % prime:
            yield prime
            n //= prime
    if n == 1:
        return
    for prime in sieve(math.isqrt(n) + 1):
        while not n % prime:
            yield prime
            n //= prime
    if n > 1:
        yield n
```
"""


def answer(folder: Path, over: threading.Event) -> None:
    """Give every request in the folder the same answer, as a person would save it."""
    while not over.wait(0.5):
        for request in folder.glob("*-request.md"):
            reply = request.with_name(request.name.replace("request", "reply"))
            if not reply.exists():
                reply.write_text(ANSWER)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_a_small_task_goes_from_the_archive_to_a_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = replace(tasks.load()["more_itertools_factor"], tests=("tests/test_recipes.py", "-k", "Factor or Sieve"))
    try:
        place = builds.built(task, tmp_path)
    except builds.subprocess.CalledProcessError:
        pytest.skip("the package cannot be downloaded")
    monkeypatch.setattr(run, "MEDIUM", ("--max-time", "8m", "--attempts", "1", "--no-rules", "--function", "factor"))
    over, replies = threading.Event(), tmp_path / "replies"
    answering = threading.Thread(target=answer, args=(replies, over))
    answering.start()
    try:
        result = run.score(place, run.parsed(["--model", f"manual:{replies}", "--cases", "30"]))
    finally:
        over.set()
        answering.join()
    assert result.right
    assert result.kept == 1
    assert result.expert.interval[0] > 5
    assert 1.1 < result.speedup < result.expert.speedup
    assert result.input_tokens > 100
    (run_folder,) = (place.folder / "runs").iterdir()
    assert history(run_folder / "checkout")[-1] == "Begin"
    candidate = run_folder / "candidate"
    assert not run.differences(place, candidate, 30)
    recipes = candidate / "more_itertools" / "recipes.py"
    recipes.write_text(recipes.read_text().replace("if n == 1:\n        return", "if n < 900:\n        return"))
    scored = run.score_folder(place, run.parsed(["--score", str(candidate), "--name", "by hand", "--cases", "30"]))
    assert scored.model == "by hand"
    assert scored.measured is not None
    assert scored.differing
    assert scored.broken


def history(repository: Path) -> list[str]:
    """The subjects of all commits that can be reached, the newest first."""
    line = ["git", "log", "--all", "--format=%s"]
    return builds.subprocess.run(line, cwd=repository, check=True, capture_output=True, text=True).stdout.splitlines()
