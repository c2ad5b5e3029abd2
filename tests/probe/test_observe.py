"""The observer in real processes of every interpreter there is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from interpreters import OWN
from probing import Probing, probing

MODULE = '''
"""Functions of every kind."""
from __future__ import annotations
import asyncio, contextlib, functools

def plain(x, y=2, *rest, flag=False, **more):
    total = 0
    for i in range(x):
        total += i
    return total

class C:
    @staticmethod
    def static(a):
        return a

    @classmethod
    def of_class(cls, a):
        return cls

    @property
    def prop(self):
        return 3

    @functools.lru_cache(None)
    def cached(self, n):
        return [n]

    def __new__(cls, *arguments):
        return super().__new__(cls)

def generator(n):
    try:
        for i in range(n):
            got = yield i
            if got:
                yield got
    except ValueError:
        yield "caught"
    return "end"

@contextlib.contextmanager
def context():
    yield 1

async def coroutine(n):
    await asyncio.sleep(0)
    return n

async def async_generator(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def outer(n):
    def inner(x):
        return x + n
    return inner
'''
MAIN = '''
"""A script."""
from __future__ import annotations
import asyncio, inspect, os, sys
from kinds.mod import C, async_generator, context, coroutine, fib, generator, outer, plain

def here(a):
    return [a] * 3

def delegate():
    assert (yield from generator(2)) == "end"

async def iterate():
    out = [i async for i in async_generator(3)]
    cut = async_generator(3)
    await cut.__anext__()
    await cut.aclose()
    return out

if __name__ == "__main__":
    assert (__spec__, __package__, __doc__) == (None, None, "A script.")
    assert sys.path[0] == os.path.dirname(os.path.abspath(__file__))
    assert sys.modules["__main__"].here is here
    for i in range(1000):
        plain(i, 5, 6, flag=True, z=1)
    c = C()
    assert C.static("ab") == "ab" and C.of_class(None) is C and c.prop == 3
    assert c.cached(1) is c.cached(1)
    assert list(generator(3)) == [0, 1, 2]
    g = generator(3)
    next(g)
    assert g.send("x") == "x" and g.throw(ValueError) == "caught"
    assert list(delegate()) == [0, 1]
    assert inspect.isgeneratorfunction(generator) and inspect.iscoroutinefunction(coroutine)
    assert inspect.isasyncgenfunction(async_generator) and str(inspect.signature(fib)) == "(n)"
    with context() as value:
        assert value == 1
    assert asyncio.run(coroutine(4)) == 4
    assert asyncio.run(iterate()) == [0, 1, 2]
    assert fib(12) == 144
    assert [outer(k)(1) for k in range(5)][4] == 5
    here(b"x")
    here({"a": [1]})
'''
CALLS = {
    "plain": 1000,
    "C.static": 1,
    "C.of_class": 1,
    "C.prop": 1,
    "C.cached": 1,
    "C.__new__": 1,
    "generator": 3,
    "context": 1,
    "coroutine": 1,
    "async_generator": 2,
    "fib": 465,
    "outer.inner": 5,
}
FILES = {"kinds/__init__.py": "", "kinds/mod.py": MODULE, "main.py": MAIN}


def chosen(path: str, source: str, *names: str) -> list[dict[str, Any]]:
    """The functions to observe, their lines looked up in the source."""
    lines = source.splitlines()
    starts = {name: f"def {name.rpartition('.')[2]}(" for name in names}
    return [
        {"path": path, "name": name, "line": next(i for i, line in enumerate(lines, 1) if start in line)}
        for name, start in starts.items()
    ]


def observe(here: Probing, functions: list[dict[str, Any]], *arguments: str, **options: Any) -> list[Any]:
    run = here.run(*arguments, observe={"functions": functions, **options})
    return list(run.reports.get("observe", ()))


def by_name(report: Any) -> Mapping[str, Any]:
    return {entry["name"]: entry for entry in report["functions"]}


def hits(entry: Any, source: str) -> dict[str, int]:
    """Hits by the text of the line."""
    lines = source.splitlines()
    return {lines[line - 1].strip(): count for line, count, _ in entry["lines"]}


def test_every_kind_of_function_is_counted_and_its_lines_are_hit(tmp_path: Path, python: str) -> None:
    functions = chosen("kinds/mod.py", MODULE, *CALLS) + chosen("main.py", MAIN, "here")
    (report,) = observe(probing(tmp_path, python, FILES), functions, "main.py")
    found = by_name(report)
    assert {name: found[name]["calls"] for name in CALLS} == CALLS
    assert hits(found["plain"], MODULE) == {
        "total = 0": 1000,
        "for i in range(x):": 500_500,
        "total += i": 499_500,
        "return total": 1000,
    }
    assert hits(found["generator"], MODULE)["got = yield i"] == 6
    assert hits(found["async_generator"], MODULE)["yield i"] == 4
    assert hits(found["coroutine"], MODULE)["return n"] == 1
    assert hits(found["fib"], MODULE) == {"return n if n < 2 else fib(n - 1) + fib(n - 2)": 465}
    assert (found["here"]["how"], found["here"]["calls"]) == ("script", 2)
    assert (found["fib"]["how"], found["outer.inner"]["calls"]) == ("import", 5)
    assert not list(tmp_path.rglob("mod.*.pyc"))


@pytest.mark.parametrize("lines", [True, False])
def test_line_profiler_of_the_target_is_preferred(tmp_path: Path, lines: bool) -> None:
    functions = chosen("kinds/mod.py", MODULE, *CALLS)
    (report,) = observe(probing(tmp_path, OWN, FILES), functions, "main.py", lines=lines)
    assert report["measured_by"].startswith("target's line_profiler ") == lines
    assert {name: entry["calls"] for name, entry in by_name(report).items()} == CALLS
    assert bool(by_name(report)["fib"]["lines"]) == lines


def test_arguments_and_result_are_described(tmp_path: Path) -> None:
    functions = chosen("kinds/mod.py", MODULE, "plain", "generator", "coroutine", "C.static")
    (report,) = observe(probing(tmp_path, OWN, FILES), functions, "main.py")
    seen = {a["name"]: a["kinds"] for a in by_name(report)["plain"]["arguments"]}
    assert list(seen) == ["x", "y", "flag", "*rest", "**more", "return"]
    assert seen["y"] == {"int 5": 64}
    assert seen["flag"] == {"bool": 64}
    assert seen["*rest"] == {"tuple[int] len 1": 64}
    assert seen["**more"] == {"dict[str, int] len 1": 64}
    assert sum(seen["x"].values()) == sum(seen["return"].values()) == 64
    found = by_name(report)
    assert found["generator"]["arguments"][-1] == {"name": "return", "kinds": {"generator": 3}}
    assert found["coroutine"]["arguments"][-1] == {"name": "return", "kinds": {"int 4": 1}}
    assert found["C.static"]["arguments"][0] == {"name": "a", "kinds": {"str len 2": 1}}


CALLED = """
def f(x, y=None):
    return x

