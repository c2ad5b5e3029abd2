"""How close to the expert does llmopt come? Real packages before a known improvement, each with a workload and tests.

    python benchmarks/repos/run.py TASK... [--model manual:DIR] [-- OPTIONS OF llmopt optimize]
    python benchmarks/repos/run.py [TASK...] --expert
    python benchmarks/repos/run.py [TASK...] --check [--candidate FOLDER]
    python benchmarks/repos/run.py TASK (--checkout FOLDER | --score FOLDER)
    python benchmarks/repos/run.py --table [--expert]
    python benchmarks/repos/run.py --list

The first form lets the tool work on a checkout without history, applies what it kept, and scores it: speedup, expert's
speedup, their ratio, tests, random inputs, tokens, seconds. Without TASK: all of them. `--expert` measures the later
release's files alone; `--check` compares base, expert and a candidate's folder on random inputs. FOLDER (`--folder`)
keeps what was downloaded and built; each result is appended to `--save` as soon as it exists.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import builds
import platformdirs
import scores
import tasks
from builds import Built
from scores import Expert, Measured, Result
from tasks import Task

from llmopt.models import transcript

HERE = Path(__file__).parent
EXPERTS = HERE.parent / "data" / "repos_experts.jsonl"
# Not below the project: pytest and git would take its settings for those of the packages.
BUILDS = Path(platformdirs.user_cache_dir("llmopt")) / "benchmarks" / "repos"
# What a patient user grants, with a model that takes minutes; spelt out so that a change of the defaults does not
# change the scores.
MEDIUM = ("--max-time", "60m", "--effort", "medium")
MOST_PAIRS = 16  # of one comparison; it ends from 8 on once the judge is sure
CASES = 200  # random inputs of a check
CASE_SECONDS = 600
NOTHING_FOUND = 3  # the exit code of a run that kept nothing
DRIVER = HERE / "driver.py"
FAILED = re.compile(r'"\w*(Error|Exception|Warning): ')  # how a case begins that ended with an exception
LLMOPT = (sys.executable, "-m", "llmopt")


@dataclass(frozen=True)
class Scored:
    """What the tool's own JSON says of a run, and the tokens of its transcript."""

    outcome: dict[str, Any]
    requests: int
    input_tokens: int
    output_tokens: int


def main() -> int:
    arguments = parsed(sys.argv[1:])
    known = tasks.load()
    if arguments.table or arguments.list:
        show(known, arguments)
        return 0
    unknown = [name for name in arguments.tasks if name not in known]
    if unknown:
        raise SystemExit(f"no task {unknown[0]!r}; known: {', '.join(known)}")
    chosen = [known[name] for name in arguments.tasks] or list(known.values())
    return worst([perform(task, arguments) for task in chosen])


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The arguments; what follows `--` is the tool's."""
    cut = list(words).index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK")
    parser.add_argument("--model", default="rules", help="as `llmopt optimize --model` takes it")
    parser.add_argument("--name", help="the name of the model in results (default: --model)")
    parser.add_argument("--folder", type=Path, default=BUILDS, help="what is downloaded, built and run")
    parser.add_argument("--save", type=Path, help="the file of results (default: results.jsonl in the folder)")
    parser.add_argument("--expert", action="store_true", help="measure what the later release's files gain")
    parser.add_argument("--save-expert", type=Path, help="append that to this file as well")
    parser.add_argument("--check", action="store_true", help="compare on random inputs only")
    parser.add_argument("--candidate", type=Path, help="a folder that --check compares too")
    parser.add_argument("--checkout", type=Path, help="make this folder, for another tool or a person to work in")
    parser.add_argument("--score", type=Path, help="measure such a folder as --name's result")
    parser.add_argument("--requests", type=int, default=0, help="what --score notes of the work: requests or commands,")
    parser.add_argument("--tokens", type=int, default=0, help="input tokens,")
    parser.add_argument("--seconds", type=float, default=0.0, help="and seconds")
    parser.add_argument("--cases", type=int, default=CASES, help="random inputs of a check")
    parser.add_argument("--table", action="store_true", help="print the saved results; with --expert the experts'")
    parser.add_argument("--list", action="store_true", help="print the tasks")
    arguments = parser.parse_args(list(words[:cut]))
    arguments.options = tuple(words[cut + 1 :])
    arguments.folder = arguments.folder.resolve()
    arguments.save = arguments.save or arguments.folder / "results.jsonl"
    return arguments


