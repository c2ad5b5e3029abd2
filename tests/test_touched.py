"""What a change touches: tables of two texts of a module and the functions that count as changed."""

from __future__ import annotations

import textwrap

import pytest

from llmopt.touched import Changed, between, keys

MODULE = '''
"""Rates."""
import functools
import json

LIMIT = 3
TABLE = {}


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def first(rows):
    def inner(row):
        return row[0]

    return [inner(row) for row in rows]


def second(rows):
    return rows[:LIMIT]


class Book(dict):
    """Rates by name."""

    digits = 2

    def get_all(self):
        return list(self)

    @property
    def size(self):
        return len(self)

    @size.setter
    def size(self, value):
        raise TypeError


if __name__ == "__main__":
    print(second([]))
'''


def touched(old: str, new: str) -> set[str]:
    assert old in MODULE
    return {*between(MODULE, MODULE.replace(old, new)).functions}


@pytest.mark.parametrize(
    ("old", "new", "functions"),
    [
        ("return rows[:LIMIT]", "return rows[: LIMIT]  # the first ones", set()),  # layout and comments
        ("import json\n", "import json\n\n\n", set()),
        ('"""Rates."""', '"""The rates."""', set()),
        ('"""Rates by name."""', '"""Rates."""', set()),
        ("print(second([]))", "print(first([]))", set()),  # nobody who imports the module runs it
        ("return rows[:LIMIT]", "return rows[:4]", {"second"}),
        ("return row[0]", "return row[1]", {"first", "first.inner"}),  # nested: both
        ("def second", "@logged\ndef second", {"second"}),  # a decorator
        ("    return wrapper", "    return function", {"logged"}),
        ("LIMIT = 3", "LIMIT = 4", {"second"}),  # a constant: who uses it
        ("LIMIT = 3\n", "", {"second"}),
        ("import functools", "import myfunctools as functools", {"logged", "logged.wrapper"}),
        ("return list(self)", "return [*self]", {"Book.get_all"}),
        ("raise TypeError", "pass", {"Book.size"}),  # one of two of that name
        ("digits = 2", "digits = 3", {"Book.get_all", "Book.size"}),  # the class's own
        ("Book(dict)", "Book(list)", {"Book.get_all", "Book.size"}),
        ("def second(rows):", "def third(rows):", {"third"}),  # another name: new
    ],
)
def test_what_differs_in_meaning_is_touched(old: str, new: str, functions: set[str]) -> None:
    assert touched(old, new) == functions


def test_a_statement_that_binds_nothing_may_change_everything() -> None:
    assert touched("TABLE = {}", "TABLE = {}\njson.encoder.FLOAT_REPR()") == {*between("", MODULE).functions}


def test_a_store_into_a_table_touches_who_uses_the_table() -> None:
    old = "TABLE = {}\n\n\ndef look(name):\n    return TABLE[name]\n\n\ndef other():\n    pass\n"
    assert between(old, old.replace("{}\n", "{}\nTABLE['x'] = 1\n", 1)).functions == {"look"}


def test_a_new_file_is_touched_as_a_whole_and_a_deleted_one_not_at_all() -> None:
    assert "Book.get_all" in between("", MODULE).functions
    assert between(MODULE, "").functions == frozenset()


def test_what_does_not_parse_touches_nothing_and_what_did_not_before_all() -> None:
    assert between(MODULE, "def broken(:").functions == frozenset()
    assert between("def broken(:", "def f():\n    pass\n").functions == {"f"}


def test_a_constant_touches_the_functions_of_other_files_that_use_it() -> None:
    others = {
        "app/direct.py": "from app.rates import LIMIT as most\n\ndef a():\n    return most\n\ndef b():\n    return 1\n",
        "app/module.py": "from . import rates\n\ndef c():\n    return rates.LIMIT\n\ndef d():\n    return rates.X\n",
        "app/whole.py": "import app.rates\n\ndef e():\n    return app.rates.LIMIT\n",
        "app/star.py": "from app.rates import *\n\ndef f():\n    return LIMIT\n",
        "app/other.py": "from app.limits import LIMIT\n\ndef g(rates):\n    return LIMIT\n",
    }
    change = Changed("app/rates.py", MODULE, MODULE.replace("LIMIT = 3", "LIMIT = 4"))
    assert keys([change], {path: textwrap.dedent(text) for path, text in others.items()}) == {
        "app/rates.py::second",
        "app/direct.py::a",
        "app/module.py::c",
        "app/whole.py::e",
        "app/star.py::f",
    }


def test_a_constant_of_a_package_is_known_by_the_package_s_name() -> None:
    users = {"app/use.py": "from app import LIMIT\n\ndef a():\n    return LIMIT\n"}
    assert keys([Changed("app/__init__.py", "LIMIT = 1\n", "LIMIT = 2\n")], users) == {"app/use.py::a"}
