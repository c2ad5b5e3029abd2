"""A profile in, pprof's protocol buffer out: one sample for each call stack, in nanoseconds."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from llmopt.data import Profile

NANOSECONDS = 1e9


def document(profile: Profile) -> bytes:
    """github.com/google/pprof/proto/profile.proto, gzipped; one location for each function.

    Written by hand: four kinds of messages of varints and texts, where protobuf would be the largest dependency.
    """
    seconds = profile.seconds
    texts = _Texts()
    wall = message((1, texts.number("time")), (2, texts.number("nanoseconds")))
    parts: list[tuple[int, int | bytes]] = [(1, wall)]
    for stack in profile.stacks:
        value = round(stack.share * seconds[stack.workload] * NANOSECONDS)
        leaf_first = packed(index + 1 for index in reversed(stack.frames))
        parts.append((2, message((1, leaf_first), (2, packed([value])))))
    for number, function in enumerate(profile.functions, 1):
        parts.append((4, message((1, number), (4, message((1, number), (2, function.line))))))
    for number, function in enumerate(profile.functions, 1):
        name, path = texts.number(function.name), texts.number(function.path)
        parts.append((5, message((1, number), (2, name), (3, name), (4, path), (5, function.line))))
    parts += [(6, text.encode("utf-8", "replace")) for text in texts.known]
    parts += [(10, round(sum(seconds) * NANOSECONDS)), (11, wall), (12, 1_000_000)]
    return gzip.compress(message(*parts), mtime=0)


class _Texts:
    """The table of texts; number 0 is ""."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {"": 0}

    def number(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))


def message(*fields: tuple[int, int | bytes]) -> bytes:
    """Fields by number: integers as varints, bytes with their length (https://protobuf.dev/programming-guides/encoding)."""
    return b"".join(
        varint(number << 3) + varint(value)
        if isinstance(value, int)
        else varint(number << 3 | 2) + varint(len(value)) + value
        for number, value in fields
    )


def packed(values: Iterable[int]) -> bytes:
    return b"".join(varint(value) for value in values)


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
