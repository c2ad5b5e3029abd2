"""A verdict with its diff in, shown to a person on the terminal; what they answer out.

One letter and Enter decides. The end of input and Ctrl-C at a question stop the run with what is kept.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from llmopt import evidence, output
from llmopt.data import Verdict
from llmopt.errors import UsageError
from llmopt.folders import remove
from llmopt.judge import describe
from llmopt.person import Answer, Ask, Question
from llmopt.reports import words
from llmopt.reports.terminal import Shown

SHOWN_LINES = 200  # of a diff
REASON_LINES = 12
EDITOR = "vi"


def refuse_without_terminal() -> None:
    """UsageError where nobody can be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("--interactive needs a terminal to ask on", "leave it out, and look afterwards: llmopt show")


def asking(view: Shown, console: Console) -> Ask:
    """The person at this terminal."""

    def ask(question: Question) -> Answer:
        with view.paused():
            return converse(question, console)

    return ask


def converse(question: Question, console: Console) -> Answer:
    """Show it once, then ask until there is an answer."""
    show(question, console)
    hint = ""
    while True:
        choice = read(console, f"{menu(question)}: ")
        if choice is None or choice == "q":
            return Answer("stop")
        if choice == "s":
            return Answer("skip", hint)
        if choice == "a" and question.may_keep and sure(question.verdict, console):
            return Answer("keep", hint)
        if choice == "h" and question.may_hint:
            hint = read(console, "what the next request is to say: ") or hint
        elif choice == "e" and (files := edit(question.files, console)):
            return Answer("edit", hint, files)


def menu(question: Question) -> str:
    """What can be typed."""
    keep = ("[a] keep",) if question.verdict.accepted else ("[a] keep by hand",)
    hint = ("[h] give a hint",) if question.may_hint else ()
    return "  ".join((*(keep if question.may_keep else ()), "[s] skip", *hint, "[e] edit by hand", "[q] stop"))


def read(console: Console, prompt: str) -> str | None:
    """One line without the blanks around it; None at the end of input and after Ctrl-C."""
    try:
        console.print(prompt, style="bold", end="", soft_wrap=True)
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        line = ""
    if not line:
        console.print()
        return None
    return line.strip()


def sure(verdict: Verdict, console: Console) -> bool:
    """Is the person, where the judge is not?"""
    if verdict.accepted:
        return True
    return (
        read(console, "no gain was shown, or it is in doubt; keep it all the same, on your word? type yes: ") == "yes"
    )


def show(question: Question, console: Console) -> None:
    """The diff, then the numbers: what is decided about stands last."""
    lines = question.diff.splitlines()
    diff = "\n".join(lines[:SHOWN_LINES])
    console.print()
    if diff:
        console.print(Syntax(diff, "diff", background_color="default") if console.is_terminal else Text(diff))
    if len(lines) > SHOWN_LINES:
        commit = question.verdict.commit[:12]
        console.print(f"… {len(lines) - SHOWN_LINES} more lines: git show {commit}", style="dim")
    for number, line in enumerate(about(question.verdict)):
        console.print(line, style="bold" if number == 0 else None, soft_wrap=True)


def about(verdict: Verdict) -> Iterator[str]:
    """What was found, in lines."""
    end = "passed all checks" if verdict.accepted else f"turned down at {verdict.stage}"
    end = "put aside for you" if verdict.put_aside else end
    yield output.one_line(f"{verdict.function} by {verdict.author}: {end}")
    if verdict.plan:
        yield f"  plan: {words.first_line(verdict.plan, 400)}"
    if verdict.interval != (0.0, 0.0):
        yield f"  speedup: {describe(verdict.speedup, verdict.interval)}"
    if not verdict.accepted:
        yield from (f"  {line}" for line in output.plain(verdict.reason).splitlines()[:REASON_LINES])
    yield f"  evidence: {evidence.line(verdict.evidence)}"


# --- the editor ------------------------------------------------------------------------------------------------


def edit(files: Mapping[str, str], console: Console) -> dict[str, str]:
    """The files as the person's editor leaves them; {} with a word why where nothing comes of it."""
    folder = Path(tempfile.mkdtemp(prefix="llmopt-edit-"))
    try:
        paths = {name: written(folder / name, text) for name, text in files.items()}
        if problem := run_editor(list(paths.values()), folder):
            console.print(problem)
            return {}
        edited = {name: path.read_text(encoding="utf-8").replace("\r\n", "\n") for name, path in paths.items()}
    except (OSError, UnicodeDecodeError) as problem:
        console.print(f"what the editor left cannot be read: {problem}")
        return {}
    finally:
        remove(folder)
    if edited == dict(files):
        console.print("nothing was changed")
        return {}
    return edited


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def run_editor(paths: list[Path], folder: Path) -> str:
    """Why the editor did not do its work, "" when it did."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or EDITOR
    try:
        with undisturbed():
            done = subprocess.run([*shlex.split(command), *map(str, paths)], cwd=folder, check=False)
    except (OSError, ValueError) as problem:
        return f"the editor {command!r} cannot be run: {problem}; set EDITOR"
    return f"the editor ended with exit code {done.returncode}: nothing is taken over" if done.returncode else ""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C is the editor's while it runs."""

    def ignore(number: int, frame: FrameType | None) -> None:
        return None

    before = signal.signal(signal.SIGINT, ignore)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
