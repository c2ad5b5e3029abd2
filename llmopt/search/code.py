"""The repository's Python files as a dossier looks at them: where a function is, and which functions it uses.

Names are followed through imports as far as the text shows them (absolute, relative, re-exported); what is decided
at run time is left to the measured callees.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from llmopt import syntax
from llmopt.data import Function, ReadFile
from llmopt.errors import EditError

RE_EXPORTS = 3  # `from .x import y` followed at most so far
SMALL_CLASS = 40  # lines up to which a class that is used is shown whole, else its `__init__`

Module = tuple[str, ...]  # paths without suffix where a module could lie


@dataclass(frozen=True)
class File:
    """A parsed file. `imports` maps local names to (module, name in it or "")."""

    path: str
    lines: list[str]
    tree: ast.Module
    by_name: dict[str, syntax.Definition]
    imports: dict[str, tuple[Module, str]]
    imported: frozenset[str]  # the top-level names of what it imports


@dataclass(frozen=True)
class Source:
    """A function's text; `start` and `end` are its lines in the file."""

    path: str
    name: str
    start: int
    end: int
    text: str

    @property
    def key(self) -> str:
        return f"{self.path}::{self.name}"

    def within(self, other: Source) -> bool:
        return self.path == other.path and other.start <= self.start and self.end <= other.end


@dataclass(frozen=True)
class Code:
    """Look-ups over the files; `file` gives None for what cannot be read or parsed."""

    read: ReadFile
    file: Callable[[str], File | None]

    def source(self, function: Function, end_line: int) -> Source:
        """The function's source by its name, by its lines where that finds nothing; EditError without its file."""
        if found := self.find(function):
            return found
        lines = self.read(function.path).split("\n")
        whole = function.name == "<module>"
        start, end = (1, len(lines)) if whole else (function.line, max(function.line, end_line))
        return Source(function.path, function.name, start, end, _text(lines[start - 1 : end]))

    def find(self, function: Function) -> Source | None:
        """The definition of that name nearest to the function's line."""
        file = self.file(function.path)
        same = [each for each in syntax.definitions(file.tree) if each.name == function.name] if file else []
        nearest = min(same, key=lambda each: abs(each.node.lineno - function.line), default=None)
        return _source(file, nearest) if file and nearest else None

    def used_by(self, source: Source) -> Iterator[Source]:
        """The repository's functions that a function names, in the order of its text."""
        file = self.file(source.path)
        definition = file.by_name.get(source.name) if file else None
        if not file or not definition:
            return
        for dotted in _names(definition.node):
            if found := self._resolve(file, source.name, dotted):
                yield found

    def methods(self, path: str, owner: str) -> Iterator[Source]:
        """The methods that a class defines, none of what is no class."""
        file = self.file(path)
        around = file.by_name.get(owner) if file else None
        if file and around and isinstance(around.node, ast.ClassDef):
            for name, found in file.by_name.items():
                if name.rpartition(".")[0] == owner and not isinstance(found.node, ast.ClassDef):
                    yield _source(file, found)

    def _resolve(self, file: File, scope: str, dotted: str) -> Source | None:
        first, _, rest = dotted.partition(".")
        if first in ("self", "cls") and rest:
            return self._method(file, scope.rpartition(".")[0], rest.partition(".")[0])
        if found := _local(file, scope, dotted):
            return found
        if first not in file.imports:
            return None
        module, name = file.imports[first]
        return self._exported(module, ".".join(filter(None, (name, rest))), RE_EXPORTS)

    def _method(self, file: File, owner: str, name: str) -> Source | None:
        """A method of a class or of the bases that its file defines."""
        for _ in range(RE_EXPORTS):
            if f"{owner}.{name}" in file.by_name:
                return _source(file, file.by_name[f"{owner}.{name}"])
            node = file.by_name[owner].node if owner in file.by_name else None
            bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
            owner = next((base for base in bases if base in file.by_name), "")
        return None

    def _exported(self, module: Module, dotted: str, depth: int) -> Source | None:
        """The definition a module has or passes on under that name."""
        first, _, rest = dotted.partition(".")
        file = self._module(module)
        if file and (found := _local(file, "", dotted)):
            return found
        if file and first in file.imports and depth:
            further, name = file.imports[first]
            return self._exported(further, ".".join(filter(None, (name, rest))), depth - 1)
        deeper = tuple(posixpath.join(stem, first) for stem in module)
        return self._exported(deeper, rest, depth - 1) if rest and depth else None

    def _module(self, module: Module) -> File | None:
        paths = (stem + suffix for stem in module for suffix in (".py", "/__init__.py"))
        return next((file for path in paths if (file := self.file(path))), None)


