"""Unified diffs that are applied to a text."""

import re
from typing import List, NamedTuple, Sequence


class PatchError(ValueError):
    """A patch that cannot be read or does not fit the text."""


class PatchHunk(NamedTuple):
    """`lines` are the lines of the hunk with their mark; `start` is the index of the first old line."""

    start: int
    old_count: int
    new_count: int
    lines: List[str]


class Patch:
    """The hunks of one file."""

    def __init__(self, hunks: Sequence[PatchHunk]) -> None:
        self.hunks = list(hunks)

    @classmethod
    def parse(cls, text: str) -> "Patch":
        """Read a unified diff of one file."""
        lines = text.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        hunks: List[PatchHunk] = []
        while lines:
            line = lines.pop(0)
            match = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
            if match is None:
                if hunks or not line.startswith(("--- ", "+++ ")):
                    raise PatchError("not a line of a patch: %r" % line)
                continue
            old_count = int(match.group(2)) if match.group(2) else 1
            new_count = int(match.group(4)) if match.group(4) else 1
            start = int(match.group(1)) - (1 if old_count else 0)
            hunks.append(PatchHunk(start, old_count, new_count, cls.take(lines, old_count, new_count)))
        return cls(hunks)

    @staticmethod
    def take(lines: List[str], old_count: int, new_count: int) -> List[str]:
        """Take the lines of a hunk from the front of `lines`."""
        taken: List[str] = []
        while old_count > 0 or new_count > 0:
            if not lines or lines[0][:1] not in (" ", "-", "+"):
                raise PatchError("a hunk ends too early")
            line = lines.pop(0)
            taken.append(line)
            if line[0] in " -":
                old_count -= 1
            if line[0] in " +":
                new_count -= 1
        if old_count or new_count:
            raise PatchError("the lines of a hunk do not fit its header")
        return taken

    def apply(self, lines: Sequence[str]) -> List[str]:
        """The new text; PatchError if a line is not as the patch expects it."""
        pending = list(lines)
        result: List[str] = []
        done = 0
        for hunk in self.hunks:
            if hunk.start < done:
                raise PatchError("the hunks are not in order")
            while done < hunk.start and pending:
                result.append(pending.pop(0))
                done += 1
            for line in hunk.lines:
                if line[0] == "+":
                    result.append(line[1:])
                    continue
                if not pending or pending[0] != line[1:]:
                    raise PatchError("line %d is not %r" % (done + 1, line[1:]))
                old = pending.pop(0)
                done += 1
                if line[0] == " ":
                    result.append(old)
        return result + pending
