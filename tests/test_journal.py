"""The record of a run: what was written is found again, also after the process was killed while it wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from llmopt import journal
from llmopt.data import Base, Caller, Conversation, Function, Hotspot, Message, Pair, Reply, Sample, Usage, Verdict
from llmopt.errors import LlmoptError, ProjectError, UsageError
from llmopt.journal import Journal

Open = Callable[[], Journal]
VERDICT = Verdict(
    accepted=True,
    stage="confirmation",
    reason="1.3x",
    function="pkg/a.py::f",
    author="rules: x",
    interval=(1.2, 1.4),
    evidence={"tests": "4 passed\nas before", "ünï": "λ"},
    usage=Usage(1, 2, 3, 4, 0.5),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.jsonl"


@pytest.fixture
def at(path: Path) -> Iterator[Open]:
    """Opens the journal, as often as it is asked to."""
    opened: list[Journal] = []

    def open_again() -> Journal:
        for each in opened:
            each.close()
        opened.append(Journal(path))
        return opened[-1]

    yield open_again
    for each in opened:
        each.close()


def refuse() -> object:
    raise AssertionError("computed again")


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (Verdict, VERDICT),
        (Base, Base("c", {"t::a": "passed"}, seconds=(0.1, 0.2), outputs=("", "x"))),
        (
            list[list[Pair]],
            [
                [Pair(0, Sample(1.0), Sample(2.0))],
                [Pair(0, Sample(3.0), Sample(0.5, first_seconds=0.1), candidate_first=True)],
            ],
        ),
        (
            Hotspot,
            Hotspot(
                Function("a.py", "f", 1), 3, 0.1, 0.2, 0.9, 10.0, chain=(Caller(Function("b.py", "g", 2), 1.0, 7),)
            ),
        ),
        (Verdict, Verdict(False, "timing", "", "f", "a", interval=(0.0, float("inf")))),
    ],
)
def test_once_computes_once_also_after_reopening(at: Open, of: type, value: object) -> None:
    calls = []
    first = at()
    for _ in range(2):
        assert first.once("kind", "key", of, lambda: calls.append(1) or value) == value
    assert at().once("kind", "key", of, refuse) == value
    assert calls == [1]


def test_other_keys_and_kinds_are_computed(at: Open) -> None:
    record = at()
    for kind, key in [("a", "x"), ("a", "y"), ("b", "x")]:
        assert record.once(kind, key, str, partial(str.__add__, kind, key)) == kind + key
    assert (record.values("a"), record.value("b", "x"), record.value("b", "y")) == (["ax", "ay"], "bx", None)


def test_a_failed_computation_records_nothing(path: Path, at: Open) -> None:
    record = at()
    with pytest.raises(AssertionError):
        record.once("kind", "key", str, refuse)
    assert path.read_bytes() == b""


def test_every_record_is_on_disk_at_once(path: Path, at: Open) -> None:
    record = at()
    record.add("note", "x")
    record.add("verdict", VERDICT, key="k")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["kind"], line["key"]) for line in lines] == [("note", ""), ("verdict", "k")]
    assert abs(lines[0]["at"] - time.time()) < 60


@pytest.mark.parametrize("torn", [b'{"at":1,"ki', b"{}", b"\xff\xfe", '{"at":1,"kind":"λ'.encode()[:-1]])
def test_torn_last_line_is_dropped_and_the_file_goes_on(path: Path, at: Open, torn: bytes) -> None:
    first = at()
    first.add("a", 1, key="x")
    with path.open("ab") as stream:
        stream.write(torn)
    assert [line["kind"] for line in journal.records(path)] == ["a"]
    second = at()
    second.add("b", 2, key="y")
    assert [(line["kind"], line["value"]) for line in at().lines] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("line", [b"not json", b"[]", b'{"kind": "a"}', b"3", b"\xff", b""])
def test_malformed_line_in_the_middle_is_an_error_that_says_where(path: Path, at: Open, line: bytes) -> None:
    record = at()
    record.add("a", 1)
    path.write_bytes(path.read_bytes() + line + b"\n" + path.read_bytes())
    with pytest.raises(ProjectError, match=r"journal\.jsonl:2 is not a journal record"):
        at()


def test_record_of_another_shape_is_a_clear_error(at: Open) -> None:
    at().add("verdict", {"accepted": "maybe"}, key="k")
    with pytest.raises(ProjectError, match="the verdict record cannot be used"):
        at().once("verdict", "k", Verdict, refuse)


def test_any_text_is_recorded_as_it_is(at: Open) -> None:
    """Names of files that are not UTF-8, and half a pair of surrogates in a model's reply."""
    odd = Verdict(False, "apply", "half \ud800 pair", "caf\udce9.py::f", "m", evidence={"k": "v\ud83d\0"})
    at().add("verdict", odd, key="k")
    assert at().once("verdict", "k", Verdict, refuse) == odd


