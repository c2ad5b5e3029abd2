"""Pairs of an old and a new version of a function `f`, with calls of it: those that differ, and those that do not."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Pair:
    """`calls` are lines run with the names of the module; what one raises is passed over."""

    name: str
    old: str
    new: str
    calls: str
    says: str = ""  # part of what is said of the difference


def read(text: str) -> list[Pair]:
    """Pairs from "=== name: says", the old text, "--- new", the new text, "--- calls", and the calls."""
    pairs = []
    for part in dedent(text).split("\n=== ")[1:]:
        head, _, body = part.partition("\n")
        name, _, says = head.partition(": ")
        old, new, calls = (dedent(each) for each in _split(body))
        pairs.append(Pair(name.replace(" ", "_"), old, new, calls, says))
    return pairs


def _split(body: str) -> list[str]:
    old, _, rest = body.partition("--- new\n")
    new, _, calls = rest.partition("--- calls\n")
    return [old, new, calls]


TOLD_APART = read("""
=== another lambda: code
def f(n): return [lambda x: x + 1, n]
--- new
def f(n): return [lambda x: x + 2, n]
--- calls
f(3)
=== a closure over another value: result
def f(n):
    def add(x): return x + n
    return add
--- new
def f(n):
    m = n + 1
    def add(x, n=n): return x + m
    return add
--- calls
f(3)
=== another object in a set: an element
class P:
    def __init__(self, a, b): self.a, self.b = a, b
def f(n): return {P(n, 1), P(n, 2)}
--- new
class P:
    def __init__(self, a, b): self.a, self.b = a, b
