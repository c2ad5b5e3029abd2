"""Recording what passes and answering from the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmopt.data import Conversation, Message, Model, Reply, Usage
from llmopt.errors import ModelError, UsageError
from llmopt.models.replay import DIFF_LINES, open_replay
from llmopt.models.transcript import load, record


def conversation(subject: str, text: str = "It takes 1.25 s.") -> Conversation:
    return Conversation((Message("system", "Be fast."), Message("user", text)), subject)


def counting(text: str = "answer") -> Model:
    """A model that numbers its answers."""
    count = iter(range(1, 1000))

    def ask(conversation: Conversation) -> Reply:
        usage = Usage(100, 40, 20, 5, cost_usd=0.5)
        return Reply(f"{text} {next(count)}\nline é 🚀\u2028 end", "some-model", usage, "length")

    return ask


def test_what_is_recorded_is_answered_again_by_subject_without_cost(tmp_path: Path) -> None:
    path = tmp_path / "new" / "t.jsonl"
    model = record(counting(), path)
    first, second = model(conversation("speed up f")), model(conversation("speed up g"))
    replay = open_replay(path)
    again = replay(conversation("speed up g", "It takes 9.75 s."))
    assert again.text == second.text
    assert (again.model, again.stop) == ("some-model", "length")
    assert again.usage == Usage(100, 40, 20, 5, cost_usd=0.0)
    assert replay(conversation("speed up f")).text == first.text


def test_the_record_is_one_line_per_exchange_written_before_the_reply_is_used(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    model = record(counting(), path)
    model(conversation("a"))
    assert len(path.read_text(encoding="utf-8").split("\n")) == 2
    model(conversation("b"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert [line["subject"] for line in lines] == ["a", "b"]
    assert lines[0]["messages"] == [
        {"role": "system", "text": "Be fast."},
        {"role": "user", "text": "It takes 1.25 s."},
    ]
    assert lines[0]["usage"]["cost_usd"] == 0.5


def test_a_subject_recorded_several_times_is_answered_in_order_and_then_no_more(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    model = record(counting(), path)
    texts = [model(conversation("same")).text for _ in range(2)]
    replay = open_replay(path)
    assert [replay(conversation("same")).text for _ in range(2)] == texts
    with pytest.raises(ModelError, match="holds 2 answers to 'same', and one more"):
        replay(conversation("same"))


def test_a_mismatch_shows_what_differs_and_not_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    model = record(counting(), path)
    model(conversation("something else entirely", "nothing in common"))
    model(conversation("speed up a.py::f", "It takes 1.25 s.\nIt is a loop."))
    with pytest.raises(ModelError) as caught:
        open_replay(path)(conversation("speed up a.py::g", "It takes 7.5 s.\nIt is a list."))
    assert "no answer to 'speed up a.py::g'; the closest recorded is 'speed up a.py::f'" in caught.value.message
    hint = caught.value.hint.splitlines()
    assert "-subject: speed up a.py::f" in hint
    assert "+subject: speed up a.py::g" in hint
    assert "-It is a loop." in hint
    assert "+It is a list." in hint
    assert not [line for line in hint if line[0] in "+-" and "takes" in line]


def test_a_long_difference_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    record(counting(), path)(conversation("f", "\n".join("abcdefghij" * 20)))
    with pytest.raises(ModelError) as caught:
        open_replay(path)(conversation("g", "\n".join("klmnopqrst" * 20)))
    assert len(caught.value.hint.splitlines()) <= DIFF_LINES + 2
    assert "more lines" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "Expecting property name"),
        ("[1]", "list"),
        ('{"subject": "s", "messages": []}', "'reply'"),
        ('{"subject": 5, "messages": [], "reply": "r"}', "'subject' is not text"),
        ('{"subject": "s", "messages": [{"role": "user"}], "reply": "r"}', "'text'"),
        ('{"subject": "s", "messages": [], "reply": "r", "usage": 3}', "int"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"subject": "s", "messages": [], "reply": "r"}\n\n' + line + "\n")
    with pytest.raises(UsageError) as caught:
        open_replay(path)
    assert f"{path}:3 is no exchange" in caught.value.message
    assert reason in caught.value.message


def test_an_empty_transcript_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("")
    with pytest.raises(ModelError, match="is empty"):
        open_replay(path)(conversation("s"))


def test_a_transcript_that_is_not_text_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        open_replay(path)


def test_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"subject": "s", "messages": [], "reply": "r", "usage": {"input_tokens": 3, "new": 1}, "more": 2}\n'
    )
    assert open_replay(path)(conversation("s")).usage == Usage(input_tokens=3)


def test_a_torn_last_line_of_a_killed_run_is_dropped_when_recording_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    record(counting(), path)(conversation("a"))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"subject": "torn", "mess')
    record(counting(), path)(conversation("b"))
    assert [exchange.subject for exchange in load(path)] == ["a", "b"]


def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot record to"):
        record(counting(), tmp_path / "file" / "t.jsonl")
    with pytest.raises(UsageError, match="cannot record to"):
        record(counting(), tmp_path)