def often():
    return [f(i % 3, y=[i % 2]) for i in range(60)]

def once():
    return sorted([2, 1], key=f)

def gives():
    yield f("a" * 20)

often()
once()
list(gives())
"""


def test_callers_are_counted_and_equal_arguments_are_told_from_new_ones(tmp_path: Path, python: str) -> None:
    functions = chosen("main.py", CALLED, "f")
    (report,) = observe(probing(tmp_path, python, {"main.py": CALLED}), functions, "main.py", lines=False)
    (entry,) = report["functions"]
    calls = {"often": 0, "once": 0, "gives": 0}
    for file, name, line, count in entry["callers"]:
        own = next((each for each in calls if each in name), "often")  # before 3.11 a comprehension has no full name
        assert Path(file).name == "main.py"
        assert line > 1
        calls[own] += count
    assert calls == {"often": 60, "once": 2, "gives": 1}
    assert (entry["compared"], entry["distinct"]) == (63, 6 + 2 + 1)


def test_sample_covers_the_whole_run_and_repeats_with_its_seed(tmp_path: Path) -> None:
    source = "def f(x): pass\nfor i in range(100_000): f(i)\n"
    here = probing(tmp_path, OWN, {"main.py": source})
    functions = chosen("main.py", source, "f")
    seen = []
    for seed in (1, 1, 2):
        (report,) = observe(here, functions, "main.py", seed=seed, reservoir=200, lines=False)
        kinds = report["functions"][0]["arguments"][0]["kinds"]
        seen.append([int(kind.split()[1]) for kind in kinds])
    assert seen[0] == seen[1] != seen[2]
    assert len(seen[0]) == 200
    # The mean of 200 uniform draws is within 5 standard deviations (29,000 / sqrt(200)) of the middle.
    assert 40_000 < sum(seen[0]) / 200 < 60_000


def test_code_of_the_values_is_never_run(tmp_path: Path) -> None:
    source = """
        class Meta(type):
            def __getattribute__(cls, name): raise SystemExit("metaclass")
        class Hostile(list, metaclass=Meta):
            def __len__(self): raise SystemExit("len")
            def __iter__(self): raise SystemExit("iter")
            def __repr__(self): raise SystemExit("repr")
            def __getattribute__(self, name): raise SystemExit("attribute")
            __class__ = property(lambda self: 1 / 0)
        def f(x): return [x]
        f(type.__call__(Hostile))
    """
    (report,) = observe(
        probing(tmp_path, OWN, {"main.py": source}), [{"path": "main.py", "name": "f", "line": 0}], "main.py"
    )
    seen = {a["name"]: a["kinds"] for a in report["functions"][0]["arguments"]}
    assert seen == {"x": {"Hostile": 1}, "return": {"list[Hostile] len 1": 1}}


PARTS = """
    import collections, dataclasses, typing
    @dataclasses.dataclass
    class Entry:
        host: str
        size: int = 0
        note: str = None
        @property
        def twice(self): raise SystemExit("property")
    class Slotted:
        __slots__ = ("host", "size", "unset")
    class Text(str):
        def __eq__(self, other): raise SystemExit("eq")
        def __hash__(self): raise SystemExit("hash")
        def __getattr__(self, name): raise SystemExit("getattr")
    class Hidden:
        host = property(lambda self: 1 / 0, lambda self, value: None)
        def __getattr__(self, name): raise SystemExit("getattr")
    class Closed:
        def __getattribute__(self, name): raise SystemExit("attribute")
    Point = collections.namedtuple("Point", "host size")
    def f(entries, order, other=None):
        return lambda: [(e.host, e.size, e.note, e.twice, e.unset, e.log.deep) for e in entries] + order["customer"]
