"""Edits that change nothing, or were tried before, are turned down before anything runs, by normalised syntax tree."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping

from llmopt.checks.normal import normalised
from llmopt.checks.sources import parse
from llmopt.data import Base, Candidate, Check, Finding
from llmopt.errors import EditError

GONE = "gone = True"  # in place of a candidate's file that cannot be read: unlike what was there
ReadCommit = Callable[[str, str], str]  # commit, path -> text; EditError when the file is not there


def check(read: ReadCommit, tried: Callable[[], Collection[str]]) -> Check:
    """`tried` gives the syntax fingerprints of earlier candidates; this one's is left in the evidence."""

    def duplicate(candidate: Candidate, base: Base) -> Finding:
        old = {path: _read(read, base.commit, path) for path in candidate.changed}
        new = {path: _read(read, candidate.commit, path, GONE) for path in candidate.changed}
        for path, text in new.items():
            # A base that fails too is written for a newer Python than llmopt's own: its interpreter will tell.
            if path.endswith((".py", ".pyi")) and (problem := syntax_problem(text)) and not syntax_problem(old[path]):
                return Finding(False, f"{path} does not compile: {problem}")
        mark = fingerprint(new)
        if mark == fingerprint(old):
            return Finding(
                False, "changes nothing but comments, layout, annotations or the names of locals", {"syntax": mark}
            )
        if mark in tried():
            return Finding(False, "the same code was tried before", {"syntax": mark})
        return Finding(True, "", {"syntax": mark})

    return duplicate


def _read(read: ReadCommit, commit: str, path: str, otherwise: str = "") -> str:
    try:
        return read(commit, path)
    except EditError:
        return otherwise  # a new file, one that is gone, or no text


def syntax_problem(text: str) -> str:
    """What the parser says of a Python source, "" when it parses."""
    try:
        parse(text)
    except SyntaxError as problem:
        return str(problem)
    return ""


def fingerprint(files: Mapping[str, str]) -> str:
    """The same for sources that only read differently."""
    parts = [(path, _normalised(text)) for path, text in sorted(files.items())]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _normalised(text: str) -> tuple[str, ...]:
    try:
        return normalised(text)
    except SyntaxError:
        return (text,)
