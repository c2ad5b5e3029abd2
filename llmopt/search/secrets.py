"""A text in, the places of what looks like a secret in it out: keys of known services, passwords, private keys.

The patterns are those of gitleaks (`gitleaks.toml`, data under MIT) and some of our own for what code holds. In Python
sources only literals and comments count: an expression is no secret, whatever its names are.
"""

from __future__ import annotations

import io
import math
import re
import tokenize
import tomllib
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).parent / "gitleaks.toml"
LONGEST_LINE, OVERLAP = 2_000, 200  # a longer line is looked at in parts, which bounds the time that a pattern takes
GENERIC = "generic-api-key"  # gitleaks wants a digit in what this one finds
TEXT_TOKENS = {"STRING", "COMMENT", "FSTRING_MIDDLE"}

Span = tuple[int, int]


@dataclass(frozen=True)
class Rule:
    """A pattern (of RE2) whose group "secret", else its first group, is the secret.

    `keywords` are lower-case texts of which one must be in the line; `entropy` is the least of the secret, in bits per
    character.
    """

    name: str
    pattern: str
    keywords: tuple[str, ...]
    entropy: float = 0.0
    allowed: tuple[tuple[str, str], ...] = ()  # (target, pattern): it is none where that is found
    stop_words: tuple[str, ...] = ()


# What people write where a password would stand.
EXAMPLE = re.compile(
    r"(?i)\W*((pass(word|wd)?|pwd|secret|token|user(name)?)\d?|foo|bar|x+|example|test|hunter2?|\d{1,6})\W*"
)
PRIVATE_KEY = re.compile(r"-----BEGIN[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----")
KEY_LINE = re.compile(r"(?:\\[nr]|[\s\"'+,()\\#])*([A-Za-z0-9+/]{24,}={0,2}|[A-Za-z0-9+/]+={1,2})")
OWN = (
    Rule(
        "url-password",
        r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@'\"<>{}$]{0,64}:(?P<secret>[^\s/@'\"<>{}$%*]{3,128})@[\w\[]",
        ("://",),
    ),
    Rule(
        "password-literal",
        r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|api_?key|auth_?token|access_?token|private_?key)\w{0,20}['\"]?\]?"
        r"[ \t]*[:=][ \t]*[bru]{0,2}(?P<quote>['\"])"
        r"(?P<secret>(?=[^'\"]*\d)(?=[^'\"]*[a-z])[^'\"\s{}<>%$]{8,256})(?P=quote)",
        ("pass", "pwd", "secret", "key", "token"),
    ),
)


def find(text: str, path: str = "") -> list[Span]:
    """Start and end of each secret, in order, none overlapping. `path` names the file, "" for other text."""
    spans = [*_keys(text), *_by_rules(text)]
    if spans and path.endswith((".py", ".pyi")):
        spans = _inside_text(text, spans)
    return merged(spans)


def merged(spans: Sequence[Span]) -> list[Span]:
    """In order; of those that overlap the first and longest."""
    found: list[Span] = []
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not found or start >= found[-1][1]:
            found.append((start, end))
    return found


def _keys(text: str) -> Iterator[Span]:
    """The lines of private keys, one by one: what stands around them stays as it is."""
    for begin in PRIVATE_KEY.finditer(text):
        at = begin.end()
        while line := KEY_LINE.match(text, at):
            yield line.span(1)
            at = line.end()


def _by_rules(text: str) -> Iterator[Span]:
    lowered = text.lower()
    rules = [rule for rule in (*OWN, *_rules()) if any(word in lowered for word in rule.keywords)]
    words = re.compile("|".join(re.escape(word) for rule in rules for word in rule.keywords))
    at = 0
    for line in text.splitlines(keepends=True) if rules else ():
        for start in range(0, len(line), LONGEST_LINE - OVERLAP):
            part = line[start : start + LONGEST_LINE]
            low = part.lower()
            for rule in rules if words.search(low) else ():
                if any(word in low for word in rule.keywords):
                    yield from ((at + start + a, at + start + b) for a, b in _matches(rule, part))
        at += len(line)


