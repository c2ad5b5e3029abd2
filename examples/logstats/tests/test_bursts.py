from datetime import timedelta

import pytest

from logstats.bursts import error_bursts


def errors_at(make_entry, *seconds, **fields):
    return [make_entry(second, status=500, **fields) for second in seconds]


def summary(bursts):
    return [(b.start.strftime("%H:%M:%S"), b.end.strftime("%H:%M:%S"), b.count) for b in bursts]


def test_enough_errors_within_the_window_are_a_burst(make_entry):
    entries = errors_at(make_entry, 0, 10, 20, 30, 40) + [make_entry(41)]
    assert summary(error_bursts(entries)) == [("12:00:00", "12:00:40", 5)]


def test_too_few_errors_are_not(make_entry):
    assert error_bursts(errors_at(make_entry, 0, 10, 20, 30, 61)) == []
    assert error_bursts([make_entry(second, status=499) for second in range(20)]) == []
    assert error_bursts([]) == []


def test_the_edge_of_the_window_counts(make_entry):
    assert summary(error_bursts(errors_at(make_entry, 0, 60), threshold=2)) == [("12:00:00", "12:01:00", 2)]


def test_a_long_stretch_is_one_burst(make_entry):
    entries = errors_at(make_entry, *range(0, 600, 10))
    assert summary(error_bursts(entries)) == [("12:00:00", "12:09:50", 60)]


def test_separate_bursts(make_entry):
    entries = errors_at(make_entry, 0, 1, 2, 100, 500, 501, 502, 503)
    bursts = error_bursts(entries, window=timedelta(seconds=10), threshold=3)
    assert summary(bursts) == [("12:00:00", "12:00:02", 3), ("12:08:20", "12:08:23", 4)]


def test_entries_need_not_be_in_order(make_entry):
    entries = errors_at(make_entry, 500, 2, 501, 0, 100, 502, 1)
    bursts = error_bursts(entries, window=timedelta(seconds=10), threshold=3)
    assert summary(bursts) == [("12:00:00", "12:00:02", 3), ("12:08:20", "12:08:22", 3)]
    assert [entry.time.second for entry in entries[:2]] == [20, 2]


def test_equal_times_are_separate_errors(make_entry):
    entries = errors_at(make_entry, 5, 5, 5, 5, 5)
    assert summary(error_bursts(entries)) == [("12:00:05", "12:00:05", 5)]


def test_the_same_entry_listed_once_more_is_no_new_error_of_a_burst(make_entry):
    error = errors_at(make_entry, 0)[0]
    assert summary(error_bursts([error, error, error], threshold=1)) == [("12:00:00", "12:00:00", 1)]


def test_threshold_of_one(make_entry):
    entries = errors_at(make_entry, 0, 30, 300)
    assert summary(error_bursts(entries, threshold=1)) == [("12:00:00", "12:00:30", 2), ("12:05:00", "12:05:00", 1)]
    with pytest.raises(ValueError, match="at least 1"):
        error_bursts(entries, threshold=0)


def test_the_path_with_most_errors(make_entry):
    entries = (
        errors_at(make_entry, 3, 4, path="/b") + errors_at(make_entry, 1, 2, path="/c") + errors_at(make_entry, 5, path="/a")
    )
    assert error_bursts(entries)[0].path == "/b"
