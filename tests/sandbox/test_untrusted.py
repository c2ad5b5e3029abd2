"""llmopt's own process reads nothing of the target's that could run code in it."""

from __future__ import annotations

import ast
from pathlib import Path

import llmopt

PACKAGE = Path(llmopt.__file__).parent
LOADERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal"}
# The requests of llmopt to its launcher are marshalled; nothing that the target wrote is in what is loaded.
OWN_REQUESTS = {"sandbox/launched.py": "marshal", "sandbox/launcher.py": "marshal"}


def imported(path: Path) -> set[str]:
    """The top names of all that a file imports, also inside functions."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in plain | {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}}


def test_nothing_outside_of_the_probe_imports_what_unpickles() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): names
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "probe" and (names := ", ".join(sorted(imported(path) & LOADERS)))
    }
    assert found == OWN_REQUESTS


def test_llmopt_only_writes_requests_and_its_launcher_only_reads_them() -> None:
    assert "marshal.load" not in (PACKAGE / "sandbox" / "launched.py").read_text()
    assert (PACKAGE / "sandbox" / "launcher.py").read_text().count("marshal.load(incoming)") == 1


def test_no_other_way_to_run_code_from_text_is_used_outside_of_the_probe() -> None:
    called = {
        f"{path.relative_to(PACKAGE).as_posix()}: {node.func.id}"
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "probe"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")
    }
    assert called == set()
