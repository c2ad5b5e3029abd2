"""Kinds of values as text ("list[int] len 3..1200") and as values: what is known of an argument or an expression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SCALARS = frozenset({"int", "str", "bool", "bytes", "NoneType", "float"})
SEQUENCES = frozenset({"list", "tuple", "str"})
ITERABLES = frozenset({"list", "tuple", "set", "frozenset", "str", "bytes", "range", "dict"})


@dataclass(frozen=True)
class Kind:
    """A type by its bare name, with the kinds of its elements where known; "|" for one of several."""

    name: str
    inner: tuple[Kind, ...] = ()


INT, STR, BYTES, BOOL, FLOAT = Kind("int"), Kind("str"), Kind("bytes"), Kind("bool"), Kind("float")


def parse_kind(text: str) -> Kind:
    """What comes before the first blank outside of brackets; what cannot be understood is a kind of that odd name."""
    text = text.strip()
    alternatives = _split(text, "|")
    if len(alternatives) > 1:
        return join(map(parse_kind, alternatives)) or Kind(text)
    name, bracket, rest = text.partition("[")
    if " " in name or not bracket:
        return Kind(_renamed(text.split(" ", 1)[0]))
    inside = rest[: _closing(rest)]
    return Kind(_renamed(name), tuple(parse_kind(part) for part in _split(inside, ",") if part not in ("", "...")))


def _renamed(name: str) -> str:
    return "NoneType" if name == "None" else name


def _closing(text: str) -> int:
    depth = 1
    for place, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if not depth:
            return place
    return len(text)


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in "])")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def join(kinds: Iterable[Kind]) -> Kind | None:
    """The kind that covers all of them; None when there are none."""
    flat = dict.fromkeys(part for kind in kinds for part in (kind.inner if kind.name == "|" else (kind,)))
    if len(flat) < 2:
        return next(iter(flat), None)
    names = {kind.name for kind in flat}
    sizes = {len(kind.inner) for kind in flat}
    if len(names) > 1 or len(sizes) > 1 or sizes == {0}:
        return Kind("|", tuple(flat)) if len(names) > 1 else Kind(names.pop())
    columns = zip(*(kind.inner for kind in flat), strict=True)
    return Kind(names.pop(), tuple(covered for column in columns if (covered := join(column))))


def element(kind: Kind | None) -> Kind | None:
    """What iterating over a value of this kind gives, where known."""
    if kind is None:
        return None
    if kind.name in ("str", "bytes", "range"):
        return STR if kind.name == "str" else INT
    if kind.name == "dict":
        return kind.inner[0] if len(kind.inner) == 2 else None
    return join(kind.inner) if kind.name in ITERABLES else None


def is_hashable(kind: Kind | None) -> bool:
    """Whether values of this kind hash and compare by value, as a set needs it to agree with a list."""
    if kind is None:
        return False
    if kind.name in ("tuple", "frozenset", "|"):
        return bool(kind.inner) and all(map(is_hashable, kind.inner))
    return kind.name in SCALARS
