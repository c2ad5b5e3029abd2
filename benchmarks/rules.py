"""How much each rule of the model-free proposer pays: its rewrite of a typical loop, timed old against new.

    python benchmarks/rules.py [INTERPRETER ...]

prints one row per rule with the speedup (the median of the ratios of alternating runs) under each interpreter.
"""

from __future__ import annotations

import json
import subprocess
import sys

from llmopt.data import Observed
from llmopt.models.rules import RULES, rewrite

SETUP = """
import random
random.seed(1)
ints = [random.randrange(500) for _ in range(1000)]
few = ints[:300]
words = ["w%d" % i for i in ints]
text = " ".join(words)
pairs = [(i, -i) for i in ints]
"""
INTS, WORDS = "list[int] len 1000", "list[str] len 1000"

# rule: (code of f, its argument names in SETUP, what was observed)
CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "membership-set": ("def f(x, y):\n return [i for i in x if i in y]", "few, ints", {"x": INTS, "y": INTS}),
    "seen-set": (
        "def f(x):\n seen = []\n for i in x:\n  if i not in seen:\n   seen.append(i)\n return seen", "few", {"x": INTS},
    ),
    "list-growth": ("def f(x):\n r = []\n for i in x:\n  r = r + [i]\n return r", "few", {}),
    "local-deque": (
        "def f(x):\n q = list(x)\n n = 0\n while q:\n  n += q.pop(0)\n return n", "ints * 10", {},
    ),
    "compile-regex": ("import re\ndef f(x):\n return [re.match('w1+', w) for w in x]", "words", {}),
    "any-all": ("def f(x):\n return any([i == 7 for i in x])", "ints", {"x": INTS}),
    "constant-table": ("def f(x):\n for w in x:\n  {'w1': 1, 'w2': 2, 'w3': 3}.get(w)", "words", {}),
    "sum-loop": ("def f(x):\n n = 0\n for i in x:\n  n += i\n return n", "ints", {"x": INTS}),
    "join-strings": ("def f(x):\n s = ''\n for w in x:\n  s += w\n  s += ','\n return s", "words", {"x": WORDS}),
    "itemgetter": ("def f(x):\n return sorted(x, key=lambda p: p[1])", "pairs", {}),
    "constant-set": ("def f(x):\n return [w for w in x if w in ('w1', 'w2', 'w3')]", "words", {"x": WORDS}),
    "startswith": (
        "def f(x):\n return [w for w in x if w.startswith('a') or w.startswith('b')]", "words", {"x": WORDS},
    ),
    "hoist-call": (
        "def f(x, t):\n n = 0\n for w in x:\n  if w == t.lower():\n   n += 1\n return n", "words, 'W1'", {"t": "str"},
    ),
    "keys": ("def f(x, d):\n return [i for i in x if i in d.keys()]", "ints, dict(pairs)", {"d": "dict[int,int]"}),
    "min-sorted": ("def f(x):\n if x:\n  return sorted(x)[0]", "ints", {"x": INTS}),
    "direct-iteration": (
        "def f(x):\n n = 0\n for i in range(len(x)):\n  n += x[i]\n return n", "ints", {"x": INTS},
    ),
    "counting": ("def f(x):\n d = {}\n for w in x:\n  d[w] = d.get(w, 0) + 1\n return d", "words", {"x": WORDS}),
    "display": ("def f(x):\n return ','.join(w for w in x)", "words", {}),
    "sorted-list": ("def f(x):\n return sorted(list(x))", "ints", {}),
    "set-comprehension": ("def f(x):\n s = set()\n for i in x:\n  s.add(i % 9)\n return s", "ints", {}),
    "needless-copy": ("def f(x):\n n = 0\n for i in list(x):\n  n += i\n return n", "ints", {"x": INTS}),
    "list-comprehension": ("def f(x):\n s = []\n for i in x:\n  s.append(i + 1)\n return s", "ints", {}),
}  # fmt: skip

# Runs in the interpreter under test: both versions in turn, so that a slow moment meets both.
TIMER = """
import json, statistics, sys, time
setup, old, new, arguments = json.loads(sys.argv[1])
space = {}
exec(setup, space)
def made(code):
    own = dict(space)
    exec(code, own)
    return eval("lambda: f(%s)" % arguments, own)
def seconds(run, number):
    start = time.perf_counter()
    for _ in range(number):
        run()
    return time.perf_counter() - start
old, new = made(old), made(new)
number = max(1, int(0.005 / seconds(old, 1)))
print(statistics.median(seconds(old, number) / seconds(new, number) for _ in range(21)))
"""


def speedup(rule: str, interpreter: str) -> float:
    code, arguments, kinds = CASES[rule]
    observed = [Observed(name, (kind,), (1,)) for name, kind in kinds.items()]
    (made,) = rewrite(code + "\n", "f", observed, [rule])
    given = json.dumps([SETUP, code, made.source, arguments])
    ran = subprocess.run([interpreter, "-c", TIMER, given], capture_output=True, text=True, check=True)
    return float(ran.stdout)


def main(interpreters: list[str]) -> None:
    for rule in RULES:
        ratios = "  ".join(f"{speedup(rule, interpreter):8.2f}x" for interpreter in interpreters)
        print(f"{rule:20} {ratios}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
