"""The helpers of tests/support are imported by their plain names; `python` is each interpreter of this machine."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from interpreters import EVERY


@pytest.fixture(params=EVERY)
def python(request: pytest.FixtureRequest) -> str:
    return str(request.param)
