"""Recorded calls replayed on real trees: what must be told apart, and what must be called equal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import call_pairs
import pytest
import targets
from call_pairs import Pair
from interpreters import EVERY, OWN

from llmopt import workloads
from llmopt.checks import calls, edited, replays
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Limits, Proposal, TestCommand, Tree
from llmopt.target import Target

LIMITS = Limits(seconds=60)
BASE, EDIT = "b" * 40, "c" * 40
SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
BOUNDS = replays.Bounds(derived=60, held=6)


@dataclass(frozen=True)
class Case:
    """A target with a workload, the tree of its base and that of an edit."""

    target: Target
    trees: Mapping[str, Tree]
    changed: tuple[str, ...]
    folder: Path

    def finding(self, **options: object) -> Finding:
        check = calls.check(
            self.target, self.trees.__getitem__, self.folder / "kept", workload=LIMITS, tests=LIMITS, **options
        )  # type: ignore[arg-type]
        return check(Candidate(Proposal("m", SPOT, ""), BASE, EDIT, self.changed), Base(BASE, {}))


def case(
    folder: Path,
    files: Mapping[str, str],
    edit: Mapping[str, str],
    workload: str = "drive.py",
    python: str = sys.executable,
    tests: TestCommand | None = None,
) -> Case:
    target, tree = targets.make(folder, files, python=python, tests=tests)
    shutil.copytree(tree.path, folder / "edit")
    targets.write(folder / "edit", edit)
    if workload:
        chosen = workloads.parse(workload, target.project.root, target.project.interpreter)
        target = replace(target, project=replace(target.project, workloads=(chosen,)))
    trees = {BASE: Tree(BASE, tree.path), EDIT: Tree(EDIT, folder / "edit")}
    return Case(target, trees, tuple(edit), folder)


def drive(pairs: Sequence[Pair]) -> str:
    lines = ["import importlib", "def run(module, lines):", "    names = dict(vars(importlib.import_module(module)))"]
    lines += ["    for line in lines.splitlines():", "        try: exec(line, names)", "        except Exception: pass"]
    lines += ["def workload():"]
    lines += [f"    run({pair.name!r}, {pair.calls!r})" for pair in pairs]
    return "\n".join(lines)


def differences(folder: Path, pairs: Sequence[Pair], python: str) -> dict[str, str]:
    """What is said of each pair that is told apart, by its name; all in one go."""
    files = {f"{pair.name}.py": pair.old for pair in pairs}
    edit = {f"{pair.name}.py": pair.new for pair in pairs}
    made = case(folder, {**files, "drive.py": drive(pairs)}, edit, python=python)
    found = edited.of(files, edit)
    functions = [unit.function for unit in found.units.values()]
    base, tree = made.trees[BASE], made.trees[EDIT]
    recorded = replays.record(made.target, base, functions, folder / "kept", LIMITS, LIMITS)
    comparison = calls.compare(made.target, base, tree, found, recorded, folder / "kept", BOUNDS)
    covered = {each["path"].removesuffix(".py") for each in comparison.inputs}
    told: dict[str, str] = dict.fromkeys(covered, "")
    for seed in BOUNDS.seeds:
        for key, text in comparison.differences(seed):
            name = key.partition(".py")[0]
            told[name] = told[name] or text
    return told


@pytest.fixture(scope="module", params=EVERY)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pairs = [*call_pairs.TOLD_APART, *call_pairs.EQUAL]
    return differences(tmp_path_factory.mktemp("pairs"), pairs, request.param)


@pytest.fixture(scope="module")
def found_of_arrays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pytest.importorskip("pandas")
    pairs = [*call_pairs.ARRAYS_TOLD_APART, *call_pairs.ARRAYS_EQUAL]
    return differences(tmp_path_factory.mktemp("arrays"), pairs, OWN)


@pytest.mark.parametrize("pair", call_pairs.TOLD_APART, ids=lambda pair: pair.name)
def test_edits_that_change_behaviour_are_told_apart(pair: Pair, found: dict[str, str]) -> None:
    assert found[pair.name]
    assert pair.says in found[pair.name]


NOT_COVERED = ("not_deterministic_on_the_base", "depends_on_the_hash_seed")


@pytest.mark.parametrize("pair", call_pairs.EQUAL, ids=lambda pair: pair.name)
def test_edits_that_keep_behaviour_are_called_equal(pair: Pair, found: dict[str, str]) -> None:
    if pair.name not in NOT_COVERED:
        assert found[pair.name] == ""
    else:
        assert not found.get(pair.name)


@pytest.mark.parametrize("pair", call_pairs.ARRAYS_TOLD_APART, ids=lambda pair: pair.name)
def test_edits_that_change_arrays_are_told_apart(pair: Pair, found_of_arrays: dict[str, str]) -> None:
    assert found_of_arrays[pair.name]
    assert pair.says in found_of_arrays[pair.name]


@pytest.mark.parametrize("pair", call_pairs.ARRAYS_EQUAL, ids=lambda pair: pair.name)
def test_edits_that_keep_arrays_are_called_equal(pair: Pair, found_of_arrays: dict[str, str]) -> None:
    assert found_of_arrays[pair.name] == ""
