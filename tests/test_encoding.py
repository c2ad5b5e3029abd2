"""Text of files and back to bytes: what an edit did not touch stays as it was, byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmopt import encoding
from llmopt.data import Tree
from llmopt.errors import EditError


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "tree" / "pkg").mkdir(parents=True)
    return Tree("0" * 40, tmp_path / "tree")


def text_of(content: bytes, path: str = "x.py") -> str:
    return encoding.decode(content, path).replace("\r\n", "\n")


def edited(content: bytes, old: str, new: str, path: str = "x.py") -> bytes:
    text = text_of(content, path)
    assert old in text
    return encoding.encode_like(content, text.replace(old, new), path)


def test_reader_gives_text_with_plain_line_ends(tree: Tree) -> None:
    (tree.path / "pkg" / "x.py").write_bytes(b"\xef\xbb\xbfa = 'caf\xc3\xa9'\r\nb = 2\n")
    assert encoding.reader(tree)("pkg/x.py") == "a = 'café'\nb = 2\n"


@pytest.mark.parametrize(
    ("content", "old", "new", "expected"),
    [
        pytest.param(b"a = 1\nb = 2\n", "2", "3", b"a = 1\nb = 3\n", id="plain"),
        pytest.param(b"a = 1\r\nb = 2\r\n", "2", "3\nc = 4", b"a = 1\r\nb = 3\r\nc = 4\r\n", id="crlf"),
        pytest.param(b"a = 1\r\nb = 2", "2", "3", b"a = 1\r\nb = 3", id="no end of the last line"),
        pytest.param(b"\xef\xbb\xbfa = 1\nb = 2\n", "2", "3", b"\xef\xbb\xbfa = 1\nb = 3\n", id="BOM"),
        pytest.param(
            b"# coding: latin-1\na = '\xe9'\nb = 2\n",
            "2",
            "'ü'",
            b"# coding: latin-1\na = '\xe9'\nb = '\xfc'\n",
            id="latin-1",
        ),
        pytest.param(b"a = 1\r\nb = 2\nc = 3\r\n", "2", "20", b"a = 1\r\nb = 20\r\nc = 3\r\n", id="mixed, mostly crlf"),
        pytest.param(b"a = 1\r\nb = 2\nc = 3\nd = 4\n", "3", "30", b"a = 1\r\nb = 2\nc = 30\nd = 4\n", id="mostly lf"),
        pytest.param(b"a\x0cb\r\nc\x0c\nd = 4\r\n", "4", "5", b"a\x0cb\r\nc\x0c\nd = 5\r\n", id="form feeds"),
        pytest.param(b"a = 1\rb = 2\rc = 3\n", "2", "20", b"a = 1\rb = 20\rc = 3\n", id="old Mac"),
    ],
)
def test_unchanged_lines_stay_byte_identical(content: bytes, old: str, new: str, expected: bytes) -> None:
    assert edited(content, old, new) == expected


ENDS = st.sampled_from(["\n", "\r\n"])
LINES = st.lists(st.tuples(st.text("ab =\x0c\u2028é", max_size=4), ENDS), max_size=12)


@given(LINES, st.integers(0, 12), st.text("xy", min_size=1, max_size=3))
@example([("", "\n"), ("", "\n"), ("", "\r\n")], 1, "x")  # more equal lines after the new one than before it
def test_a_line_put_in_leaves_all_others_as_they_are(lines: list[tuple[str, str]], at: int, new: str) -> None:
    content = "".join(text + end for text, end in lines).encode()
    text = [text + "\n" for text, _ in lines]
    at = min(at, len(lines))
    result = encoding.encode_like(content, "".join([*text[:at], f"{new}\n", *text[at:]]), "x.txt").decode()
    ends = {f"{new}\n", f"{new}\r\n"}
    before = "".join(text + end for text, end in lines[:at])
    after = "".join(text + end for text, end in lines[at:])
    assert result in {before + line + after for line in ends}


@given(LINES)
def test_text_that_did_not_change_gives_the_same_bytes(lines: list[tuple[str, str]]) -> None:
    content = "".join(text + end for text, end in lines).encode()
    assert encoding.encode_like(content, text_of(content, "x.txt"), "x.txt") == content


def test_large_file_of_mixed_line_ends_is_quick() -> None:
    content = b"".join(b"x = %d\r\n\r\n" % n if n % 3 else b"x = %d\n\n" % n for n in range(2000))
    assert edited(content, "x = 1000\n", "x = 'new'\n") == content.replace(b"x = 1000\r\n", b"x = 'new'\r\n")


def test_text_that_the_files_encoding_cannot_hold_is_an_edit_error() -> None:
    with pytest.raises(EditError, match="cannot hold 'λ'"):
        edited(b"# -*- coding: latin-1 -*-\na = 1\n", "1", "'λ'")


def test_new_file_is_in_the_encoding_it_declares() -> None:
    assert encoding.encode_like(b"", "# coding: latin-1\na = 'é'\n", "x.py") == b"# coding: latin-1\na = '\xe9'\n"
    assert encoding.encode_like(b"", "a = 'é'\n", "x.py") == "a = 'é'\n".encode()


def test_edit_of_the_declaration_counts() -> None:
    changed = edited(b"# coding: latin-1\na = '\xe9'\n", "latin-1", "utf-8")
    assert changed == "# coding: utf-8\na = 'é'\n".encode()


@pytest.mark.parametrize("name", ["rot13", "hex", "no-such-encoding", "idna", "unicode_escape", "utf-16"])
def test_codecs_of_any_name_are_at_worst_an_edit_error(name: str) -> None:
    content = f"# coding: {name}\nx = 1\n".encode()
    try:
        text = encoding.decode(content, "x.py")
    except EditError:
        return
    assert "x = 1" in text


def test_bytes_of_another_encoding_are_an_edit_error() -> None:
    with pytest.raises(EditError, match=r"x\.py"):
        encoding.decode(b"a = 1\nb = 2\nc = '\xe9'\n", "x.py")


def test_cython_sources_are_read_by_their_declaration() -> None:
    assert encoding.decode(b"# coding: latin-1\nx = '\xe9'\n", "x.pyx").endswith("'é'\n")


@pytest.mark.parametrize(
    "path",
    ["../out.py", "/etc/passwd", "", ".", "pkg", "pkg/none.py", "a\0b.py", "x" * 5000, "pkg/" + "y" * 300 + ".py"],
)
def test_paths_that_are_no_file_of_the_tree_are_edit_errors(tree: Tree, path: str) -> None:
    (tree.path.parent / "out.py").write_text("secret")
    with pytest.raises(EditError):
        encoding.read_bytes(tree, path)


@pytest.mark.parametrize("link", ["pkg/link.py", "linked/out.py"])
def test_links_are_not_followed(tree: Tree, link: str) -> None:
    (tree.path.parent / "out.py").write_text("secret")
    (tree.path / "pkg" / "link.py").symlink_to(tree.path.parent / "out.py")
    (tree.path / "linked").symlink_to(tree.path.parent)
    with pytest.raises(EditError, match="symbolic link"):
        encoding.read_bytes(tree, link)


def test_tree_below_a_link_is_read(tree: Tree, tmp_path: Path) -> None:
    """As on macOS, where /tmp is a link."""
    (tree.path / "x.py").write_text("x = 1\n")
    (tmp_path / "short").symlink_to(tree.path)
    assert encoding.read_bytes(Tree("", tmp_path / "short"), "x.py") == b"x = 1\n"
