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
