"""What a user names on the command line of `verify`, as commits of a real repository, and the function it changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop
from shop import git

from llmopt import changes
from llmopt import git as plumbing
from llmopt.changes import Asked, Edits, Patch
from llmopt.data import Function
from llmopt.errors import EditError, LlmoptError, UsageError


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)


def commit(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"{name} {text}")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """first - left - on (main, HEAD), and left - one - two (topic)."""
    folder = shop.repository(tmp_path / "repo", {"a.py": "a = 1\n"})
    monkeypatch.chdir(folder)
    found = {"first": git(folder, "rev-parse", "HEAD"), "left": commit(folder, "a.py", "a = 2\n")}
    git(folder, "checkout", "--quiet", "-b", "topic")
    found |= {"one": commit(folder, "b.py", "b = 1\n"), "two": commit(folder, "b.py", "b = 2\n")}
    git(folder, "checkout", "--quiet", "main")
    return {**found, "on": commit(folder, "a.py", "a = 3\n")}


# change, --base -> the names of the commits judged
NAMED = {
    ("topic", ""): ("left", "two"),
    ("topic", "main"): ("left", "two"),
    ("topic~1", ""): ("left", "one"),
    ("topic", "topic~1"): ("one", "two"),
    ("HEAD", ""): ("left", "on"),
    ("HEAD~1", ""): ("first", "left"),
    ("main", "topic"): ("left", "on"),
    ("topic~1..topic", ""): ("one", "two"),
    ("main..topic", ""): ("on", "two"),
    ("main...topic", ""): ("left", "two"),
    ("topic..", ""): ("two", "on"),
    ("...topic", ""): ("left", "two"),
}


@pytest.mark.parametrize(("change", "base"), NAMED)
def test_revisions_are_judged_from_where_they_part_or_from_their_parent(
    history: dict[str, str], change: str, base: str
) -> None:
    names = {commit: name for name, commit in history.items()}
    found = changes.asked(change, base, Path())
    assert (names[found.base], names[found.commit]) == NAMED[change, base]


def test_a_branch_that_was_left_behind_is_noted(history: dict[str, str]) -> None:
    assert "HEAD went on since topic left it" in changes.asked("topic", "", Path()).notice
    assert changes.asked("topic", "topic~1", Path()).notice == ""


def test_uncommitted_work_is_judged_against_head_or_where_it_parts_from_a_base(history: dict[str, str]) -> None:
    Path("new.py").write_text("n = 1\n")
    assert changes.asked("", "", Path()) == Asked("working tree", history["on"])
    assert changes.asked("", "topic", Path()) == Asked("working tree", history["left"])


def test_a_patch_is_read_from_a_file_or_is_a_text(history: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "fix.patch").write_bytes(b"patch\r\n")
    assert changes.asked(str(tmp_path / "fix.patch"), "", Path()) == Asked("fix.patch", patch=b"patch\r\n")
    assert changes.asked(str(tmp_path / "fix.patch"), "topic", Path()).base == history["two"]
    assert changes.asked(Patch("text of \udce4\n"), "", Path()) == Asked("patch", patch=b"text of \xe4\n")
    assert changes.asked(Edits("shop.py\n"), "topic", Path()) == Asked("edit", history["two"], edits="shop.py\n")


REFUSED = {
    ("topik", ""): "did you mean topic?",
    ("fix.patch", ""): "there is no patch fix.patch",
    (".", ""): "is a folder",
    ("a.py", ""): "is a file and no patch",
    ("", ""): "the working tree has no changes",
    ("HEAD~2", ""): "is the first commit",
    ("HEAD~1", "main"): "HEAD~1 has nothing that main has not",
    ("main..topic", "main"): "both name a base",
    ("main..nowhere", ""): "'nowhere' is no revision",
    ("topic", "nowhere"): "'nowhere' is no revision",
    ("topic", "."): "is no revision",
}


@pytest.mark.parametrize(("change", "base"), REFUSED)
@pytest.mark.usefixtures("history")
def test_what_cannot_be_judged_is_refused_with_the_reason(change: str, base: str) -> None:
    with pytest.raises(UsageError) as caught:
        changes.asked(change, base, Path())
    assert REFUSED[change, base] in str(caught.value)


def test_histories_without_a_common_commit_are_refused(history: dict[str, str]) -> None:
    git(Path(), "checkout", "--quiet", "--orphan", "other")
    git(Path(), "commit", "--quiet", "--message", "another root")
    with pytest.raises(UsageError, match="no history in common"):
        changes.asked("topic", "", Path())


def test_a_folder_without_git_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LlmoptError, match="no git repository"):
        changes.asked("HEAD", "", tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        changes.asked("HEAD", "", tmp_path / "nowhere")


PATCH = b"""diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1 +1 @@
-a = 3
+a = 4
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1 @@
+n = 1
"""


def test_a_patch_becomes_a_commit_without_touching_the_checkout(history: dict[str, str]) -> None:
    before = shop.state(Path())
    made = plumbing.commit_patch(Path().resolve(), history["on"], PATCH, "It")
    assert git(Path(), "show", f"{made}:a.py") == "a = 4"
    assert git(Path(), "show", f"{made}:new.py") == "n = 1"
    assert git(Path(), "rev-parse", f"{made}^") == history["on"]
    assert shop.state(Path()) == before


@pytest.mark.parametrize(("patch", "said"), [(PATCH, "a.py"), (b"", "No valid patches"), (PATCH[:60], "corrupt")])
def test_a_patch_that_does_not_fit_says_why(history: dict[str, str], patch: bytes, said: str) -> None:
    with pytest.raises(EditError, match=said):
        plumbing.commit_patch(Path().resolve(), history["first"], patch, "It")


# --- the function that stands for a change -----------------------------------------------------------------------

OLD = """
LIMIT = 3


class Table:
    size = 0

    def find(self, x):
        for each in self:
            if each == x:
                return each
        return None


def other(x):
    return x
"""
LONGER = OLD.replace("for each in self:", "for each in list(self):").replace("return None", "return 0")
LARGEST = {
    "a method": ([("t.py", OLD, LONGER)], "t.py::Table.find"),
    "the one with more lines": ([("t.py", OLD, LONGER.replace("return x", "return y"))], "t.py::Table.find"),
    "over files": (
        [("u.py", "def f():\n    pass\n", "def f():\n    return 1\n"), ("t.py", OLD, LONGER)],
        "t.py::Table.find",
    ),
    "not tests' data": (
        [("notes.md", "a", "b\n" * 9), ("t.py", OLD, OLD.replace("return x", "return 1"))],
        "t.py::other",
    ),
    "the module": ([("t.py", OLD, OLD.replace("LIMIT = 3", "LIMIT = 4"))], "t.py::<module>"),
    "a class's own line": ([("t.py", OLD, OLD.replace("size = 0", "size = 1"))], "t.py::<module>"),
    "what does not parse": ([("t.py", OLD, "def f(:\n")], "t.py::<module>"),
    "no Python": ([("notes.md", "a", "b")], "notes.md::<module>"),
    "a file that is gone": ([("t.py", OLD, "")], "t.py::<module>"),
    "nothing": ([], "::<module>"),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_function_with_most_changed_lines_stands_for_a_change(name: str) -> None:
    files, key = LARGEST[name]
    found = changes.largest(files)
    assert found.key == key
    assert name != "a method" or found == Function("t.py", "Table.find", 8)
