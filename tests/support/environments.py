"""Environments of their own for targets, with packages from PyPI, made once on a machine."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import interpreters
import pytest

FOLDER = Path(tempfile.gettempdir()) / "llmopt-test-environments"


@functools.cache
def environment(version: str, *packages: str) -> str:
    """The python of an environment with these packages; skips the test where it cannot be made."""
    if not interpreters.path(version):
        pytest.skip(f"no Python {version} here")
    folder = FOLDER / "-".join((version, *packages))
    path, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(interpreters.path(version), "-m", "venv", str(folder))
        _run(str(path), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
        complete.touch()
    return str(path)


def _run(*command: str) -> None:
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no environment: {made.stderr.strip()[-200:]}")
