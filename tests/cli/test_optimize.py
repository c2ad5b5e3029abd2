"""`llmopt optimize` on a real repository, as a user runs it: real git, real tests, real timing, scripted answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import shop
from shop import GOOD, WRONG, answers, git, llmopt

FAST = ("--workload", "bench.py", "--no-rules", "--function", "customers")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop with spaces")


@pytest.mark.slow
def test_a_right_and_faster_edit_is_kept_on_a_branch_and_the_checkout_stays_as_it_was(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "notes.txt").write_text("not tracked")
    (repo / "shop" / "__init__.py").write_text("VERSION = 1\n")
    before = shop.state(repo)
    done = llmopt(repo, "optimize", *FAST, "--model", answers(tmp_path / "m", GOOD), "--json")
    assert done.code == 0, done.err
    result = done.json
    assert result["speedup"] > 1.5
    assert result["interval"][0] > 1.03
    assert result["measured"] == "end to end"
    assert result["branch"] == f"llmopt/{result['run']}"
    [kept] = result["accepted"]
    assert kept["function"] == "shop/orders.py::customers"
    assert kept["evidence"]["tests"].startswith("5 tests passed")
    assert git(repo, "rev-parse", result["branch"]) == kept["commit"]
    message = git(repo, "log", "-1", "--format=%B", kept["commit"])
    assert "Speedup: " in message
    assert "5 tests passed" in message
    assert "manual" in message
    assert "dict.fromkeys" in git(repo, "show", f"{result['branch']}:shop/orders.py")
    assert git(repo, "show", f"{result['base']}:shop/__init__.py") == "VERSION = 1"  # the dirty state was the base
    assert shop.state(repo) == before


@pytest.mark.slow
def test_a_wrong_answer_is_turned_down_before_timing(repo: Path, tmp_path: Path) -> None:
    done = llmopt(repo, "optimize", *FAST, "--attempts", "1", "--model", answers(tmp_path / "m", WRONG), "--json")
    assert done.code == 3, done.err
    [rejected] = done.json["rejected"]
    assert rejected["stage"] == "calls"
    assert "customers differs from the base" in rejected["reason"]
    assert done.json["accepted"] == []
    assert "llmopt/" not in git(repo, "branch", "--list", "llmopt/*")


@pytest.mark.slow
def test_the_rules_make_the_run_faster_without_a_model(repo: Path) -> None:
    shop.write(repo, shop.COUNTING)
    done = llmopt(repo, "optimize", "--workload", "bench.py", "--json")
    assert done.code == 0, done.err + done.out
    assert done.json["speedup"] > 1.5
    assert done.json["tokens"] == 0
    assert done.json["accepted"][0]["author"].startswith("rules")


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["commit", pytest.param("worktree", marks=pytest.mark.thorough), "patch"])
def test_keep_chooses_where_the_edits_end_and_undo_brings_the_old_state_back(
    repo: Path, tmp_path: Path, keep: str
) -> None:
    before, old = git(repo, "rev-parse", "HEAD"), (repo / "shop" / "orders.py").read_text()
    done = llmopt(repo, "optimize", *FAST, "--model", answers(tmp_path / "m", GOOD), "--keep", keep)
    assert done.code == 0, done.err
    new = (repo / "shop" / "orders.py").read_text()
    patches = list(repo.glob("llmopt-*.patch"))
    if keep == "commit":
        assert "dict.fromkeys" in new
        assert git(repo, "rev-parse", "HEAD~1") == before
        assert git(repo, "status", "--porcelain") == ""
    elif keep == "worktree":
        assert "dict.fromkeys" in new
        assert git(repo, "status", "--porcelain") == "M shop/orders.py"
    else:
        assert new == old
        git(repo, "apply", str(patches[0]))
        assert "dict.fromkeys" in (repo / "shop" / "orders.py").read_text()
        git(repo, "apply", "-R", str(patches[0]))
    undo = done.out.partition("Undo: ")[2].strip()
    subprocess.run(undo, shell=True, cwd=repo, check=True, env=shop.environment(), capture_output=True)
    assert (repo / "shop" / "orders.py").read_text() == old


@pytest.mark.slow
@pytest.mark.thorough
def test_a_killed_run_resumes_and_asks_nothing_twice(repo: Path, tmp_path: Path) -> None:
    model = answers(tmp_path / "m", GOOD)
    running = subprocess.Popen(
        shop.command("optimize", *FAST, "--model", model, "-v"),
        cwd=repo,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.environment(),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "timing:" in line:
            break
    running.kill()
    running.wait()
    running.stderr.close()
    asked = len(list((tmp_path / "m").glob("*-request.md")))
    done = llmopt(repo, "optimize", "--resume", "last", "--json")
    assert done.code == 0, done.err
    assert len(done.json["accepted"]) == 1
    assert asked == 1
    titles = [path.read_text().splitlines()[0].partition(": ")[2] for path in (tmp_path / "m").glob("*-request.md")]
    assert len(titles) == len(set(titles))
    assert sum(title.endswith("attempt=1") and "region=1" in title for title in titles) == 1
    assert llmopt(repo, "runs", "--json").json["runs"][0]["outcome"]["speedup"] > 1.03


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_with_130_and_nothing_left_running(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    running = subprocess.Popen(
        shop.command("optimize", *FAST, "--model", f"manual:{tmp_path / 'm'}", "-v"),
        cwd=repo,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=shop.environment(TMPDIR=str(tmp_path)),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "asking" in line:
            break
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "interrupted" in out
    assert list(tmp_path.glob("llmopt-*")) == []


@pytest.mark.slow
def test_a_second_run_on_the_repository_is_refused_in_one_line(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    first = subprocess.Popen(
        shop.command("optimize", *FAST, "--model", f"manual:{tmp_path / 'm'}"),
        cwd=repo,
        stderr=subprocess.DEVNULL,
        env=shop.environment(),
    )
    try:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "m").glob("*-request.md")) and time.monotonic() < deadline:
            time.sleep(0.1)
        second = llmopt(repo, "optimize", *FAST)
        assert second.code == 1
        assert f"process {first.pid}" in second.err
        assert second.err.count("\n") == 1
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()


def test_a_dry_run_shows_the_prompt_and_asks_nothing(repo: Path, tmp_path: Path) -> None:
    before = shop.state(repo)
    done = llmopt(repo, "optimize", *FAST, "--dry-run", "--model", f"manual:{tmp_path / 'm'}")
    assert done.code == 0, done.err
    assert 'if order["customer"] not in seen:' in done.out
    assert "Nothing was sent." in done.out
    assert not (tmp_path / "m").exists()
    assert shop.state(repo) == before
    assert not list((repo / ".llmopt" / "runs").iterdir())
    assert git(repo, "for-each-ref", "refs/llmopt") == ""


@pytest.mark.slow
def test_a_recorded_run_replays_without_the_model_and_says_what_differs_where_the_code_changed(
    repo: Path, tmp_path: Path
) -> None:
    tape = tmp_path / "tape.jsonl"
    first = llmopt(repo, "optimize", *FAST, "--model", answers(tmp_path / "m", GOOD), "--record", tape, "--json")
    second = llmopt(repo, "optimize", *FAST, "--model", f"replay:{tape}", "--json")
    assert (first.code, second.code) == (0, 0), second.err
    assert first.json["accepted"][0]["function"] == second.json["accepted"][0]["function"]
    told = llmopt(repo, "report", first.json["run"], "--json").json
    assert (told["speedup"], told["interval"]) == (first.json["speedup"], first.json["interval"])
    assert told["before"]["flame"]["seconds"] > told["after"]["flame"]["seconds"]
    assert len(told["workloads"][0]["values"]) >= 8
    assert "customers" in llmopt(repo, "report", first.json["run"], "--html", "--output", "-").out
    source = repo / "shop" / "orders.py"
    source.write_text(source.read_text().replace("    seen = []", "    seen: list = []"))
    done = llmopt(repo, "optimize", *FAST, "--model", f"replay:{tape}")
    assert done.code == 1
    assert "seen: list = []" in done.err


@pytest.mark.slow
def test_without_git_a_copy_is_optimized_and_a_patch_is_the_result(tmp_path: Path) -> None:
    folder = shop.write(tmp_path / "plain", shop.FILES)
    refused = llmopt(folder, "optimize", *FAST)
    assert refused.code == 1
    assert "--no-git" in refused.err
    assert refused.err.count("\n") == 1
    done = llmopt(folder, "optimize", *FAST, "--no-git", "--model", answers(tmp_path / "m", GOOD))
    assert done.code == 0, done.err
    assert not (folder / ".git").exists()
    [patch] = folder.glob("llmopt-*.patch")
    subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True)
    assert "dict.fromkeys" in (folder / "shop" / "orders.py").read_text()
    assert llmopt(folder, "runs").out.count("1") >= 1


@pytest.mark.slow
def test_nothing_to_do_is_said_and_is_no_failure(repo: Path) -> None:
    (repo / "bench.py").write_text("import time\n\ndef setup(): pass\n\ndef workload(): sum(range(3_000_000))\n")
    done = llmopt(repo, "optimize", "--workload", "bench.py", "--json")
    assert done.code == 0, done.err
    assert (done.json["accepted"], done.json["rejected"]) == ([], [])


PLANS = """A list is searched for each order.

