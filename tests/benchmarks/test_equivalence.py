"""The study of equivalence: which mistakes it makes of an edit, how verdicts count, what is asked again, the tables."""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "equivalence"))
import mutants
import pace
import packages
import places
import study
import tables
import trials

OLD = "def f(x):\n    nothing\n"


def lines_made(line: str, around: str = "def f(x):\n    {}\n") -> dict[str, set[str]]:
    """What becomes of a line, by operator."""
    found: dict[str, set[str]] = {}
    for each in mutants.of(OLD, around.format(line), 100, seed=1):
        found.setdefault(each.operator, set()).add(each.after)
    return found


@pytest.mark.parametrize(
    ("line", "operator", "expected"),
    [
        ("return a < b", "comparison", {"return (a <= b)", "return (a > b)"}),
        ("return a is b", "comparison", {"return (a is not b)", "return (a == b)"}),
        ("return a + b", "calculation", {"return (a - b)"}),
        ("a += b", "assignment", {"a = b"}),
        ("return not a", "not", {"return a"}),
        ("if a: b()", "not", {"if not (a): b()"}),
        ("return a and b", "and, or", {"return (a or b)"}),
        ("return a and b", "condition dropped", {"return a", "return b"}),
        ("return a if b else c", "branches swapped", {"return (c if b else a)"}),
        ("return 5", "plus one", {"return 6"}),
        ("return 0", "minus one", {"return (-1)"}),
        ("return True", "constant", {"return False"}),
        ("return ''", "constant", {"return 'XX'"}),
        ("return a", "result dropped", {"return None"}),
        ("g(a, b)", "swapped", {"g(b, a)"}),
        ("sorted(a, key=k)", "keyword dropped", {"sorted(a)"}),
        ("return d.get(a, b)", "argument dropped", {"return d.get(a)"}),
        ("return sorted(a)", "list for sorted", {"return list(a)"}),
        ("return list(a)", "no copy", {"return a"}),
        ("return a.copy()", "no copy", {"return a"}),
        ("g(a)", "statement dropped", {"pass"}),
        ("return a[1:n]", "slice bound", {"return a[1 + 1:n]", "return a[:n]", "return a[1:n + 1]", "return a[1:]"}),
        ("return [a for a in b if a]", "condition dropped", {"return [a for a in b]"}),
        ("return [a]", "container", {"return (a,)"}),
        ("raise KeyError(a)", "exception", {"raise RuntimeError(a)"}),
    ],
)
def test_an_operator_makes_its_mistakes(line: str, operator: str, expected: set[str]) -> None:
    assert lines_made(line)[operator] == expected


def test_loops_end_early_or_skip() -> None:
    found = lines_made("if x: break", "def f(x):\n    for a in x:\n        {}\n")
    assert found["break, continue"] == {"if x: continue"}
    ended = [each.text for each in mutants.of(OLD, "def f(x):\n    for a in x:\n        g(a)\n", 100, 1)]
    assert "def f(x):\n    for a in x:\n        g(a)\n        break\n" in ended


@pytest.mark.parametrize("line", ["'A text.'", "x: int | None", "@cache\n    def g(): pass"])
def test_what_does_nothing_is_left_alone(line: str) -> None:
    assert lines_made(line) == {}


NEW = "def f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    return x - 1\n"
BEFORE = NEW.replace("y = x + 1", "y = 1 + x")


def test_mutants_are_of_the_changed_lines_first_then_of_their_functions() -> None:
    assert mutants.changed_lines(BEFORE, NEW) == {2}
    assert {each.line for each in mutants.of(BEFORE, NEW, 3, seed=1)} == {2}
    assert {each.line for each in mutants.of(BEFORE, NEW, 100, seed=1)} == {2, 3}


def test_mutants_are_the_same_ones_each_time_and_all_different() -> None:
    first, again = (mutants.of(BEFORE, NEW, 4, seed=1) for _ in range(2))
    assert [each.text for each in first] == [each.text for each in again]
    trees = {ast.dump(ast.parse(each.text)) for each in mutants.of(BEFORE, NEW, 100, seed=1)}
    assert len(trees) == len(mutants.of(BEFORE, NEW, 100, seed=1))
    assert not trees & {ast.dump(ast.parse(NEW)), ast.dump(ast.parse(BEFORE))}


def test_columns_count_bytes() -> None:
    assert lines_made("return 'é' + a")["calculation"] == {"return ('é' - a)"}


def verdict(digest: str, **caught: str) -> dict[str, Any]:
    names = ("guard", "calls", "tests", "output")
    stages = {name: {"caught": caught.get(name, ""), "seconds": 2.0, "check": "old"} for name in names}
    text = {"operator": "not", "before": "a", "after": "b", "edit": "e", "package": "p", "version": "1"}
    return {**text, "digest": digest, "stages": stages, "workload_seconds": 4.0, "executed": [1, 2]}


def test_a_mutant_counts_for_what_catches_it_after_the_tests() -> None:
    assert tables.adds(verdict("a", tests="yes", calls="recorded")) == "tests"
    assert tables.adds(verdict("a", calls="recorded", output="yes")) == "recorded"
    assert tables.adds(verdict("a", calls="threads")) == "derived"
    assert tables.adds(verdict("a", output="yes")) == "output"
    assert tables.adds(verdict("a")) == ""


