"""A path and flags in, the project out: its git root, interpreter, import roots, tests and workloads."""

from __future__ import annotations

import ast
import shlex
import tomllib
from collections.abc import Sequence
from configparser import ConfigParser, Error
from pathlib import Path

from llmopt import interpreters, pytests
from llmopt import roots as import_roots
from llmopt.data import Interpreter, Project, TestCommand
from llmopt.errors import ProjectError
from llmopt.interpreters import inspect
from llmopt.workloads import files
from llmopt.workloads import parse as parse_workload

__all__ = ["find_tests", "inspect", "notices", "open_project", "parse_tests"]

TEST_FOLDERS = ("tests", "test")
RUNNERS = {"tox.ini": "tox", "noxfile.py": "nox"}
# Where pytest reads its settings from, with the section or table that makes the file pytest's.
INI_FILES = {"pytest.ini": "", ".pytest.ini": "", "pytest.toml": "", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}


def open_project(
    path: Path,
    *,
    python: str | None,
    test: str | None,
    workloads: Sequence[str],
    roots: Sequence[str] | None,
) -> Project:
    """The project at a path of a repository; `test` is "" for none and None to look for them.

    Raises ProjectError for what is no repository or has no usable interpreter, UsageError for flags that do not fit.
    """
    from llmopt import git

    root = git.top(path)
    folder = path.resolve()
    seen = interpreters.find(folder, root, python)
    return Project(
        root=root,
        folder="" if folder == root else folder.relative_to(root).as_posix(),
        interpreter=seen.interpreter,
        tests=find_tests(folder, seen.interpreter) if test is None else parse_tests(test, seen.interpreter),
        workloads=tuple(parse_workload(spec, folder, seen.interpreter) for spec in workloads),
        roots=import_roots.find(folder, root, seen, roots),
    )


def parse_tests(line: str, interpreter: Interpreter) -> TestCommand | None:
    """The test command that a shell line stands for: pytest and unittest are recognised, and known test by test."""
    if not line.strip():
        return None
    arguments = pytests.module_arguments(line, "pytest")
    if arguments is not None:
        _require_pytest(interpreter)
        return TestCommand("pytest", arguments)
    arguments = pytests.module_arguments(line, "unittest")
    return TestCommand("command", (line,)) if arguments is None else TestCommand("unittest", arguments)


def _require_pytest(interpreter: Interpreter) -> None:
    if "pytest" not in interpreter.packages:
        raise ProjectError(
            f"the tests need pytest, and {interpreter.path} ({interpreter.found}) does not have it",
            f"`{interpreter.path} -m pip install pytest`, or --python names the environment that has it",
        )


def find_tests(folder: Path, interpreter: Interpreter) -> TestCommand | None:
    """The tests a project has: pytest's if the interpreter has it, else unittest's if they use nothing else."""
    below = next((name for name in TEST_FOLDERS if _holds_tests(folder / name)), "")
    if not (below or _is_configured(folder) or any(folder.glob("test_*.py"))):
        return None
    if "pytest" in interpreter.packages:
        return TestCommand("pytest", (below,) if below and not _settings(folder).get("testpaths") else ())
    return _unittest(folder, below) if _only_unittest(folder / below) else None


def _holds_tests(folder: Path) -> bool:
    return folder.is_dir() and any(files.is_test_file(path) for path in files.walk(folder))


def _unittest(folder: Path, below: str) -> TestCommand:
    if below and (folder / below / "__init__.py").exists():
        return TestCommand("unittest", ("discover", "-s", below, "-t", "."))
    return TestCommand("unittest", ("discover", "-s", below or "."))


def _only_unittest(folder: Path) -> bool:
    """Whether the tests are classes of unittest and nothing of them imports pytest."""
    names = [_imports(files.syntax(path)) for path in files.walk(folder) if files.is_test_file(path)]
    return any("unittest" in imported for imported in names) and not any("pytest" in imported for imported in names)


def _imports(module: ast.Module) -> set[str]:
    nodes = list(ast.walk(module))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.partition(".")[0] for name in plain | {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}}


def _is_configured(folder: Path) -> bool:
    return (folder / "conftest.py").exists() or bool(_settings(folder))


def _settings(folder: Path) -> dict[str, object]:
    """pytest's settings of a project's folder; {"": ...} when they are there and say nothing this asks for."""
    try:
        tool = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {}).get("pytest", {})
    except (OSError, ValueError):
        tool = {}
    if tool:
        return {**tool, **tool.get("ini_options", {})}
    for name, section in INI_FILES.items():
        if (folder / name).is_file() and (found := _section(folder / name, section or "pytest")) is not None:
            return {"": name, **found}
        if (folder / name).is_file() and not section:
            return {"": name}
    return {}


def _section(path: Path, section: str) -> dict[str, object] | None:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, Error):
        return None
    return dict(parser[section]) if section in parser else None


def notices(project: Project) -> tuple[str, ...]:
    """What a person should know about how the project was read."""
    return tuple(notice for notice in (about_tests(project), _about_interpreter(project)) if notice)


def about_tests(project: Project) -> str:
    """Why the project's tests do not run, or do not run as it means them to; "" when nothing is to be said."""
    folder = project.root / project.folder
    named = next((f"{runner} ({name})" for name, runner in RUNNERS.items() if (folder / name).exists()), "")
    if project.tests is None and (named or any(_holds_tests(folder / name) for name in TEST_FOLDERS)):
        which = f"the project runs its tests by {named}" if named else "the project has tests that need pytest"
        return f"{which}, and {project.interpreter.path} has no pytest: --python or --test says how they run here"
    if project.tests is not None and project.tests.kind != "command" and named:
        return f"the tests run by {_line(project.tests)}, not by {named}; --test names another command"
    return ""


def _line(tests: TestCommand) -> str:
    return shlex.join(("python", "-m", tests.kind, *tests.arguments))


def _about_interpreter(project: Project) -> str:
    if project.interpreter.found not in ("python3 on PATH", "llmopt's own interpreter"):
        return ""
    return (
        f"no environment of the project was found: {project.interpreter.path} runs its code; --python names another one"
    )
