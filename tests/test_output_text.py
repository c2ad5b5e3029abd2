"""Text of others as a terminal may show it: nothing that steers the terminal, deceives the eye, or breaks a stream."""

from __future__ import annotations

import ast
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmopt
from llmopt import output

PACKAGE = Path(llmopt.__file__).parent


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;never ended", "52;c;never ended"),
        ("\x1b\x1b[31m[31mtwice", "[31mtwice"),
        ("\x9b31mC1\x85\x90q\x9c", "31mC1q"),
        ("\x1bP1$qm\x1b\\dcs", "1$qmdcs"),
        ("50 %\r100 %", "50 %\n100 %"),
        ("a\x08\x08b\x00\x07", "ab"),
        ("abc\u202egpj.exe\u2066", "abc\\u202egpj.exe\\u2066"),
        ("a\u2028b\ufeff\u200b", "a\\u2028b\\ufeff\\u200b"),
        ("\udcff.py", "\\udcff.py"),
        ("hidden\U000e0041", "hidden\\U000e0041"),
        ("tab\tand\nline, ünï👩\u200d🚀", "tab\tand\nline, ünï👩\u200d🚀"),
    ],
)
def test_what_steers_a_terminal_is_left_out_and_what_deceives_is_written_out(text: str, shown: str) -> None:
    assert output.plain(text) == shown


@given(st.text(st.characters(), max_size=60) | st.text("\x1b[]()0;1mJ\x07\\\x9b\r\n\u202e", max_size=60))
def test_nothing_that_is_shown_is_a_control(text: str) -> None:
    shown = output.plain(text)
    shown.encode()
    assert {c for c in shown if unicodedata.category(c) == "Cc"} <= {"\t", "\n"}
    assert not {*shown} & {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"}
    assert output.plain(shown) == shown
    assert "\n" not in output.one_line(text)


def prints(path: Path) -> list[str]:
    """The calls of a file by which it could write to a terminal as they are."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        argument = ast.unparse(node.args[0]) if node.args else ""
        if called == "print" and not argument.startswith(("json.dumps(", "plain(", "f'llmopt: {one_line(text)}'")):
            found.append(f"{path.name}: {ast.unparse(node)}")
        if called in ("Console", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write", "rich.print"):
            found.append(f"{path.name}: {ast.unparse(node)}")
    return found


def test_every_line_that_is_printed_passes_the_one_function() -> None:
    ours = [path for path in PACKAGE.rglob("*.py") if "probe" not in path.parts and path.name != "launcher.py"]
    allowed = {
        "cli.py: typer.echo(f'llmopt {__version__}')",
        "__main__.py: print(f'llmopt {__version__}')",
        # Commands to a runner, with a random word and nothing of anybody's.
        "workflow.py: print(f'::stop-commands::{word}', flush=True)",
        "workflow.py: print(f'::{word}::', flush=True)",
    }
    assert {line for path in ours for line in prints(path)} == allowed
