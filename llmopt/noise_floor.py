"""The noise floor of a machine on some workloads, remembered in a file: taking it costs as much as a screening."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from llmopt.data import Base, Project

KEPT_SECONDS = 24 * 3600.0
MOST_KEPT = 100


def key(project: Project, base: Base, objective: str) -> str:
    """What the floor belongs to: machine, interpreter, workloads as they are sampled, and objective."""
    version = ".".join(str(part) for part in project.interpreter.version)
    specs = [
        f"{workload.spec}@{workload.weight:g} x{repetitions}{' pinned' if pinned else ''}"
        for workload, repetitions, pinned in zip(project.workloads, base.repetitions, base.pinned, strict=True)
    ]
    return " | ".join([platform.node(), f"{os.cpu_count()} cores", f"Python {version}", objective, *specs])


def remembered(file: Path | None, key: str, measure: Callable[[], float]) -> float:
    """The floor of this key, taken anew when it is unknown or older than a day."""
    known = _read(file)
    now = time.time()
    if key in known and 0 <= now - known[key][1] < KEPT_SECONDS:
        return known[key][0]
    floor = measure()
    if file:
        newest = sorted({**known, key: (floor, now)}.items(), key=lambda item: item[1][1])[-MOST_KEPT:]
        with suppress(OSError):  # the next run measures again
            file.write_text(json.dumps(dict(newest), indent=1))
    return floor


def _read(file: Path | None) -> dict[str, tuple[float, float]]:
    try:
        known = json.loads(file.read_text()) if file else {}
        return {str(name): (float(floor), float(at)) for name, (floor, at) in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # not there, or not ours: it is measured again
        return {}
