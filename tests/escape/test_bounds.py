"""Programs that want all there is, and to stay: what they get, what is left of them, and that llmopt goes on."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import escapes
import layers
import pytest
from escapes import Escape
from standins import World

from llmopt import target
from llmopt.data import Limits, Ran
from llmopt.sandbox import cgroups, landlock, seccomp

pytestmark = [
    pytest.mark.skipif(not seccomp.machine(), reason="the programs know the calls of Linux on x86-64 and ARM"),
    pytest.mark.parametrize("layer", layers.RUNNING),
]
MEGABYTE = 10**6
in_groups = pytest.mark.skipif(not cgroups.available(), reason="no control group can be made here")


@pytest.fixture(autouse=True)
def nothing_changed(world: World) -> Iterator[None]:
    """Whatever a program does here: the stand-ins are as they were, no process is left, and the next command runs."""
    before = world.view()
    yield
    assert world.view() == before
    assert layers.ends(world.secret)


def goes_on(world: World, layer: str) -> bool:
    return world.run(layer, "print('fine')").stdout == "fine\n"


@pytest.mark.slow
@pytest.mark.parametrize("escape", escapes.LASTING, ids=lambda escape: escape.name)
def test_nothing_lasts(escape: Escape, layer: str, world: World) -> None:
    started = time.monotonic()
    ran = world.run(layer, escape.program, Limits(seconds=4))
    assert layers.running(world.secret) == []
    assert ran.exit_code in (0, -9)
    assert time.monotonic() - started < 30
    assert goes_on(world, layer)


def test_processes_are_bounded(layer: str, world: World) -> None:
    ran = world.run(layer, escapes.FORKS.program, Limits(seconds=10), processes=60)
    assert layers.running(world.secret) == []
    if cgroups.available():
        assert ran.exceeded == "60 processes"
        assert int(ran.stdout.split()[-1]) <= 60
    assert goes_on(world, layer)


def test_memory_is_bounded(layer: str, world: World) -> None:
    ran = world.run(layer, escapes.MEMORY.program, memory_bytes=300 * MEGABYTE)
    assert "PAST" not in ran.stdout
    assert ran.exceeded == "0.279 GB of memory" or "MemoryError" in ran.stderr
    assert goes_on(world, layer)


@in_groups
def test_memory_of_files_counts(layer: str, world: World) -> None:
    """Behind Landlock and off, the files stay in `/dev/shm` until somebody removes them."""
    left = Path("/dev/shm", f"llmopt-note-{world.secret}")
    try:
        ran = world.run(layer, escapes.IN_MEMORY.program, memory_bytes=300 * MEGABYTE)
        assert ran.exceeded == "0.279 GB of memory", ran
        stays = layer in ("landlock", "process")
        assert left.exists() == stays
        assert not stays or left.stat().st_size < 400 * MEGABYTE
    finally:
        left.unlink(missing_ok=True)
        Path("/tmp", left.name).unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("escape", [escapes.DISK, escapes.INODES], ids=lambda escape: escape.name)
def test_disk_is_bounded(escape: Escape, layer: str, world: World) -> None:
    """Others write to the disk too, which only ends the command sooner."""
    ran = world.run(layer, escape.program, disk_bytes=100 * MEGABYTE)
    assert (ran.exceeded, "PAST" in ran.stdout) == ("0.0931 GB of disk", False)


def test_one_file_is_bounded(layer: str, world: World) -> None:
    ran = world.run(layer, escapes.ONE_FILE.program, Limits(file_bytes=5 * MEGABYTE))
    assert (world.folder / "tree" / "endless").stat().st_size <= 5 * MEGABYTE
    assert "File too large" in ran.stderr


@pytest.mark.slow
def test_output_costs_no_memory(layer: str, world: World) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ran = world.run(layer, escapes.OUTPUT.program, Limits(seconds=3))
    assert (ran.timed_out, len(ran.stdout) < 70_000) == (True, True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB


def test_marks_are_bounded_lines(layer: str, world: World) -> None:
    ran = world.run(layer, escapes.MARKS.program)
    assert (ran.exit_code, ran.stdout) == (0, "done\n")
    assert len(ran.marks) == 100_000
    assert max(len(label) for label, _ in ran.marks) <= 200


def test_its_parent_is_out_of_reach_or_replaced(layer: str, world: World) -> None:
    if layer == "landlock" and landlock.restrict_version() < escapes.PARENT.since:
        pytest.skip("this kernel's Landlock is older than what stops it")
    ran = world.run(layer, escapes.PARENT.program)
    assert layer == "process" or ran.exit_code == 0
    assert layer != "landlock" or "stopped" in ran.stdout
    assert goes_on(world, layer)


def test_results_are_read_as_what_they_are(layer: str, world: World) -> None:
    ran: Ran = world.run(layer, escapes.RESULTS.program)
    assert (world.folder / "results" / "x-10-0.json").exists() or "Permission" in ran.stderr, ran
    started = time.monotonic()
    reports = target.read_reports(world.folder / "results")
    assert time.monotonic() - started < 20
    assert 10 in reports["x"]
    assert not any(world.secret in str(report) for report in reports["x"])
    os.truncate(world.folder / "results" / "x-11-0.json", 0)
