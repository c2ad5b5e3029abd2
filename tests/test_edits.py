"""Replies as models write them, applied to files: what fits is taken, what is ambiguous is turned down, with why."""

from __future__ import annotations

import contextlib
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmopt import edits, replies
from llmopt.data import Edit, ReadFile
from llmopt.errors import EditError

SHAPES = textwrap.dedent('''\
    """Shapes."""

    import math


    class Circle:
        """A circle."""

        def __init__(self, radius):
            self.radius = radius

        @property
        def area(self):
            total = 0
            for _ in range(1):
                total += math.pi * self.radius ** 2
            return total


    def outer(values):
        def inner(value):
            return value + 1
        return [inner(value) for value in values]


    async def fetch(url):
        return url
    ''')


def reader(**files: str) -> ReadFile:
    texts = {"pkg/shapes.py": SHAPES, **files}

    def read(path: str) -> str:
        if path not in texts:
            raise EditError(f"{path} does not exist in the repository")
        return texts[path]

    return read


def run(reply: str, **files: str) -> dict[str, str]:
    return edits.apply(edits.parse(reply), reader(**files))


def block(search: str, replace: str, path: str = "pkg/shapes.py") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


# --- search/replace --------------------------------------------------------------------------------------------

INNER = "        return value + 1\n", "        return 1 + value\n"
EXPECTED = SHAPES.replace("value + 1", "1 + value")

STYLES = {
    "bare": "pkg/shapes.py\n{}",
    "fence after the name": "pkg/shapes.py\n```python\n{}```\n",
    "name inside the fence": "```python\npkg/shapes.py\n{}```\n",
    "name as a comment": "```python\n# pkg/shapes.py\n{}```\n",
    "name in the fence line": "```python:pkg/shapes.py\n{}```\n",
    "name after the language": "~~~py pkg/shapes.py\n{}~~~\n",
    "label": "FILE: pkg/shapes.py\n\n```\n{}```\n",
    "bold": "**pkg/shapes.py**\n{}",
    "bold label": "**File:** `pkg/shapes.py`\n{}",
    "heading": "### pkg/shapes.py\n{}",
    "numbered heading": "### 1. `pkg/shapes.py`:\n{}",
    "prose": "In `pkg/shapes.py`, turn the sum around:\n\n{}",
    "prefix of a diff": "a/pkg/shapes.py\n{}",
    "dot": "./pkg/shapes.py\n{}",
    "fence not closed": "pkg/shapes.py\n```python\n{}",
    "longer fence": "pkg/shapes.py\n````\n```python\n{}```\n````\n",
}


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_block_is_found_in_any_usual_dress(style: str) -> None:
    markers = "<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n".format(*INNER)
    assert run("I will speed this up.\n\n" + STYLES[style].format(markers)) == {"pkg/shapes.py": EXPECTED}


@pytest.mark.parametrize("count", [5, 6, 8, 9])
def test_the_number_of_chevrons_does_not_matter(count: int) -> None:
    reply = f"pkg/shapes.py\n{'<' * count} SEARCH\n{INNER[0]}{'=' * count}\n{INNER[1]}{'>' * count} REPLACE\n"
    assert run(reply) == {"pkg/shapes.py": EXPECTED}


def test_windows_line_endings_of_a_reply_are_no_part_of_it() -> None:
    assert run(block(*INNER).replace("\n", "\r\n")) == {"pkg/shapes.py": EXPECTED}


def test_escaped_markers_are_understood_and_code_with_plain_brackets_is_left_alone() -> None:
    escaped = block(*INNER).replace("<", "&lt;").replace(">", "&gt;")
    assert run(escaped) == {"pkg/shapes.py": EXPECTED}
    code = block('quote("&lt;")\n', 'quote("&gt;") if a > b else c\n', "q.py")
    escaped = code.replace("<<<<<<<", "&lt;" * 7).replace(">>>>>>>", "&gt;" * 7)
    assert run(escaped, **{"q.py": 'quote("&lt;")\n'}) == {"q.py": 'quote("&gt;") if a > b else c\n'}


