"""`llmopt help TOPIC`: a topic's name in, the part of the documentation that belongs to it out."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmopt import output
from llmopt.errors import LlmoptError, UsageError

INSTALLED = Path(__file__).parent.parent / "docs"
CHECKOUT = Path(__file__).parent.parent.parent / "docs"
MARK = re.compile(r"<!-- .*? -->\n+")  # around what is generated
LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")


@dataclass(frozen=True)
class Topic:
    """A page of docs/ and the heading of a part of it, "" for the whole page; `about` is its line in the list."""

    page: str
    heading: str
    about: str


TOPICS = {
    "tutorial": Topic("tutorial", "", "a real package made faster, step by step"),
    "recipes": Topic("recipes", "", "numpy, pandas, pytest-benchmark, asv, monorepos, CI"),
    "faq": Topic("faq", "", "short answers to frequent questions"),
    "workloads": Topic("reference", "Workloads", "how to say what is to become faster"),
    "models": Topic("reference", "Models and keys", "who proposes edits, and where keys come from"),
    "local-models": Topic("local-models", "", "models that run on your own machine"),
    "agents": Topic("reference", "Agents", "a coding agent as the proposer"),
    "mcp": Topic("reference", "Coding agents by MCP", "profile and judge for an agent that works on your repository"),
    "budget": Topic("reference", "Budgets", "bounds in dollars, tokens and time"),
    "settings": Topic("configuration", "", "every setting with its flag, variable and default"),
    "commands": Topic("cli", "", "every command's --help"),
    "before": Topic("reference", "Before a run", "what doctor and profile show, and what it means"),
    "screen": Topic("reference", "What a run shows", "the live view, the log, and Ctrl-C"),
    "interactive": Topic("reference", "Deciding by hand", "the keys of --interactive"),
    "evidence": Topic("reference", "Evidence", "what shows that an edit behaves the same, and --require"),
    "measuring": Topic("how-we-measure", "", "how faster is told from noise"),
    "sandbox": Topic("reference", "Confinement", "what confines the code under test, and what opens it"),
    "security": Topic("security", "", "what each layer of confinement stops, and what it does not"),
    "privacy": Topic("privacy", "", "what is sent, kept and shown"),
    "changed": Topic("reference", "Changed code only", "--staged and --changed-since"),
    "hooks": Topic("hooks", "", "pre-commit hooks for commits and pushes"),
    "ci": Topic("ci", "", "pull requests in GitHub Actions, GitLab, any CI"),
    "verify": Topic("reference", "Verifying a change", "judging somebody else's change"),
    "compare": Topic("reference", "Comparing two revisions", "a guard against slower code in CI"),
    "bench": Topic("reference", "Measuring one revision", "stored measurements"),
    "reports": Topic("reference", "Reports", "pages, Markdown, JSON and profiles of a run"),
    "json": Topic("reference", "JSON", "the keys of --json"),
    "files": Topic("reference", "Files", "what .llmopt/ holds, and how to forget it"),
    "exit-codes": Topic("reference", "Exit codes", "what each exit code means"),
    "completion": Topic("reference", "Shell completion", "completing commands, options and runs in your shell"),
    "library": Topic("library", "", "the same from Python"),
    "how-it-works": Topic("how-it-works", "", "the stages of a run, one after the other"),
    "cheats": Topic("cheats", "", "how an edit can look faster without being better"),
    "results": Topic("results", "", "what was reached on real packages, failures included"),
    "comparison": Topic("comparison", "", "other tools, and what they do better"),
}
OTHER_NAMES = {"confinement": "sandbox", "keys": "models", "configuration": "settings", "config": "settings"}
OTHER_NAMES |= {"budgets": "budget", "workload": "workloads", "model": "models", "exit": "exit-codes"}
OTHER_NAMES |= {"action": "ci", "actions": "ci", "github": "ci", "gitlab": "ci"}
OTHER_NAMES |= {"pre-commit": "hooks", "staged": "changed"}
OTHER_NAMES |= {"noise": "measuring", "judge": "measuring", "agent": "agents"}


def run(name: str, commands: Sequence[str]) -> int:
    """Show a topic, paged on a terminal; without a name the list of them."""
    if not name:
        output.say(listed(commands))
        return 0
    show(text_of(find(name, commands)))
    return 0


def listed(commands: Sequence[str]) -> str:
    """The topics with what they are about."""
    width = max(map(len, TOPICS))
    lines = [f"  {name:{width}}  {topic.about}" for name, topic in TOPICS.items()]
    others = ", ".join(command for command in commands if command not in TOPICS)
    return "\n".join(["llmopt help TOPIC, of:", *lines, f"Also: {others}"])


def find(name: str, commands: Sequence[str]) -> Topic:
    """The topic of a name; UsageError that says which one may be meant."""
    word = name.strip().lower().replace("_", "-")
    word = OTHER_NAMES.get(word, word)
    if word in TOPICS:
        return TOPICS[word]
    close = difflib.get_close_matches(word, [*TOPICS, *OTHER_NAMES, *commands], 1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise UsageError(f"there is no help on {name!r}", f"{meant}`llmopt help` lists the topics")


def text_of(topic: Topic) -> str:
    """The topic's Markdown; LlmoptError where the page is not there."""
    path = next((each for folder in (INSTALLED, CHECKOUT) if (each := folder / f"{topic.page}.md").exists()), None)
    if path is None:
        raise LlmoptError(f"the page {topic.page}.md was not installed", "install llmopt again")
    text = MARK.sub("", path.read_text(encoding="utf-8"))
    return section(text, topic.heading) if topic.heading else text


def section(text: str, heading: str) -> str:
    """The part below a heading, up to the next one of its level or above; "" where there is none. Lines in a fence that
    begin with # are no headings."""
    level, taken, fenced = 0, [], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        marks = 0 if fenced else len(line) - len(line.lstrip("#"))
        if level and 0 < marks <= level:
            break
        if marks and line[marks:].strip() == heading:
            level = marks
        if level:
            taken.append(line)
    return "\n".join(taken).strip() + "\n" if taken else ""


def show(text: str) -> None:
    """The Markdown as it is through a pipe; laid out and paged on a terminal."""
    if not sys.stdout.isatty():
        output.say(text.rstrip())
        return
    from rich.markdown import Markdown

    from llmopt.reports.screen import Screen

    os.environ.setdefault("LESS", "FRX")  # as git has it: colours, and no paging of what fits on a screen
    console = Screen()
    page = Markdown(LOCAL_LINK.sub(r"\1", text), hyperlinks=False)
    with console.pager(styles=not os.environ.get("PAGER") and "R" in os.environ["LESS"]):
        console.print(page)
