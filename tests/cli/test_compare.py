"""`llmopt compare` on real repositories and folders, as a developer and a CI job run it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import shop
from shop import Done, git, llmopt

# The whole process is timed: some 40 ms, so that a pair costs little.
WORK = "def work():\n    return sum(i * i for i in range({size}))\n"
RUN = "import sys\nsys.path.insert(0, '.')\nfrom app import work\n\nprint(work() > 0)\n"
SIZE, HALF, DOUBLE = 300_000, 100_000, 900_000
FAST = ("--workload", "run.py")
KEYS = {"verdict", "speedup", "interval", "workloads", "pairs", "objective", "base", "head", "machine", "noise"}


def sized(size: int) -> str:
    return WORK.format(size=size)


def repository(folder: Path, **files: str) -> Path:
    """A program `run.py` that uses a module `app.py`; other files as keywords without their suffix."""
    named = {"app.py": sized(SIZE), "run.py": RUN, **{f"{name}.py": text for name, text in files.items()}}
    return shop.repository(folder, {**named, ".gitignore": "__pycache__/\n"})


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "app of mine")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository for calls that end before anything is measured."""
    folder = repository(tmp_path_factory.mktemp("shared") / "app")
    git(folder, "branch", "topic")
    git(folder, "update-ref", "refs/remotes/origin/release", "HEAD")
    return folder


def one_line(done: Done) -> str:
    """The last line on standard error, the only one that is no log."""
    lines = [line for line in done.err.splitlines() if not line.startswith("[")]
    assert len(lines) == 1, done.err
    return lines[0]


# --- verdicts and exit codes -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_uncommitted_work_that_is_faster_is_said_to_be_and_nothing_of_the_users_is_touched(
    repo: Path, tmp_path: Path
) -> None:
    (tmp_path / "tmp").mkdir()
    (repo / "app.py").write_text(sized(HALF))
    git(repo, "add", "app.py")
    (repo / "new.txt").write_text("not tracked")
    before = shop.state(repo)
    done = llmopt(repo, "compare", "main", *FAST, "--json", TMPDIR=str(tmp_path / "tmp"))
    assert done.code == 0, done.err
    result = done.json
    assert result.keys() >= KEYS
    assert result["verdict"] == "faster"
    assert 1 < result["interval"][0] <= result["speedup"] <= result["interval"][1]
    [workload] = result["workloads"]
    assert workload["name"] == "run.py"
    assert workload["pairs"] == result["pairs"] >= 8
    assert workload["base"]["seconds"] > workload["head"]["seconds"] > 0
    assert result["base"] == {"name": "main", "commit": git(repo, "rev-parse", "main"), "changes": False}
    assert result["head"]["changes"]
    assert shop.state(repo) == before
    assert git(repo, "for-each-ref", "refs/llmopt") == ""
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.slow
def test_slower_beyond_noise_exits_with_4_unless_told_otherwise(repo: Path) -> None:
    (repo / "app.py").write_text(sized(DOUBLE))
    git(repo, "commit", "--quiet", "--all", "--message", "slower")
    done = llmopt(repo, "compare", "HEAD~1", "HEAD", *FAST)
    assert done.code == 4, done.err
    assert "slower: 0." in done.out
    assert "HEAD~1" in done.out
    lenient = llmopt(repo, "compare", "HEAD~1", "HEAD", *FAST, "--fail-on", "none", "--markdown", "--quiet")
    assert lenient.code == 0, lenient.err
    assert lenient.err == ""
    assert lenient.out.startswith("**slower: 0.")
    assert "| run.py |" in lenient.out


