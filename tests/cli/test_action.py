"""The action as a user has it, run by `act` on this host: a real repository and workflow, a server that plays GitHub.

The action itself is the real one; the actions of others that it uses, which cannot be fetched here, are stand-ins that
do the same on this host's disk.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shop
from hub import Hub
from shop import git

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
INSTALLED = str(Path(sys.executable).with_name("llmopt"))
PARTS = ("action.yml", "pyproject.toml", "README.md", "LICENSE", "llmopt", "prompts", "docs")  # what its install needs
ACT = Path(sys.executable).with_name("act")
TOKEN = "ghs_" + "4f1c9a7e52d80b36"
KEY = "key-" + "7b6e2f90c3a1d845"
FAST = '''
def customers(names):
    """How many customers there are."""
    return len(set(names))
'''.lstrip()
SLOW = textwrap.dedent(shop.COUNTING["shop/orders.py"]).lstrip()
# What the project's code sees of the job. It looks for its secrets and for the runner's, in all the places it may read.
SPY = """
import glob
import os

NAMES = ("GITHUB_TOKEN", "GH_TOKEN", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "ACTIONS_RUNTIME_TOKEN")
MARKS = [b"ghs_" + b"4f1c9a7e", b"key-" + b"7b6e2f90"]


def seen():
    found = [name for name in os.environ if name in NAMES or name.startswith("ACTIONS_")]
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as stream:
                text = stream.read()
        except OSError:
            continue
        found += [path for mark in MARKS if mark in text]
    return found
"""
BENCH = """
import spy
from shop.orders import customers


def workload():
    if spy.seen():
        raise SystemExit("the workload sees " + ", ".join(spy.seen()))
    print(customers(["customer %d" % (i % 900) for i in range(4000)]))
"""
FILES = {
    **shop.FILES,
    "shop/orders.py": FAST,
    "tests/test_orders.py": shop.COUNTING["tests/test_orders.py"],
    "bench.py": BENCH,
    "spy.py": SPY,
}
WORKFLOW = """
on: pull_request
permissions:
  contents: read
  pull-requests: write
jobs:
  llmopt:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v7
      with:
        fetch-depth: 0
        persist-credentials: false
    - name: The spy sees what is there
      env:
        GITHUB_TOKEN: ${{{{ github.token }}}}
      run: |
        {python} -c 'import spy; found = spy.seen(); print("spied", len(found)); assert "GITHUB_TOKEN" in found'
    - uses: llmopt/llmopt@v0
      id: llmopt
      with:
        mode: {mode}
        workload: bench.py
        python: {python}
        command: "{command}"
        max-pairs: "8"
        fail-on: none
        sarif: "true"
        anthropic-api-key: ${{{{ secrets.ANTHROPIC_API_KEY }}}}
    - env:
        VERDICT: ${{{{ steps.llmopt.outputs.verdict }}}}
      run: |
        echo "verdict is $VERDICT"
