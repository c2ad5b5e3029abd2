"""Workloads of every kind, run for real: what is timed, what is not, and what is said when nothing can be."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import targets
from interpreters import EVERY

from llmopt import workloads
from llmopt.data import Command, Limits, Ran, TestCommand, Workload
from llmopt.errors import UsageError, WorkloadError
from llmopt.sandbox import process

LIMITS = Limits(seconds=60)
FUNCTIONS = """
    import time, sys
    calls = []
    def setup():
        time.sleep(0.2)
        calls.append("setup")
    def workload():
        time.sleep(0.02)
        calls.append("workload")
        print(sys.argv[1:], len(calls))
    if __name__ == "__main__":
        raise SystemExit("the timing part must not run")
"""
ASV = {
    # With the comments and trailing commas that `asv quickstart` writes.
    "asv.conf.json": """
        {
            // The version of the config file format.  Do not change, unless you know what you are doing.
            "version": 1,
            "project": "demo", "project_url": "http://example.org/", /* see asv's docs */
            "repo": ".",
            "benchmark_dir": "benchmarks",
        }
    """,
    "benchmarks/__init__.py": "",
    "benchmarks/common.py": """
        import time
        def note(*words):
            print(*words, flush=True)
            time.sleep(0.02)
    """,
    "benchmarks/benchmarks.py": """
        from .common import note

        class TimeSuite:
            params = ([1, 2], ["a", "b"])
            param_names = ["n", "letter"]

            def setup_cache(self):
                note("cache")
                with open("written.txt", "w") as stream:
                    stream.write("data")
                return {"items": []}

            def setup(self, cache, n, letter):
                if (n, letter) == (2, "b"):
                    raise NotImplementedError
                self.n = n

            def teardown(self, cache, n, letter):
                note("teardown")

            def time_keys(self, cache, n, letter):
                assert cache["items"] == [], "a copy of its own for each case"
                cache["items"].append(n)
                note("keys", n, letter, self.n, open("written.txt").read())

            def mem_list(self, cache, n, letter):
                raise AssertionError("only time_ benchmarks run")

        def time_plain():
            note("plain")

        def track_size():
            raise AssertionError("only time_ benchmarks run")

        class _Hidden:
            def time_hidden(self):
                raise AssertionError("names that begin with _ are no benchmarks")
    """,
}


def parse(spec: str, tmp_path: Path, *without: str) -> Workload:
    return workloads.parse(spec, tmp_path, targets.interpreter(without=without))


def detect(folder: Path, *without: str) -> list[Workload]:
    return workloads.detect(folder, targets.interpreter(without=without))


@pytest.mark.parametrize("python", EVERY)
def test_only_the_workload_function_is_timed(tmp_path: Path, python: str) -> None:
    target, tree = targets.make(tmp_path, {"bench/run.py": FUNCTIONS}, python=python)
    workload = workloads.parse("bench/run.py --size 3", target.project.root, target.project.interpreter)
    run = workloads.run(target, tree, workload, LIMITS, repetitions=3)
    assert 0.015 <= run.sample.seconds < 0.2
    assert run.probed.ran.stdout.splitlines() == [f"['--size', '3'] {n}" for n in (2, 4, 6)]


def test_what_a_process_does_beside_its_timed_parts_is_told(tmp_path: Path) -> None:
    script = "import atexit, time\natexit.register(time.sleep, 0.1)\ndef workload(): time.sleep(0.01)\n"
    target, tree = targets.make(tmp_path, {"bench/run.py": script})
    workload = workloads.parse("bench/run.py", target.project.root, target.project.interpreter)
    sample = workloads.run(target, tree, workload, LIMITS, repetitions=2).sample
    assert sample.seconds < 0.05
    assert sample.rest_seconds > 0.1


@pytest.mark.parametrize("python", EVERY)
def test_asv_suite_runs_as_asv_defines_it(tmp_path: Path, python: str) -> None:
    target, tree = targets.make(tmp_path, ASV, python=python)
    before = targets.contents(tree)
    workload = workloads.parse("asv", target.project.root, target.project.interpreter)
    run = workloads.run(target, tree, workload, LIMITS)
    lines = run.probed.ran.stdout.splitlines()
    keys = [f"keys {n} {letter} {n} data" for n, letter in ((1, "a"), (1, "b"), (2, "a"))]
    assert [line for line in lines if line != "teardown"] == ["cache", *keys, "plain"]
    assert lines.count("teardown") == 3
    assert run.sample.seconds > 0
    assert targets.contents(tree) == before


def test_asv_benchmarks_are_chosen_by_a_regular_expression(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, ASV)
    workload = workloads.parse("asv:plain|keys.*2, 'a'", target.project.root, target.project.interpreter)
    ran = workloads.run(target, tree, workload, LIMITS).probed.ran
    assert ran.stdout.splitlines() == ["cache", "keys 2 a 2 data", "teardown", "plain"]


@pytest.mark.parametrize(("number", "setups"), [(0, 1), (1, 3)])
def test_asv_setup_runs_between_repetitions_when_number_is_one(tmp_path: Path, number: int, setups: int) -> None:
    source = f"""
        import time
        class TimeIt:
            number = {number}
            def setup(self): print("setup")
            def time_it(self): print("time"); time.sleep(0.02)
    """
    suite = {"asv.conf.json": "{}", "benchmarks/__init__.py": "", "benchmarks/b.py": source}
    target, tree = targets.make(tmp_path, suite)
    workload = workloads.parse("asv", target.project.root, target.project.interpreter)
    words = workloads.run(target, tree, workload, LIMITS, repetitions=3).probed.ran.stdout.split()
    assert (words.count("setup"), words.count("time")) == (setups, 3)


def test_part_too_short_to_see_is_repeated(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"pack.py": "def job(): pass"})
    for _ in range(3):
        assert 0 < workloads.run(target, tree, parse("pack:job", tmp_path), LIMITS).sample.seconds < 0.2


def test_asv_expression_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, ASV)
    workload = workloads.parse("asv:nothing", target.project.root, target.project.interpreter)
    with pytest.raises(WorkloadError, match=r"no time_ benchmark of .* that matches 'nothing'"):
        workloads.run(target, tree, workload, LIMITS)


def test_asv_benchmark_that_raises_fails_the_workload(tmp_path: Path) -> None:
    broken = {"benchmarks/more.py": "def time_broken():\n    raise KeyError('boom')\n"}
    target, tree = targets.make(tmp_path, ASV | broken)
    workload = workloads.parse("asv", target.project.root, target.project.interpreter)
    with pytest.raises(WorkloadError, match="KeyError: 'boom'"):
        workloads.run(target, tree, workload, LIMITS)


def test_asv_skips_parameters_and_benchmarks_that_say_so(tmp_path: Path) -> None:
    source = """
        import time
        def time_some(n): print("some", n); time.sleep(0.02)
        time_some.params = [1, 2, 3]
        time_some.skip_params = [(2,)]
        def time_none(): print("none")
        time_none.skip_benchmark = True
    """
    suite = {"asv.conf.json": "{}", "benchmarks/__init__.py": "", "benchmarks/b.py": source}
    target, tree = targets.make(tmp_path, suite)
    workload = workloads.parse("asv.conf.json", target.project.root, target.project.interpreter)
    assert workloads.run(target, tree, workload, LIMITS).probed.ran.stdout.split() == ["some", "1", "some", "3"]


@pytest.mark.parametrize("python", EVERY)
def test_function_of_the_tree_is_called_and_its_iterator_drained_in_time(tmp_path: Path, python: str) -> None:
    source = """
        import time
        time.sleep(0.3)
        class Jobs:
            @staticmethod
            def lazy():
                for _ in range(3):
                    time.sleep(0.01)
                    yield
    """
    target, tree = targets.make(tmp_path, {"src/pack/__init__.py": "", "src/pack/jobs.py": source}, roots=("src",))
    workload = parse("pack.jobs:Jobs.lazy", tmp_path)
    run = workloads.run(target, tree, workload, LIMITS, repetitions=2)
    assert 0.02 <= run.sample.seconds < 0.3


def test_coroutine_is_run_in_time(tmp_path: Path) -> None:
    source = "import asyncio\nasync def job():\n    await asyncio.sleep(0.03)\n"
    target, tree = targets.make(tmp_path, {"pack.py": source})
    assert workloads.run(target, tree, parse("pack:job", tmp_path), LIMITS).sample.seconds >= 0.02


def test_script_is_timed_as_a_whole_with_its_arguments(tmp_path: Path) -> None:
    source = "import sys, time\ntime.sleep(0.1)\nprint(__name__, sys.argv[1:])\n"
    target, tree = targets.make(tmp_path, {"run me.py": source})
    workload = workloads.parse("'run me.py' 1 'b c'", target.project.root, target.project.interpreter)
    assert (workload.kind, workload.target, workload.arguments) == ("script", "run me.py", ("1", "b c"))
    run = workloads.run(target, tree, workload, LIMITS, repetitions=7)
    assert run.sample.seconds == run.probed.ran.wall_seconds > 0.1
    assert run.probed.ran.stdout == "__main__ ['1', 'b c']\n"


def test_observed_script_still_runs_as_main(tmp_path: Path) -> None:
    source = """
        import multiprocessing, sys
        def square(x): return x * x
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(square, [int(sys.argv[1])]), __file__ == sys.argv[0])
    """
    target, tree = targets.make(tmp_path, {"main.py": source})
    workload = workloads.parse("main.py 3", target.project.root, target.project.interpreter)
    tasks = {"observe": {"functions": []}}
    assert workloads.run(target, tree, workload, LIMITS, tasks=tasks).probed.ran.stdout == "[9] True\n"


def test_script_outside_the_repository_runs_from_where_it_is(tmp_path: Path) -> None:
    outside = tmp_path / "my bench.py"
    outside.write_text("import time, pack\ndef workload():\n    print(pack.__file__)\n    time.sleep(0.02)\n")
    target, tree = targets.make(tmp_path, {"pack.py": "x = 1"})
    workload = workloads.parse(str(outside), target.project.root, target.project.interpreter)
    assert workload.target == str(outside)
    assert workloads.run(target, tree, workload, LIMITS).probed.ran.stdout == f"{tree.path}/pack.py\n"


def test_script_given_by_absolute_path_inside_the_repository_is_the_trees(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"sub/bench.py": "print(__file__)"}, below="sub")
    folder = target.project.root / "sub"
    workload = workloads.parse(str(folder / "bench.py"), folder, target.project.interpreter)
    assert workload.target == "bench.py"
    assert workloads.run(target, tree, workload, LIMITS).probed.ran.stdout == f"{tree.path}/sub/bench.py\n"


def test_file_that_the_commit_lacks_is_named(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"bench.py": ""})
    (tree.path / "bench.py").unlink()
    workload = workloads.parse("bench.py", target.project.root, target.project.interpreter)
    with pytest.raises(WorkloadError, match=r"bench\.py is not in the commit"):
        workloads.run(target, tree, workload, LIMITS)


def test_shell_line_uses_the_targets_python(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"data.txt": "4"})
    line = "cat data.txt | python -c 'import sys; print(sys.executable, int(sys.stdin.read()) + 1)'"
    workload = workloads.parse(line, target.project.root, target.project.interpreter)
    assert workload.kind == "command"
    assert workloads.run(target, tree, workload, LIMITS).probed.ran.stdout.split()[-1] == "5"
    executable = workloads.run(target, tree, workload, LIMITS).probed.ran.stdout.split()[0]
    assert Path(executable).parent == Path(target.project.interpreter.path).parent


def test_hash_seed_reaches_the_workload(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {})
    workload = parse("cmd:echo $PYTHONHASHSEED", tmp_path)
    assert workloads.run(target, tree, workload, LIMITS, hash_seed=42).probed.ran.stdout == "42\n"


PERFORMANCE = """
    import time, pytest
    time.sleep(0.3)
    def test_one(): time.sleep(0.05)
    @pytest.mark.parametrize("n", [1, 2])
    def test_two(n): pass
