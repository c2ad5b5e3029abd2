"""What is to become faster: a spec in, a workload out; a workload and a tree in, seconds out. One file a kind."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from llmopt import output, pytests
from llmopt.data import Interpreter, Limits, Ran, Sample, TestCommand, Tree, Workload
from llmopt.errors import UsageError, WorkloadError
from llmopt.target import Probed, Target, Tasks
from llmopt.target import run as run_command
from llmopt.workloads import asv, command, files, function, functions, pytest, script
from llmopt.workloads.invocation import Invocation, Times, nothing_measured

MOST_REPETITIONS = 1_000_000  # a part that takes no time even so is not worth measuring
WEIGHT = re.compile(r"(.+)@(\d+(?:\.\d+)?)")


class Kind(Protocol):
    """What each file of a kind has.

    MARKS: its timed part is marked in the process; REPEATS: one process can run it several times.
    `parse` gives None for a spec that is not of the kind, and `detect` what a project has of it.
    """

    MARKS: bool
    REPEATS: bool

    def parse(self, spec: str, folder: Path, interpreter: Interpreter) -> Workload | None: ...
    def detect(self, folder: Path, interpreter: Interpreter) -> list[Workload]: ...
    def command(self, workload: Workload, target: Target, tree: Tree, repetitions: int, tasks: Tasks) -> Invocation: ...
    def times(self, probed: Probed, workload: Workload, repetitions: int) -> Times: ...


# In the order in which a spec is tried, and in which a project is searched: what says most about itself first.
KINDS: Mapping[str, Kind] = {
    "functions": functions,
    "asv": asv,
    "pytest": pytest,
    "script": script,
    "function": function,
    "command": command,
}
# What a spec begins with may settle its kind; the colon would else look like that of module:function.
PREFIXES: Mapping[str, Kind] = {"cmd:": command, "pytest:": pytest, "asv:": asv}


@dataclass(frozen=True)
class Run:
    """One timed run: what it used, and all that the process did."""

    sample: Sample
    probed: Probed


def parse(spec: str, folder: Path, interpreter: Interpreter) -> Workload:
    """The workload that SPEC or SPEC@WEIGHT names, relative to the project's folder; UsageError for none."""
    text, weight = _split_weight(spec.strip(), folder)
    for kind in next(([kind] for prefix, kind in PREFIXES.items() if text.startswith(prefix)), KINDS.values()):
        found = kind.parse(text, folder, interpreter)
        if found is not None:
            return replace(found, weight=weight)
    raise _unknown(text, folder)


def _split_weight(spec: str, folder: Path) -> tuple[str, float]:
    weighted = WEIGHT.fullmatch(spec)
    if not weighted or (folder / spec).exists():
        return spec, 1.0
    if float(weighted[2]) == 0:
        raise UsageError(f"the weight of workload {spec} is 0", "leave the workload out instead")
    return weighted[1], float(weighted[2])


def _unknown(spec: str, folder: Path) -> UsageError:
    hint = "known: SCRIPT.py [ARGS], module:function, pytest:ARGS, asv:REGEX, cmd:LINE, each with @WEIGHT at will"
    if (folder / spec).is_dir():
        scripts = [files.relative(path, folder) for path in files.walk(folder / spec)][:3]
        tip = f"name one of its scripts, such as {', '.join(scripts)}" if scripts else hint
        return UsageError(f"workload {spec} is a folder without tests", tip)
    if spec.endswith(".py") or "/" in spec:
        close = difflib.get_close_matches(spec, [files.relative(path, folder) for path in files.walk(folder)], n=1)
        return UsageError(f"workload {spec}: there is no such file below {folder}", _did_you_mean(close) or hint)
    return UsageError(f"workload {spec!r} is no file below {folder}, no module:function, and no shell line", hint)


def _did_you_mean(close: list[str]) -> str:
    return f"did you mean {close[0]}?" if close else ""


def detect(folder: Path, interpreter: Interpreter) -> list[Workload]:
    """The workloads a project brings along: those of the first kind it has any of, so that none is measured twice."""
    return next((found for kind in KINDS.values() if (found := kind.detect(folder, interpreter))), [])


