"""`llmopt init`: a repository in, its `[tool.llmopt]` table out, with what was detected and what the user answered."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

import typer

from llmopt import config, output, project, workloads
from llmopt.data import Project, Workload
from llmopt.errors import ProjectError, UsageError
from llmopt.reports import words


def run(path: Path, python: str | None, yes: bool, quiet: bool) -> int:
    """Detect, ask for what was not found, and append the table to pyproject.toml (or write llmopt.toml)."""
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    existing, file = config.read_file(folder, project.git_root(folder))
    if existing and file is not None:
        raise UsageError(f"{file} has a [tool.llmopt] table already", "edit it, or remove it first")
    opened = project.open_project(folder, python=python, test=None, workloads=[], roots=None)
    ask = not yes and sys.stdin.isatty()
    table = table_text(opened, found_workloads(opened, folder, ask), found_tests(opened, ask), python)
    destination = write(folder, table)
    if not quiet:
        output.say(f"{table}\nwritten to {destination}. Next: llmopt doctor, then llmopt optimize")
    return 0


def found_workloads(opened: Project, folder: Path, ask: bool) -> list[str]:
    """The detected workloads, or the one the user names."""
    if detected := workloads.detect(folder, opened.interpreter):
        return [spec(workload) for workload in detected]
    if not ask:
        return []
    answer = typer.prompt(
        "No benchmark was found. What is to become faster (a command, script.py, module:function; empty: the tests)",
        default="",
        show_default=False,
    )
    if not answer.strip():
        return []
    workloads.parse(answer, folder, opened.interpreter)  # a wrong one is refused now, not in the middle of a run
    return [answer.strip()]


def spec(workload: Workload) -> str:
    """The workload as it is written in the configuration."""
    return workload.spec if workload.weight == 1 else f"{workload.spec}@{workload.weight:g}"


def found_tests(opened: Project, ask: bool) -> str:
    """The detected test command, or the one the user names, "" for none."""
    if opened.tests:
        return words.command(opened.tests)
    if not ask:
        return ""
    return str(
        typer.prompt("No tests were found. Which command runs them (empty: none)", default="", show_default=False)
    )


def table_text(opened: Project, specs: list[str], tests: str, python: str | None) -> str:
    """The table, commented where something is left to the user."""
    version = ".".join(str(part) for part in opened.interpreter.version)
    lines = ["[tool.llmopt]", f"# Detected: Python {version} from {opened.interpreter.found}."]
    if python:
        lines.append(f"python = {json.dumps(python)}")
    lines.append(
        f"workloads = {json.dumps(specs)}" if specs else '# workloads = ["benchmarks/bench.py"]  # else the tests'
    )
    lines.append(f"test = {json.dumps(tests)}" if tests else '# test = "python -m pytest"  # no tests were found')
    lines.append(
        '# model = "anthropic:NAME"  # or openai:NAME, openai:NAME@http://localhost:11434/v1; default: rules, no model'
    )
    return "\n".join([*lines, ""])


def write(folder: Path, table: str) -> Path:
    """Append to pyproject.toml where there is one; the file appears whole or not at all."""
    pyproject = folder / "pyproject.toml"
    destination = pyproject if pyproject.exists() else folder / "llmopt.toml"
    before = pyproject.read_text(encoding="utf-8") if pyproject.exists() else ""
    text = f"{before.rstrip()}\n\n{table}" if before else table
    part = destination.with_name(f".{destination.name}.llmopt")
    try:
        part.write_text(text, encoding="utf-8")
        if destination.exists():
            part.chmod(destination.stat().st_mode)
        part.replace(destination)
    except OSError as problem:
        with suppress(OSError):
            part.unlink()
        raise ProjectError(
            f"cannot write {destination}: {problem.strerror}", "the same settings can be given as flags"
        ) from None
    return destination
