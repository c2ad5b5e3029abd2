"""A base in; the options with which its tests run in several workers to the very same outcomes, if any, out."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from llmopt.checks import suite
from llmopt.data import Base, Limits, Tree
from llmopt.target import Target

LEAST_SECONDS = 10.0  # a shorter run is not worth the trial
GAIN = 0.8  # of the time of one process; who is not below it has no use for workers
MOST_WORKERS = 8  # each imports everything once more
# With these the user has chosen, or wants one process.
CHOSEN = ("-n", "--numprocesses", "--maxprocesses", "--dist", "--tx", "-d", "no:xdist", "--pdb", "--trace")


def options(target: Target, tree: Tree, base: Base, limits: Limits, folder: Path) -> tuple[str, ...]:
    """The options for pytest, () for one process. Tried once with the base, and remembered in the folder.

    Tests of one file stay in one worker, in their order: many rely on that.
    """
    if not may_try(target, base):
        return ()
    count = min(MOST_WORKERS, len(os.sched_getaffinity(0)))
    chosen = ("-n", str(count), "--dist", "loadfile")
    place = folder / f"parallel-{_digest(target, base, chosen)}.json"
    if not place.exists():
        run = suite.run_probed(target, tree, limits, options=chosen)[0]
        works = not suite.compare(base.gate, run) and run.seconds < GAIN * base.test_seconds
        folder.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"works": works, "seconds": run.seconds}))
    return chosen if json.loads(place.read_bytes())["works"] else ()


def may_try(target: Target, base: Base) -> bool:
    tests = target.project.tests
    if tests is None or tests.kind != "pytest" or "pytest-xdist" not in target.project.interpreter.packages:
        return False
    chooses = any(word.startswith(CHOSEN) for word in tests.arguments)
    return not chooses and base.test_seconds >= LEAST_SECONDS and len(os.sched_getaffinity(0)) > 1


def _digest(target: Target, base: Base, chosen: tuple[str, ...]) -> str:
    assert target.project.tests is not None
    value = [chosen, target.project.tests.arguments, sorted(base.gate.items())]
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
