"""Attributes that an edit makes when they are first read: what is the same then, and what shows that it is not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from test_calls import case

from llmopt.checks import demand

SHELF = """
    class View:
        def __init__(self, items):
            self._index = {item: at for at, item in enumerate(items)}

        def at(self, item):
            return self._index[item]


    class Shelf:
        def __init__(self):
            self.items = []

        def add(self, item):
            self.items.append(item)
            self.latest = item

        def view(self):
            return View(self.items)
"""
DRIVE = """
    from a import Shelf
    def workload():
        shelf = Shelf()
        for n in range(9):
            shelf.add(n)
            print(shelf.view().at(n))
"""
ON_DEMAND = """
    class Index:
        def __get__(self, view, owner=None):
            if view is None:
                return self
            view._index = view.__dict__["_source"].index()
            return view._index


    class Source:
        def __init__(self, items):
            self.items = items
            self.made = None

        def index(self):
            if self.made is None:
                self.made = {item: at for at, item in enumerate(self.items)}
            return self.made

""" + SHELF.replace("class View:", "class View:\n        _index = Index()\n").replace(
    "        def at(",
    """        @classmethod
        def of(cls, items):
            view = cls.__new__(cls)
            view._source = Source(items)
            return view

        def at(""",
).replace("return View(self.items)", "return View.of(list(self.items))")
ITSELF = ON_DEMAND.replace("list(self.items)", "self.items")
OWN = ON_DEMAND.replace("if self.made is None", "if True")
WRONG = ON_DEMAND.replace("at for at", "at + 1 for at")
MISSING = ON_DEMAND.replace("_index = Index()\n", "other = Index()\n", 1)


def names(before: str, after: str) -> frozenset[str]:
    return demand.attributes({"a.py": textwrap.dedent(before)}, {"a.py": textwrap.dedent(after)})


def test_what_a_class_provides_now_and_code_assigned_is_made_on_demand() -> None:
    assert names(SHELF, ON_DEMAND) == {"_index"}
    assert names(SHELF, SHELF.replace("def at(", "def __getattr__(")) == {"_index"}
    assert names(SHELF, SHELF.replace("def at(", "@property\n        def _index(")) == {"_index"}


def test_what_was_there_before_or_nobody_assigned_is_not() -> None:
    assert not names(SHELF, SHELF)
    assert not names(ON_DEMAND, ON_DEMAND)
    assert not names(SHELF, SHELF.replace("def at(", "def _at("))
    assert not names(SHELF, SHELF.replace("class Shelf:", "class Shelf:\n        latest = None"))


@pytest.mark.slow
def test_an_attribute_made_on_demand_is_the_one_that_was_made_at_once(tmp_path: Path) -> None:
    finding = case(tmp_path, {"a.py": SHELF, "drive.py": DRIVE}, {"a.py": ON_DEMAND}).finding()
    assert finding.passed, finding.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (WRONG, "Shelf.view differs from the base in result._index"),
        (MISSING, "Shelf.view differs from the base in result._index"),
        (ITSELF, "a result looked at after what the arguments show was changed: result._index"),
        (OWN, "a result and its copy: result[1]._index (identity)"),
    ],
    ids=["other", "missing", "of_what_changes", "of_each_copy_alone"],
)
def test_one_that_is_another_or_may_become_one_is_a_difference(tmp_path: Path, edit: str, says: str) -> None:
    finding = case(tmp_path, {"a.py": SHELF, "drive.py": DRIVE}, {"a.py": edit}).finding()
    assert not finding.passed
    assert says in finding.reason


BACK = """
    class Part:
        def __init__(self, whole, number):
            self.whole = whole
            self.number = number


    class Parts:
        def __init__(self, parts): self._parts = list(parts)


    class Whole:
        def __init__(self):
            self.names = tuple("name %d" % number for number in range(40))
            self.parts = [Part(self, number) for number in range(30)]

        def chosen(self, least):
            return Parts(part for part in self.parts if part.number >= least)
"""
DRIVE_BACK = """
    from a import Whole
    def workload():
        whole = Whole()
        for least in range(9):
            print(len(whole.chosen(least)._parts))
"""


def test_what_only_the_new_version_names_is_brought() -> None:
    assert demand.brought({"a.py": "x = _old"}, {"a.py": "def f(self):\n    self._new = self._old = 1\n"}) == {"_new"}


@pytest.mark.slow
def test_a_new_private_attribute_does_not_show_in_what_leads_back_to_its_object(tmp_path: Path) -> None:
    """Of a long private attribute the end is told by a digest, and what is new in there was taken for a difference."""
    kept = BACK.replace("return Parts(", "self._last = least\n            return Parts(")
    finding = case(tmp_path, {"a.py": BACK, "drive.py": DRIVE_BACK}, {"a.py": kept}).finding()
    assert finding.passed, finding.reason
