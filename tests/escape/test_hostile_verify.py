"""`llmopt verify` of changes that switch on hostile code: a verdict in clear words, nothing changed or left."""

from __future__ import annotations

from pathlib import Path

import layers
import pytest
import shop

# A plugin of our own environment opens a socket, which Landlock lets nobody.
TESTS = "python -m pytest -p no:rerunfailures tests"
FAST = ("--workload", "bench.py", "--no-timing", "--test", TESTS)
# In the repository already, where the guard does not look: a change that calls it gets as far as being run.
HELPER = """
import os, signal, socket, subprocess, sys, time


def attempt(action, *arguments):
    try:
        return action(*arguments)
    except Exception as problem:
        return problem


def act(home, mark, kills):
    found = attempt(lambda: open(home + "/.ssh/id_rsa").read())
    attempt(lambda: open(home + "/.bashrc", "a").write("hostile"))
    attempt(lambda: open("tests/test_orders.py", "a").write("hostile"))
    if kills:
        attempt(os.kill, os.getppid(), signal.SIGTERM)
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 100)
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(100)", mark], {})
    print("\\x1b]0;hostile\\x07", found)
    raise RuntimeError("\\x1b]0;hostile\\x07 %s" % found)
"""
BODY = """    seen = []
    for order in orders:"""
WAYS = {
    "when imported": ('"""Orders of a shop."""\n', '"""Orders of a shop."""\n\nfrom shop import helper\n\nCALL\n'),
    "when called": (BODY, f"    from shop import helper\n\n    CALL\n{BODY}"),
    "only in the workload": (BODY, f"    from shop import helper\n\n    if len(orders) > 100:\n        CALL\n{BODY}"),
}

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("layer", layers.CONFINING)]


@pytest.mark.parametrize("way", WAYS)
def test_a_hostile_change_ends_as_a_verdict_and_changes_nothing(way: str, layer: str, tmp_path: Path) -> None:
    home, repository, mark = tmp_path / "home", tmp_path / "shop", f"standin-{tmp_path.name}-{layer}"
    shop.write(home, {".ssh/id_rsa": "standin-secret\n", ".bashrc": "# the owner's\n"})
    files = {**shop.FILES, "shop/helper.py": HELPER}
    shop.repository(repository, files)
    old, new = WAYS[way]
    source = repository / "shop" / "orders.py"
    assert old in source.read_text()
    call = f"helper.act({str(home)!r}, {mark!r}, {way == 'when imported'})"
    source.write_text(source.read_text().replace(old, new.replace("CALL", call)))
    before = shop.state(repository)
    done = shop.llmopt(repository, "verify", *FAST, "--sandbox", layer, HOME=str(home), seconds=280)
    said = done.out + done.err
    assert done.code == 3, said
    assert done.out.startswith(tuple(f"Not accepted at {stage}:" for stage in ("output", "tests", "calls"))), said
    assert "exit code -15" in said or "RuntimeError" in said, said  # it was run, and not refused before
    assert "standin-secret" not in said
    assert "\x1b]0;" not in said
    assert (home / ".bashrc").read_text() == "# the owner's\n"
    assert shop.state(repository) == before
    assert layers.ends(mark)