def test_the_table_leaves_equivalent_mutants_out_and_lists_escapes() -> None:
    original = {**verdict("o"), "operator": tables.ORIGINAL}
    verdicts = [original, verdict("a", tests="yes"), verdict("b", calls="derived"), verdict("c"), verdict("d")]
    text = list(tables.tables(verdicts, {"c": "equivalent: x", "d": "escape: nobody does that"}))
    assert "| p 1 | 4 | 1 | 3 | 1 | 0 | 1 | 0 | 0 | 1 | 1 | 0 | 66.7% | 33.3% |" in text
    assert "| p 1 | 4.0 s | 2.0 s | 2.0 s | 2.0 s | 2.0 s | 2.0 s |" in text
    assert "1 edits that are right, false alarms: 0" in text
    assert "- p e, not: `a` → `b`: nobody does that" in text
    assert text[-1] == "state of the check (verdicts): old (5)"


def test_an_escape_on_a_line_that_nothing_ran_counts_as_one_and_is_listed_apart() -> None:
    executed = {"a": [0, 2], "b": [1, 2], "c": [0, 0], "d": None}
    text = list(tables.tables([{**verdict(name), "executed": lines} for name, lines in executed.items()], {}))
    assert "| p 1 | 4 | 0 | 4 | 0 | 0 | 0 | 0 | 0 | 4 | 2 | 1 | 0.0% | 0.0% |" in text
    assert [line for line in text if line.startswith("on lines")] == [
        "on lines that ran: 2",
        "on lines that nothing ran: 1",
        "on lines of which that is not known: 1",
    ]


def test_packages_held_out_are_summed_up_apart() -> None:
    held = {**verdict("a", tests="yes"), "package": min(tables.HELD_OUT)}
    rows = [line.partition(" | ")[0] for line in tables.tables([verdict("b"), held], {}) if line.startswith("| ")]
    assert {f"| {min(tables.HELD_OUT)} 1, held out", "| all held out", "| all others", "| all"} <= set(rows)


def test_the_last_verdict_on_a_mutant_counts(tmp_path: Path) -> None:
    lines = [verdict("a"), verdict("b"), verdict("a", tests="yes")]
    (tmp_path / "saved").write_text("\n".join(map(json.dumps, lines)))
    assert [tables.first(each) for each in tables.load(tmp_path / "saved")] == ["tests", ""]


def test_a_stage_is_asked_again_where_another_check_said_it() -> None:
    saved = verdict("a")
    assert trials.kept(saved, ()).keys() == saved["stages"].keys()
    assert trials.kept(saved, ("calls",)).keys() == {"guard", "tests", "output"}
    saved["stages"]["calls"]["check"] = trials.state()
    assert trials.kept(saved, ("calls",)).keys() == saved["stages"].keys()


def test_an_edit_that_is_turned_down_is_a_false_alarm_and_its_mutants_do_not_count() -> None:
    original = {**verdict("o", calls="recorded"), "operator": tables.ORIGINAL}
    verdicts = [original, verdict("a", calls="recorded"), {**verdict("b"), "edit": "another"}]
    text = list(tables.tables(verdicts, {}))
    assert "1 edits that are right, false alarms: 1 (their 1 mutants are not counted)" in text
    assert "- p e: calls" in text
    assert "| p 1 | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 1 | 1 | 0 | 0.0% | 0.0% |" in text


def test_every_edit_can_be_read() -> None:
    for package in study.PACKAGES:
        assert all((packages.WORKLOADS / name).exists() for name in package.workloads)
        assert all(trials.edits.parse(edit.text) for edit in package.edits)


def test_every_mutant_that_nothing_caught_was_judged() -> None:
    missed = [
        each for each in tables.load(tables.DATA) if not tables.first(each) and each["operator"] != tables.ORIGINAL
    ]
    words = tables.judged()
    assert all(words[each["digest"]].startswith(("equivalent: ", "escape: ")) for each in missed)
    assert {each["package"] for each in tables.load(tables.DATA)} == {each.name for each in study.PACKAGES}


def test_results_quote_the_saved_figures() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    for line in tables.tables(tables.load(tables.DATA), tables.judged()):
        assert line in text


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> packages.Package:
    """A package of one module, as it is after it was unpacked, and an edit of it."""
    (tmp_path / "workloads").mkdir()
    script = "import total\n\n\ndef workload():\n    print(sum(total.total([3, 4]) for _ in range(50_000)))\n"
    (tmp_path / "workloads" / "sums.py").write_text(script)
    monkeypatch.setattr(packages, "WORKLOADS", tmp_path / "workloads")
    edit = tmp_path / "edit.md"
    edit.write_text(f"One call.\n\ntotal.py\n```python\n<<<<<<< SEARCH\n{SUM}=======\n{FASTER}>>>>>>> REPLACE\n```\n")
    for name in ("checkout", "base", "edit"):
        root = tmp_path / "tiny" / name
        (root / "bench").mkdir(parents=True)
        (root / "bench" / "sums.py").write_text(script)
        (root / "total.py").write_text(SUM)
        (root / "test_total.py").write_text(
            "import total\n\n\ndef test_total():\n    assert total.total([1, 2]) == 3\n"
        )
        places._keep_apart(root)
    (tmp_path / "tiny" / "ready").touch()
    slips = (
        packages.Slip("one too many", "return sum(numbers)", "return sum(numbers) + 1"),
        packages.Slip("where nothing runs", "return 0", "return 1"),
    )
    edits = (packages.Edit("sum", str(edit), slips=slips),)
    return packages.Package("tiny", "1", "tiny-1", "", ("test_total.py",), ("sums.py",), edits)


