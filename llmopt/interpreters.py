"""A project's folder in, the Python that runs its code out, with what that Python says of itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmopt import keys
from llmopt.data import Interpreter
from llmopt.errors import ProjectError, UsageError

OLDEST = (3, 9)
SECONDS = 60.0  # for one look at an interpreter, or one question to an environment manager
FOLDERS = (".venv", "venv", "env")
EXECUTABLES = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")

# An editable install may map names to folders instead of putting a folder on the path: setuptools' finders, by MAPPING.
LOOK = r"""
import importlib.metadata, json, re, sys
packages = {}
for found in importlib.metadata.distributions():
    name = (found.metadata or {}).get("Name")
    if name:
        packages.setdefault(re.sub(r"[-_.]+", "-", name).lower(), found.version or "")
finders = [sys.modules.get(getattr(f, "__module__", "")) for f in sys.meta_path]
mapped = [str(path) for f in finders for path in getattr(f, "MAPPING", {}).values()]
print("\n" + json.dumps({
    "path": sys.executable, "version": list(sys.version_info[:3]), "search_path": [p for p in sys.path if p],
    "packages": packages, "mapped": mapped, "prefixes": [sys.prefix, sys.base_prefix],
}))
"""


@dataclass(frozen=True)
class Look:
    """An interpreter, and what finding the import roots needs besides: the packages that editable installs map to
    folders, and the folders of its environment."""

    interpreter: Interpreter
    mapped: tuple[str, ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Manager:
    """A tool that keeps environments elsewhere: it is asked when the project has one of its files or its table."""

    name: str
    command: tuple[str, ...]
    files: tuple[str, ...]
    table: str


MANAGERS = (
    Manager("poetry", ("poetry", "env", "info", "-p"), ("poetry.lock",), "poetry"),
    Manager("pdm", ("pdm", "info", "--python"), ("pdm.lock", ".pdm-python"), "pdm"),
    Manager("hatch", ("hatch", "env", "find"), ("hatch.toml",), "hatch"),
    Manager("pipenv", ("pipenv", "--venv"), ("Pipfile",), "pipenv"),
)


def find(folder: Path, root: Path, python: str | None) -> Look:
    """The interpreter the user names, else that of the project's environment, else the first on the PATH.

    Raises ProjectError when it cannot be used (another one would run other code than the user does), UsageError when
    what the user names is none.
    """
    path, found = (named(python, folder), "--python") if python else next(candidates(folder, root))
    return look(path, found)


def named(python: str, folder: Path) -> str:
    """The interpreter that a path, a command's name or an environment's folder stands for."""
    for base in (Path.cwd(), folder):
        path = base / Path(python).expanduser()
        if path.is_dir() and (inside := environment(path)):
            return inside
        if path.is_file():
            return str(path)
    command = shutil.which(python)
    if command is None:
        raise UsageError(
            f"--python {python} is no interpreter, no command and no environment's folder",
            "give the path of a python, such as .venv/bin/python",
        )
    return command


def environment(folder: Path) -> str | None:
    """The interpreter of an environment's folder. A dangling link counts: it is an environment, and a broken one."""
    paths = (folder / name for name in EXECUTABLES)
    return next((str(path) for path in paths if path.exists() or path.is_symlink()), None)


def candidates(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Interpreters of the project with where each was found, the likeliest first; at least one."""
    for base in dict.fromkeys((folder, root)):
        for name in (os.environ.get("UV_PROJECT_ENVIRONMENT"), *FOLDERS):
            if name and (path := environment(base / name)):
                yield path, name
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if (value := os.environ.get(variable)) and not _is_lent(value) and (path := environment(Path(value))):
            yield path, variable
    for base in dict.fromkeys((folder, root)):
        yield from _managed(base)
    folders = [each for each in os.get_exec_path() if not _is_lent(str(Path(each).parent))]
    if on_path := shutil.which("python3", path=os.pathsep.join(folders)):
        yield on_path, "python3 on PATH"
    yield sys.executable, "llmopt's own interpreter"


def _is_lent(folder: str) -> bool:
    """Is it the environment that pre-commit made for llmopt? While a hook runs it is active in the place of the user's,
    and it holds nothing of the project."""
    return os.environ.get("PRE_COMMIT") == "1" and os.path.realpath(folder) == os.path.realpath(sys.prefix)


def _managed(folder: Path) -> Iterator[tuple[str, str]]:
    tables = _tables(folder / "pyproject.toml")
    for manager in MANAGERS:
        uses = manager.table in tables or any((folder / name).exists() for name in manager.files)
        if uses and (said := _ask(manager, folder)) and (path := said if said.is_file() else environment(said)):
            yield str(path), manager.name


def _tables(path: Path) -> frozenset[str]:
    """The names below [tool] of a pyproject.toml; none for a file that is missing or broken."""
    try:
        return frozenset(tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}))
    except (OSError, ValueError):
        return frozenset()


def _ask(manager: Manager, folder: Path) -> Path | None:
    if shutil.which(manager.command[0]) is None:
        return None
    try:
        said = subprocess.run(
            manager.command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
            env=keys.without_keys(os.environ),
        )
    except (OSError, subprocess.SubprocessError):  # it has no environment yet
        return None
    lines = said.stdout.strip().splitlines()
    return Path(lines[-1]) if lines else None


def inspect(path: str, found: str) -> Interpreter:
    """What an interpreter says of itself; ProjectError when it does not run or is too old."""
    return look(path, found).interpreter


def look(path: str, found: str) -> Look:
    said = _question(path, found)
    version = tuple(said["version"])
    if version < OLDEST:
        raise ProjectError(
            f"{said['path']} ({found}) is Python {'.'.join(map(str, version))}; targets need 3.9 or later",
            "--python names another interpreter",
        )
    interpreter = Interpreter(
        path=said["path"] or path,
        version=(version[0], version[1], version[2]),
        found=found,
        search_path=tuple(said["search_path"]),
        packages=said["packages"],
        needs=tuple(dict.fromkeys([*said["prefixes"], *said["mapped"]])),
    )
    return Look(interpreter, tuple(said["mapped"]), tuple(said["prefixes"]))


def _question(path: str, found: str) -> dict[str, Any]:
    # Variables such as PYTHONPATH would show the search path of this shell, not the interpreter's.
    clean = {n: value for n, value in keys.without_keys(os.environ).items() if not n.startswith("PYTHON")}
    problem, hint = "", "make the environment anew, or name another interpreter with --python"
    try:
        said = subprocess.run([path, "-c", LOOK], env=clean, capture_output=True, timeout=SECONDS, check=True)
        answer: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
        return answer
    except subprocess.CalledProcessError as failure:
        words = failure.stderr.decode(errors="replace").strip().splitlines()
        problem = words[-1] if words else f"exit code {failure.returncode}"
        if b"SyntaxError" in failure.stderr or b"No module named" in failure.stderr:
            hint = "is it Python 3.9 or later? --python names another interpreter"
    except subprocess.TimeoutExpired:
        problem = f"no answer in {SECONDS:g} s"
    except OSError as failure:
        problem = failure.strerror or str(failure)
    except (ValueError, IndexError):
        problem = "it does not answer as Python does"
    raise ProjectError(f"the interpreter {path} ({found}) does not work: {problem}", hint)
