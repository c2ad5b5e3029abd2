"""The tasks: `tasks.toml` in, one value for each task out.

A task names two releases of a package on PyPI, the files that carry the later one's improvement, a workload of ours
(`workloads/NAME.py`), tests that cover the files, and random inputs of ours (`checks/NAME.py`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sdist:
    """A source archive on PyPI; `stem` is its file's name without the ending, such as "networkx-3.5"."""

    stem: str
    sha256: str

    @property
    def requirement(self) -> str:
        return "==".join(self.stem.rsplit("-", 1))


@dataclass(frozen=True)
class Task:
    """`expert` are the files that are taken from `after`, `functions` what they improve, `tests` arguments of pytest,
    `root` the folder that modules are imported from, `needs` what is installed beside the package."""

    name: str
    before: Sdist
    after: Sdist
    expert: tuple[str, ...]
    functions: tuple[str, ...]
    kind: str
    story: str
    tests: tuple[str, ...]
    root: str = "."
    needs: tuple[str, ...] = ("pytest",)

    @property
    def package(self) -> str:
        return self.before.stem.rpartition("-")[0].lower()

    @property
    def workload(self) -> Path:
        return HERE / "workloads" / f"{self.name}.py"

    @property
    def check(self) -> Path:
        return HERE / "checks" / f"{self.name}.py"


def load(path: Path = HERE / "tasks.toml") -> dict[str, Task]:
    """The tasks by name; KeyError and TypeError for what the file lacks or has too much of."""
    tables = tomllib.loads(path.read_text())
    hashes = tables.pop("sdists")
    return {name: _task(name, table, hashes) for name, table in tables.items()}


def _task(name: str, table: dict[str, str | list[str]], hashes: dict[str, str]) -> Task:
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    sides = {side: Sdist(str(given[side]), hashes[str(given[side])]) for side in ("before", "after")}
    return Task(name, **(given | sides))  # type: ignore[arg-type]