def show(known: Mapping[str, Task], arguments: argparse.Namespace) -> None:
    """Print the tasks, the saved results, or what the experts gained."""
    if arguments.list:
        print(
            "\n".join(
                f"{each.name:24} {each.before.stem} -> {each.after.stem}: {each.story}" for each in known.values()
            )
        )
    elif arguments.expert:
        print("\n".join(expert_table()))
    else:
        print_table(read_results(arguments.save))


def worst(codes: Sequence[int]) -> int:
    return max(codes, default=0)


def perform(task: Task, arguments: argparse.Namespace) -> int:
    """What the arguments ask of one task; 1 when something differs that should not."""
    place = builds.built(task, arguments.folder)
    if arguments.check:
        return show_check(place, arguments)
    if arguments.expert:
        return show_expert(place, arguments)
    if arguments.checkout:
        print(f"{builds.checkout(place, arguments.checkout)}: run {place.workload!r} with {place.python}")
        return 0
    result = score_folder(place, arguments) if arguments.score else score(place, arguments)
    append(arguments.save, scores.to_line(result))
    print("\n".join(scores.result_table([result])))
    return 0 if result.right else 1


def append(path: Path, line: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def read_results(path: Path) -> list[Result]:
    if not path.is_file():
        raise SystemExit(f"{path} holds no results yet: run a task first")
    return [scores.result_from(json.loads(line)) for line in path.read_text().splitlines()]


def print_table(results: Sequence[Result]) -> None:
    for model, found in scores.last_of_each(results).items():
        print(f"## {model}\n")
        print("\n".join([*scores.result_table(found), ""]))


# --- the expert ------------------------------------------------------------------------------------------------


def show_expert(place: Built, arguments: argparse.Namespace) -> int:
    """Measure the expert's version and say what is not as on the base."""
    expert = measured_expert(place, arguments.cases)
    for path in (expert_file(place), arguments.save_expert):
        if path:
            append(path, scores.to_line(expert))
    seconds = f"base {expert.measured.seconds:.2f} s"
    print(f"{place.task.name}: {scores.shown(expert.measured)}, {seconds}, {expert.measured.pairs} pairs")
    first = f", such as {expert.broken[0]}" if expert.broken else ""
    print(f"  tests that do not pass: {len(expert.broken)}{first}; inputs that differ: {expert.differing}")
    return 1 if expert.broken else 0


def measured_expert(place: Built, cases: int) -> Expert:
    broken = scores.lost_tests(base_tests(place), tests_of(place, place.expert))
    differing = len(differences(place, place.expert, cases))
    return Expert(place.task.name, compare(place, place.expert), broken, differing)


def expert_file(place: Built) -> Path:
    return place.folder / "expert.jsonl"


def known_expert(place: Built) -> Measured:
    """The expert's speedup as last measured on this machine; measured now if it never was."""
    path = expert_file(place)
    if not path.is_file():
        append(path, scores.to_line(measured_expert(place, CASES)))
    return scores.expert_from(json.loads(path.read_text().splitlines()[-1])).measured


def expert_table() -> list[str]:
    """Markdown: what each task is, and what the expert's version gained when it was measured for the documentation."""
    lines = [scores.expert_from(json.loads(line)) for line in EXPERTS.read_text().splitlines()]
    found = {expert.task: expert for expert in lines}
    rows = ["| task | releases | improvement | workload | base | expert's speedup |", "|---|---|---|---|---:|---:|"]
    for task in tasks.load().values():
        if expert := found.get(task.name):
            releases = f"{task.before.stem} → {task.after.stem.rpartition('-')[2]}"
            seconds = f"{expert.measured.seconds:.2f} s"
            cells = [f"`{task.name}`", releases, task.kind, task.story, seconds, scores.shown(expert.measured)]
            rows.append(f"| {' | '.join(cells)} |")
    return rows


# --- speedups, by the tool's judge -----------------------------------------------------------------------------


def compare(place: Built, candidate: Path) -> Measured:
    """What `llmopt compare` says of a folder against the base: fresh processes in pairs, in an order a coin decides."""
    line = [*LLMOPT, "compare", str(place.base), str(candidate), "--workload", place.workload, "--json", "--quiet"]
    found = json.loads(_output([*line, "--fail-on", "none", "--max-pairs", str(MOST_PAIRS), *where(place)]))
    low, high = found["interval"]
    (workload,) = found["workloads"]
    interval = (0.0 if low is None else low, math.inf if high is None else high)
    seconds = workload["base"]["cpu_seconds"] if "base" in workload else 0.0
    return Measured(found["speedup"], interval, found["pairs"], round(seconds, 4))


def where(place: Built) -> list[str]:
    """The interpreter and the folder of imports, as options."""
    return ["--python", str(place.python), "--root", place.task.root]


def _output(line: Sequence[str], accepted: Sequence[int] = (0,)) -> str:
    ran = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode not in accepted:
        raise SystemExit(f"exit code {ran.returncode}: {' '.join(line)}")
    return ran.stdout


# --- tests, by pytest itself -----------------------------------------------------------------------------------


def tests_of(place: Built, tree: Path) -> dict[str, str]:
    """Outcomes of the task's tests in a tree, by name: "passed", "skipped" or "failed". Not by llmopt's own checks."""
    report = place.folder / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-p", "no:cacheprovider", f"--junit-xml={report}"]
    subprocess.run(
        [str(place.python), "-m", "pytest", *options, *place.task.tests],
        cwd=tree,
        env=builds.environment(place, tree),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return outcomes(report.read_text()) if report.exists() else {}


def outcomes(report: str) -> dict[str, str]:
    """Test outcomes of a JUnit report."""
    words = {"failure": "failed", "error": "failed", "skipped": "skipped"}
    found: dict[str, str] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        found[name] = next((words[child.tag] for child in case if child.tag in words), "passed")
    return found


def base_tests(place: Built) -> dict[str, str]:
    """The outcomes that are the same in two runs on the base."""
    kept = place.folder / "tests.json"
    if not kept.exists():
        first, again = tests_of(place, place.base), tests_of(place, place.base)
        stable = {name: outcome for name, outcome in first.items() if again.get(name) == outcome}
        if "passed" not in stable.values():
            raise SystemExit(f"{place.task.name}: no test passes on the base")
        kept.write_text(json.dumps(stable))
    outcome: dict[str, str] = json.loads(kept.read_text())
    return outcome


# --- random inputs, by the task's own check --------------------------------------------------------------------


def show_check(place: Built, arguments: argparse.Namespace) -> int:
    """Say how many inputs differ from the base, and the first of them."""
    code = 0
    trees = {"expert": place.expert} | ({"candidate": arguments.candidate.resolve()} if arguments.candidate else {})
    for name, tree in trees.items():
        found = differences(place, tree, arguments.cases)
        print(f"{place.task.name}: {name}: {len(found)} of {arguments.cases} inputs differ")
        for seed, old, new in found[:1]:
            print(f"  first, seed {seed}:\n    base  {old[:400]}\n    {name} {new[:400]}")
        code = 1 if found and name == "candidate" else code
    return code


def differences(place: Built, tree: Path, count: int) -> list[tuple[int, str, str]]:
    """Seeds with the outcome on the base and in the tree, where these are not exactly the same."""
    before, after = (check_lines(place, each, count) for each in (place.base, tree))
    if len(before) != count:
        raise SystemExit(f"{place.task.name}: the check ended after {len(before)} cases on the base")
    if 2 * sum(bool(FAILED.match(line)) for line in before) > count:
        raise SystemExit(f"{place.task.name}: most cases of the check fail on the base, the first with {before[0]}")
    padded = after + ["the process ended"] * (count - len(after))
    return [(seed, *pair) for seed, pair in enumerate(zip(before, padded, strict=True)) if pair[0] != pair[1]]


def check_lines(place: Built, tree: Path, count: int) -> list[str]:
    line = [str(place.python), str(DRIVER), str(place.task.check), "0", str(count)]
    ran = subprocess.run(
        line,
        cwd=tree,
        env=builds.environment(place, tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=CASE_SECONDS,
        check=False,
    )
    return ran.stdout.splitlines()[:count]


# --- one run of the tool ---------------------------------------------------------------------------------------


def score(place: Built, arguments: argparse.Namespace) -> Result:
    """Let the tool work, and measure what it kept."""
    expert = known_expert(place)
    folder = place.folder / "runs" / time.strftime("%Y%m%d-%H%M%S")
    repository = builds.checkout(place, folder / "checkout")
    options = (*MEDIUM, *arguments.options)
    scored = optimized(place, repository, folder / "transcript.jsonl", arguments.model, options)
    kept = len(scored.outcome["accepted"])
    measured: Measured | None = None
    broken: tuple[str, ...] = ()
    differing = 0
    if kept:
        candidate = builds.written_out(repository, scored.outcome["branch"], folder / "candidate")
        measured, broken, differing = judged(place, candidate, arguments.cases)
    return Result(
        place.task.name,
        arguments.name or arguments.model,
        expert,
        measured,
        broken,
        differing,
        tried=kept + len(scored.outcome["rejected"]),
        kept=kept,
        requests=scored.requests,
        input_tokens=scored.input_tokens,
        output_tokens=scored.output_tokens,
        seconds=scored.outcome["seconds"],
        stopped=scored.outcome["stopped"],
        settings=options,
    )


def judged(place: Built, candidate: Path, cases: int) -> tuple[Measured, tuple[str, ...], int]:
    """The speedup of a tree, the tests it loses, and how many random inputs differ."""
    broken = scores.lost_tests(base_tests(place), tests_of(place, candidate))
    return compare(place, candidate), broken, len(differences(place, candidate, cases))


def score_folder(place: Built, arguments: argparse.Namespace) -> Result:
    """Measure what somebody else made of a checkout: another tool, or a coding agent with a shell."""
    measured, broken, differing = judged(place, arguments.score.resolve(), arguments.cases)
    return Result(
        place.task.name,
        arguments.name or arguments.score.name,
        known_expert(place),
        measured,
        broken,
        differing,
        tried=1,
        kept=1,
        requests=arguments.requests,
        input_tokens=arguments.tokens,
        seconds=arguments.seconds,
    )


def optimized(place: Built, repository: Path, record: Path, model: str, options: Sequence[str]) -> Scored:
    """Run `llmopt optimize` on the checkout; its words for people go to a log beside the transcript."""
    tests = shlex.join(["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *place.task.tests])
    line = [*LLMOPT, "optimize", str(repository), "--workload", place.workload, "--test", tests, "--model", model]
    line += ["--record", str(record), "--keep", "branch", "--json", *where(place), *options]
    with (record.parent / "log.txt").open("w") as log:
        ran = subprocess.run(line, stdout=subprocess.PIPE, stderr=log, text=True, check=False)
    if ran.returncode not in (0, NOTHING_FOUND):
        raise SystemExit(f"exit code {ran.returncode}, see {record.parent / 'log.txt'}: {' '.join(line)}")
    exchanges = transcript.load(record) if record.exists() else ()
    used = [exchange.reply.usage for exchange in exchanges]
    tokens = (sum(each.input_tokens for each in used), sum(each.output_tokens for each in used))
    return Scored(json.loads(ran.stdout), len(exchanges), *tokens)


if __name__ == "__main__":
    sys.exit(main())
