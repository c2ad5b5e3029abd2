"""`llmopt ci` as a shell, a runner and the workflow for forks call it, on real repositories."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
import shop
from hub import Hub
from model_server import Answer, ModelServer
from shop import Done, git, llmopt

from llmopt.commands import ci as command

WORK = "def work():\n    return sum(i * i for i in range({size}))\n"
RUN = "from app import work\n\nprint(work() > 0)\n"
MORE = WORK.format(size=300_000) + "\n\ndef more():\n    return [work() for _ in range(3)]\n"
FAST = ("--workload", "run.py", "--quiet")


def commit(repo: Path, **files: str) -> str:
    for name, text in files.items():
        (repo / f"{name}.py").write_text(text)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", "Change")
    return git(repo, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = shop.repository(tmp_path / "app", {"app.py": WORK.format(size=300_000), "run.py": RUN})
    git(folder, "checkout", "--quiet", "-b", "topic")
    return folder


def ci(repo: Path, *arguments: object, **more: str) -> Done:
    return llmopt(repo, "ci", *arguments, **more)


def result(folder: Path) -> Any:
    return json.loads((folder / "result.json").read_text())


@pytest.mark.slow
def test_slower_code_exits_with_4_and_its_report_is_in_the_folder(repo: Path, tmp_path: Path) -> None:
    commit(repo, app=WORK.format(size=1_500_000))
    done = ci(repo, "all", tmp_path / "out", *FAST, "--max-pairs", "8")
    assert done.code == 4, done.err
    assert done.out.startswith("### llmopt: 🔴 slower\n")
    assert result(tmp_path / "out")["guard"]["verdict"] == "slower"
    [hot] = [each for each in result(tmp_path / "out")["hot"] if each["name"].startswith("work")]
    assert hot["touched"]
    assert hot["head_seconds"] > 2 * hot["base_seconds"]
    first = result(tmp_path / "out")["hot"]
    again = ci(repo, "all", tmp_path / "out", "--workload", "run.py", "--max-pairs", "8", "--fail-on", "none")
    assert again.code == 0
    assert again.err.count("is that of an earlier run on the same code") == 2
    assert result(tmp_path / "out")["hot"] == first


@pytest.mark.slow
def test_uncommitted_work_is_not_looked_at(repo: Path, tmp_path: Path) -> None:
    commit(repo, other="x = 1\n")
    (repo / "app.py").write_text("raise SystemExit('not committed')\n")
    before = shop.state(repo)
    done = ci(repo, "run", tmp_path / "out", *FAST, "--max-pairs", "8", "--resolution", "1.5")
    assert done.code == 0, done.err
    assert [row["name"] for row in result(tmp_path / "out")["guard"]["rows"]] == ["run.py"]
    assert "not committed" not in done.out
    assert shop.state(repo) == before


@pytest.mark.slow
def test_a_workload_that_is_new_in_the_change_is_no_failure(repo: Path, tmp_path: Path) -> None:
    commit(repo, app=MORE)
    done = ci(repo, "run", tmp_path / "out", "--workload", "app:more", "--quiet")
    assert done.code == 0, done.err
    assert result(tmp_path / "out")["guard"] is None
    assert "Not compared: no workload runs on both sides; on BASE" in done.out


@pytest.mark.slow
def test_workloads_that_were_there_are_compared_beside_a_new_one(repo: Path, tmp_path: Path) -> None:
    commit(repo, app=MORE)
    both = ("--workload", "app:more", *FAST, "--max-pairs", "8", "--resolution", "1.5")
    done = ci(repo, "run", tmp_path / "out", *both)
    assert done.code == 0, done.err
    assert [row["name"] for row in result(tmp_path / "out")["guard"]["rows"]] == ["run.py"]
    assert "no profile of base: workload app:more" in done.out


@pytest.mark.slow
def test_a_workload_that_the_change_breaks_exits_with_1(repo: Path, tmp_path: Path) -> None:
    commit(repo, app="def work():\n    raise ValueError('broken')\n")
    done = ci(repo, "run", tmp_path / "out", *FAST)
    assert done.code == 1
    assert done.out.startswith("### llmopt: 🔴 a workload fails\n")
    assert "broken" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("some",), "step some is not known"),
        (("run", "--mode", "merge"), "--mode merge is not known"),
        (("post",), "GITHUB_TOKEN is not set"),
        (("run", "out", "--base", "nowhere"), "the commit nowhere is not in this clone"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(repo: Path, arguments: tuple[str, ...], said: str) -> None:
    commit(repo, other="x = 1\n")
    done = ci(repo, *arguments)
    assert done.code in (1, 2)
    assert done.err.count("\n") == 1
    assert said in done.err


def test_a_change_that_brings_state_of_llmopt_s_along_is_not_looked_at(repo: Path, tmp_path: Path) -> None:
    (repo / ".llmopt" / "cache").mkdir(parents=True)
    commit(repo, **{".llmopt/cache/replies": "forged\n"})
    done = ci(repo, "run", tmp_path / "out", *FAST)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert ".llmopt/ is tracked by git" in done.err


@pytest.mark.parametrize(
    ("flag", "variable", "expected"), [(None, "", "strict"), ("auto", "", "auto"), (None, "landlock", "landlock")]
)
def test_the_code_of_a_change_runs_confined_or_not_at_all_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, flag: str | None, variable: str, expected: str
) -> None:
    monkeypatch.setenv("LLMOPT_SANDBOX", variable)
    assert command.strict({"sandbox": flag})["sandbox"] == expected


@pytest.mark.slow
def test_with_nothing_left_of_the_budget_the_model_is_not_asked(repo: Path, tmp_path: Path) -> None:
    head = commit(
        repo,
        app="def work():\n    seen = []\n    for i in range(4000):\n        if i % 700 not in seen:\n"
        "            seen.append(i % 700)\n    return len(seen)\n",
    )
    commit(repo, test_app="from app import work\n\n\ndef test_work():\n    assert work() == 700\n")
    out = tmp_path / "out"
    out.mkdir()
    (out / "spent.json").write_text('{"tokens": 500, "cost_usd": 2.0}')
    with ModelServer() as server:
        asked = ("--model", f"openai:local-model@{server.url}/v1", "--budget-usd", "2", "--mode", "suggest")
        done = ci(repo, "run", out, *FAST, *asked, "--base", "main", "--max-pairs", "8")
        assert not server.asked()
    assert "the budget is used up (500 tokens, 2.00 USD): only the rules are tried" in done.out
    assert result(out)["search"]["model"] == "rules", done.err
    assert "<title>" in (out / "search.html").read_text()
    assert result(out)["change"]["head"] != head


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_what_a_run_spent_is_in_the_comment_and_the_next_run_keeps_to_what_is_left(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop", {**shop.FILES, "shop/orders.py": "def report(orders):\n    return []\n"})
    git(repo, "checkout", "--quiet", "-b", "topic")
    (repo / "shop" / "orders.py").write_text(textwrap.dedent(shop.FILES["shop/orders.py"]).lstrip())
    git(repo, "commit", "--quiet", "--all", "--message", "Orders")
    git(tmp_path, "clone", "--quiet", "--bare", str(repo), str(tmp_path / "hub.git"))
    with Hub(tmp_path / "hub.git") as hub, ModelServer([Answer(shop.GOOD), *[Answer(shop.DECLINE)] * 9]) as server:
        hub.open_pull(7, "main", "topic")
        model = ("--model", f"openai:local-model@{server.url}/v1", "--max-tokens", "60000", "--mode", "suggest")
        options = (*model, "--workload", "bench.py", "--max-pairs", "8", "--fail-on", "none", "--quiet")
        first = ci(repo, "all", tmp_path / "out", *options, **pulling(hub, tmp_path, "1"))
        assert first.code == 0, first.err
        used = result(tmp_path / "out")["search"]["tokens"]
        assert used > 0
        assert hub.state.reviews, first.out
        [comment] = hub.state.comments.values()
        assert f"all runs on this pull request: {used} tokens" in comment["body"]
        comment["body"] = comment["body"].replace(f'"tokens":{used}', '"tokens":60000', 1)
        asked = len(server.asked())
        second = ci(repo, "all", tmp_path / "out", *options, **pulling(hub, tmp_path, "2"))
        assert second.code == 0, second.err
        assert len(server.asked()) == asked
        assert "the budget is used up (60000 tokens" in second.out


@pytest.mark.slow
def test_what_was_paid_before_a_model_failed_counts(repo: Path, tmp_path: Path) -> None:
    test = "from app import work\n\n\ndef test_work():\n    assert work() > 0\n"
    commit(repo, app=WORK.format(size=600_000), test_app=test)
    looks = Answer("", calls=(("read", {"what": "app.py"}),))
    with ModelServer([looks, Answer("no such luck", status=400)]) as server:
        asked = ("--model", f"openai:local-model@{server.url}/v1", "--mode", "suggest", "--max-tokens", "50000")
        done = ci(
            repo, "run", tmp_path / "out", *FAST, *asked, "--base", "main", "--max-pairs", "8", "--fail-on", "none"
        )
    found = result(tmp_path / "out")
    assert done.code == 0, done.err
    assert "no such luck" in found["search_problem"]
    assert found["search"]["tokens"] > 0
    assert "The search ended early" in done.out


def pulling(hub: Hub, folder: Path, run: str) -> dict[str, str]:
    """The environment of a runner on pull request 7."""
    event = folder / "pull_request.json"
    event.write_text(json.dumps({"pull_request": hub.state.pulls[7], "sender": {"type": "User"}}))
    more = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_ACTOR": "ann", "GITHUB_RUN_ID": run}
    return posting(hub, folder, "") | {"GITHUB_EVENT_PATH": str(event)} | more


@pytest.mark.slow
def test_a_merge_request_of_gitlab_gets_its_report_as_files(repo: Path, tmp_path: Path) -> None:
    head = commit(repo, other="x = 1\n")
    base = git(repo, "rev-parse", "main")
    variables = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "3", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    done = ci(
        repo, "all", tmp_path / "out", *FAST, "--max-pairs", "8", "--resolution", "1.5", CI_COMMIT_SHA=head, **variables
    )
    assert done.code == 0, done.err
    found = result(tmp_path / "out")
    assert found["change"] == {"name": "merge request !3", "base": base, "head": head, "number": None}
    assert not any(
        line.startswith("::") for line in done.out.splitlines()
    )  # what a runner of GitHub's would take for a command
    assert {"report.html", "report.md"} <= {file.name for file in (tmp_path / "out").iterdir()}


# --- the workflow that posts for forks -------------------------------------------------------------------------


@pytest.fixture
def fork(repo: Path, tmp_path: Path) -> Any:
    """A fork's pull request 8, and a result as its run left it."""
    head = commit(repo, other="x = 1\n")
    git(tmp_path, "clone", "--quiet", "--bare", str(repo), str(tmp_path / "hub.git"))
    found = {
        "schema": "llmopt-ci/1",
        "llmopt": "0.1.0",
        "mode": "pull-request",
        "change": {"name": "pull request #7", "base": git(repo, "rev-parse", "main"), "head": head, "number": 7},
        "guard": {"verdict": "faster", "speedup": 99.0, "lines": ["faster: 99x @everyone"]},
        "search": {"run": "r", "headline": "h", "model": "rules", "commit": head, "tokens": 9_000_000},
    }
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "result.json").write_text(json.dumps(found))
    with Hub(tmp_path / "hub.git") as hub:
        hub.open_pull(7, "main", "main")
        hub.open_pull(8, "main", "topic", owner="mallory")
        yield hub, tmp_path, found


