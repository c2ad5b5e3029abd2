"""Objects that an edit keeps otherwise, used by methods that it leaves as they are."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from test_calls import case

from llmopt.checks import users

WORDS = """
    class Base:
        def longest(self): return max(sorted(self._words), key=len, default="")


    class Words(Base):
        def __init__(self, words):
            self._words = frozenset(words)
            self.size = len(self._words)

        def __and__(self, other): return Words(self._words & other._words)
        def __contains__(self, word): return word in self._words
        def __hash__(self): return hash(self._words)
        @property
        def found(self): return sorted(self._words)
        def shout(self): return [word.upper() for word in self.found]
        def _inner(self): return self._words
        def unused(self): return self.size


    def words(text):
        return Words(text.split())
"""
DRIVE = """
    from a import words
    def workload():
        for text in ("of one and one", "", "two"):
            print(words(text).size)
"""
ASSIGNED = WORDS.replace("self._words = frozenset(words)", "self._words = list(dict.fromkeys(words))")
BY_NAME = WORDS.replace("self._words = frozenset(words)", 'self.__dict__["_words"] = list(dict.fromkeys(words))')
GONE = WORDS.replace(
    "self._words = frozenset(words)\n            self.size = len(self._words)", "self.size = len(set(words))"
)
FITS = BY_NAME.replace("self._words & other._words", "set(self._words) & set(other._words)").replace(
    "hash(self._words)", "hash(frozenset(self._words))"
)


def readers(text: str, kind: str, attribute: str) -> list[str]:
    text = textwrap.dedent(text)
    return users.readers(lambda word: [("a.py", text)] if word in text else [], kind, attribute)


def test_readers_are_those_that_read_it_or_use_one_that_does() -> None:
    names = ["__and__", "__contains__", "__hash__", "found", "longest", "shout"]
    assert readers(WORDS, "a.Words", "_words") == names
    assert readers(WORDS, "a.Words", "_other") == []
    assert readers(WORDS, "a.Base", "_words") == ["longest"]


def test_a_mangled_name_is_found_as_the_text_has_it() -> None:
    assert "found" in readers(WORDS.replace("_words", "__words"), "a.Words", "_Words__words")


@pytest.mark.slow
@pytest.mark.parametrize("edit", [ASSIGNED, BY_NAME, GONE], ids=["assigned", "by_name", "gone"])
def test_a_method_that_cannot_use_what_is_kept_otherwise_is_a_difference(tmp_path: Path, edit: str) -> None:
    finding = case(tmp_path, {"a.py": WORDS, "drive.py": DRIVE}, {"a.py": edit}).finding()
    assert not finding.passed
    assert "of what the call leaves" in finding.reason


@pytest.mark.slow
def test_methods_that_give_the_same_from_another_container_are_none(tmp_path: Path) -> None:
    finding = case(tmp_path, {"a.py": WORDS, "drive.py": DRIVE}, {"a.py": FITS}).finding()
    assert finding.passed, finding.reason
    assert "uses of what they leave" in finding.evidence["calls"]
