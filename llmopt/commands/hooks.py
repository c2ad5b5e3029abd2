"""A repository's .pre-commit-config.yaml in, the same with llmopt's hooks out; all else in it stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

from llmopt import __version__
from llmopt.errors import ProjectError, UsageError
from llmopt.folders import rewrite

FILE = ".pre-commit-config.yaml"
URL = "https://github.com/llmopt/llmopt"
HOOKS = ("llmopt-check", "llmopt-guard")  # the third one looks for faster code on each push: for who wants that
INSTALL = "pre-commit install --hook-type pre-commit --hook-type pre-push"


def write(root: Path) -> Path:
    """Write or extend the file; UsageError where it has the hooks already, or is laid out in a way not known here."""
    file = root / FILE
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        rewrite(file, extended(before).encode())
    except OSError as problem:
        raise ProjectError(f"cannot write {file}: {problem.strerror}", "add the hooks by hand: docs/hooks.md") from None
    return file


def extended(text: str) -> str:
    """The configuration with the hooks after its other repositories."""
    if "llmopt-" in text:
        raise UsageError(f"{FILE} has llmopt's hooks already", "docs/hooks.md says what they take")
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if re.fullmatch(r"repos:\s*(#.*)?", line)), None)
    if start is None:
        if re.search(r"^[\"']?repos\b", text, re.MULTILINE):
            raise UsageError(f"{FILE} does not list its repos one a line", f"add the hooks by hand:\n{block('')}")
        return "\n".join([*lines, "repos:", block(""), ""])
    end = _end_of_list(lines, start)
    item = next((line for line in lines[start + 1 : end] if line.lstrip().startswith("- ")), "")
    indent = item[: len(item) - len(item.lstrip())]
    return "\n".join([*lines[:end], block(indent), *lines[end:], ""])


def _end_of_list(lines: list[str], start: int) -> int:
    """The line behind the last one of the list; blank lines and comments before the next key are not of it."""
    end = start + 1
    for number, line in enumerate(lines[start + 1 :], start + 1):
        if line and not line.startswith((" ", "-", "#")):
            break
        if line.strip() and not line.startswith("#"):
            end = number + 1
    return end


def block(indent: str) -> str:
    """The list's item for llmopt."""
    rows = [f"- repo: {URL}", f"  rev: v{__version__}", "  hooks:", *(f"  - id: {hook}" for hook in HOOKS)]
    return "\n".join(f"{indent}{row}" for row in rows)
