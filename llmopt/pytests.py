"""pytest under the probe: which shell lines are a pytest run, how it is started, and what its report says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from llmopt.data import Interpreter
from llmopt.target import Probed

PYTHON = re.compile(r"(python|pypy)[0-9.]*(\.exe)?")
SHELL = re.compile(r"[|&;<>()$`*?#~\n]|^\s*\w+=")
# Launchers that run what follows in the project's environment, with the options that do not change what is run.
LAUNCHERS = (["uv", "run"], ["poetry", "run"], ["pdm", "run"], ["hatch", "run"], ["pipenv", "run"], ["rye", "run"])
FLAGS = ("--frozen", "--locked", "--no-sync", "--all-extras", "--all-groups", "--dev", "--active", "--quiet", "-q")
VALUED = ("--extra", "--group")


@dataclass(frozen=True)
class Report:
    """What the plugin saw; None of it exists when pytest crashed."""

    outcomes: Mapping[str, str]
    failures: Mapping[str, str]
    stopped: str
    benchmarks: Mapping[str, float] = field(default_factory=dict)


def module_arguments(line: str, module: str) -> tuple[str, ...] | None:
    """The arguments of a line that runs `module` as a program in the project's environment; None for any other line."""
    if SHELL.search(line):
        return None
    try:
        words = _unlaunched(shlex.split(line))
    except ValueError:  # an open quotation
        return None
    match words:
        case [program, "-m", name, *rest] if PYTHON.fullmatch(PurePath(program).name) and name == module:
            return tuple(rest)
        case ["coverage", "run", "-m", name, *rest] if name == module:
            return tuple(rest)
        case [program, *rest] if module == "pytest" and PurePath(program).name in ("pytest", "py.test"):
            return tuple(rest)
    return None


def _unlaunched(words: list[str]) -> list[str]:
    if words[:2] not in LAUNCHERS:
        return words
    rest = words[2:]
    while rest and (rest[0] in FLAGS or rest[0] in VALUED):
        rest = rest[2 if rest[0] in VALUED else 1 :]
    return rest


def argv(interpreter: Interpreter, arguments: Sequence[str]) -> tuple[str, ...]:
    """The command of a pytest run that reports to the plugin and leaves no cache and no coverage data in the tree."""
    own = ["-p", "llmopt_pytest", "--continue-on-collection-errors", "--maxfail=0"]
    if "no:cacheprovider" not in arguments:
        # Not `-p no:cacheprovider`: options such as --ff in the project's configuration would then be unknown.
        own += ["-o", "cache_dir=~/pytest-cache"]
    if "pytest-cov" in interpreter.packages:
        own.append("--no-cov")
    return (interpreter.path, "-m", "pytest", *arguments, *own)


def report(probed: Probed) -> Report | None:
    """The report of pytest or unittest, None without one. It comes from code that is not trusted: what is malformed is
    left out, and of two reports one would be forged, so that neither counts."""
    reports = (*probed.reports.get("pytest", ()), *probed.reports.get("unittest", ()))
    if len(reports) != 1 or not isinstance(reports[0], Mapping):
        return None
    value = reports[0]
    return Report(
        outcomes=_texts(value.get("outcomes")),
        failures=_texts(value.get("failures")),
        stopped=str(value.get("stopped") or ""),
        benchmarks=_numbers(value.get("benchmarks")),
    )


def failing(probed: Probed) -> str:
    """What the report says of failed tests, in words; the last lines of pytest's output say it less well."""
    seen = report(probed)
    nodes = [node for node, outcome in seen.outcomes.items() if outcome in ("failed", "error")] if seen else []
    return f"has {len(nodes)} failing test{'s' if len(nodes) > 1 else ''}, such as {nodes[0]}" if nodes else ""


def _texts(value: Any) -> dict[str, str]:
    return {str(k): v for k, v in value.items() if isinstance(v, str)} if isinstance(value, Mapping) else {}


def _numbers(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        return {}
    return {str(k): float(v) for k, v in value.items() if isinstance(v, (int, float)) and v > 0}