def of_tests(tests: TestCommand, folder: Path, interpreter: Interpreter, failing: Sequence[str] = ()) -> Workload:
    """The test suite as a workload, without the tests that fail: a workload must end well."""
    line = shlex.join((interpreter.path, "-m", tests.kind, *tests.arguments))
    if tests.kind != "pytest":
        return Workload("the tests", "command", " ".join(tests.arguments) if tests.kind == "command" else line)
    found = pytest.parse("pytest:" + shlex.join(tests.arguments), folder, interpreter)
    assert found is not None
    return pytest.without(replace(found, spec="the tests", target=""), failing)


def uses_marks(workload: Workload) -> bool:
    """Whether only a marked part of the process is timed, so that a profile should be of that part too."""
    return KINDS[workload.kind].MARKS


def can_repeat(workload: Workload) -> bool:
    """Whether one process can run the workload several times, to make a sample long enough to measure."""
    return KINDS[workload.kind].REPEATS


def run(
    target: Target,
    tree: Tree,
    workload: Workload,
    limits: Limits,
    *,
    tasks: Tasks | None = None,
    hash_seed: int = 0,
    repetitions: int = 1,
    counter: str = "",
    reads: Sequence[Path] = (),
    timed: bool = True,
) -> Run:
    """Run the workload in the tree and time it. WorkloadError when it crashes, hangs or measures nothing.

    `counter` counts instructions, as for a `Command`. A part so short that the parent sees its two marks at once is run
    again with more repetitions, unless it need not be `timed`: what it prints tells how often it ran.
    """
    kind = KINDS[workload.kind]
    repetitions = repetitions if kind.REPEATS else 1
    call = kind.command(workload, target, tree, repetitions, tasks or {})
    probed = run_command(
        target,
        tree,
        call.argv,
        limits,
        tasks={**(tasks or {}), **call.tasks},
        environment={"PYTHONHASHSEED": str(hash_seed), **call.environment},
        marks=call.marks,
        counter=counter,
        reads=reads,
    )
    _refuse_failure(probed, workload, limits, tree)
    times = kind.times(probed, workload, repetitions)
    if times.seconds > 0 or not timed:
        return Run(_sample(probed.ran, times, repetitions), probed)
    if not kind.REPEATS or repetitions >= MOST_REPETITIONS:
        raise nothing_measured(workload, "its timed part took no time")
    more = min(MOST_REPETITIONS, repetitions * 100)
    again = {"tasks": tasks, "hash_seed": hash_seed, "repetitions": more, "counter": counter, "reads": reads}
    return run(target, tree, workload, limits, **again)  # type: ignore[arg-type]


def fingerprint(run: Run) -> str:
    """What the workload printed and, where the task "returned" reported it, returned; as a digest."""
    returned = run.probed.reports.get("returned")
    printed = run.probed.ran.stdout_digest
    return hashlib.sha256(f"{printed} {json.dumps(returned)}".encode()).hexdigest() if returned else printed


def _sample(ran: Ran, times: Times, repetitions: int) -> Sample:
    marked = ran.mark_cpu_seconds
    parts = [end - begin for begin, end in zip(marked[::2], marked[1::2], strict=False)]
    return Sample(
        seconds=times.seconds,
        # Marks that are seen at once share one reading of the CPU clock: such a part used about what it took.
        cpu_seconds=(sum(parts) / repetitions or times.seconds) if parts else ran.cpu_seconds,
        peak_bytes=ran.peak_memory_bytes,
        first_seconds=times.first,
        setup_seconds=times.setup,
        rest_seconds=_rest(ran) if times.setup else 0.0,
        instructions=ran.instructions,
        joules=ran.joules,
    )


def _rest(ran: Ran) -> float:
    """Seconds between the timed parts of a process and after them; 0 without marks."""
    seen = [seconds for _, seconds in ran.marks]
    timed = sum(end - begin for begin, end in zip(seen[::2], seen[1::2], strict=False))
    return max(0.0, ran.wall_seconds - seen[0] - timed) if seen else 0.0


def _refuse_failure(probed: Probed, workload: Workload, limits: Limits, tree: Tree) -> None:
    if probed.ran.timed_out:
        how = output.ending(probed.ran, limits, "--workload-timeout")
        raise WorkloadError(f"workload {workload.spec} {how}", "give it more time, or less to do")
    if probed.ran.exit_code != 0:
        how = pytests.failing(probed) or output.ending(probed.ran, limits, "--workload-timeout")
        own = how.replace(f"{tree.path}/", "")  # the tree is gone when the user reads this
        raise WorkloadError(f"workload {workload.spec} {own}")
