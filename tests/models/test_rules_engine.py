"""Finding the function, applying edits, and what the rules make of loops that nobody thought of."""

import ast
import sysconfig
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmopt.data import Observed
from llmopt.models.rules import RULES, functions, rewrite, together
from llmopt.models.rules.kinds import Kind, element, is_hashable, join, parse_kind

LOOP = "out = []\n{0}for i in x:\n{0}    out.append(i)\n{0}return out\n"


def function(header: str, indent: str = "    ") -> str:
    return f"{header}\n{indent}" + LOOP.format(indent)


def names_of(source: str, name: str) -> list[str]:
    return [made.rule for made in rewrite(source, name, ())]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (function("class A:\n  def f(self, x):"), "A.f"),
        (function("def g():\n  def f(x):"), "g.f"),
        (function("def g():\n  def f(x):"), "g.<locals>.f"),
        (function("if True:\n  def f(x):"), "f"),
        (function("try:\n  pass\nfinally:\n  class A:\n    def f(x):", "      "), "A.f"),
    ],
)
def test_functions_are_found_by_their_qualified_name(source, name):
    assert names_of(source, name) == ["list-comprehension"]
    assert names_of(source, "f" if name != "f" else "g") == []


def test_nothing_outside_of_the_named_function_changes():
    source = function("def g(x):") + function("def f(x):") + function("def h(x):")
    (made,) = rewrite(source, "f", ())
    assert made.source.startswith(function("def g(x):"))
    assert made.source.endswith(function("def h(x):"))
    assert made.sites == 1


def test_code_inside_a_nested_function_is_not_that_of_the_outer_one():
    assert names_of("def g():\n" + textwrap.indent(function("def f(x):"), "    "), "g") == []


def test_the_level_of_the_module_has_rewrites_of_expressions_only():
    source = "x = list(sorted([2, 1]))\nout = []\nfor i in x:\n    out.append(i)\n"
    assert names_of(source, "<module>") == ["sorted-list"]


@pytest.mark.parametrize("source", ["def f(:\n", "print 'x'\n", "", "x = 1\n", "def f(x):\n\treturn (\n"])
def test_text_without_the_function_or_without_sense_has_no_rewrites(source):
    assert rewrite(source, "f", ()) == []
    assert functions(source) == []


def test_arguments_of_a_name_that_is_defined_twice_are_not_trusted():
    once = "def f(x):\n    return x in (1, 2, 3)\n"
    observed = [Observed("x", ("int",), (9,))]
    assert [made.rule for made in rewrite(once, "f", observed)] == ["constant-set"]
    assert rewrite(once + once, "f", observed) == []


def test_new_names_are_new_in_the_whole_file():
    source = "import re\n_F_PATTERN = 1\ndef f(x):\n    return re.match('a', x)\n"
    (made,) = rewrite(source, "f", ())
    assert "_F_PATTERN_2 = re.compile('a')" in made.source


def test_definitions_come_after_docstring_and_future_imports():
    source = '"""Doc."""\nfrom __future__ import annotations\n\ndef f(x):\n    return sorted(x, key=lambda a: a[0])\n'
    (made,) = rewrite(source, "f", ())
    assert made.source.startswith('"""Doc."""\nfrom __future__ import annotations\nfrom operator import itemgetter\n')


def test_nested_sites_are_rewritten_from_outside_in():
    source = "def f(x):\n    return list(sorted(list(sorted(x))))\n"
    (made,) = rewrite(source, "f", (), ["sorted-list"])
    assert made.source == "def f(x):\n    return sorted(sorted(x))\n"


def test_rules_together_build_upon_each_other():
    source = (
        "def f(x, y):\n    out = []\n    for i in x:\n        if i in y:\n            out.append(i)\n    return out\n"
    )
    observed = [Observed(name, ("list[int] len 3",), (1,)) for name in "xy"]
    made = together(source, "f", observed)
    assert [one.rule for one in made] == ["membership-set", "list-comprehension"]
    assert "out = [i for i in x if i in y_set]" in made[-1].source


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("int", Kind("int")),
        ("None", Kind("NoneType")),
        ("str len 4..80", Kind("str")),
        ("list[int] len 3..1200", Kind("list", (Kind("int"),))),
        ("dict[str,list[int]] len 5", Kind("dict", (Kind("str"), Kind("list", (Kind("int"),))))),
        ("list[int|str] len 2", Kind("list", (Kind("|", (Kind("int"), Kind("str"))),))),
        ("list[] len 0", Kind("list")),
        ("tuple[int, ...] len 2", Kind("tuple", (Kind("int"),))),
        ("ndarray float64 (1000, 3)", Kind("ndarray")),
        ("list[", Kind("list")),
        ("", Kind("")),
    ],
)
def test_kinds_are_read_leniently(text, kind):
    assert parse_kind(text) == kind


