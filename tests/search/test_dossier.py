"""A dossier shows what the model needs, verbatim, within its budget; the least important parts go first."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from llmopt.data import Caller, Function, Hotspot, LineCost, Observed, ReadFile, Region, Repeats, Verdict
from llmopt.errors import EditError
from llmopt.prompts import render
from llmopt.search import dossier
from llmopt.search.facts import Facts

ENGINE = '''\
"""Engine."""
from __future__ import annotations

import re
from . import tools
from .api import cleaned as clean

LIMIT = 10
UNUSED = 11
TABLE = {
    "a": 1,
}


def local(value):
    return value


class Base:
    def shared(self):
        return 1


class Engine(Base):
    """An engine."""

    speed = 3

    def __init__(self, items):
        self.items = items

    @property
    def names(self):
        return [item.name for item in self.items]

    def run(self, word):
        """Docs with a fence:

        ```
        run(1)
        ```
        More.
        """
        total = LIMIT
        for item in self.items:
            if item in self.names:
                total += tools.weight(item) + local(item)
        return clean(total) + self.shared()


def drive(engine):
    return engine.run("x")
'''
FILES = {
    "src/pkg/__init__.py": "",
    "src/pkg/engine.py": ENGINE,
    "src/pkg/api.py": "from pkg.inner.deep import cleaned\n",
    "src/pkg/inner/deep.py": "def cleaned(x):\n    return scaled(x)\n\n\ndef scaled(x):\n    return x * 2\n",
    "src/pkg/tools.py": "def weight(item):\n    return len(item)\n",
    "src/pkg/cli.py": "from .engine import drive\n\n\ndef main():\n    drive(1)\n",
    "bench.py": "from pkg.engine import drive\n",
    "tests/test_engine.py": """
def test_drive():
    assert drive(Engine([])) == 1


def test_run_long():
    engine = Engine([1, 2, 3])
    assert engine.run("a") == engine.run("b")


class TestMore:
    def test_drive_again(self):
        with pytest.raises(TypeError):
            drive(None)
