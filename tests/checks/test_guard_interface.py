"""What users of the code would miss: for each kind of loss a table of what is turned down, and one of what is not."""

from __future__ import annotations

import textwrap

import pytest

from llmopt.checks import guard

BASE = """
import os
from typing import TypeVar
from functools import lru_cache, cached_property
from contextlib import contextmanager
from .shapes import Shape

__all__ = ["Graph", "walk", "_kept", "Shape"]
__author__ = "nobody"
LIMIT = 10
T = TypeVar("T")

class Node:
    def visit(self):
        return 1

class Graph(Node, Shape):
    kind = "plain"
    _hidden = 1

    def __init__(self, nodes=(), *, directed=False):
        self.nodes = list(nodes)
        self._index = {}

    def __len__(self):
        return len(self.nodes)

    def __iter__(self):
        yield from self.nodes

    @property
    def size(self):
        return len(self.nodes)

    @size.setter
    def size(self, value):
        self.nodes[value:] = []

    @staticmethod
    def make(n):
        return Graph(range(n))

    def neighbors(self, node, depth=1, *rest, strict=False, **options):
        return [n for n in self.nodes if n != node]

    def _private(self, node):
        return node

def walk(graph, start=None):
    for node in graph.nodes:
        yield node

def count(graph):
    return len([n for n in graph.nodes])

@contextmanager
def opened(path):
    yield path

async def load(path):
    return path

def _kept(x):
    return x

def _helper(x):
    return [y for y in x]
"""


def text(code: str) -> str:
    return textwrap.dedent(code).lstrip("\n")


def edited(*replacements: str) -> str:
    """The base with each odd text replaced by the one after it."""
    code = BASE
    for old, new in zip(replacements[::2], replacements[1::2], strict=True):
        assert old in code, old
        code = code.replace(old, new)
    return code


def objections(new: str, old: str = BASE) -> list[guard.Objection]:
    return guard.objections({"pkg/a.py": text(old)}, {"pkg/a.py": text(new)})


COUNT = "def count(graph):\n    return len([n for n in graph.nodes])\n"
SETTER = "    @size.setter\n    def size(self, value):\n        self.nodes[value:] = []\n"

TURNED_DOWN = [
    ("names", "`count` is gone", edited(COUNT, "")),
    ("names", "`count` is gone", edited("def count", "def _count")),
    ("names", "`LIMIT` is gone", edited("LIMIT = 10\n", "")),
    ("names", "`_kept` is gone", edited("def _kept(x):\n    return x\n", "")),
    ("names", "`Shape` is gone", edited("from .shapes import Shape\n", "", "Graph(Node, Shape)", "Graph(Node)")),
    ("names", "`__all__` no longer names walk", edited('"walk", ', "")),
    ("names", "`Node.visit` is gone", edited("    def visit(self):\n        return 1", "    pass")),
    ("names", "`Graph` is gone", edited("class Graph(", "class _Graph(")),
    ("signature", "`count` takes `fast` now", edited("def count(graph)", "def count(graph, fast=True)")),
    ("signature", "`count` takes `_cache` now", edited("def count(graph)", "def count(graph, *, _cache={})")),
    ("signature", "`count` no longer takes `graph`", edited(COUNT, "def count(g):\n    return len(g.nodes)\n")),
    ("signature", "`walk` needs `start`", edited("start=None", "start")),
    ("signature", "`walk` no longer needs `graph`", edited("walk(graph, ", "walk(graph=None, ")),
    ("signature", "another default for `depth`: 2 instead of 1", edited("depth=1", "depth=2")),
    ("signature", "takes `strict` in another way", edited("*rest, strict=False", "strict=False, *rest")),
    ("signature", "takes `node` in another way", edited("self, node, depth=1, *rest", "self, node, /, depth=1, *rest")),
    ("signature", "no longer takes any keyword arguments", edited(", **options", "")),
    ("signature", "no longer takes any positional arguments", edited("*rest, strict", "*, strict")),
    ("signature", "`Graph.__init__` no longer takes `directed`", edited(", *, directed=False", "")),
    ("signature", "`walk` no longer gives a generator", edited("yield node", "return iter(graph.nodes)")),
    ("signature", "`count` gives a generator now", edited("return len([n", "yield len([n")),
    ("signature", "`load` no longer gives a coroutine", edited("async def load", "def load")),
    ("signature", "`count` gives a coroutine now", edited("def count", "async def count")),
    ("signature", "is no longer a property", edited("    @property\n", "")),
    ("signature", "is no longer a setter", edited(SETTER, "")),
    ("signature", "no longer a staticmethod", edited("    @staticmethod\n    def make(n)", "    def make(self, n)")),
    ("signature", "became a classmethod", edited("    def visit(self)", "    @classmethod\n    def visit(cls)")),
    ("signature", "is no longer a contextmanager", edited("@contextmanager\n", "")),
    ("signature", "`count` is a class now", edited(COUNT, "class count:\n    def __new__(cls, graph):\n        ...\n")),
    ("signature", "`count` takes `x` now", BASE + "\ndef count(graph, x=1):\n    return 1\n"),
    ("attributes", "no longer have `nodes`", edited("self.nodes", "self._nodes", "graph.nodes", "graph._nodes")),
    ("classes", "no longer derives from Shape", edited("Graph(Node, Shape)", "Graph(Node)")),
    ("shadowing", "`len` is no longer Python's own", BASE + "\ndef len(x):\n    return x.size\n"),
    ("shadowing", "`sorted` is no longer Python's own", edited("import os\n", "import os\nfrom fast import sorted\n")),
]  # fmt: skip

