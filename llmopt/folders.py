"""Temporary folders: removed as a whole, whatever the code that wrote into them left behind."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder and all below it; files that cannot be removed stay, without an error, and so does a link."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_symlink() or not folder.exists():
        return
    for place, _, _ in os.walk(folder):  # folders without write permission, as module caches are
        with suppress(OSError):
            Path(place).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
