"""What becomes of accepted edits in real checkouts, and that the commands printed for undoing them undo them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import repositories
from repositories import tree_of, write

from llmopt import git, keep
from llmopt.data import Scope, Verdict
from llmopt.keep import Kept

user = repositories.git
MAIN = {"pkg/hot.py": "a = 1\nb = 2\nc = 3\n", "pkg/warm.py": "w = 1\n", "README.md": "read me\n"}
RUN = "20250102-030405"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repositories.make(tmp_path / "the repo", MAIN)


def edited(root: Path) -> tuple[str, list[str]]:
    """A base as a run takes it, and two accepted edits on it."""
    base, _ = git.snapshot(root)
    hot = (root / "pkg" / "hot.py").read_bytes()
    one = git.commit_files(root, base, {"pkg/hot.py": hot.replace(b"b = 2", b"b = 20")}, "Make hot faster\n\nwhy\n")
    two = git.commit_files(root, one, {"pkg/warm.py": b"w = 10\n", "pkg/fresh.py": b"f = 1\n"}, "Make warm faster")
    return base, [one, two]


def kept(mode: str, root: Path, tmp_path: Path, base: str, commits: Sequence[str], origin: Path | None = None) -> Kept:
    patch = tmp_path / "state" / "kept.patch"
    patch.parent.mkdir(exist_ok=True)
    patch.write_bytes(git.diff(root, base, commits[-1]))
    return keep.keep(mode, root, origin or root, RUN, base, commits, patch)


def shell(line: str, folder: Path) -> None:
    ran = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, f"{line}: {ran.stderr}"


def command_in(text: str) -> str:
    found = re.search("`(.+)`", text)
    assert found
    return found[1]


def content(root: Path) -> dict[str, bytes]:
    return {n: c for n, c in repositories.files_below(root).items() if not n.startswith(".git/")}


# --- branch ------------------------------------------------------------------------------------------------------


def test_branch_mode_makes_a_branch_and_touches_nothing_else(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    before = repositories.state(root)
    result = kept("branch", root, tmp_path, base, commits)
    after = repositories.state(root)
    assert user(root, "rev-parse", f"llmopt/{RUN}") == commits[-1]
    assert {n: v for n, v in after.items() if "llmopt" not in n} == before
    assert result.branch == f"llmopt/{RUN}"
    shell(result.undo, tmp_path)
    assert user(root, "branch", "--list", "llmopt/*") == ""


def test_branch_of_a_clean_base_is_taken_by_the_printed_merge(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    shell(command_in(kept("branch", root, tmp_path, base, commits).where), tmp_path)
    assert user(root, "rev-parse", "HEAD") == commits[-1]


def test_branch_on_uncommitted_work_is_taken_without_that_work(root: Path, tmp_path: Path) -> None:
    write(root, {"README.md": "dirty\n", "notes.txt": "mine\n"})
    base, commits = edited(root)
    shell(command_in(kept("branch", root, tmp_path, base, commits).where), tmp_path)
    assert (root / "pkg" / "warm.py").read_text() == "w = 10\n"
    assert user(root, "show", "HEAD:README.md") == "read me"
    assert user(root, "status", "--porcelain").split() == ["M", "README.md", "??", "notes.txt"]


def test_commands_are_short_where_the_user_is_in_the_repository(root: Path, tmp_path: Path, monkeypatch) -> None:
    base, commits = edited(root)
    monkeypatch.chdir(root / "pkg")
    assert kept("branch", root, tmp_path, base, commits).undo == f"git branch -D llmopt/{RUN}"


# --- commit ------------------------------------------------------------------------------------------------------


def test_commit_mode_moves_a_clean_branch_forward(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    witness = tmp_path / "hooks-that-ran"
    repositories.hook_all(root, witness)
    result = kept("commit", root, tmp_path, base, commits)
    assert not witness.exists()
    assert (result.branch, result.notice) == ("main", "")
    assert tree_of(root, "HEAD") == tree_of(root, commits[-1])
    assert user(root, "status", "--porcelain") == ""
    assert user(root, "log", "--format=%s by %an", f"{base}..HEAD").splitlines() == [
        "Make warm faster by A User",
        "Make hot faster by A User",
    ]
    assert user(root, "log", "-1", "--format=%B", "HEAD~1").strip() == "Make hot faster\n\nwhy"


@pytest.mark.parametrize("staged", [False, True])
def test_commit_mode_with_other_files_dirty_commits_the_edits_alone(root: Path, tmp_path: Path, staged: bool) -> None:
    write(root, {"README.md": "dirty\n", "notes.txt": "mine\n"})
    if staged:
        user(root, "add", "README.md")
    base, commits = edited(root)
    before = content(root)
    result = kept("commit", root, tmp_path, base, commits)
    assert result.notice == ""
    assert set(git.changed(root, "HEAD~2", "HEAD")) == {"pkg/hot.py", "pkg/warm.py", "pkg/fresh.py"}
    assert content(root) == {
        **before,
        **{name: (root / name).read_bytes() for name in git.changed(root, base, commits[-1])},
    }
    assert (root / "pkg" / "hot.py").read_text() == "a = 1\nb = 20\nc = 3\n"
    assert user(root, "status", "--porcelain") == ("M " if staged else " M") + " README.md\n?? notes.txt"
    shell(result.undo, tmp_path)
    assert content(root) == before
    assert tree_of(root, "HEAD") == {n: v for n, v in tree_of(root, base).items() if n in MAIN} | {
        "README.md": tree_of(root, f"{base}^")["README.md"]
    }


def test_printed_undo_of_commits_undoes_also_after_more_commits(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    result = kept("commit", root, tmp_path, base, commits)
    write(root, {"later.py": "x = 1\n"})
    repositories.commit(root, "later")
    shell(result.undo, tmp_path)
    assert content(root) == {**{n: c.encode() for n, c in MAIN.items()}, "later.py": b"x = 1\n"}


@pytest.mark.parametrize("option", ["unstaged", "staged", "ignored"])
def test_commit_mode_refuses_edited_files_that_changed(root: Path, tmp_path: Path, option: str) -> None:
    if option == "ignored":
        write(root, {".gitignore": "fresh.py\n"})
        repositories.commit(root, "ignore")
        write(root, {"pkg/fresh.py": "mine\n"})
    base, commits = edited(root)
    if option != "ignored":
        write(root, {"pkg/hot.py": "mine\n"})
    if option == "staged":
        user(root, "add", "pkg/hot.py")
    before = repositories.state(root)
    result = kept("commit", root, tmp_path, base, commits)
    name = "pkg/fresh.py" if option == "ignored" else "pkg/hot.py"
    assert result.notice == f"not committed on the current branch: uncommitted changes in {name}"
    assert {n: v for n, v in repositories.state(root).items() if "llmopt" not in n} == before
    assert user(root, "rev-parse", f"llmopt/{RUN}") == commits[-1]


def test_commit_mode_refuses_work_that_the_base_holds_of_an_edited_file(root: Path, tmp_path: Path) -> None:
    write(root, {"pkg/hot.py": "a = 1\nb = 2\nmine = 1\n"})
    base, commits = edited(root)
    assert "uncommitted changes in pkg/hot.py" in kept("commit", root, tmp_path, base, commits).notice


def moved_on(root: Path) -> None:
    write(root, {"later.py": "x = 1\n"})
    repositories.commit(root, "later")


def moved_back(root: Path) -> None:
    user(root, "reset", "--quiet", "--hard", "HEAD~1")


def other_branch(root: Path) -> None:
    user(root, "checkout", "--quiet", "--orphan", "elsewhere")
    user(root, "commit", "--quiet", "-m", "elsewhere")


def detached(root: Path) -> None:
    user(root, "checkout", "--quiet", "--detach")


def merging(root: Path) -> None:
    user(root, "branch", "side", "HEAD~1")
    user(root, "checkout", "--quiet", "side")
    moved_on(root)
    user(root, "checkout", "--quiet", "main")
    user(root, "merge", "--no-commit", "--no-ff", "side")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (moved_on, "main moved during the run"),
        (moved_back, "main moved during the run"),
        (other_branch, "elsewhere moved during the run"),
        (detached, "HEAD is detached"),
        (merging, "a merge is in progress"),
    ],
)
def test_commit_mode_refuses_another_head(root: Path, tmp_path: Path, change, reason: str) -> None:
    write(root, {"second.py": "s = 1\n"})
    repositories.commit(root, "second")
    base, commits = edited(root)
    change(root)
    head = user(root, "rev-parse", "HEAD")
    result = kept("commit", root, tmp_path, base, commits)
    assert result.notice == f"not committed on the current branch: {reason}"
    assert user(root, "rev-parse", "HEAD") == head
    assert (root / "pkg" / "warm.py").read_text() == "w = 1\n"


def test_committed_bytes_are_those_of_the_edits_whatever_core_autocrlf(root: Path, tmp_path: Path) -> None:
    write(root, {"pkg/hot.py": b"a = 1\r\nb = 2\r\nc = 3\n"})
    repositories.commit(root, "mixed")
    user(root, "config", "core.autocrlf", "true")
    base, commits = edited(root)
    assert kept("commit", root, tmp_path, base, commits).notice == ""
    assert repositories.blob(root, "HEAD", "pkg/hot.py") == b"a = 1\r\nb = 20\r\nc = 3\n"
    assert user(root, "status", "--porcelain") == ""


# --- worktree ----------------------------------------------------------------------------------------------------


def test_worktree_mode_changes_files_and_not_the_index(root: Path, tmp_path: Path) -> None:
    write(root, {"README.md": "dirty\n"})
    user(root, "add", "README.md")
    write(root, {"README.md": "dirtier\n", "pkg/hot.py": "a = 1\nb = 2\nc = 3\nmine = 4\n"})
    base, commits = edited(root)
    before, index = content(root), (root / ".git" / "index").read_bytes()
    result = kept("worktree", root, tmp_path, base, commits)
    assert result.notice == ""
    assert (root / ".git" / "index").read_bytes() == index
    assert (root / "pkg" / "hot.py").read_text() == "a = 1\nb = 20\nc = 3\nmine = 4\n"
    assert (root / "pkg" / "fresh.py").exists()
    shell(result.undo, root / "pkg")
    assert content(root) == before


def test_worktree_mode_falls_back_to_a_patch_when_the_edits_no_longer_fit(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    write(root, {"pkg/hot.py": "all new\n"})
    before = content(root)
    result = kept("worktree", root, tmp_path, base, commits)
    file = root / f"llmopt-{RUN}.patch"
    assert "do not fit" in result.notice
    assert content(root) == {**before, file.name: file.read_bytes()}
    shell(result.undo, tmp_path)
    assert content(root) == before


@pytest.mark.parametrize("inside", [False, True])
def test_worktree_mode_reaches_a_folder_without_git(tmp_path: Path, inside: bool) -> None:
    """With --no-git the work is done in a copy; the folder may yet lie inside a repository of something else."""
    origin = tmp_path / "outer" / "my code"
    write(origin, MAIN)
    if inside:
        repositories.make(tmp_path / "outer", {"outer.txt": ""})
    copy = tmp_path / "copy"
    write(copy, MAIN)
    git.create(copy)
    base, commits = edited(copy)
    result = kept("worktree", copy, tmp_path, base, commits, origin)
    assert result.notice == ""
    assert (origin / "pkg" / "hot.py").read_text() == "a = 1\nb = 20\nc = 3\n"
    shell(result.undo, tmp_path)
    assert (origin / "pkg" / "hot.py").read_text() == MAIN["pkg/hot.py"]
    assert not (origin / "pkg" / "fresh.py").exists()


# --- patch -------------------------------------------------------------------------------------------------------


def test_patch_mode_writes_one_file_whose_printed_command_applies(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    result = kept("patch", root, tmp_path, base, commits)
    assert result.branch == ""
    shell(command_in(result.where), root / "pkg")
    assert (root / "pkg" / "warm.py").read_text() == "w = 10\n"
    shell(result.undo, tmp_path)
    assert not list(root.glob("*.patch"))


@pytest.mark.parametrize("mode", ["branch", "commit"])
def test_a_copy_without_git_gets_a_patch_for_modes_that_need_a_repository(tmp_path: Path, mode: str) -> None:
    origin = tmp_path / "plain"
    write(origin, MAIN)
    copy = tmp_path / "copy"
    write(copy, MAIN)
    git.create(copy)
    base, commits = edited(copy)
    kept(mode, copy, tmp_path, base, commits, origin)
    assert (origin / f"llmopt-{RUN}.patch").read_bytes() == git.diff(copy, base, commits[-1])


def test_patch_goes_to_the_current_folder_when_the_checkout_cannot_be_written(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, commits = edited(root)
    (root / f"llmopt-{RUN}.patch").mkdir()  # root may write where the mode bits forbid it
    monkeypatch.chdir(tmp_path)
    result = kept("patch", root, tmp_path, base, commits)
    assert (tmp_path / f"llmopt-{RUN}.patch").is_file()
    shell(command_in(result.where), tmp_path)
    assert (root / "pkg" / "warm.py").read_text() == "w = 10\n"


# --- records and messages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("as_branch", "branches"), [(True, [f"refs/heads/llmopt/{RUN}"]), (False, [])])
def test_accepted_commit_is_on_a_ref_at_once(root: Path, as_branch: bool, branches: list[str]) -> None:
    _, commits = edited(root)
    keep.record(root, RUN, commits[0], as_branch)
    assert user(root, "rev-parse", f"refs/llmopt/runs/{RUN}") == commits[0]
    assert user(root, "for-each-ref", "--format=%(refname)", "refs/heads/llmopt").split() == branches


def test_message_carries_numbers_evidence_and_author() -> None:
    verdict = Verdict(
        accepted=True,
        stage="confirmation",
        reason="",
        function="pkg/hot.py::Table.lookup",
        author="anthropic:some-model",
        plan="Use a dict.",
        speedup=1.5,
        interval=(1.45, 1.55),
        evidence={"syntax": "0123", "files": "pkg/hot.py", "tests": "12 tests passed as before"},
    )
    text = keep.message(verdict, RUN, ["python bench.py"], "landlock")
    assert text.splitlines() == [
        "Speed up pkg/hot.py: 1.50x on python bench.py",
        "",
        "Use a dict.",
        "",
        "Speedup: 1.50x [1.45, 1.55] (95 %), end to end on python bench.py",
        "Asked about: pkg/hot.py::Table.lookup",
        "Evidence: tests (12 tests)",
        "Tests: 12 tests passed as before",
        "Sandbox: landlock",
        "Model: anthropic:some-model",
        f"Run: {RUN} (llmopt)",
    ]


def staged_edit(root: Path) -> tuple[str, list[str], Scope]:
    """A staged change, unstaged work in another line of the same file, and an accepted edit of what is staged."""
    (root / "pkg" / "hot.py").write_bytes(b"a = 1\nb = 2\nc = 3\n" + b"# more\n" * 5 + b"d = 4\n")
    user(root, "add", "pkg/hot.py")
    base = git.staged(root)
    (root / "pkg" / "hot.py").write_bytes(b"a = 1\nb = 2\nc = 3\n" + b"# more\n" * 5 + b"d = 'mine'\n")
    edit = b"a = 1\nb = 20\nc = 3\n" + b"# more\n" * 5 + b"d = 4\n"
    one = git.commit_files(root, base, {"pkg/hot.py": edit}, "Make hot faster")
    return base, [one], Scope("--staged", git.head(root), base, staged=True)


@pytest.mark.parametrize("mode", ["index", "worktree"])
def test_an_edit_of_what_is_staged_goes_beside_unstaged_work_and_its_undo_takes_it_back(
    root: Path, tmp_path: Path, mode: str
) -> None:
    base, commits, scope = staged_edit(root)
    before = (root / "pkg" / "hot.py").read_bytes(), user(root, "ls-files", "--stage")
    patch = tmp_path / "kept.patch"
    patch.write_bytes(git.diff(root, base, commits[-1]))
    done = keep.keep(mode, root, root, RUN, base, commits, patch, scope)
    assert done.notice == ""
    text = (root / "pkg" / "hot.py").read_text()
    assert "b = 20" in text
    assert "d = 'mine'" in text
    assert (user(root, "ls-files", "--stage") == before[1]) == (mode == "worktree")
    shell(done.undo, root)
    assert ((root / "pkg" / "hot.py").read_bytes(), user(root, "ls-files", "--stage")) == before


def test_an_edit_of_another_branch_than_the_one_checked_out_is_a_branch(root: Path, tmp_path: Path) -> None:
    base, commits = edited(root)
    patch = tmp_path / "kept.patch"
    patch.write_bytes(git.diff(root, base, commits[-1]))
    user(root, "commit", "--quiet", "--allow-empty", "--message", "elsewhere")
    before = user(root, "ls-files", "--stage"), user(root, "status", "--porcelain")
    done = keep.keep("worktree", root, root, RUN, base, commits, patch, Scope("what is pushed", base, base))
    assert "another branch is checked out" in done.notice
    assert (user(root, "ls-files", "--stage"), user(root, "status", "--porcelain")) == before
    assert user(root, "rev-parse", f"llmopt/{RUN}") == commits[-1]
