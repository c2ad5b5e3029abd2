"""A result in, Markdown out: the comment of a pull request, which is one however often it is renewed, and the summary.

Whatever the result says is text: in code spans, fences and escaped words that it cannot end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llmopt import output
from llmopt.ci import budget
from llmopt.ci.budget import Spent
from llmopt.ci.result import Edit, Hot, Result, Row, Search, Suggestion
from llmopt.prompts import fenced
from llmopt.reports import words
from llmopt.reports.markdown import cell, code, escaped

Groups = Sequence[Sequence[Suggestion]]
MOST_CHARACTERS = 60_000  # GitHub takes 65,536
MOST_HOT, MOST_COLD, MOST_OTHERS = 10, 8, 20
ICONS = {"slower": "🔴", "faster": "🟢", "same": "⚪", "inconclusive": "🟡"}


def mark(name: str) -> str:
    """What the comment begins with, by which it is found again; each `name` has one."""
    return f"<!-- llmopt:ci {re.sub(r'[^A-Za-z0-9_.]', '_', name) or 'default'} -->"


def body(result: Result, name: str, spent: Spent, outside: Groups = (), more: str = "") -> str:
    """The whole comment with its mark and what was spent. `outside` are suggestions that the diff does not show; `more`
    is a line on what was done besides."""
    text = markdown(result, outside, more, spent)
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS].rpartition("\n")[0] + _closed(text[:MOST_CHARACTERS])
    return f"{mark(name)}\n{text}\n{budget.hidden(spent)}\n"


def _closed(text: str) -> str:
    """The end of a text that was cut off, perhaps within a fence and a fold."""
    fences = re.findall(r"^`{3,}", text, re.MULTILINE)
    end = f"\n{fences[-1]}" if len(fences) % 2 else ""
    open_folds = text.count("<details>") - text.count("</details>")
    return f"{end}{'</details>' * open_folds}\n\nCut off: the rest is in the report."


def markdown(result: Result, outside: Groups | None = None, more: str = "", spent: Spent = budget.NOTHING) -> str:
    """What people read: what became slower or faster, what could be faster, then the figures behind it. Without
    suggestions that lie `outside` of a diff (None) the kept edits are in it as one patch."""
    text = "\n".join(_lines(result, outside, more, spent))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _lines(result: Result, outside: Groups | None, more: str, spent: Spent) -> Iterator[str]:
    yield f"### llmopt: {title(result)}"
    yield ""
    if result.skipped:
        yield f"Nothing was run: {cell(result.skipped)}."
    yield from _guard(result)
    if result.search:
        yield from _search(result.search)
    if result.search_problem:
        how = "The search ended early" if result.search else "Not optimised"
        yield f"\n{how}: {cell(result.search_problem)}."
    if more:
        yield f"\n{more}"
    yield from _patch(result) if outside is None else _outside(outside)
    yield from _hot(result.hot)
    yield from _end(result, spent)


def title(result: Result) -> str:
    """The result in some words."""
    if result.skipped:
        return "skipped"
    if result.broken:
        return "🔴 a workload fails"
    guard = result.guard
    verdict = ("slower" if guard.is_slower else guard.verdict) if guard else ""
    said = f"{ICONS[verdict]} {verdict}" if verdict else "not compared"
    kept = len(result.search.kept) if result.search else 0
    return f"{said}, {words.count(kept, 'edit')} proven faster" if kept else said


# --- slower or faster ------------------------------------------------------------------------------------------


def _guard(result: Result) -> Iterator[str]:
    if result.guard_problem:
        yield f"Not compared: {cell(result.guard_problem)}."
    if (guard := result.guard) is None:
        return
    first, *others = [cell(line) for line in guard.lines] or [guard.verdict]
    yield f"**{first}**"
    yield from others
    if guard.rows:
        yield from ("", "| workload | base | head | speedup [interval] | pairs | |", "|---|--:|--:|--:|--:|---|")
        yield from (_row(row) for row in guard.rows)
    yield ""
    yield from (f"- {cell(notice)}" for notice in guard.notices)


def _row(row: Row) -> str:
    shown = [code(row.name), cell(row.base), cell(row.head), cell(row.speedup), str(row.pairs), row.verdict]
    return f"| {' | '.join(shown)} |"


def _hot(hot: Sequence[Hot]) -> Iterator[str]:
    if not hot:
        return
    yield "\n<details><summary>Hot functions before and after</summary>\n"
    yield from ("| function | base | head | |", "|---|--:|--:|---|")
    for each in hot[:MOST_HOT]:
        base, head = use(each.base_share, each.base_seconds), use(each.head_share, each.head_seconds)
        yield f"| {code(words.short(each.key))} | {base} | {head} | {'changed' if each.touched else ''} |"
    yield "\n</details>"


def use(share: float | None, seconds: float | None) -> str:
    """A function's share of the run, and its seconds."""
    if share is None:
        return "—"
    return f"{words.percent(share)}{f' ({words.precise(seconds)})' if seconds is not None else ''}"


