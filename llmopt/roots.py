"""Import roots: from which folders of a repository its modules are imported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmopt.errors import UsageError
from llmopt.interpreters import Look

SOURCE_FOLDERS = ("src", "lib")
# Modules at the top of a repository that are not what it installs.
TOOLS = frozenset({"setup.py", "conftest.py", "noxfile.py", "tasks.py", "fabfile.py", "versioneer.py", "dodo.py"})
NOT_SOURCE = frozenset({"test", "tests", "testing", "doc", "docs", "examples", "benchmarks", "scripts", "tools"})


def find(folder: Path, root: Path, seen: Look, given: Sequence[str] | None) -> tuple[str, ...]:
    """The folders relative to the git root, first wins: those the user gives, else what layout and interpreter show."""
    if given:
        return tuple(_checked(name, root) for name in given)
    paths = [*_users_path(), *_laid_out(folder), *_laid_out(root), *_installed(seen)]
    inside = [_relative(path, root) for path in paths if _is_source(path, root, seen)]
    return tuple(dict.fromkeys(inside)) or (_relative(folder, root),)


def _checked(name: str, root: Path) -> str:
    path = Path(os.path.normpath(root / name))
    if not path.is_dir() or not path.is_relative_to(root):
        raise UsageError(f"the import root {name} is no folder of {root}", "roots are relative to the git root")
    return _relative(path, root)


def _relative(path: Path, root: Path) -> str:
    text = path.relative_to(root).as_posix()
    return "" if text == "." else text


def _users_path() -> list[Path]:
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [Path(entry).resolve() for entry in entries if entry]


def _laid_out(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in SOURCE_FOLDERS if _holds_modules(folder / name, frozenset()))
    if _holds_modules(folder, NOT_SOURCE | set(SOURCE_FOLDERS)):
        yield folder


def _holds_modules(folder: Path, left_out: frozenset[str]) -> bool:
    """Whether modules are imported from here: it holds packages or modules, and is none itself."""
    if not folder.is_dir() or (folder / "__init__.py").exists():
        return False
    packages = (path.parent for path in folder.glob("*/__init__.py"))
    modules = (path for path in folder.glob("*.py") if path.name not in TOOLS)
    return any(path.name not in left_out for path in packages) or any(modules)


def _installed(seen: Look) -> Iterator[Path]:
    """Folders by which editable installs make the repository's code importable."""
    yield from (Path(entry).resolve() for entry in seen.interpreter.search_path)
    for package in map(Path, seen.mapped):
        yield package.resolve().parent


def _is_source(path: Path, root: Path, seen: Look) -> bool:
    environments = [Path(prefix).resolve() for prefix in seen.prefixes]
    own = path.is_dir() and path.is_relative_to(root)
    # The repository may lie below a prefix such as /usr; only an environment inside the repository is not its source.
    return own and not any(
        env.is_relative_to(root) and env != root and path.is_relative_to(env) for env in environments
    )
