"""A model's reply in, the edits it carries and the plan it opens with out.

Three forms are understood, over one or more files: search/replace blocks, whole functions, and hunks of a unified diff.
Nothing is looked up in the repository here: whether an edit fits is for `llmopt.edits` to say.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmopt import syntax
from llmopt.data import Edit
from llmopt.errors import EditError

OPEN = re.compile(r"\s*<{5,9}\s*SEARCH\b[\s:]*(?P<path>.*)$", re.IGNORECASE)
DIVIDER = re.compile(r"\s*={5,9}\s*$")
CLOSE = re.compile(r"\s*>{5,9}\s*REPLACE\b", re.IGNORECASE)
FUNCTION = re.compile(r"[\s#>*`\-\d.]*FUNCTION[\s*`]*:[\s*`]*(?P<path>[^\s*`].*?)::(?P<name>[\w.<>]+)[\s*`:]*$")
HUNK = re.compile(r"@@(\s|$)")
FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
ESCAPED = re.compile(r"^\s*((&lt;){5,9}\s*SEARCH|(&gt;){5,9}\s*REPLACE).*$", re.IGNORECASE | re.MULTILINE)
THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)

CHOSEN = re.compile(r"[\s#>*`\-\d.]*PLAN[\s*`]*:[*`]*\s*")
LEFT = re.compile(r"[\s#>*`\-\d.]*LEFT[\s*`]*:[\s*`~≈]*(?P<gain>\d+(?:\.\d+)?)\s*[x×]")
GAIN = re.compile(r"\bgain\b.*\d", re.IGNORECASE)
NUMBERED = re.compile(r"[\s*#]*\d+[.)]\s+\S")

SUFFIX = r"\.(pyi?|pyx|pxd|pxi|c|h|cc|cpp|hpp|rs|toml|cfg|ini|txt|md|rst|json|ya?ml|html|j2)"
PATH = re.compile(r"[^\s<>\"'`(){}\[\]=,;|*]*" + SUFFIX)
ODD_PATH = re.compile(r"[^<>`|]+" + SUFFIX)  # with spaces, brackets and the like; prose may look so too
LABEL = re.compile(r"[*`]*(?:file(?:name| path)?|path)[*`]*\s*:", re.IGNORECASE)
BULLET = re.compile(r"(#+|//|[-*+]|\d+[.)])\s+")
QUOTES = "*`\"' :\t"
MARKDOWN = (".md", ".rst", ".txt")

LOOK_BACK = 4  # lines with text between a file's name and its block; more is prose about something else
LONGEST_HEADER = 500  # characters; a longer line names no file
LONGEST_PLAN = 1200  # characters kept of the prose
LONGEST_REASONS = 1500  # of the plans and the one that was taken


@dataclass(frozen=True)
class Found:
    """An edit and the line after it."""

    edit: Edit
    end: int


def parse(text: str) -> tuple[Edit, ...]:
    """The edits of a reply in its order; EditError when there is none or one is malformed."""
    edits = tuple(_scan(_lines(text)))
    if not edits:
        raise EditError("the reply holds no edit", "send search/replace blocks, each under the name of its file")
    return edits


def plan_of(text: str) -> str:
    """The prose before the first edit, from "PLAN:" on where that is in it, at most LONGEST_PLAN characters."""
    kept = _reasons(text)
    chosen = [at for at, line in enumerate(kept) if CHOSEN.match(line)]
    if chosen:
        kept = [CHOSEN.sub("", kept[chosen[-1]], count=1), *kept[chosen[-1] + 1 :]]
    return _cut("\n".join(kept).strip(), LONGEST_PLAN)


def reasons(text: str) -> str:
    """The prose before the first edit: from the first plan that tells its gain on, else all of it."""
    prose = _reasons(text)
    first = next((at for at, line in enumerate(prose) if GAIN.search(line)), 0)
    return _cut("\n".join(prose[first:]).strip(), LONGEST_REASONS)


def _reasons(text: str) -> list[str]:
    return [line for line in _prose(text) if not LEFT.match(line)]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def left(text: str) -> float | None:
    """How many times as fast the run could still become after the edits, as the reply says; None where it does not."""
    found = [match for line in _prose(text) if (match := LEFT.match(line))]
    return float(found[-1]["gain"]) if found else None


def plans(text: str) -> tuple[str, ...]:
    """The points of the first numbered list of a reply, each with the lines that belong to it."""
    found: list[list[str]] = []
    for line in _lines(text):
        if NUMBERED.match(line):
            found.append([line.strip()])
        elif found and line.strip():
            found[-1].append(line.strip())
    return tuple(" ".join(each) for each in found)


def _prose(text: str) -> list[str]:
    """The lines before the first edit."""
    lines = _lines(text)
    starts = (at for at, line in enumerate(lines) if OPEN.match(line) or _function_header(line) or HUNK.match(line))
    kept = lines[: next(starts, len(lines))]
    while kept and _is_heading(kept[-1]):
        kept.pop()
    return kept


def _is_heading(line: str) -> bool:
    """Lines between the prose and the edit itself: blank, fence, file name, diff header."""
    bare = line.strip()
    return not bare or bool(FENCE.match(line)) or bare.startswith(("--- ", "+++ ", "diff ", "index ")) or _is_name(line)


def _is_name(line: str) -> bool:
    bare = BULLET.sub("", line.strip(), count=1)
    return bool(LABEL.match(bare) or PATH.fullmatch(bare.strip(QUOTES)))


# --- the text --------------------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    plain = THOUGHT.sub("", text, count=1) if THOUGHT.match(text) else text
    return [line.rstrip("\r") for line in _unescaped(plain).split("\n")]


def _unescaped(text: str) -> str:
    """Undo HTML escapes where the markers show them; in the code too if it holds no plain < or > at all."""
    if not ESCAPED.search(text) or any(OPEN.match(line) for line in text.split("\n")):
        return text
    if re.search("[<>]", text):
        return ESCAPED.sub(lambda marker: html.unescape(marker.group()), text)
    return html.unescape(text)


def _scan(lines: Sequence[str]) -> Iterator[Edit]:
    at = floor = 0  # above the floor: lines that no earlier edit has used
    path = ""
    while at < len(lines):
        found = _block(lines, at, floor, path) or _whole_function(lines, at) or _hunk(lines, at, floor, path)
        if found:
            yield found.edit
            path, at = found.edit.path, found.end
            floor = at
        else:
            at += 1


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# --- the name of the file --------------------------------------------------------------------------------------


def _named(lines: Sequence[str], at: int, floor: int, before: str) -> str:
    """The file a block at line `at` is about: named just above it, or the one of the block before."""
    seen = 0
    for line in reversed(lines[floor:at]):
        if path := _path_in(line):
            return path
        seen += bool(line.strip()) and not FENCE.match(line)
        if seen == LOOK_BACK:
            break
    odd = _odd_path_above(lines[floor:at])
    if odd and not (before and odd.endswith(before)):
        return odd
    if not before:
        raise EditError("an edit names no file", "write the path of the file on the line above the block")
    return before


def _odd_path_above(lines: Sequence[str]) -> str:
    """A path with spaces or brackets that is the whole of the line right above, "" for none."""
    above = next((line for line in reversed(lines) if line.strip() and not FENCE.match(line)), "")
    bare = BULLET.sub("", above.strip(), count=1).strip(QUOTES)
    return bare if len(above) <= LONGEST_HEADER and ODD_PATH.fullmatch(bare) else ""


def _path_in(line: str) -> str:
    if len(line) > LONGEST_HEADER:
        return ""
    if fence := FENCE.match(line):
        words = re.split(r"[\s:=\"']+", fence["info"])
        return next((word for word in words if PATH.fullmatch(word)), "")
    bare = BULLET.sub("", line.strip(), count=1)
    if label := LABEL.match(bare):
        return bare[label.end() :].strip(QUOTES)
    if PATH.fullmatch(bare.strip(QUOTES)):
        return bare.strip(QUOTES)
    quoted = {word for word in re.findall(r"`([^`]+)`", line) if PATH.fullmatch(word)}
    return quoted.pop() if len(quoted) == 1 else ""


# --- search/replace blocks -------------------------------------------------------------------------------------


def _block(lines: Sequence[str], at: int, floor: int, before: str) -> Found | None:
    opening = OPEN.match(lines[at])
    if not opening:
        return None
    path = _path_in(opening["path"]) or _named(lines, at, floor, before)
    close = _closing(lines, at, path)
    divider = _divider(lines, at, close, path)
    search, replace = _without_fences(path, lines[at + 1 : divider], lines[divider + 1 : close])
    return Found(Edit(path, _text(replace), search=_text(search) if _text(search).strip() else ""), close + 1)


def _closing(lines: Sequence[str], at: int, path: str) -> int:
    for close in range(at + 1, len(lines)):
        if CLOSE.match(lines[close]):
            return close
        if OPEN.match(lines[close]):
            break
    raise EditError(f"a block for {path} is not closed", "end each block with the line >>>>>>> REPLACE")


def _divider(lines: Sequence[str], at: int, close: int, path: str) -> int:
    """The line between search and replace. A heading's underline looks alike: the one as long as the opening wins."""
    found = [line for line in range(at + 1, close) if DIVIDER.match(lines[line])]
    if len(found) > 1:
        opening = syntax.indentation(lines[at]) + "=" * lines[at].count("<")
        found = [line for line in found if lines[line].rstrip() == opening]
    if len(found) == 1:
        return found[0]
    if found:
        hint = "use nine characters in each marker of a block whose text holds such lines"
        raise EditError(f"a block for {path} has {len(found)} lines that could divide search from replace", hint)
    raise EditError(f"a block for {path} has no dividing line", "put one line ======= between search and replace")


