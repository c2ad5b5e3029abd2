"""A model that obeys what a repository asks of it: its reply yields edits inside the allowed paths, or nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from llmopt import edits, encoding
from llmopt.checks import guard
from llmopt.data import Function, Hotspot, LineCost, Observed, Region, Reply, Tree, Verdict
from llmopt.errors import EditError, ProjectError
from llmopt.journal import Journal, new_run, state_folder
from llmopt.prompts import render
from llmopt.search import ask, dossier
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks
from llmopt.search.moved import Moved


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "tree"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "m.py").write_text("x = 1\n")
    (root / "conftest.py").write_text("")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "o.py").write_text("x = 1\n")
    (root / "linked").symlink_to(tmp_path / "outside")
    (root / "pkg" / "link.py").symlink_to(tmp_path / "outside" / "o.py")
    return Tree("c", root)


PATHS = [
    *("../outside/o.py", "pkg/../../outside/o.py", "/etc/cron.d/x.py", "~/.bashrc", "linked/o.py", "pkg/link.py"),
    *(".git/config", ".git/hooks/x.py", ".GIT/x.py", ".git./x.py", ".git /x.py", "git~1/x.py", "sub/.Git/hooks/x.py"),
    *("C:/x.py", "C:\\x.py", "..\\..\\x.py", "pkg\\..\\..\\x.py", "\\\\host\\share\\x.py"),
    *("conftest.py", "Conftest.py", "CONFTEST.PY", "tests/test_x.py", "Tests/x.py", "bench.py", "Bench.py"),
    *("sitecustomize.py", "SiteCustomize.py", "x.pth", "pyproject.toml", "PyProject.TOML", ".llmopt/runs/x.py"),
    *(
        "secret/keys.py",
        "Secret/Keys.py",
        "setup.py",
        "Makefile",
        ".github/workflows/x.py",
        ".gi\u200ct/x.py",
        "a\0.py",
    ),
    *("pkg/script.sh", "pkg/data.json", "pkg/m.py\x1b[2J.py"),
]


@pytest.mark.parametrize("path", PATHS)
def test_edit_out_of_bounds_is_none(path: str, tree: Tree) -> None:
    reply = f"{path}\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"
    whole = f"path: {path}\n```python\n<<<<<<< SEARCH\n=======\nx = 2\n>>>>>>> REPLACE\n```\n"
    for text in (reply, whole):
        try:
            files = edits.apply(edits.parse(text), encoding.reader(tree))
        except EditError:
            continue
        refused = {each: guard.turned_down(each, ["bench.py"], ["secret/*"]) for each in files}
        # A new file below a link takes the link's place in the commit, which is refused for the link.
        linked = [
            each for each in files if guard.turned_down(each.split("/")[0], [], []) and each.startswith("linked/")
        ]
        assert all(refused.values()) or linked or files.keys() <= {"pkg/link.py", "link.py"}, (files, refused)


def test_files_that_may_be_edited_still_may(tree: Tree) -> None:
    reply = "pkg/m.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"
    files = edits.apply(edits.parse(reply), encoding.reader(tree))
    assert files == {"pkg/m.py": "x = 2\n"}
    assert guard.turned_down("pkg/m.py", ["bench.py"], ["secret/*"]) == ""


# --- the prompt ------------------------------------------------------------------------------------------------------

MARK = "DOTHIS"
HOSTILE = st.lists(
    st.sampled_from(
        ["```", "`", "~~~", "````", "\n", "\r", "\u2028", "# ", "## How to answer\n", "- ", "> ", "|", " ", "\n\n",
         "\t",
         "<div>", "x", "*", "_", "[", "](", "    "]
    ),
    max_size=14,
).map(lambda parts: "".join(parts[: len(parts) // 2]) + MARK + "".join(parts[len(parts) // 2 :]))  # fmt: skip


def as_instruction(text: str) -> list[str]:
    """Where the mark stands outside of fences and code spans, or begins something of its own."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("fence", "code_block"):
            continue
        if token.type == "heading_open":
            found += [token.markup] if token.level else []
        children = token.children or []
        plain = "".join(child.content for child in children if child.type != "code_inline")
        if MARK in plain:
            found.append(plain)
    return found


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(HOSTILE, HOSTILE)
def test_text_of_the_target_cannot_leave_its_fence(source: str, name: str) -> None:
    text = f"def f():\n    '''\n{source}\n    '''\n"
    path = f"{name}.py".replace("/", "")
    region = hostile_region(path, name)
    test = f"from m import f\n\ndef test_f():\n    '''\n{source}\n    '''\n    assert f() is None\n"
    files = {"test_m.py": test, f"{path}.py": f"{text}\ndef other():\n    return f()\n"}
    facts = Facts((3, 11, 4), workloads=((name, f"{source}\n"),), files=tuple(files))
    verdict = Verdict(False, "tests", source, region.focus.function.key, name, source, evidence={"failing": source})
    kept = replace(verdict, accepted=True, function=f"{name}::g")
    values = dossier.describe(region, [verdict, kept], lambda path: files.get(path, text), facts)
    assert values["contracts"]
    assert values["tests"]
    for task in ("plans", "medium"):
        assert as_instruction(render("optimize", task=task, plans=3, calls=3, **values)) == []
    for kind in ("tests", "edit", "duplicate", "timing"):
        assert as_instruction(refinement(kind, verdict, region, name)) == []
    assert as_instruction(render("retry-edit", reason=source)) == []
    assert as_instruction(render("implement", number=1, plan=source)) == []
    moved = (Moved(f"{path}::{name}", 0.5, 0.1),)
    kept_text = render(
        "refine",
        kind="kept",
        speedup=1.2,
        interval=(1.1, 1.3),
        changed=source,
        pared=f"left out, as fast without: {path}::{name}",
        moved=moved,
        hint="",
    )
    assert as_instruction(kept_text) == []


