"""A layer in; why it does not work here out, found by running a command that tries to get past it.

What was found is remembered in this process; what works also in the user's cache, by all that it could depend on.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from llmopt import __version__
from llmopt.data import Command, Grants, Limits
from llmopt.sandbox import bubblewrap, containers, landlock, seatbelt, seccomp
from llmopt.sandbox.process import Layer, run

# It reads the one file and writes the other if it can; that it ran at all is told by the last word.
TRY = 'cat "$1" 2>/dev/null; echo changed 2>/dev/null >"$2"; echo ran'
ANSWER = "ran\n"
SECONDS = 20.0


@functools.cache
def reason(name: str, layer: Layer) -> str:
    """Why the layer does not work here; "" when it does."""
    missing = MISSING[name]()
    if missing:
        return missing
    known, key = _remembered(), _circumstances(name)
    if known.get(name) == key:
        return ""
    found = tried(layer)
    if not found:
        _remember({**known, name: key})
    return found


def tried(layer: Layer) -> str:
    """Run a command under the layer that must run, and must neither read the one file nor change the other."""
    with tempfile.TemporaryDirectory(prefix="llmopt-try-") as folder:
        secret, kept = Path(folder, "secret"), Path(folder, "kept")
        for path in (secret, kept):
            path.write_text("secret\n")
        command = Command(("/bin/sh", "-c", TRY, "sh", str(secret), str(kept)), Path("/"))
        ran = run(command, Limits(seconds=SECONDS), layer=layer, grants=Grants())
        if ran.stdout == ANSWER and kept.read_text() == "secret\n":
            return ""
        if "ran" in ran.stdout:
            return "it runs, and keeps nothing closed"
    said = ran.stderr.strip().splitlines()
    return said[-1] if said else f"a command under it ended with exit code {ran.exit_code}"


def _bubblewrap() -> str:
    return "" if bubblewrap.program() else "bwrap is not installed (`apt install bubblewrap`, or llmopt[sandbox])"


def _landlock() -> str:
    if os.uname().sysname != "Linux":
        return "only Linux has it"
    if not seccomp.machine():
        return f"no seccomp filter for {os.uname().machine}"
    return "" if landlock.restrict_version() else "this kernel has no Landlock"


MISSING = {
    "bubblewrap": _bubblewrap,
    "landlock": _landlock,
    "seatbelt": seatbelt.missing,
    "docker": containers.missing("docker"),
    "podman": containers.missing("podman"),
}


def _circumstances(name: str) -> str:
    """All that the answer could depend on: the kernel and its start (settings may change with one), the program."""
    parts = [__version__, *os.uname(), str(os.getuid()), *_tagged("/proc/sys/kernel/random/boot_id")]
    parts += _tagged("/proc/self/cgroup")  # another container, perhaps
    if name == "bubblewrap":
        state = Path(bubblewrap.program()).stat()
        parts += [bubblewrap.program(), str(state.st_mtime_ns), str(state.st_size)]
    return " ".join(parts)


def _tagged(path: str) -> list[str]:
    try:
        return Path(path).read_text().split()
    except OSError:
        return []


def _place() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("llmopt")) / "sandbox.json"


def _remembered() -> Mapping[str, str]:
    try:
        known = json.loads(_place().read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(known: Mapping[str, str]) -> None:
    """A cache that cannot be written costs the next start some milliseconds."""
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(known))
        part.replace(place)
    except OSError:
        return
