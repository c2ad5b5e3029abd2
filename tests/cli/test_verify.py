"""`llmopt verify` on a real repository: somebody's change, good or bad, through the real funnel and the real judge."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
import shop
from shop import Done, git, llmopt

SLOW = pytest.mark.slow
FAST = ("--workload", "bench.py")
SCAN = """    seen = []
    for order in orders:
        if order["customer"] not in seen:
            seen.append(order["customer"])
    return seen
"""
GOOD = '    return list(dict.fromkeys([order["customer"] for order in orders]))\n'
WRONG = '    return sorted({order["customer"] for order in orders})\n'
SLOWER = SCAN.replace("not in seen", "not in [name for name in seen]")
KEYS = {"accepted", "stage", "reason", "speedup", "interval", "evidence", "put_aside", "level", "base", "commit"}
NEW_TEST = "\n\ndef test_customers_of_one():\n    assert customers(ORDERS[:1]) == ['b']\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop with spaces")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository for calls that end before anything runs."""
    return shop.repository(tmp_path_factory.mktemp("shared") / "shop")


def change(folder: Path, new: str, file: str = "shop/orders.py", old: str = SCAN) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def add_test(folder: Path) -> None:
    with (folder / "tests" / "test_orders.py").open("a") as stream:
        stream.write(NEW_TEST)


def patch(folder: Path, file: Path) -> Path:
    """The uncommitted work as a patch, taken back."""
    file.write_text(git(folder, "diff") + "\n")
    git(folder, "checkout", "--quiet", ".")
    return file


def branch(folder: Path, name: str) -> str:
    """The uncommitted work as a commit of a branch that main knows nothing of."""
    git(folder, "checkout", "--quiet", "-b", name)
    git(folder, "commit", "--quiet", "--all", "--author", "Ada <ada@localhost>", "--message", f"Work on {name}")
    made = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "--quiet", "main")
    return made


def one_line(done: Done) -> str:
    lines = [line for line in done.err.splitlines() if not line.startswith("[")]
    assert len(lines) == 1, done.err
    return lines[0]


# --- accepted ----------------------------------------------------------------------------------------------------


@SLOW
def test_a_good_patch_on_uncommitted_work_is_accepted_and_nothing_of_the_users_is_touched(
    repo: Path, tmp_path: Path
) -> None:
    change(repo, GOOD)
    good = patch(repo, tmp_path / "good.patch")
    (repo / "shop" / "__init__.py").write_text("VERSION = 1\n")
    (repo / "notes.txt").write_text("not tracked")
    before = shop.state(repo)
    done = llmopt(repo, "verify", good, *FAST, "--json")
    assert done.code == 0, done.err + done.out
    result = done.json
    assert result.keys() >= KEYS
    assert (result["accepted"], result["stage"], result["put_aside"]) == (True, "confirmation", False)
    assert 1.03 < result["interval"][0] <= result["speedup"]
    assert result["level"] == "calls"
    assert result["evidence"]["tests"].startswith("5 tests passed")
    assert (result["change"], result["author"]) == ("good.patch", "good.patch")
    assert (result["function"], result["files"]) == ("shop/orders.py::customers", ["shop/orders.py"])
    assert git(repo, "show", f"{result['base']}:shop/__init__.py") == "VERSION = 1"
    assert "dict.fromkeys" in git(repo, "show", f"refs/llmopt/runs/{result['run']}:shop/orders.py")
    assert shop.state(repo) == before
    assert git(repo, "branch", "--list", "llmopt/*") == ""
    shown = llmopt(repo, "show", "last", "--json").json
    assert {key: shown[key] for key in result} == result
    assert "+    return list(dict.fromkeys" in shown["diff"]
    assert shown["verdicts"][0]["level"] == "calls"
    assert "verify good.patch" in llmopt(repo, "runs", COLUMNS="200").out


@SLOW
def test_a_refactoring_is_accepted_without_a_speedup(repo: Path) -> None:
    change(repo, SCAN.replace("seen", "known").replace("not in known:", "not in known:  # still a scan"))
    done = llmopt(repo, "verify", *FAST, "--no-timing", "--json")
    assert done.code == 0, done.err + done.out
    result = done.json
    assert (result["accepted"], result["speedup"], result["interval"]) == (True, None, None)
    assert result["level"] in ("tests", "calls")
    assert "changes nothing but" in result["evidence"]["duplicate"]
    assert not {"timing", "confirmation"} & result["evidence"].keys()
    assert llmopt(repo, "show").out.startswith("Accepted: working tree behaves the same (not timed)")


