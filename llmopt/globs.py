"""Globs as users and models write them."""

from __future__ import annotations

import re
from collections.abc import Iterator


def spelled_out(glob: str) -> tuple[str, str]:
    """The glob, and the same with each `**/` standing for no folder, which `fnmatch` and `PurePath.match` leave out."""
    return glob, glob.replace("**/", "")


def alternatives(glob: str) -> Iterator[str]:
    """The globs that one with braces stands for: `a/{b,c}.py` is `a/b.py` and `a/c.py`."""
    if found := re.search(r"\{([^{}]*,[^{}]*)\}", glob):
        for each in found[1].split(","):
            yield from alternatives(glob[: found.start()] + each + glob[found.end() :])
    else:
        yield glob
