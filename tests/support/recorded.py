"""A finished run's journal in a real repository, written by the code that writes it in a run."""

from __future__ import annotations

import math
from pathlib import Path

import shop

from llmopt import git, journal
from llmopt.data import (
    Base,
    Detail,
    Function,
    LineCost,
    Outcome,
    Pair,
    Profile,
    Reply,
    Sample,
    Stack,
    Usage,
    Verdict,
)
from llmopt.keep import Kept

RUN = "20260102-030405"
FASTER = '    return list(dict.fromkeys([order["customer"] for order in orders]))\n'
SLOW = shop.FILES["shop/orders.py"]
HOSTILE = "<script>alert(1)</script> | `x` [a](b) \x1b[31m"


def run(folder: Path, reason: str = "no gain") -> Path:
    """The run's folder below a new repository `folder`: one edit kept, one turned down for `reason`."""
    repo = shop.repository(folder)
    base = shop.git(repo, "rev-parse", "HEAD").strip()
    source = (repo / "shop" / "orders.py").read_text()
    start = source.index("    seen = []")
    end = source.index("    return seen\n") + len("    return seen\n")
    new = source[:start] + FASTER + source[end:]
    commit = git.commit_files(repo, base, {"shop/orders.py": new.encode()}, "Speed up")
    git.update_ref(repo, git.ref_of(RUN), commit)
    state = journal.state_folder(repo)
    (state / "runs" / RUN).mkdir()
    record = journal.Journal(state / "runs" / RUN / "journal.jsonl")
    where = {"root": str(repo), "folder": str(repo), "origin": str(repo), "base": base}
    record.add(
        "start", {"llmopt": "1.0", **where, "settings": {"workloads": ["bench.py"], "model": "rules"}}, key="start"
    )
    record.add("base", Base(base, {"tests/test_orders.py::test_total": "passed"}, seconds=(0.4,), noise=0.02), key=base)
    record.add("profile", profile(base, 0.9), key=base)
    record.add("reply optimize", Reply("…", "m"))
    verdicts = (rejected(base, reason), kept(base, commit))
    for number, verdict in enumerate(verdicts):
        record.add("verdict", verdict, key=f"{base}:{number}")
    for number in range(8):
        record.add("pairs", {"stage": "confirmation", "commit": commit, "pairs": [pair(1.9 + number / 50)]})
    record.add("profile", profile(commit, 0.3), key=commit)
    record.add("end-to-end", [[pair(1.9 + number / 40)] for number in range(9)], key=f"{base}:{commit}")
    record.add("kept", Kept(f"llmopt/{RUN}", f"on branch llmopt/{RUN}", f"git branch -D llmopt/{RUN}"), key=commit)
    record.add("outcome", outcome(base, verdicts))
    record.close()
    patch = git.diff(repo, base, commit)
    (state / "runs" / RUN / "kept.patch").write_bytes(patch)
    return state / "runs" / RUN


def profile(commit: str, share: float) -> Profile:
    functions = (
        Function("bench.py", "workload", 10),
        Function("shop/orders.py", "customers", 4),
        Function("/l/x.py", "dumps", 3),
    )
    stacks = (Stack(0, (0,), 0.95 - share), Stack(0, (0, 1), share), Stack(0, (0, 2), 0.05))
    lines = (LineCost(6, 1, 0.01), LineCost(8, 4000, 0.9))
    details = (Detail("shop/orders.py::customers", 1, lines),)
    return Profile(commit, (0.4,), functions, stacks, details, measured_by="tracing")


def pair(ratio: float) -> Pair:
    return Pair(0, Sample(0.4), Sample(0.4 / ratio))


def kept(base: str, commit: str) -> Verdict:
    evidence = {"calls": "12 recorded calls agree", "tests": "5 tests passed as before"}
    plan = "A dict keeps first occurrences in order."
    return Verdict(
        *(
            True,
            "confirmation",
            "",
            "shop/orders.py::customers",
            "manual",
            plan,
            commit,
            base,
            2.0,
            (1.9, 2.1),
            evidence,
        ),
        usage=Usage(1000, 0, 200, 0, 0.01),
        seconds=12.0,
    )


def rejected(base: str, reason: str) -> Verdict:
    return Verdict(
        False, "timing", reason, "shop/orders.py::total", "manual", f"Sum it. {reason}", "", base, 1.0, (0.9, math.inf)
    )


def outcome(base: str, verdicts: tuple[Verdict, ...]) -> Outcome:
    return Outcome(
        *(
            RUN,
            base,
            f"llmopt/{RUN}",
            2.0,
            (1.95, 2.08),
            "end to end",
            "time",
            "bubblewrap",
            (("bench.py", 2.0),),
            verdicts,
        ),
        left=(("shop/orders.py::total", 0.2, 1.25),),
        usage=Usage(1000, 0, 200, 0, 0.01),
        seconds=60.0,
    )
