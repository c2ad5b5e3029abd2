"""The command line of a coding agent as a user writes it in; the words that start it on one text out.

An agent is no model: it does not answer, it edits files. It is named like one all the same, after `--model`.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from llmopt.errors import UsageError

KIND = "agent"
PROMPT, PROMPT_FILE, TREE, MCP = "{prompt}", "{prompt_file}", "{tree}", "{mcp}"
PLACEHOLDERS = (PROMPT, PROMPT_FILE, TREE, MCP)
# One argument may be 128 kB long on Linux (MAX_ARG_STRLEN); a longer text is named instead.
ARGUMENT_BYTES = 120_000


def is_agent(spec: str) -> bool:
    """Does the specification of a model name an agent?"""
    return spec.strip().partition(":")[0].strip().lower() == KIND


def command_of(spec: str) -> str:
    """The command line in the specification "agent:COMMAND"."""
    return spec.partition(":")[2].strip()


def words_of(command: str) -> tuple[str, ...]:
    """The words of a command line, its program by its whole path; UsageError where there is no such program."""
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise UsageError(
            f"the agent's command {command!r} cannot be read: {problem}", "quote it as for a shell"
        ) from None
    if not words:
        raise UsageError("the model agent: names no command", "write agent:COMMAND, such as agent:'claude -p'")
    program = shutil.which(str(Path(words[0]).expanduser()) if "/" in words[0] else words[0])
    if program is None:
        where = "does not exist or cannot be run" if "/" in words[0] else "is not on the PATH"
        raise UsageError(f"the agent's command {words[0]!r} {where}", "install it, or name it by its whole path")
    return (str(Path(program).absolute()), *words[1:])


def takes_input(words: tuple[str, ...]) -> bool:
    """Does the text go to its standard input? It does unless some word has a place for it."""
    return not any(PROMPT in word or PROMPT_FILE in word for word in words)


def wants_tools(words: tuple[str, ...]) -> bool:
    """Does it get tools by the Model Context Protocol? It does where some word has a place for their file."""
    return any(MCP in word for word in words)


def filled(words: tuple[str, ...], prompt: str, file: Path, tree: Path, mcp: Path | None = None) -> tuple[str, ...]:
    """The words with their placeholders filled; other braces stay as they are. `mcp` tells how its tools start."""
    if len(prompt.encode("utf-8", "replace")) > ARGUMENT_BYTES:
        prompt = f"Read {file} and do what it says."
    places = {PROMPT_FILE: str(file), TREE: str(tree), MCP: str(mcp or ""), PROMPT: prompt.replace("\0", "")}
    return tuple(_filled(word, places) for word in words)


def _filled(word: str, places: dict[str, str]) -> str:
    """The text comes last, so that what looks like a placeholder in it is left alone."""
    for name, value in places.items():
        word = word.replace(name, value)
    return word
