"""Jobs of other threads in, done one at a time on the main thread, where an interruption reaches them; results out.

What runs a command ends it when an exception passes, and Python raises one from outside in the main thread alone: a job
that is given up gets the KeyboardInterrupt that Ctrl-C would have raised.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import Any

GIVE_UP = signal.SIGUSR1
AGAIN_SECONDS = 0.1


class GivenUpError(Exception):
    """The job was ended before it had a result."""


class Worker:
    """Does jobs in the order in which they come. `run` belongs to the main thread, all else to the others."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._wanted: set[Future[Any]] = set()  # those that nobody has given up
        self._current: Future[Any] | None = None
        self._interrupted: Future[Any] | None = None
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], Any]) -> Future[Any]:
        """Queue a job; its result, or what it raised, comes by the future."""
        future: Future[Any] = Future()
        with self._lock:
            self._wanted.add(future)
        self._jobs.put((future, job))
        return future

    def give_up(self, future: Future[Any]) -> None:
        """End a job, or let it not begin; its future then has GivenUpError, once all that it started has ended."""
        with self._lock:
            self._wanted.discard(future)
        threading.Thread(target=self._insist, args=(future,), daemon=True).start()

    def close(self) -> None:
        """End whatever runs or waits, and let `run` return."""
        with self._lock:
            self._wanted.clear()
        self._jobs.put(None)
        if (running := self._current) is not None:
            threading.Thread(target=self._insist, args=(running,), daemon=True).start()

    def _insist(self, future: Future[Any]) -> None:
        """Wake the main thread again: a signal that comes just before it sleeps does not wake it."""
        while self._current is future and self._interrupted is not future:
            signal.pthread_kill(threading.main_thread().ident or 0, GIVE_UP)
            time.sleep(AGAIN_SECONDS)

    def run(self) -> None:
        """Do jobs until it is closed."""
        before = signal.signal(GIVE_UP, self._interrupt)
        try:
            while (entry := self._jobs.get()) is not None:
                self._do(*entry)
        finally:
            signal.signal(GIVE_UP, before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Once for a job: its cleaning up is not interrupted."""
        if self._current not in (None, self._interrupted) and self._current not in self._wanted:
            self._interrupted = self._current
            raise KeyboardInterrupt

    def _do(self, future: Future[Any], job: Callable[[], Any]) -> None:
        """Run one job; a signal may come at any of these lines."""
        try:
            try:
                self._current = future
                result = job() if future in self._wanted else None
            finally:
                self._current = None
        except BaseException as problem:
            given_up = future not in self._wanted
            future.set_exception(GivenUpError() if given_up else problem)
            if not given_up and not isinstance(problem, Exception):
                raise  # Ctrl-C and SIGTERM are for the whole program
            return
        if future in self._wanted:
            future.set_result(result)
        else:
            future.set_exception(GivenUpError())
