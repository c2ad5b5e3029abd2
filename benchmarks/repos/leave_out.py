"""Which parts of a request pay? The same first question with each part left out in turn, one answer to each, no more.

    python benchmarks/repos/leave_out.py ask FOLDER TASK...
    python benchmarks/repos/leave_out.py score FOLDER TASK... [--save FILE]
    python benchmarks/repos/leave_out.py table FILE

`ask` writes FOLDER/PART/TASK-request.md from one profile a task; somebody who sees only that file writes
TASK-reply.md beside it. `score` applies each answer to the base, and measures it as `run.py --score` does: what does
not apply, breaks a test or differs on a random input counts as the unmodified code.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import builds
import run
import tasks
from builds import Built

from llmopt import edits
from llmopt.errors import EditError

CASES = 100  # random inputs of a check
END = r"(?=^## |^Shapes seen in it|^Similar edits, for|^Already made faster|^Tried here before|\Z)"
# Each part by where it begins; it ends before the next one. "nothing" leaves all in.
PARTS = {
    "nothing": "",
    "the workload": r"^## The workload, .*?" + END,
    "who else relies on it": r"^## Who else relies .*?(?=^## What was measured)",
    "the way to it": r"^The way to it, .*?(?=^\| function)",
    "what was measured": r"^## What was measured.*?" + END,
    "shapes and similar edits": r"^(?:Shapes seen in it|Similar edits, for).*?(?=^## |^Already made|^Tried here|\Z)",
}
# One answer is all there is: no tools, and nobody who reads calls of them.
TOOLS = (r"^## Tools\n.*?(?=^## |^-----|^=====|\Z)", r"^What stands above is usually all.*?\n\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("ask", "score", "table"))
    parser.add_argument("folder", type=Path, help="of requests and replies; with `table` the file of results")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "table":
        print("\n".join(table([json.loads(line) for line in arguments.folder.read_text().splitlines()])))
        return 0
    known = tasks.load()
    for name in arguments.tasks:
        place = builds.built(known[name], run.BUILDS)
        if arguments.what == "ask":
            ask(place, arguments.folder)
        else:
            score(place, arguments.folder, arguments.save or arguments.folder / "results.jsonl")
    return 0


def ask(place: Built, folder: Path) -> None:
    whole = question(place)
    for part, begins in PARTS.items():
        text = without(whole, begins)
        if begins and text == whole:
            print(f"{place.task.name}: nothing to leave out for {part!r}")
            continue
        path = folder / part.replace(" ", "-") / f"{place.task.name}-request.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def question(place: Built) -> str:
    """The first request of a run at medium effort, as the tool prints it, without its tools."""
    with tempfile.TemporaryDirectory() as scratch:
        repository = builds.checkout(place, Path(scratch) / "checkout")
        line = [*run.LLMOPT, "optimize", str(repository), "--workload", place.workload, "--dry-run", "--quiet"]
        line += ["--test", "true", "--model", f"manual:{scratch}/answers", "--effort", "medium", *run.where(place)]
        printed = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    first = re.split(r"^===== request .*\n", printed, flags=re.MULTILINE)[1]
    for begins in TOOLS:
        first = without(first, begins)
    return first


def without(text: str, begins: str) -> str:
    return re.sub(begins, "", text, flags=re.MULTILINE | re.DOTALL) if begins else text


def score(place: Built, folder: Path, save: Path) -> None:
    for part in PARTS:
        reply = folder / part.replace(" ", "-") / f"{place.task.name}-reply.md"
        if reply.is_file():
            run.append(save, {"task": place.task.name, "part": part, **judged(place, reply.read_text())})


def judged(place: Built, reply: str) -> dict[str, Any]:
    """The speedup of one answer with its interval, and why it counts as 1 where it does."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "candidate"
        shutil.copytree(place.base, tree)
        try:
            changed = edits.apply(edits.parse(reply), lambda path: text_of(tree / path))
        except EditError as problem:
            return {"speedup": 1.0, "why": problem.message}
        for path, text in changed.items():
            (tree / path).write_text(text)
        measured, broken, differing = run.judged(place, tree, CASES)
    wrong = f"{len(broken)} tests lost, {differing} inputs differ" if broken or differing else ""
    low, high = measured.interval
    return {"speedup": 1.0 if wrong else measured.speedup, "interval": [low, high], "why": wrong}


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as problem:
        raise EditError(f"cannot read {path.name}: {problem.strerror}") from None


def table(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Markdown: a row for each part that was left out, a column for each task; last the geometric mean of the speedups
    beside those of the whole requests, over the tasks that have both."""
    names = list(dict.fromkeys(line["task"] for line in lines))
    rows = [f"| left out | {' | '.join(f'`{name}`' for name in names)} | beside the whole request |"]
    rows.append("|---|" + "---:|" * (len(names) + 1))
    by_part = {part: {line["task"]: line for line in lines if line["part"] == part} for part in PARTS}
    whole = by_part["nothing"]
    for part, found in by_part.items():
        cells = [cell(found.get(name)) for name in names]
        ratios = [found[name]["speedup"] / whole[name]["speedup"] for name in names if name in found and name in whole]
        mean = f"{statistics.geometric_mean(ratios):.2f}" if ratios else ""
        rows.append(f"| {part} | {' | '.join(cells)} | {mean} |")
    return rows


def cell(line: Mapping[str, Any] | None) -> str:
    if line is None:
        return ""
    return f"1 ({line['why'].splitlines()[0][:40]})" if line["why"] else f"{line['speedup']:.2f}x"


if __name__ == "__main__":
    sys.exit(main())
