"""Several questions to a model at once: calls in, futures out, in threads that do not keep the program alive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

Value = TypeVar("Value")


def start(calls: Sequence[Callable[[], Value]]) -> list[Future[Value]]:
    """Begin all calls. An executor would wait for its threads at exit, so for a server that never answers."""
    futures: list[Future[Value]] = []
    for call in calls:
        future: Future[Value] = Future()
        threading.Thread(target=_run, args=(call, future), daemon=True).start()
        futures.append(future)
    return futures


def _run(call: Callable[[], Value], future: Future[Value]) -> None:
    try:
        result = call()
    except BaseException as problem:  # whoever waits for the result gets it
        future.set_exception(problem)
    else:
        future.set_result(result)
