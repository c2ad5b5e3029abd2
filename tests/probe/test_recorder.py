"""The recorder of calls: real programs run under the probe, and what it kept of their calls."""

from __future__ import annotations

import base64
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import interpreters
import probing
import pytest

LIBRARY = """
    import asyncio

    def f(x, y=2):
        if x == 13:
            return None
        if x < 0:
            raise ValueError("negative")
        return [x, y]

    class C:
        n = 1
        def method(self, k): return self.n + k
        @classmethod
        def make(cls): return cls()
        @staticmethod
        def double(k): return 2 * k
        @property
        def size(self): return self.n
        @size.setter
        def size(self, n): self.n = n

    def generated(n):
        for i in range(n):
            yield i

    async def awaited(n):
        await asyncio.sleep(0)
        return n

    def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
    def changes(items): items.append(len(items)); return items
    def takes(function): return function(1)
    def holds(stream): return None
"""
NAMES = ("f", "C.method", "C.make", "C.double", "C.size", "generated", "awaited", "deep", "changes", "takes", "holds")


def record(folder: Path, python: str, script: str, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    """What is reported of each function, all processes together; the calls under "kept"."""
    run = probing.probing(folder, python, {"library.py": LIBRARY, "script.py": script})
    functions = [{"path": "library.py", "name": name, "line": 1} for name in names]
    probed = run.run("script.py", calls={"functions": functions})
    found: dict[str, Any] = {}
    for report in probed.reports.get("calls", ()):
        for each in report["functions"]:
            into = found.setdefault(each["name"], {"calls": 0, "kept": [], "problems": {}})
            into["calls"] += each["calls"]
            into["kept"] += each["kept"]
            into["problems"].update(each["problems"])
    return found


def arguments(call: Mapping[str, Any]) -> Any:
    """Of plain data: everything else is read in processes of the target only."""
    return pickle.loads(base64.b64decode(call["arguments"]))


def test_calls_are_kept_whichever_way_a_function_is_reached(tmp_path: Path, python: str) -> None:
    script = """
        import asyncio, library
        from library import C, f, generated, awaited, deep, changes, takes
        f(1); f(1, y=3); library.f(7)
        c = C.make(); c.method(5); C.double(3); c.size; c.size = 4
        list(generated(3)); asyncio.run(awaited(2)); deep(3); changes([1])
        takes(lambda x: x)
    """
    found = record(tmp_path, python, script)
    calls = {name: each["calls"] for name, each in found.items()}
    assert calls == {
        "f": 3, "C.method": 1, "C.make": 1, "C.double": 1, "C.size": 2, "generated": 1,
        "awaited": 1, "deep": 4, "changes": 1, "takes": 1, "holds": 0,
    }  # fmt: skip
    assert [arguments(call) for call in found["f"]["kept"]] == [((1,), {}), ((1,), {"y": 3}), ((7,), {})]
    assert [arguments(call) for call in found["changes"]["kept"]] == [(([1],), {})]
    assert all(len(each["kept"]) == each["calls"] for each in found.values())
    assert {call["outcome"] for call in found["generated"]["kept"]} == {"returned generator"}


def test_a_rare_branch_and_a_rare_exception_are_kept_among_many_calls(tmp_path: Path, python: str) -> None:
    script = """
        from library import f
        for i in range(100): f(20 + i)
        f(13)
        try: f(-5)
        except ValueError: pass
        for i in range(30_000): f(40)
    """
    found = record(tmp_path, python, script)["f"]
    kept = [arguments(call)[0][0] for call in found["kept"]]
    assert found["calls"] == 30_102
    assert {13, -5} <= set(kept)
    assert len(kept) <= 60
    assert len(kept) == len(set(kept))


def test_what_cannot_be_recorded_is_told_with_its_reason(tmp_path: Path) -> None:
    script = """
        import library, threading
        library.holds(threading.Lock())
        library.holds(i for i in "ab")
        library.holds("x" * 10_000_000)
    """
    found = record(tmp_path, sys.executable, script)["holds"]
    assert found["kept"] == []
    assert len(found["problems"]) == 3
    assert "too large" in found["problems"]


def test_a_program_behaves_as_without_the_recorder(tmp_path: Path, python: str) -> None:
    script = """
        import inspect, sys, library
        from library import C, f, generated, awaited
        assert inspect.isgeneratorfunction(generated) and inspect.iscoroutinefunction(awaited)
        assert f.__name__ == "f" and f.__module__ == "library" and f.__defaults__ == (2,)
        try: f()
        except TypeError as problem: print(str(problem))
        assert library.deep(900) == 900
        class Odd:
            def __reduce__(self): raise SystemError("no")
            def __eq__(self, other): raise SystemError("no")
        assert library.holds(Odd()) is None
        def tracer(*a): return None
        sys.settrace(tracer)
        f(1)
        assert sys.gettrace() is tracer
    """
    found = record(tmp_path, python, script)
    assert found["holds"]["problems"] == {"no": 1}


def test_forked_children_report_their_own_calls(tmp_path: Path) -> None:
    script = """
        import os, library
        library.f(1)
        child = os.fork()
        if child == 0:
            library.f(2)
            os._exit(0)
        os.waitpid(child, 0)
    """
    found = record(tmp_path, sys.executable, script)["f"]
    assert sorted(arguments(call)[0][0] for call in found["kept"]) == [1, 2]


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_functions_made_at_run_time_go_by_value(tmp_path: Path, version: str) -> None:
    if not interpreters.path(version):
        pytest.skip(f"no Python {version}")
    script = """
        import sys, math
        import llmopt_pickles
        offset = 10
        def outer(n):
            def again(x): return x if x < 1 else again(x - 1) + n + offset + math.floor(0.5)
            return again
        data, _ = llmopt_pickles.dump(([outer(2), lambda x, y=3: x * y], {}), 10**6)
        open("functions.bin", "wb").write(data)
    """
    read = """
        import llmopt_pickles
        (recursive, product), _ = llmopt_pickles.load(open("functions.bin", "rb").read())
        assert recursive(2) == 24, recursive(2)
        assert product(5) == 15
        assert recursive.__qualname__ == "outer.<locals>.again"
    """
    run = probing.probing(tmp_path, interpreters.path(version), {"write.py": script, "read.py": read})
    run.run("write.py", leaks={})
    run.run("read.py", leaks={})


def test_constants_whose_identity_counts_go_by_name(tmp_path: Path) -> None:
    module = """
        MISSING = object()
        class Kind(tuple):
            def __getattr__(self, name):
                if name.startswith("__"): raise AttributeError(name)
                made = Kind(self + (name,))
                setattr(self, name, made)
                return made
        Root = Kind()
        Keyword = Root.Keyword
        Deep = Root.Keyword.DDL
    """
    script = """
        import constants, llmopt_pickles
        values = [constants.MISSING, constants.Root, constants.Keyword, constants.Keyword.DDL, constants.Kind(["new"])]
        data, _ = llmopt_pickles.dump(values, 10**6)
        again = llmopt_pickles.load(data)
        assert all(a is b for a, b in zip(values[:4], again)), again
        assert again[4] == values[4] and again[4] is not values[4]
        assert len(data) < 500
    """
    probing.probing(tmp_path, sys.executable, {"constants.py": module, "script.py": script}).run("script.py", leaks={})
