"""Which function of a tree's source a code object belongs to: (first line, name) in, `Function` out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from llmopt.data import Function, Tree

MODULE = "<module>"
LINE_END = re.compile(r"\r\n?|\n")  # as Python counts lines; str.splitlines also splits at form feeds


@dataclass(frozen=True)
class Span:
    """A def: the line of its first decorator (where its code object begins), of `def`, and of its end."""

    name: str
    first: int
    line: int
    end: int


def spans(source: str) -> tuple[Span, ...]:
    """All functions of a module, outer before inner; none when it does not parse."""
    try:
        return tuple(_spans(ast.parse(source), ""))
    except (SyntaxError, ValueError, RecursionError):
        return ()


def _spans(node: ast.AST, prefix: str) -> Iterator[Span]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _spans(child, prefix)
            continue
        name = prefix + child.name
        if not isinstance(child, ast.ClassDef):
            first = min(node.lineno for node in (child, *child.decorator_list))
            yield Span(name, first, child.lineno, child.end_lineno or child.lineno)
        yield from _spans(child, name + ".")


def enclosing(found: tuple[Span, ...], line: int, name: str) -> Span | None:
    """The def of a code object; for a comprehension, a lambda or a class body the innermost def around it.

    None is the module level. `name` may be qualified (3.11 and later) or plain.
    """
    plain = name.rpartition(".")[2]
    if plain == MODULE:
        return None
    own = [span for span in found if span.first == line and span.name.rpartition(".")[2] == plain]
    around = own or [span for span in found if span.first <= line <= span.end]
    return max(around, key=lambda span: span.first, default=None)


def is_inside(function: Function) -> bool:
    """Whether it is the repository's: the paths of all other code are absolute, or no paths ("<string>")."""
    return not function.path.startswith("<") and not PurePath(function.path).is_absolute()


def clean(name: str) -> str:
    """A qualified name as llmopt writes it: without "<locals>", comprehensions charged to their function."""
    parts = [part for part in name.split(".") if part != "<locals>"]
    while len(parts) > 1 and re.fullmatch(r"<\w+>", parts[-1]):
        parts.pop()
    return ".".join(parts)


class Resolver:
    """Functions by (file, first line, name), with each file of the tree read once, and parsed if need be."""

    def __init__(self, tree: Tree, checkout: Path | None = None) -> None:
        """What was loaded from the `checkout` is the tree's too: a sandbox shows the tree in its place, and without one
        the run would have ended with an error."""
        self._roots = tuple({tree.path.absolute(), tree.path.resolve(), *([checkout] if checkout else [])})
        self._tree = tree.path
        self._lines: dict[str, list[str]] = {}
        self._spans: dict[str, tuple[Span, ...]] = {}
        self._functions: dict[tuple[str, str, int], Function] = {}
        self._paths: dict[str, str] = {}

    def relative(self, file: str) -> str:
        """The path inside the tree, POSIX; other files stay as they are."""
        if file not in self._paths:
            self._paths[file] = self._relative(file)
        return self._paths[file]

    def _relative(self, file: str) -> str:
        if "\0" in file or ".." in PurePath(file).parts:  # no code object of a file has such a name
            return file
        for root in self._roots:
            for path in (PurePath(file), Path(file).resolve() if PurePath(file).is_absolute() else PurePath(file)):
                if path.is_relative_to(root):
                    return path.relative_to(root).as_posix()
        return file

    def function(self, file: str, name: str, line: int) -> Function:
        key = (file, name, line)
        if key not in self._functions:
            self._functions[key] = self._resolve(file, name, line)
        return self._functions[key]

    def _resolve(self, file: str, name: str, line: int) -> Function:
        path = self.relative(file)
        if path == file:
            return Function(file, clean(name), line)
        lines = self._lines_of(file)
        at = _line_of_def(lines, name, line)
        if at is not None:
            return Function(path, clean(name), at)
        if file not in self._spans:
            self._spans[file] = spans("\n".join(lines))
        span = enclosing(self._spans[file], line, name)
        return Function(path, span.name, span.line) if span else Function(path, MODULE, 1)

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            path = self._tree / self.relative(file)
            text = _decoded(path.read_bytes()) if path.is_file() else ""
            self._lines[file] = LINE_END.split(text)
        return self._lines[file]


def _line_of_def(lines: list[str], name: str, first: int) -> int | None:
    """The line of `def` of code with a qualified name that begins at line `first`, without parsing the file.

    None where only the syntax tree can tell: comprehensions, lambdas, class bodies, plain names of 3.9 and 3.10.
    """
    plain = name.rpartition(".")[2]
    if not plain.isidentifier() or not 1 <= first <= len(lines):
        return None
    start = re.compile(rf"\s*(async\s+)?def\s+{plain}\b")
    if not lines[first - 1].lstrip().startswith(("@", "def ", "async ")):
        return None
    at = next((i for i in range(first, len(lines) + 1) if start.match(lines[i - 1])), None)
    is_qualified = at is not None and ("." in name or not lines[at - 1][:1].isspace())
    return at if is_qualified else None


def _decoded(source: bytes) -> str:
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        return source.decode(errors="replace")
