"""`llmopt report`: the numbers of the journal in every form, and text of others that stays text."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import recorded
from shop import llmopt

from llmopt import journal
from llmopt.data import Pair, Sample
from llmopt.errors import ProjectError
from llmopt.profilers import speedscope
from llmopt.reports import flame, gather, html, markdown, strip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded.run(tmp_path_factory.mktemp("report") / "shop", recorded.HOSTILE)


@pytest.fixture(scope="module")
def report(folder: Path) -> gather.Report:
    return gather.report(folder)


def test_the_number_with_its_interval_comes_first(report: gather.Report) -> None:
    assert report.headline == "2.00x [1.95, 2.08]"
    assert markdown.body(report).startswith("## 2.00x [1.95, 2.08] faster\n")
    text = Text.of(html.page(report))
    assert text.index("2.00x [1.95, 2.08]") < text.index("Where the time goes")


def test_everything_of_the_journal_is_there(report: gather.Report) -> None:
    assert [edit.number for edit in report.edits] == [1, 2]
    (edit,) = report.kept
    assert "+    return list(dict.fromkeys(" in edit.diff
    assert len(edit.ratios[0].values) == 8
    assert edit.level == "calls"
    assert len(report.workloads[0].values) == 9
    assert report.before is not None
    assert report.after is not None
    assert report.before.seconds == 0.4
    assert report.after.seconds == 0.2
    lines = {line.number: line for line in report.before.heat[0].lines}
    assert (lines[8].hits, lines[8].share, lines[8].text.strip()) == (4000, 0.9, 'if order["customer"] not in seen:')
    assert lines[7].hits is None


def test_both_graphs_have_one_scale(report: gather.Report) -> None:
    assert report.before is not None
    assert report.after is not None
    roots = [flame.html(each.flame, report.before.flame.seconds, "") for each in (report.before, report.after)]
    assert [re.findall(r'class="run .*?width:([\d.]+)%', root) for root in roots] == [["100.000"], ["50.000"]]


def test_a_frame_is_as_wide_as_all_that_it_calls(report: gather.Report) -> None:
    assert report.before is not None
    (workload,) = report.before.flame.children
    assert (workload.name, workload.kind, round(workload.seconds, 6)) == ("workload", "repository", 0.4)
    assert [(each.name, each.kind) for each in workload.children] == [("customers", "repository"), ("dumps", "library")]


def test_text_of_others_is_no_markup(report: gather.Report) -> None:
    page = html.page(report)
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert(1)" in page
    body = markdown.body(report)
    assert "<script>" not in body
    assert "\x1b" not in body
    assert "\\[a\\]" in body


def test_the_page_needs_nothing_from_elsewhere(report: gather.Report) -> None:
    page = html.page(report)
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?://", page)


def test_every_tag_is_closed_and_every_link_leads_somewhere(report: gather.Report) -> None:
    found = Tags()
    found.feed(html.page(report))
    assert found.open == []
    assert found.links <= found.names
    assert len(found.links) >= 2


def test_json_says_the_same(folder: Path, report: gather.Report) -> None:
    done = llmopt(folder.parents[2], "report", "--json")
    assert done.code == 0, done.err
    assert done.json == json.loads(json.dumps(journal.plain(report)))


def test_files_for_viewers(folder: Path, tmp_path: Path) -> None:
    profiles = gather.profiles(folder)
    assert [*profiles] == ["before", "after"]
    scope = json.loads(json.dumps(speedscope.document(profiles)))
    frames = scope["shared"]["frames"]
    first = scope["profiles"][0]
    named = {
        tuple(frames[i]["name"] for i in sample): round(w, 6)
        for sample, w in zip(first["samples"], first["weights"], strict=True)
    }
    assert named["workload", "customers"] == 0.36
    done = llmopt(folder.parents[2], "report", "--pprof", "--output", tmp_path / "p.pb.gz")
    assert done.out.split() == [str(tmp_path / "p-before.pb.gz"), str(tmp_path / "p-after.pb.gz")]
    fields = decoded(gzip.decompress((tmp_path / "p-before.pb.gz").read_bytes()))
    texts = [value.decode() for number, value in fields if number == 6]
    assert texts[0] == ""
    assert {"time", "nanoseconds", "workload", "customers", "shop/orders.py"} <= {*texts}
    samples = [dict(decoded(value)) for number, value in fields if number == 2]
    assert [(varints(each[1]), varints(each[2])) for each in samples][1] == ([2, 1], [360_000_000])
    locations = [dict(decoded(value)) for number, value in fields if number == 4]
    assert [each[1] for each in locations] == [1, 2, 3]


def test_a_run_that_goes_on_or_was_cut_off_is_reported(tmp_path: Path) -> None:
    folder = recorded.run(tmp_path / "shop")
    record = folder / "journal.jsonl"
    lines = [line for line in record.read_text().splitlines() if '"outcome"' not in line and '"end-to-end"' not in line]
    record.write_text("\n".join(lines) + "\n")
    found = gather.report(folder)
    assert not found.ended
    assert (found.speedup, found.measured) == (2.0, "per edit")
    assert "The product of the edits' own measurements" in markdown.body(found)
    assert "has not ended" in Text.of(html.page(found))
    record.write_text("")
    with pytest.raises(ProjectError, match="stopped before it began"):
        gather.report(folder)


def test_a_report_outlives_the_commits(tmp_path: Path) -> None:
    folder = recorded.run(tmp_path / "shop")
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    gone = "0" * 40
    text = "\n".join(json.dumps(line) for line in lines).replace(lines[0]["value"]["base"], gone)
    (folder / "journal.jsonl").write_text(text + "\n")
    found = gather.report(folder)
    assert found.kept[0].diff == ""
    assert found.diff  # the patch of all kept edits is a file
    assert "2.00x" in html.page(found)


def test_what_an_agent_used_is_said_to_be_not_known(report: gather.Report) -> None:
    edits = tuple(replace(edit, tokens=None, cost_usd=None) for edit in report.edits)
    found = replace(report, tokens=None, cost_usd=None, edits=edits)
    for text in (markdown.body(found), Text.of(html.page(found))):
        assert "tokens and cost not known" in text
        assert "$0" not in text


def test_a_run_on_a_change_is_told_from_one_on_all_of_the_code(report: gather.Report) -> None:
    for text in (markdown.body(report), html.page(report)):
        assert "changed code" not in text
    change = f"--changed-since {recorded.HOSTILE}"
    cold = tuple((f"m.py::{name}", "not seen") for name in "abcdefghijk")
    found = replace(report, scope=change, touched=("m.py::a", "m.py::b"), not_worth=cold)
    page, body = html.page(found), markdown.body(found)
    assert Text.of(page).index("2 functions and what is called from there") < Text.of(page).index("faster")
    assert "``--changed-since <script>alert(1)</script> \\| `x` [a](b)" in body  # a code span that it cannot end
    assert "<script>alert" not in page
    for text in (Text.of(page).replace("m.py::h ( not seen )", "m.py::h (not seen)"), body.replace("`", "")):
        assert "m.py::h (not seen) and 3 more." in text


def test_strip_shows_one_and_every_pair() -> None:
    drawn = strip.svg((1.9, 2.0, 2.1), 2.0, (1.9, None))
    assert drawn.count("<circle") == 3
    assert ">1x</text>" in drawn
    assert strip.svg((), 1.0, (1.0, 1.0)) == ""
    same = strip.svg((1.0, 1.0), 1.0, (1.0, 1.0))
    assert "nan" not in same


@pytest.mark.slow
def test_where_it_is_written(folder: Path, tmp_path: Path) -> None:
    repo = folder.parents[2]
    done = llmopt(repo, "report")
    assert done.out.strip() == str(folder / "report.html")
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert llmopt(repo, "report", "--output", "-").out.startswith("<!doctype html>")
    assert llmopt(repo, "report", "--markdown", "-o", tmp_path / "body.md").code == 0
    assert (tmp_path / "body.md").read_text().startswith("## 2.00x")
    wrong = llmopt(repo, "report", "--html", "--json")
    assert (wrong.code, wrong.err.strip()) == (2, "llmopt: --html and --json at once (one report a call)")
    missing = llmopt(repo, "report", "-o", tmp_path / "no" / "x.html")
    assert missing.code == 2
    assert "there is no folder" in missing.err
    assert llmopt(repo, "report", "nothing").code == 2


def test_an_objective_that_was_not_measured_in_a_pair_leaves_it_out() -> None:
    pairs = [[Pair(0, replace(Sample(1.0), instructions=10), Sample(0.5))]]
    assert gather._ratios(["w"], pairs, "instructions") == ()


def test_the_published_schema_is_the_code_s(report: gather.Report) -> None:
    published = Path(__file__).parents[2] / "docs" / "report.schema.json"
    assert json.loads(published.read_text()) == gather.schema(), (
        "python -m llmopt.reports.gather > docs/report.schema.json"
    )
    required = {*gather.schema()["required"]}
    assert required <= {*journal.plain(report)}


# --- readers -----------------------------------------------------------------------------------------------------


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @classmethod
    def of(cls, page: str) -> str:
        found = cls()
        found.feed(page)
        return " ".join(" ".join(found.parts).split())


class Tags(HTMLParser):
    VOID = ("meta", "link", "input", "br", "hr")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: set[str] = set()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if (values.get("href") or "").startswith("#"):
            self.links.add(str(values["href"])[1:])
        if values.get("id"):
            self.names.add(str(values["id"]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def decoded(content: bytes) -> list[tuple[int, int | bytes]]:
    """The fields of a protocol buffer's message."""
    found: list[tuple[int, int | bytes]] = []
    while content:
        key, content = varint(content)
        value, content = varint(content)
        if key & 7 == 2:
            found.append((key >> 3, content[:value]))
            content = content[value:]
        else:
            found.append((key >> 3, value))
    return found


def varint(content: bytes) -> tuple[int, bytes]:
    value = shift = 0
    for count, byte in enumerate(content, 1):
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, content[count:]
    raise AssertionError("cut off")


def varints(content: int | bytes) -> list[int]:
    assert isinstance(content, bytes)
    found = []
    while content:
        value, content = varint(content)
        found.append(value)
    return found
