"""Timings of the parts; run with `pytest benchmarks`."""

import pytest

from difftext import Comparison, Differ, Patch, Tokenizer, UnifiedFormat

pytest.importorskip("pytest_benchmark")

LINE = "- Fix the connection pool when the server closes early (thanks to @user12, #1871), see https://bugs.example/1871"
OLD = ["item %d of the old list" % (i * 7 % 60) for i in range(120)]
NEW = ["item %d of the old list" % (i * 11 % 70) for i in range(130)]


def test_tokenize(benchmark):
    tokens = benchmark(Tokenizer().tokenize, LINE)
    assert "".join(token.text for token in tokens) == LINE


def test_opcodes(benchmark):
    opcodes = benchmark(Differ(OLD, NEW, Comparison(ignore_case=True)).opcodes)
    assert opcodes[-1].a2 == len(OLD)
    assert opcodes[-1].b2 == len(NEW)


def test_similarity(benchmark):
    score = benchmark(Differ([], []).similarity, LINE, LINE.replace("server", "peer"))
    assert 0.9 < score < 1


def test_unified_round_trip(benchmark):
    def round_trip():
        return Patch.parse(UnifiedFormat(Differ(OLD, NEW)).render()).apply(OLD)

    assert benchmark(round_trip) == NEW
