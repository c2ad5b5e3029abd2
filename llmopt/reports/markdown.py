"""A report in, Markdown out: the body of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llmopt import output
from llmopt.prompts import fenced
from llmopt.reports import words
from llmopt.reports.gather import Report, Tried
from llmopt.reports.summary import GAINS, SHOWN_COLD

MOST_REJECTED = 20


def body(report: Report) -> str:
    """The number first, then each kept edit with its evidence, then what was not kept."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    title = f"{report.headline} {GAINS[report.objective]}" if report.kept else "Nothing kept"
    yield f"## {title}"
    yield ""
    tried = f"{words.count(report.tried, 'edit')} tried in {words.duration(report.seconds)}, {report.cost}"
    yield f"{_measured(report)}{tried}; base `{report.base[:10]}`{_noise(report)}."
    if report.scope:
        yield f"Only changed code was looked at, {code(report.scope)}{report.reach}."
    if report.stopped:
        yield f"Stopped: {cell(report.stopped)}."
    if report.kept:
        yield from ("", "| # | edit | speedup [95 %] | evidence |", "|--:|---|---|---|")
        yield from (_row(edit) for edit in report.kept)
    for edit in report.kept:
        yield from _kept(edit)
    if report.whole:
        yield f"\nAll together on the original code: {cell('; '.join(report.whole.values()))}."
    others = [edit for edit in report.edits if not edit.accepted]
    if others:
        yield from _rejected(others)
    if report.not_worth:
        yield f"\nChanged, and not worth it: {_cold(report.not_worth)}."
    yield from _again(report)


def _measured(report: Report) -> str:
    if not report.kept:
        return ""
    pairs = len(report.workloads[0].values) if report.workloads else 0
    if report.measured != "end to end":
        return "The product of the edits' own measurements. "
    named = ", ".join(code(each.workload) for each in report.workloads)
    return f"Measured end to end on {named}, {pairs} pairs of fresh processes. "


def _noise(report: Report) -> str:
    return f", noise between runs {words.percent(report.noise)}" if report.noise else ""


def _row(edit: Tried) -> str:
    shown = words.described(edit.speedup, edit.interval)
    return f"| {edit.number} | {code(words.short(edit.function))} | {shown} | {edit.level} |"


def _kept(edit: Tried) -> Iterator[str]:
    plan = words.first_line(edit.plan, 300) or words.short(edit.function)
    yield f"\n<details><summary>{edit.number}. {escaped(plan)}</summary>\n"
    yield from (f"- **{stage}**: {cell(text)}" for stage, text in edit.proofs.items())
    yield f"- by {cell(edit.author)}, commit `{edit.commit[:10]}`"
    if edit.diff:
        yield f"\n{fenced(output.plain(edit.diff), 'diff')}"
    yield "\n</details>"


def _rejected(edits: list[Tried]) -> Iterator[str]:
    yield f"\n<details><summary>{words.count(len(edits), 'edit')} not kept</summary>\n"
    for edit in edits[:MOST_REJECTED]:
        end = "put aside" if edit.put_aside else "turned down"
        yield f"- {edit.number}. {code(words.short(edit.function))}: {end} at {edit.stage}: {cell(edit.reason)}"
    if len(edits) > MOST_REJECTED:
        yield f"- and {len(edits) - MOST_REJECTED} more"
    yield "\n</details>"


def _cold(functions: Sequence[tuple[str, str]]) -> str:
    shown = [f"{code(words.short(key))} ({cell(why)})" for key, why in functions[:SHOWN_COLD]]
    more = len(functions) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _again(report: Report) -> Iterator[str]:
    if report.measure_again:
        yield f"\nMeasure again: {code(report.measure_again)}"
    if report.undo:
        yield f"\nUndo: {code(report.undo)}"
    layer = f", confined by {report.sandbox}" if report.sandbox else ""
    yield f"\n<sub>llmopt {report.llmopt}, run {report.run}{layer}</sub>"


# --- text of others in Markdown --------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Text that Markdown and HTML take as it is, on one line."""
    text = output.one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{each}" if each in "\\`*_[]|#~@" else each for each in text)


def cell(text: str) -> str:
    """The same, cut to what a reader takes in."""
    return escaped(words.first_line(text, 400))


def code(text: str) -> str:
    """A code span that the text cannot end, also in a table."""
    text = output.one_line(text).replace("|", "\\|")
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