@pytest.mark.slow
def test_one_workload_that_became_slower_fails_the_whole(tmp_path: Path) -> None:
    files = {"fast": f"{sized(DOUBLE)}\nwork()\n", "slow": f"{sized(HALF)}\nwork()\n"}
    folder = repository(tmp_path / "app", **files)
    (folder / "fast.py").write_text(f"{sized(1)}\nwork()\n")
    (folder / "slow.py").write_text(f"{sized(DOUBLE)}\nwork()\n")
    done = llmopt(folder, "compare", "HEAD", "--workload", "fast.py@3", "--workload", "slow.py", "--json")
    assert done.code == 4, done.err
    assert done.json["verdict"] == "faster"
    assert [each["verdict"] for each in done.json["workloads"]] == ["faster", "slower"]


def test_equal_code_is_said_to_be_the_same_without_measuring(repo: Path) -> None:
    done = llmopt(repo, "compare", "HEAD", *FAST)
    assert (done.code, done.out.count("pairs")) == (0, 0), done.err
    assert "the code is the same on both sides" in done.out
    forced = llmopt(repo, "compare", "HEAD", *FAST, "--force", "--max-pairs", "2", "--json")
    assert forced.code == 0, forced.err
    assert (forced.json["verdict"], forced.json["pairs"]) == ("inconclusive", 2)


def test_a_benchmark_that_changed_alone_is_no_difference_of_the_code(tmp_path: Path) -> None:
    folder = repository(tmp_path / "app", bench_work="from app import work\n\n\ndef workload():\n    work()\n")
    (folder / "bench_work.py").write_text("from app import work\n\n\ndef workload():\n    work(), work()\n")
    done = llmopt(folder, "compare", "HEAD", "--workload", "bench_work.py")
    assert done.code == 0, done.err
    assert "the code is the same" in done.out
    assert "as the working tree has it: bench_work.py" in done.out


def test_a_benchmark_that_base_lacks_is_taken_from_the_working_tree(repo: Path) -> None:
    (repo / "benchmarks").mkdir()
    (repo / "benchmarks" / "sizes.py").write_text("TIMES = 1\n")
    (repo / "benchmarks" / "bench_new.py").write_text(
        "from sizes import TIMES\nfrom app import work\n\n\ndef workload():\n    work() * TIMES\n"
    )
    (repo / "app.py").write_text(sized(HALF))
    done = llmopt(repo, "compare", "HEAD", "--json", "--max-pairs", "2")
    assert done.code == 0, done.err
    assert [each["name"] for each in done.json["workloads"]] == ["benchmarks/bench_new.py"]
    assert done.json["speedup"] > 1.5
    assert any("benchmarks/bench_new.py, benchmarks/sizes.py" in notice for notice in done.json["notices"])


# --- what can be compared ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_patch_is_applied_to_base(repo: Path, tmp_path: Path) -> None:
    (repo / "app.py").write_text(sized(HALF))
    patch = tmp_path / "faster.patch"
    patch.write_text(git(repo, "diff") + "\n")
    git(repo, "checkout", "--quiet", "app.py")
    done = llmopt(repo, "compare", "HEAD", patch, *FAST, "--json")
    assert (done.code, done.json["verdict"]) == (0, "faster"), done.err
    (repo / "app.py").write_text("def work():\n    return 1\n")
    git(repo, "commit", "--quiet", "--all", "--message", "elsewhere")
    refused = llmopt(repo, "compare", "HEAD", patch, *FAST)
    assert refused.code == 2
    assert "does not apply to HEAD: patch failed: app.py:1" in one_line(refused)


@pytest.mark.slow
def test_two_folders_without_git_are_compared(tmp_path: Path) -> None:
    for name, size in (("old", SIZE), ("newer one", HALF)):
        shop.write(tmp_path / name, {"app.py": sized(size), "run.py": RUN})
        (tmp_path / name / ".venv").mkdir()
        (tmp_path / name / ".venv" / "pyvenv.cfg").write_text("")
    done = llmopt(tmp_path, "compare", "old", "newer one", *FAST, "--json")
    assert done.code == 0, done.err
    assert done.json["verdict"] == "faster"
    assert (done.json["base"]["name"], done.json["head"]["name"]) == ("old", "newer one")
    assert not (tmp_path / "old" / "__pycache__").exists()
    assert not (tmp_path / "newer one" / ".git").exists()


