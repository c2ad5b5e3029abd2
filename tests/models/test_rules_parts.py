"""Rules that need the kinds of attributes and items: what is known of them, which expressions read them."""

import textwrap
from dataclasses import dataclass
from typing import Any

import pytest

from llmopt.data import Observed
from llmopt.models.rules import rewrite
from llmopt.models.rules.kinds import Kind, parse_kind
from llmopt.models.rules.paths import known_kinds

# ruff: noqa: E501  (a row of a table is the code of a function: one line each keeps the tables readable)

Seen = dict[str, dict[str, int]]
ENTRIES: Seen = {"x": {"list[Entry] len 0..9": 2}, "x[]": {"Entry": 4}}
HOSTS: Seen = {**ENTRIES, "x[].host": {"str len 1..9": 3, "NoneType": 1}, "x[].agent": {"str len 3": 4}}
ORDERS: Seen = {"x": {"list[dict] len 3": 1}, "x[]": {"dict[str, str | int] len 2": 4}, "x[]['who']": {"str len 2": 4}}
SELF: Seen = {"self": {"Log": 2}, "self.entries": {"list[Entry] len 3": 2}, "self.entries[]": {"Entry": 6},
              "self.entries[].host": {"str len 2": 6}}  # fmt: skip


def observed(seen: Seen) -> tuple[Observed, ...]:
    return tuple(Observed(name, tuple(kinds), tuple(kinds.values())) for name, kinds in seen.items())


def rewritten(rule: str, source: str, seen: Seen, name: str = "f") -> str | None:
    made = rewrite(textwrap.dedent(source), name, observed(seen), [rule])
    return made[0].source if made else None


@dataclass(frozen=True)
class Entry:
    host: str | None
    agent: str = "a"


def entries(*hosts: str | None) -> list[Entry]:
    return [Entry(host, "ab"[len(host or "") % 2]) for host in hosts]


RUNS: list[list[Any]] = [[], entries("a"), entries("b", "a", "b", None, "cc", None, "b", "cc", "b")]
LIST, LOOP = (
    "def f(x):\n    seen = []\n    for e in x:\n",
    "        if e.host not in seen:\n            seen.append(e.host)\n",
)

