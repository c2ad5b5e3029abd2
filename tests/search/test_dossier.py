"""A dossier shows what the model needs, verbatim, within its budget; the least important parts go first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llmopt.data import Function, Hotspot, LineCost, Observed, ReadFile, Verdict
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
    "bench.py": "from pkg.engine import drive\n",
}


def line_of(text: str) -> int:
    return ENGINE[: ENGINE.index(text)].count("\n") + 1


RUN = Function("src/pkg/engine.py", "Engine.run", line_of("    def run"))
DRIVE = line_of("def drive")
FACTS = Facts(
    (3, 11, 4),
    {"attrs": "23.1", "regex": "2024.1"},
    ">=3.9",
    ("src",),
    (("bench.py", FILES["bench.py"]), ("python -m pkg", "")),
    (1.25, 0.5),
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
        chain=((Function("src/pkg/engine.py", "drive", DRIVE), 0.7), (Function("bench.py", "<module>", 1), 0.9)),
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
    )
    return replace(full, **changes)  # type: ignore[arg-type]


def text_of(spot: Hotspot, verdicts: tuple[Verdict, ...] = (), facts: Facts = FACTS, tokens: int = 8000) -> str:
    others = [spot, Hotspot(Function("src/pkg/tools.py", "weight", 1), 2, 0.1, 0.1, 0.1, 1.1)]
    return render("optimize", **dossier.describe(spot, others, verdicts, reader(), facts, tokens))


def test_the_function_is_shown_verbatim_with_its_hot_lines() -> None:
    text = text_of(hotspot())
    source = ENGINE[ENGINE.index("    def run") : ENGINE.index("\n\ndef drive")]
    assert f"````python\n{source.rstrip()}\n````" in text
    assert "| `if item in self.names:` | 1000 | 80 % |" in text
    assert text.index("| 1001 |") < text.index("| 1000 |")
    assert "| 100 |" not in text


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
    shown = dossier.describe(spot, [spot], (), reader(), FACTS)["arguments"]
    told = [argument.name for argument in shown]  # type: ignore[attr-defined]
    assert told[:4] == ["word", "return", "self.names", "self.items"]
    assert len(told) == 2 + dossier.PARTS
    assert "self.pairs[]" in told
    assert "self.items[]" not in told


def test_the_numbers_arguments_and_surroundings_are_told() -> None:
    text = text_of(hotspot())
    for words in ("60 % of the run", "40 % with the library", "30 % in its own", "2.50 times", "called 100 times"):
        assert words in text
    assert "- `word`: str len 1..4 (90×), NoneType (10×)\n" in text
    assert "`sub (re.py)`: 10 % of the run" in text
    assert "`src/pkg/tools.py::weight`: 10 % with all it calls" in text
    assert "Python 3.11.4; the project supports >=3.9.\nInstalled: attrs 23.1, regex 2024.1." in text
    assert "1.25 s, 0.5 s" in text
    assert "membership tested in a loop" in text


def test_helpers_are_followed_through_imports_and_bases_two_levels_down() -> None:
    values = dossier.describe(hotspot(), [], [], reader(), FACTS)
    helpers = values["helpers"]
    assert isinstance(helpers, tuple)
    assert [part.name for part in helpers] == ["Engine.names", "weight", "local", "cleaned", "Base.shared", "scaled"]
    assert helpers[0].share == 0.25
    assert helpers[0].text.startswith("    @property\n")


def test_the_head_has_imports_used_constants_and_the_class_around() -> None:
    head = dossier.describe(hotspot(), [], [], reader(), FACTS)["heads"][0].text  # type: ignore[index]
    for line in (
        "import re\n",
        "from . import tools\n",
        "LIMIT = 10\n",
        "class Engine(Base):\n",
        "    speed = 3\n",
        "self.items = items",
    ):
        assert line in head
    for line in ("UNUSED", "TABLE", "def run", "return [item.name"):
        assert line not in head
    assert head.index("LIMIT = 10\n…\n") > 0


def test_callers_are_shown_with_their_sources_and_module_level_is_not() -> None:
    callers = dossier.describe(hotspot(), [], [], reader(), FACTS)["callers"]
    assert [(part.name, part.share) for part in callers] == [("drive", 0.7)]  # type: ignore[attr-defined]


def test_earlier_attempts_are_told_with_their_ratios_and_failures() -> None:
    verdicts = (
        Verdict(False, "tests", "2 tests\nfail", RUN.key, "m", "use a set"),
        Verdict(False, "timing", "not faster", RUN.key, "m", "inline", speedup=1.004, interval=(0.99, 1.02)),
        Verdict(True, "timing", "", "src/pkg/tools.py::weight", "m", "cache lengths", speedup=1.5, interval=(1.4, 1.6)),
        Verdict(False, "tests", "fails", "src/pkg/tools.py::weight", "m", "try again"),
    )
    text = text_of(hotspot(), verdicts)
    assert "- use a set\n  → turned down at tests: 2 tests fail\n" in text
    assert "- inline\n  → turned down at timing: not faster (1.004 times as fast, 0.990 to 1.020)\n" in text
    assert "- src/pkg/tools.py::weight: cache lengths (1.500 times as fast, 1.400 to 1.600)\n" in text
    assert "try again" not in text


def test_the_fewest_facts_render_too() -> None:
    bare = Hotspot(RUN, DRIVE - 3, 0.1, 0.1, 0.1, 1.1)
    text = text_of(bare, facts=Facts((3, 9, 0)))
    for heading in ("tried", "workload\n", "Who calls", "Installed", "cut"):
        assert heading not in text.replace("shown", "")
    assert "is called" not in text


@pytest.mark.parametrize("tokens", [300, 700, 1500])
def test_the_budget_holds_and_what_is_cut_is_named(tokens: int) -> None:
    long = ENGINE + "".join(f"\n\ndef helper_{n}(x):\n" + "    x += 1\n" * 60 for n in range(9))
    calls = "".join(f"        helper_{n}(total)\n" for n in range(9))
    long = long.replace("        total = LIMIT\n", f"        total = LIMIT\n{calls}")
    values = dossier.describe(hotspot(), [], [], reader({**FILES, RUN.path: long}), FACTS, tokens)
    text = render("optimize", **values)
    assert len(text) / 4 < max(tokens, 700) * 1.1
    assert "cut" in text
    assert "def run(self, word):" in text


def test_with_more_room_nothing_is_lost() -> None:
    assert "cut" not in text_of(hotspot(), tokens=20_000)


def test_a_function_without_a_definition_is_shown_by_its_lines() -> None:
    spot = hotspot(function=Function("src/pkg/engine.py", "drive.<lambda>", DRIVE), end_line=DRIVE + 1)
    assert dossier.describe(spot, [], [], reader(), FACTS)["target"].text.startswith("def drive")  # type: ignore[attr-defined]


def test_a_file_this_python_cannot_parse_is_shown_by_its_lines() -> None:
    spot = hotspot(function=Function("old.py", "f", 1), end_line=2)
    values = dossier.describe(spot, [], [], reader({"old.py": "def f():\n    print 1\nf()\n"}), FACTS)
    assert values["target"].text == "def f():\n    print 1\n"  # type: ignore[attr-defined]


def test_a_file_that_is_gone_is_an_edit_error() -> None:
    with pytest.raises(EditError, match=r"gone\.py does not exist"):
        dossier.describe(hotspot(function=Function("gone.py", "f", 1)), [], [], reader(), FACTS)
