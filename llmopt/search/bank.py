"""The pairs of slow and fast code that llmopt brings along in, as values to be searched and shown, out.

They lie in `pairs/*.toml`, one file a class, with what a person wrote of each: the words of a diagnosis, both codes,
inputs to run them on, and what must hold for the second to be right. `pairs/gains.json` holds what
`benchmarks/bank.py` measured of each. Nothing of them is run here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "pairs"
GAINS = FOLDER / "gains.json"
# The classes that plans are asked for, by their files.
KINDS = {
    "do_less": "do less",
    "algorithm": "another algorithm",
    "structure": "another data structure",
    "caching": "caching",
    "arrays": "vectorise or save memory",
    "move_up": "move work up the chain",
    "builtins": "builtins and the library",
}


@dataclass(frozen=True)
class Gain:
    """How many times as fast the second code is on the pair's large input: the median over pairs of runs, with its
    quartiles, under this version of Python."""

    ratio: float
    quartiles: tuple[float, float]
    python: str


@dataclass(frozen=True)
class Pair:
    """`inputs` is Python that sets `large` (a tuple of arguments) and `edges` (a list of such tuples), or functions of
    no arguments that make them; `call` is the name that both codes define. `needs` are packages beyond the standard
    library. `python` is the oldest version that can run both."""

    title: str
    kind: str
    words: str
    before: str
    after: str
    call: str
    inputs: str
    holds: str
    needs: tuple[str, ...] = ()
    python: tuple[int, ...] = (3, 9)
    gain: Gain | None = None


@lru_cache(maxsize=1)
def pairs() -> tuple[Pair, ...]:
    """All of them, in the order of the files."""
    gains = _gains()
    found = []
    for name, kind in KINDS.items():
        for table in tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["pair"]:
            found.append(_pair(table, kind, gains))
    return tuple(found)


def _pair(table: Mapping[str, object], kind: str, gains: Mapping[str, Gain]) -> Pair:
    texts = {name: str(table[name]).strip("\n") for name in ("words", "before", "after", "call", "inputs", "holds")}
    title = str(table["title"])
    needs = table.get("needs", [])
    python = tuple(int(part) for part in str(table.get("python", "3.9")).split("."))
    assert isinstance(needs, list)
    return Pair(title, kind, **texts, needs=tuple(needs), python=python, gain=gains.get(title))


def _gains() -> dict[str, Gain]:
    """What was measured, by title; {} before anything was."""
    if not GAINS.exists():
        return {}
    tables = json.loads(GAINS.read_text(encoding="utf-8"))
    return {
        title: Gain(each["ratio"], (each["quartiles"][0], each["quartiles"][1]), each["python"])
        for title, each in tables.items()
    }
