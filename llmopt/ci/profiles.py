"""A commit in, its hot functions out; on the same code, settings, interpreter and machine those of an earlier run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from llmopt import __version__, api, git, journal, machine, session
from llmopt.ci.result import Frozen, Line, LineNumber, Seconds, Share
from llmopt.data import Scope
from llmopt.events import Listen, Notice, Telling
from llmopt.folders import write_private
from llmopt.jobs import profile as profiling
from llmopt.reports.profiled import Profiled
from llmopt.session import Session

FOLDER = "cache/ci"
MOST_FILES = 40  # of some kB each, the newest ones


class Spot(Frozen):
    """A hot function: where it begins, and its own share of the run."""

    line: LineNumber
    share: Share


class Profile(Frozen):
    """Seconds of one repetition of all workloads, and the hot functions by PATH::NAME."""

    seconds: Seconds
    spots: Annotated[dict[Line, Spot], Field(max_length=10_000)]


def of_commit(path: Path, commit: str, role: str, flags: Mapping[str, Any], listen: Listen) -> Profile:
    """A commit's profile; the scope names all of its code, so that the checkout does not matter. WorkloadError where a
    workload does not run on it."""
    given = {**flags, "hotspots": api.ALL}
    with session.start(path, given, os.environ, temporary=True, scope=Scope(role, "", commit)) as opened:
        file = opened.place.state / FOLDER / f"{_key(opened)}.json"
        if known := _read(file):
            listen(Notice(f"the profile of {role} is that of an earlier run on the same code"))
            return known
        found = _plain(profiling.run(opened, Telling(listen)))
    write_private(file, found.model_dump_json().encode())
    _tidy(file.parent)
    return found


def _key(opened: Session) -> str:
    """The same for the same code, workloads, interpreter with its packages, confinement and machine."""
    parts = [
        __version__,
        git.tree_of(opened.place.root, opened.base),
        journal.plain(opened.project),
        opened.target.confinement,
        str(machine.this()),
    ]
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _plain(found: Profiled) -> Profile:
    seconds = found.base.seconds or found.profile.seconds
    spots = {
        each.function.key: Spot(line=max(1, each.function.line), share=round(min(each.own_share, 1.0), 4))
        for each in found.functions
        if len(each.function.key) < 2_000
    }
    return Profile(seconds=sum(seconds), spots=spots)


def _read(file: Path) -> Profile | None:
    """None where there is none that can be used."""
    try:
        return Profile.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _tidy(folder: Path) -> None:
    """Keep the newest ones."""
    files = sorted(folder.glob("*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
    for file in files[MOST_FILES:]:
        file.unlink(missing_ok=True)
