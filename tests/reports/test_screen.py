"""The console for text of others: no markup, no emoji codes, no escapes but its own."""

from __future__ import annotations

import io

import pytest
from rich.live import Live
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from llmopt.reports.screen import Screen

HOSTILE = "[red]a[/red] :bug: \x1b]0;OWNED\x07\x1b[2Jb\x9b1m \u202ec"
SHOWN = "[red]a[/red] :bug: 0;OWNEDb1m \\u202ec"  # rich takes the bell away, so that the title is text


def table() -> Table:
    made = Table(title=HOSTILE)
    made.add_column("name", overflow="fold")
    made.add_row(HOSTILE)
    return made


@pytest.mark.parametrize(
    "part",
    [HOSTILE, Text(HOSTILE), Text.assemble((HOSTILE, "bold")), table(), Syntax(f"+{HOSTILE}", "diff")],
    ids=["str", "Text", "assembled", "Table", "Syntax"],
)
def test_text_of_others_is_text_in_whatever_it_is_shown(part: object) -> None:
    stream = io.StringIO()
    Screen(file=stream, force_terminal=True, color_system="standard", width=200).print(part)
    written = stream.getvalue()
    assert "\x1b]" not in written
    assert not {*"\x9b\u202e\x07"} & {*written}
    assert "\x1b[2J" not in written
    plain = io.StringIO()
    Screen(file=plain, width=200).print(part)
    assert SHOWN in plain.getvalue()


def test_live_display_shows_it_as_text_too() -> None:
    stream = io.StringIO()
    screen = Screen(file=stream, force_terminal=True, width=200)
    with Live(Text(HOSTILE), console=screen, refresh_per_second=50):
        pass
    assert SHOWN in stream.getvalue()
    assert "\x1b]" not in stream.getvalue()


def test_colours_of_its_own_are_there() -> None:
    stream = io.StringIO()
    Screen(file=stream, force_terminal=True, color_system="standard").print(Text("x", style="red"))
    assert stream.getvalue() == "\x1b[31mx\x1b[0m\n"
