"""Which functions an edit changes, and at whose calls it is looked at."""

from __future__ import annotations

from textwrap import dedent

import pytest

from llmopt.checks import edited

BASE = """
    import re
    LIMIT = 3
    PATTERN = re.compile("a")

    def public(x): return _helper(x) + _other(x)
    def _helper(x): return x
    def _other(x): return x > LIMIT
    def alone(x):
        def inner(y): return y
        return inner(x)

    class C:
        size = 1
        def __init__(self): self.items = []
        def method(self): return self._part()
        def _part(self): return self.size
        @property
        def value(self): return 1
        @value.setter
        def value(self, v): self.items = v
"""


def of(old: str, new: str) -> edited.Edit:
    base = dedent(BASE)
    assert dedent(old) in base
    return edited.of({"a.py": base}, {"a.py": base.replace(dedent(old), dedent(new), 1)})


CASES = [
    ("def _helper(x): return x", "def _helper(x): return +x", {"_helper", "public"}),
    ("return _helper(x) + _other(x)", "return _other(x) + _helper(x)", {"public"}),
    ("def inner(y): return y", "def inner(y): return +y", {"alone"}),
    ("LIMIT = 3", "LIMIT = 4", {"_other", "public"}),
    ("size = 1", "size = 2", {"C._part", "C.method"}),
    ("self.items = v", "self.items = list(v)", {"C.value"}),
    ("class C:", "class C(dict):", {"C.__init__", "C.method", "C.value"}),
    ('re.compile("a")', 're.compile("b")', set()),
    ("import re", "import sre_compile as re", set()),
    ("# nothing", "", set()),
]


@pytest.mark.parametrize(("old", "new", "names"), CASES[:-1])
def test_changed_functions_and_callers_of_private_ones_are_compared(old: str, new: str, names: set[str]) -> None:
    assert {unit.name for unit in of(old, new).units.values()} == names


FACTORY = """
    def made(xs):
        def inner(x): return x in xs
        return inner
    def decorator(f):
        def wrapped(*args): return f(*args)
        return functools.wraps(f)(wrapped)
    def by_key(x): return lambda y: y[x]
    def holds(xs):
        check = made(xs)
        def outer(x): return check(x)
        return outer
    def uses(xs): return made(xs)(1)
    def called(xs):
        def inner(x): return x
        return inner(xs)
    def sorts(xs): return sorted(xs, key=lambda x: -x)
"""


@pytest.mark.parametrize(
    ("old", "new", "names", "made"),
    [
        ("x in xs", "x in set(xs)", {"uses"}, {"made"}),  # what `holds` gives back holds another function as well
        ("return f(*args)", "return f(*list(args))", {"decorator"}, set()),  # nobody uses it here: it must be the same
        ("y[x]", "y.__getitem__(x)", {"by_key"}, set()),
        ("check = made(xs)", "check = made(list(xs))", {"holds"}, set()),
        ("return inner(xs)", "return inner(list(xs))", {"called"}, set()),
        ("-x", "0 - x", {"sorts"}, set()),
    ],
)
def test_what_gives_back_an_edited_function_is_compared_through_its_callers(
    old: str, new: str, names: set[str], made: set[str]
) -> None:
    found = edited.of({"a.py": dedent(FACTORY)}, {"a.py": dedent(FACTORY).replace(old, new, 1)})
    assert {unit.name for unit in found.units.values()} == names
    assert {key.partition("::")[2] for key in found.left_out} == made


def test_a_decorator_is_compared_through_what_it_decorates_in_other_files() -> None:
    new = dedent(FACTORY).replace("return f(*args)", "return f(*list(args))")
    text = "@a.decorator\ndef one(x): return x\nclass C:\n    @decorator\n    def two(self): pass\ndef f(): decorator\n"
    found = edited.of({"a.py": dedent(FACTORY)}, {"a.py": new}, lambda word: [("b.py", text)] if word in text else [])
    assert set(found.units) == {"b.py::one", "b.py::C.two"}
    assert found.through == {"a.py::decorator": ("b.py::one", "b.py::C.two")}
    assert set(found.left_out) == {"a.py::decorator"}


