"""The probe's reports come from code that is not trusted: whatever they hold, consumers end in the ordinary way."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import targets
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from interpreters import OWN
from probing import Probing, probing

from llmopt import journal, localize, pytests, reported, workloads
from llmopt.checks import calls, contexts, coverage, edited, equality, replays, suite
from llmopt.data import Command, Function, Limits, Ran, TestCommand
from llmopt.errors import LlmoptError
from llmopt.profilers import lines, sampling
from llmopt.target import Probed, Target, Tasks
from llmopt.target import run as run_command

SOURCE = "def f(items):\n    return [str(each) for each in items]\n\n\ndef g(x):\n    yield x\n"
EDIT = "def f(items):\n    return list(map(str, items))\n\n\ndef g(x):\n    yield x\n"
BOUNDS = replays.Bounds()
RAN = Ran(0, 2.0, 1.0, 0, "", "")


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


ODD = [
    *(None, True, -1, 0, 1, 2**63, 10**4000, 1e308, -0.0, float("nan"), float("inf"), "", "\0", "\udcff", "a\nb"),
    *("\x1b[2J", "..", "/etc/passwd", "../../etc/passwd", "<string>", "0x1p99999", "x" * 100_000, [], {}, [[]]),
    *(["raised"], ["returned"], ["drained"], ["object"], ["float", "0x1p99999"], ["list", 0], ["cut", None], deep(900)),
    *({"": None}, {"calls": [[]]}, {"problem": 1}, {"ended": "x"}, ["unchanged"], [["tuple"], ["dict"]]),
]
LEAVES = st.sampled_from(ODD) | st.integers() | st.floats() | st.text(max_size=20)
VALUES = LEAVES | st.recursive(
    LEAVES,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=8), each, max_size=4),
    max_leaves=8,
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def spoilt(report: Any, where: int, value: Any) -> Any:
    """The report with one of its parts replaced."""
    known = list(places(report))
    *path, last = ("report", *known[where % len(known)])
    whole = copy.deepcopy({"report": report})
    part: Any = whole
    for name in path:
        part = part[name]
    part[last] = value
    return whole["report"]


class Forged:
    """A sandbox in which nothing runs but what leaves a report of each task, given by the task's options."""

    def __init__(self, write: Callable[[str, Any], Any]) -> None:
        self.write = write

    def __call__(self, command: Command, limits: Limits) -> Ran:
        settings = json.loads(Path(command.environment["LLMOPT_PROBE"]).read_text())
        for task, options in settings["tasks"].items():
            if task != "leaks":
                text = json.dumps(self.write(task, options))
                (Path(settings["results"]) / f"{task}-1-0.json").write_text(text)
        return RAN


# --- what honest processes report, as the fuzzing begins with it ----------------------------------------------------


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Probing:
    folder = tmp_path_factory.mktemp("fuzz")
    program = "import time, m\nend = time.process_time() + 0.1\nwhile time.process_time() < end: m.f(range(3000))\n"
    return probing(folder, OWN, {"m.py": SOURCE, "main.py": program}, "main.py")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> tuple[Target, Any]:
    tests = "import m\ndef test_f():\n    assert m.f([1]) == ['1']\n    assert list(m.g(1)) == [1]\n"
    files = {"m.py": SOURCE, "test_m.py": tests}
    return targets.make(tmp_path_factory.mktemp("honest"), files, tests=TestCommand("pytest"))


def honest(target: tuple[Target, Any], tasks: Tasks) -> dict[str, Any]:
    found = suite.run_probed(*target, Limits(seconds=60), tasks=tasks)[1].reports
    return {task: json.loads(json.dumps(each[0])) for task, each in found.items()}


@pytest.fixture(scope="module")
def tested(target: tuple[Target, Any]) -> dict[str, Any]:
    chosen = [{"path": "m.py", "name": name, "line": line} for name, line in (("f", 1), ("g", 5))]
    return honest(target, {"contexts": {}, "calls": {"functions": chosen}})


# --- each consumer ---------------------------------------------------------------------------------------------


def readable(value: Any) -> None:
    """What came of it can be written to the journal and printed."""
    json.dumps(journal.plain(value)).encode()
    str(value).encode("utf-8", "surrogateescape")


def profiled(here: Probing, *reports: Any) -> None:
    found = reported.valid({"sample": reports})
    try:
        profile = sampling.profile(lambda index, tasks: Probed(RAN, found), here.tree, here.project)
    except LlmoptError:
        return
    readable(profile)
    spots, _ = localize.hotspots(
        profile, lambda path: SOURCE, min_speedup=1.0, is_target=lambda path: True, weights=[1.0]
    )
    readable(tuple(spots))


@pytest.fixture(scope="module")
def sampled(here: Probing) -> Any:
    return json.loads(json.dumps(here.run("main.py", sample={}).reports["sample"][0]))


def test_profile_bears_any_report_of_the_sampler(here: Probing, sampled: Any) -> None:
    @FUZZ
    @given(st.integers(0, 10**6), VALUES)
    def run(where: int, value: Any) -> None:
        profiled(here, value)
        profiled(here, spoilt(sampled, where, value))
        profiled(here, sampled, spoilt(sampled, where, value))

    run()


