import pytest

from logstats.stats import (
    broken_links,
    count_by,
    latencies,
    percentile,
    status_classes,
    top,
    top_paths,
    traffic_by_hour,
    unique_visitors,
    visitors_by_day,
)


@pytest.mark.parametrize(
    ("values", "q", "expected"),
    [
        ([5], 99, 5),
        ([1, 2], 50, 1.5),
        ([4, 1, 3, 2], 0, 1),
        ([4, 1, 3, 2], 100, 4),
        ([40, 10, 20, 30], 90, 37),
        ((3.0, 1.0, 2.0), 25, 1.5),
        ([7, 7, 7, 1], 50, 7),
    ],
)
def test_percentile(values, q, expected):
    assert percentile(values, q) == pytest.approx(expected, abs=1e-12)


def test_percentile_leaves_the_values_alone():
    values = [3, 1, 2]
    percentile(values, 50)
    assert values == [3, 1, 2]


def test_percentile_of_nothing():
    with pytest.raises(ValueError, match="percentile of no values"):
        percentile([], 50)


@pytest.mark.parametrize("q", [-1, 100.5])
def test_percentile_out_of_range(q):
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile([1], q)


def test_counts_are_a_dict_in_order_of_appearance():
    counts = count_by(iter(["b", "a", "b", "c"]))
    assert list(counts.items()) == [("b", 2), ("a", 1), ("c", 1)]
    assert type(counts) is dict
    assert count_by([]) == {}


def test_top_breaks_ties_by_name():
    assert top({"b": 2, "c": 3, "a": 2, "d": 1}, 3) == [("c", 3), ("a", 2), ("b", 2)]
    assert top({"a": 1}, 5) == [("a", 1)]
    assert top({"a": 1}, 0) == []
    assert top({}, 5) == []


def test_top_paths_counts_pages(make_entry):
    entries = [make_entry(path=path) for path in ["/o/1", "/o/2", "/a", "/b/", "/b", "/o/3"]]
    assert top_paths(entries, 2) == [("/o/:id", 3), ("/b", 2)]


def test_status_classes(make_entry):
    entries = [make_entry(status=status) for status in [503, 200, 404, 204, 500]]
    assert list(status_classes(entries).items()) == [("2xx", 2), ("4xx", 1), ("5xx", 2)]
    assert status_classes([]) == {}


def test_unique_visitors(make_entry):
    assert unique_visitors([make_entry(host=host) for host in "abacab"]) == 3
    assert unique_visitors([]) == 0


def test_visitors_by_day(make_entry):
    entries = [
        make_entry(86400, host="a"),
        make_entry(0, host="a"),
        make_entry(0, host="b"),
        make_entry(5, host="a"),
        make_entry(86401, host="a"),
    ]
    assert visitors_by_day(entries) == [("2024-05-01", 2), ("2024-05-02", 1)]
    assert visitors_by_day([]) == []


def test_traffic_by_hour(make_entry):
    totals = traffic_by_hour([make_entry(0, size=5), make_entry(3599, size=7), make_entry(-1, size=1)])
    assert len(totals) == 24
    assert (totals[11], totals[12]) == (1, 12)
    assert sum(totals) == 13
    assert traffic_by_hour([]) == [0] * 24


def test_broken_links(make_entry):
    entries = [
        make_entry(path="/z", status=404, referrer="r1"),
        make_entry(path="/a", status=404, referrer="r1"),
        make_entry(path="/z", status=404, referrer="r2"),
        make_entry(path="/z", status=404, referrer="r1"),
        make_entry(path="/z", status=404),
        make_entry(path="/y", status=410, referrer="r1"),
    ]
    assert broken_links(entries) == [("/z", "r1"), ("/a", "r1"), ("/z", "r2")]


def test_broken_links_stay_in_order_of_appearance(make_entry):
    paths = ["/%d" % (i * 7 % 40) for i in range(60)]
    entries = [make_entry(path=path, status=404, referrer="r") for path in paths]
    assert broken_links(entries) == [(path, "r") for path in paths[:40]]


def test_latencies(make_entry):
    slow = [make_entry(path="/o/%d" % i, duration=duration) for i, duration in enumerate([0.3, 0.9, 0.1, 0.9])]
    fast = make_entry(path="/a", duration=0.2)
    result = latencies([fast] + slow)
    assert [item.path for item in result] == ["/o/:id", "/a"]
    assert result[0].count == 4
    assert result[0].mean == pytest.approx(0.55)
    assert (result[0].p50, result[0].p90) == (pytest.approx(0.6), 0.9)
    assert result[0].slowest is slow[1]
    assert (result[1].p50, result[1].p99, result[1].count) == (0.2, 0.2, 1)


def test_equal_latencies_are_sorted_by_path(make_entry):
    assert [item.path for item in latencies([make_entry(path=path) for path in ["/b", "/c", "/a"]])] == ["/a", "/b", "/c"]
    assert latencies([]) == []
