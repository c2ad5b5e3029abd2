"""Files of a tree in, as text with "\\n" line ends; new text out, as bytes in the file's own encoding and line ends."""

from __future__ import annotations

import difflib
import io
import os
import tokenize
from pathlib import Path, PurePosixPath

from llmopt.data import ReadFile, Tree
from llmopt.errors import EditError


def reader(tree: Tree) -> ReadFile:
    """The `ReadFile` of a tree: EditError for a path that is no regular text file inside it."""

    def read(path: str) -> str:
        content = read_bytes(tree, path)
        return decode(content, path).replace("\r\n", "\n")

    return read


def read_bytes(tree: Tree, path: str) -> bytes:
    """A file's bytes; EditError when it is absent, outside the tree, or reached through a link."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise EditError(f"{path} is outside the repository")
    file = tree.path / pure
    if not Path(os.path.realpath(file)) == Path(os.path.realpath(tree.path)) / pure:
        raise EditError(f"{path} is reached through a symbolic link")
    if not file.is_file():
        raise EditError(f"{path} does not exist in the repository")
    return file.read_bytes()


def encoding_of(content: bytes, path: str) -> str:
    """The encoding a Python file declares (PEP 263), UTF-8 for others."""
    if not path.endswith((".py", ".pyi")):
        return "utf-8"
    try:
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except SyntaxError as problem:
        raise EditError(f"{path}: {problem}") from None


def decode(content: bytes, path: str) -> str:
    """The file's text, line ends as they are; EditError when the bytes are not in its declared encoding."""
    encoding = encoding_of(content, path)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise EditError(f"{path} is not valid {encoding}: it is left alone") from None


def encode_like(original: bytes, text: str, path: str) -> bytes:
    """New text ("\\n" line ends) in the original's encoding; lines that did not change keep their own line end."""
    encoding = encoding_of(original, path)
    old = decode(original, path)
    if "\r\n" in old:
        text = _with_line_ends(old.splitlines(keepends=True), text.splitlines(keepends=True))
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as problem:
        raise EditError(
            f"{path} is {encoding}, which cannot hold {problem.object[problem.start : problem.end]!r}"
        ) from None


def _with_line_ends(old: list[str], new: list[str]) -> str:
    crlf = sum(line.endswith("\r\n") for line in old)
    usual = "\r\n" if 2 * crlf >= len(old) else "\n"
    bare = [line.replace("\r\n", "\n") for line in old]
    result: list[str] = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, bare, new, autojunk=False).get_opcodes():
        result += old[i1:i2] if kind == "equal" else [line.replace("\n", usual) for line in new[j1:j2]]
    return "".join(result)
