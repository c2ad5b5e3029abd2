"""`llmopt help`: every topic has its part of the documentation, and every part of the reference its topic."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import shop

from llmopt.commands import help as command
from llmopt.errors import UsageError

COMMANDS = ("optimize", "verify")


@pytest.mark.parametrize("name", command.TOPICS)
def test_every_topic_has_its_text(name: str) -> None:
    text = command.text_of(command.find(name, COMMANDS))
    heading = command.TOPICS[name].heading
    assert text.splitlines()[0].lstrip("# ") == heading or not heading
    assert len(text) > 200


def test_every_part_of_the_reference_has_a_topic() -> None:
    text = (command.CHECKOUT / "reference.md").read_text()
    headings = set(re.findall(r"^##+ (.*)$", text, re.MULTILINE))
    assert headings == {topic.heading for topic in command.TOPICS.values() if topic.page == "reference"}


def test_a_part_ends_at_the_next_heading_of_its_level_and_not_in_a_fence() -> None:
    text = "# T\n## A\none\n```\n## not a heading\n```\n### B\ntwo\n## C\nthree\n"
    assert command.section(text, "A") == "## A\none\n```\n## not a heading\n```\n### B\ntwo\n"
    assert command.section(text, "B") == "### B\ntwo\n"
    assert command.section(text, "D") == ""


def test_other_names_lead_to_topics_and_wrong_ones_to_what_may_be_meant() -> None:
    assert command.find("Confinement", COMMANDS) == command.TOPICS["sandbox"]
    assert command.find("exit_codes", COMMANDS) == command.TOPICS["exit-codes"]
    assert set(command.OTHER_NAMES.values()) <= set(command.TOPICS)
    with pytest.raises(UsageError, match="did you mean 'workloads'"):
        command.find("worklods", COMMANDS)
    with pytest.raises(UsageError, match=r"'xyz' \(`llmopt help` lists"):
        command.find("xyz", COMMANDS)


def test_on_the_command_line(tmp_path: Path) -> None:
    done = shop.llmopt(tmp_path, "help")
    assert done.code == 0
    assert all(f"  {name} " in done.out for name in command.TOPICS)
    assert max(map(len, done.out.splitlines())) < 80
    assert shop.llmopt(tmp_path, "help", "exit-codes").out.startswith("## Exit codes\n\n| code |")
    assert "<!--" not in shop.llmopt(tmp_path, "help", "settings").out
    assert "Usage: " in shop.llmopt(tmp_path, "help", "optimize").out
    wrong = shop.llmopt(tmp_path, "help", "budgte")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "did you mean 'budget'?" in wrong.err


def test_on_a_terminal_it_is_laid_out_and_paged(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho paged\nexec cat "$@"\n')
    pager.chmod(0o755)
    leader, follower = pty.openpty()
    line = [sys.executable, "-m", "llmopt", "help", "exit-codes"]
    environment = shop.environment(PAGER=str(pager), TERM="xterm", COLUMNS="80")
    done = subprocess.run(line, cwd=tmp_path, stdin=follower, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    written = os.read(leader, 1 << 20).decode()
    os.close(leader)
    assert done.returncode == 0, written
    assert written.startswith("paged")
    assert "| code |" not in written
    assert "interrupted (Ctrl-C or SIGTERM)" in " ".join(written.split())


def test_the_pages_are_in_the_wheel_where_they_are_looked_for() -> None:
    root = command.CHECKOUT.parent
    targets = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["force-include"]["docs"] == command.INSTALLED.relative_to(root).as_posix()