def _without_fences(path: str, search: Sequence[str], replace: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Both texts without the fences that some models put around each of them."""
    inner, new = _unfenced(search), _unfenced(replace)
    empty = not any(line.strip() for line in replace)
    if path.endswith(MARKDOWN) or inner is None or (new is None and not empty):
        return search, replace
    return inner, new or ()


def _unfenced(lines: Sequence[str]) -> Sequence[str] | None:
    used = [at for at, line in enumerate(lines) if line.strip()]
    if len(used) < 2 or not FENCE.match(lines[used[0]]):
        return None
    last = FENCE.match(lines[used[-1]])
    return lines[used[0] + 1 : used[-1]] if last and not last["info"].strip() else None


# --- whole functions -------------------------------------------------------------------------------------------


def _function_header(line: str) -> re.Match[str] | None:
    return FUNCTION.match(line) if len(line) <= LONGEST_HEADER else None


def _whole_function(lines: Sequence[str], at: int) -> Found | None:
    header = _function_header(lines[at])
    if not header:
        return None
    path, name = header["path"].strip(QUOTES), header["name"].replace("<locals>.", "")
    start, limit = at + 1, _next_start(lines, at + 1)
    while start < limit and not lines[start].strip():
        start += 1
    start += start < limit and bool(FENCE.match(lines[start]))
    end = _code_end(lines, start, limit)
    code = _text(lines[start:end])
    if not code.strip():
        raise EditError(f"FUNCTION: {path}::{name} is followed by no code", "put the whole definition in a fence below")
    return Found(Edit(path, code, function=name), end)


def _next_start(lines: Sequence[str], at: int) -> int:
    following = (n for n in range(at, len(lines)) if OPEN.match(lines[n]) or _function_header(lines[n]))
    return next(following, len(lines))


def _code_end(lines: Sequence[str], start: int, limit: int) -> int:
    """The closing fence: the first one before which the code is whole, as docstrings may hold fences themselves."""
    ends = [line for line in range(start, limit) if FENCE.match(lines[line])] or [limit]
    return next((end for end in ends if _is_python(lines[start:end])), ends[0])


def _is_python(lines: Sequence[str]) -> bool:
    indent = next((syntax.indentation(line) for line in lines if line.strip()), "")
    try:
        return bool(syntax.parse(_text([line.removeprefix(indent) for line in lines])).body)
    except SyntaxError:
        return False


# --- unified diffs ---------------------------------------------------------------------------------------------


def _hunk(lines: Sequence[str], at: int, floor: int, before: str) -> Found | None:
    """One hunk as a search/replace edit: its counts are not looked at, models get them wrong."""
    if not HUNK.match(lines[at]):
        return None
    end = _hunk_end(lines, at + 1)
    body = lines[at + 1 : end]
    if not any(line.startswith(("+", "-")) for line in body):
        return None
    path = _diff_path(lines, at, floor) or _named(lines, at, floor, before)
    search = [line[1:] for line in body if not line.startswith(("+", "\\"))]
    replace = [line[1:] for line in body if not line.startswith(("-", "\\"))]
    return Found(Edit(path, _text(replace), search=_text(search)), end)


def _hunk_end(lines: Sequence[str], start: int) -> int:
    end = start
    while end < len(lines) and _in_hunk(lines, end):
        end += 1
    if (
        end < len(lines)
        and lines[end - 1]
        and not lines[end].startswith(("@@", "diff ", "index ", "--- ", "```", "~~~"))
    ):
        hint = "start context lines with a space, or send search/replace blocks"
        raise EditError(f"a hunk of the diff breaks off at the line {lines[end][:100]!r}", hint)
    while end > start and not lines[end - 1]:
        end -= 1
    return end


def _in_hunk(lines: Sequence[str], at: int) -> bool:
    if lines[at].startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
        return False
    return not lines[at] or lines[at][0] in " +-\\"


def _diff_path(lines: Sequence[str], at: int, floor: int) -> str:
    """The path of the header right above a first hunk, "" for a further one."""
    if at - 1 < floor or not lines[at - 1].startswith("+++ "):
        return ""
    new = _side(lines[at - 1])
    old = _side(lines[at - 2]) if at - 2 >= floor and lines[at - 2].startswith("--- ") else ""
    if new == "/dev/null":
        raise EditError(f"the diff deletes {old}", "edits may change or add files, not delete them")
    prefixed = new.startswith("b/") and (old.startswith("a/") or old == "/dev/null")
    return new.removeprefix("b/") if prefixed else new


def _side(line: str) -> str:
    return line[4:].split("\t")[0].strip().strip('"')
