"""Places in which an edit keeps something from one call to the next."""

from __future__ import annotations

import textwrap

import pytest

from llmopt.checks import states
from llmopt.checks.states import Added

BASE = """
    n = 0
    def f(a, b=1): return a
    class C:
        def __init__(self, a): self.a = a
        def g(self): return self.a
"""
EDITS = {
    "global": ("return a\n", "global n; n += 1; return a\n", Added(("n",))),
    "attribute of a function": ("return a\n", "f.last = a; return a\n", Added(("f.last",))),
    "attribute from outside": ("class C:", "f.known = {}\n    class C:", Added(("f.known",))),
    "attribute of a class": ("return self.a", "C.last = self; return self.a", Added(("C.last",))),
    "attribute of cls": ("def g(self): return self.a", "def g(cls): cls.k = 1", Added(("cls.k",))),
    "default": ("b=1", "b=1, c={}", Added(("f(c=…)",))),
    "default by name": ("b=1", "b=1, *, c=dict()", Added(("f(c=…)",))),
    "default that cannot change": ("b=1", "b=1, c=()", Added()),
    "closure": ("return a\n", "\n        k = 0\n        def h():\n            nonlocal k\n", Added(("f.h: k",))),
    "instance": ("return self.a", "self._b = 1; return self.a", Added((), ("C._b",))),
    "constructor": ("self.a = a", "self.a = a; self.b = {}", Added()),
    "local": ("return a\n", "k = {}; return a\n", Added()),
    "an argument's": ("return a\n", "a.k = 1; return a\n", Added()),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_an_edit_keeps_is_found(name: str) -> None:
    old, new, expected = EDITS[name]
    assert old in BASE
    texts = [textwrap.dedent(text) for text in (BASE, BASE.replace(old, new))]
    assert states.added({"a.py": texts[0]}, {"a.py": texts[1]}) == expected
    assert states.added({"a.py": texts[1]}, {"a.py": texts[1]}) == Added()
