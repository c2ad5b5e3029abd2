"""Reports to a profile: exact numbers from hand-made reports, and one real run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from interpreters import OWN
from probing import Probing, probing

from llmopt.data import Function, Ran
from llmopt.errors import WorkloadError
from llmopt.profilers import lines, sampling
from llmopt.target import Probed, Tasks

SOURCE = """\
def hot(items):
    return [
        str(i)
        for i in items
    ]
def main():
    for _ in range(200):
        hot(range(3000))
main()
"""


def report(tree: Path, stacks: list[Any], **changed: Any) -> dict[str, Any]:
    file = str(tree / "m.py")
    functions = [[file, "<module>", 1], [file, "main", 6], [file, "hot", 1], [file, "hot.<locals>.<listcomp>", 2]]
    return {
        "started": 1.0,
        "windowed": True,
        "taken": False,
        "interval": 0.001,
        "wall": 2.0,
        "delay": 0.0,
        "cpu": 1.0,
        "collecting": 0.0,
        "functions": [*functions, ["/lib/re.py", "sub", 9]],
        "stacks": stacks,
        "starts": [],
        "lines": [[file, 3, 0.5], ["/lib/re.py", 1, 1]],
        **changed,
    }


def ran(cpu: float = 1.0, wall: float = 2.0) -> Ran:
    return Ran(0, wall, cpu, 0, "", "")


def made(tmp_path: Path, *probed: Probed) -> Any:
    here = probing(tmp_path, OWN, {"m.py": SOURCE}, *(f"w{i}.py" for i in range(len(probed))))
    return sampling.profile(lambda index, tasks: probed[index], here.tree, here.project)


def named(profile: Any) -> list[tuple[int, tuple[str, ...], float]]:
    return [(s.workload, tuple(profile.functions[i].name for i in s.frames), s.share) for s in profile.stacks]


def test_share_is_cpu_time_of_the_wall_time(tmp_path: Path) -> None:
    one = report(tmp_path / "tree", [[[0, 1, 2, 3], 0.5], [[0, 1, 2], 0.25], [[0, 1, 2, 4], 0.25], [[], 0.1]])
    profile = made(tmp_path, Probed(ran(), {"sample": (one,)}))
    assert named(profile) == [(0, ("<module>", "main", "hot"), 0.375), (0, ("<module>", "main", "hot", "sub"), 0.125)]
    assert profile.seconds == (2.0,)
    assert profile.line_shares == {"m.py:3": 0.25}
    assert profile.functions[2] == Function("m.py", "hot", 1)


def test_time_of_other_programs_is_not_waiting(tmp_path: Path) -> None:
    one = report(tmp_path / "tree", [[[0, 1], 1.0]], wall=5.0, delay=3.0)
    profile = made(tmp_path, Probed(ran(), {"sample": (one,)}))
    assert (profile.seconds, named(profile)[0][2]) == ((5.0,), 0.5)


def test_parallel_processes_share_their_cpu_time(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    parent = report(tree, [[[0, 1], 1.0]])
    children = [report(tree, [[[0, 2], 2.0]], started=2.0, cpu=2.0, wall=9.0) for _ in range(2)]
    profile = made(tmp_path, Probed(ran(), {"sample": (children[0], parent, children[1])}))
    assert named(profile) == [(0, ("<module>", "hot"), 0.8), (0, ("<module>", "main"), 0.2)]
    assert profile.seconds == (2.0,)


def test_short_workload_runs_several_times(tmp_path: Path) -> None:
    here = probing(tmp_path, OWN, {"m.py": SOURCE}, "m.py")
    wall = iter([0.5, 1.5, 0.5, 1.5, 1.0])
    seen = [report(here.tree.path, [[[0, 1], 0.125]], cpu=0.125, wall=next(wall)) for _ in range(5)]
    probed = iter(Probed(ran(), {"sample": (one,)}) for one in seen)
    profile = sampling.profile(lambda index, tasks: next(probed), here.tree, here.project)
    assert (profile.seconds, named(profile)) == ((1.0,), [(0, ("<module>", "main"), 0.125)])
    assert next(probed, None) is None


def test_workload_that_waits_is_not_repeated_for_its_cpu_time(tmp_path: Path) -> None:
    one = report(tmp_path / "tree", [[[0, 1], 0.5]], wall=5.0, cpu=0.5)
    profile = made(tmp_path, Probed(ran(), {"sample": (one,)}))
    assert (profile.seconds, named(profile)[0][2]) == ((5.0,), 0.1)


def test_run_without_window_is_measured_as_a_whole(tmp_path: Path) -> None:
    one = report(tmp_path / "tree", [[[0, 1], 1.0]], windowed=False)
    profile = made(tmp_path, Probed(ran(wall=4.0), {"sample": (one,)}))
    assert (profile.seconds, named(profile)[0][2]) == ((4.0,), 0.25)


def test_workloads_stay_apart_and_lines_are_their_mean(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    probed = [Probed(ran(), {"sample": (report(tree, [[[0, 1], 1.0]], wall=wall),)}) for wall in (2.0, 4.0)]
    profile = made(tmp_path, *probed)
    assert named(profile) == [(0, ("<module>", "main"), 0.5), (1, ("<module>", "main"), 0.25)]
    assert profile.line_shares == {"m.py:3": pytest.approx((0.25 + 0.125) / 2)}


def test_workload_without_a_python_process_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"no Python process in workload 'w0\.py'"):
        made(tmp_path, Probed(ran(), {}))


@pytest.mark.parametrize(
    ("changed", "cpu", "words"),
    [
        ({"cpu": 0.01}, 0.01, "too short for a precise profile"),
        ({"taken": True}, 1.0, "uses SIGPROF itself"),
        ({"windowed": False}, 5.0, "only 1.00 s in Python"),
    ],
)
def test_profile_says_what_it_lacks(tmp_path: Path, changed: dict[str, Any], cpu: float, words: str) -> None:
    one = report(tmp_path / "tree", [[[0, 1], 0.01]], **changed)
    (notice,) = made(tmp_path, Probed(ran(cpu), {"sample": (one,)})).notices
    assert words in notice


def test_the_share_of_full_collections_is_told(tmp_path: Path) -> None:
    two = [report(tmp_path / "tree", [[[0, 1], 0.01]], collecting=seconds) for seconds in (0.5, 0.02)]
    profile = made(tmp_path, *(Probed(ran(), {"sample": (each,)}) for each in two))
    assert profile.collecting == pytest.approx((0.25 + 0.01) / 2)
    told = "25% of the time goes to full garbage collections: shared among all who allocate, by how much"
    assert [notice for notice in profile.notices if "collections" in notice] == [told]


def run_script(here: Probing) -> sampling.RunOne:
    def run_one(index: int, tasks: Tasks) -> Probed:
        return here.run(here.project.workloads[index].target, **tasks)

    return run_one


def test_both_passes_of_a_real_run(tmp_path: Path) -> None:
    here = probing(tmp_path, OWN, {"m.py": SOURCE}, "m.py")
    profile = sampling.profile(run_script(here), here.tree, here.project)
    hot = next(function for function in profile.functions if function.key == "m.py::hot")
    assert hot.line == 1
    inclusive = sum(s.share for s in profile.stacks if "hot" in {profile.functions[i].name for i in s.frames})
    assert 0.1 < inclusive < 1
    assert sum(stack.share for stack in profile.stacks) <= 1

    missing = Function("absent.py", "f", 1)
    detailed = lines.detail(profile, [hot, missing], run_script(here), here.tree)
    (detail,) = detailed.details
    assert (detail.function, detail.calls) == ("m.py::hot", 200)
    assert detail.callers == (("m.py::main", 200),)
    assert detail.repeats.calls == 200
    assert sum(line.share for line in detail.lines) == pytest.approx(1)
    assert {line.line: line.hits for line in detail.lines}[2] >= 200
    assert [(one.name, one.kinds, one.counts) for one in detail.arguments] == [
        ("items", ("range len 3000",), (64,)),
        ("return", ("list[str] len 3000",), (64,)),
    ]
    assert detailed.measured_by.startswith("target's line_profiler")
    assert detailed.notices[-1] == "absent.py::f could not be observed: never loaded from its file"
    assert detailed.stacks == profile.stacks

    main = next(function for function in profile.functions if function.key == "m.py::main")
    detail, passed = lines.detail(profile, [hot], run_script(here), here.tree, counted=[main]).details
    assert (detail.calls, detail.repeats.calls) == (200, 200)
    assert (passed.function, passed.calls, passed.lines, passed.arguments) == ("m.py::main", 1, (), ())
    assert passed.repeats.calls == 0