# rule, code, what must be in the new code
REWRITES = [
    ("seen-set", LIST + LOOP + "    return len(seen)", "    seen = set()\n"),
    ("seen-set", LIST + LOOP + "    return seen", "            seen.append(e.host)\n            seen_set.add(e.host)\n"),
    ("seen-set", LIST + LOOP + "    return len(seen), seen[0:1]", "seen_set.add(e.host)"),
    ("seen-set", LIST + "        h = e.host\n        if h in seen:\n            continue\n        seen.append(h)\n    return len(seen)", "seen_set.add(h)"),
    ("seen-set", "def f(x):\n    seen: list[str] = []\n    for e in sorted(x, key=lambda e: e.agent):\n" + LOOP + "    return not seen", "seen: set[str] = set()"),
    ("seen-set", "import typing\ndef f(x):\n    seen: typing.List[str] = []\n    y = x\n    for i, e in enumerate(y):\n" + LOOP + "    return i if seen else 0", "seen: set[str] = set()"),
    ("seen-set", "def f(x):\n    seen = []\n    for i in range(len(x)):\n        e = x[i]\n" + LOOP + "    return seen", "seen_set"),
    ("seen-set", "def f(x):\n    x = sorted(x, key=lambda e: e.agent)\n    seen = []\n    for e in [e for e in x if e.host]:\n" + LOOP + "    return seen", "seen_set"),
    ("seen-set", "def f(x):\n    once = []\n    again = []\n    for e in x:\n        v = (e.host, e.agent)\n        if v not in once:\n            once.append(v)\n        elif v not in again:\n            again.append(v)\n    return len(again)",
     "    once = set()\n    again = set()\n"),
    ("membership-set", "def f(x, y=['a', 'zz']):\n    return [e for e in x if e.host not in y]", "y_set = set(y)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "source", "expected"), REWRITES)
def test_kinds_of_attributes_make_rewrites_that_do_what_the_old_code_did(rule, source, expected):
    new = rewritten(rule, source, {**HOSTS, "y": {"list[str] len 2": 2}})
    assert new is not None
    assert expected in new
    for run in RUNS:
        assert result(new, run) == result(source, run)


def result(source: str, argument: list[Any]) -> object:
    names: dict[str, Any] = {}
    exec(source, names)
    try:
        return names["f"](argument)
    except Exception as error:
        return type(error), str(error)


def test_items_of_records_and_attributes_of_self_are_known():
    source = "def f(x):\n    seen = []\n    for o in x:\n        if o['who'] not in seen:\n            seen.append(o['who'])\n    return seen"
    assert "seen_set" not in (rewritten("seen-set", source, ORDERS) or "")  # the item is not read twice
    counted = source.replace("return seen", "return len(seen)")
    assert rewritten("seen-set", counted, {**ORDERS, "x[]['who']": {"str len 2": 3}}) is None
    method = "class Log:\n    def f(self):\n        seen = []\n        for e in self.entries:\n            if e.host not in seen:\n                seen.append(e.host)\n        return len(seen)"
    assert "seen = set()" in (rewritten("seen-set", method, SELF, "Log.f") or "")


E = LIST + LOOP + "    return len(seen)"
# code, what was seen: each is one step away from a rewrite that would be wrong
LEFT_ALONE = [
    (E, ENTRIES),  # the class computes it
    (E, {**HOSTS, "x[].host": {"str len 1": 3}}),  # one of four entries has none of its own
    (E, {**HOSTS, "x[].host": {"NoneType": 4}}),  # yet to be set
    (E, {**HOSTS, "x[].host": {"Text": 4}}),  # a class of its own may compare in its own way
    (E, {**HOSTS, "x[].host": {"str len 1": 3, "…": 1}}),
    (E, {**HOSTS, "x": {"list[Entry] len 3": 1, "Table": 1}}),  # who knows what a table gives
    (E, {"x[].host": {"str len 1": 4}}),
    (E.replace("        if", "        e.host = [e.host]\n        if"), HOSTS),
    (E.replace("        if", "        e.peer.host, n = [], 1\n        if"), HOSTS),
    (E.replace("        if", "        setattr(e, 'host', [])\n        if"), HOSTS),
    (E.replace("        if", "        e = e.next\n        if"), HOSTS),
    (E.replace("in x:", "in x.values():"), HOSTS),
    (E.replace("in x:", "in x + [1]:"), HOSTS),
    (E.replace("    for", "    x = g(x)\n    for"), HOSTS),
    (E.replace("e.host", "[e.host for y in x for e in y][0]"), HOSTS),
    ("def f(x):\n    seen: Sequence[str] = []\n    for e in x:\n" + LOOP + "    return len(seen)", HOSTS),
    ("def f(x):\n    seen = []\n    for e in [x, 1]:\n" + LOOP + "    return len(seen)", HOSTS),
]  # fmt: skip


@pytest.mark.parametrize(("source", "seen"), LEFT_ALONE)
def test_parts_that_may_be_something_else_are_left_alone(source, seen):
    made = rewritten("seen-set", source, seen)
    assert made is None or "seen = set()" not in made
    assert made is None or "Sequence" in source


@pytest.mark.parametrize(
    "store",
    ["o['who'] = []", "o[k] = []", "o.update(k)", "x[0]['who'] += 1", "del o['who']", "for o['who'] in k: pass"],
)
def test_items_that_the_function_puts_are_not_what_was_observed(store):
    source = "def f(x, k):\n    n = {{}}\n    seen = []\n    for o in x:\n        {}\n        if o['who'] not in seen:\n            seen.append(o['who'])\n    return not seen"
    assert rewritten("seen-set", source.format(store), ORDERS) is None
    assert rewritten("seen-set", source.format(store), {key: ORDERS[key] for key in ("x", "x[]")}) is None
    for harmless in ("n[k] = o['who']", "o['other'] = 1", "n.update(k)", "o[0] = 1"):
        assert rewritten("seen-set", source.format(harmless), ORDERS) is not None


def test_elements_of_a_container_are_told_by_their_own_path():
    seen: Seen = {"x": {"list[tuple] len 3": 1}, "x[]": {"tuple[int | str] len 2": 4}}
    pair = Kind("tuple", (parse_kind("int | str"),))
    assert known_kinds(observed(seen)) == {"x": Kind("list", (pair,)), "x[]": pair}
    mixed: Seen = {"x": {"list[str | tuple] len 9": 1}, "x[]": {"tuple[int] len 2": 4}}  # no str among those looked at
    assert known_kinds(observed(mixed))["x"] == parse_kind("list[str | tuple]")


def test_a_part_of_what_is_not_known_is_not_known():
    seen: Seen = {"x": {"A": 2}, "x.a": {"B": 1}, "x.a.b": {"int 1": 1}, "x.c": {"int 0..9": 2}}
    assert set(known_kinds(observed(seen))) == {"x", "x.c"}


Q = "def f(x):\n    q: List[int] = list(x)\n    n = []\n    while q and {test}:\n        n.append(q.pop(0))\n{more}    return n"


@pytest.mark.parametrize(
    ("test", "more"),
    [
        ("q[0] < 9", ""),
        ("n != q[-1]", ""),
        ("len(n) < 4 and q[0] + q[-1] < 9", ""),
        ("True", "        while q and q[0] == 3:\n            n.append(-q.pop(0))\n"),
        ("True", "    if q:\n        n.append(q[0])\n"),
    ],
)
def test_queue_whose_ends_are_looked_at_becomes_a_deque(test, more):
    source = Q.format(test=test, more=more)
    new = rewritten("local-deque", source, {})
    assert new is not None
    assert "q: deque[int] = deque(x)" in new
    for run in ([], [1], [3, 3, 1, 3, 9, 2], [1, 2, 3, 3]):
        assert result(new, run) == result(source, run)


@pytest.mark.parametrize(
    ("test", "more"),
    [
        ("q[1] < 9", ""),
        ("q[:1]", ""),
        ("n", "        n.append(q[0])\n"),
        ("q.pop(0) < q[0]", ""),
        ("n", "    if q[0]:\n        pass\n"),
        ("n", "    n = q and n\n"),
        ("n", "    if n or q[0]:\n        pass\n"),
        ("n", "        q[0] = 1\n"),
        ("n", "    while q:\n        while q:\n            q.pop(0)\n        q.pop(0)\n"),
        ("n", "    if q:\n        q.clear()\n        q.pop(0)\n"),
    ],
)
def test_queue_that_may_be_empty_or_seen_is_left_alone(test, more):
    assert rewritten("local-deque", Q.format(test=test, more=more), {}) is None


def test_queue_annotated_as_something_else_is_left_alone():
    assert rewritten("local-deque", Q.format(test="True", more="").replace("List[int]", "Sequence[int]"), {}) is None