@SLOW
def test_a_branch_with_tests_of_its_own_is_accepted_once_their_paths_are_allowed(repo: Path) -> None:
    change(repo, GOOD)
    add_test(repo)
    made = branch(repo, "topic")
    parting = git(repo, "rev-parse", "HEAD")
    git(repo, "commit", "--quiet", "--allow-empty", "--message", "main goes on")
    refused = llmopt(repo, "verify", "topic", *FAST, "--no-timing")
    assert refused.code == 3, refused.err
    assert "out of bounds: tests/test_orders.py" in refused.out
    assert "--allow-path tests/test_orders.py" in refused.out
    done = llmopt(repo, "verify", "topic", *FAST, "--no-timing", "--allow-path", "tests/*", "--json")
    assert done.code == 0, done.err + done.out
    result = done.json
    assert (result["base"], result["commit"], result["author"]) == (parting, made, "Ada")
    assert result["files"] == ["shop/orders.py", "tests/test_orders.py"]
    assert result["out_of_bounds"] == []
    assert any("HEAD went on since topic left it" in notice for notice in result["notices"])
    assert "Work on topic" in llmopt(repo, "show").out


@SLOW
def test_a_benchmark_that_is_younger_than_the_base_is_lent_to_it(repo: Path) -> None:
    change(repo, GOOD)
    branch(repo, "topic")
    (repo / "benchmarks").mkdir()
    (repo / "bench.py").rename(repo / "benchmarks" / "bench_report.py")
    (repo / "benchmarks" / "sizes.py").write_text("SIZE = 4000\n")
    change(repo, "from sizes import SIZE\n\nORDERS = []", "benchmarks/bench_report.py", "ORDERS = []")
    workload = ("--workload", "benchmarks/bench_report.py")
    done = llmopt(repo, "verify", "topic", *workload, "--no-timing", "--json")
    assert done.code == 0, done.err + done.out
    assert done.json["files"] == ["shop/orders.py"]
    assert "both sides: benchmarks/bench_report.py, benchmarks/sizes.py" in done.err


# --- not accepted ------------------------------------------------------------------------------------------------


@SLOW
def test_a_wrong_patch_is_told_its_first_differing_input(repo: Path, tmp_path: Path) -> None:
    change(repo, WRONG)
    done = llmopt(repo, "verify", patch(repo, tmp_path / "wrong.patch"), *FAST, "--no-timing")
    assert done.code == 3, done.err
    first, *why = done.out.splitlines()
    assert first == "Not accepted at calls: wrong.patch"
    for start in ("  customers differs from the base", "  input: customers(", "  expected: ", "  got: "):
        assert any(line.startswith(start) for line in why), done.out
    assert "llmopt: " not in done.err


@SLOW
def test_a_test_that_fails_is_shown_with_the_end_of_its_traceback(repo: Path) -> None:
    text = '\n\ndef test_documentation():\n    assert "first order" in customers.__doc__\n'
    with (repo / "tests" / "test_orders.py").open("a") as stream:
        stream.write(text)
    git(repo, "commit", "--quiet", "--all", "--message", "test the documentation")
    change(repo, GOOD)
    change(repo, "Customers, each once.", old="Customers in the order of their first order.")
    branch(repo, "topic")
    done = llmopt(repo, "verify", "topic", *FAST, "--no-timing", "--json")
    assert done.code == 3, done.err
    assert (done.json["stage"], done.json["accepted"]) == ("tests", False)
    assert "test_documentation was passed, now failed" in done.json["reason"]
    assert "AssertionError" in done.json["reason"]
    assert "assert 'first order' in" in done.json["reason"]


@SLOW
def test_a_slower_change_is_not_accepted_and_its_loss_is_told(repo: Path) -> None:
    change(repo, SLOWER)
    done = llmopt(repo, "verify", *FAST, "--json")
    assert done.code == 3, done.err
    assert done.json["stage"] == "timing"
    assert done.json["speedup"] < 0.95
    assert "slower" in done.json["reason"]
    assert done.json["level"] == "calls"


@SLOW
def test_a_change_that_nothing_runs_has_too_little_evidence(repo: Path) -> None:
    with (repo / "shop" / "orders.py").open("a") as stream:
        stream.write("\n\ndef unused(orders):\n    return len(orders)\n")
    git(repo, "commit", "--quiet", "--all", "--message", "a function without tests")
    change(repo, "    return sum(1 for _ in orders)\n", old="    return len(orders)\n")
    done = llmopt(repo, "verify", *FAST, "--no-timing", "--require", "calls", "--json")
    assert done.code == 3, done.err
    assert done.json["stage"] == "coverage"
    assert "neither calls, tests nor the workload execute what was changed" in done.json["reason"]
    assert done.json["level"] == "tests"
    anyhow = llmopt(repo, "verify", *FAST, "--no-timing", "--require", "none", "--json")
    assert anyhow.code == 0, anyhow.err
    assert anyhow.json["evidence"]["coverage"].startswith("0 of 1 changed line executed")