def test_kinds_that_do_not_hash_by_value_are_not_hashable():
    assert is_hashable(parse_kind("tuple[int,str]"))
    assert is_hashable(join([Kind("int"), Kind("str")]))
    assert not is_hashable(parse_kind("tuple[int,list]"))
    assert not is_hashable(parse_kind("Node"))
    assert not is_hashable(element(parse_kind("list len 3")))


CONDITIONS = ["i", "i > 2", "i in y", "not i", "i % 2 or i > 5", "i in (1, 2, 3)"]
LINES = [
    "out.append({v})",
    "n += {v}",
    "s += str({v})",
    "if {v} not in seen:\n    seen.append({v})",
    "d[{v}] = i",
    "last = i",
]
VALUES = ["i", "i + 1", "len(y)", "x[i % len(x)]", "-i"]
BODY = st.lists(
    st.tuples(st.sampled_from(["", *CONDITIONS]), st.booleans(), st.sampled_from(LINES), st.sampled_from(VALUES)),
    min_size=1,
    max_size=3,
)
HEADS = [
    "for i in x:",
    "for i in list(y):",
    "for i in range(len(x)):",
    "for j, i in enumerate(y):",
    "for i in sorted(list(x)):",
]
STARTS = {"out": "out = []", "n": "n = 0", "s": "s = ''", "seen": "seen = []", "d": "d = {}", "last": "last = None"}


def program(loops: list[tuple[str, list[tuple[str, bool, str, str]]]], results: list[str]) -> str:
    """A function of loops; each starts what it fills directly before itself, as people do."""
    lines = [*STARTS.values()]
    for head, body in loops:
        for condition, skips, line, value in body:
            name = line.split("[")[0].split(".")[0].split()[0]
            lines.append(STARTS.get(name, "pass"))
            inner = line.format(v=value)
            if condition and skips:
                inner = f"if {condition}:\n    continue\n{inner}"
            elif condition:
                inner = f"if {condition}:\n" + textwrap.indent(inner, "    ")
            lines.append(f"{head}\n" + textwrap.indent(inner, "    "))
    lines.append(f"return {', '.join(results)},")
    return "def f(x, y):\n" + textwrap.indent("\n".join(lines), "    ") + "\n"


def run(source: str, *arguments: list[int]) -> tuple[object, ...]:
    names: dict[str, object] = {}
    exec(source, names)
    try:
        return repr(names["f"](*arguments)), *map(repr, arguments)  # type: ignore[operator]
    except Exception as error:
        return type(error), str(error), *map(repr, arguments)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(HEADS), BODY), min_size=1, max_size=2),
    st.lists(st.sampled_from(list(STARTS)), min_size=1, max_size=6, unique=True),
    st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=2, max_size=2),
)
def test_loops_give_the_same_after_all_rules(loops, results, lists):
    source = program(loops, results)
    observed = [Observed(name, ("list[int] len 0..6",), (1,)) for name in "xy"]
    made = together(source, "f", observed)
    if made:
        x, y = lists
        assert run(made[-1].source, list(x), list(y)) == run(source, list(x), list(y)), made[-1].source


def package_files(package: str) -> list[Path]:
    return sorted((Path(sysconfig.get_paths()["purelib"]) / package).rglob("*.py"))


@pytest.mark.slow
def test_every_function_of_real_packages_still_compiles_after_all_rules():
    sites = 0
    for path in [*package_files("markdown_it"), *package_files("iniconfig"), *package_files("jinja2")[::4]]:
        text = path.read_text(encoding="utf-8")
        for name in dict.fromkeys([*functions(text), "<module>"]):
            made = together(text, name, ())
            if made:
                text = made[-1].source
                sites += sum(one.sites for one in made)
        ast.parse(text)
    assert sites > 5


def test_an_unknown_rule_is_an_error():
    with pytest.raises(KeyError):
        rewrite("def f(): pass\n", "f", (), ["no-such-rule"])


def test_the_rules_are_named_as_in_reports():
    assert all(name == name.lower() and " " not in name for name in RULES)
