"""How long `llmopt` takes to start, as ratios to a bare interpreter, side by side in one run.

    python benchmarks/startup.py [ROUNDS]

Prints a Markdown table: median milliseconds of whole processes, and the median over the rounds of the ratio to
`python -c pass`
in the same round.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "llmopt --version": ["-m", "llmopt", "--version"],
    "llmopt": ["-m", "llmopt"],
    "llmopt help budget": ["-m", "llmopt", "help", "budget"],
    "llmopt --help": ["-m", "llmopt", "--help"],
    "llmopt optimize --help": ["-m", "llmopt", "optimize", "--help"],
    "python -c 'import typer'": ["-c", "import typer"],
    "pytest --version": ["-m", "pytest", "--version"],
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):  # the first round writes byte code and is dropped
        for name, arguments in COMMANDS.items():
            times[name].append(milliseconds(arguments))
    bare = times["python -c pass"][1:]
    print(f"Python {sys.version.split()[0]}, {rounds} rounds\n")
    print("| command | median ms | ratio to bare |\n|---|---:|---:|")
    for name, values in times.items():
        ratios = [value / base for value, base in zip(values[1:], bare, strict=True)]
        print(f"| `{name}` | {statistics.median(values[1:]):.0f} | {statistics.median(ratios):.1f} |")


def milliseconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=Path(__file__).parent.parent)
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
