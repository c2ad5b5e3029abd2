"""Reports on web server access logs."""

from .parser import Entry, ParseError, parse_line, read_entries
from .report import Options, Report, analyse, render_text
from .sessions import Session, sessionize

__version__ = "0.4.2"

__all__ = [
    "Entry",
    "Options",
    "ParseError",
    "Report",
    "Session",
    "analyse",
    "parse_line",
    "read_entries",
    "render_text",
    "sessionize",
]