@SLOW
def test_evidence_of_tests_is_too_little_where_calls_are_required(repo: Path) -> None:
    change(repo, "import itertools\n\n\ndef customers(orders):", old="def customers(orders):")
    done = llmopt(repo, "verify", *FAST, "--no-timing", "--require", "calls", "--json")
    assert done.code == 3, done.err
    assert done.json["stage"] == "require"
    assert "the evidence reaches tests, calls is required: no recorded call" in done.json["reason"]


def test_a_patch_that_does_not_apply_is_not_accepted_before_anything_runs(repo: Path, tmp_path: Path) -> None:
    change(repo, GOOD)
    good = patch(repo, tmp_path / "good.patch")
    change(repo, SCAN.replace("seen", "known"))
    done = llmopt(repo, "verify", good, *FAST, "--json")
    assert done.code == 3, done.err
    result = done.json
    assert (result["accepted"], result["stage"], result["commit"], result["files"]) == (False, "apply", "", [])
    assert "good.patch does not apply to the working tree: patch failed: shop/orders.py" in result["reason"]
    assert (result["level"], result["speedup"]) == ("none", None)
    assert "base:" not in done.err
    shown = llmopt(repo, "show")
    assert (shown.code, shown.out.splitlines()[0]) == (0, "Not accepted at apply: good.patch")


def test_a_change_of_tests_only_is_out_of_bounds(repo: Path) -> None:
    add_test(repo)
    (repo / "bench.py").write_text("def workload():\n    print(1)\n")
    done = llmopt(repo, "verify", *FAST, "--json")
    assert done.code == 3, done.err
    assert done.json["stage"] == "guard"
    assert [each["path"] for each in done.json["out_of_bounds"]] == ["bench.py", "tests/test_orders.py"]
    assert done.json["out_of_bounds"][0]["reason"] == "it is the workload"
    shown = llmopt(repo, "show").out
    assert "to judge it with them: --allow-path tests/test_orders.py\n" in shown
    assert "the workload cannot be part of what it measures" in shown
    resumed = llmopt(repo, "optimize", "--resume", "last")
    assert resumed.code == 2
    assert "verified a change" in one_line(resumed)


def test_a_change_of_comments_only_is_none(repo: Path) -> None:
    change(repo, f"    # scans\n{SCAN}")
    piped = subprocess.run(
        shop.command("verify", "-", *FAST),
        cwd=repo,
        input=patch(repo, repo / "comment.diff").read_text(),
        capture_output=True,
        text=True,
        env=shop.environment(),
    )
    assert piped.returncode == 3, piped.stderr
    assert piped.stdout.startswith("Not accepted at duplicate: standard input\n  changes nothing but comments")


def test_ctrl_c_exits_with_130_and_show_says_that_it_did_not_end(repo: Path, tmp_path: Path) -> None:
    change(repo, GOOD)
    running = subprocess.Popen(
        shop.command("verify", *FAST, "--json", "-v"),
        cwd=repo,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.environment(TMPDIR=str(tmp_path)),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "tests on the base" in line:
            break
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, "")
    assert err.splitlines()[-1].endswith("interrupted")
    assert list(tmp_path.glob("llmopt-*")) == []
    assert "of working tree, did not end: verify it again" in llmopt(repo, "show").out


USAGE = {
    "no changes": ((), "the working tree has no changes"),
    "folder": (("shop",), "is a folder"),
    "no such patch": (("fix.patch",), "there is no patch fix.patch"),
    "first commit": (("HEAD",), "is the first commit"),
    "misspelt": (("mian",), "did you mean main?"),
    "no folder": (("HEAD", "--path", "nowhere"), "nowhere does not exist"),
}


@pytest.mark.parametrize("setting", ["--require=proof", "--max-pairs=1"])
def test_a_setting_out_of_range_is_named(repo: Path, setting: str) -> None:
    change(repo, GOOD)
    done = llmopt(repo, "verify", setting, *FAST)
    assert (done.code, done.out) == (2, ""), done.err
    assert setting.partition("=")[0] in one_line(done)


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_one_line_and_exit_code_2(shared: Path, name: str) -> None:
    arguments, words = USAGE[name]
    done = llmopt(shared, "verify", *arguments, *FAST)
    assert (done.code, done.out) == (2, ""), done.err
    assert words in one_line(done)
    assert not list((shared / ".llmopt" / "runs").glob("*"))
