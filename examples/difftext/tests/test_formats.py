import pytest

from difftext import Comparison, Differ, HtmlFormat, UnifiedFormat, WordFormat
from difftext.formats import Format, escape, format_range

OLD = ["title", "", "fix the parser now", "b", "c", "d", "e", "f", "g", "end"]
NEW = ["title", "", "fix the <parser> soon", "b", "c", "d", "e", "f", "g", "more", "end"]


def test_unified():
    assert UnifiedFormat(Differ(OLD, NEW), "a.txt", "b.txt", context=2).render() == (
        "--- a.txt\n+++ b.txt\n"
        "@@ -1,5 +1,5 @@\n title\n \n-fix the parser now\n+fix the <parser> soon\n b\n c\n"
        "@@ -8,3 +8,4 @@\n f\n g\n+more\n end\n"
    )


def test_words():
    assert WordFormat(Differ(OLD, NEW), context=1).render() == (
        "--- old\n+++ new\n"
        "@@ -2,3 +2,3 @@\n  \n~ fix the {+<+}parser{+>+} [-now-]{+soon+}\n  b\n"
        "@@ -9,2 +9,3 @@\n  g\n+ more\n  end\n"
    )


def test_words_show_the_new_text_where_the_difference_does_not_count():
    differ = Differ(["A ", "x y z"], ["a", "x y Q", "new"], Comparison(True, True))
    assert WordFormat(differ).render() == "--- old\n+++ new\n@@ -1,2 +1,3 @@\n  a\n~ x y [-z-]{+Q+}\n+ new\n"


def test_html():
    assert HtmlFormat(Differ(["a", "x y z", "gone"], ["a", "x y <z>"]), "a&b", context=1).render() == (
        '<table class="diff">\n'
        '<tr class="names"><th></th><td>a&amp;b</td><th></th><td>new</td></tr>\n'
        '<tr class="hunk"><td colspan="4">@@ -1,3 +1,2 @@</td></tr>\n'
        '<tr class="equal"><th>1</th><td>a</td><th>1</th><td>a</td></tr>\n'
        '<tr class="edit"><th>2</th><td>x y z</td><th>2</th>'
        "<td>x y <ins>&lt;</ins>z<ins>&gt;</ins></td></tr>\n"
        '<tr class="delete"><th>3</th><td>gone</td><th></th><td></td></tr>\n'
        "</table>\n"
    )


def test_html_insertion():
    text = HtmlFormat(Differ(["a"], ["a", '"b"'])).render()
    assert '<tr class="insert"><th></th><td></td><th>2</th><td>&quot;b&quot;</td></tr>\n' in text


@pytest.mark.parametrize("kind", [UnifiedFormat, WordFormat, HtmlFormat])
def test_no_difference_is_no_text(kind):
    assert kind(Differ([], [])).render() == ""
    assert kind(Differ(OLD, OLD)).render() == ""


def test_the_base_class_has_no_blocks():
    with pytest.raises(NotImplementedError):
        Format(Differ(["a"], ["b"])).render()
    assert Format(Differ(["a"], ["a"])).render() == ""


@pytest.mark.parametrize(("lines", "expected"), [((0, 0), "0,0"), ((3, 3), "3,0"), ((3, 4), "4"), ((3, 5), "4,2")])
def test_ranges(lines, expected):
    assert format_range(lines) == expected


def test_escape():
    assert escape("<a href=\"x\">'&amp;'</a>") == "&lt;a href=&quot;x&quot;&gt;'&amp;amp;'&lt;/a&gt;"
    assert escape("") == ""
