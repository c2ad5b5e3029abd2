import pytest

from difftext import Token, Tokenizer


def kinds(text, tokenizer=None):
    return [(token.kind, token.text) for token in (tokenizer or Tokenizer()).tokenize(text)]


def test_kinds_of_tokens():
    assert kinds("Fix  don't-care_1 in 2.10.1rc2, see #42!") == [
        ("word", "Fix"),
        ("space", "  "),
        ("word", "don't-care"),
        ("name", "_1"),
        ("space", " "),
        ("word", "in"),
        ("space", " "),
        ("version", "2.10.1rc2"),
        ("mark", ","),
        ("space", " "),
        ("word", "see"),
        ("space", " "),
        ("reference", "#42"),
        ("mark", "!"),
    ]


def test_the_first_rule_wins_not_the_longest():
    assert kinds("12abc") == [("number", "12"), ("word", "abc")]
    tokenizer = Tokenizer([("a", "a"), ("aa", "aa")])
    assert kinds("aa", tokenizer) == [("a", "a"), ("a", "a")]


def test_urls():
    assert kinds("(https://x.example/a?b=1)") == [("mark", "("), ("url", "https://x.example/a?b=1"), ("mark", ")")]
    assert kinds("http://")[0] == ("word", "http")


def test_offsets_and_types():
    tokens = Tokenizer().tokenize("ab  c!")
    assert tokens == [Token("word", "ab", 0), Token("space", "  ", 2), Token("word", "c", 4), Token("mark", "!", 5)]
    assert all(type(token) is Token for token in tokens)
    assert type(tokens) is list


@pytest.mark.parametrize("text", ["", " ", "a\tb\n", "naïve – 3×4", "日本語 text", "((", "#", "#x1", "1.2.", "\u00a0x", "e\u0301"])
def test_tokens_make_up_the_text(text):
    tokens = Tokenizer().tokenize(text)
    assert "".join(token.text for token in tokens) == text
    assert [token.start for token in tokens] == [len("".join(t.text for t in tokens[:i])) for i in range(len(tokens))]


def test_empty_text_has_no_tokens():
    assert Tokenizer().tokenize("") == []
    assert Tokenizer().words("  ") == []


def test_words_leave_out_white_space():
    assert Tokenizer().words("a  b, c") == ["a", "b", ",", "c"]


def test_patterns_see_what_is_left_of_the_text():
    assert kinds("aab", Tokenizer([("a", "^a")])) == [("a", "a"), ("a", "a"), ("mark", "b")]
    assert kinds("xab", Tokenizer([("ab", r"\bab")])) == [("mark", "x"), ("ab", "ab")]
    assert kinds("xab", Tokenizer([("ab", r"(?<=x)ab")])) == [("mark", "x"), ("mark", "a"), ("mark", "b")]


def test_rules_with_groups_and_the_same_kind_twice():
    tokenizer = Tokenizer([("pair", r"(\w)\1"), ("tag", r"<(?P<name>\w+)>"), ("pair", r"(?P<name>\d)=(?P=name)")])
    assert kinds("aabc<x>1=1", tokenizer) == [
        ("pair", "aa"), ("mark", "b"), ("mark", "c"), ("tag", "<x>"), ("pair", "1=1"),
    ]


def test_flags_belong_to_their_rule():
    tokenizer = Tokenizer([("low", "(?i)ab"), ("x", "x")])
    assert kinds("ABX", tokenizer) == [("low", "AB"), ("mark", "X")]


def test_rules_that_match_nothing_are_refused():
    with pytest.raises(ValueError, match="the rule for odd matches the empty string"):
        Tokenizer([("word", r"\w+"), ("odd", "x*")])
