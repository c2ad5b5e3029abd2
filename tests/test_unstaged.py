"""A change of what is staged goes into files that hold more than is staged, or nowhere: on real checkouts."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop

from llmopt import git, unstaged

LINES = [f"line {number}\n" for number in range(12)]


def text(**changed: str) -> str:
    """The twelve lines with some replaced: at2="x" replaces line 2."""
    return "".join(changed.get(f"at{number}", line) for number, line in enumerate(LINES))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "repo of mine", {"a.txt": text(), "b/c.txt": text()})


def put(repo: Path, files: dict[str, str], *, index: bool = True) -> str:
    """Bring an edit of what is staged to the checkout."""
    base = git.staged(repo)
    final = git.commit_files(repo, base, {path: content.encode() for path, content in files.items()}, "edit")
    return unstaged.put(repo, base, final, index=index)


def staged(repo: Path, path: str) -> str:
    return shop.git(repo, "show", f":{path}") + "\n"


def test_the_edit_is_staged_and_stands_beside_unstaged_lines(repo: Path) -> None:
    (repo / "a.txt").write_text(text(at0="staged\n"))
    shop.git(repo, "add", "a.txt")
    (repo / "a.txt").write_text(text(at0="staged\n", at5="not staged\n"))
    assert put(repo, {"a.txt": text(at0="staged\n", at10="edit\n")}) == ""
    assert staged(repo, "a.txt") == text(at0="staged\n", at10="edit\n")
    assert (repo / "a.txt").read_text() == text(at0="staged\n", at5="not staged\n", at10="edit\n")
    assert shop.git(repo, "status", "--porcelain") == "MM a.txt"


def test_without_the_index_only_the_file_has_it(repo: Path) -> None:
    assert put(repo, {"a.txt": text(at10="edit\n")}, index=False) == ""
    assert (repo / "a.txt").read_text() == text(at10="edit\n")
    assert staged(repo, "a.txt") == text()


def test_where_both_change_the_same_lines_nothing_at_all_is_written(repo: Path) -> None:
    (repo / "b" / "c.txt").write_text(text(at6="mine\n"))
    before = shop.state(repo)
    assert put(repo, {"a.txt": text(at1="edit\n"), "b/c.txt": text(at6="edit\n")}) == (
        "b/c.txt has unstaged changes in the same lines"
    )
    assert shop.state(repo) == before


@pytest.mark.parametrize("how", ["gone", "link", "folder is a link", "untracked in the way", "staged anew"])
def test_a_file_that_cannot_take_it_leaves_all_as_it_was(repo: Path, tmp_path: Path, how: str) -> None:
    edit = {"a.txt": text(at1="edit\n"), "b/c.txt": text(at2="edit\n")}
    if how == "gone":
        (repo / "b" / "c.txt").unlink()
    elif how == "link":
        (repo / "b" / "c.txt").unlink()
        (repo / "b" / "c.txt").symlink_to(repo / "a.txt")
    elif how == "folder is a link":
        (repo / "b").rename(tmp_path / "elsewhere")
        (repo / "b").symlink_to(tmp_path / "elsewhere")
    elif how == "untracked in the way":
        (repo / "new.txt").write_text("mine")
        edit["new.txt"] = "llmopt's"
    base = git.staged(repo)
    final = git.commit_files(repo, base, {path: content.encode() for path, content in edit.items()}, "edit")
    if how == "staged anew":
        (repo / "a.txt").write_text(text(at9="staged since\n"))
        shop.git(repo, "add", "a.txt")
    before = shop.state(repo)
    assert unstaged.put(repo, base, final, index=True) != ""
    assert shop.state(repo) == before


def test_line_ends_and_rights_of_the_working_tree_stay(repo: Path) -> None:
    shop.git(repo, "config", "core.autocrlf", "true")
    (repo / "a.txt").write_bytes(text(at5="not staged\n").replace("\n", "\r\n").encode())
    (repo / "a.txt").chmod(0o755)
    assert put(repo, {"a.txt": text(at10="edit\n")}) == ""
    assert (repo / "a.txt").read_bytes() == text(at5="not staged\n", at10="edit\n").replace("\n", "\r\n").encode()
    assert (repo / "a.txt").stat().st_mode & 0o777 == 0o755


def test_before_the_first_commit_it_works_as_well(tmp_path: Path) -> None:
    repo = shop.write(tmp_path / "new", {"a.txt": text()})
    shop.git(repo, "init", "--quiet")
    shop.git(repo, "add", "a.txt")
    (repo / "a.txt").write_text(text(at5="not staged\n"))
    assert put(repo, {"a.txt": text(at10="edit\n")}) == ""
    assert (repo / "a.txt").read_text() == text(at5="not staged\n", at10="edit\n")
    assert staged(repo, "a.txt") == text(at10="edit\n")
