"""The whole report, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Dict, Iterable, List, Tuple

from .bursts import Burst, error_bursts
from .filters import drop_hosts, page_views
from .parser import read_entries
from .sessions import DEFAULT_GAP, Session, returning_visitors, sessionize
from .stats import (
    Latency,
    broken_links,
    latencies,
    percentile,
    status_classes,
    top_paths,
    traffic_by_hour,
    unique_visitors,
    visitors_by_day,
)


@dataclass
class Options:
    """What the report covers."""

    top: int = 10
    gap: timedelta = DEFAULT_GAP
    burst_window: timedelta = timedelta(minutes=1)
    burst_threshold: int = 5
    exclude_hosts: List[str] = field(default_factory=list)
    strict: bool = False


@dataclass
class Report:
    requests: int
    rejected: int
    excluded: int
    visitors: int
    statuses: Dict[str, int]
    days: List[Tuple[str, int]]
    hours: List[int]
    pages: List[Tuple[str, int]]
    latencies: List[Latency]
    sessions: List[Session]
    returning: int
    broken: List[Tuple[str, str]]
    bursts: List[Burst]


def analyse(lines: Iterable[str], options: Options = Options()) -> Report:
    """Analyse the lines of an access log."""
    entries, rejected = read_entries(lines, strict=options.strict)
    kept = drop_hosts(entries, options.exclude_hosts)
    views = page_views(kept)
    sessions = sessionize(views, options.gap)
    return Report(
        requests=len(kept),
        rejected=len(rejected),
        excluded=len(entries) - len(kept),
        visitors=unique_visitors(kept),
        statuses=status_classes(kept),
        days=visitors_by_day(views),
        hours=traffic_by_hour(kept),
        pages=top_paths(views, options.top),
        latencies=latencies(views),
        sessions=sessions,
        returning=returning_visitors(sessions),
        broken=broken_links(views),
        bursts=error_bursts(kept, options.burst_window, options.burst_threshold),
    )


def human_size(size: float) -> str:
    for unit in ["B", "kB", "MB"]:
        if size < 1000:
            return "%.3g %s" % (size, unit)
        size = size / 1000
    return "%.3g GB" % size


def bar(value: int, largest: int, width: int = 30) -> str:
    if largest == 0:
        return ""
    return "#" * round(value * width / largest)


def session_lines(sessions: List[Session]) -> List[str]:
    if not sessions:
        return ["no sessions"]
    lengths = [len(session.entries) for session in sessions]
    bounced = len([session for session in sessions if session.bounced])
    durations = [session.seconds for session in sessions]
    return [
        "%d sessions, %.1f pages on average, %.0f %% bounced"
        % (len(sessions), sum(lengths) / len(lengths), 100 * bounced / len(sessions)),
        "median %.0f s, 90 %% below %.0f s" % (percentile(durations, 50), percentile(durations, 90)),
    ]


def render_text(report: Report, top: int = 10) -> str:
    """The report as text for a terminal."""
    out = "%d requests by %d hosts (%d lines rejected, %d requests excluded)\n" % (
        report.requests,
        report.visitors,
        report.rejected,
        report.excluded,
    )
    for name, count in report.statuses.items():
        out += "  %s %8d\n" % (name, count)
    out += "\nVisitors by day\n"
    for day, visitors in report.days:
        out += "  %s %6d\n" % (day, visitors)
    out += "\nTraffic by hour\n"
    largest = sorted(report.hours, reverse=True)[0]
    for i in range(len(report.hours)):
        out += "  %02d  %-9s %s\n" % (i, human_size(report.hours[i]), bar(report.hours[i], largest))
    out += "\nPages\n"
    for path, count in report.pages:
        out += "  %6d  %s\n" % (count, path)
    out += "\nSlowest pages\n"
    for item in report.latencies[:top]:
        out += "  p50 %.3f  p90 %.3f  p99 %.3f  max %.3f  %s\n" % (
            item.p50,
            item.p90,
            item.p99,
            item.slowest.duration,
            item.path,
        )
    out += "\nSessions\n"
    for line in session_lines(report.sessions):
        out += "  " + line + "\n"
    out += "  %d visitors came back\n" % report.returning
    out += "\nBroken links\n"
    for path, referrer in report.broken[:top]:
        out += "  %s <- %s\n" % (path, referrer)
    out += "\nError bursts\n"
    for burst in report.bursts:
        out += "  %s .. %s  %d errors, most at %s\n" % (
            burst.start.isoformat(),
            burst.end.isoformat(),
            burst.count,
            burst.path,
        )
    return out