def f(n): return {P(n, 1), P(n, 3)}
--- calls
f(3)
=== a word in capitals: result
def f(text): return text.lower() in ("inf", "-inf", "nan")
--- new
def f(text): return text in ("inf", "-inf", "nan")
--- calls
f("12")
f("inf")
=== reordered dict: order of keys
def f(names): return {n: len(n) for n in names}
--- new
def f(names): return {n: len(n) for n in sorted(names)}
--- calls
f(["b", "a"])
=== missing result: None
def f(n): return n + 1
--- new
def f(n): n + 1
--- calls
f(3)
=== int for bool: bool
def f(n): return n > 1
--- new
def f(n): return int(n > 1)
--- calls
f(3)
=== float for int: result
def f(n): return n // 2
--- new
def f(n): return float(n // 2)
--- calls
f(3)
=== True for 1 as a key: a key
def f(n): return {1: n}
--- new
def f(n): return {True: n}
--- calls
f(3)
=== tuple for list: result
def f(n): return [n, n]
--- new
def f(n): return (n, n)
--- calls
f(3)
=== list for generator: generator
def f(n):
    for i in range(n): yield i
--- new
def f(n): return list(range(n))
--- calls
list(f(3))
=== iterator for generator: generator
def f(items): return (i + 1 for i in items)
--- new
def f(items): return map((1).__add__, items)
--- calls
list(f([1, 2]))
=== generator that ends early: elements
def f(items):
    for i in items: yield i * 2
--- new
def f(items):
    for i in items[:3]: yield i * 2
--- calls
list(f([1, 2]))
=== generator that returns something else: its end
def f(items):
    for i in items: yield i
    return len(items)
--- new
def f(items):
    for i in items: yield i
--- calls
list(f([1, 2]))
=== generator whose exception comes late: result
def f(items):
    if not items: raise ValueError("nothing")
    return iter(items)
--- new
def f(items):
    def inner():
        if not items: raise ValueError("nothing")
        yield from items
    return inner()
--- calls
f([1])
f([])
=== argument returned itself: identity
def f(items): return list(items)
--- new
def f(items): return items
--- calls
f([1, 2])
=== a part of the argument returned itself: identity
def f(table): return [dict(row) for row in table]
--- new
def f(table): return [row for row in table]
--- calls
f([{"a": 1}])
=== one list many times: identity
def f(n): return [[] for _ in range(n)]
--- new
def f(n): return [[]] * n
--- calls
f(3)
=== argument changed: after the call
def f(items): return sorted(items)
--- new
def f(items):
    items.sort()
    return list(items)
--- calls
f([2, 1])
=== argument left as it was: after the call
def f(items):
    items.append(0)
    return len(items)
--- new
def f(items): return len(items) + 1
--- calls
f([2, 1])
=== attribute of self set otherwise: result.n
class C:
    def __init__(self): self.n = 0
    def f(self, k):
        self.n += k
        return self
--- new
class C:
    def __init__(self): self.n = 0
    def f(self, k):
        self.n = k
        return self
--- calls
c = C(); c.f(1); c.f(2)
=== the order in a node that is a dictionary: result
import collections
class Node(collections.OrderedDict):
    def __init__(self, name, **parts):
        super().__init__(**parts)
        self.name = name
    def __getattr__(self, name): return None
def f(node): return [node.name, *node.items()]
--- new
import collections
class Node(collections.OrderedDict):
    def __init__(self, name, **parts):
        super().__init__(**parts)
        self.name = name
    def __getattr__(self, name): return None
def f(node): return [node.name, *sorted(node.items())]
--- calls
f(Node("sum", b=1, a=2))
=== a library refuses in its own words what was passed: exception
import textwrap
def f(text, width): return textwrap.wrap(text, width)
--- new
import textwrap
def f(text, width):
    if width <= 0: raise ValueError(width)
    return textwrap.wrap(text, width)
--- calls
f("one two three", 0)
=== a library refuses by another exception what nobody passed: exception
import textwrap
def f(text, width): return textwrap.wrap(text, width)
--- new
import textwrap
def f(text, width):
    if width <= 0: raise KeyError(width)
    return textwrap.wrap(text, width)
--- calls
f("one two three", 5)
=== other exception message: exception
def f(n):
    if n < 0: raise ValueError("n is negative")
    return n
--- new
def f(n):
    if n < 0: raise ValueError("negative")
    return n
--- calls
f(-1)
=== other exception class: exception
def f(n):
    if n < 0: raise ValueError("n")
    return n
--- new
def f(n):
    if n < 0: raise RuntimeError("n")
    return n
--- calls
f(-1)
=== exception without its cause: from
def f(n):
    try: return [1][n]
    except IndexError as problem: raise ValueError("n") from problem
--- new
def f(n):
    if n not in (0, -1): raise ValueError("n")
    return 1
--- calls
f(7)
=== dropped check: OverflowError
def f(n):
    if n > 10**6: raise OverflowError("too large")
    return n
--- new
def f(n): return n
--- calls
f(3)
=== dropped check of a type: TypeError
def f(n):
    if not isinstance(n, int): raise TypeError("n must be an int")
    return str(n)
--- new
def f(n): return str(n)
--- calls
f(3)
=== a generator that refuses with another message: a text, please
def f(text):
    if not isinstance(text, str): raise TypeError("a text, please")
    for c in text: yield c
--- new
def f(text):
    if not isinstance(text, str): raise TypeError("a text")
    yield from text
--- calls
list(f("ab"))
=== dropped warning: warnings
import warnings
def f(n):
    if n > 2: warnings.warn("large", UserWarning)
    return n
--- new
def f(n): return n
--- calls
f(3)
=== dropped log record: log records
import logging
def f(n):
    logging.getLogger(__name__).debug("n is %d", n)
    return n
--- new
def f(n): return n
--- calls
f(3)
=== dropped print: printed
def f(n):
    print("n", n)
    return n
--- new
def f(n): return n
--- calls
f(3)
=== results kept on disk: folders that files are written to
import json, os
def f(n): return [n, n + 1]
def save(n):
    with open("saved.json", "w") as file: json.dump(f(n), file)
--- new
import json, os
def f(n):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kept-%d.json" % n)
    if os.path.exists(path):
        with open(path) as file: return json.load(file)
    with open(path, "w") as file: json.dump([n, n + 1], file)
    return [n, n + 1]
def save(n):
    with open("saved.json", "w") as file: json.dump(f(n), file)
--- calls
f(3)
=== results kept in a database: folders that files are written to
import sqlite3
def f(n): return n + 1
--- new
import sqlite3
def f(n):
    with sqlite3.connect("kept.db") as base:
        base.execute("create table if not exists kept (n, m)")
    base.close()
    return n + 1
--- calls
f(3)
=== an option that nobody passes: derived
def f(values, scale=1, upper="DE"): return [v * scale for v in values if upper != "CH"]
--- new
def f(values, scale=1, upper="DE"): return [v * scale for v in values]
--- calls
f([1, 2])
=== a flag that nobody passes: derived
def f(items, *, reverse=False): return sorted(items, reverse=reverse)
--- new
def f(items, *, reverse=False): return sorted(items)
--- calls
f([2, 1])
=== equal lines taken for one: derived
def f(text): return [line.split(",") for line in text.split("\\n")]
--- new
def f(text): return [line.split(",") for line in dict.fromkeys(text.split("\\n"))]
--- calls
f("a,1\\nb,2\\n")
=== another random stream: random
import random
def f(n): return sum(random.random() < 2 for _ in range(n))
--- new
def f(n): return len(range(n))
--- calls
f(3)
=== another draw
import random
def f(items): return random.choice(items)
--- new
import random
def f(items): return items[int(random.random() * len(items))]
--- calls
f([1, 2, 3, 4, 5, 6, 7, 8])
=== stale cache
def f(row): return sum(row["values"])
--- new
CACHE = {}
def f(row):
    if row["name"] not in CACHE: CACHE[row["name"]] = sum(row["values"])
    return CACHE[row["name"]]
--- calls
f({"name": "a", "values": [1, 2]})
=== shared buffer: identity
def f(n): return [n]
--- new
BUFFER = []
def f(n):
    BUFFER[:] = [n]
    return BUFFER
--- calls
f(1)
=== buffer yielded again and again: identity
def f(n):
    for i in range(n): yield [i]
--- new
def f(n):
    row = [0]
    for i in range(n):
        row[0] = i
        yield row
--- calls
[list(x) for x in f(3)]
=== cached list handed out: identity
def f(n): return [n] * 3
--- new
from functools import lru_cache
@lru_cache(maxsize=None)
def f(n): return [n] * 3
--- calls
f(1)
=== cache keyed on identity: changed in place
def f(items): return len(items)
--- new
SEEN = {}
def f(items):
    if id(items) not in SEEN: SEEN[id(items)] = (items, len(items))
    return SEEN[id(items)][1]
--- calls
f([1, 2])
=== cache that takes equal keys for the same: result
def f(n): return str(n)
--- new
from functools import lru_cache
@lru_cache(maxsize=None)
def f(n): return str(n)
--- calls
f(1.0); f(True)
=== stale cached attribute: changed in place
class C:
    def __init__(self, n): self.n = n
    def f(self): return self.n * 2
--- new
class C:
    def __init__(self, n): self.n = n
    def f(self):
        if "_f" not in self.__dict__: self._f = self.n * 2
        return self._f
--- calls
C(3).f()
=== float last bit: result
def f(values):
    total = 0.0
    for v in values: total += v
    return total
--- new
import math
def f(values): return math.fsum(values)
--- calls
f([0.1] * 10)
=== nan for None: result
def f(n): return None if n == 3 else n
--- new
def f(n): return float("nan") if n == 3 else n
--- calls
f(3)
=== minus zero: result
def f(x): return x * -1.0
--- new
def f(x): return 0.0 - x
--- calls
f(0.0)
=== lost stability: result
def f(pairs): return sorted(pairs, key=lambda p: p[0])
--- new
def f(pairs): return sorted(pairs)
--- calls
f([(1, "b"), (1, "a"), (0, "c")])
=== order of equal elements: result
def f(items): return sorted(items)
--- new
def f(items): return sorted(items[::-1])
--- calls
f([1, 1.0, True])
=== lost duplicates
def f(items): return sorted(items)
--- new
def f(items): return sorted(set(items))
--- calls
f([2, 1])
=== str subclass: result
class Name(str): pass
def f(n): return Name(n)
--- new
class Name(str): pass
def f(n): return str(n)
--- calls
f("a")
=== empty input: derived
def f(items): return max(items) if items else None
--- new
def f(items): return max(items)
--- calls
f([2, 1])
=== last element: result
def f(items): return [a + b for a, b in zip(items, items[1:])]
--- new
def f(items): return [items[i] + items[i + 1] for i in range(len(items) - 2)]
--- calls
f([1, 2])
=== wrong for wide text: derived
def f(text): return text.upper().lower()
--- new
def f(text): return text.lower()
--- calls
f("Hello")
=== only right below a bound: derived
def f(n): return n * n
--- new
def f(n): return (n * n) & 0xFFFFFFFF
--- calls
f(12)
=== a flag that is not looked at: derived
def f(items, reverse=False): return sorted(items, reverse=reverse)
--- new
def f(items, reverse=False): return sorted(items)
--- calls
f([2, 1], reverse=False)
=== None is not taken any more: derived
def f(items, start=None): return sum(items, start or 0)
--- new
def f(items, start=None): return sum(items, start)
--- calls
f([2, 1], 3)
=== property: result
class C:
    def __init__(self, n): self.n = n
    @property
    def f(self): return self.n % 7
--- new
class C:
    def __init__(self, n): self.n = n
    @property
    def f(self): return self.n % 6
--- calls
C(6).f
=== classmethod: result
class C:
    @classmethod
    def f(cls, n): return (cls.__name__, n)
class D(C): pass
--- new
class C:
    @classmethod
    def f(cls, n): return ("C", n)
class D(C): pass
--- calls
C.f(1); D.f(1)
=== staticmethod: result
class C:
    @staticmethod
    def f(n): return n
--- new
class C:
    @staticmethod
    def f(n): return -n
--- calls
C.f(1)
=== dunder method: result
class C:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return isinstance(other, C) and self.n == other.n
    __hash__ = None
--- new
class C:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return self.n == other.n
    __hash__ = None
--- calls
C(1) == C(1)
C(1) == 1
=== constructor: after the call
class C:
    def __init__(self, items): self.items = list(items)
--- new
class C:
    def __init__(self, items): self.items = items
--- calls
C([1, 2])
=== coroutine: awaited
import asyncio
async def f(n):
    await asyncio.sleep(0)
    return n
--- new
import asyncio
async def f(n): return n + 0.0
--- calls
asyncio.run(f(1))
=== async generator: result
import asyncio
async def f(n):
    for i in range(n): yield i
async def all_of(n): return [i async for i in f(n)]
--- new
import asyncio
async def f(n):
    for i in range(n - 1): yield i
async def all_of(n): return [i async for i in f(n)]
--- calls
asyncio.run(all_of(3))
=== recursion: result
def f(tree): return sum(f(t) if isinstance(t, list) else t for t in tree)
--- new
def f(tree): return sum(f(t) if isinstance(t, list) and len(t) < 4 else 0 if isinstance(t, list) else t for t in tree)
--- calls
f([1, [2, [3, 4, 5, 6]], 7])
=== argument that is an iterator taken further: after the call
def f(items): return next(items)
--- new
def f(items):
    found = next(items)
    next(items, None)
    return found
--- calls
f(iter([1, 2, 3]))
=== another constant of the module: result
LIMIT = 3
def f(n): return n > LIMIT
--- new
LIMIT = 4
def f(n): return n > LIMIT
--- calls
f(4)
=== environment changed: settings
import os
def f(n): return n
--- new
import os
def f(n):
    os.environ["PYTHONFAST"] = "1"
    return n
--- calls
f(4)
=== collector switched off: settings
import gc
def f(n): return n
--- new
import gc
def f(n):
    gc.disable()
    return n
--- calls
f(4)
=== process left: result
def f(n): return n
--- new
import os
def f(n): os._exit(0)
--- calls
f(4)
=== equality that says yes to all: result
class Yes:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return True
    def __hash__(self): return 0
def f(n): return Yes(n)
--- new
class Yes:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return True
    def __hash__(self): return 0
def f(n): return Yes(0)
--- calls
f(4)
=== other decimal: result
from decimal import Decimal
def f(n): return Decimal(n) / 3
--- new
from decimal import Decimal
def f(n): return Decimal(n / 3)
--- calls
f(4)
=== dict for defaultdict: result
from collections import defaultdict
def f(words):
    found = defaultdict(list)
    for w in words: found[w[:1]].append(w)
    return found
--- new
def f(words):
    found = {}
    for w in words: found.setdefault(w[:1], []).append(w)
    return found
--- calls
f(["a", "b", "aa"])
=== a bound that nobody passes: derived
def f(items, start=0, end=None): return items[start:end]
--- new
def f(items, start=0, end=None): return items[start:]
--- calls
f([1, 2, 3])
=== a bound that is counted: derived
def f(items, stop=None):
    if stop is None: stop = len(items)
    return [items[i] for i in range(stop)]
--- new
def f(items, stop=None):
    stop = len(items) if stop is None else min(stop + 1, len(items))
    return [items[i] for i in range(stop)]
--- calls
f([1, 2, 3])
=== a key function that nobody passes: derived
def f(items, key=None): return sorted(items, key=key)
--- new
def f(items, key=None): return sorted(items)
--- calls
f([9, 10])
=== a name in the data that nobody passes: derived
def f(rows, by=None): return [row[by] for row in rows] if by else rows[:]
--- new
def f(rows, by=None): return rows[:]
--- calls
f([{"price": 1}, {"price": 2}])
=== a choice that the annotation allows: derived
from typing import Literal
def f(n, rounding: Literal["up", "down"] = "up"): return -(-n // 2) if rounding == "up" else n // 2
--- new
from typing import Literal
def f(n, rounding: Literal["up", "down"] = "up"): return -(-n // 2)
--- calls
f(3)
=== a value of an annotated class: derived
from dataclasses import dataclass
from typing import Optional
@dataclass
class Limits:
    most: int
def f(items, limits: Optional[Limits] = None): return items[:limits.most] if limits else items[:]
--- new
from dataclasses import dataclass
from typing import Optional
@dataclass
class Limits:
    most: int
def f(items, limits: Optional[Limits] = None): return items[:]
--- calls
f([1, 2, 3, 4])
=== the exact built-in type asked for: derived
def f(rows): return ["row" if isinstance(rows, dict) else "list", len(rows)]
--- new
def f(rows): return ["row" if type(rows) is dict else "list", len(rows)]
--- calls
f({"a": 1}); f([1])
=== the exact class asked for: derived
class C:
    def __init__(self, n): self.n = n
def f(c): return c.n if isinstance(c, C) else None
--- new
class C:
    def __init__(self, n): self.n = n
def f(c): return c.n if type(c) is C else None
--- calls
f(C(3))
=== a subclass of which nothing is asked: derived
class C:
    def __init__(self, n): self.n = n
    def size(self): return self.n
class D(C):
    def size(self): return 2 * self.n
def f(c): return c.size() + 1
--- new
class C:
    def __init__(self, n): self.n = n
    def size(self): return self.n
class D(C):
    def size(self): return 2 * self.n
def f(c): return c.n + 1
--- calls
f(C(3))
=== elements of a subclass deep inside: derived
class Leaf:
    def __init__(self, n): self.n = n
class Tree:
    def __init__(self, leaves): self.leaves = leaves
    def f(self, kind): return [each.n for each in self.leaves if isinstance(each, kind)]
--- new
class Leaf:
    def __init__(self, n): self.n = n
class Tree:
    def __init__(self, leaves): self.leaves = leaves
    def f(self, kind): return [each.n for each in self.leaves if type(each) is kind]
--- calls
Tree([Leaf(1), Leaf(2)]).f(Leaf)
=== a container without slices: derived
def f(items): return [list(items)[:2], len(items)]
--- new
def f(items): return [list(items[:2]) if hasattr(items, "__getitem__") else list(items)[:2], len(items)]
--- calls
f([1, 2, 3]); f({3, 4})
=== another type given to a function: argument func after the call
def f(func, items): return func(list(items))
--- new
def f(func, items): return func(tuple(items))
--- calls
f(sum, [1, 2])
=== an exception that tells an address: derived
class Leaf: pass
class Tree:
    def __init__(self, count): self.leaves = [Leaf() for _ in range(count)]
    def f(self, leaf): return self.leaves.index(leaf)
def g(tree): return tree.f(tree.leaves[-1])
--- new
class Leaf: pass
class Tree:
    def __init__(self, count): self.leaves = [Leaf() for _ in range(count)]
    def f(self, leaf): return self.leaves.index(leaf) if leaf in self.leaves else -1
def g(tree): return tree.f(tree.leaves[-1])
--- calls
g(Tree(1)); g(Tree(3))
=== None as the mark of nothing yet: derived
def f(binop, items):
    found, missing = [], object()
    last = missing
    for i in items:
        last = i if last is missing else binop(last, i)
        found.append(last)
    return found
--- new
def f(binop, items):
    found, last = [], None
    for i in items:
        last = i if last is None else binop(last, i)
        found.append(last)
    return found
--- calls
f(lambda a, b: a + b, [1, 2, 3, 4])
=== an exception of a passed function swallowed: raising KeyError
def f(items, key): return [key(i) for i in items]
--- new
def f(items, key):
    found = []
    for i in items:
        try: found.append(key(i))
        except KeyError: found.append(None)
    return found
--- calls
f([1, 2], lambda n: -n)
=== attributes that no object has: empty dictionaries inside filled
class Graph:
    def __init__(self): self._nodes, self._edges = {}, {}
    def add(self, node, *others):
        self._nodes[node] = {}
        self._edges[node] = list(others)
        return self
def f(graph): return sorted(graph._edges)
--- new
class Graph:
    def __init__(self): self._nodes, self._edges = {}, {}
    def add(self, node, *others):
        self._nodes[node] = {}
        self._edges[node] = list(others)
        return self
def f(graph):
    for node in graph._nodes: graph._nodes[node].clear()
    return sorted(graph._edges)
--- calls
f(Graph().add(1, 2).add(2))
=== the order of a dictionary in an object: all dictionaries inside
class Graph:
    def __init__(self): self._edges = {}
def f(graph): return list(graph._edges)
def graph_of(**edges):
    made = Graph()
    made._edges.update(edges)
    return made
--- new
class Graph:
    def __init__(self): self._edges = {}
def f(graph): return sorted(graph._edges)
def graph_of(**edges):
    made = Graph()
    made._edges.update(edges)
    return made
--- calls
f(graph_of(a=1, b=2))
=== an attribute that others set: attribute bold of a Token inside
class Token:
    def __init__(self, text, bold=False): self.text, self.bold = text, bold
class Line:
    def __init__(self, *tokens): self.tokens = list(tokens)
    def f(self): return "".join(token.text.upper() if token.bold else token.text for token in self.tokens)
def shout(token): token.bold = True
--- new
class Token:
    def __init__(self, text, bold=False): self.text, self.bold = text, bold
class Line:
    def __init__(self, *tokens): self.tokens = list(tokens)
    def f(self): return "".join(token.text for token in self.tokens)
def shout(token): token.bold = True
--- calls
Line(Token("a"), Token("")).f()
=== a flag of the module: WIDE set to True
WIDE = False
def f(text): return len(text) if not WIDE else 2 * len(text)
--- new
WIDE = False
def f(text): return len(text)
--- calls
f("ab")
=== a flag that a private function reads: WIDE set to True
WIDE = False
def _width(text): return len(text) if not WIDE else 2 * len(text)
def f(texts): return [_width(text) for text in texts]
--- new
WIDE = False
def _width(text): return len(text)
def f(texts): return [_width(text) for text in texts]
--- calls
f(["ab"])
=== None among elements: derived
def f(items): return [i for i in items if i is not None and i > 1]
--- new
def f(items): return [i for i in items if i > 1]
--- calls
f([2, 1])
=== records that all weigh nothing: derived
def f(weights):
    total = sum(each["weight"] for each in weights.values())
    return {name: each["weight"] / total if total else 0 for name, each in weights.items()}
--- new
def f(weights):
    total = sum(each["weight"] for each in weights.values())
    return {name: each["weight"] / total for name, each in weights.items()}
--- calls
f({"a": {"weight": 1}, "b": {"weight": 2}, "c": {"weight": 4}, "d": {"weight": 8}})
=== floats added in another order: derived
def f(values):
    total = 0.0
    for v in values: total += v
    return total
--- new
def f(values):
    total = 0.0
    for v in sorted(values): total += v
    return total
--- calls
f([0.5, 0.25])
=== right for few elements: derived
def f(items): return sorted(items)
--- new
def f(items): return sorted(items) if len(items) < 16 else sorted(items[:16]) + items[16:]
--- calls
f([3, 1, 2])
=== another kind of number: derived
def f(value):
    try: number = float(value)
    except (TypeError, ValueError): return False
    return value.lower() == "inf" if isinstance(value, str) and number == float("inf") else True
--- new
def f(value):
    try: number = float(value)
    except (TypeError, ValueError): return False
    return value.lower() == "inf" if type(value) is not float and number == float("inf") else True
--- calls
f(1); f(1.5); f("a"); f(None); f(b"a")
=== a text that stands for a number: derived
def f(value):
    try: return float(value) == float(value)
    except (TypeError, ValueError): return False
--- new
def f(value):
    try: number = float(value)
    except (TypeError, ValueError): return False
    return not (isinstance(value, str) and value.lower() == "nan") and (number == number or type(value) is str)
--- calls
f(1); f(1.5); f("a"); f(None); f(b"a")
=== an object made otherwise: derived
class C:
    def __init__(self, items):
        self.items = list(items)
        self.index = {each: at for at, each in enumerate(items)}
    def f(self, item): return self.index.get(item, -1)
--- new
class C:
    def __init__(self, items):
        self.items = list(items)
        self.index = {each: at for at, each in enumerate(items)}
    def f(self, item): return self.items.index(item) if item in self.items else -1
--- calls
C([1, 2]).f(2)
=== a private set that loses what was asked for: the same call once more
class C:
    def __init__(self): self._seen = []
    def f(self, item):
        new = item not in self._seen
        self._seen.append(item)
        return new
--- new
class C:
    def __init__(self): self._seen = []
    def f(self, item):
        new = item not in self._seen
        self._seen = {"kept"}
        return new
--- calls
C().f(2)
=== a filter that gets the value for its key: derived
def f(items, key=None, key_filter=None):
    found = {}
    for each in items:
        name = key(each) if key else each
        if key_filter is None or key_filter(name): found.setdefault(name, []).append(each)
    return found
--- new
def f(items, key=None, key_filter=None):
    found = {}
    for each in items:
        name = key(each) if key else each
        if key_filter is None or key_filter(each): found.setdefault(name, []).append(each)
    return found
--- calls
f([1, 2, 3, 4], lambda n: n % 2, lambda n: n < 9)
=== a key is forgotten for a long list: derived
def f(items, key=None):
    if key is None: return list(dict.fromkeys(items))
    found = {}
    for each in items: found.setdefault(key(each), each)
    return list(found.values())
--- new
def f(items, key=None): return list(dict.fromkeys(items))
--- calls
f(["10.0.%d.%d" % (n % 7, n % 50) for n in range(600)])
=== falsy elements of a long list: derived
def f(items): return list(dict.fromkeys(items))
--- new
def f(items): return list(dict.fromkeys(filter(None, items)))
--- calls
f(["10.0.%d.%d" % (n % 7, n % 50) for n in range(600)])
=== the last of equal elements: derived
def f(items): return list(dict.fromkeys(items))
--- new
def f(items): return list({each: each for each in items}.values())
--- calls
f(["b", "a", "b"])
=== True written as it is: derived
def f(numbers): return ",".join(f"{each:d}" for each in numbers)
--- new
def f(numbers): return ",".join(str(each) for each in numbers)
--- calls
f([3, 1, 2])
=== what is equal to None: derived
def f(items, convert=None):
    if convert is None: return items[:]
    if not callable(convert): raise TypeError("no function")
    return [convert(each) for each in items]
--- new
def f(items, convert=None):
    if convert == None: return items[:]
    if not callable(convert): raise TypeError("no function")
    return [convert(each) for each in items]
--- calls
f([3, 1, 2])
=== 0 for nothing passed: derived
def f(items, convert=None):
    if convert is None: return items[:]
    if not callable(convert): raise TypeError("no function")
    return [convert(each) for each in items]
--- new
def f(items, convert=None):
    if not convert: return items[:]
    if not callable(convert): raise TypeError("no function")
    return [convert(each) for each in items]
--- calls
f([3, 1, 2])
=== a cell that begins with the mark: derived
def f(line):
    if "\\\\" not in line: return line.split("|")
    cells, start = [], 0
    for at, each in enumerate(line):
        if each == "|" and line[max(at - 1, 0)] != "\\\\":
            cells.append(line[start:at])
            start = at + 1
    return cells + [line[start:]]
--- new
def f(line):
    if "\\\\" not in line: return line.split("|")
    cells, start = [], 0
    for at, each in enumerate(line):
        if at and each == "|" and line[at - 1] != "\\\\":
            cells.append(line[start:at])
            start = at + 1
    return cells + [line[start:]]
--- calls
f("name | size")
f("a\\\\|b | c")
=== the last empty cell of an escaped row: derived
def f(line):
    cells = line.replace("\\\\|", "\\0").split("|")
    return [each.replace("\\0", "|") for each in cells]
--- new
def f(line):
    cells = line.replace("\\\\|", "\\0").split("|")
    if "\\0" in line.replace("\\\\|", "\\0") and not cells[-1]: cells.pop()
    return [each.replace("\\0", "|") for each in cells]
--- calls
f("name | size")
f("a\\\\|b | c")
=== a tab after other characters: derived
def f(line): return line if "\\t" not in line else line.expandtabs(4)
--- new
def f(line): return line if line[:1] != "\\t" else line.expandtabs(4)
--- calls
f("plain text")
f("\\tplain text")
=== a tab is four spaces: derived
def f(line): return len(line[: len(line) - len(line.lstrip(" \\t"))].expandtabs(4))
--- new
def f(line): return len(line[: len(line) - len(line.lstrip(" \\t"))].replace("\\t", "    "))
--- calls
f("plain text")
f("\\tplain text")
=== other white space: derived
def f(line): return line.lstrip(" \\t")
--- new
def f(line): return line.lstrip()
--- calls
f("  plain text")
=== bytes that are refused: derived
def f(data):
    state = 0
    for each in data:
        state = state + 1 if each == 255 else 0
        if state > 3: raise ValueError("invalid")
    return len(data)
--- new
def f(data): return len(data)
--- calls
f(b"abc")
=== an entry that is in the table twice: derived
class Table:
    def __init__(self): self._entries = []
    def add(self, name, value): self._entries.insert(0, (name, value))
    def f(self, name, value):
        for at, each in enumerate(self._entries):
            if each == (name, value): return at
--- new
class Table:
    def __init__(self): self._entries = []
    def add(self, name, value): self._entries.insert(0, (name, value))
    def f(self, name, value):
        found = [at for at, each in enumerate(self._entries) if each == (name, value)]
        return found[-1] if found else None
--- calls
table = Table()
table.add(b"host", b"a")
table.f(b"host", b"b")
=== a name that only an older entry has: derived
class Table:
    def __init__(self): self._entries = []
    def add(self, name, value): self._entries.insert(0, (name, value))
    def f(self, name, value):
        for at, (own, _) in enumerate(self._entries):
            if own == name: return at
--- new
class Table:
    def __init__(self): self._entries = []
    def add(self, name, value): self._entries.insert(0, (name, value))
    def f(self, name, value):
        for at, (own, _) in enumerate(self._entries):
            return at if own == name else None
--- calls
table = Table()
table.add(b"host", b"a")
table.f(b"host", b"b")
=== a cycle: result
def f(n):
    a = [n]
    a.append(a)
    return a
--- new
def f(n):
    a = [n]
    a.append([n, a])
    return a
--- calls
f(4)
""")

EQUAL = read("""
=== an attribute that only new instances of a subclass have
class P:
    def __init__(self, n): self.n = n
    def twice(self): return self.n * 2
class Q(P): pass
def f(n): return Q(n).twice()
--- new
class P:
    def __init__(self, n):
        self.n = n
        self._twice = n * 2
    def twice(self): return self._twice
class Q(P): pass
def f(n): return P.twice(Q(n))
--- calls
f(3)
Q(3).twice()
=== set for a list membership
def f(words, stop):
    return [w for w in words if w not in stop]
--- new
def f(words, stop):
    stop = set(stop)
    return [w for w in words if w not in stop]
--- calls
f(["a", "b"], ["b", "c"])
=== dict fromkeys for seen list
def f(items):
    seen = []
    for i in items:
        if i not in seen: seen.append(i)
    return seen
--- new
def f(items): return list(dict.fromkeys(items))
--- calls
f(["a", "b", "a"])
f([1, 2, 1])
=== local variable binding
import math
def f(values): return [math.sqrt(v) for v in values]
--- new
import math
def f(values):
    sqrt = math.sqrt
    return [sqrt(v) for v in values]
--- calls
f([1.0, 2.0])
=== comprehension for loop
def f(values):
    found = []
    for v in values:
        if v % 2: found.append(v * v)
    return found
--- new
def f(values): return [v * v for v in values if v % 2]
--- calls
f([1, 2, 3])
=== join for concatenation
def f(words):
    text = ""
    for w in words: text += w + ","
    return text
--- new
def f(words): return "".join([w + "," for w in words])
--- calls
f(["a", "b"])
=== cache by value
def f(n): return tuple(i * i for i in range(n % 50))
--- new
from functools import lru_cache
@lru_cache(maxsize=128)
def f(n): return tuple([i * i for i in range(n % 50)])
--- calls
f(3)
=== cache in a dict by value
def f(name):
    if not name: raise ValueError("no name")
    return name.title()
--- new
CACHE = {}
def f(name):
    found = CACHE.get(name)
    if found is None:
        if not name: raise ValueError("no name")
        found = CACHE[name] = name.title()
    return found
--- calls
f("a"); f("b"); f("")
=== iterating differently over a set result
def f(words):
    found = set()
    for w in words: found.add(w)
    return found
--- new
def f(words): return set(reversed(words))
--- calls
f(["a", "b", "c", "d", "e"])
=== sum for loop of ints
def f(rows):
    total = 0
    for r in rows: total += r["n"]
    return total
--- new
def f(rows): return sum([r["n"] for r in rows])
--- calls
f([{"n": 1}, {"n": 2}])
f([{}])
=== early return for flag
def f(items, wanted):
    found = False
    for i in items:
        if i == wanted: found = True
    return found
--- new
def f(items, wanted): return wanted in items
--- calls
f([1, 2], 2); f([1, 2], 3)
=== bisect kept within its caller
def _before(items, x): return len([i for i in items if i < x])
def f(items, x): return _before(sorted(items), x)
--- new
from bisect import bisect_left
def _before(items, x): return bisect_left(items, x)
def f(items, x): return _before(sorted(items), x)
--- calls
f([3, 1, 2], 2)
=== private helper with another result
def _parts(text): return [p.strip() for p in text.split(",")]
def f(text): return [p for p in _parts(text) if p]
--- new
def _parts(text): return (p.strip() for p in text.split(","))
def f(text): return list(filter(None, _parts(text)))
--- calls
f("a, b,,c")
=== private helper gone
def _one(p): return p.strip()
def f(text): return [_one(p) for p in text.split(",")]
--- new
def f(text): return [p.strip() for p in text.split(",")]
--- calls
f("a, b,,c")
=== private attribute as a cache
class C:
    def __init__(self, n): self.n = n
    def f(self): return self.n * 2
--- new
class C:
    def __init__(self, n): self.n = n
    def f(self):
        found = self.__dict__.get("_f")
        if found is None or found[0] != self.n: found = self._f = (self.n, self.n * 2)
        return found[1]
--- calls
C(3).f()
=== cached property of frozen data
from dataclasses import dataclass
@dataclass(frozen=True)
class C:
    n: int
    @property
    def f(self): return sum(range(self.n % 100))
--- new
from dataclasses import dataclass
from functools import cached_property
@dataclass(frozen=True)
class C:
    n: int
    @cached_property
    def f(self): return sum(range(self.n % 100))
--- calls
C(3).f
=== generator rewritten
def f(items):
    for i in items:
        for j in i: yield j
--- new
def f(items):
    for i in items: yield from i
--- calls
list(f([[1], [2, 3]]))
=== startswith tuple
def f(line): return line.startswith("a") or line.startswith("b")
--- new
def f(line): return line.startswith(("a", "b"))
--- calls
f("abc"); f("xyz")
=== compiled pattern
import re
def f(text): return re.findall(r"\\d+", text)
--- new
import re
DIGITS = re.compile(r"\\d+")
def f(text): return DIGITS.findall(text)
--- calls
f("1 and 22")
=== hoisted method
def f(lines):
    out = []
    for line in lines: out.append(line.split()[0])
    return out
--- new
def f(lines):
    out = []
    add = out.append
    for line in lines: add(line.split(None, 1)[0])
    return out
--- calls
f(["a b", "c d"])
=== dispatch table for elif
def f(op, a, b):
    if op == "+": return a + b
    elif op == "-": return a - b
    raise ValueError("unknown: %r" % op)
--- new
import operator
OPS = {"+": operator.add, "-": operator.sub}
def f(op, a, b):
    if op not in OPS: raise ValueError("unknown: %r" % op)
    return OPS[op](a, b)
--- calls
f("+", 1, 2); f("-", 1, 2); f("*", 1, 2)
=== slots of a method local to the loop
class C:
    def __init__(self): self.rows = []
    def f(self, n):
        for i in range(n % 10): self.rows.append(i)
        return self
--- new
class C:
    def __init__(self): self.rows = []
    def f(self, n):
        self.rows.extend(range(n % 10))
        return self
--- calls
C().f(3)
=== counter for dict
def f(words):
    counts = {}
    for w in words: counts[w] = counts.get(w, 0) + 1
    return counts
--- new
from collections import Counter
def f(words): return dict(Counter(words))
--- calls
f(["a", "b", "a"])
=== heap for sorted
def f(items, n): return sorted(items)[:3]
--- new
import heapq
def f(items, n): return heapq.nsmallest(3, items)
--- calls
f([3, 1, 2, 5, 4], 3)
=== coroutine without a detour
import asyncio
async def g(n): return n
async def f(n): return [await g(i) for i in range(n % 9)]
--- new
import asyncio
async def g(n): return n
async def f(n):
    found = []
    for i in range(n % 9): found.append(await g(i))
    return found
--- calls
asyncio.run(f(3))
=== a node that is an ordered dictionary made with a name
import collections
class Node(collections.OrderedDict):
    def __init__(self, name, **parts):
        super().__init__(**parts)
        self.name = name
    def __getitem__(self, key): return (self.name, super().__getitem__(key))
    def __getattr__(self, name): return None
def f(node):
    out = []
    for key in node: out.append(node[key])
    return out
--- new
import collections
class Node(collections.OrderedDict):
    def __init__(self, name, **parts):
        super().__init__(**parts)
        self.name = name
    def __getitem__(self, key): return (self.name, super().__getitem__(key))
    def __getattr__(self, name): return None
def f(node): return [node[key] for key in node]
--- calls
f(Node("sum", b=1, a=2))
=== an argument that holds the path of its file
def f(box):
    box["seen"] = len(box)
    return box
--- new
def f(box):
    box["seen"] = sum(1 for _ in box)
    return box
--- calls
f({"file": __file__, "files": {__file__}})
=== a library refuses in its own words what nobody passed
import textwrap
def f(text, width): return textwrap.wrap(text, width)
--- new
import textwrap
def f(text, width):
    if width <= 0: raise ValueError(width)
    return textwrap.wrap(text, width)
--- calls
f("one two three", 5)
=== exception raised elsewhere with the same message
def f(n):
    if n < 0: raise ValueError("n is negative")
    return n * 2
--- new
def _refuse(): raise ValueError("n is negative")
def f(n):
    if n < 0: _refuse()
    return n + n
--- calls
f(-1); f(2)
=== lambda passed in
def f(items, key): return sorted(items, key=key)
--- new
def f(items, key):
    items = list(items)
    items.sort(key=key)
    return items
--- calls
f([3, 1, 2], lambda x: -x)
=== iterative for recursive
def f(tree): return [x for t in tree for x in (f(t) if isinstance(t, list) else [t])]
--- new
def f(tree):
    found, stack = [], list(reversed(tree))
    while stack:
        t = stack.pop()
        if isinstance(t, list): stack.extend(reversed(t))
        else: found.append(t)
    return found
--- calls
f([1, [2, [3, 4]], 5])
=== slicing for copying loop
def f(rows): return [[c for c in row] for row in rows]
--- new
def f(rows): return [row[:] for row in rows]
--- calls
f([[1, 2], [3]])
=== files written where they were
import os, tempfile
def f(n):
    with open("out.txt", "w") as file:
        for i in range(n % 9): file.write(str(i))
    with tempfile.TemporaryFile() as file: return file.tell()
--- new
import os, tempfile
def f(n):
    with open("out.txt", "w") as file: file.write("".join(map(str, range(n % 9))))
    with tempfile.NamedTemporaryFile() as file, open(os.devnull, "w"): return file.tell()
--- calls
f(3)
=== an exact type as a short cut
def f(items):
    found = []
    for i in items: found.append(i)
    return found
--- new
def f(items):
    if type(items) in (list, tuple): return list(items)
    return [i for i in items]
--- calls
f([1, 2]); f({3, 4})
=== a key function called as often as it takes
def f(items, key):
    best = items[0]
    for i in items[1:]:
        if key(i) < key(best): best = i
    return best
--- new
def f(items, key): return min(items, key=key) if items else items[0]
--- calls
f([3, 1, 2], abs); f([], abs)
=== a cache for integers
def f(n): return [n + i for i in range(3)]
--- new
CACHE = {}
def f(n):
    if n not in CACHE: CACHE[n] = tuple([n + i for i in range(3)])
    return list(CACHE[n])
--- calls
f(1); f(2)
=== a constant of the module used when it is imported
LIMIT = 3
def f(n): return n > LIMIT * LIMIT
--- new
LIMIT = 3
_SQUARE = LIMIT * LIMIT
def f(n): return n > _SQUARE
--- calls
f(4)
=== what a class takes care of itself
class C:
    def __init__(self, items):
        self.items = list(items)
        self.index = {each: at for at, each in reversed(list(enumerate(items)))}
    def f(self, item): return self.items.index(item) if item in self.items else -1
--- new
class C:
    def __init__(self, items):
        self.items = list(items)
        self.index = {each: at for at, each in reversed(list(enumerate(items)))}
    def f(self, item): return self.index.get(item, -1)
--- calls
C([1, 2]).f(2)
=== a set of keys for a list of them
def f(rows, key):
    seen, found = [], []
    for row in rows:
        if key(row) not in seen:
            seen.append(key(row))
            found.append(row)
    return found
--- new
def f(rows, key):
    seen, found = set(), []
    for row in rows:
        k = key(row)
        if k not in seen:
            seen.add(k)
            found.append(row)
    return found
--- calls
f([{"n": 1}, {"n": 2}, {"n": 1}], lambda row: row["n"])
=== the first of several
def f(items, start=0, end=None):
    for at in range(start, len(items) if end is None else end):
        if items[at]: return at, items[at]
    return None
--- new
def f(items, start=0, end=None):
    stop = len(items) if end is None else end
    at = start
    while at < stop:
        item = items[at]
        if item: return at, item
        at += 1
    return None
--- calls
f([0, 1, 2])
=== what a constructor computes
class Token:
    def __init__(self, text):
        self.text = text
        self.length = len(text)
class Line:
    def __init__(self, tokens): self.tokens = list(tokens)
    def f(self): return sum(len(token.text) for token in self.tokens)
def same(token, text):
    token.text = text
    token.length = len(text)
--- new
class Token:
    def __init__(self, text):
        self.text = text
        self.length = len(text)
class Line:
    def __init__(self, tokens): self.tokens = list(tokens)
    def f(self): return sum(token.length for token in self.tokens)
def same(token, text):
    token.text = text
    token.length = len(text)
--- calls
Line([Token("a"), Token("")]).f()
=== a constructor that takes its parts
class Leaf:
    def __init__(self, n): self.n = n
class Tree:
    def __init__(self, leaves):
        self.leaves = list(leaves)
        for at, leaf in enumerate(self.leaves): leaf.at = at
def f(tree, leaf): return tree.leaves.index(leaf) if leaf in tree.leaves else None
def of(*numbers):
    tree = Tree([Leaf(n) for n in numbers])
    return tree, tree.leaves[-1]
--- new
class Leaf:
    def __init__(self, n): self.n = n
class Tree:
    def __init__(self, leaves):
        self.leaves = list(leaves)
        for at, leaf in enumerate(self.leaves): leaf.at = at
def f(tree, leaf): return leaf.at if leaf in tree.leaves else None
def of(*numbers):
    tree = Tree([Leaf(n) for n in numbers])
    return tree, tree.leaves[-1]
--- calls
f(*of(1, 2, 3))
=== neighbours of a graph
class Graph:
    def __init__(self): self._succ, self._pred = {}, {}
    def add(self, node, *others):
        self._succ.setdefault(node, {})
        self._pred.setdefault(node, {})
        for each in others:
            self.add(each)
            self._succ[node][each] = self._pred[each][node] = {}
        return self
def f(graph): return {n: len([m for m in graph._succ if n in graph._succ[m]]) for n in graph._succ}
--- new
class Graph:
    def __init__(self): self._succ, self._pred = {}, {}
    def add(self, node, *others):
        self._succ.setdefault(node, {})
        self._pred.setdefault(node, {})
        for each in others:
            self.add(each)
            self._succ[node][each] = self._pred[each][node] = {}
        return self
def f(graph): return {n: len(graph._pred[n]) for n in graph._succ}
--- calls
f(Graph().add(1, 2, 3).add(2, 3))
=== neighbours of an empty graph
class Graph:
    def __init__(self): self._nodes, self._edges = {}, {}
    def add(self, node, *others):
        self._nodes[node], self._edges[node] = {}, list(others)
        return self
def f(graph): return [len(graph._edges[node]) for node in graph._nodes]
--- new
class Graph:
    def __init__(self): self._nodes, self._edges = {}, {}
    def add(self, node, *others):
        self._nodes[node], self._edges[node] = {}, list(others)
        return self
def f(graph): return [len(others) for others in graph._edges.values()]
--- calls
f(Graph())
f(Graph().add(1, 2).add(2))
=== a private attribute in another container
class C:
    def __init__(self): self._pattern = self._key = None
    def f(self, letters):
        key = tuple(sorted(letters))
        if self._pattern is None or self._key != key: self._pattern, self._key = "[%s]" % "".join(key), key
        return self._pattern
--- new
class C:
    def __init__(self): self._pattern = self._key = None
    def f(self, letters):
        if self._pattern is None or self._key != letters:
            self._pattern, self._key = "[%s]" % "".join(sorted(letters)), frozenset(letters)
        return self._pattern
--- calls
c = C()
c.f({"a", "b"})
c.f({"a", "b"})
c.f({"b", "c"})
=== a regular expression that is compiled once more
import re
class C:
    def __init__(self): self._re = re.compile("a+", re.UNICODE)
    def f(self): return self._re
--- new
import re
class C:
    def __init__(self): self._re = re.compile("a+", re.UNICODE)
    def f(self): return re.compile("a+")
--- calls
C().f()
=== a long list without its twins
def f(items, key=None):
    seen, found = set(), []
    for each in items:
        mark = key(each) if key else each
        if mark not in seen:
            seen.add(mark)
            found.append(each)
    return found
--- new
def f(items, key=None):
    if key: return _f(items, key)
    return list(dict.fromkeys(items))
def _f(items, key):
    found = {}
    for each in items: found.setdefault(key(each), each)
    return list(found.values())
--- calls
f(["10.0.%d.%d" % (n % 7, n % 50) for n in range(600)])
=== cells with and without a backslash
def f(line):
    cells, start = [], 0
    for at, each in enumerate(line):
        if each == "|" and (not at or line[at - 1] != "\\\\"):
            cells.append(line[start:at])
            start = at + 1
    return cells + [line[start:]]
--- new
def f(line):
    if "\\\\" not in line: return line.split("|")
    cells, start = [], 0
    pos = line.find("|")
    while pos >= 0:
        if not pos or line[pos - 1] != "\\\\":
            cells.append(line[start:pos])
            start = pos + 1
        pos = line.find("|", pos + 1)
    return cells + [line[start:]]
--- calls
f("name | size")
f("a\\\\|b | c")
=== tabs in front
def f(line):
    width = 0
    for each in line:
        if each == " ": width += 1
        elif each == "\\t": width += 4 - width % 4
        else: break
    return width
--- new
def f(line): return len(line[: len(line) - len(line.lstrip(" \\t"))].expandtabs(4))
--- calls
f("plain text")
f("\\tplain text")
=== a table that is searched by its own means
class Table:
    def __init__(self): self._entries = []
    def add(self, name, value): self._entries.insert(0, (name, value))
    def f(self, name, value):
        for at, each in enumerate(self._entries):
            if each == (name, value): return at
--- new
class Table:
    def __init__(self): self._entries = []
    def add(self, name, value): self._entries.insert(0, (name, value))
    def f(self, name, value): return self._entries.index((name, value)) if (name, value) in self._entries else None
--- calls
table = Table()
table.add(b"host", b"a")
table.f(b"host", b"b")
=== not deterministic on the base
import os
def f(n): return os.urandom(4)
--- new
import os
def f(n): return os.urandom(8)[:4]
--- calls
f(1)
=== depends on the hash seed
def f(words): return list(set(words))
--- new
def f(words): return list(frozenset(words))
--- calls
f(["alpha", "beta", "gamma", "delta"])
""")

ARRAYS_TOLD_APART = read("""
=== dtype: dtype
import numpy as np
def f(a): return a * 2
--- new
import numpy as np
def f(a): return (a * 2).astype(np.float32)
--- calls
f(np.arange(4.0))
=== a view of the argument: identity
import numpy as np
def f(a): return a[1:].copy()
--- new
import numpy as np
def f(a): return a[1:]
--- calls
f(np.arange(4.0))
=== lost precision: values
import numpy as np
def f(a): return np.cumsum(a)
--- new
import numpy as np
def f(a): return np.cumsum(a.astype(np.float32)).astype(a.dtype)
--- calls
f(np.linspace(0, 1, 7))
=== numpy scalar for float: result
import numpy as np
def f(a): return float(a.sum())
--- new
import numpy as np
def f(a): return a.sum()
--- calls
f(np.arange(4.0))
=== argument overwritten: after the call
import numpy as np
def f(a): return a + 1
--- new
import numpy as np
def f(a):
    a += 1
    return a.copy()
--- calls
f(np.arange(4.0))
=== missing values: derived
import numpy as np
def f(a): return np.nanmax(a) if a.size else 0.0
--- new
import numpy as np
def f(a): return a.max() if a.size else 0.0
--- calls
f(np.arange(4.0))
=== another column order: result
import pandas as pd
def f(rows): return pd.DataFrame(rows)
--- new
import pandas as pd
def f(rows): return pd.DataFrame(rows)[sorted(rows[0])] if rows else pd.DataFrame(rows)
--- calls
f([{"b": 1, "a": 2}])
=== another index: result
import pandas as pd
def f(frame): return frame[frame.a > 1]
--- new
import pandas as pd
def f(frame): return frame[frame.a > 1].reset_index(drop=True)
--- calls
f(pd.DataFrame({"a": [1, 2, 3]}))
""")

ARRAYS_EQUAL = read("""
=== vectorised
import numpy as np
def f(a):
    out = np.empty(len(a), dtype=a.dtype)
    for i in range(len(a)): out[i] = a[i] * 2 + 1
    return out
--- new
import numpy as np
def f(a):
    return a * a.dtype.type(2) + a.dtype.type(1)
--- calls
f(np.arange(4.0)); f(np.arange(4))
=== in place on a copy
import numpy as np
def f(a): return np.where(a < 0, 0, a)
--- new
import numpy as np
def f(a):
    out = a.copy()
    out[out < 0] = 0
    return out
--- calls
f(np.array([1.0, -2.0, 3.0]))
=== group by hand
import pandas as pd
def f(frame):
    out = {}
    for key, value in zip(frame["k"], frame["v"]): out[key] = out.get(key, 0) + value
    return out
--- new
import pandas as pd
def f(frame):
    out = {}
    for key, value in zip(frame["k"].tolist(), frame["v"].tolist()): out[key] = out.get(key, 0) + value
    return out
--- calls
f(pd.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]}))
""")
