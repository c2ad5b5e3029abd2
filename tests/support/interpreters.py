"""The interpreters targets are run with: `OWN`, that of these tests, and `EVERY` one of pyenv's they may have."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

OWN = sys.executable
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
PYENV = Path(os.environ.get("PYENV_ROOT", Path("~/.pyenv").expanduser())) / "versions"


def path(version: str) -> str:
    """The newest pyenv interpreter of a minor version, "" when there is none."""
    found = sorted(PYENV.glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else ""


def _parameter(version: str) -> object:
    missing = pytest.mark.skipif(not path(version), reason=f"no Python {version} below {PYENV}")
    return pytest.param(path(version), id=version, marks=missing)


EVERY = [_parameter(version) for version in VERSIONS]
