"""Each shape is seen where it is, and not in plain code."""

from __future__ import annotations

import pytest

from llmopt.search import patterns

SHAPES = {
    "membership": "for x in xs:\n    if x in seen:\n        n += 1\n",
    "nested loops": "for a in xs:\n    for b in ys:\n        f(a, b)\n",
    "recursion": "def fib(n):\n    return fib(n - 1) + fib(n - 2)\n",
    "rows of a frame": "for index, row in frame.iterrows():\n    total = row\n",
    "arrays or frames": "for x in xs:\n    out = np.concatenate([out, x])\n",
    "copies in a loop": "for x in xs:\n    f(copy.deepcopy(x))\n",
    "sorting or searching": "while xs:\n    xs.remove(min(xs))\n",
    "`pop(0)`": "first = queue.pop(0)\n",
    "regular expressions": "def f(s):\n    return re.sub('a', 'b', s)\n",
    "grown by": "for x in xs:\n    text += x\n",
    "`range(len(": "for i in range(len(xs)):\n    f(xs[i])\n",
    "`isinstance`": "for x in xs:\n    if isinstance(x, A):\n        f(x)\n",
    "append in a loop": "for x in xs:\n    out.append(x)\n",
    "import inside": "def f():\n    import os\n    return os\n",
    "same attribute": "for x in xs:\n    f(self.a, self.a, self.a)\n",
    "dates parsed": "d = datetime.strptime(s, '%Y')\n",
    "only to be consumed": "any([x for x in xs])\n",
    "log text": "log.debug(f'{x}')\n",
}


@pytest.mark.parametrize("words", SHAPES)
def test_the_shape_is_seen(words: str) -> None:
    assert any(words in advice for advice in patterns.matching(SHAPES[words], 99))


def test_every_pattern_has_a_shape_here_that_shows_it() -> None:
    assert len(SHAPES) == len(patterns.PATTERNS)


def test_plain_code_and_text_that_is_no_code_have_none() -> None:
    assert patterns.matching("    def f(x):\n        return x + 1\n") == ()
    assert patterns.matching("def f(:") == ()


def test_no_more_than_asked_for() -> None:
    assert len(patterns.matching("".join(SHAPES.values()), 5)) == 5