def test_details_bear_any_report_of_the_observer(here: Probing) -> None:
    function = Function("m.py", "f", 1)
    options = {"functions": [{"path": "m.py", "name": "f", "line": 1}], "lines": True, "seed": 0, "overlay": None}
    seen = json.loads(json.dumps(here.run("main.py", observe=options).reports["observe"][0]))
    profile = sampling.profile(lambda index, tasks: here.run("main.py", **tasks), here.tree, here.project)

    @FUZZ
    @given(st.integers(0, 10**6), VALUES)
    def run(where: int, value: Any) -> None:
        for report in (value, spoilt(seen, where, value)):
            found = reported.valid({"observe": (report,)})
            readable(lines.detail(profile, [function], lambda index, tasks, found=found: Probed(RAN, found), here.tree))

    run()


def test_test_runs_bear_any_report_of_outcomes(target: tuple[Target, Any], tested: Any) -> None:
    made, tree = target

    @FUZZ
    @given(st.integers(0, 10**6), VALUES)
    def run(where: int, value: Any) -> None:
        for report in (value, spoilt(tested["pytest"], where, value)):
            forged = replace(made, sandbox=Forged(lambda task, options, report=report: report))
            found, probed = suite.run_probed(forged, tree, Limits())
            readable(found)
            readable(suite.compare({"test_m.py::test_f": "passed"}, found))
            readable(pytests.failing(probed))

    run()


def test_contexts_bear_any_report(target: tuple[Target, Any], tested: Any, tmp_path: Path) -> None:
    made, tree = target

    @FUZZ
    @given(st.integers(0, 10**6), VALUES)
    def run(where: int, value: Any) -> None:
        for report in (value, spoilt(tested["contexts"], where, value)):
            probed = Probed(RAN, reported.valid({"contexts": (report,)}))
            found = contexts.keep(made, tree, tmp_path / "kept", probed)
            assert contexts.of(made, tree, tmp_path / "kept", Limits()) == found
            contexts.touching(found, ["m.py::f"])

    run()


def test_coverage_bears_any_report(target: tuple[Target, Any], tmp_path: Path) -> None:
    made, tree = target
    other = replace(tree, path=targets.write(tmp_path / "edit", {"m.py": EDIT}))

    @FUZZ
    @given(VALUES)
    def run(value: Any) -> None:
        kinds = {"m.py": {"functions": value, "module": []}}
        for report in (value, {"m.py": value}, kinds, [["m.py", "functions", value]], [value]):
            forged = replace(made, sandbox=Forged(lambda task, options, report=report: report))
            found = coverage.changed_lines(forged, tree, other, ["m.py"])
            assert found is None or all(isinstance(line, int) for _, _, line in found)
            probed = run_command(forged, tree, ("x",), Limits(), tasks={"touched": {}, "returned": {}})
            list(map(coverage._reported, probed.reports.get("touched", ())))
            workloads.fingerprint(workloads.Run(None, probed))  # type: ignore[arg-type]

    run()


def test_comparison_of_calls_bears_any_recorded_call(target: tuple[Target, Any], tested: Any) -> None:
    _, tree = target

    @FUZZ
    @given(st.integers(0, 10**6), VALUES)
    def run(where: int, value: Any) -> None:
        for report in (value, spoilt(tested["calls"], where, value)):
            found = list(reported.valid({"calls": (report,)}).get("calls", ()))
            merged = replays._merged("m.py::f", found, tree)
            readable(merged)
            replays._numbered([replays._input(merged, call) for call in replays._chosen(merged, 10)])
            replays._why_none(merged)

    run()


@pytest.fixture(scope="module")
def replayed(target: tuple[Target, Any]) -> tuple[list[replays.Recorded], dict[str, Any]]:
    """The calls of the tests, and one honest result of each job."""
    made, tree = target
    functions = [Function("m.py", "f", 1), Function("m.py", "g", 5)]
    kept = made.project.root / "kept"
    recorded = list(replays.record(made, tree, functions, kept, Limits(seconds=60), Limits(seconds=60)).values())
    assert all(each.kept for each in recorded)
    inputs = replays._numbered([replays._input(each, each.kept[0]) for each in recorded])
    full = [{**each, "free": True, "seconds": 0.01, "optional": []} for each in inputs]
    runs = replays.Runs(made, tree, recorded[0].paths, replays.Bounds())
    jobs = {"replay": runs.replay([{**each, "hold": True} for each in full], "0"), "derive": {}}
    jobs["derive"] = runs.run("derive", [{**each, "derive": 5, "limit": 5.0} for each in full])
    jobs |= {job: runs.run(job, full, seconds=20.0) for job in ("stress", "slope")}
    honest = {job: json.loads(json.dumps(next(iter(found.values())))) for job, found in jobs.items()}
    assert not any("problem" in each for each in honest.values())
    return recorded, honest


