"""Hostile programs under every layer that works here: each is stopped where the table says so, and gets past elsewhere.

That the same program gets past where nothing stops it shows that it is hostile: a test that cannot fail says nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

import escapes
import layers
import pytest
from escapes import GETS_PAST, HARMLESS, NOT_TRIED, Escape
from standins import World

from llmopt.sandbox import landlock, seccomp

pytestmark = pytest.mark.skipif(not seccomp.machine(), reason="the programs know the calls of Linux on x86-64 and ARM")


@pytest.mark.parametrize("layer", layers.RUNNING)
@pytest.mark.parametrize("escape", escapes.SIMPLE, ids=lambda escape: escape.name)
def test_what_a_hostile_program_can_do_is_what_the_table_says(escape: Escape, layer: str, world: World) -> None:
    expected = escape.under(layer)
    skip_what_cannot_be_shown(escape, layer, expected)
    before = world.view()
    told = world.run(layer, escape.program)
    if escape.then:
        told = world.run(layer, escape.then)
    after = world.view()
    changed = {place for place in before | after if before.get(place) != after.get(place)}
    claims = [line for line in told.stdout.splitlines() if line.startswith("PAST")]
    said = f"{sorted(changed)}\n{told.stdout}\n{told.stderr}"
    if expected == GETS_PAST:
        if escape.may_lack and not changed and not claims:
            pytest.skip("this kernel has none")
        assert claims or changed, said
    else:
        assert (told.exit_code, changed) == (0, set()), said
        assert expected == HARMLESS or not claims, said


def skip_what_cannot_be_shown(escape: Escape, layer: str, expected: str) -> None:
    if expected == NOT_TRIED:
        pytest.skip("nothing would stop it")
    if expected == GETS_PAST and escape.root and os.getuid() != 0:
        pytest.skip("only root gets past")
    if layer == "landlock" and expected != GETS_PAST and landlock.restrict_version() < escape.since:
        pytest.skip("this kernel's Landlock is older than what stops it")


def test_the_table_of_the_documentation_is_this_one() -> None:
    page = Path(__file__).parents[2] / "docs" / "security.md"
    assert escapes.table() in page.read_text()
