"""Commands of the target: which code they import, and what of the probe's reports is believed."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import layers
import pytest
import targets

from llmopt import target
from llmopt.data import Limits
from llmopt.errors import ProjectError

LIMITS = Limits(seconds=30)


def test_command_runs_in_the_trees_folder_and_imports_the_trees_code(tmp_path: Path) -> None:
    files = {"sub/src/pkg/__init__.py": "where = __file__\n"}
    made, tree = targets.make(tmp_path, files, below="sub", roots=("sub/src",))
    code = "import os, pkg; print(os.getcwd()); print(pkg.where)"
    lines = target.run(made, tree, (sys.executable, "-c", code), LIMITS).ran.stdout.split()
    assert lines == [str(tree.path / "sub"), str(tree.path / "sub" / "src" / "pkg" / "__init__.py")]


def test_import_roots_come_after_the_probe_and_before_the_users_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, tree = targets.make(tmp_path, {"a.py": ""}, roots=("src", ""))
    inside, outside = made.project.root / "src", tmp_path / "elsewhere"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(inside), "", str(outside)]))
    expected = [str(target.PROBE), str(tree.path / "src"), str(tree.path), str(outside)]
    assert target.python_path(made.project, tree).split(os.pathsep) == expected


def test_code_imported_from_the_checkout_is_an_error(tmp_path: Path) -> None:
    made, tree = targets.make(tmp_path, {"a.py": "x = 1\n"})
    code = f"import sys; sys.path.insert(0, {str(made.project.root)!r}); import a"
    with pytest.raises(ProjectError, match=r"imports .*/checkout/a\.py from your checkout"):
        target.run(made, tree, (sys.executable, "-c", code), LIMITS, tasks={"leaks": {}})
    assert target.run(made, tree, (sys.executable, "-c", "import a"), LIMITS, tasks={"leaks": {}}).ran.exit_code == 0


def test_results_folder_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    made, tree = targets.make(tmp_path, {"a.py": ""})
    target.run(made, tree, (sys.executable, "-c", "import a"), LIMITS, tasks={"leaks": {}})
    assert list((tmp_path / "temporary").iterdir()) == []


def test_reports_are_read_by_task(tmp_path: Path) -> None:
    for name, value in {"sample-1-0.json": 1, "sample-2-0.json": 2, "leaks-1-0.json": [], "settings.json": 3}.items():
        (tmp_path / name).write_text(json.dumps(value))
    assert target.read_reports(tmp_path) == {"leaks": ([],), "sample": (1, 2)}


def test_what_is_no_small_regular_json_file_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is written by code that is not trusted."""
    monkeypatch.setattr(target, "RESULT_BYTES", 1_000_000)
    (tmp_path / "secret").write_text('"secret"')
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "x-1-0.json").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "x-2-0.json")
    (folder / "x-3-0.json").mkdir()
    (folder / "x-4-0.json").write_bytes(b'{"torn": ')
    (folder / "x-5-0.json").write_bytes(b"\xff\xfe")
    (folder / "x-6-0.json").write_bytes(b"[" * 500_000)
    (folder / "x-7-0.json").write_bytes(b'"' + b"x" * 1_000_000 + b'"')
    (folder / "x-8-0.json").write_bytes(b"8")
    assert target.read_reports(folder) == {"x": (8,)}


def test_what_is_read_of_all_result_files_together_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "RESULTS_BYTES", 10)
    monkeypatch.setattr(target, "MOST_RESULTS", 3)
    for number in range(5):
        (tmp_path / f"x-{number}-0.json").write_text(f"{number + 1}" * 4)
    assert target.read_reports(tmp_path) == {"x": (1111, 2222)}


@pytest.mark.parametrize("value", [5, None, {"a": 1}, [], [[1]], ["made-up.py"]])
def test_forged_reports_of_leaks_are_no_crash(tmp_path: Path, value: object) -> None:
    made, tree = targets.make(tmp_path, {"a.py": ""})
    code = (
        "import json, os; results = json.load(open(os.environ['LLMOPT_PROBE']))['results'];"
        f"open(results + '/leaks-1-0.json', 'w').write({json.dumps(value)!r})"
    )
    call = (made, tree, (sys.executable, "-c", code), LIMITS)
    if value == ["made-up.py"]:
        with pytest.raises(ProjectError):
            target.run(*call, tasks={"leaks": {}})
    else:
        assert target.run(*call, tasks={"leaks": {}}).ran.exit_code == 0


