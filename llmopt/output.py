"""The last words of a command: the end of what it printed as one short line, without terminal escapes."""

from __future__ import annotations

import re

from llmopt.data import Limits, Ran

LINES = 3
CHARACTERS = 400
# ECMA-48 control sequences, operating-system commands (titles, links) and other two-character escapes.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text without escapes and control characters; a carriage return ends a line, as progress bars mean it."""
    return CONTROLS.sub("", ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def last_words(ran: Ran) -> str:
    """The last lines of stderr, or of stdout when that is empty, joined to one."""
    for text in (ran.stderr, ran.stdout):
        lines = [line.strip() for line in plain(text).splitlines() if line.strip(" ^~")]  # not a traceback's marks
        if lines:
            return " | ".join(lines[-LINES:])[-CHARACTERS:]
    return ""


def ending(ran: Ran, limits: Limits, flag: str) -> str:
    """How a command that did not do its job ended, in words; `flag` is the option that gives it more time."""
    if ran.exceeded:
        how = f"was ended: it used more than {ran.exceeded}"
    elif ran.timed_out:
        how = f"timed out after {limits.seconds:g} s ({flag})"
    elif ran.exit_code < 0:
        how = f"was ended by signal {-ran.exit_code}"
    else:
        how = f"ended with exit code {ran.exit_code}"
    words = last_words(ran)
    return f"{how}: {words}" if words else how
