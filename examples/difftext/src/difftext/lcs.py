"""Longest common subsequences."""

from typing import Any, Callable, List, Optional, Sequence, Tuple


def equal(a: Any, b: Any) -> bool:
    return bool(a == b)


class LcsTable:
    """The table of the lengths of the longest common subsequence of all pairs of suffixes.

    `same` says whether two items match (default: ==).
    """

    def __init__(self, a: Sequence[Any], b: Sequence[Any], same: Optional[Callable[[Any, Any], bool]] = None) -> None:
        self.a = a
        self.b = b
        self.same = same or equal
        self.lengths = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
        self.fill()

    def fill(self) -> None:
        for i in range(len(self.a) - 1, -1, -1):
            for j in range(len(self.b) - 1, -1, -1):
                if self.same(self.a[i], self.b[j]):
                    self.lengths[i][j] = self.lengths[i + 1][j + 1] + 1
                else:
                    self.lengths[i][j] = max(self.lengths[i + 1][j], self.lengths[i][j + 1])

    @property
    def length(self) -> int:
        return self.lengths[0][0]

    def pairs(self) -> List[Tuple[int, int]]:
        """Indices (i, j) of the matching items, ascending.

        Of several longest subsequences it is the one that takes a match where it can, else skips items of `a` first.
        """
        result = []
        i = j = 0
        while i < len(self.a) and j < len(self.b):
            if self.same(self.a[i], self.b[j]):
                result.append((i, j))
                i += 1
                j += 1
            elif self.lengths[i + 1][j] >= self.lengths[i][j + 1]:
                i += 1
            else:
                j += 1
        return result
