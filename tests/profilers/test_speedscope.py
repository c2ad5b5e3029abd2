"""Speedscope's own schema for sampled profiles, checked by hand."""

from __future__ import annotations

import json
from pathlib import Path

from llmopt.data import Function, Profile, Stack
from llmopt.profilers import speedscope

PROFILE = Profile(
    "c0ffee",
    (2.0, 4.0),
    (Function("m.py", "main", 1), Function("m.py", "leaf", 5)),
    (Stack(0, (0, 1), 0.5), Stack(0, (0,), 0.25), Stack(1, (0,), 0.5)),
)


def test_each_workload_is_a_sampled_profile_in_seconds(tmp_path: Path) -> None:
    speedscope.write(PROFILE, tmp_path / "profile.json")
    written = json.loads((tmp_path / "profile.json").read_text())
    assert written["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert written["shared"]["frames"][1] == {"name": "leaf", "file": "m.py", "line": 5}
    first, second = written["profiles"]
    assert (first["type"], first["unit"], first["startValue"], first["endValue"]) == ("sampled", "seconds", 0, 1.5)
    assert (first["samples"], first["weights"]) == ([[0, 1], [0]], [1.0, 0.5])
    assert (second["samples"], second["weights"], second["endValue"]) == ([[0]], [2.0], 2.0)