def test_each_text_may_have_its_own_fence() -> None:
    fenced = tuple(f"```python\n{text}```\n" for text in INNER)
    assert run(block(*fenced)) == {"pkg/shapes.py": EXPECTED}


def test_a_search_text_moved_in_or_out_moves_its_replacement() -> None:
    flush = "total = 0\nfor _ in range(1):\n    total += math.pi * self.radius ** 2\nreturn total\n"
    expected = SHAPES.replace(textwrap.indent(flush, " " * 8), "        if self:\n            return math.pi\n")
    assert run(block(flush, "if self:\n    return math.pi\n")) == {"pkg/shapes.py": expected}
    deep = textwrap.indent(flush, " " * 12)
    assert run(block(deep, " " * 12 + "if self:\n" + " " * 16 + "return math.pi\n")) == {"pkg/shapes.py": expected}


def test_whitespace_at_line_ends_and_blank_lines_around_are_forgiven() -> None:
    assert run(block("\n        return value + 1  \n\n", "\n        return 1 + value\n\n")) == {
        "pkg/shapes.py": EXPECTED
    }


def test_an_exact_match_wins_over_one_with_other_indentation() -> None:
    text = "x = 1\nif x:\n    x = 1\n"
    assert run(block("    x = 1\n", "    x = 2\n", "m.py"), **{"m.py": text}) == {"m.py": "x = 1\nif x:\n    x = 2\n"}


def test_several_blocks_over_several_files_apply_together() -> None:
    reply = (
        block(*INNER)
        + "\nand\n\n"
        + block("import math\n", "import math as m\nmath = m\n")
        + block("a\n", "b\n", "n.py")
    )
    result = run(reply, **{"n.py": "a\n"})
    assert result == {"pkg/shapes.py": EXPECTED.replace("import math\n", "import math as m\nmath = m\n"), "n.py": "b\n"}


@pytest.mark.parametrize("path", ["my shop/orders.py", "shop [old]/orders (1).py", "`my shop/orders.py`:"])
def test_a_path_with_spaces_or_brackets_stands_right_above_its_block(path: str) -> None:
    text = "\n".join(["Plan.", "", block("a\n", "b\n", path), block("c\n", "d\n", "other shop/m.py")])
    first, second = edits.parse(text)
    assert (first.path, second.path) == (path.strip("`:"), "other shop/m.py")


def test_prose_that_ends_with_the_file_before_names_that_file() -> None:
    text = block("a\n", "b\n", "m.py") + "\n" + block("c\n", "d\n", "And once more in m.py")
    assert [edit.path for edit in edits.parse(text)] == ["m.py", "m.py"]


def test_a_block_without_a_name_belongs_to_the_file_before() -> None:
    unnamed = block("import math\n", "import math  # pi\n").partition("\n")[2]
    assert "# pi" in run(block(*INNER) + "\n```python\n" + unnamed)["pkg/shapes.py"]


def test_the_last_line_keeps_missing_its_newline() -> None:
    assert run(block("b\n", "c\n", "m.py"), **{"m.py": "a\nb"}) == {"m.py": "a\nc"}


def test_underlined_headings_do_not_divide_a_block() -> None:
    text = '"""Title\n=====\n"""\nx = 1\n'
    reply = block(text, text.replace("1", "2"), "m.py")
    assert run(reply, **{"m.py": text}) == {"m.py": text.replace("1", "2")}
    with pytest.raises(EditError, match="2 lines that could divide"):
        edits.parse(block("Title\n=======\n", "Title\n", "m.rst"))


def test_an_empty_search_makes_a_new_file_only() -> None:
    assert run(block("", "x = 1\n", "pkg/new.py")) == {"pkg/new.py": "x = 1\n"}
    assert run(block("", "x = 1\n", "pkg/__init__.py"), **{"pkg/__init__.py": ""}) == {"pkg/__init__.py": "x = 1\n"}
    with pytest.raises(EditError, match="SEARCH text is empty but pkg/shapes"):
        run(block("", "x = 1\n"))