def test_another_checkout_is_compared_with_a_folder_of_this_repository(repo: Path, tmp_path: Path) -> None:
    shutil.copytree(repo, tmp_path / "clone")
    (tmp_path / "clone" / "app.py").write_text(sized(DOUBLE))
    done = llmopt(repo, "compare", tmp_path / "clone", *FAST, "--json", "--max-pairs", "2")
    assert done.code == 0, done.err
    assert done.json["speedup"] > 1.5
    assert done.json["base"]["changes"]


@pytest.mark.slow
def test_a_package_that_moved_between_the_sides_is_found_on_both(repo: Path) -> None:
    (repo / "run.py").write_text("from app import work\n\nprint(work() > 0)\n")
    git(repo, "commit", "--quiet", "--all", "--message", "no path of its own")
    (repo / "src").mkdir()
    (repo / "app.py").rename(repo / "src" / "app.py")
    (repo / "src" / "app.py").write_text(sized(HALF))
    done = llmopt(repo, "compare", "HEAD", "--workload", "app:work", "--json", "--max-pairs", "2")
    assert done.code == 0, done.err
    assert done.json["speedup"] > 1.5


@pytest.mark.slow
def test_tests_that_pass_on_one_side_only_are_left_out(tmp_path: Path) -> None:
    old = "from app import work\nimport time\n\n\ndef test_old():\n    time.sleep(0.02)\n    assert work()\n"
    folder = repository(tmp_path / "app", test_app=old)
    (folder / "test_app.py").write_text(f"{old}\n\ndef test_new():\n    from app import more\n    assert more()\n")
    (folder / "app.py").write_text(f"{sized(HALF)}\n\ndef more():\n    return 1\n")
    done = llmopt(folder, "compare", "HEAD", "--workload", "pytest:test_app.py", "--json", "--max-pairs", "2")
    assert done.code == 0, done.err
    assert done.json["speedup"] > 1.05
    assert any("1 of 2 tests do not pass on both sides" in notice for notice in done.json["notices"])


def test_a_base_that_is_no_ancestor_is_noted(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "topic")
    (repo / "app.py").write_text(sized(HALF))
    git(repo, "commit", "--quiet", "--all", "--message", "topic")
    git(repo, "checkout", "--quiet", "main")
    git(repo, "commit", "--quiet", "--allow-empty", "--message", "went on")
    done = llmopt(repo, "compare", "main", "topic", *FAST, "--max-pairs", "1", "--json")
    assert done.code == 0, done.err
    assert any("main is no ancestor of topic" in notice for notice in done.json["notices"])


# --- what cannot -------------------------------------------------------------------------------------------------


def test_a_workload_that_head_breaks_is_an_error(repo: Path) -> None:
    (repo / "app.py").write_text("def work():\n    raise ValueError('broken')\n")
    done = llmopt(repo, "compare", "HEAD", *FAST)
    assert done.code == 1
    assert "workload run.py runs on BASE and not on HEAD" in one_line(done)
    assert "ValueError: broken" in one_line(done)


@pytest.mark.slow
def test_a_workload_that_only_head_can_run_is_left_out_and_alone_an_error(repo: Path) -> None:
    (repo / "app.py").write_text(f"{sized(HALF)}\n\ndef more():\n    return work()\n")
    (repo / "more.py").write_text("import app\n\napp.more()\n")
    both = llmopt(repo, "compare", "HEAD", *FAST, "--workload", "app:more", "--max-pairs", "1", "--json")
    assert both.code == 0, both.err
    assert [each["name"] for each in both.json["workloads"]] == ["run.py"]
    assert [each["name"] for each in both.json["left_out"]] == ["app:more"]
    alone = llmopt(repo, "compare", "HEAD", "--workload", "app:more")
    assert alone.code == 1
    assert "no workload runs on both sides; on BASE" in one_line(alone)


