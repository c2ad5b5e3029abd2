import pytest

from logstats.filters import drop_hosts, is_bot, is_static, normalize_path, page_views, read_hosts


def test_hosts_file():
    lines = ["# monitors\n", "10.0.0.1\n", "\n", "  10.0.0.2  # new\n", "10.0.0.1"]
    assert read_hosts(lines) == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


def test_hosts_are_dropped_and_the_order_stays(make_entry):
    entries = [make_entry(host=host) for host in ["a", "b", "c", "a", "d", "b"]]
    kept = drop_hosts(entries, ["b", "d", "x"])
    assert [entry.host for entry in kept] == ["a", "c", "a"]
    assert kept[0] is entries[0]
    assert len(entries) == 6


def test_no_hosts_to_drop_gives_a_new_list(make_entry):
    entries = [make_entry()]
    kept = drop_hosts(entries, [])
    assert kept == entries
    assert kept is not entries
    assert drop_hosts([], ["a"]) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a.css", True), ("/LOGO.PNG", True), ("/css", False), ("/a.css/edit", False), ("/", False), ("", False)],
)
def test_static_files(path, expected):
    assert is_static(path) is expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [("Googlebot/2.1", True), ("CURL/8.0", True), ("Mozilla/5.0 Firefox/125.0", False), ("", False), ("curl", False)],
)
def test_bots(agent, expected):
    assert is_bot(agent) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/orders/17/items/4", "/orders/:id/items/:id"),
        ("/orders/17/4/5", "/orders/:id/:id/:id"),
        ("/orders/17x", "/orders/17x"),
        ("/users/0f8fad5b-d9cb-469f-a165-70867728950e/edit", "/users/:uuid/edit"),
        ("/users/0F8FAD5B-d9cb-469f-a165-70867728950e", "/users/0F8FAD5B-d9cb-469f-a165-70867728950e"),
        ("/books/", "/books"),
        ("/books///", "/books"),
        ("/", "/"),
        ("//", "/"),
        ("/12/", "/:id"),
        ("/٣", "/:id"),
        ("", ""),
    ],
)
def test_normalized_paths(path, expected):
    assert normalize_path(path) == expected


def test_page_views(make_entry):
    page, static, bot = make_entry(path="/a"), make_entry(path="/a.js"), make_entry(agent="bingbot")
    assert page_views([static, page, bot, page]) == [page, page]
