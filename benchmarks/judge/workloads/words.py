"""Count words and compare lines: regular expressions, dictionaries and difflib."""

import collections
import difflib
import random
import re

TEXT = []


def setup():
    source = random.Random(2)
    words = ["".join(source.choices("abcdefgh", k=source.randrange(3, 9))) for _ in range(400)]
    TEXT[:] = [" ".join(source.choices(words, k=12)) for _ in range(250)]


def workload():
    counts = collections.Counter(word for line in TEXT * 8 for word in re.findall(r"[a-h]+", line))
    other = [line.replace("a", "e") if n % 5 == 0 else line for n, line in enumerate(TEXT)]
    return counts.most_common(10), list(difflib.unified_diff(TEXT, other))