def posting(hub: Hub, folder: Path, head: str) -> dict[str, str]:
    """The environment of the workflow that `workflow_run` starts, which has no checkout."""
    run = {"head_sha": head, "head_branch": "topic", "head_repository": {"owner": {"login": "mallory"}}}
    (folder / "event.json").write_text(json.dumps({"workflow_run": {**run, "pull_requests": []}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_API_URL": hub.url,
        "GITHUB_REPOSITORY": hub.name,
        "GITHUB_TOKEN": hub.write,
    }


def test_a_fork_s_result_goes_to_its_own_pull_request_as_text_and_pushes_nothing(fork: Any) -> None:
    hub, folder, found = fork
    (folder / "empty").mkdir()
    done = ci(folder / "empty", "post", folder / "report", **posting(hub, folder, found["change"]["head"]))
    assert done.code == 0, done.err
    [comment] = hub.state.comments.values()
    assert comment["issue"] == 8
    assert "run of the fork's own code" in comment["body"]
    assert "\\@everyone" in comment["body"]
    assert '"tokens":0' in comment["body"]
    assert not [call for call in hub.calls if "/git/" in call.path]


def test_a_fork_s_result_of_another_commit_is_refused(fork: Any) -> None:
    hub, folder, found = fork
    done = ci(folder, "post", folder / "report", **posting(hub, folder, found["change"]["base"]))
    assert done.code == 2
    assert "the result is of" in done.err
    assert not hub.state.comments


def test_a_fork_s_file_that_is_no_result_is_refused(fork: Any) -> None:
    hub, folder, found = fork
    (folder / "report" / "result.json").write_text(json.dumps({**found, "notices": "x"}))
    done = ci(folder, "post", folder / "report", **posting(hub, folder, found["change"]["head"]))
    assert done.code == 2
    assert "is no result of `llmopt ci`" in done.err
    assert not hub.state.comments
