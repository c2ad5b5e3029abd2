"""Lines of the repository's Python files that a regular expression matches.

An expression may take for ever, and Python's engine cannot be interrupted: it runs in a process that is ended in time.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmopt.data import ReadFile, Tool
from llmopt.errors import EditError
from llmopt.globs import alternatives, spelled_out
from llmopt.search.tools.workshop import Shown, Told, ToolError, Workshop, schema

TOOL = Tool(
    "search",
    "Lines of its Python files that a regular expression matches; glob narrows the paths.",
    schema({"pattern": "string"}, glob="string"),
)
MATCHING = Path(__file__).with_name("matching.py")
SECONDS = 5.0
ALTERNATIVES = 64  # that the braces of a glob stand for
LONGEST = 300  # characters of an expression or a glob
FILES, MATCHES, WIDTH = 60, 60, 200
TEXT = 64 * 1024**2  # characters of all files that are searched


def is_there(shop: Workshop) -> bool:
    return True


def answer(arguments: Mapping[str, Any], shop: Workshop) -> Told:
    pattern, glob = arguments["pattern"], arguments.get("glob", "*")
    if not pattern or max(len(pattern), len(glob)) > LONGEST:
        raise ToolError(f"pattern and glob have 1 to {LONGEST} characters")
    globs = list(itertools.islice(alternatives(glob), ALTERNATIVES))
    paths = [path for path in shop.facts.files if any(_fits(path, each) for each in globs)]
    # Looking for secrets takes longer than searching: it is done in the files that match. What matches there only as
    # long as a secret is in it does not count, or a pattern could spell the secret out.
    holding = list(_matches(pattern, paths, shop.masks.original))[:FILES]
    found = _matches(pattern, holding, shop.masks.as_sent)
    rows = [(path, number, text) for path, lines in found.items() for number, text in lines]
    if not rows:
        return Told(f"no line of {len(paths)} files matches")
    shown: Shown = {path: frozenset(number for number, _ in lines) for path, lines in found.items()}
    more = f"… {len(rows) - MATCHES} more lines match" if len(rows) > MATCHES else ""
    listed = [f"{path}:{number}:{text.rstrip()[:WIDTH]}" for path, number, text in rows[:MATCHES]]
    return Told("\n".join(filter(None, [*listed, more])), shown if not more else {})


def _fits(path: str, glob: str) -> bool:
    """As in a shell, but `*` also takes folders; `**/` may be none, and a glob may be the end of a path."""
    return any(fnmatch.fnmatchcase(path, each) for each in (*spelled_out(glob), f"*/{glob}"))


def _matches(pattern: str, paths: Sequence[str], read: ReadFile) -> dict[str, list[tuple[int, str]]]:
    """The lines that match, by path. ToolError for what is no expression, or takes too long."""
    texts: dict[str, str] = {}
    room = TEXT
    for path in paths:
        with suppress(EditError):
            texts[path] = read(path)
            room -= len(texts[path])
        if room < 0:
            raise ToolError("the files are too large to be searched together: narrow them by glob")
    return _matched(pattern, texts)


def _matched(pattern: str, texts: Mapping[str, str]) -> dict[str, list[tuple[int, str]]]:
    command = [sys.executable, "-I", "-S", str(MATCHING)]
    # ASCII, so that no text of a strange encoding stops it.
    asked = json.dumps({"pattern": pattern, "texts": texts, "most": 10 * MATCHES}).encode()
    try:
        done = subprocess.run(command, input=asked, capture_output=True, timeout=SECONDS, check=False, env={})
    except subprocess.TimeoutExpired:
        raise ToolError(f"the expression took longer than {SECONDS:g} s: write a simpler one") from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise ToolError("the expression takes too much memory: write a simpler one") from None
    if problem := told["problem"]:
        raise ToolError(f"no regular expression of Python: {problem}")
    return {path: [(number, text) for number, text in lines] for path, lines in told["found"].items()}
