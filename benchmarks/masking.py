"""What is masked in public code before it is sent: `python benchmarks/masking.py FOLDER... [--show]`.

Each FOLDER holds the sources of a package. Counts masked spans per 10,000 lines of Python, and the time per line; with
`--show` prints each, to be judged by eye.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from llmopt.search import secrets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    secrets.find("api_key")  # reads the rules
    print(f"{'package':<20} {'lines':>9} {'masked':>7} {'per 10,000':>11} {'µs per line':>12}")
    for folder in options.folders:
        lines = masked = 0
        seconds = 0.0
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text(encoding="utf-8", errors="replace")
            began = time.perf_counter()
            found = secrets.find(text, str(path))
            seconds += time.perf_counter() - began
            lines += text.count("\n")
            masked += len(found)
            for start, end in found if options.show else ():
                line = text.count("\n", 0, start) + 1
                shown = text.split("\n")[line - 1].strip()[:120]
                print(f"  {path.relative_to(folder)}:{line}: {text[start:end]!r} in {shown!r}")
        print(
            f"{folder.name:<20} {lines:>9,} {masked:>7} {masked / max(1, lines) * 10_000:>11.2f} "
            f"{seconds / max(1, lines) * 1e6:>12.1f}"
        )


if __name__ == "__main__":
    main()