1. A dict keeps the first occurrences in order. gain: 8 x, risk: low
2. A set beside the list. gain: 6 x, risk: low
"""
REPORTED = """PLAN: One pass for the names too.

shop/orders.py
<<<<<<< SEARCH
    lines = []
    for customer in customers(orders):
        lines.append(customer.title())
    lines.append(str(total(orders)))
    return lines
=======
    return [*[customer.title() for customer in customers(orders)], str(total(orders))]
>>>>>>> REPLACE
"""


@pytest.mark.slow
def test_high_effort_asks_for_plans_and_drops_the_same_code_before_it_runs(repo: Path, tmp_path: Path) -> None:
    model = answers(tmp_path / "m", PLANS, WRONG, WRONG.replace("a set keeps", "the set has"), GOOD)
    done = llmopt(repo, "optimize", *FAST, "--model", model, "--effort", "high", "--json")
    assert done.code == 0, done.err
    assert [each["stage"] for each in done.json["rejected"]][:2] == ["calls", "duplicate"]
    assert len(done.json["accepted"]) == 1
    requests = [path.read_text() for path in sorted((tmp_path / "m").glob("*-request.md"))]
    assert "No edits yet." in requests[0]
    assert "Implement plan" in requests[1]
    assert "differs from the base" in requests[3]  # the first of them is refined by what it did wrong


@pytest.mark.slow
def test_a_conversation_goes_on_after_a_kept_edit_and_all_edits_are_checked_together(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "bench.py").write_text((repo / "bench.py").read_text().replace("range(4000)", "range(20000)"))
    model = answers(tmp_path / "m", GOOD, REPORTED)
    done = llmopt(repo, "optimize", "--workload", "bench.py", "--no-rules", "--model", model, "--json")
    assert done.code == 0, done.err
    second = (tmp_path / "m" / "002-request.md").read_text()
    assert "Kept: " in second
    assert "refine kept" in second
    assert second.count("## The sources") == 1  # the first question's, not told again
    kept = [each["function"] for each in done.json["accepted"]]
    assert bool(done.json["whole"]) == (len(kept) > 1)


def journal_of(repo: Path, done: shop.Done) -> Path:
    return repo / ".llmopt" / "runs" / done.json["run"] / "journal.jsonl"


@pytest.mark.slow
@pytest.mark.thorough
def test_a_rerun_on_the_same_code_asks_nothing_and_tries_nothing_again(repo: Path, tmp_path: Path) -> None:
    again_and_again = '[next(o for o in orders if o == order)["customer"] for order in orders]'
    slow = GOOD.replace('[order["customer"] for order in orders]', again_and_again)
    model = answers(tmp_path / "m", WRONG, slow)
    flags = (*FAST, "--attempts", "2", "--model", model, "--json")
    first = llmopt(repo, "optimize", *flags)
    again = llmopt(repo, "optimize", *flags)
    assert (first.code, again.code) == (3, 3), again.err
    assert first.json["tokens"] > 0
    assert again.json["tokens"] == 0
    assert "earlier run on the same code" in again.err
    assert len(list((tmp_path / "m").glob("*-request.md"))) == 2
    assert [each["stage"] for each in first.json["rejected"]] == [each["stage"] for each in again.json["rejected"]]
    assert [each["as_in"] for each in first.json["rejected"]] == ["", ""]
    assert [each["as_in"] for each in again.json["rejected"]] == [first.json["run"]] * 2
    assert f"(as in run {first.json['run']})" in again.err
    records = [json.loads(line) for line in journal_of(repo, again).read_text().splitlines()]
    assert not [record for record in records if record["kind"] == "pairs"]
    assert not (journal_of(repo, again).parent / "calls").exists()  # nothing was recorded to be replayed
    flags = (*FAST, "--attempts", "1", "--model", answers(tmp_path / "n", WRONG), "--json")
    anew = llmopt(repo, "optimize", *flags, "--no-cache")
    assert [each["as_in"] for each in anew.json["rejected"]] == [""]
