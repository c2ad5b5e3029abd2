"""Time of event loops and pools, by stacks; then real ones under the sampler."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from interpreters import OWN
from probing import probing

from llmopt.data import Function
from llmopt.profilers import loops, sampling
from llmopt.profilers.names import is_inside

LOOP = Function("/usr/lib/python3/asyncio/base_events.py", "BaseEventLoop._run_once", 1)
POOL = Function("/usr/lib/python3/concurrent/futures/thread.py", "_worker", 1)
HANDLE = Function("/usr/lib/python3/asyncio/events.py", "Handle._run", 1)
RUN = Function("w.py", "<module>", 1)
FEW, MANY, STEP = (Function("m.py", name, 1) for name in ("few", "many", "step"))

IN_LOOP = (RUN, LOOP, HANDLE)
STARTED = {("loop", (RUN, FEW, HANDLE)): 1, ("loop", (RUN, LOOP, MANY)): 3, ("loop", (LOOP, HANDLE)): 5}


def test_loop_is_shared_among_those_who_start_tasks() -> None:
    found = loops.charged({IN_LOOP: 4.0, (RUN, FEW): 1.0}, STARTED)
    assert found == {
        (RUN, FEW): 1.0,
        (RUN, FEW, LOOP, HANDLE): 1.0,
        (RUN, LOOP, MANY, LOOP, HANDLE): 3.0,
    }


def test_time_of_tasks_is_their_own() -> None:
    stacks = {(RUN, LOOP, HANDLE, STEP): 2.0, (RUN, LOOP, HANDLE, STEP, HANDLE): 1.0}
    assert loops.charged(stacks, STARTED) == stacks


def test_pool_is_not_the_loop_and_keeps_its_time_where_nobody_is_known() -> None:
    assert loops.charged({(POOL, HANDLE): 1.0}, STARTED) == {(POOL, HANDLE): 1.0}
    assert loops.charged({(POOL,): 1.0}, {("pool", (RUN, FEW)): 2}) == {(RUN, FEW, POOL): 1.0}


ASYNC = """\
import asyncio

async def nothing():
    pass

async def many():
    for _ in range(300):
        await asyncio.gather(*[nothing() for _ in range(60)])

async def few():
    await asyncio.gather(*[nothing() for _ in range(60)])

async def both():
    await many()
    await few()

asyncio.run(both())
"""

POOLED = """\
from concurrent.futures import ThreadPoolExecutor

def many(pool):
    for _ in range(20000):
        pool.submit(len, ()).result()

with ThreadPoolExecutor(1) as pool:
    many(pool)
"""


@pytest.mark.parametrize(("source", "runner"), [(ASYNC, "loop"), (POOLED, "pool")])
def test_real_runners(tmp_path: Path, source: str, runner: str) -> None:
    here = probing(tmp_path, OWN, {"m.py": source}, "m.py")
    profile = sampling.profile(lambda index, tasks: here.run("m.py", **tasks), here.tree, here.project)
    by_starter: defaultdict[str, float] = defaultdict(float)
    for stack in profile.stacks:
        functions = [profile.functions[index] for index in stack.frames]
        driven = next((place for place in range(len(functions) - 1, -1, -1) if loops.runner_of(functions[place])), None)
        if driven is not None and not any(map(is_inside, functions[driven:])):
            assert loops.runner_of(functions[driven]) == runner
            by_starter[functions[driven - 1].name if driven else ""] += stack.share
    assert by_starter["many"] > 0.1
    assert sum(by_starter.values()) < 1.1 * by_starter["many"]
