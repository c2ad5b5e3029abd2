"""Which functions of a file an edit changes."""

from __future__ import annotations

import pytest

from llmopt import syntax

OLD = '''
import re

LIMIT = 10


def one(x):
    return x + LIMIT


class Box:
    """A box."""

    size = 1

    def grow(self):
        def inner():
            return 1

        return inner()
'''


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("x + LIMIT", "LIMIT + x", {"one"}),
        ("    return x + LIMIT", "    # a comment\n    return x + LIMIT", set()),
        ("return 1", "return 2", {"Box.grow", "Box.grow.inner"}),
        ("def one(x):", "@cache\ndef one(x):", {"one"}),
        ("def one(x):", "def two(x):\n    return x\n\n\ndef one(x):", set()),
        ("import re\n", "import re\nfrom functools import cache\nTABLE = {}\n", set()),
        ('"""A box."""', '"""A large box."""', set()),
        ("def grow(self):", "def shrink(self):", None),
        ("LIMIT = 10", "LIMIT = 11", None),
        ("import re\n", "", None),
        ("size = 1", "__slots__ = ()", None),
        ("class Box:", "class Box(dict):", None),
        ("        def inner", "        def more(self):\n            pass\n\n        def inner", {"Box.grow"}),
        ("    def grow", "    def __len__(self):\n        return 1\n\n    def grow", None),
        ("def one(x):", "def one(x:", None),
    ],
)
def test_changed_functions_are_named_unless_more_than_functions_changed(
    before: str, after: str, names: set[str] | None
) -> None:
    assert OLD.count(before) == 1
    assert syntax.changed(OLD, OLD.replace(before, after)) == names


def test_a_dropped_function_is_changed() -> None:
    assert syntax.changed("def f():\n    pass\n\n\ndef g():\n    pass\n", "def g():\n    pass\n") == {"f"}


def test_a_new_file_changes_nothing_that_was_there() -> None:
    assert syntax.changed("", "def f():\n    pass\n") == set()
