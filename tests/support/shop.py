"""A small real repository: a package with a slow function, its tests, and a workload; and llmopt run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = {
    "shop/__init__.py": "",
    "shop/orders.py": '''
        """Orders of a shop."""


        def customers(orders):
            """Customers in the order of their first order."""
            seen = []
            for order in orders:
                if order["customer"] not in seen:
                    seen.append(order["customer"])
            return seen


        def total(orders):
            """The sum of all amounts."""
            result = 0
            for order in orders:
                result += order["amount"]
            return result


        def report(orders):
            """Lines of text, one for each customer."""
            lines = []
            for customer in customers(orders):
                lines.append(customer.title())
            lines.append(str(total(orders)))
            return lines
        ''',
    "tests/test_orders.py": """
        import pytest

        from shop.orders import customers, report, total

        ORDERS = [{"customer": c, "amount": i} for i, c in enumerate("bacabd")]


        def test_customers_keep_their_order():
            assert customers(ORDERS) == ["b", "a", "c", "d"]


        def test_customers_of_nothing():
            assert customers([]) == []


        def test_total():
            assert total(ORDERS) == 15


        def test_report():
            assert report(ORDERS) == ["B", "A", "C", "D", "15"]


        def test_missing_customer():
            with pytest.raises(KeyError):
                customers([{}])
        """,
    "bench.py": """
        from shop.orders import report

        ORDERS = []


        def setup():
            ORDERS[:] = [{"customer": "customer %d" % (i % 900), "amount": i} for i in range(4000)]


        def workload():
            print(len(report(ORDERS)))
        """,
    "pyproject.toml": """
        [project]
        name = "shop"
        version = "1.0"

        [tool.pytest.ini_options]
        pythonpath = ["."]
        """,
    ".gitignore": "__pycache__/\n*.so\n",
}

# Files in the place of those, which the rules make faster without a model.
COUNTING = {
    "shop/orders.py": '''
        def customers(names):
            """How many customers there are."""
            seen = []
            for name in names:
                if name not in seen:
                    seen.append(name)
            return len(seen)
        ''',
    "tests/test_orders.py": """
        from shop.orders import customers


        def test_customers():
            assert customers(list("bacabd")) == 4
            assert customers([]) == 0
        """,
    "bench.py": """
        from shop.orders import customers


        def workload():
            print(customers(["customer %d" % (i % 900) for i in range(4000)]))
        """,
}

# One function is slower than it need be, as the rules know; the functions around it are never hot.
ONE_OF_THREE = '''
"""Orders of a shop."""


def title(names):
    return [name.title() for name in names]


def customers(names):
    """How many customers there are."""
    seen = []
    for name in names:
        if name not in seen:
            seen.append(name)
    return len(seen)


def total(amounts):
    result = 0
    for amount in amounts:
        result += amount
    return result
'''.lstrip()

# What a model answers for `customers`: right, and some ten times faster.
GOOD = """The membership test scans a list for each order; a dict keeps first occurrences in order.

shop/orders.py
```python
<<<<<<< SEARCH
    seen = []
    for order in orders:
        if order["customer"] not in seen:
            seen.append(order["customer"])
    return seen
=======
    return list(dict.fromkeys([order["customer"] for order in orders]))
>>>>>>> REPLACE
```
"""
DECLINE = "NO EDIT: nothing else costs enough."
WRONG = GOOD.replace("list(dict.fromkeys(", "sorted(set(").replace("a dict keeps", "a set keeps")


RUNS_TARGET = ("optimize", "profile", "compare", "guard", "ci", "verify", "bench", "init", "doctor")


@dataclass(frozen=True)
class Done:
    """One call of llmopt."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return folder


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The shop (or other files) as a repository with one commit."""
    write(folder, FILES if files is None else files)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Shop")
    git(folder, "config", "user.email", "shop@localhost")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The shop")
    return folder


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without what would steer git, Python or llmopt."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "LLMOPT_", "PYTHON", "PYTEST"))}
    for key in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "VIRTUAL_ENV"):
        kept.pop(key, None)
    return {**kept, **more}


def command(*arguments: object) -> list[str]:
    """The command line of a call on the target's Python, which is that of the tests."""
    words = [str(argument) for argument in arguments]
    python = ["--python", sys.executable] if words[0] in RUNS_TARGET else []
    return [sys.executable, "-m", "llmopt", *words, *python]


def llmopt(folder: Path, *arguments: object, seconds: float = 240, **more: str) -> Done:
    """Run llmopt in a folder to its end."""
    done = subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, timeout=seconds, env=environment(**more)
    )
    return Done(done.returncode, done.stdout, done.stderr)


def answers(folder: Path, *replies: str) -> str:
    """A `manual` model behind which somebody sits who gives these answers, then declines."""
    folder.mkdir(parents=True, exist_ok=True)
    left = [*replies]

    def sit() -> None:
        while folder.exists():
            for request in sorted(folder.glob("*-request.md")):
                reply = folder / request.name.replace("request", "reply")
                if not reply.exists():
                    reply.write_text(left.pop(0) if left else DECLINE)
            time.sleep(0.05)

    threading.Thread(target=sit, daemon=True).start()
    return f"manual:{folder}"


def state(folder: Path) -> tuple[str, ...]:
    """What must not change in a user's checkout: HEAD, branches but llmopt's, index, stash, status, files."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts and ".llmopt" not in p.parts)
    return (
        git(folder, "rev-parse", "HEAD"),
        git(folder, "symbolic-ref", "HEAD"),
        git(folder, "ls-files", "--stage"),
        git(folder, "stash", "list"),
        git(folder, "status", "--porcelain"),
        *(f"{p.relative_to(folder)} {p.read_bytes()!r}" for p in files if "__pycache__" not in p.parts),
    )
