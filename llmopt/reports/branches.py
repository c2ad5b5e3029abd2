"""The edits of a run in, a picture of the tree of candidates out: what was tried on which base, and what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from llmopt.reports.gather import Tried

STEP, ROW, LEFT, RADIUS = 34, 58, 90, 11
SIGNS = {"kept": "✓", "aside": "?", "rejected": "✕"}


def svg(edits: Sequence[Tried], base: str) -> str:
    """One row for each base, its candidates from left to right; a kept one leads to the next row."""
    rows = _rows(edits, base)
    width = LEFT + STEP * (1 + max((len(found) for _, found in rows), default=0)) + 40
    height = ROW * len(rows) + 10
    parts = [
        f'<svg class="tree" viewBox="0 0 {width} {height}" width="{width}" role="group" '
        'aria-label="candidates by base">'
    ]
    for number, (commit, found) in enumerate(rows):
        y = ROW * number + 28
        parts.append(f'<text class="base" x="4" y="{y + 4}">{escape(commit[:8])}</text>')
        parts.append(f'<line x1="{LEFT - 16}" x2="{LEFT + STEP * len(found) - 4}" y1="{y}" y2="{y}"/>')
        for index, edit in enumerate(found):
            parts += _candidate(edit, LEFT + STEP * index + RADIUS, y, number + 1 < len(rows))
    return "".join([*parts, "</svg>"])


def _rows(edits: Sequence[Tried], base: str) -> list[tuple[str, list[Tried]]]:
    """The candidates by the base they were tried on, in the order of the run."""
    rows: list[tuple[str, list[Tried]]] = [(base, [])]
    for edit in edits:
        rows[-1][1].append(edit)
        if edit.accepted:
            rows.append((edit.commit, []))
    return rows


def kind(edit: Tried) -> str:
    """ "kept", "aside" or "rejected"."""
    return "kept" if edit.accepted else "aside" if edit.put_aside else "rejected"


def _candidate(edit: Tried, x: float, y: float, leads_on: bool) -> list[str]:
    ending = f"kept, {edit.speedup:.2f}x" if edit.accepted else f"{kind(edit)} at {edit.stage}"
    told = f"{edit.number}. {edit.function}: {ending}"
    parts = []
    if edit.accepted and leads_on:
        parts.append(f'<path d="M {x} {y + RADIUS} C {x} {y + ROW - 30}, 40 {y + 24}, 40 {y + ROW - 14}"/>')
    parts.append(
        f'<a href="#edit-{edit.number}" aria-label={quoteattr(told)}>'
        f'<g class="{kind(edit)}"><title>{escape(told)}</title>'
        f'<circle cx="{x}" cy="{y}" r="{RADIUS}"/><text x="{x}" y="{y + 4}">{SIGNS[kind(edit)]}</text>'
        f'<text class="number" x="{x}" y="{y + RADIUS + 12}">{edit.number}</text></g></a>'
    )
    return parts
