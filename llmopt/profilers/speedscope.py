"""Write a profile as speedscope JSON (https://www.speedscope.app/file-format-schema.json), one profile a workload."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmopt.data import Profile

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def write(profile: Profile, file: Path) -> None:
    """Write the file; OSError when it cannot be written. Weights are seconds: share times the workload's seconds."""
    file.write_text(json.dumps(document({"": profile})), encoding="utf-8")


def document(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """The profiles, by the names that those of their workloads begin with."""
    frames: dict[tuple[str, str, int], int] = {}
    sampled = [
        _sampled(f"{name} workload {workload + 1}".strip(), profile, workload, frames)
        for name, profile in profiles.items()
        for workload in range(len(profile.seconds))
    ]
    return {
        "$schema": SCHEMA,
        "shared": {"frames": [{"name": name, "file": path, "line": line} for name, path, line in frames]},
        "profiles": sampled,
        "exporter": "llmopt",
    }


def _sampled(name: str, profile: Profile, workload: int, frames: dict[tuple[str, str, int], int]) -> dict[str, Any]:
    """One workload; its functions join the shared `frames`."""
    numbers = [frames.setdefault((each.name, each.path, each.line), len(frames)) for each in profile.functions]
    stacks = [stack for stack in profile.stacks if stack.workload == workload]
    seconds = profile.seconds[workload]
    weights = [stack.share * seconds for stack in stacks]
    return {
        "type": "sampled",
        "name": name,
        "unit": "seconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [[numbers[index] for index in stack.frames] for stack in stacks],
        "weights": weights,
    }
