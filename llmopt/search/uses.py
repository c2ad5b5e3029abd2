"""Functions and the repository's files in; who else names them, and which tests do, out (by name, so roughly).

What an edit must keep is what others rely on. Names that stand everywhere (`run`, `get`) tell nothing and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from llmopt import syntax
from llmopt.data import Function, ReadFile
from llmopt.errors import EditError
from llmopt.search.code import Code, Source

COMMON = 25  # files that hold a name from which on it says nothing
PARSED = 60  # files that are looked into
TEST = re.compile(r"(test_.*|.*_test|tests?)\.py")


@dataclass(frozen=True)
class Uses:
    """By `Function.key`: the functions outside of tests that name it, and the tests that do."""

    callers: Mapping[str, tuple[Source, ...]]
    tests: Mapping[str, tuple[Source, ...]]


def find(functions: Sequence[Function], files: Iterable[str], read: ReadFile, code: Code) -> Uses:
    """Search all files for the functions' last names."""
    names = {function.key: re.compile(_pattern(function)) for function in functions if not _is_special(function)}
    holding: dict[str, list[str]] = {key: [] for key in names}
    for path in files:
        try:
            text = read(path)
        except EditError:
            continue
        for key, name in names.items():
            if key.rpartition(".")[2].rpartition("::")[2] in text and name.search(text):  # the first is much quicker
                holding[key].append(path)
    callers, tests = {}, {}
    for key, paths in holding.items():
        code_paths = [path for path in paths if not is_test(path)]
        found = _naming(key, names[key], code_paths, code) if len(code_paths) <= COMMON else []
        callers[key] = tuple(each for each in found if each.key != key)
        tests[key] = tuple(_naming(key, names[key], [path for path in paths if is_test(path)], code))
    return Uses(callers, tests)


def is_test(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(TEST.fullmatch(pure.name)) or any(part in ("test", "tests") for part in pure.parts[:-1])


def _pattern(function: Function) -> str:
    """A method is named behind a dot, a function also by itself; not where it is defined or imported."""
    name = re.escape(function.name.rpartition(".")[2])
    return rf"\.{name}\b" if "." in function.name else rf"(?<!def )(?<!import )\b{name}\b(?=[(,)\]])"


def _is_special(function: Function) -> bool:
    return function.name.rpartition(".")[2].startswith(("__", "<"))


def _naming(key: str, name: re.Pattern[str], paths: Sequence[str], code: Code) -> list[Source]:
    """The innermost functions whose text has the name."""
    found: list[Source] = []
    for path in paths[:PARSED]:
        file = code.file(path)
        if not file:
            continue
        own = [each for each in file.by_name.values() if not hasattr(each.node, "bases")]
        for number, line in enumerate(file.lines, 1):
            if name.search(line) and (inner := _innermost(own, number)):
                source = Source(path, inner.name, inner.start, inner.end, inner.text(file.lines))
                if source not in found and source.key != key:
                    found.append(source)
    return found


def _innermost(definitions: Sequence[syntax.Definition], line: int) -> syntax.Definition | None:
    around = [each for each in definitions if each.start <= line <= each.end]
    return max(around, key=lambda each: each.start, default=None)


def pinning(tests: Sequence[Source], executing: Sequence[str], most: int, longest: int) -> list[Source]:
    """The tests that say most in few lines: with assertions, known to execute it first, then the shortest."""
    ran = {name_of(test) for test in executing}
    checks = [each for each in tests if re.search(r"assert|raises", each.text) and len(each.text) <= longest]
    checks.sort(key=lambda each: (bool(ran) and each.key not in ran, len(each.text), each.key))
    return checks[:most]


def name_of(test: str) -> str:
    """The key of the function behind a test's id: "tests/t.py::Class::test[1]" -> "tests/t.py::Class.test"."""
    path, _, rest = test.partition("[")[0].partition("::")
    return f"{path}::{rest.replace('::', '.')}"
