"""`llmopt check` on real repositories with a kept profile: what it says of a commit, and that it runs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import shop
from shop import Done, git, llmopt

from llmopt import hot
from llmopt.data import Function, Hotspot, Interpreter, Observed, Project, Workload

ORDERS = "shop/orders.py"
CODE = '''
"""Orders."""

LIMIT = 10


def customers(names):
    seen = []
    for name in names:
        if name not in seen:
            seen.append(name)
    return len(seen)


def first(names):
    return names[:LIMIT]


def total(amounts):
    return sum(amounts)
'''.lstrip()
OLD = CODE.replace("return len(seen)", "return len(list(seen))")


def spot(name: str, share: float, path: str = ORDERS) -> Hotspot:
    names = Observed("names", ("list[str] len 3..1200",), (5,))
    return Hotspot(Function(path, name, 5), 11, share, share, share, 1 / (1 - share), arguments=(names,))


def profile(repo: Path, *spots: Hotspot, days: float = 0.0) -> None:
    """A kept profile, as a run writes it, so many days ago."""
    python = Interpreter(sys.executable, (3, 11, 0), "--python")
    hot.keep(repo / ".llmopt", Project(repo, "", python, None, (Workload("bench.py", "script", "bench.py"),)), spots)
    for file in (repo / ".llmopt" / "cache" / "hot").iterdir():
        table = json.loads(file.read_text())
        file.write_text(json.dumps({**table, "at": time.time() - days * 86400}))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = shop.repository(tmp_path / "a shop", {**shop.FILES, ORDERS: OLD, ".gitignore": ".llmopt\n"})
    profile(folder, spot("customers", 0.9), spot("first", 0.05))
    return folder


def stage(repo: Path, text: str) -> None:
    (repo / ORDERS).write_text(text)
    git(repo, "add", "--all")


def checked(repo: Path, *arguments: str, **environment: str) -> Done:
    before = shop.state(repo)
    done = llmopt(repo, "check", *arguments, **environment)
    assert shop.state(repo) == before
    return done


def one_line(done: Done) -> str:
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1), done.err + done.out
    return done.out


def test_a_hot_function_that_is_staged_is_reported_with_its_rewrite_and_the_commit_goes_on(repo: Path) -> None:
    stage(repo, CODE.replace("sum(amounts)", "sum(list(amounts))"))
    done = checked(repo)
    assert done.code == 0, done.err
    assert f"{ORDERS}:6: customers: 90 % of the run" in done.out
    assert "seen-set: " in done.out
    assert "look at: membership tested in a loop" in done.out
    assert "not hot, not worth a look: total" in done.out
    assert "Nothing was measured." in done.out


def test_what_is_not_hot_is_one_line(repo: Path) -> None:
    stage(repo, OLD.replace("sum(amounts)", "sum(list(amounts))"))
    assert "1 function touched, none of them hot: not worth a look (bench.py, of today)" in one_line(checked(repo))
    assert checked(repo, "--quiet").out == ""


def test_a_function_that_only_calls_hot_ones_is_not_hot(repo: Path) -> None:
    stage(repo, OLD.replace("sum(amounts)", "sum(list(amounts))"))
    profile(repo, spot("customers", 0.9), replace(spot("total", 0.9), own_share=0.001))
    assert "none of them hot" in one_line(checked(repo))


def test_what_is_not_staged_does_not_count(repo: Path) -> None:
    (repo / ORDERS).write_text(CODE)
    assert "no Python file is changed" in one_line(checked(repo))


def test_a_constant_touches_the_hot_function_that_uses_it(repo: Path) -> None:
    stage(repo, OLD.replace("LIMIT = 10", "LIMIT = 11"))
    assert [each["function"] for each in checked(repo, "--json").json["hot"]] == [f"{ORDERS}::first"]


@pytest.mark.parametrize(("fail_on", "code"), [("none", 0), ("rules", 5), ("any", 5)])
def test_fail_on_says_what_stops_a_commit(repo: Path, fail_on: str, code: int) -> None:
    stage(repo, CODE)
    assert checked(repo, "--fail-on", fail_on).code == code


def test_a_pattern_alone_stops_only_where_any_is_asked_for(repo: Path) -> None:
    stage(repo, OLD.replace("names[:LIMIT]", "[n for n in names if re.match('a', n)][:LIMIT]"))
    assert checked(repo, "--fail-on", "rules").code == 0
    assert checked(repo, "--fail-on", "any").code == 5
    done = checked(repo, "--fail-on", "all")
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_without_a_profile_it_says_how_to_make_one_and_lets_the_commit_go(repo: Path) -> None:
    stage(repo, CODE)
    (next((repo / ".llmopt" / "cache" / "hot").iterdir())).unlink()
    assert "there is no profile to tell what is hot; `llmopt profile` makes one" in one_line(checked(repo))


def test_a_profile_is_out_of_date_after_a_month_or_when_what_was_hot_is_gone(repo: Path) -> None:
    stage(repo, CODE)
    profile(repo, spot("customers", 0.9), days=31)
    assert "the kept profile is out of date (it is 31 days old)" in one_line(checked(repo))
    profile(repo, spot("customers", 0.3), spot("clients", 0.5))
    assert f"most of what was hot is gone, as {ORDERS}::clients" in one_line(checked(repo))
    profile(repo, spot("customers", 0.5), spot("clients", 0.3), days=29)
    assert "customers: 50 % of the run" in checked(repo).out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": 1, "folder": "", "workloads": 3}',
        '{"version": 1, "folder": "", "workloads": [], "at": 1, "hotspots": [3]}',
    ],
)
def test_a_kept_profile_that_cannot_be_read_is_none(repo: Path, text: str) -> None:
    stage(repo, CODE)
    (next((repo / ".llmopt" / "cache" / "hot").iterdir())).write_text(text)
    assert "there is no profile" in one_line(checked(repo))


def test_code_that_does_not_parse_is_no_error(repo: Path) -> None:
    stage(repo, "def customers(:\n")
    assert "0 functions touched" in one_line(checked(repo))


def test_the_range_that_pre_commit_names_is_looked_at_in_place_of_the_index(repo: Path) -> None:
    stage(repo, CODE)
    git(repo, "commit", "--quiet", "--message", "faster")
    refs = {"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"}
    assert "customers: 90 % of the run" in checked(repo, **refs).out
    assert "customers: 90 % of the run" in checked(repo, "--changed-since", "HEAD~1").out


def test_before_the_first_commit_all_is_new(repo: Path) -> None:
    git(repo, "update-ref", "-d", "HEAD")
    done = llmopt(repo, "check")
    assert "customers: 90 % of the run" in done.out, done.err


def test_the_index_that_git_commit_gives_its_hooks_is_the_one_that_counts(repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\n{sys.executable} -m llmopt check --fail-on rules\n")
    hook.chmod(0o755)
    (repo / ORDERS).write_text(CODE)  # not staged: `git commit --all` stages it in an index of its own
    done = subprocess.run(
        ["git", "commit", "--all", "--message", "all"], cwd=repo, capture_output=True, text=True, env=shop.environment()
    )
    assert "customers: 90 % of the run" in done.stdout + done.stderr
    assert done.returncode == 1
    assert git(repo, "status", "--porcelain") == "M shop/orders.py"


def test_where_nothing_is_hot_none_of_the_heavy_packages_are_loaded(repo: Path) -> None:
    stage(repo, OLD.replace("sum(amounts)", "sum(list(amounts))"))
    heavy = ("typer", "pydantic", "libcst", "rich", "openai", "anthropic", "numpy", "jinja2")
    code = "\n".join(
        [
            "import sys; from llmopt.__main__ import main; sys.argv = ['llmopt', 'check']",
            "try: main()",
            f"finally: print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, env={**os.environ})
    assert "none of them hot" in done.stdout
    assert done.stderr == "[]\n"
