"""Grouping of requests into visits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Iterable, List

from .parser import Entry

DEFAULT_GAP = timedelta(minutes=30)


class Session:
    """The requests of one visitor without a longer pause between them."""

    def __init__(self, entry: Entry) -> None:
        self.host = entry.host
        self.agent = entry.agent
        self.entries = [entry]

    @property
    def start(self) -> datetime:
        return self.entries[0].time

    @property
    def end(self) -> datetime:
        return self.entries[-1].time

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    @property
    def entry_page(self) -> str:
        return self.entries[0].path

    @property
    def exit_page(self) -> str:
        return self.entries[-1].path

    @property
    def bounced(self) -> bool:
        return len(self.entries) == 1

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def __repr__(self) -> str:
        return "<Session %s %d requests>" % (self.host, len(self.entries))


def sessionize(entries: Iterable[Entry], gap: timedelta = DEFAULT_GAP) -> List[Session]:
    """Group requests into sessions, in the order in which the sessions began.

    A visitor is a host with a user agent. A pause of exactly `gap` does not end a session.
    """
    if gap < timedelta(0):
        raise ValueError("gap must not be negative")
    sessions: List[Session] = []
    active: List[Session] = []
    for entry in sorted(entries, key=lambda e: e.time):
        active = [session for session in active if entry.time - session.end <= gap]
        for session in active:
            if session.host == entry.host and session.agent == entry.agent:
                session.add(entry)
                break
        else:
            session = Session(entry)
            sessions.append(session)
            active.append(session)
    return sessions


def returning_visitors(sessions: List[Session]) -> int:
    """How many visitors came more than once."""
    once = []
    again = []
    for session in sessions:
        visitor = (session.host, session.agent)
        if visitor not in once:
            once.append(visitor)
        elif visitor not in again:
            again.append(visitor)
    return len(again)


def sessions_csv(sessions: List[Session]) -> str:
    """The sessions as CSV text."""
    text = "start,end,host,requests,seconds,entry,exit\n"
    for i in range(len(sessions)):
        session = sessions[i]
        text += ",".join(
            [
                session.start.isoformat(),
                session.end.isoformat(),
                session.host,
                str(len(session.entries)),
                "%.0f" % session.seconds,
                quote_field(session.entry_page),
                quote_field(session.exit_page),
            ]
        )
        text += "\n"
    return text


def quote_field(value: str) -> str:
    if "," in value or '"' in value:
        return '"' + value.replace('"', '""') + '"'
    return value
