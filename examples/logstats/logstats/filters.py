"""Which requests count."""

from __future__ import annotations

import re
from typing import Iterable, List

from .parser import Entry

STATIC_SUFFIXES = [".css", ".js", ".png", ".jpg", ".gif", ".svg", ".ico", ".woff2", ".map"]

BOTS = ["bot", "crawler", "spider", "slurp", "curl/", "python-requests", "wget", "headlesschrome", "pingdom", "uptimerobot"]


def read_hosts(lines: Iterable[str]) -> List[str]:
    """Read a list of hosts, one per line; '#' starts a comment."""
    hosts = []
    for line in lines:
        host = line.split("#")[0].strip()
        if host:
            hosts.append(host)
    return hosts


def drop_hosts(entries: List[Entry], hosts: List[str]) -> List[Entry]:
    """Leave out the requests of the given hosts (monitoring, load tests, the office)."""
    kept = []
    for entry in entries:
        if entry.host not in hosts:
            kept.append(entry)
    return kept


def is_static(path: str) -> bool:
    """Is it a file of the site's furniture, not a page?"""
    return any([path.lower().endswith(suffix) for suffix in STATIC_SUFFIXES])


def is_bot(agent: str) -> bool:
    return any([name in agent.lower() for name in BOTS])


def normalize_path(path: str) -> str:
    """Replace ids in a path by placeholders, so that /orders/17 and /orders/18 are one page."""
    path = re.sub(r"/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=/|$)", "/:uuid", path)
    path = re.sub(r"/\d+(?=/|$)", "/:id", path)
    if len(path) > 1:
        path = re.sub(r"/+$", "", path) or "/"
    return path


def page_views(entries: List[Entry]) -> List[Entry]:
    """The requests made by people for pages."""
    views = []
    for entry in entries:
        if not is_static(entry.path) and not is_bot(entry.agent):
            views.append(entry)
    return views
