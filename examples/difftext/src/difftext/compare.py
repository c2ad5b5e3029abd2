"""When two lines count as the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """What differences between lines do not count.

    ignore_space: the amount of white space, and any of it at the ends of a line. ignore_case: upper or lower case.
    """

    ignore_space: bool = False
    ignore_case: bool = False

    def key(self, line: str) -> str:
        if self.ignore_space:
            line = " ".join(line.split())
        if self.ignore_case:
            line = line.casefold()
        return line

    def same(self, a: str, b: str) -> bool:
        return self.key(a) == self.key(b)
