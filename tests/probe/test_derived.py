"""Values that derived inputs have: that every interpreter makes, writes and reads them, and what they do not break."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from textwrap import dedent

import probing
import pytest

PROBE = Path(__file__).parents[2] / "llmopt" / "probe"


def run(folder: Path, python: str, **files: str) -> None:
    """The scripts one after the other, in processes of their own; what fails there fails here."""
    made = probing.probing(folder, python, {f"{name}.py": text for name, text in files.items()})
    for name in files:
        if name.startswith("step"):
            made.run(f"{name}.py", leaks={})


CLASSES = """
    class C:
        def __init__(self, n): self.n = n
    class Slotted:
        __slots__ = ("n", "up")
        def __init__(self, n, up=None): self.n, self.up = n, up
    class Tree:
        def __init__(self, leaves):
            self.leaves = leaves
            for leaf in leaves: leaf.up = self
    def change(leaf): leaf.n = 3
"""


def test_instances_of_made_subclasses_are_read_by_another_process(tmp_path: Path, python: str) -> None:
    write = """
        import classes, llmopt_made, llmopt_pickles
        made = [llmopt_made.subclass_of(kind)(value) for kind, value in
                [(list, [1]), (dict, {"a": 1}), (str, "a"), (int, 3), (tuple, (1,)), (set, {1}), (classes.C, 4)]]
        open("made.bin", "wb").write(llmopt_pickles.dump(made, 10**6)[0])
    """
    read = """
        import classes, llmopt_describe, llmopt_made, llmopt_pickles
        made = llmopt_pickles.load(open("made.bin", "rb").read())
        for each, kind in zip(made, (list, dict, str, int, tuple, set, classes.C)):
            assert isinstance(each, kind) and type(each) is not kind
            assert type(each) is llmopt_made.subclass_of(kind)
        describe = llmopt_describe.Describer().node
        assert describe(made[2]) == describe("a") and describe(made[4]) == describe((1,))
        _, _, name, _, attributes = describe(made[6])
        assert name == "llmopt_made.C" and attributes == [["n", 4]]
    """
    run(tmp_path, python, classes=CLASSES, step1=write, step2=read)


def test_objects_are_changed_deep_inside_and_stay_connected(tmp_path: Path, python: str) -> None:
    script = """
        import classes, llmopt_hints, llmopt_mutate, llmopt_places
        def fresh(): return (classes.Tree([classes.Slotted(1), classes.Slotted(2)]),), {}
        hints = llmopt_hints.Hints()
        hints.assigned = llmopt_hints.assigned("classes")
        assert "n" in hints.assigned and "leaves" not in hints.assigned
        made = list(llmopt_places.changed(fresh, hints, llmopt_mutate.variants))
        changed = [tree for label, (tree,), _ in made if label.startswith("attribute n of a Slotted inside")]
        assert changed and any([leaf.n for leaf in tree.leaves] != [1, 2] for tree in changed)
        assert all(leaf.up is tree for tree in changed for leaf in tree.leaves)
        other = [tree for label, (tree,), _ in made if label == "a subclass of Slotted"]
        assert other and all(type(leaf) is not classes.Slotted for leaf in other[0].leaves)
    """
    run(tmp_path, python, classes=CLASSES, step=script)


def test_an_element_becomes_what_is_asked_for(tmp_path: Path, python: str) -> None:
    script = """
        import classes, llmopt_hints, llmopt_mutate, llmopt_places
        class Other(classes.C): pass
        def fresh(): return ([classes.C(1), classes.C(2)], Other), {}
        made = list(llmopt_places.changed(fresh, llmopt_hints.Hints(), llmopt_mutate.variants))
        (items,) = [args[0] for label, args, _ in made if label.startswith("an element of a subclass of the")]
        assert [isinstance(each, Other) for each in items] == [False, True] and type(items[1]) is not Other
    """
    run(tmp_path, python, classes=CLASSES, step=script)


def test_values_fit_their_annotations(tmp_path: Path, python: str) -> None:
    script = """
        import enum, typing, llmopt_annotated
        class Colour(enum.Enum):
            RED, BLUE = 1, 2
        def kinds(annotation): return {type(each) for each in llmopt_annotated.values(annotation)}
        assert kinds(typing.Optional[int]) == {int, type(None)}
        assert kinds(typing.List[str]) == {list} and kinds(typing.Dict[str, int]) == {dict}
        assert set(llmopt_annotated.values(Colour)) == {Colour.RED, Colour.BLUE}
        assert set(llmopt_annotated.values(typing.Literal["a", "b"])) == {"a", "b"}
        assert all(len(each) == 2 for each in llmopt_annotated.values(typing.Tuple[int, str]))
        assert llmopt_annotated.values("no such class") == []
    """
    run(tmp_path, python, step=script)


@pytest.mark.slow
def test_hypothesis_draws_the_same_values_each_time_and_leaves_no_files(tmp_path: Path) -> None:
    if importlib.util.find_spec("hypothesis") is None:
        pytest.skip("no hypothesis")
    script = dedent("""
        import os, llmopt_annotated
        drawn = llmopt_annotated.alike([{"n": 1, "name": "a"}])
        assert len(drawn) > 3 and all(set(row) == {"n", "name"} for rows in drawn for row in rows)
        if os.path.exists("drawn.txt"): assert open("drawn.txt", encoding="utf-8").read() == ascii(drawn)
        open("drawn.txt", "w").write(ascii(drawn))
        assert not os.path.exists(".hypothesis")
    """)
    run(tmp_path, sys.executable, step1=script, step2=script)


def test_a_noting_function_tells_types_and_not_how_often(tmp_path: Path, python: str) -> None:
    script = """
        import llmopt_made
        noting = llmopt_made.Noting(len)
        assert [noting([1]), noting((1, 2)), noting([])] == [1, 2, 0]
        assert noting.given == ["builtins.list", "builtins.tuple"]
    """
    run(tmp_path, python, step=script)


def test_every_kind_of_function_argument_and_switch_is_found(tmp_path: Path, python: str) -> None:
    module = """
        WIDE, _PRIVATE, LIMIT = False, True, 3
        def width(text): return len(text) * (1 + WIDE) * _PRIVATE
        def f(rows, start=0, end=None, key=None): return [width(row) for row in rows[start:end]][:LIMIT]
    """
    script = """
        import module, llmopt_hints
        hints = llmopt_hints.of(module.f, (), (["a", "b"],), {}, [((["a"],), {"end": 7})])
        assert hints.switches == {"WIDE": True}
        assert hints.defaults == {"start": 0}
        assert hints.seen["end"] == [7] and 2 in hints.guessed["end"]
        assert any(callable(each) for each in hints.guessed["key"])
    """
    run(tmp_path, python, module=module, step=script)
