"""`--staged` and `--changed-since` on real repositories: what is staged is judged, and unstaged work stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop
from shop import git, llmopt

ORDERS = "shop/orders.py"
BENCH = ("--workload", "bench.py")
CODE = (
    shop.ONE_OF_THREE
    + """

def report(names):
    return customers(names) + total([1])
"""
)
OLD = CODE.replace("    seen = []", "    seen: list[str] = []")  # as it was committed before
TESTS = """
from shop.orders import customers, report, title, total


def test_customers():
    assert customers(list("bacabd")) == 4
    assert customers([]) == 0


def test_others():
    assert (total([1, 2]), title(["a"]), report(["a"])) == (3, ["A"], 2)
"""
WORK = """
from shop.orders import report


def workload():
    print(report(["customer %d" % (i % 900) for i in range(4000)]))
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {**shop.FILES, ORDERS: OLD, "tests/test_orders.py": TESTS, "bench.py": WORK}
    return shop.repository(tmp_path / "a shop", files)


def stage(repo: Path, text: str = CODE) -> None:
    (repo / ORDERS).write_text(text)
    git(repo, "add", ORDERS)


def profiled(repo: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """The hot functions that `llmopt profile` names for a change, and those that are not worth it."""
    done = llmopt(repo, "profile", *BENCH, "--json", *arguments)
    assert done.code == 0, done.err
    hot = [each["function"] for each in done.json["functions"]]
    return hot, [each["function"].partition("::")[2] for each in done.json["skipped"]]


@pytest.mark.slow
def test_a_staged_function_is_made_faster_in_index_and_file_and_unstaged_work_stays(repo: Path) -> None:
    stage(repo)
    (repo / ORDERS).write_text(CODE.replace("name.title()", "name.upper()"))  # not staged, elsewhere in the file
    (repo / "notes.txt").write_text("not tracked")
    done = llmopt(repo, "optimize", "--staged", *BENCH, "--json", "--max-time", "3m")
    assert done.code == 0, done.err
    [kept] = done.json["accepted"]
    assert kept["function"] == f"{ORDERS}::customers"
    assert done.json["scope"] == "--staged"
    staged, file = git(repo, "show", f":{ORDERS}"), (repo / ORDERS).read_text()
    assert "set()" in staged
    assert "name.title()" in staged  # what was not staged still is not
    assert "set()" in file
    assert "name.upper()" in file
    assert (repo / "notes.txt").read_text() == "not tracked"
    assert git(repo, "log", "--format=%s") == "The shop"
    reported = llmopt(repo, "report", "--json").json
    assert (reported["scope"], reported["touched"]) == ("--staged", [f"{ORDERS}::customers"])
    said = "Only changed code was looked at, `--staged`: 1 function and what is called from there.\n"
    assert said in llmopt(repo, "report", "--markdown").out


@pytest.mark.slow
def test_an_edit_that_meets_unstaged_work_goes_on_a_branch_and_says_so(repo: Path) -> None:
    stage(repo)
    mine = CODE.replace("if name not in seen:", "if name.strip() not in seen:")
    (repo / ORDERS).write_text(mine)
    before = shop.state(repo)
    done = llmopt(repo, "optimize", "--staged", *BENCH, "--max-time", "3m")
    assert done.code == 0, done.err
    assert f"{ORDERS} has unstaged changes in the same lines" in done.out
    assert "on branch llmopt/" in done.out
    assert shop.state(repo) == before
    branch = git(repo, "for-each-ref", "--format=%(refname)", "refs/heads/llmopt")
    assert "name.strip()" not in git(repo, "show", f"{branch}:{ORDERS}")  # the staged code was optimized


@pytest.mark.slow
def test_what_is_staged_and_not_hot_is_said_not_to_be_worth_it_before_anything_is_measured(repo: Path) -> None:
    stage(repo, OLD.replace("result += amount", "result = result + amount"))
    before = shop.state(repo)
    done = llmopt(repo, "optimize", "--staged", *BENCH)
    assert done.code == 0, done.err
    assert "Nothing is hot of what --staged touches 1 function" in done.out
    assert "not worth it: orders.py::total" in done.out
    assert "tests" not in done.err.partition("sandbox")[2]  # they were not run
    assert shop.state(repo) == before
    page = " ".join(llmopt(repo, "report", "--output", "-").out.split())
    assert "only changed code was looked at, <code>--staged</code>: 1 function and what is called from there" in page
    assert "Changed, and not worth it: <code>orders.py::total</code> (" in page
    assert "Changed, and not worth it: `orders.py::total` (" in llmopt(repo, "report", "--markdown").out
    stage(repo)
    resumed = llmopt(repo, "optimize", "--resume", "last", "--json")  # on the change that it began with
    assert (resumed.json["scope"], resumed.json["accepted"]) == ("--staged", [])
    assert [each["function"] for each in resumed.json["not_worth"]] == [f"{ORDERS}::total"]


@pytest.mark.slow
def test_a_change_without_a_function_ends_at_once(repo: Path) -> None:
    stage(repo, f"{OLD}# a comment\n")
    done = llmopt(repo, "optimize", "--staged", *BENCH)
    assert (done.code, "touches no function" in done.out) == (0, True), done.err
    assert llmopt(repo, "profile", "--staged", *BENCH).out.endswith("\n--staged touches no function.\n")
    said = "Only changed code was looked at, `--staged`: it touches no function.\n"
    assert said in llmopt(repo, "report", "--markdown").out


def test_staged_functions_and_what_they_call_are_looked_at_and_unstaged_ones_are_not(repo: Path) -> None:
    stage(repo, OLD.replace("customers(names) + total([1])", "total([1]) + customers(names)"))
    (repo / ORDERS).write_text(OLD.replace("name.title()", "name.upper()"))
    assert profiled(repo, "--staged") == (["customers", "report"], [])  # customers is called by report


@pytest.mark.parametrize("how", ["rename", "deletion", "merge", "first commit"])
def test_states_of_an_index_are_understood(repo: Path, tmp_path: Path, how: str) -> None:
    if how == "rename":
        git(repo, "mv", ORDERS, "shop/book.py")
        (repo / "shop" / "book.py").write_text(CODE.replace("result += amount", "result = result + amount"))
        (repo / "bench.py").write_text(WORK.replace("shop.orders", "shop.book"))
        git(repo, "add", "--all")
    elif how == "deletion":
        (repo / "shop" / "more.py").write_text("def more():\n    pass\n")
        git(repo, "add", "--all")
        git(repo, "commit", "--quiet", "--message", "more")
        git(repo, "rm", "--quiet", "shop/more.py")
        stage(repo)
    elif how == "merge":
        git(repo, "switch", "--quiet", "--create", "topic")
        stage(repo)
        git(repo, "commit", "--quiet", "--message", "topic")
        git(repo, "switch", "--quiet", "main")
        git(repo, "merge", "--quiet", "--no-commit", "--no-ff", "topic")
        assert (repo / ".git" / "MERGE_HEAD").exists()
    else:
        git(repo, "update-ref", "-d", "HEAD")
        stage(repo)
    (repo / "tests" / "test_orders.py").write_text("not staged, and no Python")
    before = [path.read_bytes() for path in sorted(repo.rglob("*.py"))], git(repo, "ls-files", "--stage")
    hot, cold = profiled(repo, "--staged")
    assert hot == (["customers", "report"] if how == "first commit" else ["customers"])
    assert cold == {"rename": ["total"], "first commit": ["title", "total"]}.get(how, [])
    assert ([path.read_bytes() for path in sorted(repo.rglob("*.py"))], git(repo, "ls-files", "--stage")) == before


def test_conflicts_in_the_index_are_one_line(repo: Path) -> None:
    git(repo, "switch", "--quiet", "--create", "topic")
    stage(repo, OLD.replace("result = 0", "result = 0.0"))
    git(repo, "commit", "--quiet", "--message", "topic")
    git(repo, "switch", "--quiet", "main")
    stage(repo, OLD.replace("result = 0", "result = -0"))
    git(repo, "commit", "--quiet", "--message", "main")
    with pytest.raises(AssertionError):
        git(repo, "merge", "topic")
    done = llmopt(repo, "optimize", "--staged", *BENCH)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "has conflicts (resolve them and `git add` the files)" in done.err


def test_changed_since_a_branch_leaves_out_what_only_that_branch_has(repo: Path) -> None:
    git(repo, "switch", "--quiet", "--create", "topic")
    stage(repo, OLD.replace("result += amount", "result = result + amount"))
    git(repo, "commit", "--quiet", "--message", "topic")
    git(repo, "switch", "--quiet", "main")
    stage(repo)
    git(repo, "commit", "--quiet", "--message", "main went on")
    git(repo, "switch", "--quiet", "topic")
    assert profiled(repo, "--changed-since", "main") == ([], ["total"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--staged", "--changed-since", "HEAD"), "name two changes"),
        (("--changed-since", "nowhere"), "'nowhere' is no revision"),
        (("--staged", "--no-git"), "--staged needs git"),
        (("--staged", "--resume", "last"), "a resumed run keeps to the change that it began with"),
        (("--keep", "index"), "nothing but --staged is about the index"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(repo: Path, arguments: tuple[str, ...], said: str) -> None:
    done = llmopt(repo, "optimize", *arguments, *BENCH)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert said in done.err
