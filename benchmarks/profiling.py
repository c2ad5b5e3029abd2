"""What profiling costs: each pass against a plain run and cProfile; with --sympy, time to the hot functions of sympy.

    python benchmarks/profiling.py [--python PYTHON] [--rounds 5]
    python benchmarks/profiling.py --sympy

Prints Markdown. All ways of a task run next to each other in fresh processes that measure the CPU time of their own
work, round after round, in another order each round; a ratio is the median over the rounds of a way's time over the
plain run's of the same round.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmopt import localize, target
from llmopt.data import Function, Interpreter, Limits, Project, Tree, Workload
from llmopt.errors import EditError
from llmopt.profilers import lines, overlay, sampling
from llmopt.sandbox import open_sandbox
from llmopt.target import Probed, Tasks

LIMITS = Limits(seconds=900)
HOT = 10  # functions told, and observed in the second pass
SYMPY = "sympy==1.14.0"

TASKS = {
    "tight loop": """
        def hot(n):
            total = 0
            for i in range(n):
                total += i * i % 7
            return total
        def cold(n): return n
        def run():
            cold(1)
            for _ in range(10): hot(400_000)
    """,
    "one call per iteration": """
        def hot(n): return n * n % 7
        def cold(n): return n
        def run():
            cold(1)
            total = 0
            for i in range(3_000_000): total += hot(i)
    """,
    "json + re + sort": """
        import json, random, re
        random.seed(1)
        NAMES = ["user%d@example.org" % random.randrange(10 ** 6) for _ in range(4000)]
        ROWS = [{"id": i, "name": name, "x": random.random()} for i, name in enumerate(NAMES)]
        WORD = re.compile(r"(user[0-9]+)@(example)[.]org")
        def hot(rows):
            text = json.dumps(rows)
            found = WORD.findall(text)
            return sorted(json.loads(text), key=lambda row: row["name"]), found
        def cold(n): return n
        def run():
            cold(1)
            for _ in range(30): hot(ROWS)
    """,
}
TIMED = """
import time
started = time.process_time()
run()
print(time.process_time() - started)
"""
CPROFILED = """
import cProfile, time
profiler = cProfile.Profile()
started = time.process_time()
profiler.runcall(run)
print(time.process_time() - started)
"""

SYMPY_WORKLOAD = """
import sympy
from sympy import cos, exp, integrate, log, simplify, sin, solve, symbols

x, y = symbols("x y")
simplify(sin(x) ** 4 - 2 * cos(x) ** 2 * sin(x) ** 2 + cos(x) ** 4)
simplify((x ** 3 + x ** 2 - x - 1) / (x ** 2 + 2 * x + 1) + exp(x) * exp(-x))
integrate(x ** 2 * exp(x) * cos(x), x)
integrate(log(x) * x / (x ** 2 + 1) ** 2, x)
for power in range(2, 6):
    integrate(x ** power * sin(x) * exp(-x), x)
    simplify(((x + y) ** power - (x - y) ** power).expand() / (x + y))
solve([x ** 2 + y - 3, x * y - 1], [x, y])
"""


def main() -> None:
    arguments = _arguments()
    interpreter = Interpreter(arguments.python, _version(arguments.python), "--python")
    print(f"Python {'.'.join(map(str, interpreter.version))}, {platform.machine()}, {platform.system()}\n")
    with tempfile.TemporaryDirectory(prefix="llmopt-bench-") as folder:
        if arguments.sympy:
            sympy(interpreter, Path(folder))
        else:
            overheads(interpreter, Path(folder), arguments.rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter that is profiled")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sympy", action="store_true", help="time to the hot functions of sympy")
    return parser.parse_args()


def _version(python: str) -> tuple[int, int, int]:
    code = "import sys; print(*sys.version_info[:3])"
    printed = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return (int(printed[0]), int(printed[1]), int(printed[2]))


# --- overhead of each pass -------------------------------------------------------------------------------------


def overheads(interpreter: Interpreter, folder: Path, rounds: int) -> None:
    """One row a way of profiling, one column a task."""
    ways = _ways(overlay.folder(interpreter))
    columns = {task: _ratios(interpreter, folder / str(i), task, ways, rounds) for i, task in enumerate(TASKS)}
    print(f"| way | {' | '.join(TASKS)} |\n|---|{'---|' * len(TASKS)}")
    for way in ("plain", *ways, "cProfile"):
        print(f"| {way} | {' | '.join(columns[task][way] for task in TASKS)} |")


def _ways(line_profiler: Path | None) -> dict[str, Tasks]:
    kept = str(line_profiler) if line_profiler else None

    def observe(name: str, **options: Any) -> Tasks:
        functions = [{"path": "main.py", "name": name, "line": 0}]
        return {"observe": {"functions": functions, "overlay": kept, **options}}

    return {
        "sampler (first pass)": {"sample": {}},
        "observer, hot function": observe("hot"),
        "observer, hot function, no lines": observe("hot", lines=False),
        "observer, cold function": observe("cold"),
    }


def _ratios(
    interpreter: Interpreter, folder: Path, task: str, ways: Mapping[str, Tasks], rounds: int
) -> dict[str, str]:
    """The plain seconds, and each way's ratio to them."""
    source = "\n".join(line.removeprefix("        ") for line in TASKS[task].splitlines())
    tree = _tree(folder, {"main.py": source + TIMED, "cprofiled.py": source + CPROFILED})
    project = Project(folder, "", interpreter, None, ())
    runs: dict[str, tuple[str, Tasks]] = {
        "plain": ("main.py", {}),
        **{way: ("main.py", tasks) for way, tasks in ways.items()},
    }
    runs["cProfile"] = ("cprofiled.py", {})
    seconds: dict[str, list[float]] = {way: [] for way in runs}
    order = list(runs)
    for _ in range(rounds):
        order = [*order[1:], order[0]]
        for way in order:
            script, tasks = runs[way]
            seconds[way].append(_seconds(project, tree, script, tasks))
    plain = seconds.pop("plain")
    ratios = {way: [a / b for a, b in zip(times, plain, strict=True)] for way, times in seconds.items()}
    return {"plain": f"{statistics.median(plain):.2f} s"} | {
        way: f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})" for way, found in ratios.items()
    }


