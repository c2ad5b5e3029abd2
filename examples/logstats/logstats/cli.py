"""The command line."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import List, Optional

from .filters import read_hosts
from .parser import ParseError
from .report import Options, analyse, render_text
from .sessions import sessions_csv


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logstats", description="Report on a web server's access log.")
    parser.add_argument("log", help="the log file, '-' for standard input")
    parser.add_argument("--top", type=int, default=10, help="length of the rankings")
    parser.add_argument("--gap", type=int, default=30, metavar="MINUTES", help="pause that ends a session")
    parser.add_argument("--exclude-hosts", metavar="FILE", help="hosts to leave out, one per line")
    parser.add_argument("--sessions-csv", metavar="FILE", help="also write the sessions to FILE")
    parser.add_argument("--strict", action="store_true", help="stop at the first line that cannot be parsed")
    return parser


def read_log(name: str) -> List[str]:
    if name == "-":
        return sys.stdin.readlines()
    with open(name, encoding="utf-8", errors="replace") as stream:
        return stream.readlines()


def main(argv: Optional[List[str]] = None) -> int:
    args = build_parser().parse_args(argv)
    options = Options(top=args.top, gap=timedelta(minutes=args.gap), strict=args.strict)
    try:
        if args.exclude_hosts:
            with open(args.exclude_hosts, encoding="utf-8") as stream:
                options.exclude_hosts = read_hosts(stream)
        report = analyse(read_log(args.log), options)
    except (OSError, ParseError) as error:
        print("logstats: %s" % error, file=sys.stderr)
        return 1
    sys.stdout.write(render_text(report, args.top))
    if args.sessions_csv:
        with open(args.sessions_csv, "w", encoding="utf-8", newline="") as stream:
            stream.write(sessions_csv(report.sessions))
    return 0
