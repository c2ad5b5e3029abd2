"""`llmopt` alone: a folder in, what llmopt finds there and the next command out. It only looks, and imports little."""

from __future__ import annotations

import fcntl
import json
import os
import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import output

WIDTH = 79
CHUNK_BYTES = 1 << 16  # of a journal, read from its end until a whole line is there
MOST_BYTES = 1 << 24
TAKE = re.compile(r"take it with `([^`]*)`")  # in the words of llmopt/keep.py
TESTS = ("tests", "test", "conftest.py", "test_*.py", "*_test.py")
BENCHMARKS = ("bench*/*.py", "bench*/*/*.py", "bench.py", "bench_*.py", "benchmark*.py", "asv.conf.json")


@dataclass(frozen=True)
class Run:
    """The newest run. `outcome` is as in its journal, None while it has not ended; `take` is the command that takes
    what it kept, "" where it is taken already."""

    name: str
    model: str
    is_verify: bool
    outcome: Mapping[str, Any] | None
    take: str = ""


@dataclass(frozen=True)
class Found:
    """What is in a folder. `table` is the configuration, None where there is none; `running` says who works there."""

    name: str
    is_git: bool
    has_python: bool
    has_tests: bool
    has_benchmarks: bool
    table: Mapping[str, Any] | None = None
    run: Run | None = None
    running: str = ""


def run(folder: Path) -> int:
    """Say what there is and what to do next."""
    found = look(folder.absolute())
    last = "All commands: llmopt --help   Topics: llmopt help"
    output.say("\n".join([textwrap.fill(about(found), WIDTH), "Next:", *rows(advice(found)), last]))
    return 0


def rows(commands: Sequence[tuple[str, str]]) -> list[str]:
    """Each command with what it does, beside it where a line has room for both."""
    width = max(len(command) for command, _ in commands)
    beside = [f"  {command:{width}}  {reason}" for command, reason in commands]
    if max(map(len, beside)) <= WIDTH:
        return beside
    return [line for command, reason in commands for line in (f"  {command}", f"      {reason}")]


def look(folder: Path) -> Found:
    """What the folder holds, without running git or Python in it."""
    root = root_above(folder)
    state = (root or folder) / ".llmopt"
    return Found(
        output.one_line(folder.name) or str(folder),
        root is not None,
        has_python(folder),
        any(any(folder.glob(name)) for name in TESTS),
        any(any(folder.glob(name)) for name in BENCHMARKS),
        configuration(folder, root or folder),
        newest(state),
        running(state),
    )


def root_above(folder: Path) -> Path | None:
    """The git root of a folder, also of one that is a worktree or a submodule."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def has_python(folder: Path) -> bool:
    """Whether there is a Python file here or up to two folders below."""
    return any(any(folder.glob(below)) for below in ("*.py", "*/*.py", "*/*/*.py"))


def configuration(folder: Path, top: Path) -> Mapping[str, Any] | None:
    """The table of the nearest configuration file; empty for one that cannot be read, of which a run says more."""
    for place in (folder, *folder.parents):
        for file in (place / "llmopt.toml", place / "pyproject.toml"):
            if (table := _table(file)) is not None:
                return table
        if place == top:
            break
    return None


def _table(file: Path) -> Mapping[str, Any] | None:
    is_own = file.name == "llmopt.toml"
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {} if is_own else None
    tool = content.get("tool")
    table = tool.get("llmopt") if isinstance(tool, dict) else None
    table = content if is_own and table is None else table
    return table if isinstance(table, dict) else None


# --- earlier runs ----------------------------------------------------------------------------------------------


def names_of_runs(state: Path) -> list[str]:
    """The runs of a state folder, oldest first."""
    return sorted(journal.parent.name for journal in state.glob("runs/*/journal.jsonl"))


def newest(state: Path) -> Run | None:
    """The newest run, as far as the first and the last lines of its journal tell."""
    names = names_of_runs(state)
    if not names:
        return None
    try:
        head, tail = ends(state / "runs" / names[-1] / "journal.jsonl")
    except OSError:
        return None
    start: dict[str, Any] = next((line["value"] for line in head if line.get("kind") == "start"), {})
    model = str(start.get("settings", {}).get("model", "rules"))
    is_verify = any(line.get("kind") == "change" for line in head)
    last = tail[-1] if tail else {}
    outcome = last["value"] if last.get("kind") == "outcome" and isinstance(last["value"], dict) else None
    return Run(names[-1], model, is_verify, outcome, taking(tail) if outcome else "")


def taking(records: Sequence[Mapping[str, Any]]) -> str:
    """The command that the run named where it said what it kept: a merge is wrong for edits of uncommitted work."""
    kept: Any = next((line["value"] for line in reversed(records) if line.get("kind") == "kept"), None)
    found = TAKE.search(str(kept.get("where"))) if isinstance(kept, dict) else None
    return output.one_line(found[1]) if found else ""


def ends(journal: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records that begin a journal, and its last ones, two at least; {} for what is none."""
    with journal.open("rb") as stream:
        head = [_record(line) for line in stream.read(CHUNK_BYTES).splitlines()]
        size, tail = stream.seek(0, os.SEEK_END), b""
        while len(tail) < min(size, MOST_BYTES) and tail.rstrip(b"\n").count(b"\n") < 2:
            stream.seek(max(0, size - len(tail) - CHUNK_BYTES))
            tail = stream.read()
            if len(tail) >= size:
                break
    return head, [_record(line) for line in tail.splitlines()]


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and "value" in record else {}


