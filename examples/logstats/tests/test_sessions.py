from datetime import timedelta

import pytest

from logstats.sessions import Session, returning_visitors, sessionize, sessions_csv


def shape(sessions):
    return [(s.host, [e.path for e in s.entries]) for s in sessions]


def test_a_pause_ends_a_session(make_entry):
    entries = [make_entry(0, path="/1"), make_entry(1800, path="/2"), make_entry(3601, path="/3")]
    assert shape(sessionize(entries)) == [("1.2.3.4", ["/1", "/2"]), ("1.2.3.4", ["/3"])]


def test_the_gap_counts_from_the_last_request(make_entry):
    entries = [make_entry(seconds) for seconds in (0, 50, 100, 150, 211)]
    assert [len(s.entries) for s in sessionize(entries, timedelta(seconds=60))] == [4, 1]


def test_a_visitor_is_a_host_with_an_agent(make_entry):
    entries = [
        make_entry(0, host="a", agent="x", path="/1"),
        make_entry(1, host="a", agent="y", path="/2"),
        make_entry(2, host="b", agent="x", path="/3"),
        make_entry(3, host="a", agent="x", path="/4"),
    ]
    assert shape(sessionize(entries)) == [("a", ["/1", "/4"]), ("a", ["/2"]), ("b", ["/3"])]


def test_sessions_are_in_order_of_their_start(make_entry):
    entries = [
        make_entry(0, host="a"),
        make_entry(10, host="b"),
        make_entry(100, host="a"),
        make_entry(5000, host="b"),
        make_entry(5001, host="a"),
    ]
    assert [s.host for s in sessionize(entries)] == ["a", "b", "b", "a"]


def test_requests_are_sorted_and_equal_times_keep_their_order(make_entry):
    entries = [make_entry(5, path="/c"), make_entry(0, path="/a"), make_entry(5, path="/d"), make_entry(0, path="/b")]
    before = list(entries)
    assert shape(sessionize(entries)) == [("1.2.3.4", ["/a", "/b", "/c", "/d"])]
    assert entries == before


def test_a_zero_gap_joins_only_equal_times(make_entry):
    entries = [make_entry(0), make_entry(0), make_entry(1)]
    assert [len(s.entries) for s in sessionize(entries, timedelta(0))] == [2, 1]


def test_no_requests_no_sessions():
    assert sessionize([]) == []
    assert sessionize(iter([])) == []


def test_negative_gap():
    with pytest.raises(ValueError, match="gap must not be negative"):
        sessionize([], timedelta(seconds=-1))


def test_properties_of_a_session(make_entry):
    session = Session(make_entry(0, path="/in"))
    assert session.bounced
    session.add(make_entry(90, path="/out"))
    assert not session.bounced
    assert session.seconds == 90.0
    assert (session.entry_page, session.exit_page) == ("/in", "/out")
    assert repr(session) == "<Session 1.2.3.4 2 requests>"


def test_returning_visitors(make_entry):
    sessions = [Session(make_entry(host=host)) for host in ["a", "b", "a", "a", "c", "b"]]
    sessions.append(Session(make_entry(host="c", agent="other")))
    assert returning_visitors(sessions) == 2
    assert returning_visitors([]) == 0


def test_csv(make_entry):
    session = Session(make_entry(0, path='/a,"b"'))
    session.add(make_entry(90, path="/out"))
    assert sessions_csv([session, Session(make_entry(60, host="b"))]) == (
        "start,end,host,requests,seconds,entry,exit\n"
        '2024-05-01T12:00:00+00:00,2024-05-01T12:01:30+00:00,1.2.3.4,2,90,"/a,""b""",/out\n'
        "2024-05-01T12:01:00+00:00,2024-05-01T12:01:00+00:00,b,1,0,/,/\n"
    )


def test_csv_without_sessions_is_the_header():
    assert sessions_csv([]) == "start,end,host,requests,seconds,entry,exit\n"