def test_what_was_only_thought_is_not_applied() -> None:
    thought = "<think>maybe\n" + block("import math\n", "import cmath\n") + "</think>\n"
    assert run(thought + block(*INNER)) == {"pkg/shapes.py": EXPECTED}


# --- what is turned down ---------------------------------------------------------------------------------------


def test_a_text_that_occurs_twice_is_turned_down_with_its_places() -> None:
    with pytest.raises(EditError, match=r"occurs 3 times in m.py, on lines 1, 3, 4"):
        run(block("x = 1\n", "x = 2\n", "m.py"), **{"m.py": "x = 1\ny = 1\nx = 1\nx = 1\n"})


def test_a_text_that_occurs_twice_means_the_place_that_was_shown_where_that_is_one() -> None:
    text = "def f():\n    return 1\n\n\ndef g():\n    return 1\n"
    edit = Edit("m.py", "    return 2\n", "    return 1\n")
    assert edits.apply([edit], lambda path: text, {"m.py": {5, 6}})["m.py"].endswith("def g():\n    return 2\n")
    for shown in ({"m.py": {1, 2, 5, 6}}, {"m.py": {5}}, {}):
        with pytest.raises(EditError, match="occurs 2 times"):
            edits.apply([edit], lambda path: text, shown)


DOCUMENTED = '''\
class C:
    def f(self):
        """Do it.

        At length.
        """
        return 1
'''


@pytest.mark.parametrize("given", ["", '    """Do it.\n…\n    """\n', '    """Do it.\n    …\n    """\n'])
def test_a_docstring_that_is_left_out_or_shortened_is_kept(given: str) -> None:
    edit = Edit("m.py", f"def f(self):\n{given}    return 2\n", function="C.f")
    assert edits.apply([edit], lambda path: DOCUMENTED) == {"m.py": DOCUMENTED.replace("return 1", "return 2")}


def test_a_docstring_that_is_left_out_stands_above_a_comment_that_begins_the_body() -> None:
    edit = Edit("m.py", "def f(\n    # who\n    self,\n):\n    # Why.\n\n    return 2\n", function="C.f")
    new = edits.apply([edit], lambda path: DOCUMENTED)["m.py"].split("\n")
    assert new[4:8] == ["    ):", '        """Do it.', "", "        At length."]
    assert new[8:12] == ['        """', "        # Why.", "", "        return 2"]


def test_a_docstring_of_its_own_replaces_the_old_one() -> None:
    edit = Edit("m.py", 'def f(self):\n    """Other."""\n    return 2\n', function="C.f")
    new = edits.apply([edit], lambda path: DOCUMENTED)["m.py"]
    assert new == 'class C:\n    def f(self):\n        """Other."""\n        return 2\n'


def test_a_text_that_is_not_there_is_answered_with_the_closest_lines() -> None:
    with pytest.raises(EditError, match="The closest lines are 13 to 15") as error:
        run(block("    def area(self):\n        sum = 0\n        for _ in range(1):\n", "x\n"))
    assert "-        sum = 0\n+        total = 0" in str(error.value)
    with pytest.raises(EditError, match="No line of the file resembles it"):
        run(block("zzzzzzzzzzzzzzz\n", "x\n"))
    with pytest.raises(EditError, match="closest lines are 22 to 22"):
        run(block("        return  1+value\n".replace("1+value", "value+ 1"), "x\n"))


def test_the_closest_lines_are_bounded() -> None:
    text = "".join(f"line_{n} = {n}\n" for n in range(3000))
    with pytest.raises(EditError) as error:
        run(
            block(text.replace(" = ", "  =  ").replace("line_7  =  7\n", "line_7 = 7\n"), "x\n", "m.py"),
            **{"m.py": text},
        )
    assert len(str(error.value)) < 10_000


