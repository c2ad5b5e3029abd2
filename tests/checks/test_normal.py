"""The normal form of a source: what only reads differently has the same, what acts differently has another."""

from __future__ import annotations

import pytest

from llmopt.checks import duplicate

BASE = '''
"""A module."""
import os

LIMIT: int = 3


class Shape:
    """A shape."""

    sides: int = 3

    def area(self, scale=1):
        total = 0
        for side in range(self.sides):
            total += side * scale
        return total


def pick(items, key=None):
    """Pick some."""
    try:
        best = [item for item in items if item]
    except TypeError as problem:
        raise ValueError(problem)
    with open(os.devnull) as handle:
        chosen = sorted(best, key=lambda pair: pair[0])

    def inner(x):
        nonlocal chosen
        chosen = x
        return chosen

    if not chosen:
        return None
    return inner(chosen)
'''


def same(one: str, other: str) -> bool:
    return duplicate.fingerprint({"a.py": one}) == duplicate.fingerprint({"a.py": other})


SAME = [
    ('"""A module."""\n', ""),
    ('    """A shape."""\n', '    """Another text."""\n'),
    ('    """Pick some."""\n', "    # Pick some.\n    'no docstring'\n    ...\n    pass\n"),
    ("LIMIT: int = 3", "LIMIT = 3"),
    ("def pick(items, key=None):", "def pick(items: list[int], key: object = None) -> object:"),
    ("        total = 0\n", "        total: int = 0\n"),
    ("        total = 0\n", "        total: int\n        total = 0\n"),
    ("total", "result"),
    (" side ", " edge "),
    ("[item for item in items if item]", "[x for x in items if x]"),
    ("lambda pair: pair[0]", "lambda p: p[0]"),
    ("problem", "error"),
    ("as handle", "as f"),
    ("chosen", "found"),
    ("inner(", "helper("),
    ("return None", "return"),
    ("sorted(best, key=", "sorted(\n            best,\n            key="),
    ("'", '"'),
]

OTHER = [
    ("import os", "import sys as os"),
    ("LIMIT: int = 3", "LIMIT: int = 4"),
    ("LIMIT", "LEAST"),
    ("sides: int = 3", "sides: float = 3"),
    ("sides: int = 3", "sides = 3"),
    ("scale=1", "scale=2"),
    ("scale", "factor"),
    ("items", "things"),
    ("nonlocal chosen\n        ", ""),
    ("range(self.sides)", "range(1, self.sides)"),
    ("item for item in items if item", "item for item in items if items"),
    ("lambda pair: pair[0]", "lambda pair: best[0]"),
    ("total += side * scale", "side += total * scale"),
    ("sorted(best", "sorted(items"),
    ("if not chosen", "if chosen"),
    ("open(", "iter("),
    ("area", "_area"),
    ("def pick", "async def pick"),
    ("def inner(x)", "def inner(y=0, *x)"),
    ("        return total\n", "        return total, total\n"),
    ("pair[0]", "pair['0']"),
    ("pair[0]", "pair[False]"),
    ("class Shape:", "class Shape(dict):"),
    ("    def area", "    @staticmethod\n    def area"),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_what_only_reads_differently_is_the_same(old: str, new: str) -> None:
    assert old in BASE or old == "'"
    assert same(BASE, BASE.replace(old, new))


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_what_acts_differently_is_not(old: str, new: str) -> None:
    assert old in BASE
    assert not same(BASE, BASE.replace(old, new))


@pytest.mark.parametrize("name", ["locals", "eval", "exec", "vars"])
def test_names_count_where_code_can_read_them(name: str) -> None:
    code = f"def f():\n    total = 1\n    return {name}('total')\n"
    assert not same(code, code.replace("    total", "    result"))


def test_globals_and_attributes_are_not_locals() -> None:
    code = "def f():\n    global total\n    total = 1\n"
    assert not same(code, code.replace("total", "other"))
    code = "def f():\n    class A:\n        size = 1\n    return A\n"
    assert not same(code, code.replace("size", "width"))
    code = "def f(g):\n    x = 1\n    return g(x=x)\n"
    assert same(code, code.replace("    x = 1", "    y = 1").replace("=x)", "=y)"))
    assert not same(code, code.replace("g(x", "g(y"))


def test_comprehensions_keep_their_names_to_themselves() -> None:
    code = "def f(y):\n    a = [x for x in y]\n    return x\n"
    assert not same(code, "def f(y):\n    a = [z for z in y]\n    return z\n")


def test_names_that_change_places_are_another_program() -> None:
    code = "def f(p):\n    a = p[0]\n    b = p[1]\n    return a - b\n"
    assert same(code, "def f(p):\n    b = p[0]\n    a = p[1]\n    return b - a\n")
    assert not same(code, "def f(p):\n    b = p[0]\n    a = p[1]\n    return a - b\n")


def test_annotations_count_where_a_decorator_may_read_them() -> None:
    code = "@show.register\ndef _(x: int):\n    return x\n"
    assert not same(code, code.replace("int", "str"))
    code = "class A:\n    @property\n    def f(self) -> int:\n        return 1\n"
    assert same(code, code.replace("int", "str"))


def test_statements_of_one_line_keep_apart() -> None:
    assert not same("a = 1; b = 2\n", "a = 1; b = 3\n")
    assert not same("a = 1; b = 2\n", "a = 1; a = 1\n")
    assert not same("def f(): x = 1; return x\n", "def f(): x = 1; return 1\n")


def test_definitions_of_a_match_are_numbered() -> None:
    code = "def f(p):\n    match p:\n        case [a, *b]:\n            return a, b\n        case {'x': c, **d} as e:\n"
    code += "            return c, d, e\n"
    other = code.replace("[a, *b]", "[x, *y]").replace("return a, b", "return x, y")
    assert same(code, other.replace("'x': c", "'x': z").replace("return c", "return z"))
    assert not same(code, code.replace("return a, b", "return b, a"))
