"""Code objects to functions, as each version of Python names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmopt.data import Function, Tree
from llmopt.profilers.names import Resolver, clean

SOURCE = """\
import functools
top = [x for x in range(3)]
class C:
    field = lambda self: 1
    @functools.cache
    @staticmethod
    def method(items):
        big = [i for i in items if (lambda: i)()]
        def inner():
            return {
                i
                for i in big
            }
        return inner
    @property
    def p(self): ...
    @p.setter
    def p(self, value): ...
"""


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("<module>", 1, ("<module>", 1)),
        ("<listcomp>", 2, ("<module>", 1)),
        ("C", 3, ("<module>", 1)),
        ("C.<lambda>", 4, ("<module>", 1)),
        ("method", 5, ("C.method", 7)),  # 3.9 has no qualified names; decorated code begins at its first decorator
        ("C.method", 5, ("C.method", 7)),
        ("<listcomp>", 8, ("C.method", 7)),
        ("C.method.<locals>.<listcomp>.<lambda>", 8, ("C.method", 7)),
        ("inner", 9, ("C.method.inner", 9)),
        ("C.method.<locals>.inner.<locals>.<setcomp>", 10, ("C.method.inner", 9)),
        ("C.p", 15, ("C.p", 16)),
        ("C.p", 17, ("C.p", 18)),
    ],
)
def test_code_belongs_to_the_innermost_named_def(
    tmp_path: Path, name: str, line: int, expected: tuple[str, int]
) -> None:
    (tmp_path / "m.py").write_text(SOURCE)
    resolver = Resolver(Tree("c0ffee", tmp_path))
    assert resolver.function(str(tmp_path / "m.py"), name, line) == Function("m.py", *expected)


def test_other_code_keeps_its_path(tmp_path: Path) -> None:
    resolver = Resolver(Tree("c0ffee", tmp_path))
    assert resolver.function("/lib/re.py", "f.<locals>.g", 3) == Function("/lib/re.py", "f.g", 3)
    assert resolver.function("<string>", "<module>", 1) == Function("<string>", "<module>", 1)
    assert resolver.function("<frozen abc>", "f", 1).path == "<frozen abc>"


def test_tree_below_a_symlink_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "m.py").write_text("def f(): pass")
    resolver = Resolver(Tree("c0ffee", tmp_path / "link"))
    for folder in ("real", "link"):
        assert resolver.function(str(tmp_path / folder / "m.py"), "f", 1) == Function("m.py", "f", 1)


def test_source_in_another_encoding_or_unreadable_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\ndef f(): return 'é'\n".encode("latin-1"))
    (tmp_path / "broken.py").write_bytes(b"def f(:\n\xff")
    resolver = Resolver(Tree("c0ffee", tmp_path))
    assert resolver.function(str(tmp_path / "latin.py"), "f", 2) == Function("latin.py", "f", 2)
    assert resolver.function(str(tmp_path / "broken.py"), "<lambda>", 1) == Function("broken.py", "<module>", 1)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [("f", "f"), ("f.<locals>.g", "f.g"), ("f.<locals>.<listcomp>", "f"), ("<module>", "<module>"), ("C.m", "C.m")],
)
def test_qualified_names_are_written_without_locals(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned
