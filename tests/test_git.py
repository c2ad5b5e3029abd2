"""Real repositories in every state a user may leave one in: what is read from them, and that nothing is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import repositories
from repositories import blob, files_below, tree_of, write

from llmopt import git
from llmopt.errors import EditError, ProjectError

user = repositories.git
MAIN = {"pkg/__init__.py": "", "pkg/hot.py": "a = 1\nb = 2\n", "README.md": "read me\n"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repositories.make(tmp_path / "repo", MAIN)


def in_merge(root: Path) -> None:
    user(root, "checkout", "--quiet", "-b", "other")
    write(root, {"pkg/hot.py": "a = 3\n"})
    repositories.commit(root, "theirs")
    user(root, "checkout", "--quiet", "main")
    write(root, {"pkg/hot.py": "a = 4\n"})
    repositories.commit(root, "ours")
    user(root, "merge", "other", check=False)


def staged(root: Path) -> None:
    write(root, {"pkg/hot.py": "a = 5\n"})
    user(root, "add", "pkg/hot.py")
    write(root, {"pkg/hot.py": "a = 6\n"})


def intent_to_add(root: Path) -> None:
    write(root, {"pkg/meant.py": "meant = 1\n"})
    user(root, "add", "--intent-to-add", "pkg/meant.py")


def with_links(root: Path) -> None:
    (root / "pkg" / "link.py").symlink_to("hot.py")
    (root / "out").symlink_to("/etc")
    (root / "dangling").symlink_to("nowhere")


def with_odd_names(root: Path) -> None:
    names = (
        b"a b.py",
        b"caf\xe9.py",
        "ünï.py".encode(),
        b"*.py",
        b"[x].py",
        b":(top)x.py",
        b"-n",
        b"new\nline.py",
        b'"q"',
    )
    for name in names:
        (root / os.fsdecode(name)).write_text(f"# {len(name)}\n")
    write(root, {"hidden.py": "x = 1\n"})


def mode_changed(root: Path) -> None:
    (root / "pkg" / "hot.py").chmod(0o755)


def renamed(root: Path) -> None:
    user(root, "mv", "pkg/hot.py", "pkg/cold.py")


def file_for_folder(root: Path) -> None:
    shutil.rmtree(root / "pkg")
    write(root, {"pkg": "now a file\n"})


def stashed(root: Path) -> None:
    write(root, {"pkg/hot.py": "a = 9\n"})
    user(root, "stash")
    write(root, {"pkg/hot.py": "a = 10\n"})


def split_index(root: Path) -> None:
    user(root, "update-index", "--split-index")
    write(root, {"pkg/hot.py": "a = 11\n"})


DIRT: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "unstaged": lambda root: write(root, {"pkg/hot.py": "a = 7\n"}),
    "staged": staged,
    "untracked": lambda root: write(root, {"pkg/new.py": "new = 1\n", "deep/er/x.py": ""}),
    "deleted": lambda root: (root / "README.md").unlink(),
    "all deleted": lambda root: [shutil.rmtree(root / "pkg"), (root / "README.md").unlink()],
    "staged deletion": lambda root: user(root, "rm", "--quiet", "README.md"),
    "removed from the index only": lambda root: user(root, "rm", "--quiet", "--cached", "README.md"),
    "renamed": renamed,
    "mode": mode_changed,
    "intent to add": intent_to_add,
    "merge conflict": in_merge,
    "detached": lambda root: [user(root, "checkout", "--quiet", "--detach"), write(root, {"x.py": ""})],
    "odd names": with_odd_names,
    "links": with_links,
    "file for folder": file_for_folder,
    "stash": stashed,
    "split index": split_index,
}


def as_git_sees_it(root: Path, tmp_path: Path) -> str:
    """The tree of the checkout by git's own `add --all`, in a copy."""
    copy = tmp_path / "seen"
    shutil.copytree(root, copy, symlinks=True)
    shutil.rmtree(copy / ".git" / "hooks", ignore_errors=True)
    user(copy, "add", "--all")
    return user(copy, "write-tree")