def _is_setter(node: syntax.Node) -> bool:
    """Of a property, whose name means what reads it."""
    accessors = (each.attr for each in node.decorator_list if isinstance(each, ast.Attribute))
    return any(each in ("setter", "deleter") for each in accessors)


def open_code(read: ReadFile, roots: Sequence[str]) -> Code:
    """Look-ups that read and parse each file once."""

    @cache
    def file(path: str) -> File | None:
        try:
            text = read(path)
            tree = syntax.parse(text)
        except (EditError, SyntaxError):
            return None
        by_name = {each.name: each for each in syntax.definitions(tree) if not _is_setter(each.node)}
        imports = dict(_imports(tree, path, roots))
        return File(path, text.split("\n"), tree, by_name, imports, frozenset(_imported(tree)))

    return Code(read, file)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _source(file: File, found: syntax.Definition) -> Source:
    return Source(file.path, found.name, found.start, found.end, found.text(file.lines))


def _local(file: File, scope: str, dotted: str) -> Source | None:
    """A definition of the same file, seen from inside `scope`: the innermost one of that name."""
    parts = scope.split(".") if scope else []
    for depth in range(len(parts), -1, -1):
        found = file.by_name.get(".".join([*parts[:depth], dotted]))
        if found and not _is_class_scope(file, parts[:depth]):
            return _shown(file, found)
    return None


def _is_class_scope(file: File, parts: Sequence[str]) -> bool:
    """Names of a class body are not seen from inside its methods."""
    owner = file.by_name.get(".".join(parts)) if parts else None
    return bool(owner and isinstance(owner.node, ast.ClassDef))


def _shown(file: File, found: syntax.Definition) -> Source | None:
    if not isinstance(found.node, ast.ClassDef) or found.end - found.start < SMALL_CLASS:
        return _source(file, found)
    made = file.by_name.get(f"{found.name}.__init__")
    return _source(file, made) if made else None


def _names(node: ast.AST) -> list[str]:
    """Every name and dotted name that is read, in the order of the text, each once."""
    reads = [each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)]
    reads.sort(key=lambda each: (each.lineno, each.col_offset, -(each.end_col_offset or 0)))
    return list(dict.fromkeys(dotted for each in reads if (dotted := _dotted(each))))


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


# --- imports ---------------------------------------------------------------------------------------------------


def _imports(tree: ast.Module, path: str, roots: Sequence[str]) -> Iterator[tuple[str, tuple[Module, str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or name, (_stems(name, roots), "")
        elif isinstance(node, ast.ImportFrom):
            module = _from(node, path, roots)
            for alias in node.names:
                yield alias.asname or alias.name, (module, alias.name)


def _from(node: ast.ImportFrom, path: str, roots: Sequence[str]) -> Module:
    if not node.level:
        return _stems(node.module or "", roots)
    package = posixpath.dirname(path)
    for _ in range(node.level - 1):
        package = posixpath.dirname(package)
    return (posixpath.join(package, *(node.module or "").split(".")).rstrip("/"),)


def _stems(module: str, roots: Sequence[str]) -> Module:
    return tuple(posixpath.join(root, *module.split(".")) for root in roots)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0].lower() for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0].lower()