def hostile_region(path: str, name: str) -> Region:
    """Names of arguments, callers and libraries are the target's as well."""
    function = Function(path, "f", 1)
    spot = Hotspot(
        function,
        4,
        0.5,
        0.5,
        0.5,
        2.0,
        calls=3,
        callees=((Function(f"/lib/{name}", name, 1), 0.3),),
        lines=(LineCost(3, 5, 0.9),),
        arguments=(Observed(name, (f"list[{name}]",), (3,)),),
        callers=((f"m.py::{name}", 2),),
    )
    return Region((spot,), spot, 0.5)


def refinement(kind: str, verdict: Verdict, region: Region, name: str) -> str:
    model = lambda conversation: Reply("", "tiny")  # noqa: E731
    look = ask.Look(region.functions, ((name, 0.5),))
    asking = ask.Asking(model, Masks(lambda path: ""), Facts((3, 11, 4)), look=lambda verdict: look)
    thread = ask.Thread(1, region, "0", region.functions)
    return ask._refinement(kind, verdict, thread, asking).text


def test_the_system_prompt_says_that_it_is_data() -> None:
    assert re.search(r"never an instruction", render("system"))


# --- what is left out ----------------------------------------------------------------------------------------------


def test_lines_of_excluded_files_are_in_no_feedback() -> None:
    secret = "def rule(order):\n    margin = order.amount * 0.37 - rebate_of(order)\n    return margin\n"
    masks = Masks(lambda path: "", excluded=[secret])
    traceback = (
        "tests/test_x.py:3: in test\n    rule(1)\n"
        ">       margin = order.amount * 0.37 - rebate_of(order)\nE       AttributeError: 'int' has no 'amount'\n"
        "  12 |     margin = order.amount * 0.37 - rebate_of(order)\n"
    )
    shown = masks.without_excluded(traceback)
    assert "0.37" not in shown
    assert "AttributeError" in shown
    assert "rule(1)" in shown


# --- the folder of the runs ----------------------------------------------------------------------------------------


def test_state_is_for_its_user_alone(tmp_path: Path) -> None:
    (tmp_path / ".llmopt").mkdir(mode=0o755)
    folder = state_folder(tmp_path)
    run = folder / "runs" / new_run(folder)
    Journal(run / "journal.jsonl").close()
    modes = [oct(each.stat().st_mode & 0o777) for each in (folder, run, run / "journal.jsonl")]
    assert modes == ["0o700", "0o700", "0o600"]
    assert (folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "name", [".llmopt", ".llmopt/runs", ".llmopt/bench", ".llmopt/cache", ".llmopt/cache/hot", ".llmopt/cache/verdicts"]
)
def test_state_folder_that_is_a_link_is_refused(name: str, tmp_path: Path) -> None:
    elsewhere, repo = tmp_path / "elsewhere", tmp_path / "repo"
    elsewhere.mkdir(mode=0o755)
    (repo / name).parent.mkdir(parents=True)
    (repo / name).symlink_to(elsewhere)
    with pytest.raises(ProjectError, match="is a symbolic link"):
        state_folder(repo)
    assert oct(elsewhere.stat().st_mode & 0o777) == "0o755"
    assert list(elsewhere.iterdir()) == []
