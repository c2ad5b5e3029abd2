"""Tests of the project: `targets` and `interpreters` of tests/support importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