def _tree(folder: Path, files: Mapping[str, str]) -> Tree:
    (folder / "tree").mkdir(parents=True)
    for name, text in files.items():
        (folder / "tree" / name).write_text(text)
    return Tree("benchmark", folder / "tree")


def _seconds(project: Project, tree: Tree, script: str, tasks: Tasks) -> float:
    return float(_run(project, tree, script, tasks).ran.stdout)


def _run(project: Project, tree: Tree, script: str, tasks: Tasks) -> Probed:
    runner = target.Target(project, open_sandbox().run)
    probed = target.run(runner, tree, [project.interpreter.path, script], LIMITS, tasks=tasks)
    if probed.ran.exit_code:
        raise SystemExit(f"{script} failed:\n{probed.ran.stderr}")
    return probed


# --- time to the hot functions of sympy ------------------------------------------------------------------------


def sympy(interpreter: Interpreter, folder: Path) -> None:
    """Sample a workload on all of sympy as the repository's own code, and name its hot functions."""
    tree, packages = _sympy_tree(interpreter, folder)
    project = Project(folder, "", interpreter, None, (Workload("workload.py", "script", "workload.py"),))
    environment = {"PYTHONPATH": f"{target.python_path(project, tree)}:{packages}"}
    runner = target.Target(project, open_sandbox().run)

    def run_one(index: int, tasks: Tasks) -> Probed:
        argv = [interpreter.path, "workload.py"]
        probed = target.run(runner, tree, argv, LIMITS, tasks=tasks, environment=environment)
        if probed.ran.exit_code:
            raise SystemExit(probed.ran.stderr)
        return probed

    run_one(0, {})  # writes the bytecode caches
    plain, _ = _timed(lambda: run_one(0, {}))
    run_seconds, reports = _timed(lambda: run_one(0, {"sample": {}}))
    reading, profile = _timed(lambda: sampling.profile(lambda i, tasks: reports, tree, project))
    naming, (found, skipped) = _timed(lambda: localize.hotspots(profile, _reader(tree), min_speedup=1.03))
    hot = [hotspot.function for hotspot in found[:HOT]]
    second, detailed = _timed(lambda: lines.detail(profile, hot, run_one, tree, overlay=overlay.folder(interpreter)))
    total = run_seconds + reading + naming
    print("| step | seconds | of the plain run |\n|---|---|---|")
    for step, seconds in {
        "plain run": plain,
        "run under the sampler": run_seconds,
        "reports to a profile": reading,
        "profile to hot functions": naming,
        "**time to hot functions** (the three above)": total,
        f"second pass, {len(hot)} functions": second,
    }.items():
        print(f"| {step} | {seconds:.2f} | {seconds / plain:.2f} |")
    files = sum(1 for _ in (tree.path / "sympy").resolve().rglob("*.py"))
    print(f"\n{files} files in the tree; {len(profile.stacks)} stacks, {len(profile.functions)} functions; ", end="")
    print(f"{len(found)} could reach 1.03x, {len(skipped)} could not; lines by {detailed.measured_by}.\n")
    _print_hot(found[:HOT], {detail.function: detail.calls for detail in detailed.details})


def _print_hot(found: list[Any], calls: Mapping[str, int]) -> None:
    print("| function | own | inclusive | headroom | calls |\n|---|---|---|---|---|")
    for hotspot in found:
        function: Function = hotspot.function
        shares = f"{hotspot.own_share:.1%} | {hotspot.inclusive_share:.1%} | {hotspot.headroom:.2f}"
        print(f"| `{function.key}` | {shares} | {calls.get(function.key, '–')} |")


def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _reader(tree: Tree) -> Any:
    def read(path: str) -> str:
        try:
            return (tree.path / path).read_text(encoding="utf-8")
        except OSError as problem:
            raise EditError(f"no {path} in the tree") from problem

    return read


def _sympy_tree(interpreter: Interpreter, folder: Path) -> tuple[Tree, Path]:
    """sympy's files as a tree, and a folder with what it needs, downloaded once into the user's cache."""
    import platformdirs

    kept = Path(platformdirs.user_cache_dir("llmopt")) / "benchmarks" / SYMPY
    if not kept.is_dir():
        fresh = Path(tempfile.mkdtemp(dir=_made(kept.parent)))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        subprocess.run([*command, "--target", str(fresh), SYMPY], check=True)
        fresh.rename(kept)
    tree = _tree(folder / "sympy", {"workload.py": SYMPY_WORKLOAD})
    (tree.path / "sympy").symlink_to(kept / "sympy")
    packages = _made(folder / "packages")
    (packages / "mpmath").symlink_to(kept / "mpmath")
    return tree, packages


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
