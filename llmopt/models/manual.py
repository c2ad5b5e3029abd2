"""A person, a chat or another agent as the model: each request is a numbered Markdown file, its answer the file beside.

DIR/001-request.md is written and DIR/001-reply.md awaited. A request that is there already keeps its number, and its
reply, so that a resumed run asks nothing twice.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from llmopt.data import Conversation, Model, Reply, Usage
from llmopt.errors import ModelError, UsageError
from llmopt.models.prices import estimate_input, estimate_tokens

POLL_SECONDS = 1.0
WAIT_SECONDS = 24 * 3600.0
NUMBERED = re.compile(r"(\d+)-(?:request|reply)\.md")

# Shows a request to a person at once and returns the answer they gave at once, or None to wait for the file.
Ask = Callable[[Path, Path], str | None]


def open_manual(
    folder: Path,
    wait_seconds: float = WAIT_SECONDS,
    ask: Ask | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Model:
    """The model whose requests and replies are files in `folder`; UsageError when that cannot be written.

    Tokens are estimated and cost 0.0: what the person's own chat costs is not known here.
    """
    make_folder(folder)
    taken: set[int] = set()
    numbering = threading.Lock()

    def answer(conversation: Conversation) -> Reply:
        with numbering:  # several may be asked side by side
            number = number_of(conversation, folder, taken)
            taken.add(number)
            request, reply = request_path(folder, number), reply_path(folder, number)
            write_once(request, render(conversation, number))
        text = read_reply(reply)
        if not text and ask is not None and (text := ask(request, reply) or ""):
            write_once(reply, text)
        text = text or wait_for(reply, wait_seconds, sleep, now)
        usage = Usage(input_tokens=estimate_input(conversation), output_tokens=estimate_tokens(text))
        return Reply(text, "manual", usage)

    return answer


# --- the files -------------------------------------------------------------------------------------------------


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write requests to {folder}: {error.strerror}", "name another folder") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write requests to {folder}: permission denied", "name another folder")


def request_path(folder: Path, number: int) -> Path:
    return folder / f"{number:03}-request.md"


def reply_path(folder: Path, number: int) -> Path:
    return folder / f"{number:03}-reply.md"


def number_of(conversation: Conversation, folder: Path, taken: set[int]) -> int:
    """The number of the same request from an earlier run, unless this run `taken` it; else the next free one."""
    numbers = sorted(set(numbers_in(folder)))
    for number in numbers:
        if number not in taken and holds(request_path(folder, number), render(conversation, number)):
            return number
    return max(numbers, default=0) + 1  # past stray replies too: they answer something else


def numbers_in(folder: Path) -> Iterator[int]:
    for path in folder.iterdir():
        if match := NUMBERED.fullmatch(path.name):
            yield int(match[1])


def holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == encoded(text)
    except OSError:
        return False


def render(conversation: Conversation, number: int) -> str:
    """The request as Markdown. The prompt stands below its own headings and is not fenced: it holds fences itself."""
    reply = reply_path(Path(), number).name
    parts = [
        f"# {number:03}: {conversation.subject}",
        f"> Answer everything below the line, as if you were asked it in a chat, and save the answer as `{reply}` in\n"
        "> this folder. Save it once it is whole. This file may be handed to any chat, person or agent as it is.",
        "---",
        *(f"## {message.role.capitalize()}\n\n{message.text.strip()}" for message in conversation.messages),
    ]
    return "\n\n".join(parts) + "\n"


def write_once(path: Path, text: str) -> None:
    """Write a file whole or not at all; the same content again leaves it untouched."""
    if holds(path, text):
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(encoded(text))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ModelError(f"cannot write {path}: {error.strerror}", "free some space or name another folder") from error


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # sources in odd encodings may have left half characters


def read_reply(path: Path) -> str:
    """The reply, "" when there is none yet or it is still empty."""
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}", "make it a readable file") from error


def wait_for(path: Path, wait_seconds: float, sleep: Callable[[float], None], now: Callable[[], float]) -> str:
    """The reply once it is there, not empty, and unchanged from one look to the next; ModelError after the deadline."""
    deadline, before = now() + wait_seconds, signature(path)
    while now() < deadline:
        sleep(POLL_SECONDS)
        seen = signature(path)
        if seen == before and seen is not None and (text := read_reply(path)):
            return text
        before = seen
    raise ModelError(
        f"no answer in {path} after {wait_seconds:.0f} s",
        f"read {path.name.replace('reply', 'request')} beside it, write the answer to {path}, and resume the run",
    )


def signature(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


# --- on a terminal ---------------------------------------------------------------------------------------------

END_OF_ANSWER = "/end"
# xterm drops what is longer; others allow more.
OSC52_BYTES = 74_994
COPY_SECONDS = 5.0

# pyperclip was looked at: it runs these same programs, has no OSC 52 (the one way that works over ssh), and raises its
# own error where there is no display; a dependency for four command lines is not worth it.
COPIERS = (
    ("pbcopy",),
    ("wl-copy",),
    ("xclip", "-selection", "clipboard"),
    ("xsel", "--clipboard", "--input"),
)
NEEDS = {"wl-copy": "WAYLAND_DISPLAY", "xclip": "DISPLAY", "xsel": "DISPLAY"}


def terminal_ask(request: Path, reply: Path) -> str | None:
    """Copy the request for pasting into a chat, and read the pasted answer from the terminal."""
    return converse(request, reply, sys.stdin, sys.stderr)


def on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def converse(request: Path, reply: Path, typed: TextIO, shown: TextIO) -> str | None:
    """The terminal's side of one question; None when the person presses Enter only, to answer by the file."""
    copied = copy(request.read_text(encoding="utf-8"), shown)
    shown.write(f"\nThe request is in {request}{', and copied to the clipboard' if copied else ''}.\n")
    shown.write(f"Paste the answer and end it with a line {END_OF_ANSWER}, or press Enter and write {reply}: ")
    shown.flush()
    lines = list(pasted(typed))
    return "".join(lines) if any(line.strip() for line in lines) else None


def pasted(typed: TextIO) -> Iterator[str]:
    """The lines up to the end mark or the end of input; nothing when the first is empty."""
    for position, line in enumerate(iter(typed.readline, "")):
        if line.strip() == END_OF_ANSWER or (position == 0 and not line.strip()):
            return
        yield line


def copy(text: str, shown: TextIO) -> bool:
    """Put `text` on the clipboard by a program if there is one, else by the terminal itself (OSC 52)."""
    if any(copy_by(command, text) for command in COPIERS):
        return True
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > OSC52_BYTES:
        return False
    shown.write(f"\033]52;c;{encoded}\a")
    return True


def copy_by(command: tuple[str, ...], text: str) -> bool:
    variable = NEEDS.get(command[0])
    if (variable and not os.environ.get(variable)) or not shutil.which(command[0]):
        return False
    try:
        # xclip stays behind to serve the clipboard: with our pipes it would keep us waiting.
        done = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=COPY_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