@pytest.mark.parametrize("path", ["/etc/passwd.py", "../other/m.py", "pkg/../../m.py", "C:\\m.py", "~/m.py"])
def test_a_file_outside_the_repository_is_turned_down(path: str) -> None:
    with pytest.raises(EditError, match="outside the repository"):
        edits.apply([Edit(path, "x\n", search="y\n")], lambda path: "y\n")


def test_git_internals_are_no_files_of_the_repository() -> None:
    with pytest.raises(EditError, match="does not name a file that may be edited"):
        edits.apply([Edit(".git/config.txt", "x\n", search="y\n")], lambda path: "y\n")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Use a set instead of a list.", "holds no edit"),
        ("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", "names no file"),
        ("m.py\n<<<<<<< SEARCH\na\n=======\nb\n", "not closed"),
        ("m.py\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", "no dividing line"),
        (block("a\n", "b\n", "gone.py"), "gone.py does not exist"),
        (block("import math\n", "import math\n"), "changes nothing"),
        (block("import math\n", "import (\n"), "pkg/shapes.py would not parse after the edit: line 3: .*import \\("),
        (block("import math\n", "return 1\n"), "would not parse after the edit: line 3: 'return' outside function"),
        (block("import math\n\n", "import cmath\n\n") + block("import math\n", "import sys\n"), "overlap at line 3"),
        ("FUNCTION: pkg/shapes.py::outer\n", "followed by no code"),
        ("FUNCTION: pkg/shapes.py::outr\n```\ndef outr():\n    pass\n```\n", "defines no outr.*it has outer"),
        ("FUNCTION: pkg/shapes.py::outer\n```\ndef other():\n    pass\n```\n", "does not define outer"),
        ("FUNCTION: pkg/shapes.py::outer\n```\ndef outer(:\n    pass\n```\n", "does not parse: line 1"),
    ],
)
def test_what_does_not_apply_says_why(reply: str, reason: str) -> None:
    with pytest.raises(EditError, match=reason):
        run(reply)


def test_a_file_that_never_parsed_here_is_not_held_to_it() -> None:
    assert (
        run(block("x = 1\n", "x = 2\n", "m.py"), **{"m.py": "print 'two'\nx = 1\n"})["m.py"] == "print 'two'\nx = 2\n"
    )


# --- whole functions -------------------------------------------------------------------------------------------


def test_a_method_is_replaced_with_its_decorators_and_indentation() -> None:
    new = "@property\ndef area(self):\n    return math.pi * self.radius ** 2\n"
    result = run(f"FUNCTION: pkg/shapes.py::Circle.area\n```python\n{new}```\n")["pkg/shapes.py"]
    start, end = SHAPES.index("    @property"), SHAPES.index("\n\ndef outer")
    assert result == SHAPES[:start] + textwrap.indent(new, "    ") + SHAPES[end:]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("outer.inner", "value + 1", "1 + value"),
        ("outer.<locals>.inner", "value + 1", "1 + value"),
        ("fetch", "    return url", "    return url + ''"),
        ("Circle.__init__", "= radius", "= +radius"),
    ],
)
@pytest.mark.parametrize("header", ["FUNCTION: {}", "### FUNCTION: `{}`", "**FUNCTION:** {}", "- FUNCTION: `{}`:"])
def test_nested_async_and_plain_functions_are_found(name: str, old: str, new: str, header: str) -> None:
    expected = SHAPES.replace(old, new)
    before = {"outer.inner": 2, "fetch": 2, "Circle.__init__": 2}[name.replace("<locals>.", "")]
    lines = expected.split("\n")
    start = next(n for n, line in enumerate(lines) if f"def {name.rpartition('.')[2]}(" in line)
    code = textwrap.dedent("\n".join(lines[start : start + before]))
    reply = header.format(f"pkg/shapes.py::{name}") + f"\n\n```python\n{code}\n```\nThat is all.\n"
    assert run(reply) == {"pkg/shapes.py": expected}


def test_a_docstring_with_a_fence_does_not_end_the_function() -> None:
    code = 'def fetch(url):\n    """Like\n\n    ```\n    fetch(1)\n    ```\n    """\n    return url\n'
    assert run(f"FUNCTION: pkg/shapes.py::fetch\n```python\n{code}```\n")["pkg/shapes.py"].endswith(code)


