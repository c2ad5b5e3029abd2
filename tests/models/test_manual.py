"""The manual model: requests and replies as files, and the terminal's side of it."""

from __future__ import annotations

import base64
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from llmopt.data import Conversation, Message
from llmopt.errors import ModelError, UsageError
from llmopt.models.manual import OSC52_BYTES, converse, copy, open_manual


def conversation(
    text: str = "Make it faster:\n\n```python\npass\n```", subject: str = "speed up a.py::f"
) -> Conversation:
    return Conversation((Message("system", "You make code faster."), Message("user", text)), subject)


class Clock:
    """Time that passes only by sleeping; `events` happen at their seconds."""

    def __init__(self, events: dict[int, Callable[[], object]] | None = None) -> None:
        self.seconds = 0.0
        self.events = events or {}

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.events.pop(int(self.seconds), lambda: None)()


def test_a_request_is_a_readable_file_and_the_reply_is_read_from_beside_it(tmp_path: Path) -> None:
    clock = Clock({3: lambda: (tmp_path / "001-reply.md").write_text("The answer.\n")})
    reply = open_manual(tmp_path, 60, sleep=clock.sleep, now=clock.now)(conversation())
    text = (tmp_path / "001-request.md").read_text()
    assert reply.text == "The answer."
    assert (reply.model, reply.stop, reply.usage.cost_usd) == ("manual", "end", 0.0)
    assert reply.usage.output_tokens > 0
    assert text.startswith("# 001: speed up a.py::f\n")
    assert "`001-reply.md`" in text
    assert "## System\n\nYou make code faster." in text
    assert "## User\n\nMake it faster:\n\n```python\npass\n```" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["001-reply.md", "001-request.md"]


def test_a_reply_that_still_grows_or_is_empty_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "001-reply.md"
    writes = {1: "", 3: " \n", 5: "half", 6: "half an", 7: "half an answer, whole"}
    events = {second: (lambda text=text: path.write_text(text)) for second, text in writes.items()}
    clock = Clock(events)
    reply = open_manual(tmp_path, 60, sleep=clock.sleep, now=clock.now)(conversation())
    assert reply.text == "half an answer, whole"
    assert clock.seconds == 8


def test_a_deadline_names_the_file_to_write(tmp_path: Path) -> None:
    clock = Clock()
    with pytest.raises(ModelError, match=r"no answer in .*001-reply\.md after 5 s") as caught:
        open_manual(tmp_path, 5, sleep=clock.sleep, now=clock.now)(conversation())
    assert "001-request.md" in caught.value.hint
    assert clock.seconds == 5


def test_a_resumed_run_reuses_numbers_and_replies_at_once(tmp_path: Path) -> None:
    clock = Clock({2: lambda: (tmp_path / "001-reply.md").write_text("first")})
    open_manual(tmp_path, 5, sleep=clock.sleep, now=clock.now)(conversation())
    with pytest.raises(ModelError):
        open_manual(tmp_path, 0)(conversation("another"))
    resumed = open_manual(tmp_path, 0)
    assert resumed(conversation()).text == "first"
    (tmp_path / "002-reply.md").write_text("second")
    assert resumed(conversation("another")).text == "second"
    assert len(list(tmp_path.glob("*-request.md"))) == 2


def test_the_same_question_twice_in_one_run_is_asked_twice_and_resumed_in_order(tmp_path: Path) -> None:
    events = {
        2: lambda: (tmp_path / "001-reply.md").write_text("one"),
        6: lambda: (tmp_path / "002-reply.md").write_text("two"),
    }
    clock = Clock(events)
    model = open_manual(tmp_path, 60, sleep=clock.sleep, now=clock.now)
    assert [model(conversation()).text, model(conversation()).text] == ["one", "two"]
    again = open_manual(tmp_path, 0)
    assert [again(conversation()).text, again(conversation()).text] == ["one", "two"]


def test_a_stray_reply_answers_nothing(tmp_path: Path) -> None:
    (tmp_path / "001-reply.md").write_text("to something else")
    with pytest.raises(ModelError, match=r"002-reply\.md"):
        open_manual(tmp_path, 0)(conversation())


def test_a_request_that_was_edited_is_written_anew(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        open_manual(tmp_path, 0)(conversation())
    (tmp_path / "001-request.md").write_text("scribbled over")
    with pytest.raises(ModelError, match=r"002-reply\.md"):
        open_manual(tmp_path, 0)(conversation())


def test_more_than_999_requests_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "999-request.md").write_text("old")
    with pytest.raises(ModelError, match=r"1000-reply\.md"):
        open_manual(tmp_path, 0)(conversation())


def test_a_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        open_manual(tmp_path, 0)(conversation())
    (tmp_path / "001-reply.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert open_manual(tmp_path, 0)(conversation()).text == "one\ntwo"


def test_a_reply_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        open_manual(tmp_path, 0)(conversation())
    (tmp_path / "001-reply.md").write_bytes("é".encode("utf-16"))
    with pytest.raises(ModelError, match="not UTF-8"):
        open_manual(tmp_path, 0)(conversation())


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write requests"):
        open_manual(tmp_path / "file" / "folder")


def test_real_time_waits_for_a_real_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmopt.models.manual.POLL_SECONDS", 0.02)
    timer = threading.Timer(0.1, (tmp_path / "001-reply.md").write_text, ["written by another"])
    timer.start()
    assert open_manual(tmp_path, 10)(conversation()).text == "written by another"
    timer.join()


# --- on a terminal ---------------------------------------------------------------------------------------------


def test_a_pasted_answer_is_kept_as_the_reply_file(tmp_path: Path) -> None:
    model = open_manual(tmp_path, 0, ask=lambda request, reply: "pasted\n")
    assert model(conversation()).text == "pasted\n"
    assert (tmp_path / "001-reply.md").read_text() == "pasted\n"


def test_enter_only_goes_on_waiting_for_the_file(tmp_path: Path) -> None:
    clock = Clock({2: lambda: (tmp_path / "001-reply.md").write_text("by file")})
    model = open_manual(tmp_path, 9, lambda request, reply: None, clock.sleep, clock.now)
    assert model(conversation()).text == "by file"


@pytest.fixture
def no_clipboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "001-request.md"
    path.write_text("the request")
    return path


@pytest.mark.usefixtures("no_clipboard")
@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\n", None),
        ("", None),
        ("one\n\ntwo\n/end\nleft for the shell\n", "one\n\ntwo\n"),
        ("one\ntwo", "one\ntwo"),
        (" \n", None),
        ("/end\n", None),
    ],
)
def test_a_paste_ends_at_its_mark(request_file: Path, typed: str, answer: str | None) -> None:
    assert converse(request_file, Path("r.md"), io.StringIO(typed), io.StringIO()) == answer


@pytest.mark.usefixtures("no_clipboard")
def test_without_a_clipboard_program_the_terminal_copies(request_file: Path) -> None:
    shown = io.StringIO()
    converse(request_file, Path("r.md"), io.StringIO("\n"), shown)
    encoded = base64.b64encode(b"the request").decode()
    assert f"\033]52;c;{encoded}\a" in shown.getvalue()
    assert "copied to the clipboard" in shown.getvalue()


@pytest.mark.usefixtures("no_clipboard")
def test_what_is_too_long_for_the_terminal_is_not_said_to_be_copied() -> None:
    shown = io.StringIO()
    assert not copy("x" * OSC52_BYTES, shown)
    assert shown.getvalue() == ""


@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_clipboard_program_is_used_when_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int
) -> None:
    program = tmp_path / "bin" / "xclip"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n/bin/cat > "{tmp_path}/clipboard"\nexit {exit_code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("DISPLAY", ":9")
    shown = io.StringIO()
    assert copy("the request", shown)
    assert (tmp_path / "clipboard").read_text() == "the request"
    assert ("\033]52" in shown.getvalue()) is (exit_code != 0)


def test_the_terminal_is_read_through_a_real_pty(request_file: Path, no_clipboard: None) -> None:
    leader, follower = os.openpty()
    with os.fdopen(follower, encoding="utf-8") as typed:
        os.write(leader, b"pasted line\n/end\n")
        answer = converse(request_file, Path("r.md"), typed, io.StringIO())
    os.close(leader)
    assert answer == "pasted line\n"
