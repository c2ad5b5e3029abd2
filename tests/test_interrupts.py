"""Signals while a run is being closed, sent to this process itself."""

from __future__ import annotations

import signal

import pytest

from llmopt import interrupts


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_first_signal_waits_until_the_block_is_whole(number: signal.Signals) -> None:
    done = []
    handlers = [signal.getsignal(each) for each in interrupts.SIGNALS]
    with interrupts.held():
        signal.raise_signal(number)
        done.append("whole")
    assert done == ["whole"]
    assert [signal.getsignal(each) for each in interrupts.SIGNALS] == handlers


def raised(times: int, *, already: bool) -> list[str]:
    """What a block that is interrupted so often comes to."""
    came = []
    with interrupts.held(already):
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
            came.append("on")
    return came


def test_second_signal_ends_it_at_once() -> None:
    assert raised(1, already=False) == ["on"]
    with pytest.raises(KeyboardInterrupt):
        raised(2, already=False)
    with pytest.raises(KeyboardInterrupt):
        raised(1, already=True)
