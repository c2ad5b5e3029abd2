"""Which paths an edit may touch: the product's code, and nothing that decides whether an edit is right or fast."""

from __future__ import annotations

import pytest

from llmopt.checks import guard
from llmopt.data import Base, Candidate, Function, Hotspot, Proposal

SPOT = Hotspot(Function("pkg/a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)


def candidate(*changed: str) -> Candidate:
    return Candidate(Proposal("m", SPOT, ""), "b", "c", changed)


@pytest.mark.parametrize(
    "path",
    [
        "pkg/a.py",
        "a.py",
        "src/pkg/sub/mod.pyi",
        "pkg/fast.pyx",
        "pkg/fast.pxd",
        "pkg/latest.py",
        "pkg/contest.py",
        "pkg/attest/x.py",
    ],
)
def test_product_code_may_be_edited(path: str) -> None:
    assert guard.turned_down(path, ["bench.py"], ["vendor/*"]) == ""


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_a.py",
        "tests/helpers.py",
        "pkg/tests/x.py",
        "pkg/Tests/x.py",
        "pkg/testing/x.py",
        "pkg/test_a.py",
        "pkg/a_test.py",
        "app/tests.py",
        "conftest.py",
        "pkg/conftest.py",
        "benchmarks/b.py",
        "asv_bench/b.py",
        "bench_a.py",
        "pkg/benchmark_a.py",
        "pkg/a_benchmark.py",
        "sitecustomize.py",
        "src/usercustomize.py",
        "pkg/x.pth",
        "setup.py",
        "noxfile.py",
        "pyproject.toml",
        "setup.cfg",
        "pytest.ini",
        "tox.ini",
        "uv.lock",
        "requirements-dev.txt",
        ".github/workflows/ci.yml",
        ".github/x.py",
        ".llmopt/x.py",
        "pkg/data.json",
        "Makefile",
    ],
)
def test_tests_benchmarks_and_what_steers_python_are_out_of_bounds(path: str) -> None:
    assert "out of bounds" in guard.turned_down(path, [], [])


@pytest.mark.parametrize("path", ["README.md", "pkg/a.c", "pkg/a.so", "pkg/a", "data.csv", "script.sh"])
def test_only_python_sources_are_edited(path: str) -> None:
    assert "only Python sources" in guard.turned_down(path, [], [])


def test_workload_is_not_edited() -> None:
    assert guard.turned_down("scripts/run.py", ["scripts/run.py"], []) == "it is the workload"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("vendor", "vendor/a.py"),
        ("vendor/", "vendor/deep/a.py"),
        ("./vendor", "vendor/a.py"),
        ("vendor/*", "vendor/deep/a.py"),
        ("vendor/**", "vendor/deep/a.py"),
        ("src/*/gen", "src/pkg/gen/a.py"),
        ("*_pb2.py", "pkg/deep/x_pb2.py"),
        ("**/gen_*.py", "gen_x.py"),
        ("**/gen_*.py", "pkg/gen_x.py"),
        ("pkg/a.py", "pkg/a.py"),
        ("_vendored", "pkg/_vendored/a.py"),
    ],
)
def test_users_patterns_mean_files_and_folders(pattern: str, path: str) -> None:
    assert guard.turned_down(path, [], ["other", pattern]) == "your configuration excludes it"
    assert guard.is_excluded(path, [pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("vendor", "pkg/vendored.py"),
        ("vendor/*", "pkg/a.py"),
        ("a.py", "pkg/ba.py"),
        ("", "pkg/a.py"),
        ("/", "pkg/a.py"),
    ],
)
def test_users_patterns_mean_no_more_than_they_say(pattern: str, path: str) -> None:
    assert not guard.is_excluded(path, [pattern])


def test_one_path_out_of_bounds_turns_the_whole_candidate_down() -> None:
    check = guard.check(["bench.py"], [])
    finding = check(candidate("pkg/a.py", "conftest.py"), Base("b", {}))
    assert not finding.passed
    assert finding.reason.startswith("edits conftest.py: ")
    assert check(candidate("pkg/a.py", "pkg/b.py"), Base("b", {})).evidence == {"files": "pkg/a.py, pkg/b.py"}
