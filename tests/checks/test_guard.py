"""Which paths an edit may touch: the product's code, and nothing that decides whether an edit is right or fast."""

from __future__ import annotations

import pytest

from llmopt.checks import guard
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Proposal
from llmopt.errors import EditError

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
        "app/tasks.py",
        "app/dodo.py",
        "pkg/circleci/x.py",
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
        "pkg/testdata/x.py",
        "asv_benchmarks/benchmarks/x.py",
        ".circleci/x.py",
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
        "packages/one/setup.py",
        "noxfile.py",
        "tasks.py",
        "fabfile.py",
        "constraints.txt",
        "Pipfile",
        ".gitlab-ci.yml",
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
        ("pkg/**/keys.py", "pkg/keys.py"),
        ("pkg/**/keys.py", "pkg/deep/keys.py"),
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
        ("pkg/**/keys.py", "other/keys.py"),
        ("", "pkg/a.py"),
        ("/", "pkg/a.py"),
    ],
)
def test_users_patterns_mean_no_more_than_they_say(pattern: str, path: str) -> None:
    assert not guard.is_excluded(path, [pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("pkg/testing", "pkg/testing/tools.py"),
        ("pkg/testing/*.py", "pkg/testing/tools.py"),
        ("pkg/data.json", "pkg/data.json"),
        ("setup.py", "setup.py"),
        ("*_test.py", "pkg/chi2_test.py"),
    ],
)
def test_paths_that_the_user_allows_may_be_edited(pattern: str, path: str) -> None:
    assert guard.turned_down(path, [], []) != ""
    assert guard.turned_down(path, [], [], [pattern]) == ""
    assert guard.turned_down("tests/test_a.py", [], [], [pattern]) != ""


@pytest.mark.parametrize(
    "path",
    ["sitecustomize.py", "pkg/usercustomize.py", "pkg/x.pth", ".llmopt/x.py", ".git/hooks/x.py", "bench.py", "no.py"],
)
def test_some_paths_cannot_be_allowed(path: str) -> None:
    assert guard.turned_down(path, ["bench.py"], ["no.py"], ["*", path]) != ""


def looked_at(old: dict[str, str], new: dict[str, str], *packages: str) -> Finding:
    """The guard's word on files that change from old to new; "" stands for a file that is not there."""
    commits = {"b": old, "c": new}

    def read(commit: str, path: str) -> str:
        if not (text := commits[commit].get(path, "")):
            raise EditError(f"{path} does not exist in the repository")
        return text

    changed = [path for path in sorted({*old, *new}) if old.get(path, "") != new.get(path, "")]
    return guard.check([], [], read=read, packages=packages)(candidate(*changed), Base("b", {}))


@pytest.mark.parametrize("path", ["json.py", "src/random.py", "json/__init__.py", "numpy.py", "lib/my_pkg/__init__.py"])
def test_new_module_that_hides_another_is_turned_down(path: str) -> None:
    finding = looked_at({"pkg/__init__.py": "#\n"}, {"pkg/__init__.py": "#\n", path: "x = 1\n"}, "numpy", "my-pkg")
    assert "it would be imported in place of the one of that name" in finding.reason


@pytest.mark.parametrize("path", ["pkg/json.py", "pkg/random/__init__.py", "fast.py", "pkg/_numpy.py"])
def test_new_module_with_a_name_of_its_own_passes(path: str) -> None:
    assert looked_at({"pkg/__init__.py": "#\n"}, {"pkg/__init__.py": "#\n", path: "x = 1\n"}, "numpy").passed


def test_module_of_a_taken_name_that_was_there_may_be_edited() -> None:
    assert looked_at({"json.py": "x = 1\n"}, {"json.py": "x = 2\n"}).passed


def test_code_is_looked_at_and_at_most_three_reasons_are_told() -> None:
    old = {"pkg/a.py": "import sys\nA = B = C = D = E = 1\n"}
    finding = looked_at(old, {"pkg/a.py": "import sys\n"})
    assert finding.reason == (
        "pkg/a.py: `A` is gone: callers that llmopt does not see rely on it; "
        "pkg/a.py: `B` is gone: callers that llmopt does not see rely on it; "
        "pkg/a.py: `C` is gone: callers that llmopt does not see rely on it (and 2 more)"
    )
    assert looked_at(old, {"pkg/a.py": old["pkg/a.py"] + "F = 1\n"}).passed


def test_paths_are_told_before_the_code() -> None:
    finding = looked_at({"pkg/a.py": "A = 1\n"}, {"pkg/a.py": "import os\n", "tests/test_a.py": "x = 1\n"})
    assert finding.reason.startswith("edits tests/test_a.py: ")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("pkg/a.pyx", "cdef int f(): return 1\n", "cdef int f(): return 2\n"),
        ("pkg/a.py", "type X[T: int = str] = !!\n", "type X[T: int = set] = !!\n"),
    ],
)
def test_what_this_python_cannot_read_is_left_to_the_other_checks(path: str, old: str, new: str) -> None:
    assert looked_at({path: old}, {path: new}).passed


def test_one_path_out_of_bounds_turns_the_whole_candidate_down() -> None:
    check = guard.check(["bench.py"], [])
    finding = check(candidate("pkg/a.py", "conftest.py"), Base("b", {}))
    assert not finding.passed
    assert finding.reason.startswith("edits conftest.py: ")
    assert check(candidate("pkg/a.py", "pkg/b.py"), Base("b", {})).evidence == {"files": "pkg/a.py, pkg/b.py"}
