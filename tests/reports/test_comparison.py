"""What is read out of a comparison: no colour that claims a win, digits that are known, Markdown that stays whole."""

from __future__ import annotations

import io
import json
import random
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import scripted
from rich.text import Text
from scripted import BASE, CANDIDATE, Scripted

from llmopt import comparing, machine
from llmopt.comparing import Plan, Ready
from llmopt.data import Pair, Sample
from llmopt.errors import UsageError
from llmopt.reports import comparison, plot
from llmopt.reports.comparison import Compared
from llmopt.reports.screen import Screen
from llmopt.revisions import Side

GREEN, RED = "\x1b[32m", "\x1b[31m"


def compared(speedup: float, spec: str = "work", noise: float = 0.01, pairs: int = 12, **head: float) -> Compared:
    """A comparison of one workload; `head` are further uses of the candidate, relative to the base's."""
    draw = random.Random(4)

    def sample(factor: float, cpu: float = 1.0, memory: float = 1.0, setup: float = 1.0) -> Sample:
        seconds = draw.lognormvariate(0, noise) * factor
        return Sample(seconds, seconds * cpu, int(50e6 * memory), setup_seconds=0.1 * setup)

    rounds = [(Pair(0, sample(1.0), sample(1 / speedup, **head)),) for _ in range(pairs)]
    ready = Ready(Scripted(lambda *_: 1.0).target((spec,)))
    base, new = (
        Side(name, scripted.tree_of(commit), commit) for name, commit in (("main", BASE), ("topic", CANDIDATE))
    )
    return Compared(base, new, ready, Plan(), machine.this(), comparing.judged(rounds, [1.0], Plan()))


def shown(value: Compared, width: int = 80) -> str:
    console = Screen(file=io.StringIO(), width=width, force_terminal=True, color_system="standard")
    for part in comparison.text(value):
        console.print(part, soft_wrap=isinstance(part, Text))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().replace("\x1b[1;", "\x1b[")


@pytest.mark.parametrize(
    ("speedup", "noise", "green", "red"),
    [(1.3, 0.01, True, False), (0.8, 0.01, False, True), (1.04, 0.2, False, False)],
)
def test_a_win_is_green_and_a_loss_red_only_where_the_interval_leaves_out_1(
    speedup: float, noise: float, green: bool, red: bool
) -> None:
    text = shown(compared(speedup, noise=noise))
    assert (GREEN in text, RED in text) == (green, red), text


def test_the_same_says_within_what_and_inconclusive_what_helps() -> None:
    assert "same within 2 %:" in shown(compared(1.0, noise=0.001))
    text = shown(compared(1.0, noise=0.3))
    assert "inconclusive:" in text
    assert "--max-pairs" in text


@pytest.mark.parametrize(
    ("use", "words"), [("cpu", "CPU time"), ("memory", "peak memory"), ("setup", "imports and set-up")]
)
def test_what_else_grew_is_said_beside_a_win(use: str, words: str) -> None:
    text = shown(compared(1.5, **{use: 2.0}))
    assert words in text
    assert "times)" in text


def test_cpu_time_that_follows_wall_time_is_no_news() -> None:
    assert "times)" not in shown(compared(1.5))


def test_a_line_fits_80_columns_with_a_long_name() -> None:
    lines = shown(compared(1.3, spec="python -m package.module --with many --arguments and more")).splitlines()
    assert all(len(Text.from_ansi(line)) <= 80 for line in lines[:3])


@pytest.mark.parametrize("pairs", [1, 3])
def test_few_pairs_give_a_guess_and_leave_the_name_readable(pairs: int) -> None:
    text = shown(compared(1.3, spec="bench.py", pairs=pairs))
    assert "bench.py" in text.splitlines()[1]
    assert "about 1." in text
    assert "[" not in Text.from_ansi(text).plain


def test_markdown_survives_pipes_and_escapes_in_names() -> None:
    text = comparison.markdown(compared(1.3, spec="cmd:cat a | wc <b>\x1b[31m"))
    [row] = [line for line in text.splitlines() if "cat a" in line]
    assert row.startswith("| cmd:cat a \\| wc &lt;b> |")
    assert "\x1b" not in text


def test_json_has_no_infinity() -> None:
    value = comparison.as_json(compared(1.3, pairs=2))
    assert value["interval"] == [None, None]
    assert value["verdict"] == "inconclusive"
    json.dumps(value, allow_nan=False)


def test_nothing_measured_is_said() -> None:
    value = replace(compared(1.3), result=None, stopped="interrupted")
    assert "nothing measured, interrupted" in shown(value)
    assert comparison.as_json(value)["workloads"] == []
    json.dumps(comparison.as_json(value), allow_nan=False)


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("speedup", [0.001, 0.8, 1.0, 1.31, 900.0])
def test_the_picture_has_a_dot_for_each_pair_inside_of_it_and_a_mark_at_1(speedup: float) -> None:
    value = compared(speedup, spec="a < b & 'c'")
    assert value.result is not None
    picture = ElementTree.fromstring(plot.svg(value, value.result))
    dots = [float(dot.attrib["cx"]) for dot in picture.iter(f"{SVG}circle")]
    assert len(dots) == 12
    assert all(plot.LEFT <= x <= plot.WIDTH - plot.RIGHT for x in dots)
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert "1x" in words
    assert "a < b & 'c'" in words


def test_equal_ratios_can_be_drawn() -> None:
    value = compared(1.0, noise=0.0)
    assert value.result is not None
    ElementTree.fromstring(plot.svg(value, value.result))


def test_a_png_is_drawn_where_resvg_is_there(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    value = compared(1.3)
    assert value.result is not None
    plot.write(value, value.result, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_png_without_resvg_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(UsageError, match=r"llmopt\[plot\]"):
        plot.require_format(tmp_path / "a.png")
    plot.require_format(tmp_path / "a.svg")
