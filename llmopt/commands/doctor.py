"""`llmopt doctor`: a repository and settings in; one line for each thing a run needs out, with advice."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from llmopt import models, sandbox, session, workloads
from llmopt.checks import suite
from llmopt.data import Limits, Workload
from llmopt.errors import LlmoptError
from llmopt.profilers import overlay
from llmopt.reports import summary, words
from llmopt.reports.screen import Screen
from llmopt.sandbox import counters
from llmopt.session import Session
from llmopt.target import Target

# The spread of log run times above which a 5 % gain needs more pairs than a candidate gets.
NOISY = 0.10
RUNS = 5


@dataclass(frozen=True)
class Line:
    """One check: its state is "ok", "warn" or "fail"."""

    name: str
    state: str
    text: str
    advice: str = ""


def run(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str], as_json: bool) -> int:
    """Check everything; exit 1 when a run would not start."""
    lines: list[Line] = []
    console = Screen(soft_wrap=True)
    for line in examine(path, flags, environ):
        lines.append(line)
        if not as_json:
            console.print(shown(line))
    if as_json:
        print(json.dumps({"checks": [line.__dict__ for line in lines]}))
    return int(any(line.state == "fail" for line in lines))


def shown(line: Line) -> Text:
    """A mark that is readable without colour, the name, and what was seen."""
    mark, style = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}[line.state]
    advice = f" – {line.advice}" if line.advice else ""
    return Text.assemble((mark, style), f" {line.name}: {line.text}{advice}")


def examine(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[Line]:
    """The checks in the order in which a run needs them; those that need a failed one are left out."""
    try:
        with session.start(path, {**flags, "model": None}, environ, temporary=True) as opened:
            yield Line("repository", "ok", f"{opened.place.root} at {summary.revision(opened)}")
            yield interpreter(opened)
            yield line_profiler(opened)
            yield tests(opened)
            for workload in opened.project.workloads:
                yield attempted(f"workload {workload.spec}", lambda w=workload: timed(opened, w))  # type: ignore[misc]
            yield Line("counters", "ok", counters.describe())
            yield model(flags.get("model") or opened.settings.model, environ)
            yield from confinement(opened)
    except LlmoptError as error:
        yield Line("project", "fail", error.message, error.hint)


def attempted(name: str, check: Callable[[], Line]) -> Line:
    """The check's line, or what made it fail."""
    try:
        return check()
    except LlmoptError as error:
        return Line(name, "fail", error.message, error.hint)


def interpreter(opened: Session) -> Line:
    """Which Python runs the target."""
    found = opened.project.interpreter
    version = ".".join(str(part) for part in found.version)
    return Line("interpreter", "ok", f"Python {version} at {found.path} ({found.found})")


def line_profiler(opened: Session) -> Line:
    """Which line profiler the second pass will use."""
    if "line-profiler" in opened.project.interpreter.packages:
        return Line("line profiler", "ok", "the target's own")
    if overlay.folder(opened.project.interpreter):
        return Line("line profiler", "ok", "from llmopt's overlay folder")
    return Line("line profiler", "warn", "tracing fallback", "slower; it needs the package registry once to do better")


def tests(opened: Session) -> Line:
    """Do the tests run and pass? (Once; a run itself looks for unstable ones.)"""
    if opened.project.tests is None:
        return Line("tests", "fail", "none found", "name them with --test, or use --allow-no-tests")
    result = suite.run_tests(opened.target, opened.trees.of(opened.base), opened.test_limits)
    if result.problem and not result.outcomes:
        return Line(
            "tests", "fail", words.first_line(result.problem), "--test names another command, --python another Python"
        )
    passed = sum(outcome == "passed" for outcome in result.outcomes.values())
    failed = [name for name, outcome in result.outcomes.items() if outcome in ("failed", "error")]
    text = f"{passed} pass in {words.duration(result.seconds)}"
    if not passed:
        return Line("tests", "fail", text, "llmopt needs tests that pass on the unchanged code")
    if failed:
        return Line(
            "tests", "warn", f"{text}, {len(failed)} fail, such as {failed[0]}", "failing tests do not gate an edit"
        )
    return Line("tests", "ok", text)


def timed(opened: Session, workload: Workload) -> Line:
    """Does the workload run, how long, and how much do its runs differ?"""
    name = f"workload {workload.spec}"
    seconds = seconds_of_runs(opened.target, opened, workload, opened.workload_limits)
    noise = statistics.stdev(math.log(each) for each in seconds)
    text = f"{words.duration(statistics.median(seconds))}, noise {words.percent(noise)} over {RUNS} runs"
    if noise > NOISY:
        return Line(name, "warn", text, "a noisy machine: close what else runs, or use a longer workload")
    return Line(name, "ok", text)


def seconds_of_runs(target: Target, opened: Session, workload: Workload, limits: Limits) -> list[float]:
    """A run that compiles byte code and checks the imports, then the timed ones."""
    tree = opened.trees.of(opened.base)
    workloads.run(target, tree, workload, limits, tasks={"leaks": {}})
    return [workloads.run(target, tree, workload, limits).sample.seconds for _ in range(RUNS)]


def confinement(opened: Session) -> Iterator[Line]:
    """What the commands of this run are confined by, and each other layer with why it does not work here."""
    found = opened.target
    if found.layer == "off":
        yield Line("confinement", "warn", found.confinement, "do not optimize code you would not run yourself")
    else:
        yield Line("confinement", "ok", found.confinement)
    for layer in sandbox.STRONGEST_FIRST:
        reason = sandbox.unusable(layer)
        if layer != found.layer:
            yield Line(f"sandbox {layer}", "ok", reason or "works here too")
    yield Line("limits", "ok", sandbox.bounds(opened.settings.max_processes))


def model(spec: str, environ: Mapping[str, str]) -> Line:
    """Does the model's endpoint answer, and take the key? Nothing is sent but the question for its list of models."""
    if spec == "rules":
        keys = [name for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY") if environ.get(name)]
        advice = f"{keys[0]} is set: --model {keys[0].split('_')[0].lower()}:NAME would use it" if keys else ""
        return Line("model", "ok", "rules: no model, nothing leaves this machine", advice)
    return attempted("model", lambda: standing(models.check(spec)))


def standing(found: models.Checked) -> Line:
    """A model that its endpoint does not list may work all the same: some list only what they have loaded."""
    advice = "" if found.is_listed else "most servers refuse what they do not list"
    return Line("model", "ok" if found.is_listed else "warn", found.text, advice)