def running(state: Path) -> str:
    """Who works on the repository just now, "" for nobody."""
    try:
        with (state / "lock").open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (state / "lock").read_text().strip() or "another process"
    except OSError:
        return ""
    return ""


# --- what to do ------------------------------------------------------------------------------------------------


def about(found: Found) -> str:
    """One line on what there is."""
    if not found.has_python and not found.is_git:
        return f"{found.name}: no git repository, and no Python files."
    git = "a git repository" if found.is_git else "no git repository"
    tests = "with tests" if found.has_tests or "test" in (found.table or {}) else "no tests found"
    benchmarks = "with benchmarks" if found.has_benchmarks else "no benchmarks found"
    settings = "configured" if found.table is not None else "not configured"
    return f"{found.name}: {git}, {tests}, {benchmarks}, {settings}; {_about_run(found.run)}."


def _about_run(run: Run | None) -> str:
    if run is None:
        return "no runs yet"
    if run.is_verify:
        return f"the last run, {run.name}, verified a change"
    if run.outcome is None:
        return f"the last run, {run.name}, has not ended"
    if not kept(run.outcome):
        return f"the last run, {run.name}, kept nothing"
    return f"the last run, {run.name}, made it {float(run.outcome.get('speedup', 1.0)):.2f}x as fast"


def kept(outcome: Mapping[str, Any]) -> bool:
    return any(isinstance(each, dict) and each.get("accepted") for each in outcome.get("verdicts", ()))


def advice(found: Found) -> list[tuple[str, str]]:
    """The next commands, each with what it does; two at most."""
    if found.running:
        return [("llmopt show last", f"what the run that goes on has found so far ({output.one_line(found.running)})")]
    if not found.has_python and not found.is_git:
        return [("cd REPOSITORY && llmopt", "in a git repository with Python code")]
    if not found.is_git:
        return [
            ("git init && git add --all && git commit -m 'First commit'", "llmopt leaves its edits on a branch"),
            ("llmopt optimize --no-git", "without git: works on a copy, and gives a patch"),
        ]
    if found.run and not found.run.is_verify:
        return after(found.run)
    return first(found)


def first(found: Found) -> list[tuple[str, str]]:
    """Before the first run."""
    if found.table is None:
        start = ("llmopt init", "looks for interpreter, tests and benchmarks, and writes [tool.llmopt]")
    else:
        start = ("llmopt doctor", "checks what a run needs, one line for each thing")
    table = found.table or {}
    if not (found.has_tests or table.get("test") or table.get("allow_no_tests")):
        return [start, ("llmopt optimize --test 'COMMAND'", "your tests check each edit")]
    if not (found.has_benchmarks or table.get("workloads")):
        return [start, ("llmopt optimize --workload SPEC", "what is to become faster: llmopt help workloads")]
    return [start, ("llmopt optimize", "looks for faster code; what it keeps is a branch")]


def after(run: Run) -> list[tuple[str, str]]:
    """After a run."""
    show = ("llmopt show last", "what was tried, with the evidence and the diff")
    if run.outcome is None or run.outcome.get("interrupted"):
        return [("llmopt optimize --resume last", "goes on where it ended; nothing is paid for twice"), show]
    if not kept(run.outcome):
        if run.model == "rules":
            return [("llmopt optimize --model anthropic:NAME --budget-usd 2", "asks a model: llmopt help models"), show]
        return [show, ("llmopt optimize --workload SPEC", "another workload: llmopt help workloads")]
    return [show, (run.take, "takes its edits")] if run.take else [show]
