"""The machine that measures, as far as it decides run times: nothing that would tell whose it is."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """`cores` are those this process may use, `memory_gb` is rounded. The host's name is left out: containers change
    theirs."""

    system: str
    architecture: str
    processor: str
    cores: int
    memory_gb: int

    def __str__(self) -> str:
        return f"{self.processor or self.architecture}, {self.cores} cores, {self.memory_gb} GB, {self.system}"


def this() -> Machine:
    """The machine this runs on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(platform.system(), platform.machine(), _processor(), cores, round(memory_bytes() / 1024**3))


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.lower().startswith(("model name", "hardware")):
                return " ".join(line.partition(":")[2].split())
    if sys.platform == "darwin":
        with suppress(OSError):
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor()


def memory_bytes() -> int:
    """0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0
