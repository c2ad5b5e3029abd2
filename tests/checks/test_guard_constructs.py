"""What an edit may not add: for each rule a table of what it turns down, and one of what it leaves alone."""

from __future__ import annotations

import textwrap

import pytest

from llmopt.checks import guard

BASE = """
import os
import sys
import time
import threading
from collections import Counter

CACHE = {}

class Graph:
    def __init__(self):
        self.nodes = {}

    def size(self):
        return len(self.nodes)

def work(items):
    return sorted(items)
"""


def rules(new: str, old: str = BASE) -> list[str]:
    """The rules that turn a new source down."""
    return [each.rule for each in guard.objections({"pkg/a.py": clean(old)}, {"pkg/a.py": clean(new)})]


def clean(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def with_body(code: str) -> str:
    """The base with other lines in `work`; lines that begin with "!" stand at module level before it."""
    lines = clean(code).splitlines()
    before = "\n".join(line[1:] for line in lines if line.startswith("!"))
    body = "\n".join(f"    {line}" for line in lines if not line.startswith("!"))
    return BASE.replace("def work(items):\n    return sorted(items)", f"{before}\ndef work(items):\n{body}")


TURNED_DOWN = {
    "frames": [
        "return sys._getframe(1)",
        "return getattr(sys, '_getframe')()",
        "return getattr(sys, '_get' + 'frame')()",
        "return __import__('sys')._getframe()",
        "!import importlib\nreturn importlib.import_module('sys')._getframe()",
        "!import sys as system\nreturn system._getframe()",
        "!from sys import _getframe as look\nreturn look()",
        "s = sys\nreturn s._getframe()",
        "!import inspect\nreturn inspect.stack()[1].function",
        "!from inspect import currentframe\nreturn currentframe().f_back",
        "!import traceback\nreturn traceback.extract_stack()",
        "try:\n    raise ValueError\nexcept ValueError as e:\n    return e.__traceback__.tb_frame",
        "!import gc\nreturn gc.get_objects()",
        "!import operator\nreturn operator.attrgetter('_getframe')(sys)()",
    ],
    "tracing": ["sys.settrace(None)", "sys.setprofile(print)", "threading.settrace(print)"],
    "modules": ["return 'pytest' in sys.modules", "sys.modules['time'] = None", "sys.path.insert(0, '/tmp')"],
    "patching": [
        "time.perf_counter = lambda: 0.0",
        "time.perf_counter, x = None, 1",
        "setattr(time, 'perf_counter', None)",
        "time.__dict__['perf_counter'] = None",
        "time.__dict__.update(perf_counter=None)",
        "!import statistics\nstatistics.median = min",
        "!from statistics import NormalDist\nNormalDist.mean = 0",
        "!from . import state\nstate.counter += 1",
        "del time.perf_counter",
        "for time.perf_counter in items: pass",
        "work.__defaults__ = ()",
        "sys.stdout = None",
    ],
    "settings": [
        "!import gc\ngc.disable()",
        "!from gc import freeze\nfreeze()",
        "os.sched_setaffinity(0, {0})",
        "sys.setrecursionlimit(10**6)",
        "threading.stack_size(2**20)",
        "!import random\nrandom.seed(1)",
        "!import numpy as np\nnp.random.seed(1)",
        "!import numpy as np\nnp.seterr(all='ignore')",
        "os.chdir('/tmp')",
    ],
    "environment": [
        "if 'PYTEST_CURRENT_TEST' in os.environ:\n    return items",
        "return os.environ.get('CI')",
        "return os.getenv('CI')",
        "!from os import environ\nreturn environ['CI']",
        "os.environ['OMP_NUM_THREADS'] = '1'",
        "return len(sys.argv)",
        "!import platform\nreturn platform.node()",
        "!import socket\nreturn socket.gethostname()",
        "return ''.join(['PYTEST_CURRENT_TEST'])",
    ],
    "identity": [
        "if id(items) in CACHE:\n    return CACHE[id(items)]",
        "key = id(items)\nreturn CACHE.get(key)",
        "key = (id(items), len(items))\nreturn CACHE.setdefault(key, sorted(items))",
        "CACHE[f'{id(items)}'] = sorted(items)",
        "work.cache[id(items)] = 1",
        "def wrapped(x, _known={}):\n    return _known[id(x)]\nreturn wrapped",
        "known = {}\ndef look(x):\n    return known[id(x)]\nreturn look",
        "!from functools import lru_cache\n!@lru_cache\n!def by_id(x): return x\nreturn by_id(id(items))",
    ],
    "exits": [
        "sys.exit(0)",
        "os._exit(0)",
        "raise SystemExit",
        "raise SystemExit(0)",
        "exit()",
        "!import atexit\natexit.register(print)",
        "!import signal\nsignal.alarm(1)",
        "os.kill(0, 9)",
    ],
    "network": [
        "!import socket\nreturn socket.create_connection(('x', 1))",
        "!from urllib.request import urlopen\nreturn urlopen('http://x')",
        "!import requests\nreturn requests.get('http://x')",
    ],
    "processes": [
        "!import subprocess\nreturn subprocess.run(['sort'])",
        "!from multiprocessing import Pool\nreturn Pool().map(len, items)",
        "os.system('sort')",
        "os.fork()",
        "!from concurrent.futures import ProcessPoolExecutor\nreturn ProcessPoolExecutor()",
    ],
    "threads": [
        "threading.Thread(target=print).start()",
        "!from concurrent.futures import ThreadPoolExecutor\nreturn ThreadPoolExecutor().submit(sorted, items)",
        "!import asyncio\nreturn asyncio.create_task(items)",
    ],
    "files": [
        "open('/tmp/x', 'w').write('1')",
        "!from pathlib import Path\nPath('x').write_text('1')",
        "!from pathlib import Path\nwith Path('x').open('wb') as f: pass",
        "!import shelve\nreturn shelve.open('/tmp/cache')",
        "!import tempfile\nreturn tempfile.mkdtemp()",
        "!import sqlite3\nreturn sqlite3.connect('x')",
        "mode = 'w'\nopen('x', mode)",
        "os.remove('x')",
    ],
    "execution": [
        "exec('x = 1')",
        "return eval('1')",
        "return compile('1', '', 'eval')",
        "!import ctypes\nreturn items",
        "!import builtins\nbuiltins.exec('1')",
        "work.__code__.co_consts",
        "return getattr(sys, items[0])",
        "return __import__(items[0])",
        "!from os import *\nreturn items",
        "return vars and sys.__dict__[items[0]]",
    ],
    "equality": [
        "!class Same(float):\n!    def __eq__(self, other): return abs(self - other) < 1\nreturn Same()",
        "!class Any:\n!    def __eq__(self, other): return True\nreturn Any()",
        "!class Any:\n!    __class__ = list\nreturn Any()",
        "!class Meta(type):\n!    def __instancecheck__(self, other): return True\nreturn Meta",
        "Graph.__eq__ = lambda self, other: True",
        "items.__class__ = Graph",
        "setattr(Graph, '__eq__', print)",
    ],
    "answers": [
        "return {" + ", ".join(f"{n}: {n * n}" for n in range(40)) + "}[len(items)]",
        "return [" + ", ".join(f"({n}, '{n}')" for n in range(40)) + "]",
        "return '" + "x" * 2000 + "'",
        "return b'" + "x" * 2000 + "'",
        "\n".join(f"if len(items) == {n}: return {n * n}" for n in range(30)),
    ],
    "silence": [
        "!import warnings\nwarnings.simplefilter('ignore')",
        "!import warnings\nwith warnings.catch_warnings():\n    warnings.filterwarnings('ignore')",
        "!import logging\nlogging.disable()",
        "!import logging\nlogging.getLogger('pkg').setLevel(50)",
        "!import contextlib\nwith contextlib.redirect_stdout(None): return items",
    ],
    "broad except": [
        "try:\n    return sorted(items)\nexcept:\n    return items",
        "try:\n    return sorted(items)\nexcept Exception:\n    return items",
        "try:\n    return sorted(items)\nexcept (ValueError, BaseException):\n    return items",
        "!from contextlib import suppress\nwith suppress(Exception): return sorted(items)",
    ],
    "test tools": ["!import pytest\npytest.skip()", "!from unittest import SkipTest\nraise SkipTest"],
}

LEFT_ALONE = {
    "frames": ["!import inspect\nreturn inspect.isfunction(items)", "!import gc\nreturn gc.isenabled()"],
    "tracing": ["settrace = items\nreturn settrace"],
    "modules": ["return sys.maxsize, sys.byteorder, sys.intern('x')"],
    "patching": [
        "time = Counter()\ntime.total = 3\nreturn time",
        "for os in items:\n    os.seen = True",
        "def inner(sys):\n    sys.x = 1\nreturn inner",
        "self = Graph()\nself.nodes = {}\nGraph.kind = 1",
        "clone = Graph.__new__(Graph)\nclone.__dict__ = dict(items.__dict__)\nreturn clone",
        "clone.__dict__.update(items.__dict__)",
        "setattr(items, 'x', 1)",
        "sleep = time.sleep\nreturn sleep",
    ],
    "settings": [
        "!import random\nreturn random.Random(1)",
        "!import numpy as np\nreturn np.random.default_rng(1)",
        "!import numpy as np\nwith np.errstate(all='ignore'): return np.log(items)",
        "!import decimal\nwith decimal.localcontext(): return items",
        "!import gc\ngc.collect()",
    ],
    "environment": [
        "if sys.version_info >= (3, 12):\n    return items",
        "return sys.platform == 'win32'",
        "!import platform\nreturn platform.python_implementation()",
        "environ = {}\nreturn environ.get('CI')",
        "return os.path.join('a', 'b'), os.fspath('x'), os.sep",
    ],
    "identity": [
        "seen = set()\nfor x in items:\n    if id(x) in seen: continue\n    seen.add(id(x))\nreturn seen",
        "seen = {id(x) for x in items}\nreturn [x for x in items if id(x) not in seen]",
        "by = {}\nfor x in items:\n    key = id(x)\n    by[key] = x\nreturn by",
        "return id(items) == id(CACHE)",
        "def visit(x, seen):\n    if id(x) in seen: return\n    seen.add(id(x))\nreturn visit(items, set())",
        "seen = set()\ndef visit(x):\n    seen.add(id(x))\nvisit(items)",
        "return '<%x>' % id(items)",
        "return CACHE[len(items)]",
        "id = items[0]\nreturn CACHE[id]",
        "!from functools import lru_cache\n!@lru_cache\n!def cached(x): return x\nreturn cached(items)",
    ],
    "exits": ["try:\n    return items\nexcept SystemExit:\n    raise", "exit = 1\nreturn exit", "raise ValueError"],
    "network": [
        "!import socket\n!def f(s: socket.socket): return s\nreturn items",
        "!import socket\nreturn isinstance(items, socket.socket)",
        "!import socket\ntry:\n    return items\nexcept socket.error:\n    raise",
        "!from urllib.parse import urlsplit\nreturn urlsplit('x')",
    ],
    "processes": ["!import subprocess\nreturn subprocess.PIPE", "return os.cpu_count()"],
    "threads": [
        "with threading.Lock(): return items",
        "local = threading.local()\nreturn local",
        "!import asyncio\nasync def f():\n    await asyncio.sleep(0)\nreturn f",
    ],
    "files": [
        "return open('x').read()",
        "with open('x', 'rb') as f: return f.read()",
        "with open('x', encoding='wax') as f: return f.read()",
        "!import io\nreturn io.StringIO()",
        "items.remove(1)\nitems.copy()\nCACHE.update(x=1)",
        "!import re\nreturn re.compile('w')",
        "items.open('latin')",
    ],
    "execution": [
        "!import re\nreturn re.compile('x')",
        "return getattr(items, items[0])",
        "return type('X', (), {})",
        "!import importlib\nreturn importlib.import_module('json')",
        "!from operator import attrgetter\nreturn sorted(items, key=attrgetter('x'))",
        "return Graph.__subclasses__()",
        "compile = items\nreturn compile(1)",
    ],
    "equality": [
        "!class Key:\n!    def __init__(self, x): self.x = x\n!    def __eq__(self, other): return self.x == other.x\n"
        "!    def __hash__(self): return hash(self.x)\nreturn Key(items)",
        "!class Point(tuple):\n!    __slots__ = ()\nreturn Point()",
    ],
    "answers": [
        "return {" + ", ".join(f"{n}: {n * n}" for n in range(20)) + "}",
        "return [" + ", ".join(f"items[{n}]" for n in range(80)) + "]",
        "return [n * n for n in range(1000)]",
        '"""' + "A long docstring. " * 150 + '"""\nreturn items',
        "\n".join(f"if len(items) == {n}: return items[{n}]" for n in range(30)),
    ],
    "silence": [
        "!import warnings\nwarnings.warn('x', stacklevel=2)",
        "!import logging\nlogging.getLogger('pkg').debug('x')",
    ],
    "broad except": [
        "try:\n    return sorted(items)\nexcept TypeError:\n    return items",
        "try:\n    return sorted(items)\nexcept Exception:\n    CACHE.clear()\n    raise",
        "try:\n    return sorted(items)\nexcept Exception as problem:\n    return problem",
        "!from contextlib import suppress\nwith suppress(KeyError): del CACHE[1]",
    ],
    "test tools": ["test = items\nreturn test"],
}


def cases(table: dict[str, list[str]]) -> list[object]:
    return [pytest.param(rule, code, id=f"{rule}: {code[:60]!r}") for rule in table for code in table[rule]]


@pytest.mark.parametrize(("rule", "code"), cases(TURNED_DOWN))
def test_what_a_rule_turns_down(rule: str, code: str) -> None:
    assert rule in rules(with_body(code))


@pytest.mark.parametrize(("rule", "code"), cases(LEFT_ALONE))
def test_what_a_rule_leaves_alone(rule: str, code: str) -> None:
    assert rules(with_body(code)) == []


@pytest.mark.parametrize(("rule", "code"), cases(TURNED_DOWN))
def test_what_was_there_before_is_no_addition(rule: str, code: str) -> None:
    """The same construct, with the rest of its function rewritten around it and a line added before."""
    old = with_body(code)
    assert (
        rules("import json\n" + old.replace("return len(self.nodes)", "return sum(1 for _ in self.nodes)"), old) == []
    )
    assert rules(old.replace("def work(items):\n", "def work(items):\n    size = len(items)\n"), old) == []


# --- more or other than before -------------------------------------------------------------------------------------


def test_more_of_what_was_there_is_an_addition() -> None:
    old = with_body("return os.environ.get('COLUMNS')")
    assert rules(old.replace("get('COLUMNS')", "get('COLUMNS') or os.environ.get('CI')"), old) == ["environment"]
    old = with_body("if not items: sys.exit(1)\nreturn items")
    assert rules(old.replace("return len(self.nodes)", "sys.exit(1)"), old) == ["exits"]


def test_moved_code_is_no_addition() -> None:
    old, new = with_body("return os.environ.get('CI')"), BASE + "\ndef other():\n    return os.environ.get('CI')\n"
    assert rules(new, old) == []
    found = guard.objections(
        {"a.py": old, "b.py": "x = 1\n"}, {"a.py": BASE, "b.py": "import os\nx = os.environ.get('CI')\n"}
    )
    assert found == []


@pytest.mark.parametrize(
    ("rule", "had", "added"),
    [
        ("files", "open('x', 'w')", "open('y', 'wb')"),
        ("processes", "os.system('x')", "os.popen('y')"),
        ("threads", "threading.Thread()", "threading.Timer(1, print)"),
    ],
)
def test_acts_of_a_kind_are_no_news_where_there_were_some(rule: str, had: str, added: str) -> None:
    old = with_body(f"{had}\nreturn items")
    assert rules(with_body(f"{added}\nreturn items")) == [rule]
    assert rules(old.replace("return len(self.nodes)", added), old) == []


def test_another_way_to_do_what_the_edited_code_did_is_no_news() -> None:
    old = with_body("!import inspect\nreturn inspect.stack()[1]")
    assert rules(with_body("!import inspect\nreturn inspect.currentframe().f_back"), old) == []
    old = with_body("return os.environ.get('COLUMNS')")
    assert rules(with_body("return os.environ.get('PYTEST_VERSION')"), old) == ["environment", "environment"]


def test_table_that_stood_elsewhere_or_grew_is_no_table_of_answers() -> None:
    table = "{" + ", ".join(f"'{n}': {n}" for n in range(80)) + "}"
    old = with_body(f"return {table}[items]")
    assert rules(with_body(f"!TABLE = {table}\nreturn TABLE[items]"), old) == []
    assert rules(old.replace("'0': 0", "'a': -1, '0': 0"), old) == []
    assert rules(with_body(f"return tuple({table})"), BASE) == ["answers"]


@pytest.mark.parametrize("name", ["__eq__", "__ne__"])
def test_comparison_that_a_class_did_not_have_is_turned_down(name: str) -> None:
    new = BASE.replace("    def size", f"    def {name}(self, other):\n        return self is other\n\n    def size")
    assert rules(new) == ["equality"]
    assert rules(new.replace("self is other", "self.nodes == other.nodes"), new) == []


def test_hash_that_is_kept_is_left_alone() -> None:
    new = BASE.replace("    def size", "    def __hash__(self):\n        return 1\n\n    def size")
    assert rules(new) == []


def test_rules_say_what_where_and_why() -> None:
    new = with_body("x = 1\nreturn sys._getframe(1)")
    line = 1 + clean(new).splitlines().index("    return sys._getframe(1)")
    (objection,) = guard.objections({"pkg/a.py": clean(BASE)}, {"pkg/a.py": clean(new)})
    assert str(objection) == (
        f"pkg/a.py:{line}: adds `sys._getframe`: code that looks at its callers can tell a benchmark from its users"
    )


def test_line_is_the_new_one_among_equal_ones() -> None:
    old = with_body("sys.exit(1)")
    new = old.replace("return len(self.nodes)", "return sys.exit(1) or 5")
    (objection,) = guard.objections({"a.py": clean(old)}, {"a.py": clean(new)})
    assert clean(new).splitlines()[objection.line - 1].strip() == "return sys.exit(1) or 5"


def test_long_chains_are_no_crash() -> None:
    ladder = "".join(f"    {'el' if n else ''}if items == {n}:\n        x = {n}\n" for n in range(300))
    assert rules(BASE + f"\ndef pick(items):\n{ladder}    return x\n") == []
