"""Commits as folders, and the temporary folder of a process that is cleared after its death and not before."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import repositories

from llmopt import git
from llmopt.errors import ProjectError
from llmopt.folders import remove
from llmopt.trees import KEPT, Trees, scratch


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repositories.make(tmp_path / "my project", {"pkg/x.py": "x = 0\n"})


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def stack(root: Path, count: int) -> list[str]:
    commits = [git.head(root)]
    for number in range(1, count):
        commits.append(git.commit_files(root, commits[-1], {"pkg/x.py": b"x = %d\n" % number}, "next"))
    return commits


def test_tree_has_the_commits_files_below_the_repositorys_name(root: Path, tmp_path: Path) -> None:
    trees = Trees(root, tmp_path / "trees")
    commits = stack(root, 2)
    made = [trees.of(commit) for commit in commits]
    assert [(tree.path / "pkg" / "x.py").read_text() for tree in made] == ["x = 0\n", "x = 1\n"]
    assert {tree.path.name for tree in made} == {"my project"}
    assert len({len(str(tree.path)) for tree in made}) == 1


def test_tree_is_written_once_while_it_is_used(root: Path, tmp_path: Path) -> None:
    trees = Trees(root, tmp_path / "trees")
    commit = git.head(root)
    first = trees.of(commit)
    (first.path / "witness").touch()
    assert (trees.of(commit).path / "witness").exists()


def test_least_recently_used_tree_goes_first(root: Path, tmp_path: Path) -> None:
    trees = Trees(root, tmp_path / "trees")
    commits = stack(root, KEPT + 1)
    first = trees.of(commits[0])
    others = [trees.of(commit) for commit in commits[1:KEPT]]
    trees.of(commits[0])
    trees.of(commits[KEPT])
    assert first.path.exists()
    assert not others[0].path.exists()
    assert len(list((tmp_path / "trees").iterdir())) == KEPT
    assert trees.of(commits[1]).path.exists()


def test_export_that_failed_half_way_can_be_repeated(root: Path, tmp_path: Path) -> None:
    trees = Trees(root, tmp_path / "trees")
    commit = git.head(root)
    half = tmp_path / "trees" / commit[:12] / root.name
    (half / "pkg").mkdir(parents=True)
    (half / "rest").touch()
    assert not (trees.of(commit).path / "rest").exists()
    with pytest.raises(ProjectError):
        trees.of("f" * 40)


# --- scratch -----------------------------------------------------------------------------------------------------

HOLDER = """
import sys, tempfile, time
tempfile.tempdir = sys.argv[1]
from llmopt.trees import scratch
with scratch() as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    time.sleep(60)
"""


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(parent)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def test_scratch_holds_all_temporary_files_and_goes_with_the_process(parent: Path) -> None:
    with scratch() as folder:
        inside = Path(tempfile.mkdtemp())
        assert inside.is_relative_to(folder)
        assert folder.parent == parent
    assert list(parent.iterdir()) == []
    assert tempfile.gettempdir() == str(parent)


def test_scratch_goes_also_after_an_error_and_with_folders_that_cannot_be_written(parent: Path) -> None:
    def fail() -> None:
        with scratch() as folder:
            (folder / "locked" / "deep").mkdir(parents=True)
            (folder / "locked" / "deep").chmod(0o500)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(parent.iterdir()) == []


def test_folder_of_a_living_process_stays_and_of_a_killed_one_goes(parent: Path) -> None:
    process, folder = holder(parent)
    with scratch():
        assert (folder / "file").exists()
    end(process)
    assert folder.exists()
    with scratch():
        assert not folder.exists()


def test_folder_of_another_container_stays_though_its_number_is_nobodys(parent: Path) -> None:
    """Process numbers say nothing between containers that share /tmp; the lock does."""
    process, folder = holder(parent)
    elsewhere = folder.rename(parent / "llmopt-scratch-4194304-x")
    with scratch():
        assert (elsewhere / "file").exists()
    end(process)


def test_folders_without_a_lock_go_by_their_number_alone(parent: Path) -> None:
    dead, living, odd = (parent / f"llmopt-scratch-{name}-x" for name in ("4194304", os.getpid(), "9" * 30))
    others = [parent / "llmopt-scratch-", parent / "llmopt-scratch-abc-d", parent / "unrelated"]
    for folder in (dead, living, odd, *others):
        folder.mkdir()
    with scratch():
        assert not dead.exists()
        assert all(folder.exists() for folder in (living, odd, *others))


def test_link_named_like_a_scratch_folder_is_not_followed(parent: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir(mode=0o755)
    (tmp_path / "precious" / "file").touch()
    (parent / "llmopt-scratch-4194304-x").symlink_to(tmp_path / "precious")
    with scratch():
        assert (tmp_path / "precious" / "file").exists()
        assert (tmp_path / "precious").stat().st_mode & 0o777 == 0o755


def test_removing_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir(mode=0o755)
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "folder" / "locked").mkdir(parents=True)
    (tmp_path / "folder" / "locked" / "link").symlink_to(tmp_path / "precious")
    remove(tmp_path / "folder")
    remove(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
    assert (tmp_path / "precious" / "file").exists()
