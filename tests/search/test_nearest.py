"""How near texts are by their words."""

from __future__ import annotations

from llmopt.search import nearest


def test_names_are_taken_apart_and_endings_go() -> None:
    assert nearest.words("lastSeen_ids = HTTPServer.sorting(queries)") == [
        *("last", "seen", "ids", "http", "server", "sort", "query")
    ]


def test_words_that_stand_in_every_function_say_nothing() -> None:
    assert nearest.words("def self the return for") == []


def test_code_is_told_by_what_it_calls_and_not_by_its_variables() -> None:
    assert nearest.words(nearest.doing("total = prices.get(key, 0) + collect(rows)")) == ["get", "collect"]


def test_a_rare_word_counts_more_than_one_that_many_texts_hold() -> None:
    texts = [["loop", "sort"], ["loop", "heap"], ["loop", "join"]]
    scores = nearest.scores(["loop", "heap"], texts)
    assert scores.index(max(scores)) == 1
    assert scores[0] == scores[2] > 0


def test_a_long_text_is_not_near_because_it_is_long() -> None:
    short, long = nearest.scores(["heap"], [["heap", "pop"], ["heap", *("word",) * 50]])
    assert short > long > 0


def test_nothing_in_common_is_no_nearness_and_no_texts_are_no_scores() -> None:
    assert nearest.scores(["heap"], [["join"], []]) == [0.0, 0.0]
    assert nearest.scores(["heap"], []) == []
