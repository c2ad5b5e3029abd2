"""What a user lets an agent reach, in words, in; the same as values, and a folder with what goes into its HOME, out.

The words are "network", "env:NAME", "read:PATH" and "home:PATH". They hold for the agent alone: the code it writes is
tested and timed without them.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmopt.errors import UsageError
from llmopt.folders import remove

FORMS = "network, env:NAME, read:PATH, home:PATH"


@dataclass(frozen=True)
class Granted:
    """`home` are files and folders of the user's HOME; the agent gets copies of them at the same places in its own."""

    network: bool = False
    environment: tuple[str, ...] = ()
    read: tuple[Path, ...] = ()
    home: tuple[Path, ...] = ()


def parse(words: Sequence[str]) -> Granted:
    """UsageError for another word, and for a path that is not there or not below HOME."""
    found: dict[str, list[str]] = {"network": [], "env": [], "read": [], "home": []}
    for word in words:
        kind, colon, value = word.partition(":")
        if kind not in found or bool(colon and value) == (kind == "network"):
            raise UsageError(f"--agent-allow {word!r} is none of {FORMS}")
        found[kind].append(value)
    if wrong := [name for name in found["env"] if not re.fullmatch(r"\w+", name)]:
        raise UsageError(f"--agent-allow env:{wrong[0]} names no variable", "give its name alone, not its value")
    read = tuple(_existing("read", Path(path).expanduser()) for path in found["read"])
    home = tuple(_existing("home", _of_home(path)) for path in found["home"])
    return Granted(bool(found["network"]), tuple(found["env"]), read, home)


def _existing(kind: str, path: Path) -> Path:
    if not path.exists():
        raise UsageError(f"--agent-allow {kind}:{path} does not exist")
    return path.absolute()


def _of_home(text: str) -> Path:
    path = Path.home() / Path(text).expanduser()
    if not path.is_relative_to(Path.home()) or path == Path.home() or ".." in path.parts:
        raise UsageError(f"--agent-allow home:{text} is not below {Path.home()}", "read:PATH shows any other path")
    return path


@contextmanager
def copies(granted: Granted) -> Iterator[Path]:
    """A folder with copies of what goes into the agent's HOME, as it is now; it is there inside only."""
    folder = Path(tempfile.mkdtemp(prefix="llmopt-agents-home-"))
    try:
        for path in granted.home:
            place = folder / path.relative_to(Path.home())
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, place, symlinks=True, dirs_exist_ok=True, ignore=_no_files)
            else:
                shutil.copy2(path, place)
        yield folder
    finally:
        remove(folder)


def _no_files(folder: str, names: list[str]) -> list[str]:
    """Sockets, pipes and devices, which cannot be copied."""
    paths = {name: Path(folder, name) for name in names}
    return [name for name, path in paths.items() if not (path.is_symlink() or path.is_file() or path.is_dir())]
