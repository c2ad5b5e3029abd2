"""A pull request on a small real repository with a server that plays GitHub, and results as a run leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shop
from hub import Hub

from llmopt import git
from llmopt.ci import suggestions
from llmopt.ci.github import GitHub
from llmopt.ci.result import Change, Edit, Guard, Hot, Result, Row, Search

OLD = """
def first(names):
    return names[0]


def count(names):
    return len(set(names))


def last(names):
    return names[-1]
""".lstrip()
COUNTED = "    seen = []\n    for name in names:\n        if name not in seen:\n            seen.append(name)\n"
SLOW = OLD.replace("    return len(set(names))\n", f"{COUNTED}    return len(seen)\n")
FAST = SLOW.replace("seen = []", "seen = set()").replace("append", "add")
EDIT = Edit(
    number=1,
    function="app.py::count",
    line=5,
    author="rules: seen-set",
    plan="`seen` becomes a set",
    kept=True,
    stage="confirmation",
    speedup="9.1x [8.0, 10.2]",
    level="calls",
    evidence={"files": "app.py", "calls": "20 recorded calls agree"},
)


@dataclass(frozen=True)
class Case:
    """A pull request 7 of `topic` onto `main`, and a kept edit on top of its head."""

    repo: Path
    hub: Hub
    base: str
    head: str
    final: str

    @property
    def github(self) -> GitHub:
        return GitHub(self.hub.name, self.hub.write, self.hub.url)

    def result(self, **more: Any) -> Result:
        found = {
            "llmopt": "0.1.0",
            "mode": "suggest",
            "change": Change(name="pull request #7", base=self.base, head=self.head, number=7),
            "guard": guard(),
            "hot": (Hot(path="app.py", name="count", line=5, base_seconds=0.1, head_seconds=0.9, touched=True),),
            "search": self.search(),
        }
        return Result(**(found | more))

    def search(self, **more: Any) -> Search:
        groups = suggestions.groups(self.repo, self.head, self.final, [EDIT])
        found = {"run": "r", "headline": "9.1x faster", "model": "rules", "edits": (EDIT,), "groups": groups}
        return Search(**(found | {"commit": self.final, "diff": "-a\n+b\n", "tokens": 100, "cost_usd": 0.5} | more))


def guard(verdict: Any = "slower") -> Guard:
    row = Row(name="bench.py", base="1 ms", head="9 ms", speedup="0.11x [0.10, 0.12]", pairs=8, verdict=verdict)
    return Guard(verdict=verdict, speedup=0.11, lines=("slower: 0.11x [0.10, 0.12]",), rows=(row,), machine="a machine")


@contextmanager
def opened(folder: Path) -> Iterator[Case]:
    """The pull request, with its server as long as it lasts."""
    repo = shop.repository(folder / "app", {"app.py": OLD, "README": "An app\n"})
    base = shop.git(repo, "rev-parse", "HEAD")
    shop.git(repo, "checkout", "--quiet", "-b", "topic")
    (repo / "app.py").write_text(SLOW)
    shop.git(repo, "commit", "--quiet", "--all", "--message", "Count by hand")
    head = shop.git(repo, "rev-parse", "HEAD")
    final = git.commit_files(repo, head, {"app.py": FAST.encode()}, "Speed up app.py: 9.10x\n\nRun: r (llmopt)\n")
    shop.git(folder, "clone", "--quiet", "--bare", str(repo), str(folder / "hub.git"))
    with Hub(folder / "hub.git") as hub:
        hub.open_pull(7, "main", "topic")
        yield Case(repo, hub, base, head, final)
