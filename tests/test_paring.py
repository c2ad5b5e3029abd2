"""Parts of an edit that do not pay are taken back; those that others need, and the last one, stay."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

import pytest

from llmopt.data import Function, Hotspot
from llmopt.errors import WorkloadError
from llmopt.paring import MOST_PAIRS, PAIRS, Texts, apart, pare, parts, pays, without

OLD = {
    "m.py": "import re\n\n\ndef f(x):\n    a = 1\n    b = 2\n    return a + b\n\n\n"
    "class C:\n    def g(self):\n        return 1\n",
    "n.py": "def h():\n    return 0\n",
}
NEW = {
    "m.py": "import re\nimport os\n\n\ndef f(x):\n    a = 10\n    b = 2\n    return _help(a)\n\n\n"
    "def _help(a):\n    return a\n\n\nclass C:\n    def g(self):\n        return 2\n",
    "n.py": "def h():\n    return 3\n",
}
SPOTS = [Hotspot(Function("m.py", "f", 4), 7, 0.5, 0.5, 0.5, 2.0)]


def test_the_parts_are_the_functions_that_were_there_before() -> None:
    assert [part.key for part in parts(OLD, NEW)] == ["m.py::f", "m.py::C.g", "n.py::h"]


def test_a_part_left_out_is_as_it_was_and_the_others_are_not() -> None:
    first, second, third = parts(OLD, NEW)
    text = without(first, OLD, NEW)["m.py"]
    assert "    a = 1\n    b = 2\n    return a + b\n" in text
    assert "import os" in text
    assert "        return 2\n" in text
    assert "        return 1\n" in without(second, OLD, NEW)["m.py"]
    assert without(third, OLD, NEW)["n.py"] == OLD["n.py"]


def paying(*keys: str, needed: str = "\0") -> Callable[[Texts, Texts], bool]:
    """Texts are faster for each of these words they have; without `needed` they do not run."""

    def is_faster(old: Texts, new: Texts) -> bool:
        joined = ["".join(each.values()) for each in (old, new)]
        if needed in joined[1] and needed not in joined[0]:
            raise WorkloadError("NameError")
        counts = [sum(word in text for word in keys) for text in joined]
        return counts[1] > counts[0]

    return is_faster


def quiet(text: str) -> None:
    pass


def test_what_does_not_pay_is_taken_back() -> None:
    files, dropped = pare(OLD, NEW, SPOTS, paying("a = 10"), quiet)
    assert dropped == ("m.py::C.g", "n.py::h")
    assert list(files) == ["m.py"]
    assert "        return 1\n" in files["m.py"]
    assert "a = 10" in files["m.py"]


def test_what_pays_and_what_others_need_stays() -> None:
    assert pare(OLD, NEW, SPOTS, paying("a = 10", "return 2", "return 3"), quiet) == (NEW, ())
    _, dropped = pare(OLD, NEW, SPOTS, paying("a = 10", needed="return 3"), quiet)
    assert dropped == ("m.py::C.g",)


SHARED = {
    "m.py": OLD["m.py"].replace("a = 1", "a = _known(x)").replace("return 1", "_forget()\n        return 1")
    + "\n\n_CACHE = {}\n\n\ndef _known(x):\n    return _CACHE.get(x)\n\n\ndef _forget():\n    _CACHE.clear()\n",
    "n.py": NEW["n.py"],
}


def test_what_shares_something_new_with_another_part_stays_though_it_does_not_pay() -> None:
    """The one part fills what the other has to empty: without it the edit would be as fast, and wrong."""
    assert [part.key for part in apart(OLD, SHARED)] == ["n.py::h"]
    assert pare(OLD, SHARED, SPOTS, paying("_known(x)"), quiet)[1] == ("n.py::h",)
    attribute = {
        **OLD,
        "m.py": OLD["m.py"].replace("a = 1", "x._made = a = 1").replace("return 1", "return self._made"),
    }
    assert apart(OLD, attribute) == ()


def test_a_part_with_a_new_method_in_it_stays() -> None:
    """Others may need it under a name that was there before."""
    old = {"m.py": "class C:\n    def __init__(self):\n        self.xs = set()\n\n    def f(self):\n        return 1\n"}
    text = old["m.py"].replace("self.xs = set()", 'self.__dict__["xs"] = []').replace("return 1", "return 2")
    new = {"m.py": text.replace("    def f", "    @property\n    def xs(self):\n        return 3\n\n    def f")}
    assert [part.key for part in parts(old, new)] == ["m.py::C.__init__", "m.py::C.f"]
    assert [part.key for part in apart(old, new)] == ["m.py::C.f"], "the lines of the other one hold the new method"


def told(gain: float, noise: float, seed: int) -> tuple[bool, int]:
    """Whether a part with this gain is kept, and after how many pairs."""
    source = random.Random(seed)
    drawn: list[float] = []

    def ratios() -> Iterator[float]:
        for _ in range(MOST_PAIRS):
            drawn.append(math.log(gain) + source.gauss(0.0, noise))
            yield drawn[-1]

    return pays(ratios()), len(drawn)


def test_pairs_are_added_until_they_tell_whether_a_part_pays() -> None:
    noisy = {1.05: 0.05, 1.0: 0.02, 0.9: 0.1}
    found = {gain: [told(gain, noise, seed) for seed in range(200)] for gain, noise in noisy.items()}
    kept = {gain: sum(stays for stays, _ in each) / len(each) for gain, each in found.items()}
    assert kept[1.05] > 0.95
    assert kept[1.0] < 0.25
    assert kept[0.9] < 0.02
    pairs = [n for each in found.values() for _, n in each]
    assert min(pairs) == PAIRS
    assert sum(pairs) / len(pairs) < 10
    assert max(pairs) > PAIRS


def test_the_last_part_is_never_taken_back() -> None:
    one = {"n.py": NEW["n.py"]}
    assert pare(OLD, one, [], paying(), quiet) == (one, ())


def test_a_file_that_does_not_parse_is_left_alone() -> None:
    assert parts({"m.py": "def f(:\n"}, {"m.py": "def f():\n    pass\n"}) == ()


@pytest.mark.parametrize("path", ["data.txt", "new.py"])
def test_other_files_and_new_ones_are_no_parts(path: str) -> None:
    assert parts({"data.txt": "a"}, {path: "b"}) == ()