USAGE = {
    "misspelt branch": (("topik",), "did you mean topic?"),
    "remote branch": (("release",), "did you mean origin/release?"),
    "range": (("main..topic",), "llmopt compare main topic"),
    "no such patch": (("main", "fix.patch"), "there is no patch fix.patch"),
    "a file": (("run.py",), "is a file and no patch"),
    "a patch as base": (("empty.diff",), "llmopt compare BASE PATCH"),
    "no base": ((), "Missing argument 'BASE'"),
    "no folder": (("main", "--path", "nowhere"), "nowhere does not exist"),
    "objective": (("main", "--objective", "fun"), "objective"),
    "resolution": (("main", "--resolution", "0.9"), "--resolution 0.9"),
    "pairs": (("main", "--max-pairs", "0"), "--max-pairs 0"),
    "fail on": (("main", "--fail-on", "faster"), "known: slower, none"),
    "two forms": (("main", "--json", "--markdown"), "ask for one"),
    "picture": (("main", "--plot", "a.gif"), ".svg or .png"),
    "no workload": (("main", "--workload", "nowhere.py"), "there is no such file"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_one_line_and_exit_code_2(shared: Path, name: str) -> None:
    arguments, words = USAGE[name]
    (shared / "empty.diff").write_text("")
    done = llmopt(shared, "compare", *arguments)
    assert (done.code, done.out) == (2, ""), done.err
    assert words in one_line(done)


def test_a_missing_revision_of_a_shallow_clone_is_explained(repo: Path, tmp_path: Path) -> None:
    git(repo, "commit", "--quiet", "--allow-empty", "--message", "two")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo}", "clone")
    assert "shallow" in one_line(llmopt(tmp_path / "clone", "compare", "HEAD~1"))


# --- while it runs, and pictures ---------------------------------------------------------------------------------


def test_ctrl_c_prints_what_is_known_and_exits_with_130(repo: Path, tmp_path: Path) -> None:
    (repo / "app.py").write_text(f"{sized(SIZE)}# changed\n")
    running = subprocess.Popen(
        shop.command("compare", "HEAD", *FAST, "--json", "-v", "--resolution", "1.0001", "--max-pairs", "10000"),
        cwd=repo,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.environment(TMPDIR=str(tmp_path)),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "3 of 10000 pairs" in line:
            break
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    result = Done(130, out, "").json
    assert result["stopped"] == "interrupted"
    assert result["pairs"] >= 3
    assert list(tmp_path.glob("llmopt-*")) == []


@pytest.mark.slow
def test_the_picture_shows_every_pair(repo: Path) -> None:
    (repo / "app.py").write_text(sized(HALF))
    done = llmopt(repo, "compare", "HEAD", *FAST, "--plot", "ratios.svg", "--json")
    assert done.code == 0, done.err
    picture = ElementTree.parse(repo / "ratios.svg")
    dots = picture.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(dots) == done.json["pairs"]


@pytest.mark.slow
def test_counted_instructions_decide_or_are_refused_at_once(repo: Path) -> None:
    (repo / "app.py").write_text(sized(HALF))
    done = llmopt(repo, "compare", "HEAD", *FAST, "--objective", "instructions", "--json", "--max-pairs", "8")
    if done.code == 2:
        assert "nobody counts them here" in one_line(done)
    else:
        assert (done.code, done.json["verdict"]) == (0, "faster"), done.err


def test_a_second_run_on_the_repository_is_refused(repo: Path) -> None:
    (repo / "app.py").write_text(f"{sized(SIZE)}# changed\n")
    first = subprocess.Popen(
        shop.command("compare", "HEAD", *FAST, "-v", "--resolution", "1.0001", "--max-pairs", "10000"),
        cwd=repo,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=shop.environment(),
    )
    assert first.stderr is not None
    try:
        first.stderr.readline()
        assert "another llmopt run" in one_line(llmopt(repo, "bench", *FAST))
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        first.stderr.close()