"""


def test_pytest_workload_leaves_out_start_up_and_collection(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"tests/test_p.py": PERFORMANCE})
    before = targets.contents(tree)
    workload = workloads.parse("tests/test_p.py", target.project.root, target.project.interpreter)
    run = workloads.run(target, tree, workload, LIMITS)
    assert 0.04 <= run.sample.seconds < 0.28
    assert targets.contents(tree) == before


def test_pytest_workload_with_a_failing_test_names_it(tmp_path: Path) -> None:
    source = "import time\ndef test_good(): time.sleep(0.02)\ndef test_bad(): assert 0\n"
    target, tree = targets.make(tmp_path, {"tests/test_p.py": source})
    suite = TestCommand("pytest", ("tests",))
    interpreter = target.project.interpreter
    workload = workloads.of_tests(suite, target.project.root, interpreter)
    with pytest.raises(WorkloadError, match=r"the tests has 1 failing test, such as tests/test_p\.py::test_bad"):
        workloads.run(target, tree, workload, LIMITS)
    passing = workloads.of_tests(suite, target.project.root, interpreter, ["tests/test_p.py::test_bad"])
    assert workloads.run(target, tree, passing, LIMITS).sample.seconds > 0


BENCHMARKED = """
    import time
    def test_quick(benchmark): benchmark(lambda: time.sleep(0.001))
    def test_slow(benchmark): benchmark(lambda: time.sleep(0.064))
    def test_other(): raise AssertionError("no benchmark: not selected")
