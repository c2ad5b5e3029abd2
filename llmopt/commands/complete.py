"""Completion in a shell: the beginning of a word in, what it may become out; nothing heavy is imported for a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

MODELS = ("rules", "anthropic:", "openai:", "manual:", "replay:", "agent:")
NEWEST_RUNS = 20
Complete = Callable[[str], list[str]]


def one_of(*words: str) -> Complete:
    """Completes to one of these."""

    def complete(incomplete: str) -> list[str]:
        return beginning(words, incomplete)

    return complete


def beginning(words: Sequence[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """The runs on the repository around the current folder, newest first."""
    from llmopt.commands import here

    folder = Path.cwd()
    names = here.names_of_runs((here.root_above(folder) or folder) / ".llmopt")
    return beginning(["last", *reversed(names[-NEWEST_RUNS:])] if names else [], incomplete)


def topics(incomplete: str) -> list[str]:
    """What `llmopt help` knows."""
    from llmopt.commands import help as command

    return beginning([*command.TOPICS], incomplete)
