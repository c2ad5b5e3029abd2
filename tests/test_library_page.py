"""The examples of docs/library.md, run as they stand, each in a program of its own, on a real repository."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import shop
from shop import git

PAGE = Path(__file__).parent.parent / "docs" / "library.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
OLD = """    seen = []
    for order in orders:
        if order["customer"] not in seen:
            seen.append(order["customer"])
    return seen
"""
NEW = '    return list(dict.fromkeys([order["customer"] for order in orders]))\n'


# What an example calls, by which it is found -> what it prints.
QUICK = {
    "llmopt.profile(": r" +\d+\.\d% +\d+\.\d\dx shop/orders.py::customers",
    "llmopt.Edits(": r"^(calls|output|near tests) ",
    "llmopt.compare(": r"^faster \d+\.\d+ \(\d+\.\d+, \d+\.\d+\)$",
}
CHANGE, RUN = 'llmopt.verify("shop", "faster.patch"', "llmopt.optimize("


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the shop, a patch for it, and a branch `topic` with the patch."""
    folder = shop.repository(tmp_path / "shop")
    file = folder / "shop" / "orders.py"
    file.write_text(file.read_text().replace(OLD, NEW))
    (tmp_path / "faster.patch").write_text(git(folder, "diff") + "\n")
    git(folder, "checkout", "--quiet", "-b", "topic")
    git(folder, "commit", "--quiet", "--all", "--message", "Use a dict")
    git(folder, "checkout", "--quiet", "main")
    return tmp_path


def run(place: Path, call: str) -> str:
    [text] = [text for text in EXAMPLES if call in text]
    environment = shop.environment(LLMOPT_PYTHON=sys.executable)
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=place, capture_output=True, text=True, timeout=280, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_example_of_the_page_is_run_here() -> None:
    calls = [*QUICK, CHANGE, RUN]
    assert [sum(call in text for call in calls) for text in EXAMPLES] == [1] * len(EXAMPLES)


@pytest.mark.parametrize("call", QUICK)
def test_an_example_prints_what_the_page_says(place: Path, call: str) -> None:
    before = shop.state(place / "shop")
    assert re.search(QUICK[call], run(place, call), re.MULTILINE)
    assert shop.state(place / "shop") == before


@pytest.mark.slow
def test_the_example_of_a_change_prints_what_the_page_says(place: Path) -> None:
    assert re.search(r"^\d+\.\d\dx \[\d+\.\d\d, .*by calls$", run(place, CHANGE), re.MULTILINE)


@pytest.mark.slow
def test_the_example_of_a_run_prints_what_the_page_says(tmp_path: Path) -> None:
    shop.repository(tmp_path / "shop", {**shop.FILES, **shop.COUNTING})
    printed = run(tmp_path, RUN)
    assert re.search(r"^kept shop/orders.py::customers rules: ", printed, re.MULTILINE)
    assert re.search(r"^\d+\.\d+ \(\d+\.\d+, \d+\.\d+\) llmopt/", printed, re.MULTILINE)
