"""What a dossier says of the run as a whole: interpreter, installed packages, workloads with their sources."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmopt.data import Project, ReadFile, Workload
from llmopt.errors import EditError
from llmopt.search.earlier import Tried


def no_tests(functions: Iterable[str]) -> Sequence[str]:
    """Where it is not known which test executes what."""
    return ()


@dataclass(frozen=True)
class Facts:
    """`workloads` are (spec, source) with "" for a source that is not known; `seconds` one run of each, unprofiled.

    `roots` are the folders modules are imported from, as in `Project`; `requires_python` is what the project declares;
    `files` are the repository's Python files, and `touching` gives the tests that are known to execute functions
    (`Function.key`). `earlier` is what runs before this one tried, `collecting` the share of full garbage collections.
    """

    python: tuple[int, int, int]
    packages: Mapping[str, str] = field(default_factory=dict)
    requires_python: str = ""
    roots: tuple[str, ...] = ("",)
    workloads: tuple[tuple[str, str], ...] = ()
    seconds: tuple[float, ...] = ()
    files: tuple[str, ...] = ()
    touching: Callable[[Iterable[str]], Sequence[str]] = no_tests
    earlier: tuple[Tried, ...] = ()
    collecting: float = 0.0


def facts_of(
    project: Project,
    seconds: Sequence[float],
    read: ReadFile,
    files: Sequence[str] = (),
    touching: Callable[[Iterable[str]], Sequence[str]] = no_tests,
    earlier: Sequence[Tried] = (),
    collecting: float = 0.0,
) -> Facts:
    """The facts of a project whose files `read` gives."""
    return Facts(
        python=project.interpreter.version,
        packages=dict(project.interpreter.packages),
        requires_python=_requires_python(project, read),
        roots=project.roots,
        workloads=tuple((each.spec, _workload_source(project, each, read)) for each in project.workloads),
        seconds=tuple(seconds),
        files=tuple(files),
        touching=touching,
        earlier=tuple(earlier),
        collecting=collecting,
    )


def _requires_python(project: Project, read: ReadFile) -> str:
    try:
        table = tomllib.loads(read(posixpath.join(project.folder, "pyproject.toml"))).get("project", {})
    except (EditError, tomllib.TOMLDecodeError):
        return ""
    return str(table.get("requires-python", "")) if isinstance(table, dict) else ""


def _workload_source(project: Project, workload: Workload, read: ReadFile) -> str:
    """The text of the first Python file of the repository that the workload names, "" when it names none."""
    for path in _candidates(project, workload):
        try:
            return read(path)
        except EditError:
            continue
    return ""


def _candidates(project: Project, workload: Workload) -> Iterator[str]:
    for word in re.split(r"[\s'\"=]+", " ".join((workload.target, *workload.arguments))):
        file, module = word.split("::")[0], word.split(":")[0]
        if file.endswith(".py"):
            yield posixpath.normpath(posixpath.join(project.folder, file))
        elif re.fullmatch(r"[\w.]+", module):
            yield from (posixpath.join(root, *module.split(".")) + ".py" for root in project.roots)
