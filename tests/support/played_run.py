"""A run's news, played to the view that `optimize` opens: python played_run.py [SECONDS_BETWEEN]."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from llmopt.data import Decision, Function, Hotspot, Proposal, Usage, Verdict
from llmopt.events import View
from llmopt.loop import Localized
from llmopt.reports import live, terminal
from llmopt.reports.screen import Screen

LONG = "a_function_whose_name_is_longer_than_any_column_for_names_can_be.inner.innermost"
CHECKS = ("duplicate", "guard", "calls", "near tests", "output", "tests", "coverage", "require", "timing")
HEADER = [
    "llmopt run 20261127-093000 on shop at 3f2a9c1b0d",
    "Python 3.11.2 (.venv); tests: python -m pytest tests; workloads: benchmarks/bench_report.py, benchmarks/bench_x",
    "model: anthropic:NAME (sources of hot functions are sent to anthropic); x86_64",
    "sandbox: bubblewrap",
]
BASE = "base: 5 tests pass; workload 123 ms; noise 1.2 % between runs: gains from 1.03x on show within 30 pairs of runs"
BUDGET = live.Budget(1800.0, 2.0, 500_000)


def spot(name: str, share: float) -> Hotspot:
    return Hotspot(Function("shop/orders.py", name, 3), 9, share, share, share, 1 / (1 - share), calls=1_234_567)


def play(view: View, between: Callable[[], object]) -> None:
    """From the header to the tenth pair of an edit that is being timed."""
    view.budget(BUDGET)
    view.header(HEADER)
    view.notice("no --workload given: using benchmarks/bench_report.py")
    view.phase("base")
    view.stage("tests on the base, first run")
    between()
    view.header([BASE])
    view.phase("profile")
    view.stage("profiling, first pass: where the time goes")
    between()
    view.phase("search")
    names = ("customers", "total", "report", LONG, "lines", "more")
    view.event(Localized(tuple(spot(name, 0.4 / (n + 1)) for n, name in enumerate(names)), (("f", "little"),) * 12))
    for number in range(9):
        try_one(view, "customers", 3, between)
        view.event(turned_down(number))
    try_one(view, "total", len(CHECKS), between)
    view.event(kept())
    view.phase("profile")
    view.phase("search")
    view.spent(Usage(12_000, 0, 345, 0, 0.04))
    try_one(view, "report", len(CHECKS), between)
    view.check("confirmation", "anthropic:NAME on orders.py::report")
    for pairs in range(1, 11):
        view.progress(Decision("continue", "", 1.2, (0.0, 0.0) if pairs < 7 else (1.05, 1.33), pairs), 30)
        between()


def try_one(view: View, function: str, passed: int, between: Callable[[], object]) -> None:
    view.event(Proposal("anthropic:NAME", spot(function, 0.4), "A list is searched for each order."))
    for check in CHECKS[:passed]:
        view.check(check, f"anthropic:NAME on orders.py::{function}", 12.0 if check == "tests" else 0.0)
        between()


def turned_down(number: int) -> Verdict:
    reason = f"customers differs from the base in call {number}: ['b', 'a'] was expected, and it gave ['a', 'b']"
    return Verdict(False, "calls", reason, "shop/orders.py::customers", "anthropic:NAME")


def kept() -> Verdict:
    function, interval = "shop/orders.py::total", (1.27, 1.35)
    return Verdict(True, "confirmation", "", function, "rules: sum", speedup=1.31, interval=interval)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    with terminal.open_view(Screen(stderr=True), live=True, verbose=False, quiet=False) as view:
        play(view, lambda: time.sleep(seconds))


if __name__ == "__main__":
    main()
