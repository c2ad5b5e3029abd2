"""What agents are offered is what the documentation and the skill file say, and an edit is read as what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmopt.changes import Edits, Patch
from llmopt.serving import offered

ROOT = Path(__file__).parent.parent.parent
NAMES = [each.name for each in offered.OFFERS]
DIFF = "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-a\n+b"


def test_the_reference_lists_the_tools_and_what_they_take() -> None:
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    table = text.partition("| tool | takes | gives |\n")[2].partition("\n\n")[0]
    rows = [row.split("|")[1:3] for row in table.splitlines()[1:]]
    listed = {name: taken for names, taken in rows for name in re.findall(r"`(\w+)`", names)}
    assert list(listed) == [name for name in NAMES if name in listed]
    assert set(listed) == set(NAMES)
    for each in offered.OFFERS:
        assert set(re.findall(r"`(\w+)`", listed[each.name])) == set(each.takes["properties"]), each.name


def test_the_skill_file_has_its_front_matter_and_names_no_tool_that_is_not_there() -> None:
    text = (ROOT / "skills" / "llmopt" / "SKILL.md").read_text(encoding="utf-8")
    matter = dict(re.findall(r"^(\w+): (.+)$", text.split("---")[1], re.MULTILINE))
    assert matter.keys() == {"name", "description"}
    assert matter["name"] == "llmopt"
    assert len(matter["description"]) <= 1024
    steps = re.findall(r"^\d\. .*?`(\w+)`", text, re.MULTILINE)
    assert {"profile", "dossier", "verify_edit", "compare_revisions"} <= set(re.findall(r"`(\w+)`", text))
    assert set(steps) <= set(NAMES)


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        ("", str),
        (" \n", str),
        (DIFF, Patch),
        (f"diff --git a/m.py b/m.py\n{DIFF}", Patch),
        ("m.py\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", Edits),
        ("m.py\n<<<<<<< SEARCH\n--- a\n=======\n@@ b\n>>>>>>> REPLACE\n", Edits),
        ("what is neither", Edits),
    ],
)
def test_an_edit_is_read_as_what_it_is(edit: str, kind: type) -> None:
    assert type(offered.change_of(edit)) is kind


def test_a_diff_without_its_last_line_end_gets_it() -> None:
    change = offered.change_of(DIFF)
    assert isinstance(change, Patch)
    assert change.text == DIFF + "\n"
