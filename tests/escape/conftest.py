"""The stand-ins that hostile programs are after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import standins


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[standins.World]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with standins.world(tmp_path) as made:
        monkeypatch.setenv("STANDIN_TOKEN", made.secret)
        yield made
