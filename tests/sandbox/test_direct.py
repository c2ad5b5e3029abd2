"""The way without a launcher, as on macOS; it runs on every POSIX system."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmopt.sandbox import direct
from llmopt.sandbox.child import Start


@contextmanager
def started(line: str) -> Iterator[tuple[direct.Direct, int]]:
    """A shell that runs the line, and where its standard output is read."""
    read, write = os.pipe()
    argv = ("sh", "-c", line)
    child = direct.start(Start(argv, Path("/"), {"PATH": os.environ["PATH"]}), {1: write, 2: write})
    os.close(write)
    try:
        yield child, read
    finally:
        child.close()
        os.close(read)


def test_end_code_and_use_are_told() -> None:
    with started("echo hello; exit 3") as (child, read):
        assert select.select([child], [], [], 5)[0] == [child]
        use = child.reap()
        assert (use.code, os.read(read, 100)) == (3, b"hello\n")
        assert 0 < use.at - child.started < 5
        assert use.peak_bytes > 100_000


def test_what_is_left_of_the_group_is_ended_with_the_child() -> None:
    with started("sleep 60 & sleep 60 & exit 0") as (child, read):
        child.reap()
        assert os.read(read, 1) == b""  # nobody holds it open any more


def test_close_ends_a_child_that_runs() -> None:
    begun = time.monotonic()
    with started("sleep 60") as (child, _):
        child.kill()
        assert child.reap().code == -9
    with started("sleep 60"):
        pass
    assert time.monotonic() - begun < 5


def test_missing_program_is_an_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        direct.start(Start(("/no/such",), Path("/"), {}), {1: 1, 2: 2})
