from datetime import timedelta

import pytest

from logstats import Options, ParseError, analyse, render_text
from logstats.report import bar, human_size


@pytest.fixture
def log(make_line):
    lines = [
        make_line("10.0.0.9", target="/health", agent="check/1"),
        make_line("1.1.1.1", "01/May/2024:10:00:00 +0000", "/books/", size="2000", duration="0.500"),
        make_line("1.1.1.1", "01/May/2024:10:00:01 +0000", "/static/a.css", size="500"),
        make_line("1.1.1.1", "01/May/2024:10:10:00 +0000", "/books/item/7", duration="1.500"),
        make_line("1.1.1.1", "01/May/2024:11:10:00 +0000", "/old", status=404, referrer="https://x.example/"),
        make_line("2.2.2.2", "01/May/2024:11:20:00 +0000", "/books/item/8", agent="Googlebot"),
        "garbage\n",
    ]
    return lines + [
        make_line("3.3.3.%d" % i, "02/May/2024:09:00:%02d +0000" % i, "/books/item/%d" % i, status=500) for i in range(5)
    ]


def test_numbers_of_a_report(log):
    report = analyse(log, Options(exclude_hosts=["10.0.0.9"]))
    assert (report.requests, report.rejected, report.excluded, report.visitors) == (10, 1, 1, 7)
    assert report.statuses == {"2xx": 4, "4xx": 1, "5xx": 5}
    assert report.days == [("2024-05-01", 1), ("2024-05-02", 5)]
    assert report.pages == [("/books/item/:id", 6), ("/books", 1), ("/old", 1)]
    assert [len(session.entries) for session in report.sessions] == [2, 1, 1, 1, 1, 1, 1]
    assert report.returning == 1
    assert report.broken == [("/old", "https://x.example/")]
    assert [burst.count for burst in report.bursts] == [5]
    assert report.hours[10] == 2600


def test_text(log):
    lines = render_text(analyse(log, Options(exclude_hosts=["10.0.0.9"])), top=1).split("\n")
    assert lines[0] == "10 requests by 7 hosts (1 lines rejected, 1 requests excluded)"
    assert lines[1:4] == ["  2xx        4", "  4xx        1", "  5xx        5"]
    assert "  10  2.6 kB    ##############################" in lines
    assert "       6  /books/item/:id" in lines
    assert "  p50 0.100  p90 0.800  p99 1.430  max 1.500  /books/item/:id" in lines
    assert "  7 sessions, 1.1 pages on average, 86 % bounced" in lines
    assert "  1 visitors came back" in lines
    assert "  2024-05-02T09:00:00+00:00 .. 2024-05-02T09:00:04+00:00  5 errors, most at /books/item/0" in lines
    assert lines[-1] == ""


def test_options_reach_the_analysis(log):
    report = analyse(log, Options(top=1, gap=timedelta(minutes=5), burst_threshold=6))
    assert report.pages == [("/books/item/:id", 6)]
    assert len(report.sessions) == 9
    assert report.bursts == []


def test_empty_log():
    report = analyse([])
    assert report.requests == 0
    assert report.latencies == []
    text = render_text(report)
    assert text.startswith("0 requests by 0 hosts (0 lines rejected, 0 requests excluded)\n\nVisitors by day\n\n")
    assert "  00  0 B       \n" in text
    assert "  no sessions\n" in text


def test_strict(log):
    with pytest.raises(ParseError):
        analyse(log, Options(strict=True))


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e6, "2.5 MB"), (3e9, "3 GB"), (4e12, "4e+03 GB")]
)
def test_human_size(size, expected):
    assert human_size(size) == expected


def test_bar():
    assert bar(5, 10, width=10) == "#####"
    assert bar(0, 10) == ""
    assert bar(0, 0) == ""