"""


def parts(tmp_path: Path, python: str, *lines: str) -> dict[str, dict[str, int]]:
    source = "\n".join([PARTS, *(f"    {line}" for line in lines)])
    here = probing(tmp_path, python, {"main.py": source})
    (report,) = observe(here, [{"path": "main.py", "name": "f", "line": 0}], "main.py")
    seen = {a["name"]: a["kinds"] for a in report["functions"][0]["arguments"]}
    assert list(seen)[-1] == "return"
    return {name: kinds for name, kinds in seen.items() if "." in name or "[" in name}


def test_parts_that_the_function_names_are_described_by_their_path(tmp_path: Path, python: str) -> None:
    seen = parts(
        tmp_path,
        python,
        'entries = [Entry("ab", note=Text("x")) for _ in range(9)]',
        'f([*entries, Entry("c", 3)], {"customer": "me", "left out": 1})',
    )
    assert seen == {
        "entries[]": {"Entry": 4},
        "entries[].host": {"str len 2": 3, "str len 1": 1},
        "entries[].size": {"int 0": 3, "int 3": 1},
        "entries[].note": {"Text": 3, "NoneType": 1},
        "order['customer']": {"str len 2": 1},
    }


def test_slots_fields_and_nested_objects_are_followed(tmp_path: Path, python: str) -> None:
    seen = parts(
        tmp_path,
        python,
        "slotted, nested = Slotted(), Entry('a')",
        "slotted.host, slotted.size, nested.log = 'abc', 1, Entry('b')",
        "nested.log.deep = [Point(1, 'x')]",
        "f(slotted, nested, Point('h', 2))",
    )
    assert seen == {
        "entries.host": {"str len 3": 1},
        "entries.size": {"int 1": 1},
        "order.host": {"str len 1": 1},
        "order.size": {"int 0": 1},
        "order.note": {"NoneType": 1},
        "order.log": {"Entry": 1},
        "order.log.host": {"str len 1": 1},
        "order.log.size": {"int 0": 1},
        "order.log.note": {"NoneType": 1},
        "order.log.deep": {"list[Point] len 1": 1},
        "order.log.deep[]": {"Point": 1},
        "order.log.deep[].host": {"int 1": 1},
        "order.log.deep[].size": {"str len 1": 1},
        "other.host": {"str len 1": 1},
        "other.size": {"int 2": 1},
    }


def test_what_a_class_computes_is_not_described(tmp_path: Path, python: str) -> None:
    seen = parts(
        tmp_path,
        python,
        "hidden = Hidden()",
        "vars(hidden).update(host='stored but hidden', size=1)",
        "f([hidden, Closed(), Text('a')], {3: 1, 'customer': 2}, collections.defaultdict(int, customer=1))",
    )
    assert seen == {"entries[]": {"Hidden": 1, "Closed": 1, "Text": 1}, "entries[].size": {"int 1": 1}}


def test_parts_of_one_argument_are_bounded(tmp_path: Path) -> None:
    names = [f"a{i}" for i in range(30)]
    source = f"""
        class Big: pass
        big = Big()
        for name in {names}: setattr(big, name, [big] * 1000)
        def f(x): return {" or ".join(f"x.{name}" for name in names)}
        f(big)
    """
    here = probing(tmp_path, OWN, {"main.py": source})
    (report,) = observe(here, [{"path": "main.py", "name": "f", "line": 0}], "main.py")
    seen = [a["name"] for a in report["functions"][0]["arguments"]]
    assert [name for name in seen if name.count(".") == 1 and "[" not in name] == [f"x.a{i}" for i in range(12)]
    assert len(seen) == 2 + 12 + 12


def test_values_are_released(tmp_path: Path) -> None:
    source = """
        import weakref
        class Big: pass
        def f(x): return x
        big = Big()
        watch = weakref.ref(f(big))
        del big
        assert watch() is None
    """
    (report,) = observe(
        probing(tmp_path, OWN, {"main.py": source}), [{"path": "main.py", "name": "f", "line": 0}], "main.py"
    )
    assert report["functions"][0]["calls"] == 1


def test_arrays_and_frames_are_described_by_type_and_shape(tmp_path: Path) -> None:
    source = """
        import numpy, pandas
        def f(x): pass
        f(numpy.zeros((3, 2)))
        f(pandas.DataFrame({"a": [1, 2], "b": [1.0, 2.0]}))
        f(pandas.Series([1, 2]))
        f(2 ** 100)
    """
    (report,) = observe(
        probing(tmp_path, OWN, {"main.py": source}), [{"path": "main.py", "name": "f", "line": 0}], "main.py"
    )
    assert report["functions"][0]["arguments"][0]["kinds"] == {
        "ndarray float64 (3, 2)": 1,
        "DataFrame (2, 2) int64 | float64": 1,
        "Series int64 len 2": 1,
        "int of 101 bits": 1,
    }


WAYS = {"script": ("main.py",), "module": ("-m", "main"), "runpy": ("-c", "import runpy; runpy.run_path('main.py')")}


@pytest.mark.parametrize("way", WAYS)
def test_main_file_is_observed_however_it_is_run(tmp_path: Path, python: str, way: str) -> None:
    source = "def f(x): return x\nfor _ in range(7): f(1)\n"
    here = probing(tmp_path, python, {"main.py": source})
    (report,) = observe(here, chosen("main.py", source, "f"), *WAYS[way])
    assert report["functions"][0]["calls"] == 7
    assert [[*line[:2]] for line in report["functions"][0]["lines"]] == [[1, 7]]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_count_their_own_calls(tmp_path: Path, python: str, method: str) -> None:
    source = """
        import multiprocessing, sys
        def f(x):
            return x
        if __name__ == "__main__":
            for i in range(100): f(i)
            context = multiprocessing.get_context(sys.argv[1])
            with context.Pool(2) as pool:
                pool.map(f, range(10), chunksize=1)
    """
    here = probing(tmp_path, python, {"main.py": source})
    reports = observe(here, [{"path": "main.py", "name": "f", "line": 0}], "main.py", method)
    assert sum(report["functions"][0]["calls"] for report in reports) == 110
    assert sum(line[1] for report in reports for line in report["functions"][0]["lines"]) == 110


def test_threads_are_all_measured(tmp_path: Path, python: str) -> None:
    source = """
        import threading
        def f(x):
            for _ in range(10): x += 1
            return x
        def calls():
            for i in range(50): f(i)
        threads = [threading.Thread(target=calls) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    here = probing(tmp_path, python, {"main.py": source})
    (report,) = observe(here, [{"path": "main.py", "name": "f", "line": 0}], "main.py")
    (entry,) = report["functions"]
    assert entry["calls"] == 150
    assert entry["lines"][-1][1] == 150


def test_recursion_keeps_the_depth_it_had(tmp_path: Path, python: str) -> None:
    source = "def down(n): return n and down(n - 1)\ndown(900)\n"
    (report,) = observe(probing(tmp_path, python, {"main.py": source}), chosen("main.py", source, "down"), "main.py")
    assert report["functions"][0]["calls"] == 901


def test_exception_passes_through(tmp_path: Path) -> None:
    source = """
        def f(x):
            return 1 // x
        try:
            f(0)
        except ZeroDivisionError as problem:
            assert problem.__traceback__.tb_next.tb_next.tb_lineno == 3
        f(1)
    """
    (report,) = observe(
        probing(tmp_path, OWN, {"main.py": source}), [{"path": "main.py", "name": "f", "line": 2}], "main.py"
    )
    seen = {a["name"]: a["kinds"] for a in report["functions"][0]["arguments"]}
    assert seen == {"x": {"int 0": 1, "int 1": 1}, "return": {"int 1": 1}}


def test_function_a_decorator_compiles_is_left_alone(tmp_path: Path) -> None:
    source = """
        def njit(**options): return lambda function: function
        class numba: njit = staticmethod(njit)
        @numba.njit(cache=True)
        def f(x): return x
        assert not hasattr(f, "__wrapped__")
    """
    here = probing(tmp_path, OWN, {"main.py": source})
    functions = [{"path": "main.py", "name": name, "line": 0} for name in ("f", "g")]
    (report,) = observe(here, functions, "main.py")
    assert {entry["name"]: entry["how"] for entry in report["functions"]} == {
        "f": "left alone: its decorator compiles it",
        "g": "not found in its file",
    }


def test_file_that_is_never_loaded_is_not_reported(tmp_path: Path) -> None:
    here = probing(tmp_path, OWN, {"main.py": "pass", "other.py": "def f(): pass"})
    assert observe(here, [{"path": "other.py", "name": "f", "line": 1}], "main.py") == []


def test_runner_can_compile_a_main_file(tmp_path: Path) -> None:
    source = "def f(x): return x\nf(1)\n"
    runner = """
        import llmopt_observe, pathlib
        for name in ("main.py", "plain.py"):
            code = llmopt_observe.compile_main(pathlib.Path(name).read_text(), str(pathlib.Path(name).resolve()))
            exec(code, {"__name__": "__main__"})
    """
    here = probing(tmp_path, OWN, {"main.py": source, "plain.py": source, "runner.py": runner})
    (report,) = observe(here, chosen("main.py", source, "f"), "runner.py")
    assert report["functions"][0]["calls"] == 1
