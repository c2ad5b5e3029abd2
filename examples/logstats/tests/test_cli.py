import io

import pytest

from logstats.cli import main


@pytest.fixture
def log_file(tmp_path, make_line):
    path = tmp_path / "access.log"
    path.write_text(make_line("a") + make_line("b") + "bad\n", encoding="utf-8")
    return path


def test_report_on_a_file(log_file, capsys):
    assert main([str(log_file)]) == 0
    assert capsys.readouterr().out.startswith("2 requests by 2 hosts (1 lines rejected")


def test_excluded_hosts(log_file, tmp_path, capsys):
    hosts = tmp_path / "hosts.txt"
    hosts.write_text("b # office\n", encoding="utf-8")
    assert main([str(log_file), "--exclude-hosts", str(hosts)]) == 0
    assert capsys.readouterr().out.startswith("1 requests by 1 hosts (1 lines rejected, 1 requests excluded)")


def test_sessions_file(log_file, tmp_path):
    target = tmp_path / "sessions.csv"
    assert main([str(log_file), "--sessions-csv", str(target)]) == 0
    assert len(target.read_bytes().split(b"\n")) == 4


def test_standard_input(monkeypatch, capsys, make_line):
    monkeypatch.setattr("sys.stdin", io.StringIO(make_line()))
    assert main(["-"]) == 0
    assert capsys.readouterr().out.startswith("1 requests")


def test_strict_and_missing_files_fail(log_file, capsys):
    assert main([str(log_file), "--strict"]) == 1
    assert "not an access log record: 'bad'" in capsys.readouterr().err
    assert main([str(log_file) + ".gz"]) == 1
    assert "No such file" in capsys.readouterr().err
