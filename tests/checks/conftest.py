"""Tests of the checks: `targets` and `interpreters` of tests/support importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
