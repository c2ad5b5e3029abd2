"""What the pairs of slow and fast code gain: `python benchmarks/bank.py [--write] [--table] [WORD...]`.

Each pair's codes are run on its inputs and must agree: values with their types, order, errors, and what becomes of the
arguments. Then both are timed on the large input, by turns, and the ratios of neighbours give the gain. `--write` keeps
the gains beside the pairs, `--table` prints what is kept as a table. WORDs choose pairs by title.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import math
import platform
import random
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from llmopt.search.bank import GAINS, KINDS, Gain, Pair, pairs

ROUNDS, ROUND_SECONDS, LEAST_ROUNDS = 15, 0.02, 5
PAIR_SECONDS = 4.0  # for one pair in all
ITERATORS = (types.GeneratorType, map, filter, zip)
MOST_ITEMS = 100_000  # of an iterator that may be endless


class DifferenceError(Exception):
    """The two codes of a pair do not do the same."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    if options.table:
        print("\n".join(table()))
        return 0
    chosen = [each for each in pairs() if all(word.lower() in each.title.lower() for word in options.words)]
    gains = {}
    for pair in chosen:
        if reason := unavailable(pair):
            print(f"{pair.title}: left out, {reason}")
            continue
        check(pair)
        gains[pair.title] = gain = measured(pair)
        print(f"{gain.ratio:9.2f}x  {gain.quartiles[0]:.2f} to {gain.quartiles[1]:.2f}  {pair.title}", flush=True)
    if options.write:
        write(gains)
    return 0


def unavailable(pair: Pair) -> str:
    """Why the pair cannot be run here, "" where it can."""
    if sys.version_info < pair.python:
        return f"for Python {'.'.join(map(str, pair.python))}"
    missing = [name for name in pair.needs if importlib.util.find_spec(name) is None]
    return f"{missing[0]} is not installed" if missing else ""


# --- equality --------------------------------------------------------------------------------------------------


def check(pair: Pair) -> int:
    """Run both codes on all inputs of the pair; DifferenceError where they do not agree. The number of inputs."""
    before, after = functions(pair)
    count = 0
    for first, second in inputs(pair):
        count += 1
        old, new = outcome(before, first), outcome(after, second)
        if not same(old, new):
            raise DifferenceError(f"{pair.title}, input {count}: {str(old)[:300]} became {str(new)[:300]}")
    return count


def functions(pair: Pair) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What the pair's codes define."""
    found = []
    for name, code in (("before", pair.before), ("after", pair.after)):
        module = types.ModuleType(name)
        exec(compile(code, f"<{pair.title}: {name}>", "exec"), module.__dict__)
        found.append(getattr(module, pair.call))
    return found[0], found[1]


def inputs(pair: Pair) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """The large input and the edges, each twice: the codes may change their own."""
    names = prepared(pair)
    for each in (names["large"], *names["edges"]):
        yield fresh(each), fresh(each)


def prepared(pair: Pair) -> dict[str, Any]:
    """The names that the code of the inputs makes."""
    names: dict[str, Any] = {"rng": random.Random(7)}
    exec(compile(pair.inputs, f"<{pair.title}: inputs>", "exec"), names)
    return names


def fresh(arguments: Any) -> tuple[Any, ...]:
    """Arguments of one's own, made anew where they are given by a function."""
    return tuple(arguments()) if callable(arguments) else copy.deepcopy(arguments)


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a call returns or raises, and its arguments afterwards."""
    try:
        value = drawn(function(*arguments))
    except Exception as error:  # the pair's own code may raise anything: that is what is compared
        return "raised", type(error), str(error), drawn(arguments)
    return "returned", value, drawn(arguments)


def drawn(value: Any) -> Any:
    """Iterators as what they give."""
    if isinstance(value, ITERATORS):
        return type(value).__name__ == "generator", [item for item, _ in zip(value, range(MOST_ITEMS), strict=False)]
    return tuple(map(drawn, value)) if type(value) is tuple else value


def same(a: Any, b: Any) -> bool:
    """Equal in type and value, order included, deep inside."""
    if type(a) is not type(b):
        return type(a).__name__ == type(b).__name__ and hasattr(a, "__dict__") and same(vars(a), vars(b))
    if hasattr(a, "equals"):  # a frame
        return bool(a.equals(b))
    if hasattr(a, "dtype"):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float | Decimal):
        return a == b or (math.isnan(a) and math.isnan(b))
    if hasattr(a, "__dict__") and not isinstance(a, type | types.FunctionType | types.ModuleType):
        return same(vars(a), vars(b))
    if hasattr(a, "__slots__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__slots__)
    return bool(a == b) or callable(a)


# --- gains -----------------------------------------------------------------------------------------------------


def measured(pair: Pair) -> Gain:
    """Time the codes by turns on the large input."""
    before, after = functions(pair)
    large = settled(pair, before, after)
    times = max(1, round(ROUND_SECONDS / max(timed(after, large, 1), timed(after, large, 1), 1e-7)))
    ratios: list[float] = []
    end = time.perf_counter() + PAIR_SECONDS
    while len(ratios) < LEAST_ROUNDS or (len(ratios) < ROUNDS and time.perf_counter() < end):
        slow_times = max(1, times // 4)
        if len(ratios) % 2:
            new, old = timed(after, large, times), timed(before, large, slow_times)
        else:
            old, new = timed(before, large, slow_times), timed(after, large, times)
        ratios.append(old / new)
    low, ratio, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Gain(significant(ratio), (significant(low), significant(high)), platform.python_version())


def settled(pair: Pair, *codes: Callable[..., Any]) -> Any:
    """The large input; as a function that gives the same objects again where no code changes them, as copies are cold
    in the caches."""
    large = prepared(pair)["large"]
    if callable(large):
        return large
    untouched, used = fresh(large), fresh(large)
    for code in codes:
        outcome(code, used)
    return (lambda: used) if same(untouched, used) else large


def timed(function: Callable[..., Any], arguments: Any, times: int) -> float:
    """CPU seconds of one call, as others use the machine; making its arguments does not count, drawing what it yields
    does."""
    total = 0.0
    for _ in range(times):
        given = fresh(arguments)
        began = time.thread_time()
        value = function(*given)
        if isinstance(value, ITERATORS):
            for _item in zip(value, range(MOST_ITEMS), strict=False):
                pass
        total += time.thread_time() - began
    return total / times


def significant(value: float) -> float:
    """Three digits."""
    return float(f"{value:.3g}")


def write(gains: dict[str, Gain]) -> None:
    """Keep the gains of pairs that there are still; those that were not measured now stay as they are."""
    kept: dict[str, Gain] = {each.title: each.gain for each in pairs() if each.gain} | gains
    plain = {
        title: {"ratio": gain.ratio, "quartiles": list(gain.quartiles), "python": gain.python}
        for title, gain in sorted(kept.items())
    }
    rows = [f"  {json.dumps(title)}: {json.dumps(value)}" for title, value in plain.items()]
    GAINS.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def table() -> Iterator[str]:
    """Markdown: class, pair, gain."""
    yield "| class | pair | gain | Python |"
    yield "|---|---|---:|---|"
    for kind in KINDS.values():
        for each in (pair for pair in pairs() if pair.kind == kind):
            gain = f"{each.gain.ratio:g}x" if each.gain else "not measured"
            yield f"| {kind} | {each.title} | {gain} | {each.gain.python if each.gain else ''} |"


if __name__ == "__main__":
    sys.exit(main())