def test_a_function_without_fence_or_without_its_end_is_taken() -> None:
    code = "def fetch(url):\n    return 1\n"
    for reply in (f"FUNCTION: pkg/shapes.py::fetch\n```python\n{code}", f"FUNCTION: pkg/shapes.py::fetch\n{code}"):
        assert run(reply)["pkg/shapes.py"].endswith("\n\n" + code)


def test_strings_keep_their_values_when_a_function_is_moved_in() -> None:
    text = 'class A:\n    def f(self):\n        """Doc\n        more"""\n        return """\nSELECT 1\n  FROM t"""\n'
    new = (
        'def f(self):\n    """Doc\n    other"""\n    return """\nSELECT 1\n  FROM u""", (\n        "a"\n        "b")\n'
    )
    result = run(f"FUNCTION: m.py::A.f\n```\n{new}```\n", **{"m.py": text})["m.py"]
    body = '"""Doc\n        other"""\n        return """\nSELECT 1\n  FROM u""", (\n            "a"\n            "b")\n'
    assert result == "class A:\n    def f(self):\n        " + body


def test_a_docstring_moves_as_a_whole_though_a_moved_line_stands_elsewhere_in_it() -> None:
    text = 'class A:\n    def f(self):\n        """Doc\n\n        x\n            x\n        """\n        return 1\n'
    new = textwrap.dedent(text.partition("\n")[2]).replace("return 1", "return 2")
    reply = f"FUNCTION: m.py::A.f\n```\n{new}```\n"
    assert run(reply, **{"m.py": text}) == {"m.py": text.replace("return 1", "return 2")}


def test_signatures_for_type_checkers_are_not_the_function() -> None:
    text = "@typing.overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\ndef f(x): return x\n"
    result = run("FUNCTION: m.py::f\n```\ndef f(x): return +x\n```\n", **{"m.py": text})
    assert result == {"m.py": text.replace("return x", "return +x")}


def test_a_name_defined_twice_is_turned_down() -> None:
    text = "if x:\n    def f(): pass\nelse:\n    def f(): return 1\n"
    with pytest.raises(EditError, match="defines f 2 times, on lines 2, 4"):
        run("FUNCTION: m.py::f\n```\ndef f(): return 2\n```\n", **{"m.py": text})


def test_a_function_and_a_block_apply_together() -> None:
    reply = (
        block("import math\n", "import math, sys\n")
        + "\nFUNCTION: pkg/shapes.py::fetch\n```\nasync def fetch(url):\n    return 2\n```\n"
    )
    result = run(reply)["pkg/shapes.py"]
    assert "import math, sys\n" in result
    assert result.endswith("async def fetch(url):\n    return 2\n")


# --- diffs -----------------------------------------------------------------------------------------------------

DIFF = """\
Turn it around:

```diff
--- a/pkg/shapes.py
+++ b/pkg/shapes.py
@@ -1,4 +1,4 @@
 \"\"\"Shapes.\"\"\"

-import math
+import math as math
@@ -99,3 +99,3 @@ def outer
     def inner(value):
-        return value + 1
+        return 1 + value
LAST
```
"""


def test_a_unified_diff_applies_hunk_by_hunk_whatever_its_line_numbers() -> None:
    expected = {"pkg/shapes.py": EXPECTED.replace("import math", "import math as math")}
    assert run(DIFF.replace("LAST\n", "     return [inner(value) for value in values]\n")) == expected
    assert run(DIFF.replace("LAST\n", "")) == expected


def test_a_diff_that_lost_the_space_of_its_context_is_turned_down() -> None:
    with pytest.raises(EditError, match="breaks off at the line 'def inner"):
        run(DIFF.replace("     def inner(value):", "-        x\ndef inner(value):"))


