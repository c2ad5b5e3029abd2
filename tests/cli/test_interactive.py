"""`llmopt optimize --interactive` in a real pseudo-terminal: what is asked, and what becomes of the answers."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import coder
import pytest
import shop
from shop import git, llmopt
from terminal import Terminal

FAST = (
    "--workload",
    "bench.py",
    "--no-rules",
    "--function",
    "customers",
    "--max-pairs",
    "9",
    "--interactive",
    "--json",
)
ASKS = "[q] stop:"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop")


def started(repo: Path, acts: str, *more: str, **environment: str) -> Terminal:
    """A run in which an agent proposes: it does these acts."""
    model = f"agent:{shlex.join([sys.executable, coder.__file__, acts])}"
    command = shop.command("optimize", *FAST, "--model", model, *more)
    return Terminal(command, repo, shop.environment(**environment))


# One question, as a run asks it, about a verdict whose values are the first argument; the answer goes to the output.
QUESTION = """
import json, sys
from dataclasses import asdict
from llmopt.commands import interactive
from llmopt.data import Verdict
from llmopt.person import Question, may_keep
from llmopt.reports.screen import Screen

known = {"stage": "timing", "reason": "", "function": "m.py::f", "author": "tiny", **json.loads(sys.argv[1])}
verdict = Verdict(**{**known, "interval": tuple(known["interval"])})
question = Question(verdict, json.loads(sys.argv[2]), {"pkg/m.py": "old\\n"}, may_keep(verdict), True)
print(json.dumps(asdict(interactive.converse(question, Screen(stderr=True)))))
"""
GAINED = {"accepted": True, "commit": "c", "speedup": 2.0, "interval": [1.9, 2.1]}
UNSHOWN = {**GAINED, "accepted": False, "interval": [0.9, 1.1], "reason": "no gain shown"}
WRONG_ONE = {**UNSHOWN, "stage": "tests", "interval": [0.0, 0.0], "reason": "2 tests fail"}


def asked(repo: Path, verdict: dict[str, object], diff: str = "-old\n+new\n", **environment: str) -> Terminal:
    command = [sys.executable, "-c", QUESTION, json.dumps(verdict), json.dumps(diff)]
    return Terminal(command, repo, shop.environment(**environment))


def answered(repo: Path, verdict: dict[str, object], *keys: str, **environment: str) -> dict[str, object]:
    """What a person who types these keys, each when the terminal waits for some, has answered."""
    with asked(repo, verdict, **environment) as terminal:
        for key in keys:
            terminal.wait_for_question()
            terminal.type(key)
        assert terminal.end(60) == 0, terminal.shown
        found: dict[str, object] = json.loads(terminal.out)
    return found


KEEP, SKIP, STOP = ({"what": what, "hint": "", "files": {}} for what in ("keep", "skip", "stop"))


@pytest.mark.parametrize(
    ("verdict", "keys", "answer"),
    [
        (GAINED, ["a\n"], KEEP),
        (GAINED, ["s\n"], SKIP),
        (GAINED, ["q\n"], STOP),
        (GAINED, ["\x04"], STOP),
        (GAINED, ["\x03"], STOP),
        (GAINED, ["\n", "what?\n", "s\n"], SKIP),
        (GAINED, ["h\n", "shorter\n", "s\n"], {**SKIP, "hint": "shorter"}),
        (GAINED, ["h\n", "\x04", "q\n"], STOP),
        (UNSHOWN, ["a\n", "yes\n"], KEEP),
        (UNSHOWN, ["a\n", "y\n", "s\n"], SKIP),
        (WRONG_ONE, ["a\n", "s\n"], SKIP),
    ],
)
def test_keys_decide(repo: Path, verdict: dict[str, object], keys: list[str], answer: dict[str, object]) -> None:
    assert answered(repo, verdict, *keys) == answer


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 3", "exit code 3"), ("true", "nothing was changed"), ("printf '\\377' >\"$1\"", "cannot be read")],
)
def test_an_editor_of_which_nothing_comes_asks_again(repo: Path, tmp_path: Path, script: str, said: str) -> None:
    with asked(repo, WRONG_ONE, EDITOR=editor(tmp_path, script), VISUAL="") as terminal:
        terminal.wait_for(ASKS, 60)
        terminal.type("e\n")
        assert said in terminal.wait_for(ASKS, 60)
        terminal.type("s\n")
        assert terminal.end(60) == 0


def test_what_the_editor_leaves_is_the_answer(repo: Path, tmp_path: Path) -> None:
    edited = {"what": "edit", "hint": "", "files": {"pkg/m.py": "new\n"}}
    assert answered(repo, WRONG_ONE, "e\n", EDITOR=editor(tmp_path, 'echo new >"$1"'), VISUAL="") == edited


def test_a_diff_cannot_steer_the_terminal_and_a_long_one_is_cut(repo: Path) -> None:
    with asked(repo, GAINED, "+\x1b]0;title\x07\u202eevil\n" + "+line\n" * 300) as terminal:
        shown = terminal.wait_for(ASKS, 60)
        terminal.type("q\n")
        terminal.end(60)
    assert "\x1b]0;" not in shown
    assert "\u202e" not in shown
    assert "… 101 more lines: git show c" in shown


def editor(folder: Path, script: str) -> str:
    path = folder / "an editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"'{path}'"


def test_without_a_terminal_it_is_refused(repo: Path) -> None:
    done = llmopt(repo, "optimize", *FAST)
    assert done.code == 2
    assert "--interactive needs a terminal to ask on" in done.err


@pytest.mark.slow
def test_the_diff_and_the_numbers_are_shown_and_what_is_kept_is_kept(repo: Path) -> None:
    with started(repo, "good,nothing") as terminal:
        shown = terminal.wait_for(ASKS)
        assert "dict.fromkeys" in shown
        assert "shop/orders.py::customers by agent:python coder.py: passed all checks" in shown
        assert "speedup: " in shown
        assert "[a] keep  [s] skip  [h] give a hint  [e] edit by hand" in shown
        terminal.type("nonsense\n")
        terminal.wait_for(ASKS)
        terminal.type("a\n")
        terminal.wait_for("the agent changed nothing")  # after it: that is asked about too
        terminal.wait_for(ASKS)
        terminal.type("s\n")
        assert terminal.end() == 0
        [kept] = json.loads(terminal.out)["accepted"]
        assert kept["by_hand"] is False


@pytest.mark.slow
def test_a_hint_reaches_the_next_request_and_a_skipped_gain_is_not_kept(repo: Path) -> None:
    with started(repo, "good,told", "--attempts", "1") as terminal:
        terminal.wait_for(ASKS)
        terminal.type("h\n")
        terminal.wait_for("what the next request is to say:")
        terminal.type("use no dict here\n")
        terminal.wait_for(ASKS)
        terminal.type("s\n")
        terminal.wait_for(ASKS)  # one attempt was all there was: the hint bought another
        terminal.type("q\n")
        assert terminal.end() == 3
        outcome = json.loads(terminal.out)
    assert (outcome["accepted"], outcome["stopped"]) == ([], "stopped by hand")
    assert outcome["rejected"][0]["stage"] == "person"
    [journal] = (repo / ".llmopt" / "runs").glob("*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    second = [line["value"] for line in lines if line["kind"] == "agent"][1]["printed"]
    assert "The person who looks at each edit says of it: use no dict here" in second
    assert "the person who looks at each edit did not want it" in second
    assert "llmopt/" not in git(repo, "branch", "--list", "llmopt/*")


@pytest.mark.slow
def test_an_edit_by_hand_goes_through_the_same_funnel(repo: Path, tmp_path: Path) -> None:
    mends = "sed -i 's/sorted(set(\\(.*\\)))/list(dict.fromkeys(\\1))/' \"$1\""
    with started(repo, "wrong,nothing", VISUAL=editor(tmp_path, mends)) as terminal:
        shown = terminal.wait_for(ASKS)
        assert "turned down at calls" in shown
        assert "keep" not in shown.rpartition("evidence")[2]  # it behaves otherwise: nobody may keep it
        terminal.type("e\n")
        shown = terminal.wait_for(ASKS)
        assert "agent:python coder.py, edited by hand: passed all checks" in shown
        terminal.type("a\n")
        terminal.wait_for("the agent changed nothing")
        terminal.wait_for(ASKS)
        terminal.type("\x04")  # the end of input stops it with what is kept
        assert terminal.end() == 0
        [kept] = json.loads(terminal.out)["accepted"]
    assert kept["author"] == "agent:python coder.py, edited by hand"
    assert "dict.fromkeys" in git(repo, "show", f"{kept['commit']}:shop/orders.py")


@pytest.mark.slow
@pytest.mark.thorough
def test_ctrl_c_at_a_question_stops_and_the_run_resumes_with_it(repo: Path) -> None:
    with started(repo, "good,nothing") as terminal:
        terminal.wait_for(ASKS)
        terminal.type("\x03")
        assert terminal.end() == 3
        assert json.loads(terminal.out)["stopped"] == "stopped by hand"
    command = shop.command("optimize", "--resume", "last", "--interactive", "--json")
    with Terminal(command, repo, shop.environment()) as terminal:
        shown = terminal.wait_for(ASKS, 60)
        assert "passed all checks" in shown
        terminal.type("a\n")
        terminal.wait_for("the agent changed nothing")
        terminal.wait_for(ASKS)
        terminal.type("q\n")
        assert terminal.end() == 0
        assert len(json.loads(terminal.out)["accepted"]) == 1


@pytest.mark.slow
@pytest.mark.thorough
def test_what_showed_no_gain_can_be_kept_on_ones_word_and_every_report_says_so(repo: Path) -> None:
    with started(repo, "same", "--attempts", "1") as terminal:
        shown = terminal.wait_for(ASKS)
        assert "turned down at timing" in shown
        assert "[a] keep by hand" in shown
        terminal.type("a\n")
        terminal.wait_for("type yes:")
        terminal.type("no\n")
        terminal.wait_for(ASKS)
        terminal.type("a\n")
        terminal.wait_for("type yes:")
        terminal.type("yes\n")
        assert terminal.end() == 0
        outcome = json.loads(terminal.out)
    assert outcome["accepted"][0]["by_hand"] is True
    message = git(repo, "log", "-1", "--format=%B", outcome["accepted"][0]["commit"])
    assert "By hand: kept by a person, though turned down at timing" in message
    assert "by hand: " in llmopt(repo, "show", "last").out
