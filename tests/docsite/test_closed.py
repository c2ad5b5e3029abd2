"""What a page loads by itself is told from where its reader may go."""

from __future__ import annotations

import closed
import pytest


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<script async src=//cdn.example/x.js></script>",
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        '<link href="https://cdn.example/x.css" rel=preconnect>',
        "<img alt=x src='http://cdn.example/x.png'>",
        "@import url(https://cdn.example/x.css)",
        "src: url('https://cdn.example/x.woff2')",
    ],
)
def test_what_is_loaded_from_another_host_is_found(text: str) -> None:
    (url,) = closed.loaded(text)
    assert "//cdn.example/x" in url


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://example.org">there</a>',
        '<script src="./assets/x.js"></script>',
        '<link rel="next" href="https://example.org/next.html">',
        '<svg xmlns="http://www.w3.org/2000/svg">',
        "background: url(data:image/png;base64,AA)",
        "<code>&lt;script src=https://cdn.example/x.js&gt;</code>",
    ],
)
def test_links_and_own_files_are_fine(text: str) -> None:
    assert not list(closed.loaded(text))
