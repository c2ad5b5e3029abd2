import pytest

from difftext import Comparison, Differ, Opcode, Tokenizer
from difftext.differ import sequence_opcodes


def apply(a, b, opcodes):
    """The new sequence as the opcodes make it; checks that they cover both."""
    result, i, j = [], 0, 0
    for tag, a1, a2, b1, b2 in opcodes:
        assert (a1, b1) == (i, j)
        result += a[a1:a2] if tag == "equal" else b[b1:b2]
        i, j = a2, b2
    assert (i, j) == (len(a), len(b))
    return result


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", []),
        ("abc", "abc", [("equal", 0, 3, 0, 3)]),
        ("", "ab", [("insert", 0, 0, 0, 2)]),
        ("ab", "", [("delete", 0, 2, 0, 0)]),
        ("ab", "xy", [("replace", 0, 2, 0, 2)]),
        ("abcd", "axcde", [("equal", 0, 1, 0, 1), ("replace", 1, 2, 1, 2), ("equal", 2, 4, 2, 4), ("insert", 4, 4, 4, 5)]),
        ("aab", "b", [("delete", 0, 2, 0, 0), ("equal", 2, 3, 0, 1)]),
        ("ab", "ba", [("delete", 0, 1, 0, 0), ("equal", 1, 2, 0, 1), ("insert", 2, 2, 1, 2)]),
    ],
)
def test_opcodes(a, b, expected):
    opcodes = sequence_opcodes(list(a), list(b))
    assert opcodes == expected
    assert all(type(opcode) is Opcode for opcode in opcodes)


@pytest.mark.parametrize("seed", range(8))
def test_opcodes_turn_one_into_the_other(seed):
    a = [(i * i + seed) % 7 for i in range(20)]
    b = [(i * i * 3 + seed * i) % 7 for i in range(17 + seed)]
    assert apply(a, b, sequence_opcodes(a, b)) == b


def test_what_does_not_count():
    a, b = ["A  b ", "c"], ["a b", "C"]
    assert [op.tag for op in Differ(a, b).opcodes()] == ["replace"]
    assert [op.tag for op in Differ(a, b, Comparison(ignore_case=True)).opcodes()] == ["replace", "equal"]
    assert [op.tag for op in Differ(a, b, Comparison(True, True)).opcodes()] == ["equal"]
    assert [op.tag for op in Differ(["straße"], ["STRASSE"], Comparison(ignore_case=True)).opcodes()] == ["equal"]
    assert [op.tag for op in Differ(["a b"], ["ab"], Comparison(ignore_space=True)).opcodes()] == ["replace"]


def test_a_differ_keeps_its_own_lines():
    a = ["x"]
    differ = Differ(a, ("x", "y"))
    a.append("z")
    assert differ.opcodes() == [("equal", 0, 1, 0, 1), ("insert", 1, 1, 1, 2)]


def letters(hunk):
    return [(op.tag[0], op.a1, op.a2, op.b1, op.b2) for op in hunk.opcodes]


def test_hunks_have_context():
    a = list("abcdefghijklmnop")
    b = list("abcdeXghijklmnoY")
    first, second = Differ(a, b).hunks(2)
    assert letters(first) == [("e", 3, 5, 3, 5), ("r", 5, 6, 5, 6), ("e", 6, 8, 6, 8)]
    assert letters(second) == [("e", 13, 15, 13, 15), ("r", 15, 16, 15, 16)]
    assert (first.a_range, second.b_range) == ((3, 8), (13, 16))


def test_changes_close_together_share_a_hunk():
    a, b = list("abcdefgh"), list("XbcdeYgh")
    assert len(Differ(a, b).hunks(2)) == 1
    assert letters(Differ(a, b).hunks(2)[0])[1] == ("e", 1, 5, 1, 5)
    assert len(Differ(a, b).hunks(1)) == 2


def test_hunks_without_context():
    hunks = Differ(list("abc"), list("xbz")).hunks(0)
    assert [letters(hunk) for hunk in hunks] == [[("r", 0, 1, 0, 1)], [("r", 2, 3, 2, 3)]]
    with pytest.raises(ValueError, match="must not be negative"):
        Differ([], []).hunks(-1)


def test_no_hunks_for_the_same_texts():
    assert Differ([], []).hunks() == []
    assert Differ(["a"] * 10, ["a"] * 10).hunks() == []


def test_similarity():
    differ = Differ([], [])
    assert differ.similarity("a b c d", "a x c d") == 0.75
    assert differ.similarity("a b", "c d") == 0.0
    assert differ.similarity("a   b", "a b") == 1.0
    assert differ.similarity("", "") == 1.0
    assert differ.similarity("", "a") == 0.0
    assert differ.similarity("a b", "b a") == 0.5
    assert differ.similarity("a a a", "a") == 0.5
    assert Differ([], [], Comparison(ignore_case=True)).similarity("A", "a") == 0.0


def test_similarity_uses_the_tokenizer():
    assert Differ([], [], tokenizer=Tokenizer([("digit", r"\d")])).similarity("123", "124") == pytest.approx(2 / 3)
    assert Differ([], []).similarity("123", "124") == 0.0


def pairs(a, b, **options):
    differ = Differ(a, b, **options)
    return [tuple(pair) for opcode in differ.opcodes() for pair in differ.line_pairs(opcode)]


def test_edited_lines_are_paired_in_order():
    a = ["fix the parser now", "drop old code paths"]
    b = ["something else entirely", "fix the parser soon", "drop old code"]
    assert pairs(a, b) == [(None, 0), (0, 1), (1, 2)]


def test_pairs_do_not_cross():
    a = ["one two three x", "four five six x"]
    b = ["four five six y", "one two three y"]
    assert pairs(a, b) == [(None, 0), (0, 1), (1, None)]


def test_the_best_partner_wins_and_the_first_of_equals():
    assert pairs(["a b c d"], ["a b c x", "a b c d e"]) == [(None, 0), (0, 1)]
    assert pairs(["a b c d"], ["a b c x", "a b c y"]) == [(0, 0), (None, 1)]


def test_the_cutoff():
    a, b = ["a b c d"], ["a b x y"]
    assert pairs(a, b) == [(0, None), (None, 0)]
    assert pairs(a, b, cutoff=0.5) == [(0, 0)]
    for cutoff in (0, 1.1, -1):
        with pytest.raises(ValueError, match="cutoff"):
            Differ(a, b, cutoff=cutoff)


def test_spans_of_an_edited_line():
    spans = Differ([], []).spans("Fix the parser", "Fix a new parser")
    assert spans == [
        ("equal", "Fix ", "Fix "),
        ("delete", "the", ""),
        ("insert", "", "a"),
        ("equal", " ", " "),
        ("insert", "", "new "),
        ("equal", "parser", "parser"),
    ]


def test_spans_keep_both_texts_where_the_difference_does_not_count():
    spans = Differ([], [], Comparison(True, True)).spans("Fix  it", "fix it")
    assert spans == [("equal", "Fix  it", "fix it")]
    assert Differ([], []).spans("", "") == []


def test_summary():
    a = ["same", "fix the parser now", "gone"]
    b = ["same", "fix the parser soon", "same", "new line"]
    differ = Differ(a, b)
    assert list(differ.edited_lines()) == [(1, 1)]
    assert differ.summary() == "2 lines added, 1 removed, 1 edited"
    assert Differ([], []).summary() == "0 lines added, 0 removed, 0 edited"
