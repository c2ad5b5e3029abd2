"""Globs as users and models write them."""

from __future__ import annotations


def spelled_out(glob: str) -> tuple[str, str]:
    """The glob, and the same with each `**/` standing for no folder, which `fnmatch` and `PurePath.match` leave out."""
    return glob, glob.replace("**/", "")
