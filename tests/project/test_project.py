"""Opening a project: git root, interpreter, import roots, tests and workloads, with real repositories and Pythons."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import targets
from interpreters import EVERY, PYENV

from llmopt import project
from llmopt.data import Project, TestCommand
from llmopt.errors import ProjectError, UsageError


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a repository"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def opened(
    path: Path,
    python: str | None = sys.executable,
    test: str | None = None,
    workloads: Sequence[str] = (),
    roots: Sequence[str] | None = None,
) -> Project:
    return project.open_project(path, python=python, test=test, workloads=workloads, roots=roots)


def environment(folder: Path, python: str = sys.executable) -> Path:
    """A real, empty environment; without pip it is made in a moment."""
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_root_is_that_of_git_and_folder_where_the_user_points(repository: Path) -> None:
    targets.write(repository, {"packages/one/one/__init__.py": "", "bench.py": ""})
    seen = opened(repository / "packages" / "one", workloads=["../../bench.py", "one:run@2"])
    assert (seen.root, seen.folder) == (repository.resolve(), "packages/one")
    assert [(w.kind, w.weight) for w in seen.workloads] == [("script", 1.0), ("function", 2.0)]
    assert opened(repository).folder == ""


def test_link_to_a_repository_is_followed(repository: Path, tmp_path: Path) -> None:
    (repository / "sub").mkdir()
    (tmp_path / "link").symlink_to(repository / "sub")
    assert opened(tmp_path / "link").folder == "sub"


def test_no_repository_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"in no git repository \(`git init`.*--no-git"):
        opened(tmp_path)


def test_bare_repository_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
    with pytest.raises(ProjectError, match="bare repository"):
        opened(tmp_path / "bare.git")


def test_missing_path_and_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="does not exist"):
        opened(tmp_path / "nowhere")
    (tmp_path / "file.py").touch()
    with pytest.raises(ProjectError, match=r"is a file .*--workload"):
        opened(tmp_path / "file.py")


@pytest.mark.parametrize("python", EVERY)
def test_interpreter_says_what_it_is(python: str) -> None:
    seen = project.inspect(python, "here")
    assert (seen.path, seen.found) == (python, "here")
    assert python.startswith(str(PYENV / ".".join(map(str, seen.version))))
    assert "pip" in seen.packages
    assert "" not in seen.search_path
    assert any(entry.endswith("site-packages") for entry in seen.search_path)


def test_search_path_is_not_that_of_the_users_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert str(tmp_path) not in project.inspect(sys.executable, "here").search_path


def test_packages_have_normalised_names() -> None:
    packages = project.inspect(sys.executable, "here").packages
    assert "pytest-benchmark" in packages
    assert all(name == name.lower() and "_" not in name for name in packages)


def test_environments_are_found_in_order(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "sub").mkdir()
    assert opened(repository / "sub", python=None).interpreter.found == "python3 on PATH"
    monkeypatch.setenv("CONDA_PREFIX", str(environment(tmp_path / "conda")))
    assert opened(repository / "sub", python=None).interpreter.path == str(tmp_path / "conda/bin/python")
    monkeypatch.setenv("VIRTUAL_ENV", str(environment(tmp_path / "active")))
    assert opened(repository / "sub", python=None).interpreter.found == "VIRTUAL_ENV"
    environment(repository / "venv")
    assert opened(repository / "sub", python=None).interpreter.path == str(repository / "venv/bin/python")
    environment(repository / "sub" / ".venv")
    seen = opened(repository / "sub", python=None).interpreter
    assert (seen.path, seen.found) == (str(repository / "sub/.venv/bin/python"), ".venv")
    assert opened(repository / "sub").interpreter.found == "--python"


def test_the_environment_that_pre_commit_made_for_llmopt_is_not_taken_for_the_project_s(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users, own = environment(tmp_path / "users"), environment(tmp_path / "own")
    monkeypatch.setattr(sys, "prefix", str(own))
    monkeypatch.setenv("VIRTUAL_ENV", str(own))  # pre-commit activates it on top of the user's
    monkeypatch.setenv("PATH", f"{own / 'bin'}:{users / 'bin'}:{os.environ['PATH']}")
    assert opened(repository, python=None).interpreter.found == "VIRTUAL_ENV"  # it may well be the project's
    monkeypatch.setenv("PRE_COMMIT", "1")
    seen = opened(repository, python=None).interpreter
    assert (seen.path, seen.found) == (str(users / "bin" / "python3"), "python3 on PATH")


def test_folder_called_env_that_is_no_environment_is_passed_over(repository: Path) -> None:
    targets.write(repository, {"env/settings.py": ""})
    assert opened(repository, python=None).interpreter.found == "python3 on PATH"


@pytest.mark.parametrize("name", ["poetry", "hatch", "pdm", "pipenv"])
def test_environment_manager_is_asked_when_the_project_uses_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = environment(tmp_path / "elsewhere" / "my env")
    said = made / "bin" / "python" if name == "pdm" else made
    asked = script(tmp_path / "bin" / name, f'echo "a warning" >&2; pwd > "$0.asked"; echo "{said}"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert opened(repository, python=None).interpreter.found == "python3 on PATH"
    assert not Path(f"{asked}.asked").exists()
    marker = {"Pipfile": ""} if name == "pipenv" else {"pyproject.toml": f"[tool.{name}.x]\n"}
    targets.write(repository, marker)
    seen = opened(repository, python=None).interpreter
    assert (seen.path, seen.found) == (str(made / "bin" / "python"), name)
    assert Path(f"{asked}.asked").read_text().strip() == str(repository.resolve())


def test_manager_without_an_environment_is_passed_over(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin" / "poetry", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    targets.write(repository, {"poetry.lock": ""})
    seen = opened(repository, python=None)
    assert seen.interpreter.found == "python3 on PATH"
    assert "no environment of the project was found" in " ".join(project.notices(seen))


def test_python_may_be_an_environment_a_path_or_a_command(repository: Path, tmp_path: Path) -> None:
    made = environment(repository / "my env")
    for named in ("my env", "my env/bin/python", str(made)):
        assert opened(repository, python=named).interpreter.path == str(made / "bin/python")
    assert opened(repository, python="python3").interpreter.version >= (3, 9)
    with pytest.raises(UsageError, match="--python nonsense is no interpreter"):
        opened(repository, python="nonsense")


def test_broken_environment_is_an_error_not_another_interpreter(repository: Path) -> None:
    made = environment(repository / ".venv")
    for link in (made / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")
    with pytest.raises(ProjectError, match=r"\(\.venv\) does not work: No such file .*make the environment anew"):
        opened(repository, python=None)


@pytest.mark.parametrize("text", ["exit 3", "echo hello", "echo no such thing >&2; exit 1"])
def test_program_that_is_no_python_is_refused(repository: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError, match=r"does not work: (exit code 3|it does not answer|no such thing)"):
        opened(repository, python=str(script(tmp_path / "python", text)))


@pytest.mark.parametrize("version", ["2.7", "3.7", "3.8"])
def test_python_before_3_9_is_refused(repository: Path, version: str) -> None:
    found = sorted(PYENV.glob(f"{version}.*/bin/python"))
    if not found:
        pytest.skip(f"no Python {version} here")
    with pytest.raises(ProjectError, match=r"3\.9 or later"):
        opened(repository, python=str(found[-1]))


@pytest.mark.parametrize(
    ("files", "folder", "roots"),
    [
        ({"pack/__init__.py": ""}, "", ("",)),
        ({"module.py": "", "setup.py": ""}, "", ("",)),
        ({"src/pack/__init__.py": "", "setup.py": "", "tests/__init__.py": ""}, "", ("src",)),
        ({"lib/yaml/__init__.py": "", "setup.py": ""}, "", ("lib",)),
        ({"lib/__init__.py": "", "lib/x.py": ""}, "", ("",)),
        ({"src/pack/__init__.py": "", "other/__init__.py": ""}, "", ("src", "")),
        (
            {"pkgs/a/src/a/__init__.py": "", "pkgs/b/b/__init__.py": "", "c/__init__.py": ""},
            "pkgs/a",
            ("pkgs/a/src", ""),
        ),
        ({"pkgs/a/setup.py": ""}, "pkgs/a", ("pkgs/a",)),
        ({"README.md": ""}, "", ("",)),
    ],
)
def test_import_roots_follow_the_layout(
    repository: Path, files: dict[str, str], folder: str, roots: tuple[str, ...]
) -> None:
    targets.write(repository, files)
    assert opened(repository / folder).roots == roots


def test_editable_installs_and_pythonpath_give_import_roots(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets.write(repository, {"pack/__init__.py": "", "python/deep/__init__.py": "", "more/__init__.py": ""})
    made = environment(repository / ".venv")
    (site,) = made.glob("lib/python*/site-packages")
    (site / "editable.pth").write_text(f"{repository / 'python'}\nimport __editable___x_finder\n")
    finder = f"""
        import sys
        MAPPING = {{"mapped": {str(repository / "far" / "mapped")!r}}}
        class Finder:
            MAPPING = MAPPING
            @classmethod
            def find_spec(cls, name, path=None, target=None): return None
        sys.meta_path.append(Finder)
    """
    targets.write(site, {"__editable___x_finder.py": finder})
    targets.write(repository, {"far/mapped/__init__.py": ""})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(repository / "more"), "/usr/lib"]))
    assert opened(repository, python=None).roots == ("more", "", "python", "far")


@pytest.mark.slow
def test_real_editable_install_gives_its_import_root(repository: Path) -> None:
    settings = """
        [project]
        name = "deep"
        version = "1"
        [tool.setuptools]
        package-dir = {"" = "python"}
        packages = ["deep"]
    """
    targets.write(repository, {"python/deep/__init__.py": "", "pyproject.toml": settings})
    subprocess.run([sys.executable, "-m", "venv", str(repository / ".venv")], check=True)
    pip = [str(repository / ".venv/bin/python"), "-m", "pip", "install", "-q", "-e", "."]
    if subprocess.run(pip, cwd=repository, capture_output=True).returncode:
        pytest.skip("PyPI cannot be reached for setuptools")
    assert opened(repository, python=None).roots == ("python",)


def test_given_roots_are_checked(repository: Path) -> None:
    targets.write(repository, {"a/b/x.py": ""})
    assert opened(repository, roots=["a/b", "."]).roots == ("a/b", "")
    for wrong in ("nowhere", "../", "a/b/x.py"):
        with pytest.raises(UsageError, match="import root"):
            opened(repository, roots=[wrong])


@pytest.mark.parametrize(
    ("line", "tests"),
    [
        ("pytest", TestCommand("pytest")),
        ("pytest -q 'a b' -k 'x or y'", TestCommand("pytest", ("-q", "a b", "-k", "x or y"))),
        ("python -m pytest tests", TestCommand("pytest", ("tests",))),
        (".venv/bin/python3.11 -m pytest", TestCommand("pytest")),
        (".venv/bin/pytest tests", TestCommand("pytest", ("tests",))),
        ("uv run pytest tests", TestCommand("pytest", ("tests",))),
        ("uv run --frozen --extra dev python -m pytest", TestCommand("pytest")),
        ("poetry run pytest -x", TestCommand("pytest", ("-x",))),
        ("coverage run -m pytest -q", TestCommand("pytest", ("-q",))),
        ("python -m unittest discover -s t", TestCommand("unittest", ("discover", "-s", "t"))),
        ("make test", TestCommand("command", ("make test",))),
        ("A=1 pytest", TestCommand("command", ("A=1 pytest",))),
        ("pytest | tail", TestCommand("command", ("pytest | tail",))),
        ("uv run --with x pytest", TestCommand("command", ("uv run --with x pytest",))),
        ("tox -e py", TestCommand("command", ("tox -e py",))),
        ("", None),
    ],
)
def test_given_test_command_is_recognised(repository: Path, line: str, tests: TestCommand | None) -> None:
    assert opened(repository, test=line).tests == tests


PYTEST_STYLE = {"tests/test_a.py": "def test_a(): pass\n"}
UNITTEST_STYLE = {"tests/test_a.py": "import unittest\nclass T(unittest.TestCase): pass\n"}


@pytest.mark.parametrize(
    ("files", "tests"),
    [
        (PYTEST_STYLE, TestCommand("pytest", ("tests",))),
        (UNITTEST_STYLE, TestCommand("pytest", ("tests",))),
        ({**PYTEST_STYLE, "pytest.ini": "[pytest]\ntestpaths = tests other\n"}, TestCommand("pytest")),
        (
            {**PYTEST_STYLE, "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n"},
            TestCommand("pytest"),
        ),
        ({"setup.cfg": "[tool:pytest]\naddopts = -q\n", "pack/test_x.py": ""}, TestCommand("pytest")),
        ({"test_top.py": ""}, TestCommand("pytest")),
        ({"tox.ini": "[tox]\n"}, None),
        ({"tests/data.txt": ""}, None),
        ({}, None),
    ],
)
def test_tests_are_detected(repository: Path, files: dict[str, str], tests: TestCommand | None) -> None:
    targets.write(repository, files)
    assert opened(repository).tests == tests


def test_without_pytest_only_tests_of_unittest_are_detected(repository: Path) -> None:
    bare = str(environment(repository / ".venv") / "bin" / "python")
    targets.write(repository, UNITTEST_STYLE)
    assert opened(repository, bare).tests == TestCommand("unittest", ("discover", "-s", "tests"))
    targets.write(repository, {"tests/__init__.py": ""})
    assert opened(repository, bare).tests == TestCommand("unittest", ("discover", "-s", "tests", "-t", "."))
    targets.write(repository, {"tests/test_b.py": "import pytest\n"})
    seen = opened(repository, bare)
    assert seen.tests is None
    assert "has tests that need pytest" in " ".join(project.notices(seen))
    with pytest.raises(ProjectError, match=r"does not have it .*pip install pytest"):
        opened(repository, bare, test="pytest")


def test_tox_and_nox_are_told_of(repository: Path) -> None:
    targets.write(repository, {**PYTEST_STYLE, "noxfile.py": ""})
    assert project.notices(opened(repository)) == (
        "the tests run by python -m pytest tests, not by nox (noxfile.py); --test names another command",
    )
    assert project.notices(opened(repository, test="nox")) == ()