def test_time_out_is_reported_and_its_reports_are_those_that_were_written(tmp_path: Path) -> None:
    made, tree = targets.make(tmp_path, {"a.py": ""})
    command = (sys.executable, "-c", "import time; time.sleep(60)")
    probed = target.run(made, tree, command, replace(LIMITS, seconds=0.5), tasks={"leaks": {}})
    assert probed.ran.timed_out


HOOK = """
    import importlib.abc, importlib.util, sys
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "hooked":
                return importlib.util.spec_from_file_location(name, ORIGINAL + "/hooked.py")
    sys.meta_path.insert(0, Finder())
    import hooked
    print(hooked.value)
"""


def with_hook(tmp_path: Path, layer: str) -> target.Probed:
    """A command that imports a module by its path in the checkout, of whose tree it is another version."""
    made, tree = targets.make(tmp_path, {"hooked.py": "value = 'candidate'\n"})
    (made.project.root / "hooked.py").write_text("value = 'checkout'\n")
    made = replace(made, sandbox=layers.open_layer(layer))
    code = f"ORIGINAL = {str(made.project.root)!r}\n{textwrap.dedent(HOOK)}"
    return target.run(made, tree, (sys.executable, "-c", code), LIMITS, tasks={"leaks": {}})


@pytest.mark.skipif("bubblewrap" not in layers.CONFINING, reason="bubblewrap does not run here")
def test_import_hook_of_an_editable_install_finds_the_candidate_where_the_checkout_was(tmp_path: Path) -> None:
    assert with_hook(tmp_path, "bubblewrap").ran.stdout == "candidate\n"


@pytest.mark.skipif("landlock" not in layers.CONFINING, reason="Landlock does not run here")
def test_import_hook_that_needs_the_checkout_is_an_error_with_advice_under_landlock(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="needs files of your checkout"):
        with_hook(tmp_path, "landlock")


@pytest.mark.parametrize("layer", layers.CONFINING)
def test_pytest_runs_without_sockets_also_beside_a_plugin_that_opens_one(layer: str, tmp_path: Path) -> None:
    pytest.importorskip("pytest_rerunfailures")
    pytest.importorskip("xdist")
    made, tree = targets.make(tmp_path, {"test_it.py": "def test_it():\n    assert True\n"})
    made = replace(made, sandbox=layers.open_layer(layer))
    argv = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "llmopt_pytest")
    probed = target.run(made, tree, argv, LIMITS, tasks={"pytest": {}})
    assert probed.ran.exit_code == 0, probed.ran.stdout
    assert "1 passed" in probed.ran.stdout


def test_tests_of_a_tree_are_found_wherever_they_are(tmp_path: Path) -> None:
    names = ("tests/a.py", "pkg/test/b.py", "pkg/test_c.py", "pkg/conftest.py", "pkg/d_test.py")
    others = ("pkg/testing/x.py", "pkg/contest.py", ".git/tests/x.py", "pkg/latest.py")
    targets.write(tmp_path, dict.fromkeys([*names, *others], ""))
    found = {path.relative_to(tmp_path).as_posix() for path in target.tests_in(tmp_path)}
    assert found == {"tests", "pkg/test", "pkg/test_c.py", "pkg/conftest.py", "pkg/d_test.py"}


@pytest.mark.parametrize(
    "name", ["conftest.py", "pkg/pytest.ini", "sitecustomize.py", "a.pth", "__pycache__/conftest.x.pyc"]
)
def test_code_leaves_nothing_that_steers_the_next_command(tmp_path: Path, name: str) -> None:
    made, tree = targets.make(tmp_path, {"a.py": "", "pkg/conftest.py": "", "pkg/setup.cfg": ""})
    code = f"from pathlib import Path; p = Path({name!r}); p.parent.mkdir(exist_ok=True); p.touch(); print(p.exists())"
    assert target.run(made, tree, (sys.executable, "-c", code), LIMITS).ran.stdout == "True\n"
    assert not (tree.path / name).exists()
    assert (tree.path / "pkg" / "conftest.py").exists()
    assert (tree.path / "pkg" / "setup.cfg").exists()


@pytest.mark.skipif("bubblewrap" not in layers.CONFINING, reason="bubblewrap does not run here")
def test_configuration_of_tests_cannot_be_changed_by_the_code_under_test(tmp_path: Path) -> None:
    made, tree = targets.make(tmp_path, {"a.py": "", "pytest.ini": "[pytest]\n"})
    confined = replace(made, sandbox=layers.open_layer("bubblewrap"))
    ran = target.run(confined, tree, (sys.executable, "-c", "open('pytest.ini', 'w')"), LIMITS).ran
    assert "Read-only file system" in ran.stderr
    assert (tree.path / "pytest.ini").read_text() == "[pytest]\n"
