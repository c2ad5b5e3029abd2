"""The built site in; an error that names what its pages would load from elsewhere out. Links to follow are fine.

python docsite/closed.py
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

SITE = Path(__file__).parents[1] / "build" / "site"
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preconnect|preload|icon|dns-prefetch))[^>]*?\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"')\s]+)|url\([\"']?((?:https?:)?//[^\"')\s]+)",
)


def main() -> None:
    pages = [page for kind in ("*.html", "*.css") for page in sorted(SITE.rglob(kind))]
    if not pages:
        sys.exit(f"{SITE} has no pages: run `make docs`")
    found = [f"{page.relative_to(SITE)}: {url}" for page in pages for url in loaded(page.read_text(encoding="utf-8"))]
    sys.exit("\n".join(["loaded from elsewhere:", *found]) if found else 0)


def loaded(text: str) -> Iterator[str]:
    """The addresses of other hosts that a page or a style sheet loads by itself."""
    for match in LOADED.finditer(text):
        yield next(filter(None, match.groups()))


if __name__ == "__main__":
    main()
