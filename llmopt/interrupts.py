"""Ctrl-C and SIGTERM during what is short and must be whole: the first one waits for its end, a second one does not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held(already: bool = False) -> Iterator[None]:
    """Let the block finish before a first signal counts; `already` says that one ended the run before, so that the next
    raises KeyboardInterrupt at once. A signal that was held is forgotten: what it was to end is over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = int(already)

    def count(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, count) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
