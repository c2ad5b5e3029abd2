"""Counts, rankings and percentiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

from .filters import normalize_path
from .parser import Entry


@dataclass
class Latency:
    """How long the requests of a page took, in seconds."""

    path: str
    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    slowest: Entry


def percentile(values: Sequence[float], q: float) -> float:
    """The q-th percentile, with linear interpolation between the two nearest values."""
    if not values:
        raise ValueError("percentile of no values")
    if not 0 <= q <= 100:
        raise ValueError("q must be between 0 and 100")
    ordered = sorted(list(values))
    position = (len(ordered) - 1) * q / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def count_by(keys: Iterable[str]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for key in keys:
        if key not in counts.keys():
            counts[key] = 0
        counts[key] += 1
    return counts


def top(counts: Dict[str, int], n: int) -> List[Tuple[str, int]]:
    """The n largest counts; equal counts in alphabetical order."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]


def top_paths(entries: List[Entry], n: int = 10) -> List[Tuple[str, int]]:
    return top(count_by([normalize_path(entry.path) for entry in entries]), n)


def status_classes(entries: List[Entry]) -> Dict[str, int]:
    """Counts of 2xx, 3xx, … in this order; classes that did not occur are left out."""
    counts = count_by("%dxx" % (entry.status // 100) for entry in entries)
    return {name: counts[name] for name in list(sorted(counts))}


def unique_visitors(entries: List[Entry]) -> int:
    """The number of different hosts."""
    seen = []
    for entry in entries:
        if entry.host not in seen:
            seen.append(entry.host)
    return len(seen)


def visitors_by_day(entries: List[Entry]) -> List[Tuple[str, int]]:
    """The number of different hosts of each day with requests, by date."""
    days: Dict[str, List[Entry]] = {}
    for entry in entries:
        days.setdefault(entry.time.strftime("%Y-%m-%d"), []).append(entry)
    result = []
    for day in sorted(days.keys()):
        result.append((day, unique_visitors(days[day])))
    return result


def traffic_by_hour(entries: List[Entry]) -> List[int]:
    """Bytes sent in each of the 24 hours of the day."""
    totals = [0] * 24
    for i in range(len(entries)):
        totals[entries[i].time.hour] += entries[i].size
    return totals


def broken_links(entries: List[Entry]) -> List[Tuple[str, str]]:
    """Missing pages with the page that links to them, each pair once, in order of appearance."""
    links = []
    for entry in entries:
        if entry.status == 404 and entry.referrer is not None:
            link = (entry.path, entry.referrer)
            if link not in links:
                links.append(link)
    return links


def latencies(entries: List[Entry]) -> List[Latency]:
    """Latency of each page, the one with the largest p90 first; equal ones by path."""
    groups: Dict[str, List[Entry]] = {}
    for entry in entries:
        path = normalize_path(entry.path)
        if path not in groups.keys():
            groups[path] = []
        groups[path].append(entry)
    result = []
    for path in groups:
        group = groups[path]
        durations = [entry.duration for entry in group]
        result.append(
            Latency(
                path=path,
                count=len(group),
                mean=sum(durations) / len(durations),
                p50=percentile(durations, 50),
                p90=percentile(durations, 90),
                p99=percentile(durations, 99),
                slowest=sorted(group, key=lambda e: -e.duration)[0],
            )
        )
    return sorted(result, key=lambda item: (-item.p90, item.path))
