"""The project's tests: a tree in, outcomes by test out; a gate and outcomes in, the first difference in words out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from llmopt import output, pytests
from llmopt.data import Limits, Ran, TestRun, Tree
from llmopt.target import PROBE, Probed, Target, Tasks
from llmopt.target import run as run_command
from llmopt.workloads.command import shell

TIME_FLAG = "--test-timeout"
# pytest's exit codes after which its report is whole: all passed, some failed, none collected.
WHOLE = (0, 1, 5)
FAILURE_LINES = 12

Instead = Callable[[str, str], AbstractContextManager[Tree]]  # a commit's tree, in the folder of another commit's


def run_tests(
    target: Target, tree: Tree, limits: Limits, expect: Mapping[str, str] | None = None, tasks: Tasks | None = None
) -> TestRun:
    """Run the project's tests. With `expect` the run ends at the first test whose outcome is another one.

    A crash or a time-out is a TestRun with a `problem`; so is a run that ended early, with the failure's text.
    """
    return run_probed(target, tree, limits, expect, tasks)[0]


def run_probed(
    target: Target,
    tree: Tree,
    limits: Limits,
    expect: Mapping[str, str] | None = None,
    tasks: Tasks | None = None,
    *,
    select: Sequence[str] = (),
    options: Sequence[str] = (),
) -> tuple[TestRun, Probed]:
    """As `run_tests`, with what the probe's tasks reported.

    With `select` only these tests run, in this order, whatever the command is (not for kind "command"). `options` are
    added to the command's arguments.
    """
    tests = target.project.tests
    if tests is None:
        return TestRun({}, 0.0), Probed(Ran(0, 0.0, 0.0, 0, "", ""))
    start, read = KINDS[tests.kind]
    argv, environment, own = start(target)
    argv = (*argv, *options)
    with tempfile.TemporaryDirectory(prefix="llmopt-expect-") as folder:
        for variable, value in (("LLMOPT_EXPECT", dict(expect or {})), ("LLMOPT_SELECT", list(select))):
            if value:
                environment[variable] = str(Path(folder) / variable)
                (Path(folder) / variable).write_text(json.dumps(value))
        probed = run_command(
            target, tree, argv, limits, tasks={**(tasks or {}), **own}, environment=environment, reads=(Path(folder),)
        )
    return read(target, probed, limits), probed


Started = tuple[tuple[str, ...], dict[str, str], Tasks]


def _start_pytest(target: Target) -> Started:
    project = target.project
    assert project.tests is not None
    return pytests.argv(project.interpreter, project.tests.arguments), {}, {"pytest": {}}


def _start_unittest(target: Target) -> Started:
    project = target.project
    assert project.tests is not None
    runner = str(PROBE / "llmopt_unittest.py")
    return (project.interpreter.path, runner, *project.tests.arguments), {}, {"unittest": {}}


def _start_command(target: Target) -> Started:
    run = shell(_line(target), target.project.interpreter)
    return run.argv, dict(run.environment), {}


def _line(target: Target) -> str:
    assert target.project.tests is not None
    return " ".join(target.project.tests.arguments)


def _read_report(target: Target, probed: Probed, limits: Limits) -> TestRun:
    ran, report = probed.ran, pytests.report(probed)
    if report is None:
        return TestRun({}, ran.wall_seconds, "the test run " + output.ending(ran, limits, TIME_FLAG))
    problem = ""
    if report.stopped:
        problem = _failure(report.failures.get(report.stopped, ""))
    elif ran.timed_out or ran.exit_code not in WHOLE:
        problem = "the test run " + output.ending(ran, limits, TIME_FLAG)
    return TestRun(report.outcomes, ran.wall_seconds, problem)


def _failure(text: str) -> str:
    return "\n".join(output.plain(text).strip().splitlines()[-FAILURE_LINES:])


def _read_exit_code(target: Target, probed: Probed, limits: Limits) -> TestRun:
    ran = probed.ran
    passed = ran.exit_code == 0 and not ran.timed_out
    problem = "" if passed else "the test command " + output.ending(ran, limits, TIME_FLAG)
    return TestRun({_line(target): "passed" if passed else "failed"}, ran.wall_seconds, problem)


KINDS: Mapping[str, tuple[Callable[[Target], Started], Callable[[Target, Probed, Limits], TestRun]]] = {
    "pytest": (_start_pytest, _read_report),
    "unittest": (_start_unittest, _read_report),
    "command": (_start_command, _read_exit_code),
}


def differing(gate: Mapping[str, str], run: TestRun) -> list[str]:
    """The tests that ran with another outcome than the gate's, in its order."""
    return [name for name in gate if name in run.outcomes and run.outcomes[name] != gate[name]]


def compare(gate: Mapping[str, str], run: TestRun) -> str:
    """The first difference between the outcomes a candidate must reproduce and its run, "" for none.

    Tests that the gate does not know are no difference: those that fail or flake on the base are left out of it.
    """
    if changed := differing(gate, run):
        name = changed[0]
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        why = f":\n{run.problem}" if run.problem else ""
        return f"{name} was {gate[name]}, now {run.outcomes[name]}{more}{why}"
    missing = [name for name in gate if name not in run.outcomes]
    if run.problem:
        return run.problem
    if missing:
        return f"{missing[0]} did not run ({len(missing)} of {len(gate)} tests are missing)"
    return ""
