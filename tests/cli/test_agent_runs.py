"""`llmopt optimize --model agent:COMMAND` on a real repository: what is kept, what is said, what is refused."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import coder
import layers
import pytest
import shop
from shop import git, llmopt

FAST = ("--workload", "bench.py", "--no-rules", "--function", "customers")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop with spaces")


def agent(acts: str) -> str:
    return f"agent:{shlex.join([sys.executable, coder.__file__, acts])}"


@pytest.mark.slow
@pytest.mark.thorough
def test_what_an_agent_committed_in_its_copy_is_judged_and_kept_and_its_cost_is_not_known(repo: Path) -> None:
    before = shop.state(repo)
    done = llmopt(repo, "optimize", *FAST, "--model", agent("good+tests+commit"), "--json")
    assert done.code == 0, done.err
    result = done.json
    [kept] = result["accepted"]
    assert kept["author"] == "agent:python coder.py"
    assert kept["evidence"]["tests"].startswith("5 tests passed")
    assert (result["tokens"], result["cost_usd"]) == (None, None)
    assert "tests/test_orders.py: tests, benchmarks and CI are out of bounds" in done.err
    assert coder.FAST in git(repo, "show", f"{result['branch']}:shop/orders.py") + "\n"
    assert git(repo, "diff", "--name-only", result["base"], result["branch"]) == "shop/orders.py"
    assert "A dict keeps first occurrences in order." in git(repo, "log", "-1", "--format=%B", kept["commit"])
    assert shop.state(repo) == before
    shown = llmopt(repo, "show", "last")
    assert "tokens and cost not known" in shown.out


@pytest.mark.slow
def test_an_agent_tries_edits_by_mcp_before_it_makes_one(repo: Path) -> None:
    good, wrong = (json.dumps({"edits": text}) for text in (shop.GOOD, shop.WRONG))
    words = [sys.executable, coder.__file__, "tools+good", "{mcp}", f"try_edit={wrong}", f"try_edit={good}"]
    done = llmopt(repo, "optimize", *FAST, "--model", f"agent:{shlex.join(words)}", "--json")
    assert done.code == 0, done.err
    assert len(done.json["accepted"]) == 1
    [journal] = (repo / ".llmopt" / "runs").glob("*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    printed = next(line["value"]["printed"] for line in lines if line["kind"] == "agent")
    assert "first: ['callers', 'callees', 'profile_lines', 'try_edit']" in printed
    assert 'try_edit gave: turned down at the stage "calls": customers differs' in printed
    assert re.search(r"try_edit gave: it passes\n(.*\n)*timing: about \d+\.\d+ times as fast", printed)


def test_tools_that_cannot_be_served_are_refused_before_anything_runs(repo: Path) -> None:
    code = "import sys; sys.modules['mcp'] = None; from llmopt.__main__ import main; main()"
    arguments = ["optimize", *FAST, "--python", sys.executable, "--model", "agent:sh {mcp}"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=repo, capture_output=True, text=True, env=shop.environment()
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("llmopt: {mcp} in an agent's command needs the MCP SDK (pip install")


@pytest.mark.slow
def test_a_wrong_edit_goes_back_and_an_agent_that_gives_up_is_one_line(repo: Path) -> None:
    done = llmopt(repo, "optimize", *FAST, "--model", agent("wrong,told+fail"), "--json")
    assert done.code == 3, done.err
    wrong, failed = done.json["rejected"]
    assert wrong["stage"] == "calls"
    assert (failed["stage"], failed["reason"]) == ("apply", "the agent ended with exit code 3: no idea")
    assert "\x1b" not in done.err
    [journal] = (repo / ".llmopt" / "runs").glob("*/journal.jsonl")
    lines = map(json.loads, journal.read_text().splitlines())
    _, second = [line["value"] for line in lines if line["kind"] == "agent"]
    assert "customers differs from the base" in second["printed"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "agent:no-such-agent"], "'no-such-agent' is not on the PATH"),
        (["--model", "agent:sh", "--agent-allow", "everything"], "none of network, env:NAME, read:PATH, home:PATH"),
        (["--model", "agent:sh", "--budget-usd", "1"], "--budget-usd is for models"),
        (["--model", "replay:x", "--model-small", "agent:sh"], "agent:sh is an agent and no model"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(repo: Path, arguments: list[str], message: str) -> None:
    (repo / "x").write_text("")
    done = llmopt(repo, "optimize", *FAST, *arguments)
    assert (done.code, done.err.strip().splitlines()[-1].startswith("llmopt: ")) == (2, True), done.err
    assert message in done.err


@pytest.mark.parametrize("line", ['model = "agent:sh -c true"', 'agent-allow = ["network"]'])
def test_a_repository_cannot_name_an_agent_nor_what_it_may_reach(repo: Path, line: str) -> None:
    (repo / "llmopt.toml").write_text(line + "\n")
    done = llmopt(repo, "optimize", *FAST)
    assert done.code == 2
    assert "a program that may get your key" in done.err


@pytest.mark.slow
def test_ctrl_c_ends_the_agent_and_leaves_nothing(repo: Path, tmp_path: Path) -> None:
    mark = f"coder-hangs-in-{tmp_path.name}"
    running = subprocess.Popen(
        shop.command("optimize", *FAST, "--model", agent("hang"), "--agent-allow", "env:CODER_MARK", "-v"),
        cwd=repo,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=shop.environment(TMPDIR=str(tmp_path), CODER_MARK=mark),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "works:" in line:
            break
    deadline = time.monotonic() + 30
    while not layers.running(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert layers.running(mark)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted" in out
    assert layers.ends(mark)
    assert list(tmp_path.glob("llmopt-*")) == []


@pytest.mark.slow
def test_a_dry_run_shows_the_task_and_starts_nothing(repo: Path) -> None:
    done = llmopt(repo, "optimize", *FAST, "--dry-run", "--model", agent("outside"))
    assert done.code == 0, done.err
    assert "LLMOPT_TASK.md of start 1" in done.out
    assert 'if order["customer"] not in seen:' in done.out
    assert "Nothing was sent." in done.out
    assert not (repo / ".llmopt" / "runs").exists() or not list((repo / ".llmopt" / "runs").iterdir())
