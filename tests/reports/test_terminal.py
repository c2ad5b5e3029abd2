"""The live view and the log: what a run's news look like on terminals of several sizes, and where there is none."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import played_run
import pytest
from rich.cells import cell_len
from rich.text import Text

from llmopt.data import Function, Hotspot, Proposal, Usage
from llmopt.reports import live, terminal, words
from llmopt.reports.screen import Screen

MOVES = re.compile(r"\x1b\[\d*[ABCDGHJKfsu]|\x1b\[\?25[lh]|\r(?!\n)")


def shown(width: int, height: int) -> list[str]:
    """The rows of the last screen of the played run, without colour."""
    state = terminal.LiveScreen(Screen(file=io.StringIO()), clock=lambda: 60.0)
    played_run.play(state, lambda: None)
    stream = io.StringIO()
    console = Screen(file=stream, width=width, height=height, force_terminal=True, color_system=None)
    state.state.started, state.state.measuring = 0.0, 20.0
    console.print(live.screen(state.state, 60.0, Text("*"), width, height))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 50), (120, 40), (60, 12), (80, 8)])
def test_every_screen_fits_the_terminal_and_says_what_goes_on(width: int, height: int) -> None:
    rows = shown(width, height)
    assert len(rows) < height
    assert max(map(cell_len, rows)) <= width
    text = "\n".join(rows)
    assert "* confirmation: 10 of 30 pairs, 1.20x [1.05, 1.33]" in text
    assert "10 tried, 1 kept (1.31x)" in text
    assert "▸ search (round 2)" in text


def test_at_80_columns_all_there_is_to_know_is_on_the_screen() -> None:
    text = "\n".join(shown(80, 40))
    joined = " ".join(text.split())
    for words_of_header in [*played_run.HEADER, played_run.BASE]:
        assert words_of_header in joined
    assert re.search(r"orders.py::customers +40 % +40 % +1,234,567 +1.67x", text)
    assert re.search(r"orders.py::a_function_whose\S+… +10 % ", text)
    assert "and 12 more, too little to gain" in text
    assert "✓ kept 1.31x [1.27, 1.35] orders.py::total (rules: sum)" in text
    assert "✗ calls: orders.py::customers (anthropic:NAME): customers differs from the base" in text
    assert "▸ anthropic:NAME on orders.py::report" in text
    assert " ✓ duplicate, guard, calls, near tests, output, tests, coverage, require, timing\n" in text
    assert "10 of 30 pairs, 1.20x [1.05, 1.33], at most 1 min 20 s left" in text  # 40 s for 10, so 80 s for 20
    assert "✓ base  ✓ profile  ▸ search (round 2)" in text
    assert "12.3k of 500k tokens, $0.04 of $2" in text
    assert "1 min 00 s gone, at most 29 min 00 s left · Ctrl-C stops, what is kept stays" in text


@pytest.mark.parametrize(("plan", "end"), [("a set\nmore", "m.py::f: a set"), ("", "m.py::f")])
def test_what_is_tried_is_named_with_the_first_line_of_its_plan_if_there_is_one(plan: str, end: str) -> None:
    spot = Hotspot(Function("m.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
    assert words.event(Proposal("agent:x", spot, plan)) == [f"trying agent:x on {end}"]


def test_on_a_low_terminal_what_was_kept_and_what_is_done_stay_longest() -> None:
    rows = shown(80, 10)
    assert any(row.startswith("✓ kept 1.31x") for row in rows)
    assert not any(row.startswith("✗") for row in rows)
    assert any("confirmation: 10 of 30 pairs" in row for row in rows)


def test_a_run_that_is_over_time_says_when_it_ends() -> None:
    state = live.State(budget=live.Budget(60.0), started=0.0)
    stream = io.StringIO()
    Screen(file=stream, width=80).print(live.screen(state, 75.0, Text("*")))
    assert "1 min 15 s gone, its time is over: ends after this" in stream.getvalue()


def on_a_terminal(width: int, height: int, **environment: str) -> str:
    """What the played run writes to a terminal of this size."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
    script = Path(played_run.__file__)
    process = subprocess.Popen(
        [sys.executable, str(script), "0.02"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**clean, "TERM": "xterm-256color", **environment},
    )
    os.close(follower)
    written = b"".join(chunks(leader))
    os.close(leader)
    assert process.wait(30) == 0, written.decode()
    return written.decode()


def chunks(leader: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux says so when the last writer is gone
            return
        if not chunk:
            return
        yield chunk


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_a_real_terminal_is_redrawn_and_left_with_the_verdicts(width: int, height: int) -> None:
    written = on_a_terminal(width, height)
    assert MOVES.search(written)
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")  # the cursor is back
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", written).replace("\r\n", "\n").replace("\r", "\n")
    assert max(map(cell_len, plain.splitlines())) <= width
    left = plain[plain.rindex("Ctrl-C stops") :]
    assert left.count("✗ calls: ") == 9
    assert "✓ kept 1.31x" in left


def test_without_colour_nothing_is_coloured() -> None:
    assert re.search(r"\x1b\[(?:\d+;)*3\d", on_a_terminal(80, 24))
    assert not re.search(r"\x1b\[(?:\d+;)*[349]\d", on_a_terminal(80, 24, NO_COLOR="1"))


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"TERM": "dumb"}], ids=["CI", "dumb"])
def test_a_recorded_or_dumb_terminal_gets_one_line_an_event(environment: dict[str, str]) -> None:
    written = on_a_terminal(80, 24, **environment)
    assert not MOVES.search(written)
    assert all(line.startswith("[") for line in re.sub(r"\x1b\[[\d;]*m", "", written).splitlines())
    assert written.count("turned down at calls") == 9


def test_a_pipe_gets_one_line_an_event_also_where_colour_is_forced() -> None:
    script = Path(played_run.__file__)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env={**os.environ, "FORCE_COLOR": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert not MOVES.search(done.stderr)
    assert "note: no --workload given" in done.stderr
    assert "kept 1.31x [1.27, 1.35] orders.py::total" in done.stderr


def test_a_budget_is_shown_only_where_there_is_one_and_somebody_counts() -> None:
    used = Usage(999, 0, 1, 0, 0.5)
    assert words.spent(used, None, None) == words.tokens(used)
    assert words.spent(used, 2.0, None) == "1k tokens, $0.50 of $2"
    assert words.spent(Usage(), None, 900) == "0 of 900 tokens, $0.00"
    assert words.spent(Usage(known=False), 2.0, None) == words.tokens(Usage(known=False))
