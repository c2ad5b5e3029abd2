"""Attributes that nobody reads from one call to the next, and such that somebody may."""

from __future__ import annotations

import textwrap

import pytest

from llmopt.checks import scratch

DECODER = """
    class Decoder:
        def __init__(self):
            self._bits = 0

        def decode(self, data):
            self._bits = 0
            self._out = []
            for byte in data:
                self._push(byte)
            return bytes(self._out)

        def _push(self, byte):
            self._bits += 8
            self._out.append(byte)
    """


def found(before: str, after: str = "", elsewhere: str = "") -> frozenset[str]:
    old, new = textwrap.dedent(before), textwrap.dedent(after or before)
    return scratch.attributes(old, new, [elsewhere])


def test_what_every_public_method_makes_anew_is_scratch() -> None:
    assert found(DECODER) == {"_bits", "_out"}


def test_what_the_edit_drops_is_scratch_too() -> None:
    dropped = """
        class Decoder:
            def decode(self, data):
                return bytes(data)
        """
    assert found(DECODER, dropped) == {"_bits", "_out"}


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("a public method reads it", "def count(self):\n        return self._bits"),
        ("a property reads it", "@property\n    def bits(self):\n        return self._bits"),
        ("a method adds to it", "def more(self):\n        self._bits += 1"),
        ("a method makes it from itself", "def more(self):\n        self._bits = self._bits + 1"),
        ("a public method calls a private one that reads it", "def push(self, byte):\n        self._push(byte)"),
        (
            "it is made on one way only",
            "def go(self, x):\n        if x:\n            self._bits = 0\n        self._push(x)",
        ),
        ("it is made after it is read", "def go(self):\n        print(self._bits)\n        self._bits = 0"),
        ("equality looks at it", "def __eq__(self, other):\n        return self._bits == other._bits"),
        ("it is compared with another's", "def same(self, other):\n        self._bits = 0\n        return other._bits"),
        ("all attributes are shown", "def state(self):\n        self._bits = 0\n        return vars(self)"),
        ("it is found by name", 'def state(self):\n        self._bits = 0\n        return getattr(self, "_bits")'),
    ],
)
def test_what_somebody_may_read_is_not(what: str, more: str) -> None:
    text = textwrap.dedent(DECODER) + f"\n    {more}\n"
    assert "_bits" not in found(text), what


def test_outside_of_its_class_and_in_other_files() -> None:
    assert "_bits" not in found(textwrap.dedent(DECODER) + "\ndef look(decoder):\n    return decoder._bits\n")
    assert "_bits" not in found(DECODER, elsewhere="x = decoder._bits")
    assert "_bits" in found(DECODER, elsewhere="x = decoder._bits_of")


def test_a_private_method_that_others_call_hands_it_on() -> None:
    assert found(DECODER, elsewhere="class Other(Decoder):\n    def go(self):\n        self._push(1)\n") == frozenset()
    assert found(textwrap.dedent(DECODER) + "\ndef push(decoder):\n    decoder._push(1)\n") == frozenset()


def test_both_versions_have_to_make_it_anew() -> None:
    stale = textwrap.dedent(DECODER).replace("        self._bits = 0\n        self._out = []", "        self._out = []")
    assert "_bits" not in found(DECODER, stale)
    assert "_bits" not in found(stale, DECODER)


def test_public_attributes_are_results() -> None:
    assert found(DECODER.replace("_bits", "bits").replace("_out", "out")) == frozenset()