def test_a_diff_makes_a_new_file_and_deletes_none() -> None:
    assert run("--- /dev/null\n+++ b/pkg/new.py\n@@ -0,0 +1 @@\n+x = 1\n") == {"pkg/new.py": "x = 1\n"}
    with pytest.raises(EditError, match="deletes a/pkg/shapes"):
        edits.parse("--- a/pkg/shapes.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")


# --- the plan --------------------------------------------------------------------------------------------------


def test_of_a_reply_with_plans_the_chosen_one_is_the_plan() -> None:
    plans = "It sorts.\n\n1. Sort once.\n   gain: 2 x\n2. Use a heap.\n\n"
    text = f"{plans}**PLAN:** Sort once.\nIt is stable.\n\nm.py\n<<<<<<< SEARCH\n"
    assert edits.plan_of(text) == "Sort once.\nIt is stable."
    assert replies.plans(text.partition("**")[0]) == ("1. Sort once. gain: 2 x", "2. Use a heap.")


def test_the_plan_is_the_prose_before_the_first_edit() -> None:
    assert (
        edits.plan_of("Hoist it.\n\nTwo lines.\n\n### `pkg/shapes.py`\n```python\n" + block(*INNER))
        == "Hoist it.\n\nTwo lines."
    )
    assert edits.plan_of(DIFF) == "Turn it around:"
    assert (
        edits.plan_of("`PLAN:` `key` is made once.")
        == edits.plan_of("PLAN: `key` is made once.")
        == "`key` is made once."
    )
    assert edits.plan_of("PLAN: Sort once.\n\nLEFT: 1.2 x\n\nFUNCTION: m.py::f\n```\n```") == "Sort once."
    assert edits.plan_of("FUNCTION: m.py::f\n```\n```") == ""
    assert len(edits.plan_of("word " * 2000)) <= 1200


def test_the_reasons_begin_with_the_first_plan_that_tells_its_gain() -> None:
    text = "1. The list is slow.\n\n2. Plans:\n   1. a set, gain: 3 x\n   2. a cache\n\nPLAN: 1.\n\nLEFT: 1.2 x\n\n"
    edit = "FUNCTION: m.py::f\n```\n```"
    assert replies.reasons(text + edit) == "1. a set, gain: 3 x\n   2. a cache\n\nPLAN: 1."
    assert replies.reasons(f"A set.\n\n{edit}") == "A set."
    assert len(replies.reasons("word " * 2000)) <= replies.LONGEST_REASONS


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("PLAN: a\nLEFT: 1.2 x, the sort\n", 1.2),
        ("**LEFT:** ~2x", 2.0),
        ("4. `LEFT: 1.0 x`", 1.0),
        ("LEFT: 1.5 x\n\nLEFT: 1.1×", 1.1),
        ("LEFT: nothing", None),
        ("LEFT: 3 functions", None),
        ("what is LEFT: 2 x", None),
        ("PLAN: a\n\nFUNCTION: m.py::f\n```\nLEFT: 2 x\n```", None),
    ],
)
def test_what_a_reply_says_is_left(text: str, gain: float | None) -> None:
    assert replies.left(text) == gain


# --- properties ------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["alpha", "beta(gamma)", "x = 'é'", "return None", "# note", "a\tb", "for x in y:", "== 1", "<b>"]
)
LINES = st.lists(
    st.builds(lambda depth, word: "    " * depth + word, st.integers(0, 3), WORDS) | st.just(""), max_size=8
)


@st.composite
def replacements(draw: st.DrawFn) -> tuple[list[str], int, int, list[str]]:
    """A file, a range of its lines that stands once in it, and what is to take its place."""
    lines = [f"{line}  #{n}" if line else line for n, line in enumerate(draw(LINES))] + ["end #"]
    start = draw(st.integers(0, len(lines) - 1))
    end = draw(st.integers(start + 1, len(lines)))
    if not any(lines[start:end]):
        end = len(lines)
    return lines, start, end, draw(LINES)


