"""The closing lines of `optimize` on a terminal and through a pipe."""

from __future__ import annotations

import io

import pytest

from llmopt.commands import optimize
from llmopt.reports.screen import Screen

PROSE = "1.47x [1.06, 1.91] faster, as the product of the edits' own measurements (the end-to-end one was not taken)."
COMMAND = f"The edits are on branch llmopt/20261127-094616; take it with `git merge llmopt/{'2' * 60}`."


@pytest.mark.parametrize("is_terminal", [True, False])
def test_prose_is_broken_between_words_on_a_terminal_and_commands_never_are(is_terminal: bool) -> None:
    stream = io.StringIO()
    optimize.say([PROSE, COMMAND], Screen(file=stream, width=80, force_terminal=is_terminal, color_system=None))
    written = stream.getvalue()
    assert COMMAND in written.splitlines()
    assert " ".join(written.split()) == f"{PROSE} {COMMAND}"
    assert len(written.splitlines()) == (3 if is_terminal else 2)