def _matches(rule: Rule, line: str) -> Iterator[Span]:
    pattern = compiled(rule.pattern)
    for match in pattern.finditer(line):
        group = "secret" if "secret" in pattern.groupindex else next((n for n in (1, 2, 3) if _has(match, n)), 0)
        secret = match[group]
        if secret and _is_secret(rule, match[0], secret, line):
            yield match.span(group)


def _has(match: re.Match[str], group: int) -> bool:
    return group <= match.re.groups and bool(match[group])


def _is_secret(rule: Rule, match: str, secret: str, line: str) -> bool:
    if rule.entropy and entropy(secret) <= rule.entropy:
        return False
    if rule.name == GENERIC and not any(map(str.isdigit, secret)):
        return False
    if EXAMPLE.fullmatch(secret):
        return False
    where = {"match": match, "line": line, "secret": secret}
    lowered = secret.lower()
    return not (
        any(word in lowered for word in rule.stop_words)
        or any(compiled(each).search(where[at]) for at, each in rule.allowed)
    )


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


# --- the rules -------------------------------------------------------------------------------------------------


@cache
def _rules() -> tuple[Rule, ...]:
    """Those of gitleaks that look at single lines of any file."""
    with RULES.open("rb") as stream:
        table = tomllib.load(stream)
    for_all = [table["allowlist"]]
    return tuple(_rule(each, for_all) for each in table["rules"] if "regex" in each and "path" not in each)


def _rule(given: Mapping[str, Any], for_all: Sequence[Mapping[str, Any]]) -> Rule:
    # A list of which all conditions must hold asks for paths too, of which nothing is known here: it allows nothing.
    lists = [each for each in (*for_all, *given.get("allowlists", ())) if each.get("condition") != "AND"]
    return Rule(
        given["id"],
        given["regex"],
        tuple(given["keywords"]),
        given.get("entropy", 0.0),
        tuple((each.get("regexTarget", "secret"), regex) for each in lists for regex in each.get("regexes", ())),
        tuple(word.lower() for each in lists for word in each.get("stopwords", ())),
    )


@cache
def compiled(regex: str) -> re.Pattern[str]:
    """A pattern of RE2, compiled when a text first has one of its keywords: all of them take half a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" in a set means the same to both engines
        return re.compile(translated(regex))


def translated(regex: str) -> str:
    """A pattern of RE2 as Python has it: "(?i)" holds for the rest of its group there, "\\z" is the end."""
    parts = re.findall(r"\\.|\[(?:\^?\])?(?:\\.|[^\]\\])*\]|\(\?i\)|\(|\)|.", regex, re.DOTALL)
    out: list[str] = []
    open_groups = [0]  # how many "(?i:" are open in each group
    for part in parts:
        if part == "(?i)":
            out.append("(?i:")
            open_groups[-1] += 1
            continue
        if part == "(":
            open_groups.append(0)
        elif part == ")":
            out.append(")" * open_groups.pop())
        out.append(r"\Z" if part == r"\z" else part)
    return "".join(out) + ")" * open_groups[0]


# --- Python sources --------------------------------------------------------------------------------------------


def _inside_text(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans within string literals and comments; all of them in what is not Python after all."""
    begins = _line_starts(text)
    try:
        tokens = [
            (begins[token.start[0] - 1] + token.start[1], begins[token.end[0] - 1] + token.end[1])
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if tokenize.tok_name[token.type] in TEXT_TOKENS
        ]
    except (tokenize.TokenError, SyntaxError, IndexError):
        return list(spans)
    starts = [start for start, _ in tokens]
    inside = []
    for start, end in spans:
        at = bisect_right(starts, start) - 1
        if at >= 0 and end <= tokens[at][1]:
            inside.append((start, end))
    return inside


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]