LEFT_ALONE = {
    "other body": edited("len([n for n in graph.nodes])", "len(graph.nodes)"),
    "other annotations": edited("def count(graph):", "def count(graph: 'Graph') -> int:"),
    "name of self": edited("def visit(self)", "def visit(this)"),
    "private function gone": edited("def _helper(x):\n    return [y for y in x]\n", ""),
    "private function other": edited("def _helper(x)", "def _helper(x, fast=True, *, y)"),
    "private function lazy": edited("return [y for y in x]", "yield from x"),
    "private method gone": edited("    def _private(self, node):\n        return node\n", ""),
    "private attribute gone": edited("        self._index = {}\n", ""),
    "import gone": edited("import os\n", ""),
    "type variable gone": edited('T = TypeVar("T")\n', "", "from typing import TypeVar\n", ""),
    "author gone": edited('__author__ = "nobody"\n', ""),
    "new helper": BASE + "\ndef quick(x):\n    return x\n",
    "cached": edited("def count(graph):", "@lru_cache(maxsize=None)\ndef count(graph):"),
    "unknown decorator": edited("def count(graph):", "@numba.njit\ndef count(graph):"),
    "iterator": edited("        yield from self.nodes", "        return iter(self.nodes)"),
    "method inherited": edited("    def visit(self):\n        return 1", "    def visit(self):\n        return 2"),
    "slots": edited('    kind = "plain"\n', '    kind = "plain"\n    __slots__ = ("nodes", "_index")\n'),
    "moved behind an import": edited(COUNT, "from ._fast import count\n"),
    "kept under a name": edited(COUNT, "def _count(graph):\n    return len(graph.nodes)\n\ncount = _count\n"),
    "defined in both branches": edited(
        COUNT, "if os.sep:\n    def count(graph):\n        return 1\nelse:\n    def count(graph):\n        return 2\n"
    ),
    "lazy module": edited("LIMIT = 10\n", "def __getattr__(name):\n    return 10\n"),
    "more in __all__": edited('["Graph"', '["count", "Graph"'),
    "base added": edited("class Node:", "class Node(dict):"),
    "nested generator": edited(
        "return len([n for n in graph.nodes])", "def inner():\n        yield 1\n    return len(graph.nodes)"
    ),
    "local of a built-in's name": edited(
        "return len([n for n in graph.nodes])", "id = len(graph.nodes)\n    return id"
    ),
    "setter added": edited(
        "    @staticmethod\n", "    @size.deleter\n    def size(self):\n        del self.nodes\n\n    @staticmethod\n"
    ),
    "layout of defaults": edited("nodes=()", "nodes=( )"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "words", "new"), TURNED_DOWN, ids=[words for _, words, _ in TURNED_DOWN])
