"""`llmopt optimize` on a real terminal: the live view of a real run, and Ctrl-C at the keyboard."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import shop
from shop import git
from terminal import Terminal


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop", {**shop.FILES, **shop.COUNTING})


def optimize(repo: Path, temporary: Path) -> Terminal:
    """The rules at work, seen on a terminal."""
    temporary.mkdir()
    command = shop.command("optimize", "--workload", "bench.py")
    return Terminal(command, repo, shop.environment(CI="", NO_COLOR="1", TMPDIR=str(temporary)))


@pytest.mark.slow
def test_ctrl_c_after_an_edit_was_kept_keeps_it_and_reports(repo: Path, tmp_path: Path) -> None:
    with optimize(repo, tmp_path / "tmp") as terminal:
        for text in (
            "base: 1 tests pass",
            "hot function",
            "▸ rules: ",
            "✓ duplicate, guard, calls",
            "timing: ",
            " pairs, ",
            "✓ kept",
        ):
            terminal.wait_for(text)
        terminal.wait_for("measuring all kept edits")
        terminal.type("\x03")
        assert terminal.end(30) == 130
        assert "llmopt: interrupted" in terminal.shown
        assert "Stopped: interrupted." in terminal.out
        branch = terminal.out.partition("on branch ")[2].partition(";")[0]
    assert "set()" in git(repo, "show", f"{branch}:shop/orders.py")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_twice_ends_at_once(repo: Path, tmp_path: Path) -> None:
    with optimize(repo, tmp_path / "tmp") as terminal:
        terminal.wait_for("timing: ")
        began = time.monotonic()
        terminal.type("\x03")
        terminal.type("\x03")
        assert terminal.end(30) == 130
        assert time.monotonic() - began < 10
        assert "llmopt: interrupted" in terminal.shown
        assert "Traceback" not in terminal.shown
        assert terminal.shown.count("\x1b[?25l") == terminal.shown.count("\x1b[?25h")  # the cursor is back
    assert git(repo, "branch", "--list", "llmopt/*") == ""
