"""Links to other hosts are asked for, on a server of the test's own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import reach


class Pages(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        if self.path == "/302":
            self.send_header("Location", "/404")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "said"), [("200", ""), ("403", ""), ("404", "404 Not Found"), ("302", "404 Not Found"), ("500", "500")]
)
def test_a_page_that_is_not_there_is_told_from_one_that_is_not_for_programs(host: str, path: str, said: str) -> None:
    assert reach.problem(f"{host}/{path}").startswith(said)
    assert bool(reach.problem(f"{host}/{path}")) is bool(said)


def test_a_host_that_does_not_answer_is_a_problem() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        assert "refused" in reach.problem(f"http://127.0.0.1:{unheard.getsockname()[1]}/")


def test_only_links_to_other_hosts_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("[a](b.md) [c](https://example.org/d#e) `[f](https://example.org/g)` [h](#i)\n")
    assert [*reach.external(tmp_path / "x.md")] == ["https://example.org/d"]