# --- what could be faster --------------------------------------------------------------------------------------


def _search(search: Search) -> Iterator[str]:
    yield f"\n**{cell(search.headline)}**"
    if search.stopped:
        yield f"Stopped: {cell(search.stopped)}."
    if search.kept:
        yield from ("", "| # | edit | speedup [95 %] | evidence | by |", "|--:|---|---|---|---|")
        yield from (_edit(edit) for edit in search.kept)
    for edit in search.kept:
        plan = words.first_line(edit.plan, 300) or edit.function
        yield f"\n<details><summary>{edit.number}. {escaped(plan)}</summary>\n"
        yield from (f"- **{cell(stage)}**: {cell(text)}" for stage, text in edit.evidence.items() if stage != "files")
        yield "\n</details>"
    others = [edit for edit in search.edits if not edit.kept]
    if others:
        yield f"\n<details><summary>{words.count(len(others), 'edit')} not kept</summary>\n"
        yield from (
            f"- {edit.number}. {code(words.short(edit.function))}: {cell(edit.reason)}" for edit in others[:MOST_OTHERS]
        )
        yield "\n</details>"
    if search.cold:
        shown = ", ".join(code(words.short(name)) for name, _ in search.cold[:MOST_COLD])
        yield f"\nChanged and not hot, so not looked at: {shown}{' …' if len(search.cold) > MOST_COLD else ''}."


def _edit(edit: Edit) -> str:
    shown = [
        str(edit.number),
        code(words.short(edit.function)),
        cell(edit.speedup),
        cell(edit.level),
        cell(edit.author),
    ]
    return f"| {' | '.join(shown)} |"


def _patch(result: Result) -> Iterator[str]:
    if result.search and result.search.diff:
        yield from _folded("The kept edits as a patch", result.search.diff)


def _outside(groups: Groups) -> Iterator[str]:
    """What cannot be a suggestion, to be applied by hand."""
    if groups:
        yield "\nNot all of their lines are in this pull request's diff, so these cannot be suggestions on lines:"
    for group in groups:
        for each in group:
            lines = [*(f"-{line}" for line in each.old), *(f"+{line}" for line in each.new)]
            yield from _folded(f"{each.path}, lines {each.start} to {each.end}", "\n".join(lines))


def _folded(title: str, diff: str) -> Iterator[str]:
    yield f"\n<details><summary>{escaped(title)}</summary>\n"
    yield fenced(output.plain(diff), "diff")
    yield "\n</details>"


def suggestion(each: Suggestion, search: Search, block: str, marked: str, part: str = "") -> str:
    """The text of a comment on lines."""
    edits = [edit for edit in search.kept if edit.number in each.edits]
    said = "; ".join(
        f"{escaped(words.first_line(edit.plan, 200) or edit.function)} ({cell(edit.speedup)} end to end, "
        f"evidence: {cell(edit.level)})"
        for edit in edits
    )
    return f"{marked}\n{said or 'Faster'}{part}\n\n{block}\n"


# --- the end ---------------------------------------------------------------------------------------------------


def _end(result: Result, spent: Spent) -> Iterator[str]:
    yield from (
        f"\n- {cell(notice)}" if not number else f"- {cell(notice)}" for number, notice in enumerate(result.notices)
    )
    change, guard = result.change, result.guard
    where = f", on {cell(guard.machine)}, sandbox: {cell(guard.sandbox)}" if guard and guard.machine else ""
    cost = _cost(result, spent)
    yield (
        f"\n<sub>llmopt {cell(result.llmopt)}: {cell(change.name)}, `{change.base[:10]}` to `{change.head[:10]}`, "
        f"{words.duration(result.seconds)}{where}{cost}</sub>"
    )


def _cost(result: Result, spent: Spent) -> str:
    own = result.search
    if not (spent.tokens or (own and own.tokens)):
        return ""
    used = f"; {own.tokens} tokens ({own.cost_usd:.2f} USD)" if own else ""
    return f"{used}; all runs on this pull request: {spent.tokens} tokens ({spent.cost_usd:.2f} USD)"