def test_comparison_of_calls_bears_any_result_of_a_replay(
    target: tuple[Target, Any], replayed: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made, tree = target
    recorded, results = replayed
    edit = edited.of({"m.py": SOURCE}, {"m.py": EDIT + "\nSEEN = {}\n"})
    forged_wrong = {"inputs": 1, "wrong": [["r00000", ["returned", ["list", 0]], ["raised"]]]}

    def forged(where: int, value: Any, is_whole: bool, honest_runs: int) -> Forged:
        count = [0]

        def write(task: str, options: Any) -> Any:
            job = options["job"]
            given = json.loads(Path(options["inputs"]).read_text())["inputs"]
            count[0] += 1
            if is_whole and count[0] > honest_runs:
                return value
            bad = count[0] > honest_runs
            result = spoilt(results[job], where, value) if bad else results[job]
            if bad and job == "stress" and where % 2:
                result = spoilt(forged_wrong, where, value)
            return {"results": dict.fromkeys(("all", *(each["id"] for each in given)), result)}

        return Forged(write)

    @settings(FUZZ, max_examples=100)
    @given(st.integers(0, 10**6), VALUES, st.booleans(), st.integers(0, 6))
    @example(0, {"results": {"r00000": {}}}, True, 0)
    def run(where: int, value: Any, is_whole: bool, honest_runs: int) -> None:
        folder = tmp_path_factory.mktemp("kept")
        base = replace(made, sandbox=forged(where, value, is_whole, honest_runs))
        derive = {each.key: ["items"] for each in recorded}
        expected = replays.expect(base, tree, recorded, folder, BOUNDS, derive)
        comparison = calls.compare(base, tree, tree, edit, {each.key: each for each in recorded}, folder, BOUNDS)
        readable(calls.finding(comparison))
        readable(expected)

    run()


def test_reading_a_description_bears_anything() -> None:
    @FUZZ
    @given(VALUES, VALUES)
    def run(first: Any, second: Any) -> None:
        for text_of in (equality.render, equality.text_of_outcome):
            readable(equality.legible(text_of, first))
        equality.first_difference({"calls": first}, {"calls": second}, equality.Rules())

    run()


# --- what is believed --------------------------------------------------------------------------------------------


def test_report_of_one_process_is_left_out_for_itself(sampled: Any) -> None:
    found = reported.valid({"sample": (sampled, {**sampled, "cpu": -1.0}, [], sampled)})
    assert len(found["sample"]) == 2


@pytest.mark.parametrize(
    "change",
    [{"stacks": [[[99], 1.0]]}, {"cpu": "1"}, {"cpu": float("nan")}, {"wall": -1}, {"functions": []}, {"cpu": True}],
    ids=lambda change: next(iter(change)),
)
def test_report_whose_parts_do_not_fit_is_left_out(sampled: Any, change: dict[str, Any]) -> None:
    assert reported.valid({"sample": ({**sampled, **change},)}) == {}


def test_unknown_tasks_are_none() -> None:
    assert reported.valid({"settings": ({},), "x": (1,)}) == {}


def test_file_names_that_are_no_text_do_not_cost_the_report(sampled: Any) -> None:
    named = {**sampled, "lines": [["/tmp/\udcff.py", 1, 0.5]]}
    assert reported.valid({"sample": (named,)})["sample"][0]["lines"] == [("/tmp/?.py", 1, 0.5)]


def test_workload_that_writes_its_own_reports_is_one_clear_error_or_none(here: Probing) -> None:
    """Names of other tasks, links, pipes and folders, in the folder of the results, by the workload itself."""
    hostile = """
        import json, os
        results = json.load(open(os.environ["LLMOPT_PROBE"]))["results"]
        def put(name, text):
            open(os.path.join(results, name), "w").write(text)
        for task in ("observe", "calls", "pytest", "contexts", "touched", "replay", "returned", "nonsense"):
            put(task + "-1-0.json", '{"functions": [null], "outcomes": 5}')
        put("sample-1-0.json", '{"started": NaN, "functions": ' + "[" * 900 + "]" * 900 + "}")
        put("sample-1-1.json", '[' + "9" * 4000 + ']')
        os.symlink("/etc/passwd", os.path.join(results, "sample-2-0.json"))
        os.mkfifo(os.path.join(results, "sample-3-0.json"))
        os.mkdir(os.path.join(results, "sample-4-0.json"))
        total = sum(i * i for i in range(3_000_000))
    """
    made = probing(here.tree.path.parent / "hostile", OWN, {"main.py": hostile}, "main.py")
    run = made.run("main.py", sample={})
    assert set(run.reports) == {"sample"}
    profile = sampling.profile(lambda index, tasks: made.run("main.py", **tasks), made.tree, made.project)
    assert profile.stacks
    readable(profile)


def test_report_that_nests_too_deep_is_left_out() -> None:
    assert reported.valid({"replay": ({"results": {"a": deep(sys.getrecursionlimit() * 3)}},)}) in (
        {},
        {"replay": ({"results": {"a": {"problem": reported.NO_DESCRIPTION}}},)},
    )