""",
}


def line_of(text: str) -> int:
    return ENGINE[: ENGINE.index(text)].count("\n") + 1


RUN = Function("src/pkg/engine.py", "Engine.run", line_of("    def run"))
DRIVE = line_of("def drive")
FACTS = Facts(
    (3, 11, 4),
    {"attrs": "23.1", "regex": "2024.1", "re": "2"},
    ">=3.9",
    ("src",),
    (("bench.py", FILES["bench.py"]), ("python -m pkg", "")),
    (1.25, 0.5),
    tuple(FILES),
)


def reader(files: dict[str, str] = FILES) -> ReadFile:
    def read(path: str) -> str:
        if path not in files:
            raise EditError(f"{path} does not exist")
        return files[path]

    return read


def hotspot(**changes: object) -> Hotspot:
    full = Hotspot(
        RUN,
        end_line=DRIVE - 3,
        self_share=0.3,
        own_share=0.4,
        inclusive_share=0.6,
        headroom=2.5,
        calls=100,
        chain=(
            Caller(Function("src/pkg/engine.py", "drive", DRIVE), 0.7, 1),
            Caller(Function("src/pkg/engine.py", "retry", 1), 0.8, 2500),
            Caller(Function("bench.py", "<module>", 1), 0.9),
        ),
        callees=(
            (Function("src/pkg/engine.py", "Engine.names", line_of("    def names")), 0.25),
            (Function("/usr/lib/python3.11/re.py", "sub", 3), 0.1),
        ),
        lines=(
            LineCost(line_of("            if item in"), 1000, 0.8),
            LineCost(line_of("        for item in"), 1001, 0.15),
            LineCost(line_of("        total = LIMIT"), 100, 0.001),
        ),
        arguments=(Observed("word", ("str len 1..4", "NoneType"), (90, 10)),),
        callers=(("src/pkg/engine.py::drive", 100),),
        repeats=Repeats(80, 20),
    )
    return replace(full, **changes)  # type: ignore[arg-type]


WEIGHT = Hotspot(Function("src/pkg/tools.py", "weight", 1), 2, 0.1, 0.1, 0.1, 1.1)
DRIVEN = Hotspot(Function("src/pkg/engine.py", "drive", DRIVE), DRIVE + 1, 0.0, 0.0, 0.7, 3.0, calls=1)


def region(spot: Hotspot, *others: Hotspot) -> Region:
    return Region((*others, spot), spot, 0.5)


def values_of(spot: Hotspot, facts: Facts = FACTS, tokens: int = 8000, files: dict[str, str] = FILES) -> dict[str, Any]:
    return dossier.describe(region(spot, DRIVEN), (), reader(files), facts, tokens)


def text_of(spot: Hotspot, verdicts: tuple[Verdict, ...] = (), facts: Facts = FACTS, tokens: int = 8000) -> str:
    values = dossier.describe(region(spot, DRIVEN), verdicts, reader(), facts, tokens)
    values.pop("shown")
    return render("optimize", task="medium", plans=0, calls=0, **values)


def file_of(values: dict[str, Any], path: str) -> str:
    return str(next(file.text for file in values["files"] if file.path == path))


def test_files_are_shown_verbatim_with_what_is_left_out_marked() -> None:
    text = file_of(values_of(hotspot()), "src/pkg/engine.py")
    shown = [line for line in text.splitlines() if line != "…"]
    assert [line for line in ENGINE.splitlines() if line in shown and line] == [line for line in shown if line]
    for line in (
        "import re\n",
        "LIMIT = 10\n",
        "class Engine(Base):\n",
        "    speed = 3\n",
        "self.items = items",
        "def drive",
    ):
        assert line in text
    for line in ("UNUSED", "TABLE"):
        assert line not in text
    assert "LIMIT = 10\n…\n" in text


def test_the_inside_of_a_long_docstring_is_left_out() -> None:
    text = file_of(values_of(hotspot()), "src/pkg/engine.py")
    assert '        """Docs with a fence:\n…\n        """\n        total = LIMIT\n' in text


def test_hot_lines_stand_beside_with_hits_and_share() -> None:
    text = text_of(hotspot())
    assert "- 80 % of its time, 1000 hits: `if item in self.names:`" in text
    assert text.index("1001 hits") < text.index("1000 hits")
    assert "100 hits" not in text


def test_parts_of_arguments_come_last_the_ones_of_hot_lines_first_and_bounded() -> None:
    names = [
        "self.items",
        "self.cold",
        "self.names",
        "self.items[]",
        "self.pairs[]",
        *(f"self.x{i}" for i in range(30)),
    ]
    seen = [Observed(name, ("tuple[int] len 2" if name == "self.pairs[]" else "int 1",), (1,)) for name in names]
    spot = hotspot(arguments=(*seen, Observed("word", ("str len 1",), (1,)), Observed("return", ("int 3",), (1,))))
    told = [argument.name for argument in values_of(spot)["measured"][1].arguments]
    assert told[:4] == ["word", "return", "self.names", "self.items"]
    assert len(told) == 2 + dossier.PARTS
    assert "self.pairs[]" in told
    assert "self.items[]" not in told


def test_the_numbers_arguments_and_surroundings_are_told() -> None:
    text = text_of(hotspot())
    assert "| `Engine.run` | 60 % | 40 % | 100 | `drive` 100× |" in text
    assert "take 50 % of the run: without them it would be 2.00 times as fast" in text
    assert "(75 % of its calls repeat earlier arguments)" in text
    assert "- `word`: `str len 1..4` (90×), `NoneType` (10×)\n" in text
    assert "- calls `sub (re.py)`: 10 % of the run" in text
    assert "Python 3.11.4; the project supports >=3.9.\nInstalled: re 2, regex 2024.1, and 1 other packages" in text
    assert "1.25 s, 0.5 s" in text
    assert "membership tested in a loop" in text


def test_where_a_region_is_all_of_the_run_no_speedup_without_it_is_made_up() -> None:
    values = dossier.describe(Region((hotspot(),), hotspot(), 1.0), (), reader(), FACTS)
    values.pop("shown")
    text = render("optimize", task="medium", plans=0, calls=0, **values)
    assert "take 100 % of the run: without them it would be over 100 times as fast" in text


def test_the_way_from_the_workload_to_the_region_is_told_with_its_calls() -> None:
    text = text_of(hotspot())
    assert "- `bench.py::<module>` 90 %\n- `src/pkg/engine.py::retry` 80 %, 2500×\n\n" in text
    assert "The way to it" not in text_of(hotspot(chain=hotspot().chain[:1]))


def test_functions_on_the_way_are_shown_where_calls_become_many() -> None:
    beside = {**FILES, "src/pkg/outer.py": "def once(x):\n    return many(x)\n\n\ndef many(x):\n    return drive(x)\n"}
    once, many = (Function("src/pkg/outer.py", name, line) for name, line in (("once", 1), ("many", 5)))

    def listed(calls: int) -> list[str]:
        way = (hotspot().chain[0], Caller(many, 0.8, calls), Caller(once, 0.8, 5))
        return [file.path for file in values_of(hotspot(chain=way), files=beside)["files"]]

    assert once.path in listed(100)
    assert once.path not in listed(99)


@pytest.mark.parametrize(("share", "first"), [(0.3, "apply"), (0.05, "lesser")])
def test_what_costs_much_is_shown_before_the_lesser_functions_of_the_region(share: float, first: str) -> None:
    lengths = {"focus": 60, "lesser": 60, "apply": 30}
    bodies = {name: "    total = total * 2 + 1234567\n" * count for name, count in lengths.items()}
    text = "".join(f"def {name}(total):\n{body}    return total\n\n\n" for name, body in bodies.items())
    focus, lesser, called = (
        Function("m.py", name, text[: text.index(f"def {name}(")].count("\n") + 1) for name in lengths
    )
    hot = Hotspot(focus, 62, 0.3, 0.3, 0.6, 2.5, callees=((called, share),))
    beside = Hotspot(lesser, 126, 0.02, 0.02, 0.02, 1.02)
    facts = Facts((3, 11, 0), files=("m.py",))
    values = dossier.describe(Region((hot, beside), hot, 0.32), (), {"m.py": text}.__getitem__, facts, tokens=2_700)
    (shown,) = values["files"]  # type: ignore[misc]
    whole = [name for name, body in bodies.items() if f"def {name}(total):\n{body}    return" in shown.text]  # type: ignore[has-type]
    assert whole == ["focus", first]


def test_what_hot_functions_call_is_shown_before_functions_that_only_pass_on() -> None:
    lengths = {"focus": 20, "passing": 40, "called": 10}
    bodies = {name: "    total = total * 2 + 1234567\n" * count for name, count in lengths.items()}
    text = "".join(f"def {name}(total):\n{body}    return total\n\n\n" for name, body in bodies.items())
    focus, passing, called = (
        Function("m.py", name, text[: text.index(f"def {name}(")].count("\n") + 1) for name in lengths
    )
    hot = Hotspot(focus, 22, 0.3, 0.3, 0.6, 2.5, callees=((called, 0.03),))
    above = Hotspot(passing, 66, 0.0, 0.001, 0.6, 2.5)
    facts = Facts((3, 11, 0), files=("m.py",))
    values = dossier.describe(Region((above, hot), hot, 0.3), (), {"m.py": text}.__getitem__, facts, tokens=1_830)
    assert "def called" in file_of(values, "m.py")
    assert values["missing"] == ("parts of m.py::passing",)


def test_of_other_files_only_the_imports_that_are_used_are_shown() -> None:
    other = "import heapq\nimport os\nfrom re import (\n    sub,\n    match as found,\n)\n\n\n"
    files = {
        "m.py": "import os\nimport json\nfrom n import g\n\n\ndef f(x):\n    return g(x)\n",
        "n.py": f"{other}def g(x):\n    return heapq.heappop(found(x))\n",
    }
    spots = [
        Hotspot(Function("m.py", "f", 6), 7, 0.5, 0.5, 0.5, 2.0),
        Hotspot(Function("n.py", "g", 9), 10, *[0.2] * 4),
    ]
    values = dossier.describe(region(*spots), (), reader(files), Facts((3, 11, 4)), 3000)
    assert file_of(values, "m.py") == files["m.py"]
    assert file_of(values, "n.py") == files["n.py"].replace("import os\n", "…\n")


def test_methods_beside_the_hot_ones_fill_a_quarter_of_the_room_the_short_ones_first() -> None:
    long = "".join(f"        self.items.append({n})\n" for n in range(1000, 1080))
    hot = "    def hot(self):\n        return sorted(self.items)\n"
    short = "    def __len__(self):\n        return len(self.items)\n"
    text = f"class Bag:\n{hot}\n    def fill(self):\n{long}\n{short}\n\nclass Other:\n{short}"
    spot = Hotspot(Function("m.py", "Bag.hot", 2), 3, 0.5, 0.5, 0.5, 2.0)
    values = dossier.describe(region(spot), (), reader({"m.py": text}), Facts((3, 11, 4)), 3000)
    assert file_of(values, "m.py") == f"class Bag:\n{hot}…\n{short}…\n"
    (file,) = values["files"]  # type: ignore[misc]
    assert file.others == ("fill",)  # type: ignore[has-type]


def test_an_interval_of_too_few_pairs_is_not_told() -> None:
    slow = Verdict(False, "timing", "no gain", RUN.key, "manual", "a plan", speedup=1.1, interval=(1e-300, 1e300))
    text = render(
        "optimize", task="low", plans=0, calls=0, **dossier.describe(region(hotspot()), [slow], reader(), FACTS)
    )
    assert "turned down at timing: no gain (1.100 times as fast)" in text


def test_the_time_of_an_event_loop_is_told_as_what_was_started_there() -> None:
    loop = Function("/usr/lib/python3.11/asyncio/base_events.py", "BaseEventLoop._run_once", 1)
    text = text_of(hotspot(callees=((loop, 0.4),)))
    named = "BaseEventLoop._run_once (asyncio/base_events.py), for what is started in it"
    assert f"- calls `{named}`: 40 % of the run" in text


def test_who_else_relies_on_a_function_is_told_and_the_test_that_pins_it_shown() -> None:
    text = text_of(hotspot())
    assert "- `drive`: used by `src/pkg/cli.py::main`; tested by `tests/test_engine.py::test_drive`, " in text
    assert "def test_drive():\n    assert drive(Engine([])) == 1\n" in text
    assert 'engine.run("a")' in text
    known = replace(FACTS, touching=lambda keys: ("tests/test_engine.py::TestMore::test_drive_again[1]",))
    tests = [test.path for test in values_of(hotspot(), known)["tests"]]
    assert tests == ["tests/test_engine.py::test_run_long", "tests/test_engine.py::TestMore.test_drive_again"]


def test_helpers_are_followed_through_imports_and_bases_two_levels_down() -> None:
    values = values_of(hotspot())
    assert "def cleaned(x):\n    return scaled(x)\n\n\ndef scaled(x):" in file_of(values, "src/pkg/inner/deep.py")
    assert "def weight(item):" in file_of(values, "src/pkg/tools.py")
    engine = file_of(values, "src/pkg/engine.py")
    for name in ("    def shared(self):\n        return 1", "    @property\n    def names(self):", "def local(value):"):
        assert name in engine


def test_earlier_attempts_are_told_with_their_ratios_and_failures() -> None:
    verdicts = (
        Verdict(False, "tests", "2 tests\nfail", RUN.key, "m", "use a set"),
        Verdict(False, "timing", "not faster", RUN.key, "m", "inline", speedup=1.004, interval=(0.99, 1.02)),
        Verdict(True, "timing", "", "src/pkg/tools.py::weight", "m", "cache lengths", speedup=1.5, interval=(1.4, 1.6)),
        Verdict(False, "tests", "fails", "src/pkg/tools.py::weight", "m", "try again"),
    )
    text = text_of(hotspot(), verdicts)
    assert "- `use a set`\n  → `turned down at tests: 2 tests fail`\n" in text
    assert "- `inline`\n  → `turned down at timing: not faster (1.004 times as fast, 0.990 to 1.020)`\n" in text
    assert "- `src/pkg/tools.py::weight: cache lengths (1.500 times as fast, 1.400 to 1.600)`\n" in text
    assert "try again" not in text


def test_the_stable_parts_come_first_so_that_caches_hit() -> None:
    text = text_of(hotspot(), (Verdict(False, "tests", "fails", RUN.key, "m", "use a set"),))
    order = [
        "Installed:",
        "## The workload",
        "## The sources",
        "## Who else",
        "## What was measured",
        "Tried here before",
    ]
    assert sorted(order, key=text.index) == order


def test_much_garbage_collection_is_told() -> None:
    def text(share: float) -> str:
        values = dossier.describe(region(hotspot()), (), reader(), replace(FACTS, collecting=share))
        return render("optimize", task="medium", plans=0, calls=0, **values)

    assert "Full garbage collections, which take longer the more objects live, are 27 % of the run;" in text(0.27)
    assert "garbage collections" not in text(0.04)


def test_the_fewest_facts_render_too() -> None:
    bare = Hotspot(RUN, DRIVE - 3, 0.1, 0.1, 0.1, 1.1)
    values = dossier.describe(region(bare), (), reader(), Facts((3, 9, 0)))
    values.pop("shown")
    text = render("optimize", task="low", plans=0, calls=0, **values)
    for heading in ("Tried", "## The workload", "Who else", "Installed", "Left out"):
        assert heading not in text


def test_what_did_not_fit_at_its_first_turn_and_did_later_is_not_left_out() -> None:
    texts = {"m.py": "def f(xs):\n    return g(xs)\n\n\ndef g(xs):\n" + "    xs.sort()\n" * 600 + "    return 1\n"}
    f, g = Function("m.py", "f", 1), Function("m.py", "g", 5)
    spots = [Hotspot(f, 2, 0.5, 0.5, 0.9, 9.0), Hotspot(g, 606, 0.3, 0.3, 0.3, 1.4)]
    values = dossier.describe(region(*spots), (), reader(texts), Facts((3, 11, 4)), 10_000, made=[g])
    assert values["files"][0].text == texts["m.py"]  # type: ignore[index]
    assert values["missing"] == ()


@pytest.mark.parametrize("tokens", [1700, 2500, 4000])
def test_the_budget_holds_and_what_is_left_out_is_named(tokens: int) -> None:
    long = ENGINE + "".join(f"\n\ndef helper_{n}(x):\n" + "    x += 1\n" * 60 for n in range(9))
    calls = "".join(f"        helper_{n}(total)\n" for n in range(9))
    long = long.replace("        total = LIMIT\n", f"        total = LIMIT\n{calls}")
    values = values_of(hotspot(), tokens=tokens, files={**FILES, RUN.path: long})
    shown = values.pop("shown")
    text = render("optimize", task="medium", plans=0, calls=0, **values)
    assert len(text) / 3 < tokens * 1.1
    assert re.search(r"Left out, to keep this short: .*src/pkg/engine.py::helper_", text)
    assert "def run(self, word):" in text
    assert line_of("    def run") in shown[RUN.path]


def test_of_a_function_that_is_too_long_the_hot_lines_are_shown_with_those_around() -> None:
    body = "".join(f"    step_{n}()\n" for n in range(900))
    text = f"def f():\n{body}"
    spot = Hotspot(Function("m.py", "f", 1), 901, 0.5, 0.5, 0.5, 2.0, lines=(LineCost(500, 10, 0.9),))
    values = dossier.describe(region(spot), (), reader({"m.py": text}), Facts((3, 11, 4)), 2000)
    shown = file_of(values, "m.py")
    assert shown.startswith("def f():\n    step_0()\n")
    assert "    step_498()\n" in shown
    assert "step_800" not in shown
    assert values["missing"] == ("parts of m.py::f",)


def test_the_parts_of_a_lesser_function_leave_room_for_what_is_called() -> None:
    told = "".join(f"    About this, {n}.\n" for n in range(20))
    long = f'def g(x):\n    """What it is.\n\n{told}    """\n' + "    step(x)\n" * 300
    text = f"def f(x):\n    return helped(x)\n\n\ndef helped(x):\n    return x\n\n\n{long}"
    lines = tuple(LineCost(line, 10, 0.01) for line in range(10, 330, 10))
    spot = Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
    lesser = Hotspot(Function("m.py", "g", 9), 332, 0.1, 0.1, 0.5, 2.0, lines=lines)
    values = dossier.describe(region(spot, lesser), (), reader({"m.py": text}), Facts((3, 11, 4)), 2000)
    shown = file_of(values, "m.py")
    assert "def helped" in shown
    assert "step(x)" in shown
    assert "About this" not in shown


def test_the_constants_of_the_focus_come_before_lesser_functions() -> None:
    table = f"LIMITS = {list(range(1000, 1025))}\n"
    lesser = [f"def g{n}(x):\n    step(x)\n" + "    step(x)\n" * (n % 20) for n in range(60)]
    text = f"{table}\n\ndef f(x):\n    return LIMITS[x]\n\n\n" + "\n\n".join(lesser)
    starts = [text.split("\n").index(f"def g{n}(x):") + 1 for n in range(60)]
    spots = [Hotspot(Function("m.py", f"g{n}", at), at + 1 + n % 20, 0, 0.1, 0.5, 2) for n, at in enumerate(starts)]
    focus = Hotspot(Function("m.py", "f", 4), 5, 0.2, 0.9, 0.5, 2.0)
    values = dossier.describe(region(focus, *spots), (), reader({"m.py": text}), Facts((3, 11, 4)), 3000)
    assert table in file_of(values, "m.py")
    assert values["missing"], "there is no room for all of them"


def test_of_lesser_functions_the_arguments_of_hot_lines_are_told() -> None:
    names = [f"a{n}" for n in range(12)]
    seen = tuple(Observed(name, ("str len 1",), (1,)) for name in names)
    text = f"def f({', '.join(names)}):\n    return a11\n"
    spot = Hotspot(Function("m.py", "f", 1), 2, 0.1, 0.1, 0.1, 1.1, lines=(LineCost(2, 1, 1.0),), arguments=seen)
    files = {**FILES, "m.py": text}
    values = dossier.describe(region(hotspot(), spot), (), reader(files), FACTS)
    [told] = [each.arguments for each in values["measured"] if each.function.name == "f"]  # type: ignore[attr-defined]
    assert len(told) == dossier.ARGUMENTS_ELSEWHERE
    assert told[-1].name == "a11"


def test_what_became_of_an_edit_before_takes_its_room_from_the_sources() -> None:
    values = [dossier.describe(region(hotspot()), (), reader(), FACTS, 3000, before="Kept. " * n) for n in (0, 1000)]
    shown = [sum(len(file.text) for file in each["files"]) for each in values]  # type: ignore[attr-defined]
    assert shown[1] < shown[0]


def test_the_table_tells_the_file_of_what_is_not_shown_or_of_whose_name_there_are_two() -> None:
    other = hotspot(function=Function("m.py", "Engine.run", 1), end_line=2)
    hidden = hotspot(function=Function("gone.py", "f", 4), end_line=4)
    files = {**FILES, "m.py": "def f():\n    return 1\n"}
    spots = Region((hotspot(), other, DRIVEN, hidden), hotspot(), 0.5)
    values = dossier.describe(spots, (), reader(files), FACTS, 1000)
    values.pop("shown")
    text = render("optimize", task="medium", plans=0, calls=0, **values)
    assert "| `src/pkg/engine.py::Engine.run` |" in text
    assert "| `m.py::Engine.run` |" in text
    assert "| `gone.py::f` |" in text
    assert "| `drive` |" in text


def test_the_beginning_of_an_object_is_shown_whole_or_not_at_all() -> None:
    method = "    def run(self):\n        return self.item\n"
    lines = "".join(f"        # {n}\n        self.item_{n} = {n} + len(items) + len(items[0])\n" for n in range(15))
    text = f"class A:\n    def __init__(self, items):\n{lines}\n{method}"
    spot = Hotspot(Function("m.py", "A.run", 34), 35, 0.5, 0.5, 0.5, 2.0)
    for tokens in range(1000, 2000, 20):
        values = dossier.describe(region(spot), (), reader({"m.py": text}), Facts((3, 11, 4)), tokens)
        shown = file_of(values, "m.py")
        assert ("self.item_14" in shown) == ("def __init__" in shown) == ("# 3" in shown)


def test_a_method_stands_below_the_first_line_of_its_class_also_where_there_is_no_room_for_more_of_it() -> None:
    attributes = "".join(f"    name_{n} = {n}\n" for n in range(300))
    text = f"class A(Base):\n{attributes}\n    def run(self):\n        return self.item\n"
    spot = Hotspot(Function("m.py", "A.run", 303), 304, 0.5, 0.5, 0.5, 2.0)
    values = dossier.describe(region(spot), (), reader({"m.py": text}), Facts((3, 11, 4)), 1400)
    assert file_of(values, "m.py").startswith("class A(Base):\n")
    assert "name_299" not in file_of(values, "m.py")


def test_a_function_without_a_definition_is_shown_by_its_lines() -> None:
    spot = hotspot(function=Function("src/pkg/engine.py", "drive.<lambda>", DRIVE), end_line=DRIVE + 1)
    assert "def drive(engine):\n    return" in file_of(values_of(spot), "src/pkg/engine.py")


def test_a_file_this_python_cannot_parse_is_shown_by_its_lines() -> None:
    spot = hotspot(function=Function("old.py", "f", 1), end_line=2)
    values = dossier.describe(region(spot), (), reader({"old.py": "def f():\n    print 1\nf()\n"}), FACTS)
    assert file_of(values, "old.py") == "def f():\n    print 1\n…\n"


def test_a_file_that_is_gone_is_an_edit_error() -> None:
    spot = hotspot(function=Function("gone.py", "f", 1))
    with pytest.raises(EditError, match=r"gone\.py does not exist"):
        dossier.describe(region(spot), (), reader(), FACTS)


def test_similar_edits_are_offered_after_what_was_measured_and_within_their_tokens() -> None:
    values = dossier.describe(region(hotspot(), DRIVEN), (), reader(), FACTS, similar=600)
    without = dossier.describe(region(hotspot(), DRIVEN), (), reader(), FACTS, similar=0)
    assert without["examples"] == ()
    assert sum(each.size for each in values["examples"]) <= 1800
    text, bare = (render("optimize", task="medium", plans=0, calls=0, **each) for each in (values, without))
    assert "Similar edits" not in bare
    assert "membership in a list, tested in a loop" in values["examples"][0].about
    assert text.index("What was measured") < text.index("Similar edits") < text.index("What to answer")


def test_a_function_of_the_workload_is_shown_with_it_and_not_once_more() -> None:
    files = {
        "bench.py": "def workload():\n    return f(3)\n\n\ndef f(x):\n    return x\n",
        "m.py": "def g(x): return x\n",
    }
    spots = [
        Hotspot(Function(path, name, line), line + 1, 0.3, 0.3, 0.5, 2.0)
        for path, name, line in (("m.py", "g", 1), ("bench.py", "f", 5))
    ]
    facts = Facts((3, 11, 0), workloads=(("bench.py::workload", files["bench.py"]),), files=tuple(files))
    values = dossier.describe(region(*spots), (), files.__getitem__, facts)
    assert [each.path for each in values["files"]] == ["m.py"]  # type: ignore[attr-defined]
    unknown = dossier.describe(region(*spots), (), files.__getitem__, replace(facts, workloads=()))
    assert [each.path for each in unknown["files"]] == ["bench.py", "m.py"]  # type: ignore[attr-defined]


def test_a_deep_chain_leaves_room_for_the_workload_and_the_sources() -> None:
    names = [f"step_{number}" for number in range(24)]
    text = "".join(f"def {name}(value):\n    return value + {at}\n\n\n" for at, name in enumerate(names))
    seen = tuple(Observed(f"argument_{at}", ("dict[str, list[int]] len 3..1200",) * 3, (9, 5, 2)) for at in range(8))
    spots = tuple(
        Hotspot(Function("deep.py", name, 1 + 4 * at), 2 + 4 * at, 0.01, 0.01 + at / 1e4, 0.5, 2.0, arguments=seen)
        for at, name in enumerate(names)
    )
    deep = Region(spots, spots[-1], 0.3)
    files = {"deep.py": text, "bench.py": "import deep\n"}
    facts = Facts((3, 11, 0), workloads=(("bench.py", files["bench.py"]),), files=tuple(files))
    values = dossier.describe(deep, (), files.__getitem__, facts, tokens=7_000)
    assert [each.path for each in values["workloads"]] == ["bench.py"]  # type: ignore[attr-defined]
    (shown,) = values["files"]  # type: ignore[misc]
    assert all(f"def {name}(value)" in shown.text for name in names)  # type: ignore[has-type]
    detailed = [bool(each.arguments) for each in values["measured"]]  # type: ignore[attr-defined]
    assert len(detailed) == 24
    assert 1 < sum(detailed) < 24
    assert all(detailed[-sum(detailed) :]), "those that cost most"
