"""`llmopt init`: a repository in, its `[tool.llmopt]` table out, with what was detected and what the user answered."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Set
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, get_origin

import typer

from llmopt import config, git, output, project, workloads
from llmopt.commands import hooks, workflow
from llmopt.config import THE_USERS_OWN, Settings
from llmopt.data import Project, Workload
from llmopt.errors import ProjectError, UsageError
from llmopt.folders import rewrite
from llmopt.reports import words

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def run(
    path: Path, python: str | None, yes: bool, quiet: bool, with_hooks: bool = False, with_workflow: bool = False
) -> int:
    """Detect, ask for what was not found, and append the table to pyproject.toml (or write llmopt.toml). Hooks and a
    workflow are written on demand alone, also where there is a table already."""
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    root = git.top(folder)
    existing, file = config.read_file(folder, root)
    if not existing or file is None:
        configure(folder, python, yes, quiet)
    elif not (with_hooks or with_workflow):
        raise UsageError(f"{file} has a [tool.llmopt] table already", "edit it, or remove it first")
    may_ask = not (yes or with_hooks or with_workflow or quiet) and sys.stdin.isatty()
    if with_hooks or (may_ask and wants(root, hooks.FILE, "Write pre-commit hooks too (docs/hooks.md)?")):
        written = hooks.write(root)
        output.say(f"hooks written to {written}. Next: {hooks.INSTALL}, and llmopt profile: it tells what is hot")
    may_ask = may_ask and (root / ".github").is_dir()
    if with_workflow or (may_ask and wants(root, workflow.FILE, "Write a workflow for pull requests (docs/ci.md)?")):
        named = config.specs(config.read_file(folder, root)[0].get("workloads", []))
        output.say(f"workflow written to {workflow.write(root, named)}. Next: look at how it installs the project")
    return 0


def wants(root: Path, file: str, question: str) -> bool:
    """Does the user want a file that is not there?"""
    return not (root / file).exists() and typer.confirm(question, err=True)


def configure(folder: Path, python: str | None, yes: bool, quiet: bool) -> None:
    """Detect, ask, and write the table."""
    opened = project.open_project(folder, python=python, test=None, workloads=[], roots=None)
    ask = not yes and sys.stdin.isatty()
    table = table_text(opened, found_workloads(opened, folder, ask), found_tests(opened, ask), python)
    destination = write(folder, table)
    if not quiet:
        output.say(f"{table}\nwritten to {destination}. Next: llmopt doctor, then llmopt optimize")


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
        err=True,
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
    question = "No tests were found. Which command runs them (empty: none)"
    return str(typer.prompt(question, default="", show_default=False, err=True))


def table_text(opened: Project, specs: list[str], tests: str, python: str | None) -> str:
    """The table: what was detected with what it is, then every other setting, commented out with its default."""
    version = ".".join(str(part) for part in opened.interpreter.version)
    lines = ["[tool.llmopt]", f"# Python {version} ({opened.interpreter.found}) runs the code."]
    if python:
        lines.append(f"python = {json.dumps(python)}")
    lines += about_workloads(specs) + about_tests(tests)
    return "\n".join([*lines, "", *defaults({"workloads", "test", *(["python"] if python else [])}), ""])


def about_workloads(specs: list[str]) -> list[str]:
    """What is to become faster."""
    if specs:
        return ["# What is to become faster.", f"workloads = {json.dumps(specs, ensure_ascii=False)}"]
    missing = "# No benchmark was found: the tests are the workload. Name what you want faster (llmopt help workloads)."
    return [missing, "# workloads = []"]


def about_tests(tests: str) -> list[str]:
    """What checks the edits."""
    if tests:
        return ["# The tests, which have to end with each edit as without.", f"test = {json.dumps(tests)}"]
    return ["# No tests were found. Name the command that runs them: without any, no edit is tried.", '# test = ""']


def defaults(said: Set[str]) -> Iterator[str]:
    """Lines for the settings of which nothing was said yet."""
    yield "# Every other setting as it is without a line here; `llmopt help settings` says more."
    fields = {name: field for name, field in Settings.model_fields.items() if name not in {*said, *THE_USERS_OWN}}
    for name, field in fields.items():
        if field.default is not None and name != "prices":
            yield f"# {name} = {toml(field)}  # {field.description}{choices(field)}"
    unset = [name for name, field in fields.items() if field.default is None]
    yield f"# Not set: {', '.join(unset)}, prices."
    yield f"# Not for a repository to say, but for who runs it: {', '.join(THE_USERS_OWN)}."


def choices(field: FieldInfo) -> str:
    """What a setting may be, where that is one of a few words."""
    return f" One of {', '.join(get_args(field.annotation))}." if get_origin(field.annotation) is Literal else ""


def toml(field: FieldInfo) -> str:
    """A setting's default as it is written in the file."""
    read_by = {getattr(each, "func", None) for each in field.metadata}
    if config.seconds in read_by:
        return f'"{field.default / 60:g}m"'
    if config.sized in read_by:
        return f'"{field.default / 1024**3:g}GB"'
    return json.dumps(field.default)


def write(folder: Path, table: str) -> Path:
    """Append to pyproject.toml where there is one; the file appears whole or not at all."""
    pyproject = folder / "pyproject.toml"
    destination = pyproject if pyproject.exists() else folder / "llmopt.toml"
    before = pyproject.read_text(encoding="utf-8") if pyproject.exists() else ""
    text = f"{before.rstrip()}\n\n{table}" if before else table
    try:
        rewrite(destination, text.encode())
    except OSError as problem:
        raise ProjectError(
            f"cannot write {destination}: {problem.strerror}", "the same settings can be given as flags"
        ) from None
    return destination
