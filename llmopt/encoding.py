"""Files of a tree in, as text with "\\n" line ends; new text out, as bytes in the file's own encoding and line ends."""

from __future__ import annotations

import difflib
import io
import os
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from llmopt.data import ReadFile, Tree
from llmopt.errors import EditError

CODED = (".py", ".pyi", ".pyx", ".pxd", ".pxi")  # Cython reads PEP 263 too
LINE = re.compile(r"[^\n]*\n|[^\n]+")  # `str.splitlines` also splits at form feeds and the like


def reader(tree: Tree) -> ReadFile:
    """The `ReadFile` of a tree: EditError for a path that is no regular text file inside it."""

    def read(path: str) -> str:
        content = read_bytes(tree, path)
        return decode(content, path).replace("\r\n", "\n")

    return read


def encoded(tree: Tree, files: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes of new texts of a tree's files, in the encoding and with the line ends that each file has."""
    before = {path: read_bytes(tree, path) if (tree.path / path).exists() else b"" for path in files}
    return {path: encode_like(before[path], text, path) for path, text in files.items()}


def read_bytes(tree: Tree, path: str) -> bytes:
    """A file's bytes; EditError when it is absent, outside the tree, or reached through a link."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise EditError(f"{path} is outside the repository")
    file = tree.path / pure
    try:
        if not Path(os.path.realpath(file)) == Path(os.path.realpath(tree.path)) / pure:
            raise EditError(f"{path} is reached through a symbolic link")
        if not file.is_file():
            raise EditError(f"{path} does not exist in the repository")
        return file.read_bytes()
    except (OSError, ValueError) as problem:  # too long for a name, or NUL in it
        raise EditError(f"{path[:100]!r} cannot be read: {problem}") from None


def encoding_of(content: bytes, path: str) -> str:
    """The encoding a Python file declares (PEP 263), UTF-8 for others. EditError for one that Python does not know."""
    if not path.endswith(CODED):
        return "utf-8"
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        "".encode(encoding)  # some codecs are not of text: rot13, hex
    except (SyntaxError, LookupError, UnicodeError) as problem:
        raise EditError(f"{path}: {problem}") from None
    return encoding


def decode(content: bytes, path: str) -> str:
    """The file's text, line ends as they are; EditError when the bytes are not in its declared encoding."""
    encoding = encoding_of(content, path)
    try:
        return content.decode(encoding)
    except UnicodeError:
        raise EditError(f"{path} is not valid {encoding}: it is left alone") from None


def encode_like(original: bytes, text: str, path: str) -> bytes:
    """New text ("\\n" line ends) in the original's encoding; lines that did not change keep their own line end.

    The encoding is the one that the new text declares, should an edit change or a new file have a declaration.
    """
    old = decode(original, path)
    encoding = encoding_of(original, path)
    declared = encoding_of(text.encode("utf-8", "replace"), path)
    if encoding != "utf-8-sig" and declared != encoding:
        encoding = declared
    try:
        return with_line_ends(old, text).encode(encoding)
    except UnicodeEncodeError as problem:
        raise EditError(
            f"{path} is {encoding}, which cannot hold {problem.object[problem.start : problem.end]!r}"
        ) from None


def with_line_ends(old: str, text: str) -> str:
    """The text with the old one's line ends. If it has both kinds, equal lines keep theirs, new ones get the usual."""
    crlf = old.count("\r\n")
    if not crlf:
        return text
    if crlf == old.count("\n"):
        return text.replace("\n", "\r\n")
    usual = "\r\n" if 2 * crlf >= old.count("\n") else "\n"
    before, after = re.findall(LINE, old), re.findall(LINE, text)
    bare = [line.replace("\r\n", "\n") for line in before]
    result: list[str] = []
    for kind, i1, i2, j1, j2 in _opcodes(bare, after):
        result += before[i1:i2] if kind == "equal" else [line.replace("\n", usual) for line in after[j1:j2]]
    return "".join(result)


def _opcodes(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As of difflib, but the same lines at both ends stay themselves.

    difflib begins with the longest match: of "a, a, a" and "a, x, a, a" it takes the last two lines for the first two.
    """
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    shorter -= head
    tail = next((i for i in range(shorter) if before[-1 - i] != after[-1 - i]), shorter)
    yield "equal", 0, head, 0, head
    middle = before[head : len(before) - tail], after[head : len(after) - tail]
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
        yield kind, head + i1, head + i2, head + j1, head + j2
    yield "equal", len(before) - tail, len(before), len(after) - tail, len(after)
