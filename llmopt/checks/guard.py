"""Edits to anything but the product's code are turned down: tests, benchmarks, configuration, what steers Python."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from llmopt.data import Base, Candidate, Check, Finding

# Folder and file patterns, matched against every part of a path: what decides whether an edit is right or fast, and
# what Python reads before the code. The user's `exclude` adds to them.
PROTECTED_FOLDERS = ("test", "tests", "testing", "benchmarks", "benchmark", "asv_bench", ".github", ".git", ".llmopt")
PROTECTED_FILES = (
    "test_*.py",
    "*_test.py",
    "tests.py",
    "bench_*.py",
    "benchmark_*.py",
    "*_benchmark.py",
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    "setup.py",
    "noxfile.py",
    "tasks.py",
    "*.toml",
    "*.cfg",
    "*.ini",
    "*.lock",
    "*.yml",
    "*.yaml",
    "*.json",
    "requirements*.txt",
    "Makefile",
    "Dockerfile",
)
CODE = (".py", ".pyi", ".pyx", ".pxd")


def check(workload_files: Sequence[str], exclude: Sequence[str]) -> Check:
    """The guard of a project: `workload_files` are paths of its workloads, `exclude` the user's own patterns."""

    def guard(candidate: Candidate, base: Base) -> Finding:
        for path in candidate.changed:
            if reason := turned_down(path, workload_files, exclude):
                return Finding(False, f"edits {path}: {reason}")
        return Finding(True, "", {"files": ", ".join(candidate.changed)})

    return guard


def turned_down(path: str, workload_files: Sequence[str], exclude: Sequence[str]) -> str:
    """Why a path may not be edited, "" when it may."""
    pure = PurePosixPath(path)
    if path in workload_files:
        return "it is the workload"
    if any(part.lower() in PROTECTED_FOLDERS for part in pure.parts[:-1]):
        return "tests, benchmarks and tool folders are out of bounds"
    if any(fnmatch(pure.name, pattern) for pattern in PROTECTED_FILES):
        return "tests, configuration and files that steer Python are out of bounds"
    if is_excluded(path, exclude):
        return "your configuration excludes it"
    if pure.suffix not in CODE:
        return f"only Python sources are edited ({', '.join(CODE)})"
    return ""


def is_excluded(path: str, exclude: Sequence[str]) -> bool:
    """Does one of the user's patterns match the path, the end of it, or a folder that it is in?"""
    return any(_matches(PurePosixPath(path), pattern) for pattern in exclude)


def _matches(path: PurePosixPath, pattern: str) -> bool:
    glob = pattern.removeprefix("./").removeprefix("**/").rstrip("/")
    places = (path, *path.parents[:-1])
    return any(place.match(glob) or fnmatch(str(place), glob) for place in places) if glob else False