@pytest.mark.parametrize("kind", DIRT)
def test_snapshot_holds_the_checkout_and_touches_nothing(root: Path, tmp_path: Path, kind: str) -> None:
    DIRT[kind](root)
    expected = as_git_sees_it(root, tmp_path)
    witness = tmp_path / "hooks-that-ran"
    repositories.hook_all(root, witness)
    before = repositories.state(root)
    commit, left_out = git.snapshot(root)
    assert repositories.state(root) == before
    assert not witness.exists(), witness.read_text()
    assert user(root, "rev-parse", f"{commit}^{{tree}}") == expected
    assert left_out == ()


def test_snapshot_of_a_clean_checkout_is_its_head(root: Path) -> None:
    assert git.snapshot(root) == (user(root, "rev-parse", "HEAD"), ())


def test_snapshot_of_work_is_a_commit_on_head_by_the_user(root: Path) -> None:
    write(root, {"pkg/hot.py": "a = 2\n"})
    commit, _ = git.snapshot(root)
    assert user(root, "rev-parse", f"{commit}^") == user(root, "rev-parse", "HEAD")
    assert user(root, "log", "-1", "--format=%an <%ae>", commit) == "A User <user@example.org>"
    assert git.is_snapshot(root, commit)
    assert not git.is_snapshot(root, user(root, "rev-parse", "HEAD"))


def test_commits_name_llmopt_where_git_knows_no_user(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    user(root, "init", "--quiet")
    write(root, MAIN)
    commit, _ = git.snapshot(root)
    assert user(root, "log", "-1", "--format=%an <%ae>", commit) == "llmopt <llmopt@localhost>"


@pytest.mark.parametrize("staged", [False, True])
def test_snapshot_without_any_commit_has_no_parent(tmp_path: Path, staged: bool) -> None:
    root = repositories.init(tmp_path / "repo")
    write(root, MAIN)
    if staged:
        user(root, "add", "README.md")
    before = repositories.state(root)
    commit, _ = git.snapshot(root)
    assert repositories.state(root) == before
    assert set(tree_of(root, commit)) == set(MAIN)
    assert user(root, "rev-list", "--count", commit) == "1"


def test_snapshot_of_an_empty_repository_is_an_empty_commit(tmp_path: Path) -> None:
    commit, _ = git.snapshot(repositories.init(tmp_path / "repo"))
    assert tree_of(tmp_path / "repo", commit) == {}


def test_snapshot_leaves_ignored_and_large_files_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "UNTRACKED_BYTES", 1000)
    write(root, {".gitignore": "*.log\n", "run.log": "x", "data.bin": b"x" * 1001, "small.bin": b"x" * 1000})
    commit, left_out = git.snapshot(root)
    assert left_out == ("data.bin",)
    assert {".gitignore", "small.bin"} == set(tree_of(root, commit)) - set(MAIN)


@pytest.mark.parametrize("commits", [False, True])
def test_snapshot_leaves_repositories_inside_out_and_says_so(root: Path, commits: bool) -> None:
    inner = repositories.init(root / "vendor" / "inner")
    write(inner, {"x.py": "x = 1\n"})
    if commits:
        repositories.commit(inner)
    write(root, {"pkg/new.py": "new = 1\n"})
    commit, left_out = git.snapshot(root)
    assert left_out == ("vendor/inner/",)
    assert set(tree_of(root, commit)) == {*MAIN, "pkg/new.py"}


def test_file_that_vanishes_after_it_was_listed_is_passed_over(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"gone.tmp": "", "stays.py": ""})
    really = git._is_left_out

    def vanish(at: Path, path: str) -> bool:
        (root / "gone.tmp").unlink(missing_ok=True)
        return really(at, path)

    monkeypatch.setattr(git, "_is_left_out", vanish)
    commit, _ = git.snapshot(root)
    assert set(tree_of(root, commit)) == {*MAIN, "stays.py"}


