"""Two commits in, replacements of whole lines out; and which of them lie inside of a pull request's diff.

GitHub takes a suggestion for lines that one hunk of the diff shows on its right side, and for no others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from llmopt import git, scopes
from llmopt.ci.result import Edit, Suggestion
from llmopt.prompts import fenced

HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
NEAR = 3  # lines: closer replacements are one, as git's hunks are
Ranges = Mapping[str, Sequence[tuple[int, int]]]  # path -> first and last line of each hunk on the right side


# --- replacements ----------------------------------------------------------------------------------------------


def groups(root: Path, head: str, final: str, edits: Sequence[Edit]) -> tuple[tuple[Suggestion, ...], ...]:
    """What turns `head` into `final`. Files that an edit changes together are one group: it is whole or nothing."""
    changed = scopes.changes(root, head, final)
    texts = {each.path: (each.old, each.new) for each in changed}
    if set(git.changed(root, head, final)) - {path for path, (old, new) in texts.items() if old and new}:
        return ()  # files that are new, gone or no Python cannot be suggested
    return tuple(
        tuple(each for path in paths for each in replacements(path, *texts[path], _numbers(paths, edits)))
        for paths in _together(sorted(texts), edits)
    )


def _together(paths: Sequence[str], edits: Sequence[Edit]) -> list[list[str]]:
    """The files in sets that no edit joins."""
    sets = [{path} for path in paths]
    for edit in edits:
        own = set(_files(edit))
        sets = [each for each in sets if not each & own] + [set().union(*(each for each in sets if each & own))]
    return [sorted(each) for each in sets if each]


def _files(edit: Edit) -> list[str]:
    """The files that an edit changes, as its evidence says."""
    named = edit.evidence.get("files", "")
    return [part.strip() for part in named.split(",") if part.strip()] or [edit.path]


def _numbers(paths: Sequence[str], edits: Sequence[Edit]) -> tuple[int, ...]:
    return tuple(edit.number for edit in edits if set(_files(edit)) & set(paths))


def replacements(path: str, old: str, new: str, edits: tuple[int, ...] = ()) -> Iterator[Suggestion]:
    """The lines that differ; an insertion takes the line beside it along, as a suggestion must replace something."""
    before, after = old.split("\n"), new.split("\n")
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for i1, i2, j1, j2 in _merged([each[1:] for each in matcher.get_opcodes() if each[0] != "equal"]):
        if i1 == i2 and i1:
            i1, j1 = i1 - 1, j1 - 1
        elif i1 == i2:
            i2, j2 = i2 + 1, j2 + 1
        yield Suggestion(
            path=path, start=i1 + 1, end=i2, old=tuple(before[i1:i2]), new=tuple(after[j1:j2]), edits=edits
        )


def _merged(blocks: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Blocks with few lines between them as one."""
    found: list[tuple[int, int, int, int]] = []
    for block in blocks:
        if found and block[0] - found[-1][1] <= NEAR:
            found[-1] = (found[-1][0], block[1], found[-1][2], block[3])
        else:
            found.append(block)
    return found


# --- where a pull request shows them ---------------------------------------------------------------------------


def shown(patch: str) -> list[tuple[int, int]]:
    """The lines of the right side that the hunks of a file's patch show."""
    found = [(int(start), int(count or 1)) for start, count in HUNK.findall(patch)]
    return [(start, start + count - 1) for start, count in found if count]


def placed(
    groups: Sequence[Sequence[Suggestion]], ranges: Ranges
) -> tuple[list[Suggestion], list[Sequence[Suggestion]]]:
    """The suggestions of groups that lie in the diff as a whole, and the other groups."""
    inside: list[Suggestion] = []
    outside: list[Sequence[Suggestion]] = []
    for group in groups:
        if group and all(_is_shown(each, ranges) for each in group):
            inside += group
        else:
            outside.append(group)
    return inside, outside


def _is_shown(each: Suggestion, ranges: Ranges) -> bool:
    return any(start <= each.start and each.end <= end for start, end in ranges.get(each.path, ()))


# --- as review comments ----------------------------------------------------------------------------------------

MARK = "<!-- llmopt:suggestion {} -->"
MARKED = re.compile(r"<!-- llmopt:suggestion ([0-9a-f]{16}) -->")


def name(each: Suggestion) -> str:
    """What the same suggestion on the same lines has again in a later run."""
    text = "\0".join([each.path, "\n".join(each.old), "\n".join(each.new)])
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def block(each: Suggestion) -> str:
    """What GitHub shows with a button that commits it; no line in it can end it."""
    fence = fenced("\n".join(each.new), "").partition("\n")[0]
    return "\n".join([f"{fence}suggestion", *each.new, fence])
