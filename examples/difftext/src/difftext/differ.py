"""Differences between two texts."""

from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .compare import Comparison
from .lcs import LcsTable
from .tokens import Tokenizer


class Opcode(NamedTuple):
    """How a[a1:a2] becomes b[b1:b2]: "equal", "delete", "insert" or "replace"."""

    tag: str
    a1: int
    a2: int
    b1: int
    b2: int


class Span(NamedTuple):
    """A piece of an edited line: "equal" has both texts, "delete" and "insert" one."""

    tag: str
    old: str
    new: str


class LinePair(NamedTuple):
    """A line of `a`, a line of `b`, or both if the one is an edit of the other (indices, None for no line)."""

    a: Optional[int]
    b: Optional[int]


class Hunk(NamedTuple):
    """Changes that are close together, with their context."""

    opcodes: List[Opcode]

    @property
    def a_range(self) -> Tuple[int, int]:
        return self.opcodes[0].a1, self.opcodes[-1].a2

    @property
    def b_range(self) -> Tuple[int, int]:
        return self.opcodes[0].b1, self.opcodes[-1].b2


def sequence_opcodes(a: Sequence[Any], b: Sequence[Any], same: Optional[Callable[[Any, Any], bool]] = None) -> List[Opcode]:
    """The opcodes that turn one sequence into the other; they cover both without gaps."""
    opcodes: List[Opcode] = []
    i = j = 0
    for match_a, match_b in LcsTable(a, b, same).pairs() + [(len(a), len(b))]:
        if i < match_a and j < match_b:
            opcodes.append(Opcode("replace", i, match_a, j, match_b))
        elif i < match_a:
            opcodes.append(Opcode("delete", i, match_a, j, j))
        elif j < match_b:
            opcodes.append(Opcode("insert", i, i, j, match_b))
        i, j = match_a, match_b
        if i < len(a) and j < len(b):
            if opcodes and opcodes[-1].tag == "equal":
                last = opcodes.pop()
                opcodes.append(Opcode("equal", last.a1, i + 1, last.b1, j + 1))
            else:
                opcodes.append(Opcode("equal", i, i + 1, j, j + 1))
            i += 1
            j += 1
    return opcodes


class Differ:
    """The difference of two lists of lines.

    Lines of a replaced block whose similarity is at least `cutoff` are taken for edits of one another.
    """

    def __init__(
        self,
        a: Sequence[str],
        b: Sequence[str],
        comparison: Comparison = Comparison(),
        tokenizer: Optional[Tokenizer] = None,
        cutoff: float = 0.6,
    ) -> None:
        if not 0 < cutoff <= 1:
            raise ValueError("cutoff must be above 0 and at most 1")
        self.a = list(a)
        self.b = list(b)
        self.comparison = comparison
        self.tokenizer = tokenizer or Tokenizer()
        self.cutoff = cutoff

    def opcodes(self) -> List[Opcode]:
        return sequence_opcodes(self.a, self.b, self.comparison.same)

    def hunks(self, context: int = 3) -> List[Hunk]:
        """Groups of changes with up to `context` equal lines around them; none if the texts are the same."""
        if context < 0:
            raise ValueError("context must not be negative")
        hunks = []
        current: List[Opcode] = []
        opcodes = self.opcodes()
        for i in range(len(opcodes)):
            tag, a1, a2, b1, b2 = opcodes[i]
            if tag != "equal":
                current.append(opcodes[i])
                continue
            if i > 0:
                size = min(context, a2 - a1)
                if i < len(opcodes) - 1 and a2 - a1 <= 2 * context:
                    current.append(opcodes[i])
                    continue
                if size:
                    current.append(Opcode("equal", a1, a1 + size, b1, b1 + size))
                hunks.append(Hunk(current))
                current = []
            size = min(context, a2 - a1)
            if size and i < len(opcodes) - 1:
                current.append(Opcode("equal", a2 - size, a2, b2 - size, b2))
        if [opcode for opcode in current if opcode.tag != "equal"]:
            hunks.append(Hunk(current))
        return hunks

    def similarity(self, old: str, new: str) -> float:
        """Share of the tokens that two lines have in common, in order, from 0 to 1. Two empty lines are alike."""
        old_words = self.tokenizer.words(old)
        new_words = self.tokenizer.words(new)
        if not old_words and not new_words:
            return 1.0
        return 2 * LcsTable(old_words, new_words).length / (len(old_words) + len(new_words))

    def best_partner(self, i: int, b1: int, b2: int) -> Optional[int]:
        """The line of b[b1:b2] most similar to a[i], the first of equally similar ones, if any is similar enough."""
        candidates = []
        for j in range(b1, b2):
            score = self.similarity(self.a[i], self.b[j])
            if score >= self.cutoff:
                candidates.append((score, j))
        if not candidates:
            return None
        return sorted(candidates, key=lambda item: -item[0])[0][1]

    def line_pairs(self, opcode: Opcode) -> List[LinePair]:
        """Match the lines of a changed block with one another, in order."""
        pairs: List[LinePair] = []
        j = opcode.b1
        for i in range(opcode.a1, opcode.a2):
            partner = self.best_partner(i, j, opcode.b2)
            if partner is None:
                pairs.append(LinePair(i, None))
                continue
            while j < partner:
                pairs.append(LinePair(None, j))
                j += 1
            pairs.append(LinePair(i, partner))
            j = partner + 1
        while j < opcode.b2:
            pairs.append(LinePair(None, j))
            j += 1
        return pairs

    def spans(self, old: str, new: str) -> List[Span]:
        """What changed within an edited line."""
        a = self.tokenizer.tokenize(old)
        b = self.tokenizer.tokenize(new)
        result = []
        for tag, a1, a2, b1, b2 in sequence_opcodes(a, b, lambda x, y: self.comparison.same(x.text, y.text)):
            old_text = "".join([token.text for token in a[a1:a2]])
            new_text = "".join([token.text for token in b[b1:b2]])
            if tag == "equal":
                result.append(Span("equal", old_text, new_text))
            if tag in ("delete", "replace"):
                result.append(Span("delete", old_text, ""))
            if tag in ("insert", "replace"):
                result.append(Span("insert", "", new_text))
        return result

    def edited_lines(self) -> Iterator[Tuple[int, int]]:
        """The pairs of lines where one is an edit of the other."""
        for opcode in self.opcodes():
            if opcode.tag == "replace":
                for pair in self.line_pairs(opcode):
                    if pair.a is not None and pair.b is not None:
                        yield pair.a, pair.b

    def summary(self) -> str:
        """One line, like "3 lines added, 1 removed, 2 edited"."""
        opcodes = self.opcodes()
        edited = len(list(self.edited_lines()))
        added = sum([op.b2 - op.b1 for op in opcodes if op.tag in ("insert", "replace")]) - edited
        removed = sum([op.a2 - op.a1 for op in opcodes if op.tag in ("delete", "replace")]) - edited
        return "%d lines added, %d removed, %d edited" % (added, removed, edited)