def test_what_users_would_miss_is_turned_down(rule: str, words: str, new: str) -> None:
    found = [each for each in objections(new) if words in each.what]
    assert [each.rule for each in found] == [rule]


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_users_do_not_see_is_left_alone(name: str) -> None:
    assert objections(LEFT_ALONE[name]) == []


def test_method_that_a_base_class_has_may_go() -> None:
    old = BASE.replace(
        '    kind = "plain"\n', '    kind = "plain"\n    def visit(self):\n        return super().visit()\n'
    )
    assert objections(BASE, old) == []
    assert objections(BASE.replace("Graph(Node, Shape)", "Graph(Shape, Node)"), old) == []  # Shape is not seen here
    alone = old.replace("Graph(Node, Shape)", "Graph")
    assert [each.what for each in objections(BASE.replace("Graph(Node, Shape)", "Graph"), alone)] == [
        "`Graph.visit` is gone"
    ]


def test_property_may_be_computed_once() -> None:
    old = "class A:\n    @property\n    def size(self):\n        return 1\n"
    assert objections(old.replace("@property", "@cached_property"), old) == []


def test_parameters_keep_their_order() -> None:
    old, new = "def f(a=1, b=1):\n    return a\n", "def f(b=1, a=1):\n    return a\n"
    assert [each.what for each in objections(new, old)] == ["`f` takes its parameters in another order"]


def test_field_may_become_an_attribute_of_instances() -> None:
    old = "class A(Base):\n    name: str\n    size: int\n"
    new = "class A(Base):\n    def __init__(self, name):\n        self.name = name\n        self.size = 1\n"
    assert objections(new, old) == []
    old, new = old.replace("(Base)", ""), new.replace("(Base)", "")
    assert [each.what for each in objections(new.replace("self.size = 1", "pass"), old)] == ["`A.size` is gone"]


def test_private_default_is_nobodys_to_give() -> None:
    old = "def f(a=_MISSING):\n    return a\n"
    assert objections(old.replace("_MISSING", "_NOTHING"), old) == []
    assert [each.rule for each in objections(old.replace("_MISSING", "None"), old)] == ["signature"]


def test_variables_of_module_level_loops_are_no_names() -> None:
    old = "for name in range(3):\n    f(name)\na, b = 'a', 'b'\nA, LIMIT = 1, 2\n"
    assert [each.what for each in objections("f(3)\n", old)] == ["`A` is gone", "`LIMIT` is gone"]


def test_definition_that_moved_is_compared_where_it_went() -> None:
    old = {"pkg/a.py": "def f(x):\n    return x\n", "pkg/b.py": "y = 1\n"}
    new = {"pkg/a.py": "from pkg.b import f\n", "pkg/b.py": "y = 1\ndef f(x):\n    return x\n"}
    assert guard.objections(old, new) == []
    new["pkg/b.py"] = "y = 1\ndef f(x, z=1):\n    return x\n"
    assert [each.what for each in guard.objections(old, new)] == ["`f` takes `z` now"]


def test_overloads_and_accessors_are_told_apart() -> None:
    old = "@overload\ndef f(x): ...\n@overload\ndef f(x, y): ...\ndef f(x, y=None):\n    return x\n"
    assert objections(old.replace("return x", "return x + 0"), old) == []
    assert [each.rule for each in objections(old.replace("y=None", "y=1"), old)] == ["signature"]


def test_file_that_is_gone_is_named() -> None:
    (objection,) = guard.objections({"pkg/a.py": BASE}, {})
    assert str(objection) == "pkg/a.py: the file is gone: callers that llmopt does not see rely on it"


def test_new_file_has_nothing_to_keep() -> None:
    assert guard.objections({}, {"pkg/new.py": text(BASE)}) == []


def test_line_is_that_of_the_new_source() -> None:
    new = edited("def count(graph)", "def count(graph, fast=True)")
    (objection,) = objections(new)
    assert text(new).splitlines()[objection.line - 1].startswith("def count")
