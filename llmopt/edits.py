"""Edits in, the whole new text of each file they change out; a reason the model can act on where they do not apply.

`parse` and `plan_of` (from `llmopt.replies`) read the edits from a reply; `apply` fits them to the files. All edits
speak of the files as they were before any of them. Matching forgives trailing whitespace, a uniform difference in
indentation and blank lines around the text; it never guesses between two places.
"""

from __future__ import annotations

import ast
import difflib
import posixpath
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from llmopt import syntax
from llmopt.data import Edit, ReadFile
from llmopt.errors import EditError
from llmopt.replies import parse, plan_of

__all__ = ["apply", "parse", "plan_of"]

ELISION = "…"  # a line that stands for others, where sources are shown
SHOWN_LINES = 40  # of the file, next to a search text that is not found
SHOWN_WIDTH = 160
SHOWN_PLACES = 10


@dataclass(frozen=True)
class File:
    """A file of the repository; `text` is None for one that cannot be read, `problem` then says why."""

    path: str
    text: str | None
    problem: str = ""


@dataclass(frozen=True)
class Splice:
    """`lines` take the place of the file's lines `start` to `end` (0-based, half open)."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """A place where a search text stands; `shift` turns a line of the reply into one of the file."""

    start: int
    rank: int  # 0 exact, 1 but for trailing whitespace, 2 but for indentation
    shift: Callable[[str], str]


Shown = Mapping[str, Container[int]]  # the lines of each file that whoever wrote the edits has seen


def apply(edits: Sequence[Edit], read: ReadFile, shown: Shown | None = None) -> dict[str, str]:
    """Repository path -> whole new text with "\\n" line endings; EditError says what a model can do about it.

    A search text that occurs more than once means the place that was `shown`, where that is one.
    """
    if not edits:
        raise EditError("there is no edit to apply")
    files: dict[str, File] = {}
    by_path: dict[str, list[Edit]] = defaultdict(list)
    for edit in edits:
        file = _find(edit.path, read)
        files[file.path] = file
        by_path[file.path].append(edit)
    return {path: _edited(files[path], own, (shown or {}).get(path, ())) for path, own in by_path.items()}


def _edited(file: File, edits: Sequence[Edit], shown: Container[int]) -> str:
    path, text = file.path, file.text
    if any(edit.function is None and not edit.search for edit in edits):
        new = _whole(path, text, edits)
    elif text is None:
        raise EditError(file.problem, "name files as they are named above their sources")
    else:
        new = _spliced(path, text, [_splice(path, text, edit, shown) for edit in edits])
    if new == text:
        raise EditError(f"the edit of {path} changes nothing")
    _check_syntax(path, text, new)
    return new


# --- paths -----------------------------------------------------------------------------------------------------


def _find(path: str, read: ReadFile) -> File:
    """The file an edit names; the prefixes of a diff are left off where only that finds it."""
    safe = _inside(path)
    file = _read(safe, read)
    if file.text is None and safe.startswith(("a/", "b/")):
        plain = _read(safe[2:], read)
        return plain if plain.text is not None else file
    return file


def _read(path: str, read: ReadFile) -> File:
    try:
        return File(path, read(path))
    except EditError as error:
        return File(path, None, f"{path} cannot be edited: {error}")


def _inside(path: str) -> str:
    plain = path.replace("\\", "/")
    parts = posixpath.normpath(plain).split("/")
    if plain.startswith(("/", "~")) or plain[1:2] == ":" or ".." in parts:
        raise EditError(f"{path!r} lies outside the repository", "use paths relative to the repository's root")
    if parts == ["."] or not plain.isprintable() or ".git" in map(str.lower, parts):
        raise EditError(f"{path!r} does not name a file that may be edited")
    return "/".join(parts)


# --- whole files -----------------------------------------------------------------------------------------------


def _whole(path: str, text: str | None, edits: Sequence[Edit]) -> str:
    edit = edits[0]
    if len(edits) > 1:
        raise EditError(f"a block with an empty SEARCH makes {path} anew, so it must be the only edit of that file")
    if edit.search is not None and text is not None and text.strip():
        raise EditError(f"the SEARCH text is empty but {path} exists", "copy the lines to be replaced into SEARCH")
    if not edit.replace.strip() and not text:
        raise EditError(f"the new file {path} is empty")
    return edit.replace if edit.replace.endswith("\n") else edit.replace + "\n"


# --- parts of a file -------------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _spliced(path: str, text: str, splices: Sequence[Splice]) -> str:
    lines, ending = _lines(text), "\n" if text.endswith("\n") else ""
    out: list[str] = []
    at = 0
    for splice in sorted(splices, key=lambda splice: splice.start):
        if splice.start < at:
            hint = "merge them into one"
            raise EditError(f"two edits of {path} overlap at line {splice.start + 1}", hint)
        out += [*lines[at : splice.start], *splice.lines]
        at = splice.end
    out += lines[at:]
    return "\n".join(out) + (ending if out else "")


def _splice(path: str, text: str, edit: Edit, shown: Container[int]) -> Splice:
    splice = _function(path, text, edit) if edit.function is not None else _replaced(path, _lines(text), edit, shown)
    if edit.search == edit.replace or list(splice.lines) == _lines(text)[splice.start : splice.end]:
        raise EditError(f"an edit of {path} (line {splice.start + 1}) changes nothing: search and replace are the same")
    return splice


def _replaced(path: str, lines: Sequence[str], edit: Edit, shown: Container[int]) -> Splice:
    search, replace = _lines(edit.search or ""), _lines(edit.replace)
    matches = _matches(lines, search)
    if not matches:
        search, replace = _trimmed(search, replace)
        matches = _matches(lines, search)
    if not matches:
        raise EditError(f"the SEARCH text is not in {path}. {_closest(lines, search)}")
    if len(matches) > 1:
        seen = [match for match in matches if _is_shown(match.start, len(search), shown)]
        matches = seen if len(seen) == 1 else matches
    if len(matches) > 1:
        places = ", ".join(str(match.start + 1) for match in matches[:SHOWN_PLACES])
        more = ", …" if len(matches) > SHOWN_PLACES else ""
        reason = f"the SEARCH text occurs {len(matches)} times in {path}, on lines {places}{more}"
        raise EditError(reason, "add the lines around it until it occurs once")
    start, shift = matches[0].start, matches[0].shift
    return Splice(start, start + len(search), tuple(map(shift, replace)))


def _is_shown(start: int, count: int, shown: Container[int]) -> bool:
    return all(number in shown for number in range(start + 1, start + count + 1))


def _matches(lines: Sequence[str], search: Sequence[str]) -> list[Match]:
    """The places of the best rank that any place has."""
    bare, wanted = [line.strip() for line in lines], [line.strip() for line in search]
    starts = (at for at in range(len(lines) - len(search) + 1) if bare[at : at + len(search)] == wanted)
    matches = [match for at in starts if (match := _match(lines[at : at + len(search)], search, at))]
    best = min((match.rank for match in matches), default=0)
    return [match for match in matches if match.rank == best]


def _match(window: Sequence[str], search: Sequence[str], start: int) -> Match | None:
    """How a window that says the same but for whitespace matches, if it does."""
    if list(window) == list(search):
        return Match(start, 0, str)
    pairs = {(syntax.indentation(a), syntax.indentation(b)) for a, b in zip(window, search, strict=True) if a.strip()}
    if all(mine == theirs for mine, theirs in pairs):
        return Match(start, 1, str)
    mine, theirs = next(iter(pairs))
    more, less = mine.removesuffix(theirs), theirs.removesuffix(mine)
    if all(a == more + b for a, b in pairs):
        return Match(start, 2, lambda line: more + line if line.strip() else line)
    if all(less + a == b for a, b in pairs):
        return Match(start, 2, lambda line: line.removeprefix(less))
    return None


def _trimmed(search: list[str], replace: list[str]) -> tuple[list[str], list[str]]:
    """Both without the blank lines at the ends of the search text; the replacement loses no more than those."""
    above, below = _blanks(search), _blanks(search[::-1])
    search = search[above : len(search) - below]
    replace = replace[min(above, _blanks(replace)) :]
    return search, replace[: len(replace) - min(below, _blanks(replace[::-1]))]


def _blanks(lines: Sequence[str]) -> int:
    """How many lines at the start are blank."""
    return next((at for at, line in enumerate(lines) if line.strip()), len(lines))


def _closest(lines: Sequence[str], search: Sequence[str]) -> str:
    """The part of the file most like the search text, as a bounded diff from one to the other."""
    start = _anchor(lines, search)
    if start is None:
        return "No line of the file resembles it"
    window = lines[start : start + len(search)]
    diff = list(difflib.unified_diff(search, window, lineterm="", n=2))[2:]
    shown = "\n".join(line[:SHOWN_WIDTH] for line in diff[:SHOWN_LINES]) + ("\n…" if len(diff) > SHOWN_LINES else "")
    title = f"The closest lines are {start + 1} to {start + len(window)}; from your SEARCH (-) to the file (+):"
    return f"{title}\n{shown}"


def _anchor(lines: Sequence[str], search: Sequence[str]) -> int | None:
    """Where the search text would start if its equal lines (else its longest line) were to fall on the file's."""
    wanted = defaultdict(list)
    for at, line in enumerate(search):
        if line.strip():
            wanted[line.strip()].append(at)
    weights: Counter[int] = Counter()
    for at, line in enumerate(lines):
        for other in wanted.get(line.strip(), ()):
            weights[max(0, at - other)] += len(line.strip())
    if weights:
        return weights.most_common(1)[0][0]
    longest = max(wanted, key=len, default="")
    bare = [line.strip()[:SHOWN_WIDTH] for line in lines]
    like = difflib.get_close_matches(longest[:SHOWN_WIDTH], bare, 1)
    return max(0, bare.index(like[0]) - wanted[longest][0]) if like else None


