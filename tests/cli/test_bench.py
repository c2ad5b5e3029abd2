"""`llmopt bench` on real repositories: measured, stored, listed, and compared with what was stored."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest
import shop
from shop import Done, git, llmopt

WORK = "print(sum(i * i for i in range({size})) > 0)\n"
FAST = ("--workload", "run.py", "--runs", "8")


def repository(folder: Path) -> Path:
    return shop.repository(folder, {"run.py": WORK.format(size=300_000)})


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "app of mine")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a stored result called "old"."""
    folder = repository(tmp_path_factory.mktemp("measured") / "app")
    assert llmopt(folder, "bench", *FAST, "--name", "old").code == 0
    return folder


def one_line(done: Done) -> str:
    lines = [line for line in done.err.splitlines() if not line.startswith("[")]
    assert len(lines) == 1, done.err
    return lines[0]


def test_a_revision_is_measured_and_stored_by_its_short_commit(repo: Path) -> None:
    before = shop.state(repo)
    done = llmopt(repo, "bench", *FAST, "--json")
    assert done.code == 0, done.err
    result = done.json
    assert result["name"] == git(repo, "rev-parse", "HEAD")[:10]
    [workload] = result["workloads"]
    assert (workload["name"], workload["runs"], len(workload["seconds"])) == ("run.py", 8, 8)
    low, high = workload["interval"]
    assert 0 < workload["min"] <= low <= workload["median"] <= high <= workload["max"]
    assert 0 < workload["cpu_seconds"] < 2 * workload["max"]
    assert workload["peak_bytes"] > 2**20
    assert (repo / ".llmopt" / "bench" / f"{result['name']}.json").exists()
    assert shop.state(repo) == before
    assert git(repo, "for-each-ref", "refs/llmopt") == ""


def test_people_read_the_median_with_its_interval_and_the_spread(measured: Path) -> None:
    done = llmopt(measured, "bench", *FAST, "--name", "shown", "--quiet")
    assert (done.code, done.err) == (0, "")
    for words in (
        "run.py  8 runs",
        "median",
        "95 % interval",
        "±",
        "range",
        "CPU time",
        "peak memory",
        "stored as shown",
    ):
        assert words in done.out
    assert "shown" in llmopt(measured, "bench", "--list").out


@pytest.mark.slow
def test_changed_code_differs_from_what_was_stored_with_the_caveat(repo: Path) -> None:
    assert llmopt(repo, "bench", *FAST, "--name", "before", "--quiet").code == 0
    (repo / "run.py").write_text(WORK.format(size=1_500_000))
    done = llmopt(repo, "bench", "--workload", "run.py", "--runs", "8", "--compare", "before", "--json")
    assert done.code == 0, done.err
    assert done.json["name"].endswith("-changes")
    [difference] = done.json["compared"]["workloads"]
    assert difference["verdict"] == "slower"
    assert difference["speedup"] < 0.7
    said = llmopt(repo, "bench", "HEAD", *FAST, "--compare", "before").out
    assert "no pairs" in said
    assert "llmopt compare" in said
    listed = llmopt(repo, "bench", "--list", "--json").json["results"]
    assert listed[0]["name"] == "before"
    assert len(listed) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [({"machine": {"processor": "Abacus"}}, "was measured on Abacus"), ({"python": [2, 7, 18]}, "Python 2.7.18")],
)
def test_results_of_another_machine_or_interpreter_are_refused(
    measured: Path, change: dict[str, object], words: str
) -> None:
    stored = json.loads((measured / ".llmopt" / "bench" / "old.json").read_text())
    for key, value in change.items():
        stored[key] = {**stored[key], **value} if isinstance(value, dict) else value
    (measured / ".llmopt" / "bench" / "other.json").write_text(json.dumps(stored))
    done = llmopt(measured, "bench", *FAST, "--compare", "other")
    assert done.code == 2
    assert words in one_line(done)
    assert "--force" in one_line(done)
    assert llmopt(measured, "bench", *FAST, "--name", "forced", "--compare", "other", "--force").code == 0


USAGE = {
    "no result": (("--compare", "elsewhere"), "no result is called 'elsewhere'"),
    "path as name": (("--name", "../x"), "cannot name a result"),
    "no run": (("--runs", "0"), "--runs 0"),
    "precision": (("--precision", "0.5"), "--precision 0.5"),
    "no revision": (("nowhere",), "is no revision"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_one_line_and_exit_code_2(measured: Path, name: str) -> None:
    arguments, words = USAGE[name]
    done = llmopt(measured, "bench", *arguments)
    assert (done.code, done.out) == (2, ""), done.err
    assert words in one_line(done)


def test_a_folder_without_git_is_measured_and_remembered(tmp_path: Path) -> None:
    folder = shop.write(tmp_path / "plain", {"run.py": WORK.format(size=10)})
    assert "Nothing stored yet" in llmopt(folder, "bench", "--list").out
    done = llmopt(folder, "bench", *FAST)
    assert done.code == 0, done.err
    assert "run.py" in llmopt(folder, "bench", "--list").out
    assert not (folder / ".git").exists()


def test_a_damaged_result_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = repository(tmp_path / "app")
    (folder / ".llmopt" / "bench").mkdir(parents=True)
    (folder / ".llmopt" / "bench" / "x.json").write_text("{}")
    done = llmopt(folder, "bench", "--list")
    assert done.code == 1
    assert "x.json cannot be read" in one_line(done)


def test_ctrl_c_prints_what_was_measured_and_stores_nothing(repo: Path, tmp_path: Path) -> None:
    running = subprocess.Popen(
        shop.command("bench", "--workload", "run.py", "--runs", "10000", "--json", "-v"),
        cwd=repo,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.environment(TMPDIR=str(tmp_path)),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "3 runs" in line:
            break
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    assert json.loads(out)["workloads"][0]["runs"] >= 3
    assert not list((repo / ".llmopt").glob("bench/*"))
    assert list(tmp_path.glob("llmopt-*")) == []
