"""Write a profile as speedscope JSON (https://www.speedscope.app/file-format-schema.json), one profile a workload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmopt.data import Profile

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def write(profile: Profile, file: Path) -> None:
    """Write the file; OSError when it cannot be written. Weights are seconds: share times the workload's seconds."""
    file.write_text(json.dumps(document(profile)), encoding="utf-8")


def document(profile: Profile) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "shared": {
            "frames": [
                {"name": function.name, "file": function.path, "line": function.line} for function in profile.functions
            ]
        },
        "profiles": [_sampled(profile, workload) for workload in range(len(profile.seconds))],
        "exporter": "llmopt",
    }


def _sampled(profile: Profile, workload: int) -> dict[str, Any]:
    stacks = [stack for stack in profile.stacks if stack.workload == workload]
    seconds = profile.seconds[workload]
    weights = [stack.share * seconds for stack in stacks]
    return {
        "type": "sampled",
        "name": f"workload {workload + 1}",
        "unit": "seconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [list(stack.frames) for stack in stacks],
        "weights": weights,
    }