# --- whole functions -------------------------------------------------------------------------------------------


def _function(path: str, text: str, edit: Edit) -> Splice:
    name = (edit.function or "").replace("<locals>.", "")
    found = _definition(path, text, name)
    old = _lines(text)[found.start - 1 : found.end]
    new, _ = _trimmed(_lines(edit.replace), [])
    given = next((syntax.indentation(line) for line in new if line.strip()), "")
    flush = [line.removeprefix(given) for line in new]
    tree = _parsed_definition(path, name, flush)
    lines = _reindented(new, flush, syntax.indentation(old[0]), old, tree)
    own = next((each for each in tree if each.name == name.rpartition(".")[2]), None)
    return Splice(found.start - 1, found.end, _documented(lines, own, _lines(text), found) if own else lines)


def _documented(
    lines: tuple[str, ...], own: syntax.Definition, file: Sequence[str], found: syntax.Definition
) -> tuple[str, ...]:
    """The new lines with the old docstring where they have none, or one that was shown shortened."""
    old, new = _docstring(found), _docstring(own)
    at = new.start if new else _body_start(own, lines)
    shortened = any(lines[number - 1].strip() == ELISION for number in new)
    if not old or old.start == found.node.lineno or at == own.node.lineno or (new and not shortened):
        return lines
    kept = file[old.start - 1 : old.stop - 1]
    return (*lines[: at - 1], *kept, *lines[(new.stop if new else at) - 1 :])


