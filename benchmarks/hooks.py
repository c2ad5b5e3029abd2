"""How long the commit hook `llmopt check` takes as a whole process, side by side with a bare interpreter.

    python benchmarks/hooks.py [ROUNDS]

The repository is made for it: 300 modules of 40 functions, and a kept profile with ten hot functions. Staged is a
change of 20 files: in one case none of their changed functions is hot, in the other one is, of a pattern that the rules
know. Prints a Markdown table: median and largest milliseconds of whole processes (through `pre-commit run` with its own
time), and the median over the rounds of the ratio to `python -c pass` in the same round.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from llmopt import hot
from llmopt.data import Function, Hotspot, Interpreter, Project, Workload

MODULES, FUNCTIONS, STAGED, HOT = 300, 40, 20, 10
COLD = "\n\ndef cold_{number}(rows):\n    return [row for row in rows if row != {number}]\n"
SLOW = "\n\ndef hot(rows):\n    seen = []\n    for row in rows:\n        if row not in seen:\n            seen.append(row)\n    return len(seen)\n"  # noqa: E501
CONFIG = """
repos:
- repo: local
  hooks:
  - id: llmopt-check
    name: llmopt check
    entry: {python} -m llmopt check
    language: system
    types: [python]
    pass_filenames: false
  - {{id: nothing, name: nothing, entry: "true", language: system, types: [python], pass_filenames: false}}
"""


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="llmopt-hooks-") as folder:
        repositories = {name: staged(Path(folder) / name, name == "hot") for name in ("cold", "hot")}
        commands = {
            "python -c pass": (repositories["cold"], [sys.executable, "-c", "pass"]),
            "llmopt check, nothing hot": (repositories["cold"], [sys.executable, "-m", "llmopt", "check"]),
            "llmopt check, one hot": (repositories["hot"], [sys.executable, "-m", "llmopt", "check"]),
            "pre-commit run, a hook that does nothing": (repositories["cold"], pre_commit("nothing")),
            "pre-commit run llmopt-check, nothing hot": (repositories["cold"], pre_commit("llmopt-check")),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds + 1):  # the first round writes byte code and is dropped
            for name, (repository, command) in commands.items():
                times[name].append(milliseconds(repository, command))
    show({name: values[1:] for name, values in times.items()})


def show(times: dict[str, list[float]]) -> None:
    bare = times["python -c pass"]
    print(f"Python {sys.version.split()[0]}, {len(bare)} rounds\n")
    print("| command | median ms | largest ms | ratio to bare |\n|---|---:|---:|---:|")
    for name, values in times.items():
        ratio = statistics.median(value / base for value, base in zip(values, bare, strict=True))
        print(f"| {name} | {statistics.median(values):.0f} | {max(values):.0f} | {ratio:.1f} |")


def staged(root: Path, touch_hot: bool) -> Path:
    """A repository with a commit, a kept profile, and a staged change of 20 files."""
    texts = {f"pkg/m{number}.py": module(number) for number in range(MODULES)}
    for name, text in {**texts, "pkg/__init__.py": "", ".pre-commit-config.yaml": CONFIG}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(python=sys.executable) if name.startswith(".") else text)
    git(root, "init", "--quiet")
    commit = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message", "All")
    git(root, "add", "--all")
    git(root, *commit)
    python = Interpreter(sys.executable, (3, 11, 0), "--python")
    project = Project(root, "", python, None, (Workload("bench.py", "script", "bench.py"),))
    hot.keep(root / ".llmopt", project, [hotspot(f"pkg/m{number}.py") for number in range(HOT)])
    for number in range(STAGED):
        text = texts[f"pkg/m{number}.py"].replace("row != 3]", "row is not None and row != 3]")
        is_hot = touch_hot and number == 0
        (root / f"pkg/m{number}.py").write_text(text.replace("seen = []", "seen = list()") if is_hot else text)
    git(root, "add", "pkg")
    return root


def module(number: int) -> str:
    slow = SLOW if number < HOT else ""
    return f'"""Module {number}."""\n' + "".join(COLD.format(number=each) for each in range(FUNCTIONS)) + slow


def hotspot(path: str) -> Hotspot:
    return Hotspot(Function(path, "hot", 1), 9, 0.09, 0.09, 0.09, 1.1)


def pre_commit(hook: str) -> list[str]:
    return [sys.executable, "-m", "pre_commit", "run", hook]


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def milliseconds(repository: Path, command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=repository)
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
