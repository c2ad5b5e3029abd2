"""Parsing of access log lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Iterable, List, Optional, Tuple
from urllib.parse import unquote

TIME_FORMAT = "%d/%b/%Y:%H:%M:%S %z"


class ParseError(ValueError):
    """A line that is not an access log record."""


@dataclass
class Entry:
    """One request."""

    host: str
    user: Optional[str]
    time: datetime
    method: str
    path: str
    query: str
    status: int
    size: int
    referrer: Optional[str]
    agent: str
    duration: float

    @property
    def is_error(self) -> bool:
        return self.status >= 500


def join_continuations(lines: Iterable[str]) -> List[str]:
    """Put lines that were wrapped by the log shipper back together.

    A wrapped line goes on in the next line(s), which start with a tab. Blank lines are dropped.
    """
    pending = list(lines)
    records = []
    while pending:
        line = pending.pop(0).rstrip("\r\n")
        if not line.strip():
            continue
        while pending and pending[0].startswith("\t"):
            line += " " + pending.pop(0).strip()
        records.append(line)
    return records


def parse_time(text: str) -> datetime:
    """Parse a timestamp like 10/Oct/2023:13:55:36 +0200."""
    try:
        return datetime.strptime(text, TIME_FORMAT)
    except ValueError:
        raise ParseError("bad timestamp: %r" % text) from None


def split_target(target: str) -> Tuple[str, str]:
    """Split a request target into its decoded path and its raw query string."""
    target = re.sub(r"^https?://[^/]+", "", target)
    path, _, query = target.partition("?")
    return unquote(path) or "/", query


def parse_line(line: str) -> Entry:
    """Parse one record; raises ParseError if it is not one."""
    pattern = re.compile(
        r'(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] '
        r'"(?P<method>[A-Z]+) (?P<target>\S+)(?: HTTP/[\d.]+)?" '
        r'(?P<status>\d{3}) (?P<size>\d+|-) '
        r'"(?P<referrer>[^"]*)" "(?P<agent>[^"]*)" (?P<duration>\d+(?:\.\d+)?)\s*$'
    )
    match = pattern.match(line)
    if match is None:
        raise ParseError("not an access log record: %r" % line[:80])
    fields = match.groupdict()
    path, query = split_target(fields["target"])
    return Entry(
        host=fields["host"],
        user=None if fields["user"] == "-" else fields["user"],
        time=parse_time(fields["time"]),
        method=fields["method"],
        path=path,
        query=query,
        status=int(fields["status"]),
        size=0 if fields["size"] == "-" else int(fields["size"]),
        referrer=None if fields["referrer"] in ("", "-") else fields["referrer"],
        agent=fields["agent"],
        duration=float(fields["duration"]),
    )


def read_entries(lines: Iterable[str], strict: bool = False) -> Tuple[List[Entry], List[str]]:
    """Parse all lines; returns the entries and the records that could not be parsed.

    With strict the first bad record raises ParseError.
    """
    entries = []
    rejected = []
    for record in join_continuations(lines):
        try:
            entries.append(parse_line(record))
        except ParseError:
            if strict:
                raise
            rejected.append(record)
    return entries, rejected
