"""A profile in; its call tree, a flame graph as HTML, and the shares of functions out.

The graph is drawn here and not by a library: it is there without a script, a screen reader finds every frame's name and
time, and no minified program is put into the page. The script that zooms and searches moves what is drawn.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from llmopt import output
from llmopt.data import Function, Profile
from llmopt.reports import words

WIDTH, ROW = 100.0, 19  # percent of the page's column; a row's height in pixels
LEAST = 0.08  # percent: what is narrower is left out
DEEPEST = 80  # rows


@dataclass(frozen=True)
class Frame:
    """A function in the call tree with all that it calls: `seconds` of one repetition of the workloads. `kind` is
    "repository", "library", or "run" for the root."""

    name: str
    path: str
    line: int
    kind: str
    seconds: float
    children: tuple[Frame, ...] = ()


@dataclass
class _Node:
    seconds: float
    children: dict[int, _Node]


def tree(profile: Profile) -> Frame:
    """The call tree of all workloads; shares are of the profile's seconds."""
    root = _Node(sum(profile.seconds), {})
    for stack in profile.stacks:
        node, cost = root, stack.share * profile.seconds[stack.workload]
        for index in stack.frames:
            node = node.children.setdefault(index, _Node(0.0, {}))
            node.seconds += cost
    return Frame("all", "", 0, "run", round(root.seconds, 9), _children(root, profile, 1))


def _children(node: _Node, profile: Profile, depth: int) -> tuple[Frame, ...]:
    """The most expensive first. Deep recursion is cut where nobody reads on."""
    below = sorted(node.children.items(), key=lambda pair: -pair[1].seconds) if depth <= DEEPEST else []
    return tuple(_frame(profile.functions[index], child, profile, depth) for index, child in below)


def _frame(function: Function, node: _Node, profile: Profile, depth: int) -> Frame:
    kind = "library" if function.path.startswith(("/", "<")) else "repository"
    return Frame(
        output.one_line(function.name),
        output.one_line(function.path),
        function.line,
        kind,
        round(node.seconds, 9),
        _children(node, profile, depth + 1),
    )


def own_shares(profile: Profile) -> dict[str, float]:
    """Each function's share of the run in its own frames, by `Function.key`; workloads weigh the same."""
    count = max(1, len(profile.seconds))
    shares: dict[str, float] = {}
    for stack in profile.stacks:
        if stack.frames:
            key = profile.functions[stack.frames[-1]].key
            shares[key] = shares.get(key, 0.0) + stack.share / count
    return shares


def html(root: Frame, scale: float, title: str) -> str:
    """The graph, outermost caller at the top, in percent of the width. `scale` is how many seconds the whole width is:
    the same for two graphs makes them comparable."""
    boxes = list(_boxes(root, 0.0, 0, WIDTH / scale)) if scale > 0 else []
    rows = 1 + max((row for _, _, row, _ in boxes), default=0)
    drawn = [_drawn(frame, x, row, width, root.seconds) for frame, x, row, width in boxes]
    opening = f'<div class="flame" style="height:{rows * ROW}px" role="group" aria-label={quoteattr(title)}>'
    return "\n".join([opening, *drawn, "</div>"])


def _boxes(frame: Frame, x: float, row: int, unit: float) -> Iterator[tuple[Frame, float, int, float]]:
    width = frame.seconds * unit
    if width < LEAST:
        return
    yield frame, x, row, width
    for child in frame.children:
        yield from _boxes(child, x, row + 1, unit)
        x += child.seconds * unit


def _drawn(frame: Frame, x: float, row: int, width: float, whole: float) -> str:
    where = f" {frame.path}:{frame.line}" if frame.path else ""
    told = f"{frame.name}{where} — {words.precise(frame.seconds)}, {words.percent(frame.seconds / (whole or 1))}"
    shade = zlib.crc32(f"{frame.path}{frame.name}".encode()) % 4  # neighbours differ, the same function never does
    return (
        f'<button type="button" class="{frame.kind} s{shade}" title={quoteattr(told)} tabindex="{0 if row < 2 else -1}"'
        f' style="left:{x:.3f}%;width:{width:.3f}%;top:{row * ROW}px">{escape(frame.name)}</button>'
    )