"""


def test_pytest_benchmarks_are_the_geometric_mean_of_their_medians(tmp_path: Path) -> None:
    settings = "[pytest]\naddopts = --benchmark-disable -n 2\n"
    target, tree = targets.make(tmp_path, {"tests/test_b.py": BENCHMARKED, "pytest.ini": settings})
    before = targets.contents(tree)
    (workload,) = workloads.detect(target.project.root, target.project.interpreter)
    run = workloads.run(target, tree, workload, LIMITS)
    assert 0.004 <= run.sample.seconds < 0.02
    assert targets.contents(tree) == before


@pytest.mark.parametrize(
    ("spec", "measured"),
    [
        ("pytest", True),
        ("pytest:tests/test_b.py::test_other", False),
        ("tests/test_b.py::test_slow", True),
        ("python -m pytest tests", True),
        ("tests", True),
    ],
)
def test_only_selected_tests_decide_on_pytest_benchmark(tmp_path: Path, spec: str, measured: bool) -> None:
    targets.write(tmp_path, {"tests/test_b.py": BENCHMARKED})
    assert (parse(spec, tmp_path).target == "benchmarks") is measured
    assert parse(spec, tmp_path, "pytest-benchmark").target == ""


def test_crash_is_one_clear_line(tmp_path: Path) -> None:
    source = "import sys\nsys.stderr.write('50%\\r\\x1b[31mred\\x1b[0m alert\\n')\nraise ValueError('no such thing')\n"
    target, tree = targets.make(tmp_path, {"bad.py": source})
    workload = workloads.parse("bad.py", target.project.root, target.project.interpreter)
    with pytest.raises(WorkloadError) as caught:
        workloads.run(target, tree, workload, LIMITS)
    assert caught.value.message.startswith("workload bad.py ended with exit code 1: ")
    assert caught.value.message.endswith("ValueError: no such thing")
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message


def test_hanging_workload_names_the_flag(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"hang.py": "import time\ntime.sleep(60)\n"})
    workload = workloads.parse("hang.py", target.project.root, target.project.interpreter)
    started = time.monotonic()
    with pytest.raises(WorkloadError, match=r"hang\.py timed out after 0\.5 s \(--workload-timeout\)"):
        workloads.run(target, tree, workload, Limits(seconds=0.5))
    assert time.monotonic() - started < 10


def test_workload_that_prints_megabytes_is_measured(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"loud.py": "def workload():\n    print('x' * 20_000_000)\n"})
    workload = workloads.parse("loud.py", target.project.root, target.project.interpreter)
    run = workloads.run(target, tree, workload, LIMITS)
    assert len(run.probed.ran.stdout) <= LIMITS.output_bytes + 100


@pytest.mark.parametrize("source", ["import os\nos._exit(0)", "import sys\nsys.exit(0)"])
def test_leaving_early_measures_nothing(tmp_path: Path, source: str) -> None:
    target, tree = targets.make(tmp_path, {"early.py": f"{source}\ndef workload(): pass\n"})
    workload = workloads.parse("early.py", target.project.root, target.project.interpreter)
    with pytest.raises(WorkloadError, match="its timed part never began"):
        workloads.run(target, tree, workload, LIMITS)


def test_forged_marks_are_refused(tmp_path: Path) -> None:
    source = """
        import os
        def workload():
            for fd in range(3, 64):
                try:
                    os.write(fd, b"end\\nbegin\\n")
                except OSError:
                    pass
    """
    target, tree = targets.make(tmp_path, {"forge.py": source})
    workload = workloads.parse("forge.py", target.project.root, target.project.interpreter)
    with pytest.raises(WorkloadError, match="its timed part ran 2 times, not 1"):
        workloads.run(target, tree, workload, LIMITS)


def test_marks_do_not_reach_child_processes(tmp_path: Path) -> None:
    source = """
        import os, subprocess, sys
        def workload():
            print("LLMOPT_MARKS_FD" in os.environ, flush=True)
            subprocess.run([sys.executable, "-c", "import llmopt_marks; llmopt_marks.begin()"], check=True)
    """
    target, tree = targets.make(tmp_path, {"child.py": source})
    workload = workloads.parse("child.py", target.project.root, target.project.interpreter)
    assert workloads.run(target, tree, workload, LIMITS).probed.ran.stdout == "False\n"


def test_profile_window_is_the_timed_part(tmp_path: Path) -> None:
    source = """
        def burn(n):
            for i in range(n): str(i)
        def setup(): burn_before = burn(600_000)
        def workload(): inside()
        def inside(): burn(600_000)
    """
    target, tree = targets.make(tmp_path, {"window.py": source})
    workload = workloads.parse("window.py", target.project.root, target.project.interpreter)
    tasks = {"sample": {"windowed": workloads.uses_marks(workload)}}
    (report,) = workloads.run(target, tree, workload, LIMITS, tasks=tasks).probed.reports["sample"]
    names = {entry[1] for entry in report["functions"]}
    assert "inside" in names
    assert "setup" not in names


@pytest.mark.parametrize(
    ("spec", "kind", "target", "arguments"),
    [
        ("bench/run.py", "functions", "bench/run.py", ()),
        ("python bench/run.py 5", "functions", "bench/run.py", ("5",)),
        ("plain.py", "script", "plain.py", ()),
        ("python3 plain.py --fast", "script", "plain.py", ("--fast",)),
        ("plain.py | sort", "command", "plain.py | sort", ()),
        ("cmd:make", "command", "make", ()),
        ("make bench", "command", "make bench", ()),
        ("a.b:c", "function", "a.b:c", ()),
        ("asv:sort", "asv", "asv.conf.json", ("sort",)),
        ("pytest:-k 'a or b'", "pytest", "", ("-k", "a or b")),
    ],
)
def test_spec_is_recognised(tmp_path: Path, spec: str, kind: str, target: str, arguments: tuple[str, ...]) -> None:
    targets.write(tmp_path, {"bench/run.py": FUNCTIONS, "plain.py": "", "asv.conf.json": "{}"})
    assert parse(spec, tmp_path) == Workload(spec, kind, target, arguments)


@pytest.mark.parametrize(("weight", "value"), [("2", 2.0), ("0.25", 0.25)])
def test_weight_is_split_off(tmp_path: Path, weight: str, value: float) -> None:
    assert parse(f"a.b:c@{weight}", tmp_path) == Workload("a.b:c", "function", "a.b:c", (), value)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("bench/rnu.py", "did you mean bench/run.py"),
        ("nonsense", "no file below .* no module:function"),
        ("bench", "a folder without tests .*bench/run.py"),
        ("asv", "no asv.conf.json"),
        ("asv:(", "no asv.conf.json"),
        ("a.b:c@0", "weight of workload .* is 0"),
        ("pytest:'a", "cannot be split"),
        ("cmd:", "known: SCRIPT.py"),
    ],
)
def test_unusable_spec_says_what_to_try(tmp_path: Path, spec: str, said: str) -> None:
    targets.write(tmp_path, {"bench/run.py": FUNCTIONS})
    with pytest.raises(UsageError) as caught:
        parse(spec, tmp_path)
    assert re.search(said, str(caught.value))


def test_pytest_workload_needs_a_target_with_pytest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs pytest"):
        parse("pytest", tmp_path, "pytest")


def test_detection_takes_the_most_telling_kind_first(tmp_path: Path) -> None:
    assert detect(tmp_path) == []
    script = "if __name__ == '__main__':\n    print(1)\n"
    targets.write(tmp_path, {"tools/bench_it.py": script, "tools/bench_lib.py": "x = 1", ".venv/bench_x.py": script})
    assert [w.spec for w in detect(tmp_path)] == ["tools/bench_it.py"]
    targets.write(tmp_path, {"tests/test_b.py": BENCHMARKED})
    assert [w.spec for w in detect(tmp_path, "pytest-benchmark")] == ["tools/bench_it.py"]
    assert [(w.spec, w.kind) for w in detect(tmp_path)] == [("pytest:tests/test_b.py", "pytest")]
    targets.write(tmp_path, {"asv_bench/asv.conf.json": "{}"})
    assert [(w.kind, w.target) for w in detect(tmp_path)] == [("asv", "asv_bench/asv.conf.json")]
    targets.write(tmp_path, {"benchmarks/one.py": FUNCTIONS, "benchmarks/two.py": FUNCTIONS})
    assert [w.spec for w in detect(tmp_path)] == ["benchmarks/one.py", "benchmarks/two.py"]


def test_workload_with_arguments_is_refused_and_not_run_as_a_script_that_does_nothing(tmp_path: Path) -> None:
    targets.write(tmp_path, {"bench/run.py": "def workload(n): pass\n"})
    with pytest.raises(UsageError, match=r"workload\(\) takes arguments"):
        parse("bench/run.py", tmp_path)
    assert detect(tmp_path) == []


# --- what it returned --------------------------------------------------------------------------------------------


def fingerprint(folder: Path, returns: str) -> str:
    source = f"import time\ndef job():\n    print('same')\n    time.sleep(0.005)\n    return {returns}\n"
    target, tree = targets.make(folder, {"pack.py": source})
    run = workloads.run(
        target, tree, parse("pack:job", folder), LIMITS, tasks={"returned": {}}, repetitions=3, hash_seed=len(returns)
    )
    return workloads.fingerprint(run)


def test_what_a_workload_returns_is_part_of_its_fingerprint(tmp_path: Path) -> None:
    same = ["{'a', 'b', 'c'}", "set('abc')", "{x for x in 'cba'}"]
    others = ["['a', 'b', 'c']", "('a', 'b', 'c')", "{'a', 'b'}", "None", "iter('abc')", "1", "1.0", "True", "object()"]
    seen = [fingerprint(tmp_path / str(n), text) for n, text in enumerate(same + others)]
    assert len(set(seen[: len(same)])) == 1
    assert len(set(seen)) == 1 + len(others)


def test_a_value_that_cannot_be_described_still_gives_a_fingerprint(tmp_path: Path) -> None:
    odd = "type('Odd', (), {'__reduce_ex__': lambda self, protocol: 1 / 0, 'x': property(lambda self: 1 / 0)})()"
    assert fingerprint(tmp_path / "a", odd) == fingerprint(tmp_path / "b", odd)


def test_a_part_too_short_to_be_timed_is_not_run_more_often_where_only_its_output_counts(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"bench.py": "def workload():\n    print('once')\n"})

    def at_once(command: Command, limits: Limits) -> Ran:
        ran = process.run(command, limits)
        return replace(ran, marks=tuple((label, 0.1) for label, _ in ran.marks))

    target = replace(target, sandbox=at_once)
    workload = workloads.parse("bench.py", target.project.root, target.project.interpreter)
    run = workloads.run(target, tree, workload, LIMITS, repetitions=2, timed=False)
    assert run.probed.ran.stdout == "once\nonce\n"
