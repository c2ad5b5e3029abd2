"""A pull request for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pull
import pytest
from pull import Case


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with pull.opened(tmp_path) as found:
        yield found
