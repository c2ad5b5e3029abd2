"""A folder with line_profiler for an interpreter that has none: filled once, kept in the user's cache."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from llmopt import keys
from llmopt.data import Interpreter

REQUIREMENT = "line_profiler>=4.2"
IMPORTABLE = "import sys; sys.path.append(sys.argv[1]); import line_profiler"
SECONDS = 120.0  # for one try; the wheel is below 1 MB
TAG = (
    "import sys, sysconfig; v = sys.version_info; "
    "free_threaded = sysconfig.get_config_var('Py_GIL_DISABLED') or 0; "
    "print(sys.implementation.name, v[0], v[1], sysconfig.get_platform(), free_threaded)"
)


def folder(interpreter: Interpreter) -> Path | None:
    """The folder, filled if need be; None when it cannot be (no network), which is tried once in a process."""
    return _folder(interpreter.path)


@functools.cache
def _folder(python: str) -> Path | None:
    tag = _tag(python)
    if tag is None:
        return None
    import platformdirs

    kept = Path(platformdirs.user_cache_dir("llmopt")) / "overlay" / "-".join(tag)
    if (kept / "line_profiler").is_dir():
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        return _fill(kept, python, tag)
    except OSError:  # a cache that cannot be written
        return None


def _tag(python: str) -> tuple[str, ...] | None:
    """Implementation, version, platform and "t" for a build without GIL: what a wheel is made for."""
    printed = _run([python, "-I", "-S", "-c", TAG])
    if printed is None:
        return None
    name, major, minor, platform, free_threaded = printed.split()
    return (name, f"{major}.{minor}" + ("t" if free_threaded == "1" else ""), platform)


def _fill(kept: Path, python: str, tag: tuple[str, ...]) -> Path | None:
    """Install into a folder beside it, and rename: another run finds all of it or nothing."""
    for command in _installers(python, tag):
        fresh = Path(tempfile.mkdtemp(prefix="filling-", dir=kept.parent))
        try:
            if _run([*command, "--target", str(fresh), REQUIREMENT]) is None:
                continue
            if _run([python, "-I", "-S", "-c", IMPORTABLE, str(fresh)]) is None:
                continue
            return _rename(fresh, kept)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return None


def _rename(fresh: Path, kept: Path) -> Path | None:
    try:
        fresh.rename(kept)
    except OSError:  # somebody else was faster
        return kept if (kept / "line_profiler").is_dir() else None
    return kept


def _installers(python: str, tag: tuple[str, ...]) -> Iterator[list[str]]:
    """The target's pip, uv, llmopt's own pip: whichever there is."""
    options = ["--quiet", "--only-binary", ":all:"]
    yield [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", *options]
    if uv := shutil.which("uv"):
        yield [uv, "pip", "install", "--python", python, *options]
    implementation, version, platform = tag
    if implementation == "cpython" and not version.endswith("t") and platform == sysconfig.get_platform():
        own = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
        yield [*own, "--python-version", version, "--implementation", "cp"]


def _run(command: list[str]) -> str | None:
    """What it prints; None when it fails."""
    known = keys.without_keys(os.environ)
    environment = {name: value for name, value in known.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
