"""Answers of an earlier run are used again where the question, the code and the model are the same."""

from __future__ import annotations

from pathlib import Path

from llmopt.data import Conversation, Message, Model, Reply, Usage
from llmopt.models.cache import cached

HEARD: list[Reply] = []


def question(subject: str = "optimize m.py::f attempt=1", numbers: str = "0.5 s", before: str = "") -> Conversation:
    said = [Message("assistant", before), Message("user", f"measured 1.01 {numbers}")] if before else []
    return Conversation((Message("system", "rules"), Message("user", f"takes {numbers}"), *said), subject)


class Counted:
    def __init__(self, stop: str = "end") -> None:
        self.count = 0
        self.stop = stop

    def __call__(self, conversation: Conversation) -> Reply:
        self.count += 1
        return Reply(f"answer {self.count}\u2028", "tiny", Usage(10, 0, 5, 0, 0.1), self.stop)


def opened(model: Model, folder: Path, about: str = "openai:tiny abc") -> Model:
    return cached(model, folder / "cache", about, HEARD.append)


def test_a_rerun_asks_nothing_and_uses_no_tokens_though_the_numbers_differ(tmp_path: Path) -> None:
    first = opened(Counted(), tmp_path)(question())
    again = Counted()
    HEARD.clear()
    second = opened(again, tmp_path)(question(numbers="0.7 s"))
    assert (second.text, second.model, again.count) == (first.text, "tiny", 0)
    assert second.usage == Usage()
    assert len(HEARD) == 1


def test_another_question_model_code_or_earlier_answer_is_asked(tmp_path: Path) -> None:
    opened(Counted(), tmp_path)(question())
    model = Counted()
    opened(model, tmp_path)(question("optimize m.py::g attempt=1"))
    opened(model, tmp_path)(question(before="an answer"))
    opened(model, tmp_path, "openai:tiny def")(question())
    opened(model, tmp_path, "openai:big abc")(question())
    assert model.count == 4


def test_the_same_question_asked_twice_has_two_answers(tmp_path: Path) -> None:
    for _ in range(2):
        ask = opened(Counted(), tmp_path)
        assert [ask(question()).text[:8], ask(question()).text[:8]] == ["answer 1", "answer 2"]


def test_an_answer_that_was_cut_off_or_a_broken_file_is_asked_again(tmp_path: Path) -> None:
    opened(Counted("length"), tmp_path)(question())
    model = Counted()
    opened(model, tmp_path)(question())
    assert model.count == 1
    (path,) = (tmp_path / "cache").iterdir()
    path.write_text("{")
    opened(model, tmp_path)(question())
    assert model.count == 2


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert opened(Counted(), tmp_path)(question()).text.startswith("answer 1")
