"""The documentation's links to other hosts in, those that nobody answers out. It needs the network: `make links`.

python docsite/reach.py
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from links import links

ROOT = Path(__file__).parents[1]
SECONDS = 20.0
AGENT = {"User-Agent": "Mozilla/5.0 (llmopt's check of its documentation)"}  # some hosts turn urllib's own away
REFUSALS = (401, 403, 405, 429)  # the page is there, and not for a program


def main() -> None:
    urls = sorted({url for file in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")] for url in external(file)})
    with ThreadPoolExecutor(8) as several:
        problems = [f"{url}: {said}" for url, said in zip(urls, several.map(problem, urls), strict=True) if said]
    print("\n".join([*problems, f"{len(urls)} links, {len(problems)} that lead nowhere"]))
    sys.exit(bool(problems))


def external(file: Path) -> Iterator[str]:
    """The addresses on other hosts that a page links to, without their anchors."""
    for link in links(file.read_text(encoding="utf-8")):
        if link.target.startswith(("http://", "https://")):
            yield link.target.partition("#")[0]


def problem(url: str) -> str:
    """What is wrong with an address, "" for nothing."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=AGENT), timeout=SECONDS):
            return ""
    except urllib.error.HTTPError as answer:
        answer.close()
        return "" if answer.code in REFUSALS else f"{answer.code} {answer.reason}"
    except OSError as error:
        return str(getattr(error, "reason", error))


if __name__ == "__main__":
    main()
