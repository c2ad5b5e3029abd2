"""Which files are made the same on both sides of a comparison, and which are each side's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import targets

from llmopt import benchmark_files, workloads
from llmopt.data import Project, Tree

WORKLOAD = "def workload():\n    pass\n"
MAIN = "if __name__ == '__main__':\n    pass\n"
TEST = "def test_it():\n    pass\n"


def shared(folder: Path, spec: str, mine: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """What was changed in a tree of the files `theirs` for a workload of the project `mine`, and what is then mine."""
    checkout, tree = targets.write(folder / "checkout", mine), Tree("c", targets.write(folder / "tree", theirs))
    tree.path.mkdir(exist_ok=True)
    interpreter = targets.interpreter()
    parsed = workloads.parse(spec, checkout, interpreter)
    project = Project(checkout, "", interpreter, None, (parsed,))
    changed = benchmark_files.share(project, [tree])
    paths = [path for path in tree.path.rglob("*") if path.is_file()]
    same = {p.relative_to(tree.path).as_posix() for p in paths if "mine" in p.read_text()}
    return changed, same


# spec, the files that are taken from the user's folder although the tree has others, those taken where it has none
CASES = {
    "script with workload": ("b.py", {"b.py": WORKLOAD}, ["b.py"], []),
    "benchmark by name": ("bench_a.py", {"bench_a.py": MAIN}, ["bench_a.py"], []),
    "benchmark by folder": ("perf/a.py", {"perf/a.py": MAIN, "perf/help.py": "x"}, ["perf/a.py"], ["perf/help.py"]),
    "program": ("tool.py", {"tool.py": MAIN}, [], []),
    "function": ("pack.mod:f", {"pack/mod.py": "def f(): pass"}, [], []),
    "line": ("python tool.py data.csv", {"tool.py": MAIN, "data.csv": "x"}, [], []),
    "shell line": ("cmd:cat data.csv | wc", {"data.csv": "x"}, [], ["data.csv"]),
    "tests": (
        "pytest:tests/test_a.py",
        {"tests/test_a.py": TEST, "tests/conftest.py": "x", "tests/data.txt": "x", "pack.py": "x"},
        ["tests/conftest.py", "tests/test_a.py"],
        ["tests/data.txt"],
    ),
    "asv": (
        "asv",
        {"asv.conf.json": '{"benchmark_dir": "speed"}', "speed/b.py": "def time_it(): pass", "pack.py": "x"},
        ["asv.conf.json", "speed/b.py"],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_benchmarks_come_from_the_users_folder_and_code_under_test_does_not(tmp_path: Path, case: str) -> None:
    spec, files, replaced, added = CASES[case]
    mark = {
        name: f"{text}\n# mine\n" if not name.endswith(".json") else f'{text[:-1]}, "x": "mine"}}'
        for name, text in files.items()
    }
    theirs = {name: text.replace("mine", "theirs") for name, text in mark.items()}
    changed, same = shared(tmp_path / "other", spec, mark, theirs)
    assert (changed, same) == (replaced, set(replaced))
    changed, same = shared(tmp_path / "none", spec, mark, {})
    assert set(changed) == same == {*replaced, *added}


def test_nothing_is_written_through_a_link_that_leads_out_of_the_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "bench").symlink_to(outside)
    changed, _ = shared(tmp_path, "bench/b.py", {"bench/b.py": WORKLOAD}, {})
    assert changed == []
    assert list(outside.iterdir()) == []


def test_a_file_that_is_a_link_in_the_tree_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious.py").write_text("precious")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "b.py").symlink_to(tmp_path / "precious.py")
    changed, _ = shared(tmp_path, "b.py", {"b.py": WORKLOAD}, {})
    assert changed == ["b.py"]
    assert (tmp_path / "precious.py").read_text() == "precious"


def test_all_trees_get_the_same_files(tmp_path: Path) -> None:
    target, tree = targets.make(tmp_path, {"b.py": WORKLOAD})
    other = Tree("d", targets.write(tmp_path / "second", {"b.py": "old"}))
    parsed = workloads.parse("b.py", target.project.root, target.project.interpreter)
    project = replace(target.project, workloads=(parsed,))
    assert benchmark_files.share(project, [tree, other]) == ["b.py"]
    assert (other.path / "b.py").read_text() == (tree.path / "b.py").read_text()