WRITER = """
import sys
from pathlib import Path
from llmopt.journal import Journal
record = Journal(Path(sys.argv[1]))
print("ready", flush=True)
number = len(record.lines)
while True:
    record.add("number", {"number": number, "ballast": "x" * 100_000}, key=str(number))
    number += 1
"""


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_journal_survives_kill_9_while_it_is_written(path: Path, at: Open) -> None:
    for round_number in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout
        writer.stdout.readline()
        until = time.monotonic() + 20  # a busy machine may not run the writer for a while
        while not _lines(path) > 2 * round_number + 3 and time.monotonic() < until:
            time.sleep(0.01)
        writer.kill()
        writer.wait()
        writer.stdout.close()
    record = at()
    numbers = [line["value"]["number"] for line in record.lines]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 3


def test_full_disk_is_a_clear_error_and_leaves_whole_records(path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from llmopt import errors, journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
record = journal.Journal(Path(sys.argv[1]))
try:
    for number in range(100):
        record.add("n", "x" * 1000)
except errors.ProjectError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
record.add("after", 1)
"""
    ran = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert ran.stdout.startswith(f"cannot write {path}: File too large"), ran.stderr
    kinds = [line["kind"] for line in journal.records(path)]
    assert kinds == ["n"] * (len(kinds) - 1) + ["after"]
    assert len(kinds) > 40


# --- the model ---------------------------------------------------------------------------------------------------


def question(text: str) -> Conversation:
    return Conversation((Message("user", text),), "subject")


def test_remembered_model_is_asked_once_for_each_question_over_all_sessions_though_the_prompts_change(at: Open) -> None:
    asked = []

    def model(conversation: Conversation) -> Reply:
        asked.append(conversation.messages[-1].text)
        return Reply(f"answer {len(asked)}", "m", Usage(10, 0, 5, 0, 0.01))

    first = at().remembered(model)
    answers = [first(question(text)) for text in ("a", "again", "changed")]  # one subject, three times
    again = at().remembered(model)
    assert [again(question(text)) for text in ("new words", "again", "changed")] == answers
    assert asked == ["a", "again", "changed"]
    again(question("a fourth time"))
    assert asked[3:] == ["a fourth time"]


def test_request_is_on_record_before_the_model_is_asked(path: Path, at: Open) -> None:
    record = at()

    def model(conversation: Conversation) -> Reply:
        assert [line["kind"] for line in journal.records(path)] == ["request"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record.remembered(model)(question("a"))
    assert [line["kind"] for line in journal.records(path)] == ["request"]


# --- the lock ----------------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from llmopt.journal import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_lock_excludes_a_second_process_and_ends_with_a_killed_one(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"locked\n"
    with pytest.raises(LlmoptError, match=f"another llmopt run \\(process {holder.pid}\\)"), journal.locked(tmp_path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with journal.locked(tmp_path):
        assert (tmp_path / "lock").read_text() == f"process {os.getpid()}"


def test_lock_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(ProjectError, match="cannot write"), journal.locked(tmp_path):
        pass


# --- folders and names -------------------------------------------------------------------------------------------


def test_state_folder_is_ignored_by_git(tmp_path: Path) -> None:
    folder = journal.state_folder(tmp_path)
    assert (folder, (folder / ".gitignore").read_text()) == (tmp_path / ".llmopt", "*\n")
    (folder / ".gitignore").write_text("mine\n")
    journal.state_folder(tmp_path)
    assert (folder / ".gitignore").read_text() == "mine\n"


def test_state_folder_that_cannot_be_made_names_no_git(tmp_path: Path) -> None:
    (tmp_path / ".llmopt").write_text("a file")
    with pytest.raises(ProjectError, match="--no-git"):
        journal.state_folder(tmp_path)


def test_runs_of_one_second_have_different_names(tmp_path: Path) -> None:
    names = [journal.new_run(tmp_path) for _ in range(5)]
    assert len(set(names)) == 5
    assert all((tmp_path / "runs" / name).is_dir() for name in names)


def test_last_run_is_the_newest_with_a_journal(tmp_path: Path) -> None:
    for name in ("20250101-000000", "20250102-000000", "20250103-000000"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    for name in ("20250101-000000", "20250102-000000"):
        (tmp_path / "runs" / name / "journal.jsonl").touch()
    assert journal.find_run(tmp_path, "last").name == "20250102-000000"
    assert journal.find_run(tmp_path, "20250101-000000").name == "20250101-000000"


@pytest.mark.parametrize("name", ["last", "nope", "../x", ""])
def test_unknown_run_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"none yet|no runs yet"):
        journal.find_run(tmp_path, name)


def test_digest_does_not_depend_on_the_order_of_mappings() -> None:
    one, other = (Base("c", gate) for gate in ({"a": "passed", "b": "failed"}, {"b": "failed", "a": "passed"}))
    assert journal.digest(one) == journal.digest(other)
    assert journal.digest(one) != journal.digest(Base("d", one.gate))
