import pytest

from difftext import Differ, Patch, PatchError, UnifiedFormat

TEXTS = [
    [],
    ["a"],
    ["a", "b", "c", "d", "e", "f", "g", "h", "i"],
    ["x", "b", "c", "d", "e", "f", "g", "h", "y"],
    ["b", "c", "c", "c", "a"],
    ["", "-a", "+b", " c", "@@ -1 +1 @@", "--- a"],
]


@pytest.mark.parametrize("context", [0, 1, 3])
@pytest.mark.parametrize("old", TEXTS)
@pytest.mark.parametrize("new", TEXTS)
def test_a_patch_makes_the_new_text(old, new, context):
    before = list(old)
    patch = Patch.parse(UnifiedFormat(Differ(old, new), context=context).render())
    result = patch.apply(old)
    assert result == new
    assert result is not old
    assert old == before


def test_parts_of_a_patch():
    patch = Patch.parse("--- a\n+++ b\n@@ -2,2 +2 @@ def f():\n x\n-y\n@@ -9,0 +9,2 @@\n+1\n+2\n")
    assert patch.hunks == [(1, 2, 1, [" x", "-y"]), (9, 0, 2, ["+1", "+2"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "not a line of a patch: 'hello'"),
        ("@@ -1 +1 @@\n-a\n", "a hunk ends too early"),
        ("@@ -1,2 +1 @@\n-a\n@@ -5 +5 @@\n", "a hunk ends too early"),
        ("@@ -1,2 +1 @@\n-a\n\n", "a hunk ends too early"),
        ("@@ -1 +1,2 @@\n-a\n-b\n+c\n+d\n", "the lines of a hunk do not fit its header"),
        ("@@ -1 +1 @@\n-a\n+b\n+++ c\n", "not a line of a patch"),
    ],
)
def test_bad_patches(text, message):
    with pytest.raises(PatchError) as caught:
        Patch.parse(text)
    assert message in str(caught.value)


def test_an_empty_patch_changes_nothing():
    assert Patch.parse("").hunks == []
    assert Patch.parse("").apply(["a"]) == ["a"]


def test_a_patch_that_does_not_fit():
    patch = Patch.parse("@@ -2 +2 @@\n-b\n+c\n")
    assert patch.apply(["a", "b"]) == ["a", "c"]
    with pytest.raises(PatchError, match="line 2 is not 'b'"):
        patch.apply(["a", "x"])
    with pytest.raises(PatchError, match="line 2 is not 'b'"):
        patch.apply(["a"])


def test_hunks_out_of_order():
    with pytest.raises(PatchError, match="not in order"):
        Patch.parse("@@ -3 +3 @@\n-c\n+C\n@@ -1 +1 @@\n-a\n+A\n").apply(["a", "b", "c"])
