"""The hot functions of a profile, kept beside the repository: written when one is taken, read where nothing may run.

One file for each folder and set of workloads, in `.llmopt/cache/hot`. Reading it imports nothing heavy: a commit hook
does so before it knows whether there is anything to do.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmopt.folders import write_private

if TYPE_CHECKING:
    from llmopt.data import Hotspot, Project

VERSION = 1
FOLDER = "cache/hot"
# A profile is out of date after a month, or when the functions that took half of its hot time are gone. That a hot
# function was changed does not make it so: it is mostly still hot then, and changes are what is looked at.
SECONDS, GONE = 30 * 24 * 3600.0, 0.5


@dataclass(frozen=True)
class Known:
    """A kept profile: of which workloads, when (seconds since the epoch), and its hot functions as plain data."""

    workloads: tuple[str, ...]
    at: float
    spots: tuple[Mapping[str, Any], ...]

    @property
    def shares(self) -> dict[str, float]:
        """Key -> own share of the run."""
        return {key_of(spot): float(spot["own_share"]) for spot in self.spots}


def keep(state: Path, project: Project, spots: Sequence[Hotspot]) -> None:
    """Remember the hot functions of a profile that was just taken."""
    specs = [workload.spec for workload in project.workloads]
    table = {
        "version": VERSION,
        "at": time.time(),
        "folder": project.folder,
        "workloads": specs,
        "hotspots": [asdict(spot) for spot in spots],
    }
    name = sha256(json.dumps([project.folder, specs]).encode()).hexdigest()[:16]
    write_private(state / FOLDER / f"{name}.json", json.dumps(table).encode())


def read(state: Path, folder: str) -> list[Known]:
    """What is kept for a folder of the repository, newest first; a file that cannot be read is passed over."""
    found = [known for path in (state / FOLDER).glob("*.json") if (known := _known(path, folder))]
    return sorted(found, key=lambda known: -known.at)


def _known(path: Path, folder: str) -> Known | None:
    try:
        table = json.loads(path.read_bytes())
        if (table["version"], table["folder"]) != (VERSION, folder):
            return None
        known = Known(tuple(map(str, table["workloads"])), float(table["at"]), tuple(table["hotspots"]))
        return known if sum(known.shares.values()) >= 0 else None
    except (OSError, ValueError, TypeError, KeyError):  # of another version, cut off, or changed by hand
        return None


def key_of(spot: Mapping[str, Any]) -> str:
    """PATH::NAME of a hot function as it is kept."""
    return f"{spot['function']['path']}::{spot['function']['name']}"


def why_stale(known: Known, now: float, texts: Callable[[list[str]], Mapping[str, str]]) -> str:
    """Why a kept profile says nothing any more, "" when it does. `texts` gives files as they were committed last."""
    if not 0 <= now - known.at <= SECONDS:
        return f"it is {(now - known.at) / 86400:.0f} days old"
    files = texts(sorted({spot["function"]["path"] for spot in known.spots}))
    gone = [key for key in known.shares if not _is_there(key, files)]
    share = sum(known.shares[key] for key in gone)
    if gone and share > GONE * sum(known.shares.values()):
        return f"most of what was hot is gone, as {gone[0]}"
    return ""


def _is_there(key: str, files: Mapping[str, str]) -> bool:
    """Does the file still define a function of that name? Its text is searched and not parsed: this takes no time."""
    path, _, name = key.partition("::")
    plain = re.escape(name.rpartition(".")[2])
    return re.search(rf"^\s*(?:async\s+)?def\s+{plain}\b", files.get(path, ""), re.MULTILINE) is not None


def hotspots(known: Known, keys: frozenset[str]) -> list[Hotspot]:
    """Those of these functions that are hot. Lines were measured on other code, and are left out."""
    from pydantic import TypeAdapter, ValidationError

    from llmopt.data import Hotspot

    found = []
    for spot in known.spots:
        if key_of(spot) in keys:
            try:
                found.append(TypeAdapter(Hotspot).validate_python({**spot, "lines": ()}))
            except ValidationError:
                continue  # changed by hand
    return found