@given(
    case=replacements(),
    style=st.sampled_from(sorted(STYLES)),
    shift=st.sampled_from(["", "  ", "\t"]),
    count=st.integers(5, 9),
    ending=st.sampled_from(["\n", ""]),
    crlf=st.booleans(),
)
def test_any_block_gives_the_file_it_describes(
    case: tuple[list[str], int, int, list[str]], style: str, shift: str, count: int, ending: str, crlf: bool
) -> None:
    lines, start, end, new = case
    result = [*lines[:start], *new, *lines[end:]]
    search, replace = (
        "".join(f"{shift + line if line else line}\n" for line in part) for part in (lines[start:end], new)
    )
    markers = f"{'<' * count} SEARCH\n{search}{'=' * count}\n{replace}{'>' * count} REPLACE\n"
    reply = STYLES[style].format("@@@").replace("@@@", markers).replace("pkg/shapes.py", "notes.txt")
    reply = reply.replace("\n", "\r\n") if crlf else reply
    text = "\n".join(lines) + ending
    expected = "\n".join(result) + (ending if result else "")
    if expected == text:
        with pytest.raises(EditError, match="changes nothing"):
            run(reply, **{"notes.txt": text})
    else:
        assert run(reply, **{"notes.txt": text}) == {"notes.txt": expected}


PIECES = st.sampled_from(
    [
        *("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "&lt;&lt;&lt;&lt;&lt; SEARCH", "```", "```python", "~~~"),
        *("```diff", "--- a/m.py", "+++ b/m.py", "--- /dev/null", "+++ /dev/null", "@@ -1 +1 @@", "@@", "+x", "-x = 1"),
        *("m.py", "FILE: m.py", "/m.py", "FILE: ", "FUNCTION: m.py::f", "FUNCTION: m.py::", "FUNCTION: ::f", "`.`"),
        *("def f():", "    return 1", "    return '''", "x = 1", "@", "\\", "\r", "\0", "\ud800", "\f", "(" * 300),
        *("FILE: a/.", "FILE: ~", "FILE: \0", "<think>", "</think>", "class f: pass", "\x1c", "\u2028", "", " y"),
    ]
)
REPLIES = st.lists(PIECES | st.text(max_size=8), max_size=14).map("\n".join)
FILES = st.lists(PIECES, max_size=6).map("\n".join)


@given(reply=REPLIES, text=FILES)
def test_nothing_but_an_edit_error_escapes_whatever_the_reply(reply: str, text: str) -> None:
    edits.plan_of(reply)
    with contextlib.suppress(EditError):
        result = run(reply, **{"m.py": text})
        assert result
        assert all(isinstance(new, str) for new in result.values())


@given(
    st.lists(
        st.builds(
            Edit,
            path=st.sampled_from(["m.py", "a/m.py", "n.txt", "", ".", "\0"]),
            replace=FILES,
            search=st.none() | FILES,
            function=st.none() | st.sampled_from(["f", "", "f.g"]),
        ),
        max_size=3,
    ),
    FILES,
)
def test_nothing_but_an_edit_error_escapes_whatever_the_edits(given_edits: list[Edit], text: str) -> None:
    with contextlib.suppress(EditError):
        assert edits.apply(given_edits, reader(**{"m.py": text, "n.txt": text}))


@pytest.mark.parametrize("body", ["-" * 50_000 + "1", "(" * 400 + "1" + ")" * 400])
def test_code_nested_too_deeply_is_turned_down(body: str) -> None:
    with pytest.raises(EditError, match=r"m\.py"):
        run(f"FUNCTION: m.py::f\n```\ndef f():\n    return {body}\n```\n", **{"m.py": "def f():\n    return 2\n"})


def test_a_function_after_thousands_of_branches_is_found() -> None:
    text = "if x: pass\n" + "elif x: pass\n" * 1500 + "else:\n    def f():\n        return 2\n"
    with contextlib.suppress(EditError):  # where the parser gives up
        result = run("FUNCTION: m.py::f\n```\ndef f():\n    return 1\n```\n", **{"m.py": text})
        assert result == {"m.py": text.replace("return 2", "return 1")}
