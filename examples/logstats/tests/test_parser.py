from datetime import datetime, timedelta, timezone

import pytest

from logstats.parser import ParseError, join_continuations, parse_line, parse_time, read_entries, split_target


def test_all_fields_of_a_line():
    entry = parse_line(
        '10.0.0.1 - alice [10/Oct/2023:13:55:36 +0200] "POST /cart/add?item=7&n=2 HTTP/1.1" 302 512 '
        '"https://shop.example/" "Mozilla/5.0 (X11)" 0.250'
    )
    assert entry.host == "10.0.0.1"
    assert entry.user == "alice"
    assert entry.time == datetime(2023, 10, 10, 13, 55, 36, tzinfo=timezone(timedelta(hours=2)))
    assert entry.time.utcoffset() == timedelta(hours=2)
    assert entry.method == "POST"
    assert (entry.path, entry.query) == ("/cart/add", "item=7&n=2")
    assert (entry.status, entry.size, entry.duration) == (302, 512, 0.25)
    assert type(entry.status) is int
    assert type(entry.duration) is float
    assert entry.referrer == "https://shop.example/"
    assert entry.agent == "Mozilla/5.0 (X11)"


def test_dashes_mean_nothing(make_line):
    entry = parse_line(make_line(size="-"))
    assert entry.user is None
    assert entry.size == 0
    assert entry.referrer is None


def test_empty_referrer_is_none_and_empty_agent_stays_empty(make_line):
    entry = parse_line(make_line(referrer="", agent=""))
    assert entry.referrer is None
    assert entry.agent == ""


def test_request_without_protocol():
    entry = parse_line('h - - [10/Oct/2023:13:55:36 +0000] "GET /x" 200 1 "-" "a" 1')
    assert entry.path == "/x"
    assert entry.duration == 1.0


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        'h - - [10/Oct/2023:13:55:36 +0000] "GET / HTTP/1.1" 2000 1 "-" "a" 0.1',
        'h - - [10/Oct/2023:13:55:36 +0000] "get / HTTP/1.1" 200 1 "-" "a" 0.1',
        'h - - [10/Oct/2023:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "a" 0.1 extra',
        'h - - [10/Oct/2023:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "a"',
        ' h - - [10/Oct/2023:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "a" 0.1',
    ],
)
def test_other_lines_are_errors(line):
    with pytest.raises(ParseError, match="not an access log record"):
        parse_line(line)


@pytest.mark.parametrize(
    "text",
    [
        "31/Feb/2023:00:00:00 +0000",
        "10/Oct/2023:24:00:00 +0000",
        "10/Oct/2023:13:60:00 +0000",
        "10/Okt/2023:13:55:36 +0000",
        "2023-10-10T13:55:36+00:00",
        "10/Oct/2023:13:55:36",
        "00/Oct/2023:13:55:36 +0000",
        "10/Oct/2023:13:55:36 +0000 ",
        "",
    ],
)
def test_bad_timestamps_are_errors(text):
    with pytest.raises(ParseError) as caught:
        parse_time(text)
    assert str(caught.value) == "bad timestamp: %r" % text
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29/Feb/2024:23:59:59 +0000", datetime(2024, 2, 29, 23, 59, 59, tzinfo=timezone.utc)),
        ("01/jan/2024:00:00:00 -0330", datetime(2024, 1, 1, tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
        ("1/Dec/2023:7:05:09 Z", datetime(2023, 12, 1, 7, 5, 9, tzinfo=timezone.utc)),
        ("10/Oct/2023:13:55:36 +05:30", datetime(2023, 10, 10, 13, 55, 36, tzinfo=timezone(timedelta(hours=5.5)))),
    ],
)
def test_timestamps(text, expected):
    time = parse_time(text)
    assert time == expected
    assert time.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", ("/", "")),
        ("/a%20b?x=%20", ("/a b", "x=%20")),
        ("https://shop.example/a?b?c", ("/a", "b?c")),
        ("http://shop.example", ("/", "")),
        ("/go?to=http://x.example/", ("/go", "to=http://x.example/")),
        ("?q=1", ("/", "q=1")),
    ],
)
def test_targets(target, expected):
    assert split_target(target) == expected


def test_wrapped_lines_are_joined():
    lines = ["one\n", "\ttwo\n", "\t three \n", "four\r\n", "\n", "  \n", "five"]
    assert join_continuations(lines) == ["one two three", "four", "five"]


def test_a_continuation_after_a_blank_line_stands_alone():
    assert join_continuations(["one\n", "\n", "\ttwo\n"]) == ["one", "\ttwo"]


def test_joining_takes_any_iterable_and_leaves_a_list_alone():
    lines = ["a\n", "b\n"]
    assert join_continuations(lines) == ["a", "b"]
    assert lines == ["a\n", "b\n"]
    assert join_continuations(line for line in lines) == ["a", "b"]
    assert join_continuations([]) == []


def test_rejected_records_are_kept_in_order(make_line):
    entries, rejected = read_entries(["x\n", make_line(target="/1"), "y\n", "\tz\n", make_line(target="/2"), "x\n"])
    assert [entry.path for entry in entries] == ["/1", "/2"]
    assert rejected == ["x", "y z", "x"]


def test_strict_stops_at_the_first_bad_record(make_line):
    with pytest.raises(ParseError, match="'bad one'"):
        read_entries([make_line(), "bad one\n", "bad two\n"], strict=True)
