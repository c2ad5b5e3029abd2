"""Text that somebody else wrote in, text that a terminal only shows out; and the last words of a command.

Whatever llmopt prints goes through `plain` (by `say`, or by `reports.screen` for what has colours): names of files and
tests, what the target printed, replies of models, messages of commits. What llmopt records stays exact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmopt.data import Limits, Ran

LINES = 3
CHARACTERS = 400
# ECMA-48 control sequences, operating-system commands (titles, links) and other two-character escapes.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# What changes how the text around it looks without being seen: directions of writing, line separators, marks of width
# zero and tags; and half characters, which no stream takes. They are shown as escapes, so that a reader notices them.
UNSEEN = re.compile(
    "[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
# What the socket module ends with where a filter of system calls refuses it, as under Landlock.
REFUSED_SOCKET = re.compile(r"socket\b.*PermissionError: \[Errno 1\]")


def plain(text: str) -> str:
    """The text without escapes and control characters; a carriage return ends a line, as progress bars mean it."""
    lines = ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return UNSEEN.sub(_written_out, CONTROLS.sub("", lines))


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("ascii", "backslashreplace").decode()


def one_line(text: str) -> str:
    """The same on one line: a name that holds a line end cannot pass for a line of llmopt's own."""
    return " ".join(plain(text).split("\n"))


def say(text: str) -> None:
    """Print lines that may hold what others wrote."""
    print(plain(text))


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
    if REFUSED_SOCKET.search(words):
        how += " (the sandbox lets it open no sockets: --allow-network)"
    return f"{how}: {words}" if words else how