"""
POSTING = CHECKOUT / "examples" / "workflows" / "fork-post.yml"
STANDINS = {
    "actions/setup-python": "python3 --version",
    "actions/download-artifact": 'mkdir -p "$FROM" && cp -r "$STORE"/*/. "$FROM"',
    "actions/checkout@v7": "git --version",  # act copies the repository by itself
    "actions/cache": "mkdir -p .llmopt; echo restored >> .llmopt/cache-was-asked",
    "actions/upload-artifact": 'mkdir -p "$STORE" && cp -r "$FROM" "$STORE/"',
}


@dataclass(frozen=True)
class Ran:
    code: int
    out: str


@dataclass(frozen=True)
class Host:
    """What a job is run with."""

    folder: Path
    repo: Path
    hub: Hub

    def event(self, number: int, **more: Any) -> Path:
        """What GitHub says of a pull request."""
        found = {"action": "synchronize", "number": number, "pull_request": self.hub.state.pulls[number]}
        file = self.folder / "event.json"
        file.write_text(json.dumps(found | {"sender": {"login": "ann", "type": "User"}} | more))
        return file

    def act(self, event: Path, mode: str, *arguments: str, command: str = INSTALLED) -> Ran:
        said = {"python": sys.executable, "command": command, "mode": mode}
        return self.run("pull_request", event, WORKFLOW.format(**said), *arguments)

    def run(self, name: str, event: Path, text: str, *arguments: str) -> Ran:
        """A workflow for an event, run to its end."""
        workflow = self.folder / "workflow.yml"
        workflow.write_text(text)
        places = [word for name, place in self.standins().items() for word in ("--local-repository", f"{name}={place}")]
        done = subprocess.run(
            [
                *(str(ACT), name, "--workflows", str(workflow), "--eventpath", str(event)),
                *("-P", "ubuntu-latest=-self-hosted", "--action-offline-mode", "--no-cache-server"),
                *("-s", f"GITHUB_TOKEN={TOKEN}", "-s", f"ANTHROPIC_API_KEY={KEY}", "--actor", "ann"),
                *("--env", f"GITHUB_API_URL={self.hub.url}"),
                *places,
                *arguments,
            ],
            cwd=self.repo,
            env=shop.environment(HOME=str(self.folder / "home"), XDG_CACHE_HOME=str(self.folder / "home" / "cache")),
            capture_output=True,
            text=True,
            timeout=600,
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    def standins(self) -> dict[str, Path]:
        """The actions that a workflow names, each in a folder of its own."""
        own = self.folder / "actions" / "llmopt"
        own.mkdir(parents=True, exist_ok=True)
        for name in git(CHECKOUT, "ls-files", *PARTS).splitlines():
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, own / name)
        found = {"llmopt/llmopt@v0": own, "llmopt/llmopt@v0.1.0": own}
        texts = [file.read_text() for file in (CHECKOUT / "action.yml", POSTING)]
        pinned = re.findall(r"uses: (actions/[\w-]+@[0-9a-f]{40})", "".join(texts))
        for name in [*pinned, "actions/checkout@v7"]:
            place = self.folder / "actions" / name.partition("@")[0].rpartition("/")[2]
            place.mkdir(exist_ok=True)
            script = STANDINS.get(name) or STANDINS[name.partition("@")[0]]
            (place / "action.yml").write_text(standin(script, self.folder / "artifacts"))
            found[name] = place
        return found


def standin(script: str, store: Path) -> str:
    return textwrap.dedent(f"""
        name: stand-in
        description: Does on this host what the real one does at GitHub.
        inputs: {{path: {{default: ""}}, name: {{default: ""}}}}
        runs:
          using: composite
          steps:
          - shell: bash
            env:
              STORE: {store}/${{{{ inputs.name }}}}
              FROM: ${{{{ inputs.path }}}}
            run: |
              {script}
        """)


@pytest.fixture
def host(tmp_path: Path) -> Any:
    repo = shop.repository(tmp_path / "shop", FILES)
    git(repo, "checkout", "--quiet", "-b", "topic")
    (repo / "shop" / "orders.py").write_text(SLOW)
    git(repo, "commit", "--quiet", "--all", "--message", "Count by hand")
    git(tmp_path, "clone", "--quiet", "--bare", str(repo), str(tmp_path / "github.git"))
    git(repo, "remote", "add", "origin", "https://github.com/shop/shop")
    (tmp_path / "home").mkdir()
    with Hub(tmp_path / "github.git", write=TOKEN) as hub:
        hub.open_pull(7, "main", "topic")
        yield Host(tmp_path, repo, hub)


def comments(hub: Hub) -> list[str]:
    return [each["body"] for each in hub.state.comments.values()]


def test_a_slower_pull_request_gets_one_comment_which_a_second_run_renews(host: Host) -> None:
    first = host.act(host.event(7), "guard")
    assert first.code == 0, first.out
    [body] = comments(host.hub)
    assert body.startswith("<!-- llmopt:ci default -->\n### llmopt: 🔴 slower\n")
    assert "| `bench.py` |" in body
    is_told(host, first)
    second = host.act(host.event(7), "guard")
    assert second.code == 0, second.out
    [renewed] = comments(host.hub)
    assert renewed.startswith("<!-- llmopt:ci default -->\n### llmopt: 🔴 slower\n")
    assert len(host.hub.made("POST", r"/issues/7/comments")) == 1
    assert len(host.hub.made("PATCH", r"/issues/comments/\d+")) == 1
    assert not host.hub.state.review_comments


def is_told(host: Host, ran: Ran) -> None:
    """The job has its summary, annotations, outputs and an artifact."""
    assert re.search(r"Summary - ### llmopt: 🔴 slower", ran.out)
    assert re.search(r"::warning file=shop/orders.py,line=1,title=llmopt%3A slower::customers: slower: 0\.", ran.out)
    assert "verdict is slower" in ran.out
    artifact = host.folder / "artifacts" / "llmopt-report" / "llmopt-report"
    assert {"report.html", "report.md", "result.json", "llmopt.sarif"} <= {each.name for each in artifact.iterdir()}
    assert json.loads((artifact / "result.json").read_text())["change"]["number"] == 7


def test_faster_code_is_suggested_on_the_lines_of_the_diff_once(host: Host) -> None:
    first = host.act(host.event(7), "suggest")
    assert first.code == 0, first.out
    [review] = host.hub.state.reviews
    [comment] = review["comments"]
    assert (comment["path"], comment["start_line"], comment["line"], comment["side"]) == (
        "shop/orders.py",
        3,
        6,
        "RIGHT",
    )
    lines = SLOW.splitlines()
    lines[2:6] = re.search(r"```suggestion\n(.*?)\n```", comment["body"], re.DOTALL)[1].splitlines()  # type: ignore[index]
    space: dict[str, Any] = {}
    exec("\n".join(lines), space)
    assert "set()" in "\n".join(lines)
    assert space["customers"](list("bacabd")) == 4
    second = host.act(host.event(7), "suggest")
    assert second.code == 0, second.out
    assert len(host.hub.state.reviews) == len(host.hub.state.review_comments) == len(comments(host.hub)) == 1
    assert "suggestions: 0 new, 1 as before" in second.out


@pytest.mark.thorough
def test_kept_edits_become_a_pull_request_onto_the_branch_which_itself_is_not_looked_at(host: Host) -> None:
    ran = host.act(host.event(7), "pull-request")
    assert ran.code == 0, ran.out
    [made] = [each for number, each in host.hub.state.pulls.items() if number != 7]
    assert (made["base"]["ref"], made["head"]["ref"]) == ("topic", "llmopt/ci-7")
    assert f"The edits are in pull request #{made['number']}" in comments(host.hub)[0]
    text = host.hub.git("show", "llmopt/ci-7:shop/orders.py")
    assert "seen = set()" in text
    assert (
        host.hub.git("log", "-1", "--format=%(trailers:key=Llmopt-CI,valueonly)", "llmopt/ci-7").strip()
        == "pull-request"
    )
    git(host.repo, "fetch", "--quiet", str(host.hub.repository), "llmopt/ci-7:llmopt/ci-7")
    again = host.act(host.event(made["number"]), "pull-request")
    assert again.code == 0, again.out
    assert "was made by llmopt" in again.out
    assert len(host.hub.state.pulls) == 2
    assert not any(each["issue"] == made["number"] for each in host.hub.state.comments.values())


def test_the_action_installs_llmopt_by_itself_and_does_not_look_at_a_bot_s_change(host: Host) -> None:
    ran = host.act(host.event(7), "guard", "--actor", "renovate[bot]", command="")
    assert ran.code == 0, ran.out
    assert "/llmopt-environment/bin/llmopt" in ran.out
    assert r"renovate\[bot\] is a bot" in ran.out
    assert "verdict is skipped" in ran.out
    assert not comments(host.hub)


def test_a_fork_s_run_writes_nothing_and_the_workflow_after_it_posts_what_it_left(host: Host) -> None:
    pull = host.hub.open_pull(8, "main", "topic", owner="mallory")
    host.hub.state.pulls[7]["state"] = "closed"
    ran = host.act(host.event(8), "guard")
    assert ran.code == 0, ran.out
    assert "a fork's pull request: this run may not write" in ran.out
    assert {call.method for call in host.hub.calls} <= {"GET"}
    run = {"event": "pull_request", "id": 1, "head_sha": pull["head"]["sha"], "head_branch": "topic"}
    owner = {"full_name": "mallory/shop", "owner": {"login": "mallory"}}
    event = host.folder / "workflow_run.json"
    event.write_text(json.dumps({"workflow_run": {**run, "head_repository": owner, "pull_requests": []}}))
    text = POSTING.read_text()
    given = text.replace("          mode: guard", f"          command: {INSTALLED}\n          mode: guard")
    posted = host.run("workflow_run", event, given)
    assert posted.code == 0, posted.out
    [comment] = host.hub.state.comments.values()
    assert comment["issue"] == 8
    assert "slower" in comment["body"]
    assert "run of the fork's own code" in comment["body"]
    assert "Measure" not in posted.out
