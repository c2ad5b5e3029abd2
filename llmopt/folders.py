"""Temporary folders, removed as a whole whatever is left behind in them; files written whole or not at all."""

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


def rewrite(file: Path, content: bytes) -> None:
    """Write a file of the user's as a whole or not at all; OSError where that fails."""
    draft(file, content).replace(file)


def draft(file: Path, content: bytes) -> Path:
    """The new content beside the file, with the file's rights: what can fail fails before anything is replaced."""
    path = file.with_name(f".{file.name}.llmopt-{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        path.write_bytes(content)
        if file.exists():
            path.chmod(file.stat().st_mode)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, readable by its user alone; nothing where that fails (a full disk)."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
