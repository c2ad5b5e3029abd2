"""What it costs to check the probe's reports: `python benchmarks/reading_reports.py`.

Large reports as the probe writes them, parsed and then checked by `llmopt.reported`; the best of five, side by side.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

from llmopt import reported

TURNS = 5


def sample(functions: int = 5_000, stacks: int = 60_000, depth: int = 40) -> Any:
    """A profile of a large program: some 15 MB."""
    chosen = random.Random(0)
    names = [[f"/tmp/llmopt/tree/package/module_{n % 300}.py", f"Class_{n}.method", n] for n in range(functions)]
    return {
        "started": 1.0,
        "windowed": False,
        "taken": False,
        "interval": 0.001,
        "wall": 60.0,
        "delay": 0.0,
        "collecting": 0.0,
        "cpu": 60.0,
        "functions": names,
        "stacks": [[[chosen.randrange(functions) for _ in range(depth)], 0.001] for _ in range(stacks)],
        "lines": [[names[n % functions][0], n, 0.001] for n in range(stacks)],
    }


def contexts(tests: int = 20_000, functions: int = 10_000, each: int = 200) -> Any:
    """Which of many tests executes what: some 14 MB."""
    numbers = list(range(1, each + 1))
    return {
        "tests": [[f"tests/test_{n % 500}.py::test_case[{n}]", 0.01] for n in range(tests)],
        "functions": [["package/module.py", f"Class.method_{n}", n, numbers] for n in range(functions)],
    }


def replay(inputs: int = 3_000, items: int = 300) -> Any:
    """Described results of calls: some 15 MB."""
    node = ["list", 7, [["tuple", [["str", "a word"], ["int", n]]] for n in range(items // 3)]]
    seen = {name: [] for name in ("arguments", "warnings", "logs", "printed", "files")}
    call = {**seen, "outcome": ["returned", node], "random": "", "process": {}}
    result = {"shown": [["tuple", []], ["dict", 0, []]], "numbered": 3, "calls": [["the call", call]], "seconds": 0.001}
    return {"results": {f"r{n:05}": result for n in range(inputs)}}


def best(act: Callable[[], object]) -> float:
    """Seconds of the fastest turn."""
    taken = []
    for _ in range(TURNS):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> None:
    print(f"{'report':<10} {'MB':>6} {'parsed':>9} {'checked':>9}")
    for task, made in (("sample", sample()), ("contexts", contexts()), ("replay", replay())):
        text = json.dumps(made)
        assert reported.valid({task: (made,)})
        parsed = best(lambda text=text: json.loads(text))  # type: ignore[misc]
        checked = best(lambda task=task, made=made: reported.valid({task: (made,)}))  # type: ignore[misc]
        print(f"{task:<10} {len(text) / 1e6:>6.1f} {parsed * 1000:>6.0f} ms {checked * 1000:>6.0f} ms")


if __name__ == "__main__":
    main()
