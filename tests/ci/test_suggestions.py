"""Replacements of lines: applied to the old text they give the new one; outside of the diff they are not suggested."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop
from hypothesis import given
from hypothesis import strategies as st
from pull import EDIT, Case

from llmopt import git
from llmopt.ci import suggestions
from llmopt.ci.result import Suggestion

LINES = st.lists(st.sampled_from(["a", "b", "    c", "", "```", "d"]), min_size=1, max_size=12)


def applied(text: str, found: list[Suggestion]) -> str:
    """As GitHub does: from the last to the first, whole lines."""
    lines = text.split("\n")
    for each in reversed(found):
        assert tuple(lines[each.start - 1 : each.end]) == each.old
        lines[each.start - 1 : each.end] = each.new
    return "\n".join(lines)


@given(LINES, LINES)
def test_replacements_make_the_new_text_of_the_old_one(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    found = list(suggestions.replacements("a.py", before, after))
    assert applied(before, found) == after
    assert all(1 <= each.start <= each.end <= len(old) for each in found)


@given(LINES)
def test_no_line_ends_the_block(lines: list[str]) -> None:
    each = Suggestion(path="a.py", start=1, end=1, old=("x",), new=tuple(lines))
    first, *inner, last = suggestions.block(each).split("\n")
    assert inner == lines
    assert first == f"{last}suggestion"
    assert last not in inner


def test_a_deletion_is_an_empty_block() -> None:
    each = Suggestion(path="a.py", start=1, end=1, old=("x",), new=())
    assert suggestions.block(each) == "```suggestion\n```"


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("@@ -1,4 +2,6 @@ def f():\n a", [(2, 7)]),
        ("@@ -3 +5 @@\n-a\n+b", [(5, 5)]),
        ("@@ -1,3 +0,0 @@\n-a", []),
        ("@@ -1,2 +1,2 @@\n a\n@@ -9,2 +9,3 @@\n b", [(1, 2), (9, 11)]),
        ("", []),
    ],
)
def test_the_lines_that_a_patch_shows(patch: str, expected: list[tuple[int, int]]) -> None:
    assert suggestions.shown(patch) == expected


@pytest.mark.parametrize(
    ("ranges", "inside"),
    [
        ([(1, 20)], True),
        ([(6, 9)], True),
        ([(7, 20)], False),
        ([(1, 8)], False),
        ([(1, 7), (8, 20)], False),  # two hunks: no suggestion spans both
        ([], False),
    ],
)
def test_a_group_is_placed_whole_or_not_at_all(ranges: list[tuple[int, int]], inside: bool) -> None:
    near = Suggestion(path="a.py", start=6, end=9, old=("x",) * 4, new=("y",))
    found, outside = suggestions.placed([[near]], {"a.py": ranges})
    assert (bool(found), bool(outside)) == (inside, not inside)


def test_one_line_outside_takes_its_whole_group_along_and_no_other(case: Case) -> None:
    near = Suggestion(path="a.py", start=2, end=2, old=("x",), new=("y",))
    far = near.model_copy(update={"start": 50, "end": 50})
    other = near.model_copy(update={"path": "b.py"})
    found, outside = suggestions.placed([[near, far], [other]], {"a.py": [(1, 9)], "b.py": [(1, 9)]})
    assert (found, outside) == ([other], [[near, far]])


def test_files_that_an_edit_changes_together_are_one_group(tmp_path: Path) -> None:
    files = {"a.py": "x = 1\n", "b.py": "y = 1\n", "c.py": "z = 1\n"}
    repo = shop.repository(tmp_path / "app", files)
    head = shop.git(repo, "rev-parse", "HEAD")
    final = git.commit_files(repo, head, {path: text.replace("1", "2").encode() for path, text in files.items()}, "m")
    edits = [
        EDIT.model_copy(update={"number": 1, "function": "a.py::f", "evidence": {"files": "a.py, b.py"}}),
        EDIT.model_copy(update={"number": 2, "function": "c.py::f", "evidence": {"files": "c.py"}}),
    ]
    groups = suggestions.groups(repo, head, final, edits)
    assert sorted([each.path for each in group] for group in groups) == [["a.py", "b.py"], ["c.py"]]
    assert sorted({each.edits for group in groups for each in group}) == [(1,), (2,)]


def test_a_new_file_is_nothing_to_suggest(case: Case) -> None:
    final = git.commit_files(case.repo, case.head, {"new.py": b"x = 1\n", "app.py": b"y = 1\n"}, "m")
    assert suggestions.groups(case.repo, case.head, final, [EDIT]) == ()
