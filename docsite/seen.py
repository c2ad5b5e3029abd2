"""Pages with outputs whose figures were measured in; the same with what is measured today out.

python docsite/seen.py             # those of the examples, which take seconds
python docsite/seen.py tabulate    # those of the tutorial: some minutes, and its package from PyPI

Such an output stands in the fence below `<!-- seen in PLACE: COMMAND -->`, `…` for what is left out. Its words and
counts are those that the command prints today, which tests compare; what was measured is as it was seen.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import generate

SEEN = re.compile(
    r"^<!-- seen in (?P<place>\w+): (?P<command>.+?) -->\n+(?P<fence>`{3,})\w*\n(?P<shown>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
LEFT_OUT = "…"
# What hangs on the machine: what it can confine and count, where its Python is, whether it is quiet.
MACHINE = (
    (r"^(?:ok  |warn) (confinement|sandbox|limits|counters|line profiler)( \w+)?: .*", r"\1"),
    (r"^(?:ok  |warn) (workload \S+: .* over \d+ runs).*", r"\1"),
    (r"(?<=^lines and calls by ).*(?=; the run)", "a profiler"),
    (r"\((\.venv|--python|[\w ]+ on PATH)\)", "(found)"),
    (r"(?<![^\s(])/\S+", "/path"),
    (r"(?<=^Left: ).*", "what is hot"),
    (r"(?<=^No edit was proposed for the )\d+", "0"),
    (r"(?<=^ok   interpreter: Python )[\d.]+", "0"),
)
FIGURES = (
    (r"(?<= at )[0-9a-f]{10}\b", "commit"),
    (r"(?<=sandbox: )\w+", "layer"),
    (r"(\d+ h )?(\d+ min )?\b[\d.]+ m?s\b", "time"),
    (r"[\d.]+ %", "0 %"),
    (r"\b[\d.]+x", "0x"),
    (r"(?<=^and )\d+(?= more, too little)|(?<=^Python )[\d.]+", "0"),
    (r"\s+", " "),
)


@dataclass(frozen=True)
class Output:
    """What a page shows: the place, the command, and the lines."""

    place: str
    command: str
    lines: tuple[str, ...]


def main() -> None:
    wanted = set(sys.argv[1:]) or {example.name for example in (generate.ROOT / "examples").iterdir()}
    for file in generate.pages(generate.ROOT):
        before = file.read_text(encoding="utf-8")
        if (after := SEEN.sub(lambda found: _renewed(found, wanted), before)) != before:
            file.write_text(after, encoding="utf-8")
            print(file.relative_to(generate.ROOT))


def outputs(text: str) -> Iterator[Output]:
    """Those of a page, in order."""
    for found in SEEN.finditer(text):
        yield Output(found["place"], found["command"], tuple(found["shown"].splitlines()))


def kind(line: str) -> str:
    """A line without what is measured and what hangs on the machine."""
    line = line.strip()
    for pattern, word in (*MACHINE, *FIGURES):
        line = re.sub(pattern, word, line)
    return line


def missing(shown: Sequence[str], printed: Sequence[str]) -> list[str]:
    """The lines shown that are of no kind that is printed; where nothing is left out, also those not shown."""
    here, there = [kind(line) for line in shown if line != LEFT_OUT], [kind(line) for line in printed]
    more = [] if LEFT_OUT in shown else [line for line in there if line not in here]
    return [line for line in here if line not in there] + more


def _renewed(found: re.Match[str], wanted: set[str]) -> str:
    if found["place"] not in wanted:
        return found[0]
    with place(found["place"]) as folder:
        printed = generate.printed(found["command"], folder).splitlines()
    shown = found["shown"].splitlines()
    if wrong := missing(shown, printed):
        sys.exit(f"`{found['command']}` in {found['place']} and its page differ: {wrong[0]}")
    start, end = (at - found.start() for at in found.span("shown"))
    return found[0][:start] + "\n".join([*measured(shown, printed), ""]) + found[0][end:]


def measured(shown: Sequence[str], printed: Sequence[str]) -> Iterator[str]:
    """The lines shown with the figures of those printed; what hangs on the machine stays as it is."""
    waiting = [line.rstrip() for line in printed]
    for line in shown:
        same = next((each for each in waiting if kind(each) == kind(line)), line)
        if same in waiting:
            waiting.remove(same)
        yield line if any(re.search(pattern, line) for pattern, _ in MACHINE) else same


# --- places ----------------------------------------------------------------------------------------------------


@contextmanager
def place(name: str) -> Iterator[Path]:
    """A fresh repository of one commit: an example, or the tutorial's package as its reader makes it."""
    with tempfile.TemporaryDirectory() as parent:
        made = tutorial(Path(parent)) if name == "tabulate" else example(name, Path(parent))
        yield made


def example(name: str, parent: Path) -> Path:
    _shell(
        f"cp -r {generate.ROOT}/examples/{name} . && cd {name} && rm -rf .llmopt && git init -q && git add -A", parent
    )
    _shell("git commit -qm 'The example'", parent / name)
    return parent / name


def tutorial(parent: Path) -> Path:
    """What the page says, word for word: its commands before the first llmopt, and its workload."""
    page = (generate.ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    setup = next(re.finditer(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL))[1]
    workload = next(re.finditer(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL))[1]
    _shell(re.sub(r"^\$ ", "", setup, flags=re.MULTILINE), parent)
    (folder,) = (each for each in parent.iterdir() if each.is_dir())
    (folder / "bench").mkdir()
    (folder / "bench" / "report.py").write_text(workload, encoding="utf-8")
    _shell("git add bench && git commit -qm 'Add the nightly report as a workload'", folder)
    generate.printed("llmopt init --yes", folder)
    _shell("git add -A && git commit -qm 'Configure llmopt'", folder)
    return folder


def _shell(script: str, folder: Path) -> None:
    who = {f"GIT_{role}_{what}": "you@localhost" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # of pip and python3
    done = subprocess.run(
        ["sh", "-ec", script], cwd=folder, env={**os.environ, **who, "PATH": path}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{script}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