def test_a_helper_of_decorators_is_compared_through_what_they_decorate_in_other_files() -> None:
    new = dedent(FACTORY).replace("x in xs", "x in set(xs)").replace("def uses(xs): return made(xs)(1)", "")
    base = dedent(FACTORY).replace("def uses(xs): return made(xs)(1)", "")
    text = "@holds\ndef one(x): return x\n"
    found = edited.of({"a.py": base}, {"a.py": new}, lambda word: [("b.py", text)] if word in text else [])
    assert set(found.units) == {"b.py::one"}
    assert found.through == {"a.py::made": ("b.py::one",)}


def test_layout_changes_nothing() -> None:
    base = dedent(BASE)
    assert edited.of({"a.py": base}, {"a.py": base.replace("\n", "  # comment\n")}).units == {}


def test_a_private_function_that_is_gone_is_compared_through_its_caller() -> None:
    base = dedent(BASE)
    new = base.replace("def _helper(x): return x\n", "").replace("_helper(x) +", "x +")
    edit = edited.of({"a.py": base}, {"a.py": new})
    assert {unit.name for unit in edit.units.values()} == {"public"}
    assert edit.left_out == {"a.py::_helper": "is gone"}


def test_a_private_function_with_another_signature_is_compared_through_its_callers() -> None:
    base = dedent(BASE)
    new = base.replace("def _helper(x): return x", "def _helper(x, y): return x").replace(
        "_helper(x) +", "_helper(x, 1) +"
    )
    edit = edited.of({"a.py": base}, {"a.py": new})
    assert {unit.name for unit in edit.units.values()} == {"public"}
    assert edit.left_out == {"a.py::_helper": "has another signature"}


def test_a_class_whose_instances_hold_other_attributes_is_named() -> None:
    edit = of("def __init__(self): self.items = []", "def __init__(self): self.items = []; self.index = {}")
    assert edit.classes == {"C": frozenset()}
    assert not of("def __init__(self): self.items = []", "def __init__(self): self.items = list()").classes


def test_a_class_that_keeps_something_private_in_another_container_is_named() -> None:
    made = "def __init__(self): self.items = []"
    kept = f"{made}; self._seen = []"
    base = dedent(BASE.replace(made, kept))
    kept_otherwise = {"C": {"_seen"}}
    for other, classes in (("set()", kept_otherwise), ("{}", kept_otherwise), ("list()", {}), ("[1]", {})):
        edit = edited.of({"a.py": base}, {"a.py": base.replace("self._seen = []", f"self._seen = {other}")})
        assert edit.classes == classes


STATE = [
    ("LIMIT = 3", "LIMIT = 3\n    CACHE = {}", ("CACHE",)),
    ("LIMIT = 3", "LIMIT = 3\n    LAST = None", ("LAST",)),
    ("size = 1", "size = 1\n        seen = set()", ("C.seen",)),
    ("LIMIT = 3", "LIMIT = 3\n    NAMES = frozenset('ab')", ()),
    ("LIMIT = 3", "LIMIT = 3\n    OTHER = re.compile('b')", ()),
    ("LIMIT = 3", "LIMIT = 3\n    PAIR = (1, 2)", ()),
]


@pytest.mark.parametrize(("old", "new", "state"), STATE)
def test_added_variables_that_can_change_are_named(old: str, new: str, state: tuple[str, ...]) -> None:
    base = dedent(BASE)
    new_text = dedent(BASE.replace(old, new, 1))
    assert edited.of({"a.py": base}, {"a.py": new_text}).state == state


def test_added_caches_are_named() -> None:
    base = dedent(BASE)
    new = base.replace("def _helper", "@functools.lru_cache(maxsize=None)\ndef _helper")
    assert edited.of({"a.py": base}, {"a.py": new}).caches == ("_helper",)


def test_new_and_removed_files_are_read_too() -> None:
    edit = edited.of({"a.py": "def f(): return 1\n"}, {"b.py": "def f(): return 1\n"})
    assert edit.units == {}
    assert edit.left_out == {"a.py::f": "is gone"}