def _body_start(own: syntax.Definition, lines: Sequence[str]) -> int:
    """The line right below the signature, comments at the top of the body included."""
    first = own.node.body[0]
    at: int = min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", ()))])
    while at - 1 > own.node.lineno and lines[at - 2].strip()[:1] in ("", "#"):
        at -= 1
    return at


def _definition(path: str, text: str, name: str) -> syntax.Definition:
    try:
        every = list(syntax.definitions(syntax.parse(text)))
    except SyntaxError as error:
        raise EditError(f"{path} cannot be parsed ({error}), so no function of it can be replaced") from None
    found = [definition for definition in every if definition.name == name and not _is_overload(definition)]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(str(definition.start) for definition in found)
        raise EditError(f"{path} defines {name} {len(found)} times, on lines {places}", "use a search/replace block")
    like = difflib.get_close_matches(name, [definition.name for definition in every], 3, 0.5)
    raise EditError(f"{path} defines no {name}", f"it has {', '.join(like)}" if like else "")


def _is_overload(definition: syntax.Definition) -> bool:
    """One of the signatures before the function itself, for type checkers."""
    return any(ast.unparse(each).rpartition(".")[2] == "overload" for each in definition.node.decorator_list)


def _parsed_definition(path: str, name: str, lines: Sequence[str]) -> Sequence[syntax.Definition]:
    try:
        found = list(syntax.definitions(syntax.parse("\n".join(lines))))
    except SyntaxError as error:
        raise EditError(f"the new {path}::{name} does not parse: {_where(error, lines)}") from None
    if name.rpartition(".")[2] not in {definition.name for definition in found}:
        raise EditError(f"the block for {path}::{name} does not define {name.rpartition('.')[2]}")
    return found


def _reindented(
    new: Sequence[str], flush: Sequence[str], indent: str, old: Sequence[str], found: Sequence[syntax.Definition]
) -> tuple[str, ...]:
    """The new lines as far in as the old ones; those inside a string are part of a value and move if they should."""
    moved = [indent + line if line.strip() else line for line in flush]
    docstrings = {line for definition in found for line in _docstring(definition)}
    stay = {
        line
        for lines in syntax.strings("\n".join(flush))
        if not _moves([new[at - 1] for at in lines], [moved[at - 1] for at in lines], old, lines[0] in docstrings)
        for line in lines
    }
    return tuple(new[at] if at + 1 in stay else moved[at] for at in range(len(new)))


def _moves(sent: Sequence[str], moved: Sequence[str], old: Sequence[str], is_docstring: bool) -> bool:
    """Whether a string moves with the code around it: as the old code has it, else only a docstring does."""
    known = {line for line in old if line.strip()}
    as_sent, as_moved = (sum(line in known for line in lines) for lines in (sent, moved))
    return is_docstring if as_sent == as_moved else as_moved > as_sent


def _docstring(definition: syntax.Definition) -> range:
    first = definition.node.body[0]
    if ast.get_docstring(definition.node, clean=False) is None:
        return range(0)
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)


# --- the result ------------------------------------------------------------------------------------------------


def _check_syntax(path: str, old: str | None, new: str) -> None:
    """The new text of a Python file compiles, or did not before: then it is for another version of Python."""
    if not path.endswith((".py", ".pyi")):
        return
    error = _syntax_error(path, new)
    if error and (old is None or not _syntax_error(path, old)):
        raise EditError(f"{path} would not parse after the edit: {_where(error, new.split(chr(10)))}")


def _syntax_error(path: str, text: str) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:  # NUL, a lone surrogate, code nested too deeply
        return SyntaxError(str(error) or type(error).__name__)
    return None


def _where(error: SyntaxError, lines: Sequence[str]) -> str:
    if not error.lineno:
        return error.msg
    line = lines[error.lineno - 1].strip()[:SHOWN_WIDTH] if error.lineno <= len(lines) else ""
    return f"line {error.lineno}: {error.msg}: {line}"
