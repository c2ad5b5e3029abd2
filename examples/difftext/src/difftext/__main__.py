"""The command line."""

import argparse
import sys
from typing import List, Optional

from .compare import Comparison
from .differ import Differ
from .formats import HtmlFormat, UnifiedFormat, WordFormat

FORMATS = {"unified": UnifiedFormat, "words": WordFormat, "html": HtmlFormat}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="difftext", description="Compare two texts.")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--format", choices=sorted(FORMATS), default="unified")
    parser.add_argument("--context", type=int, default=3, metavar="N")
    parser.add_argument("--ignore-space", action="store_true")
    parser.add_argument("--ignore-case", action="store_true")
    return parser


def read_lines(name: str) -> List[str]:
    with open(name, encoding="utf-8") as stream:
        return stream.read().splitlines()


def main(argv: Optional[List[str]] = None) -> int:
    """Exit code 0: no difference, 1: differences, 2: an error (as diff does)."""
    args = build_parser().parse_args(argv)
    try:
        old, new = read_lines(args.old), read_lines(args.new)
    except (OSError, UnicodeDecodeError) as error:
        print("difftext: %s" % error, file=sys.stderr)
        return 2
    differ = Differ(old, new, Comparison(args.ignore_space, args.ignore_case))
    text = FORMATS[args.format](differ, args.old, args.new, args.context).render()
    sys.stdout.write(text)
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
