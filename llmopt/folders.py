"""Temporary folders, removed as a whole whatever is left behind in them; and files for their user's eyes alone."""

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


def write_private(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, readable by its user alone; nothing where that fails (a full disk)."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
