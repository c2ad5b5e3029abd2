"""Edits that change nothing, that do not compile, or that were tried before are turned down before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping

import pytest

from llmopt.checks import duplicate
from llmopt.data import Base, Candidate, Finding, Function, Hotspot, Proposal
from llmopt.errors import EditError

SPOT = Hotspot(Function("a.py", "f", 1), 2, 0.5, 0.5, 0.5, 2.0)
OLD = "def f(x):\n    return [y for y in x]\n"
NOTHING = "changes nothing but comments, layout, annotations or the names of locals"
NEW = "def f(x):\n    return list(x)\n"


def found(old: Mapping[str, str], new: Mapping[str, str], tried: Collection[str] = ()) -> Finding:
    commits = {"old": old, "new": new}

    def read(commit: str, path: str) -> str:
        if path not in commits[commit]:
            raise EditError(f"{path} does not exist in the repository")
        return commits[commit][path]

    changed = tuple(sorted({*old, *new}))
    return duplicate.check(read, lambda: tried)(
        Candidate(Proposal("m", SPOT, ""), "old", "new", changed), Base("old", {})
    )


def test_change_of_code_passes_and_leaves_its_fingerprint() -> None:
    finding = found({"a.py": OLD}, {"a.py": NEW})
    assert finding.passed
    assert finding.evidence == {"syntax": duplicate.fingerprint({"a.py": NEW})}


@pytest.mark.parametrize(
    "text",
    [
        OLD,
        "# faster\n" + OLD,
        OLD.replace("    ", "\t"),
        "def f( x ):\n\n    return [y\n        for y in x]  # as before\n",
        "def f(x):\n    return ([y for y in x])\n",
    ],
)
def test_comments_and_layout_are_no_change(text: str) -> None:
    assert found({"a.py": OLD}, {"a.py": text}).reason == NOTHING


def test_a_file_that_goes_is_a_change() -> None:
    assert found({"a.py": OLD, "b.py": "# empty\n"}, {"a.py": OLD}).passed


def test_a_file_that_is_no_text_is_a_change() -> None:
    changed = Candidate(Proposal("m", SPOT, ""), "old", "new", ("logo.png",))

    def read(commit: str, path: str) -> str:
        raise EditError(f"{path} is not UTF-8")

    assert duplicate.check(read, lambda: ())(changed, Base("old", {})).passed


def test_no_files_at_all_are_no_change() -> None:
    assert not found({}, {}).passed


@pytest.mark.parametrize("text", [NEW, "# again\n" + NEW])
def test_code_that_was_tried_before_is_not_tried_again(text: str) -> None:
    assert (
        found({"a.py": OLD}, {"a.py": text}, {duplicate.fingerprint({"a.py": NEW})}).reason
        == "the same code was tried before"
    )


def test_the_same_text_in_another_file_is_another_edit() -> None:
    assert duplicate.fingerprint({"a.py": NEW}) != duplicate.fingerprint({"b.py": NEW})


def test_new_file_is_a_change() -> None:
    assert found({}, {"new.py": "x = 1\n"}).passed


@pytest.mark.parametrize(
    "text", ["def f(:\n", "x = 1\n  y = 2\n", "a\0b", "x = (" * 300, "x = " + "(" * 5000 + ")" * 5000]
)
def test_code_that_does_not_compile_is_named(text: str) -> None:
    assert found({"a.py": OLD}, {"a.py": text}).reason.startswith("a.py does not compile: ")


def test_base_that_only_a_newer_python_reads_is_left_to_its_interpreter() -> None:
    newer = "type X[T: int = str] = list[T] !! from the future\n"
    assert found({"a.py": newer}, {"a.py": newer.replace("list", "set")}).passed


def test_cython_is_compared_as_text() -> None:
    assert found({"a.pyx": "cdef int x = 1\n"}, {"a.pyx": "cdef int x = 2\n"}).passed


def test_long_sums_are_no_crash() -> None:
    """Generated code: a syntax tree that is too deep to be written out."""
    old = "x = " + " + ".join(f"'{n}'" for n in range(20_000)) + "\n"
    assert found({"a.py": old}, {"a.py": old.replace("'7'", "'seven'")}).passed


def test_invalid_escapes_of_the_target_are_no_warnings_of_ours() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found({"a.py": "x = '\\d'\n"}, {"a.py": "x = '\\w'\n"}).passed
