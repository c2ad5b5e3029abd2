"""Python source text in, its syntax tree the line spans of its definitions and strings out."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
NESTING = (ast.stmt, ast.excepthandler, ast.match_case)


@dataclass(frozen=True)
class Definition:
    """A function or class: its qualified name and its lines (1-based, inclusive, decorators included)."""

    name: str
    start: int
    end: int
    node: Node

    def text(self, lines: list[str]) -> str:
        """Its source, each line with its newline; `lines` are those of the whole file."""
        return "".join(f"{line}\n" for line in lines[self.start - 1 : self.end])


def parse(text: str) -> ast.Module:
    """The syntax tree; SyntaxError is the only error. Only "\\n" ends a line, as everywhere in llmopt."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.replace("\r", " "))  # a stray "\r" would end a line for the parser alone
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or type(error).__name__) from None


def definitions(tree: ast.Module) -> Iterator[Definition]:
    """Every function and class in the order of the text, however deep it is nested."""
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:  # not recursive: an `elif` chain nests as deep as it is long
        node, prefix = stack.pop()
        if isinstance(node, Node):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield Definition(prefix + node.name, start, node.end_lineno or node.lineno, node)
            prefix += node.name + "."
        children = [child for child in ast.iter_child_nodes(node) if isinstance(child, NESTING)]
        stack.extend((child, prefix) for child in reversed(children))


def changed(old: str, new: str) -> set[str] | None:
    """The functions of the old text that the new one changes or drops, by qualified name.

    None where more than functions and new names differ (a class, a constant, an import that was there), so that
    anything may behave otherwise.
    """
    try:
        before, after = parse(old), parse(new)
    except SyntaxError:
        return None
    new_functions = {each.name: ast.dump(each.node) for each in definitions(after) if not _is_class(each)}
    old_functions = {each.name: ast.dump(each.node) for each in definitions(before) if not _is_class(each)}
    if _outside(before) - _outside(after) or _in_classes(before) != _in_classes(after):
        return None
    return {name for name, dump in old_functions.items() if new_functions.get(name) != dump}


def _is_class(definition: Definition) -> bool:
    return isinstance(definition.node, ast.ClassDef)


def _outside(tree: ast.Module) -> set[str]:
    """The statements of the module that define no function and no class."""
    return {ast.dump(node) for node in tree.body if not isinstance(node, Node)}


def _in_classes(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """For each class what stands in it and before it, but for the bodies of its methods."""
    return {each.name: _head(each.node) for each in definitions(tree) if isinstance(each.node, ast.ClassDef)}


def _head(node: ast.ClassDef) -> tuple[str, ...]:
    methods = (f"def {each.name}" for each in node.body if isinstance(each, Node))
    others = (ast.dump(each) for each in node.body if not isinstance(each, Node) and not is_docstring(each))
    before = (ast.dump(each) for each in (*node.bases, *node.keywords, *node.decorator_list))
    return (*before, *sorted(methods), *others)


def is_docstring(node: ast.AST) -> bool:
    """A constant that stands alone as a statement."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def strings(text: str) -> list[range]:
    """For each string the lines (1-based) that begin inside it: their indentation is part of a value."""
    found: list[range] = []
    opened: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.replace("\r", " ")).readline):
            kind = tokenize.tok_name[token.type]
            if kind == "STRING":
                found.append(range(token.start[0] + 1, token.end[0] + 1))
            elif kind.endswith("STRING_START"):  # f-strings have tokens of their own from Python 3.12 on
                opened.append(token.start[0])
            elif kind.endswith("STRING_END"):
                found.append(range(opened.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [lines for lines in found if lines]


def indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