def test_variables_of_a_hook_do_not_lead_to_its_index(root: Path, tmp_path: Path) -> None:
    """As in `git commit -a` with llmopt in the pre-commit hook: GIT_DIR and another GIT_INDEX_FILE are set."""
    other = repositories.make(tmp_path / "other", {"other.py": ""})
    script = tmp_path / "look.py"
    script.write_text(
        "from pathlib import Path\nfrom llmopt import git\n"
        f"print(git.snapshot(Path({str(root)!r}))[0], git.head(Path({str(root)!r})))\n"
    )
    write(root, {"pkg/hot.py": "a = 8\n"})
    expected, _ = git.snapshot(root)
    environment = os.environ | {
        "GIT_DIR": str(other / ".git"),
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_WORK_TREE": str(other),
        "GIT_PREFIX": "pkg/",
        "GIT_OBJECT_DIRECTORY": str(other / ".git" / "objects"),
        "GIT_GLOB_PATHSPECS": "1",
        "GIT_CONFIG_PARAMETERS": "'core.bare'='true'",
    }
    before = repositories.state(other)
    ran = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    commit, head = ran.stdout.split()
    assert tree_of(root, commit) == tree_of(root, expected)
    assert head == user(root, "rev-parse", "HEAD")
    assert repositories.state(other) == before