SUM = "def total(numbers):\n    result = 0\n    for each in numbers:\n        result += each\n    return result\n"
FASTER = "def total(numbers):\n    if numbers is None:\n        return 0\n    return sum(numbers)\n"


@pytest.mark.slow
def test_verdicts_say_what_ran_and_only_what_is_asked_again_is_run_again(
    tmp_path: Path, package: packages.Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = study.Plan(tmp_path, tmp_path / "saved", seed=1, most=0)
    monkeypatch.setattr(study, "PACKAGES", (package,))
    assert study.run([package], plan, jobs=1) == 0
    saved = {each["operator"]: each for each in tables.load(plan.save)}
    assert [bool(tables.first(each)) for each in saved.values()] == [False, True, False]
    assert saved["slip: where nothing runs"]["executed"] == [0, 1]
    assert {stage["check"] for each in saved.values() for stage in each["stages"].values()} == {trials.state()}

    monkeypatch.setattr(trials, "state", lambda: "another")
    again = list(study.study(package, _by_key(plan), replace(plan, again=("calls",))))
    assert {each.stages["calls"].check for each in again} == {"another"}
    assert {each.stages["tests"].check for each in again} == {saved[tables.ORIGINAL]["stages"]["tests"]["check"]}
    assert [each.executed for each in again if each.operator == "slip: where nothing runs"] == [[0, 1]]
    assert not list(study.study(package, _by_key(plan), plan))

    with plan.save.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in (verdict("gone") | {"package": "tiny"}, *saved.values()))
    study._put_in_order([package], plan)
    assert plan.save.read_text() == "".join(json.dumps(each) + "\n" for each in saved.values())


@pytest.mark.slow
def test_a_brief_run_spares_the_tests_what_the_calls_caught_until_a_whole_one(
    tmp_path: Path, package: packages.Package
) -> None:
    plan = study.Plan(tmp_path, tmp_path / "saved", seed=1, most=0, brief=True)
    assert study.run([package], plan, jobs=1) == 0
    wrong = {each["operator"]: each for each in tables.load(plan.save)}["slip: one too many"]
    assert set(wrong["stages"]) == {"guard", "calls"}
    assert "tests that were not run, of mutants that the calls caught: 1" in tables.tables([wrong], {})
    (whole,) = study.study(package, _by_key(plan), replace(plan, brief=False))
    assert whole.stages["tests"].caught
    assert whole.stages["calls"].seconds == wrong["stages"]["calls"]["seconds"]


@pytest.mark.slow
def test_pace_takes_wrong_edits_alone_and_times_them_beside_the_workload(
    tmp_path: Path, package: packages.Package
) -> None:
    plan = study.Plan(tmp_path, tmp_path / "saved", seed=1, most=0)
    (found,) = pace.paces(package, plan, wanted=3)  # of the two slips, the other is where nothing runs
    assert found.workload_seconds > 0.01
    assert found.calls_seconds > 0.01
    halves = [replace(found, workload_seconds=2.0, calls_seconds=each) for each in (1.0, 3.0)]
    assert list(pace.table(halves))[-1] == "| all | 2 | 2.00 s | 2.00 s | 1.00 | 50% |"


def test_results_quote_the_pace() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    assert {each.package for each in pace.load(pace.DATA)} == {each.name for each in study.PACKAGES}
    for line in pace.table(pace.load(pace.DATA)):
        assert line in text


def _by_key(plan: study.Plan) -> study.Known:
    return {(each["package"], each["edit"], each["digest"]): each for each in tables.load(plan.save)}


@pytest.mark.slow
def test_quick_study_catches_what_is_wrong_and_keeps_what_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = tmp_path / "saved.jsonl"
    monkeypatch.setattr(sys, "argv", ["study.py", str(tmp_path / "packages"), "--quick", "--save", str(saved)])
    try:
        assert study.main() == 0
    except places.subprocess.CalledProcessError:
        pytest.skip("the package cannot be downloaded")
    found = {each["operator"]: tables.first(each) for each in map(json.loads, saved.read_text().splitlines())}
    assert found[tables.ORIGINAL] == ""
    slips = [stage for name, stage in found.items() if name.startswith("slip")]
    assert len(slips) == len(study.PACKAGES[0].edits[0].slips)
    assert all(slips)
    before = saved.read_text()
    assert study.main() == 0
    assert saved.read_text() == before
