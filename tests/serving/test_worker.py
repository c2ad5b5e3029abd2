"""Jobs on the main thread: one at a time, ended from outside with all that they clean up, and never half done."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from llmopt.serving.worker import GivenUpError, Worker

SECONDS = 30


def while_working(talk: Callable[[Worker], None]) -> None:
    """Run `talk` in another thread while this one, the main one, works for it."""
    worker, problems = Worker(), []

    def other() -> None:
        try:
            talk(worker)
        except BaseException as problem:
            problems.append(problem)
        finally:
            worker.close()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        worker.run()
    finally:
        thread.join()
    if problems:
        raise problems[0]


def test_jobs_are_done_in_their_order_on_the_main_thread_and_give_what_they_give() -> None:
    done: list[int] = []

    def job(number: int) -> int:
        assert threading.current_thread() is threading.main_thread()
        done.append(number)
        return number // (number - 2)

    def talk(worker: Worker) -> None:
        futures = [worker.submit(lambda number=number: job(number)) for number in (1, 2, 3)]
        assert futures[0].result(SECONDS) == -1
        with pytest.raises(ZeroDivisionError):
            futures[1].result(SECONDS)
        assert futures[2].result(SECONDS) == 3
        assert done == [1, 2, 3]

    while_working(talk)


def test_a_job_that_is_given_up_cleans_up_before_its_future_ends_and_one_that_waits_never_begins() -> None:
    begun, seen = threading.Event(), []

    def long() -> None:
        try:
            begun.set()
            time.sleep(SECONDS)
        finally:
            seen.append("cleaned up")

    def talk(worker: Worker) -> None:
        running, waiting = worker.submit(long), worker.submit(lambda: seen.append("began"))
        last: Future[object] = worker.submit(lambda: "the next one")
        assert begun.wait(SECONDS)
        worker.give_up(waiting)
        worker.give_up(running)
        for future in (running, waiting):
            with pytest.raises(GivenUpError):
                future.result(SECONDS)
        assert seen == ["cleaned up"]
        assert last.result(SECONDS) == "the next one"

    while_working(talk)


def test_a_job_that_catches_the_interruption_is_given_up_all_the_same() -> None:
    begun = threading.Event()

    def stubborn() -> str:
        try:
            begun.set()
            time.sleep(SECONDS)
        except KeyboardInterrupt:
            return "what was known"
        return "all"

    def talk(worker: Worker) -> None:
        future = worker.submit(stubborn)
        assert begun.wait(SECONDS)
        worker.give_up(future)
        with pytest.raises(GivenUpError):
            future.result(SECONDS)

    while_working(talk)


def test_giving_up_what_has_ended_disturbs_nobody() -> None:
    def talk(worker: Worker) -> None:
        first = worker.submit(lambda: 1)
        assert first.result(SECONDS) == 1
        second = worker.submit(lambda: time.sleep(0.2) or 2)
        for _ in range(100):
            worker.give_up(first)
        assert second.result(SECONDS) == 2

    while_working(talk)


def test_ctrl_c_is_for_the_whole_program() -> None:
    begun = threading.Event()

    def job() -> None:
        begun.set()
        for _ in range(SECONDS * 20):  # one long sleep might begin just after the signal
            time.sleep(0.05)

    def talk(worker: Worker) -> None:
        future = worker.submit(job)
        assert begun.wait(SECONDS)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            future.result(SECONDS)

    with pytest.raises(KeyboardInterrupt):
        while_working(talk)