def test_the_callers_variables_are_there_again_afterwards(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    git.head(root)
    with pytest.raises(ProjectError):
        git.run(root, "no-such-command")
    assert os.environ["GIT_DIR"] == "/nowhere"


def test_missing_git_is_one_clear_error(root: Path, tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\nfrom llmopt import git, errors\n"
        f"try:\n    git.head(Path('.')), git.run(Path({str(root)!r}), 'status')\n"
        "except errors.ProjectError as error:\n    print(error)\n"
    )
    environment = os.environ | {"PATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("git is not on the PATH (install git)\n", "")


def test_a_folder_that_is_gone_is_an_error_and_not_the_current_folder(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no folder"):
        git.run(tmp_path / "gone", "rev-parse", "HEAD")


def test_errors_are_gits_own_first_words(root: Path) -> None:
    with pytest.raises(ProjectError, match=r"git rev-parse failed in .*: fatal: "):
        git.run(root, "rev-parse", "nothing-of-that-name")


# --- line ends, filters and encodings ----------------------------------------------------------------------------


def exported(root: Path, commit: str, tmp_path: Path, name: str = "tree") -> Path:
    return git.export(root, commit, tmp_path / "trees" / name).path


@pytest.mark.parametrize("autocrlf", ["false", "input", "true"])
@pytest.mark.parametrize("stored", [b"a = 1\nb = 2\n", b"a = 1\r\nb = 2\r\n", b"a = 1\r\nb = 2\n"])
def test_edit_leaves_stored_line_ends_alone(tmp_path: Path, autocrlf: str, stored: bytes) -> None:
    """Files that hold "\\r\\n" in the repository are not converted as a whole by core.autocrlf."""
    root = repositories.init(tmp_path / "repo")
    write(root, {"mod.py": stored})
    repositories.commit(root)
    user(root, "config", "core.autocrlf", autocrlf)
    base = user(root, "rev-parse", "HEAD")
    seen = (exported(root, base, tmp_path) / "mod.py").read_bytes()
    new = git.commit_files(root, base, {"mod.py": seen.replace(b"b = 2", b"b = 3")}, "edit")
    assert blob(root, new, "mod.py") == stored.replace(b"b = 2", b"b = 3")


def test_attributes_of_the_commit_rule_line_ends(tmp_path: Path) -> None:
    root = repositories.make(tmp_path / "repo", {".gitattributes": "*.py text eol=crlf\n", "mod.py": "a = 1\nb = 2\n"})
    base = user(root, "rev-parse", "HEAD")
    tree = exported(root, base, tmp_path)
    assert (tree / "mod.py").read_bytes() == b"a = 1\r\nb = 2\r\n"
    new = git.commit_files(root, base, {"mod.py": b"a = 1\r\nb = 3\r\n"}, "edit")
    assert blob(root, new, "mod.py") == b"a = 1\nb = 3\n"


def test_snapshot_with_autocrlf_of_an_unchanged_checkout_is_head(tmp_path: Path) -> None:
    root = repositories.make(tmp_path / "repo", {"mod.py": "a = 1\n"})
    user(root, "config", "core.autocrlf", "true")
    (root / "mod.py").unlink()
    user(root, "checkout", "--", "mod.py")
    assert (root / "mod.py").read_bytes() == b"a = 1\r\n"
    assert git.snapshot(root)[0] == user(root, "rev-parse", "HEAD")


def test_safecrlf_does_not_stop_a_snapshot(root: Path) -> None:
    user(root, "config", "core.autocrlf", "input")
    user(root, "config", "core.safecrlf", "true")
    write(root, {"pkg/mixed.py": b"a = 1\r\nb = 2\n"})
    commit, _ = git.snapshot(root)
    assert "pkg/mixed.py" in tree_of(root, commit)


def test_filters_of_the_user_apply_both_ways(root: Path, tmp_path: Path) -> None:
    user(root, "config", "filter.upper.clean", "tr a-z A-Z")
    user(root, "config", "filter.upper.smudge", "tr A-Z a-z")
    write(root, {".gitattributes": "*.txt filter=upper\n", "note.txt": "note\n"})
    base = repositories.commit(root)
    assert blob(root, base, "note.txt") == b"NOTE\n"
    assert (exported(root, base, tmp_path) / "note.txt").read_bytes() == b"note\n"
    new = git.commit_files(root, base, {"note.txt": b"other\n"}, "edit")
    assert blob(root, new, "note.txt") == b"OTHER\n"


# --- commits of edits --------------------------------------------------------------------------------------------


def test_commit_files_changes_only_these_files_and_keeps_modes(root: Path) -> None:
    (root / "pkg" / "hot.py").chmod(0o755)
    base = repositories.commit(root, "executable")
    before = repositories.state(root)
    new = git.commit_files(root, base, {"pkg/hot.py": b"a = 2\n", "pkg/sub/new.py": b"n = 1\n"}, "edit\n\nbody")
    assert repositories.state(root) == before
    assert git.changed(root, base, new) == ("pkg/hot.py", "pkg/sub/new.py")
    assert tree_of(root, new)["pkg/hot.py"].startswith("100755 ")
    assert tree_of(root, new)["pkg/sub/new.py"].startswith("100644 ")
    assert user(root, "log", "-1", "--format=%P|%B", new).strip() == f"{base}|edit\n\nbody"


def test_commit_files_takes_names_literally(root: Path) -> None:
    base = user(root, "rev-parse", "HEAD")
    names = ("[p]kg.py", "*.py", ":(glob)x.py", "a b\n.py", os.fsdecode(b"caf\xe9.py"))
    new = git.commit_files(root, base, dict.fromkeys(names, b"x\n"), "edit")
    assert set(git.changed(root, base, new)) == set(names)


@pytest.mark.parametrize("path", ["/etc/passwd", "../out.py", "pkg/../../out.py", ".git/hooks/pre-commit", "a\0b.py"])
def test_commit_files_refuses_paths_outside_the_tree(root: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(EditError):
        git.commit_files(root, user(root, "rev-parse", "HEAD"), {path: b"x"}, "edit")
    assert not (tmp_path / "out.py").exists()
    assert not (root / ".git" / "hooks" / "pre-commit").exists()


@pytest.mark.parametrize("path", ["pkg", "README.md/x.py", "out/x.py"])
def test_commit_files_refuses_to_put_files_in_place_of_folders_files_or_links(root: Path, path: str) -> None:
    (root / "out").symlink_to("/tmp")
    base = repositories.commit(root)
    with pytest.raises(EditError, match="cannot be written"):
        git.commit_files(root, base, {path: b"x"}, "edit")


def test_messages_of_any_text_are_committed(root: Path) -> None:
    base = user(root, "rev-parse", "HEAD")
    user(root, "config", "i18n.commitEncoding", "ISO-8859-1")
    new = git.commit_files(root, base, {"x.py": b""}, "half \ud800 pair, \0 nul, ünïcode")
    assert user(root, "log", "-1", "--encoding=UTF-8", "--format=%B", new).strip() == "half ? pair,  nul, ünïcode"


def test_reword_keeps_tree_and_parents(root: Path) -> None:
    base = user(root, "rev-parse", "HEAD")
    new = git.commit_files(root, base, {"x.py": b"x = 1\n"}, "candidate")
    final = git.reword(root, new, "Make x faster")
    assert user(root, "log", "-1", "--format=%T %P %s", final) == user(
        root, "log", "-1", "--format=%T %P Make x faster", new
    )


def test_diff_is_a_plain_patch_whatever_the_users_settings(root: Path, tmp_path: Path) -> None:
    for name, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.external": "/bin/false",
        "diff.renames": "copies",
        "color.diff": "always",
        "diff.context": "0",
        "diff.text.textconv": "tr a-z A-Z",
    }.items():
        user(root, "config", name, value)
    write(root, {".gitattributes": "*.py diff=text\n", "data.bin": bytes(range(256))})
    base = repositories.commit(root)
    files = {"pkg/hot.py": b"a = 5\nb = 2\n", "data.bin": bytes(range(255, -1, -1)), "pkg/new.py": b"a = 1\nb = 2\n"}
    new = git.commit_files(root, base, files, "edit")
    patch = tmp_path / "edit.patch"
    patch.write_bytes(git.diff(root, base, new))
    assert patch.read_bytes().startswith(b"diff --git a/")
    assert git.apply_to_checkout(root, patch)
    assert {name: (root / name).read_bytes() for name in files} == files


def test_refs_and_commits_are_found_and_deleted(root: Path) -> None:
    head = user(root, "rev-parse", "HEAD")
    git.update_ref(root, "refs/llmopt/run", head)
    assert user(root, "rev-parse", "refs/llmopt/run") == head
    assert git.exists(root, head)
    assert not git.exists(root, "0" * 39 + "1")
    git.delete_ref(root, "refs/llmopt/run")
    git.delete_ref(root, "refs/llmopt/run")
    assert user(root, "for-each-ref", "refs/llmopt") == ""


# --- exports -----------------------------------------------------------------------------------------------------


def test_export_gives_exactly_the_commits_files(root: Path, tmp_path: Path) -> None:
    (root / "pkg" / "hot.py").chmod(0o755)
    (root / "link").symlink_to("pkg")
    base = repositories.commit(root)
    write(root, {"pkg/hot.py": "dirty\n", "pkg/untracked.py": "", "README.md": "dirty\n"})
    before = repositories.state(root)
    tree = exported(root, base, tmp_path)
    assert repositories.state(root) == before
    assert files_below(tree) == {name: text.encode() for name, text in MAIN.items()}
    assert os.access(tree / "pkg" / "hot.py", os.X_OK)
    assert (tree / "link").readlink() == Path("pkg")
    assert not (tree / ".git").exists()


def test_export_carries_build_products_of_tracked_packages_only(root: Path, tmp_path: Path) -> None:
    ignored = "*.so\n_version.py\npkg/gen/\nmyenv/\n.venv/\nnode_modules/\n*.log\nother/\n"
    write(root, {".gitignore": ignored})
    base = repositories.commit(root)
    carried = {"pkg/_fast.so": b"\x7fELF", "pkg/_version.py": b"v = 1\n", "pkg/gen/__init__.py": b"", "top.so": b"1"}
    environments = {"myenv/pyvenv.cfg": "", "myenv/lib/x.so": "", "pkg/.venv/lib/y.so": "", "pkg/node_modules/z.so": ""}
    write(root, {**carried, **environments, "pkg/run.log": "", "other/x.so": "", "pkg/__pycache__/q.so": ""})
    tree = exported(root, base, tmp_path)
    assert set(files_below(tree)) == {*MAIN, ".gitignore", *carried}


def test_export_leaves_environments_of_any_name_below_packages(root: Path) -> None:
    write(root, {".gitignore": "*.so\npkg/e/\n", "pkg/e/pyvenv.cfg": "", "pkg/e/lib/x.so": "", "pkg/ok.so": ""})
    assert git.built(root) == ["pkg/ok.so"]


def test_export_does_not_write_through_links_that_lead_out(root: Path, tmp_path: Path) -> None:
    """The commit has a link where the checkout has a folder with a build product."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "gen").symlink_to(outside)
    write(root, {".gitignore": "*.so\n"})
    base = repositories.commit(root)
    (root / "gen").unlink()
    write(root, {"gen/x.so": "built"})
    exported(root, base, tmp_path)
    assert list(outside.iterdir()) == []


def test_export_has_submodules_contents_without_their_repository(root: Path, tmp_path: Path) -> None:
    library = repositories.make(tmp_path / "library", {"lib.py": "x = 1\n"})
    user(root, "submodule", "--quiet", "add", str(library), "vendor/lib")
    base = repositories.commit(root)
    write(root, {"vendor/lib/lib.py": "x = 2\n"})
    before = repositories.state(root)
    commit, _ = git.snapshot(root)
    assert repositories.state(root) == before
    assert commit == base
    assert git.submodules(root, base) == ["vendor/lib"]
    os.mkfifo(root / "vendor" / "lib" / "pipe")
    tree = exported(root, base, tmp_path)
    assert (tree / "vendor" / "lib" / "lib.py").read_text() == "x = 2\n"
    assert not (tree / "vendor" / "lib" / ".git").exists()
    assert not (tree / "vendor" / "lib" / "pipe").exists()
    assert git.files(root, base) == sorted([".gitmodules", *MAIN])


def test_submodule_that_was_not_fetched_is_an_empty_folder(root: Path, tmp_path: Path) -> None:
    library = repositories.make(tmp_path / "library", {"lib.py": "x = 1\n"})
    user(root, "submodule", "--quiet", "add", str(library), "vendor/lib")
    repositories.commit(root)
    clone = tmp_path / "clone"
    user(tmp_path, "clone", "--quiet", str(root), str(clone))
    commit, _ = git.snapshot(clone)
    assert commit == user(clone, "rev-parse", "HEAD")
    assert list((exported(clone, commit, tmp_path) / "vendor" / "lib").iterdir()) == []


@pytest.mark.parametrize("kind", ["--no-cone", "--cone", "--sparse-index"])
def test_sparse_checkout_is_whole_in_snapshot_and_export(root: Path, tmp_path: Path, kind: str) -> None:
    write(root, {"far/away.py": "x = 1\n", "far/deep/er.py": "y = 1\n"})
    repositories.commit(root)
    options = ("--cone", "--sparse-index") if kind == "--sparse-index" else (kind,)
    user(root, "sparse-checkout", "set", *options, "pkg")
    assert not (root / "far").exists()
    write(root, {"pkg/hot.py": "a = 2\n", "elsewhere/new.py": "n = 1\n"})
    before = repositories.state(root)
    commit, _ = git.snapshot(root)
    assert repositories.state(root) == before
    expected = {*MAIN, "far/away.py", "far/deep/er.py", "elsewhere/new.py"}
    assert set(tree_of(root, commit)) == expected
    assert set(files_below(exported(root, commit, tmp_path))) == expected
    new = git.commit_files(root, commit, {"far/away.py": b"x = 2\n"}, "edit")
    assert git.changed(root, commit, new) == ("far/away.py",)
    assert repositories.state(root) == before


def test_linked_worktree_is_a_checkout_like_any(root: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    user(root, "worktree", "add", "--quiet", str(linked), "-b", "side")
    write(linked, {"pkg/hot.py": "a = 2\n", "new.py": ""})
    before, main = repositories.state(linked), repositories.state(root)
    commit, _ = git.snapshot(linked)
    new = git.commit_files(linked, commit, {"pkg/hot.py": b"a = 3\n"}, "edit")
    assert (repositories.state(linked), repositories.state(root)) == (before, main)
    assert (exported(linked, new, tmp_path) / "pkg" / "hot.py").read_bytes() == b"a = 3\n"
    assert git.is_writable(linked)


def test_worktrees_below_the_checkout_are_left_out(root: Path) -> None:
    user(root, "worktree", "add", "--quiet", str(root / "trees" / "side"))
    commit, left_out = git.snapshot(root)
    assert (commit, left_out) == (user(root, "rev-parse", "HEAD"), ("trees/side/",))


# --- copies without git ------------------------------------------------------------------------------------------


def test_create_makes_one_commit_of_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    write(folder, {**MAIN, ".gitignore": "*.log\n", "x.log": "", ".venv/lib/x.py": "", "pkg/hot.pyc": b""})
    git.create(folder)
    head = user(folder, "rev-parse", "HEAD")
    assert set(tree_of(folder, head)) == {*MAIN, ".gitignore"}
    assert git.snapshot(folder) == (head, ())


def test_create_in_a_copied_worktree_leaves_the_original_alone(root: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    user(root, "worktree", "add", "--quiet", str(linked), "-b", "side")
    copy = tmp_path / "copy"
    shutil.copytree(linked, copy)
    before = repositories.state(linked), repositories.state(root)
    git.create(copy)
    assert (repositories.state(linked), repositories.state(root)) == before
    assert (copy / ".git").is_dir()


def test_create_passes_over_repositories_inside(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    write(folder, MAIN)
    repositories.init(folder / "inner")
    git.create(folder)
    assert set(tree_of(folder, "HEAD")) == set(MAIN)


def test_changed_lines_are_those_added_and_removed_and_binary_files_count_none(root: Path) -> None:
    old, _ = git.snapshot(root)
    write(root, {"pkg/hot.py": "a = 1\nb = 3\nc = 4\n", "logo.bin": b"\0\1"})
    new, _ = git.snapshot(root)
    assert git.changed_lines(root, old, new) == 3
    assert git.changed_lines(root, old, old) == 0


def shown(root: Path) -> tuple[str, ...]:
    """The index, the branches, and what git says of the files."""
    commands = (("ls-files", "--stage", "--debug"), ("for-each-ref",), ("status", "--porcelain"), ("stash", "list"))
    return tuple(str(user(root, *command)) for command in commands)


def test_the_index_as_a_commit_is_what_the_next_commit_will_have(root: Path) -> None:
    staged(root)
    write(root, {"pkg/untracked.py": "u = 1\n"})
    intent_to_add(root)
    before = shown(root)
    commit = git.staged(root)
    assert blob(root, commit, "pkg/hot.py") == b"a = 5\n"
    assert set(git.files(root, commit)) == set(MAIN)
    assert git.is_snapshot(root, commit)
    assert shown(root) == before


def test_an_index_with_conflicts_is_no_commit(root: Path) -> None:
    in_merge(root)
    with pytest.raises(ProjectError, match="has conflicts"):
        git.staged(root)


def test_an_index_of_another_repository_in_the_environment_is_not_taken(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repositories.make(tmp_path / "other", {"other.py": "o = 1\n"})
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert set(git.files(root, git.staged(root))) == set(MAIN)


def test_what_differs_names_renamed_new_and_deleted_files_and_no_links(root: Path) -> None:
    old = git.head(root)
    user(root, "mv", "pkg/hot.py", "pkg/warm name.py")
    user(root, "rm", "--quiet", "README.md")
    write(root, {"pkg/new.py": "n = 1\n", "pkg/__init__.py": "i = 1\n"})
    (root / "pkg" / "link.py").symlink_to("new.py")
    user(root, "add", "--all")
    found = git.difference(root, old, git.staged_tree(root))
    assert {(each.old_path, each.path) for each in found} == {
        ("pkg/hot.py", "pkg/warm name.py"),
        ("README.md", ""),
        ("", "pkg/new.py"),
        ("pkg/__init__.py", "pkg/__init__.py"),
    }
    held = git.contents(root, [name for each in found for name in (each.old, each.new)])
    assert {held[each.new] for each in found if each.new} == {b"a = 1\nb = 2\n", b"n = 1\n", b"i = 1\n"}
    assert [each.path for each in git.difference(root, "", old)] == sorted(MAIN)


def test_contents_are_found_by_id_and_by_path_and_missing_ones_left_out(root: Path) -> None:
    names = ["HEAD:pkg/hot.py", "HEAD:no such file.py", "HEAD:README.md", "", "0" * 40]
    assert git.contents(root, names) == {"HEAD:pkg/hot.py": b"a = 1\nb = 2\n", "HEAD:README.md": b"read me\n"}
    assert git.contents(root, []) == {}
