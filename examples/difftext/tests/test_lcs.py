import itertools

import pytest

from difftext.lcs import LcsTable


def brute_force(a, b):
    """The length of the longest common subsequence, by trying all."""
    for size in range(min(len(a), len(b)), 0, -1):
        if set(itertools.combinations(a, size)) & set(itertools.combinations(b, size)):
            return size
    return 0


@pytest.mark.parametrize("seed", range(12))
def test_length_of_small_sequences(seed):
    a = [(seed * 7 + i * i * 3) % 4 for i in range(seed % 8)]
    b = [(seed * 5 + i * 7 + i * i) % 4 for i in range(7)]
    assert LcsTable(a, b).length == brute_force(a, b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", []),
        ("a", "", []),
        ("", "a", []),
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("abcd", "xbyd", [(1, 1), (3, 3)]),
        ("ab", "ba", [(1, 0)]),
        ("px", "qxx", [(1, 1)]),
        ("aab", "ab", [(0, 0), (2, 1)]),
        ("ab", "aab", [(0, 0), (1, 2)]),
        ("xaxbx", "ab", [(1, 0), (3, 1)]),
        ("abcab", "cabab", [(0, 1), (1, 2), (3, 3), (4, 4)]),
        ("abab", "baba", [(1, 0), (2, 1), (3, 2)]),
    ],
)
def test_which_of_several_longest_ones(a, b, expected):
    table = LcsTable(a, b)
    assert table.pairs() == expected
    assert table.length == len(expected)


def test_items_need_not_be_hashable_nor_sortable():
    a = [[1], {"x": 2}, None, 3]
    b = [{"x": 2}, [1], None, "3"]
    assert LcsTable(a, b).pairs() == [(1, 0), (2, 2)]


def test_a_rule_for_the_same():
    assert LcsTable("ABc", "abC", lambda x, y: x.lower() == y.lower()).pairs() == [(0, 0), (1, 1), (2, 2)]
    near = LcsTable([1, 5, 9], [2, 6, 20], lambda x, y: abs(x - y) <= 1)
    assert near.pairs() == [(0, 0), (1, 1)]


def test_a_match_by_rule_is_taken_at_once():
    near = LcsTable([1, 2], [2, 3], lambda x, y: abs(x - y) <= 1)
    assert near.pairs() == [(0, 0), (1, 1)]
