"""Calls of tools through the real clients, streamed by a server on loopback, and as plain text where there is no other
way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model_server import Answer, ModelServer, Use

from llmopt import models
from llmopt.data import Call, Conversation, Message, Reply, Result, Tool, Usage
from llmopt.models import openai
from llmopt.models.cache import cached
from llmopt.models.in_text import arguments_of, asked, in_text, spelled
from llmopt.models.prices import estimate_input
from llmopt.models.replay import open_replay
from llmopt.models.transcript import load, record

READ = Tool(
    "read",
    "Lines of a file.",
    {"type": "object", "properties": {"path": {"type": "string"}, "first": {"type": "integer"}}, "required": ["path"]},
)
RUN = Tool(
    "run", "Run it.", {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}, "code"
)
WANTED = (("read", {"path": "a.py", "first": 3}), ("run", {"code": "print('é \"x\"')\n"}))
FIRST = Conversation((Message("system", "Be fast."), Message("user", "Faster!")), "faster", tools=(READ, RUN))


def after(reply: Reply, *texts: str) -> Conversation:
    """The conversation with what the calls gave."""
    results = tuple(Result(call.id, text) for call, text in zip(reply.calls, texts, strict=True))
    asked = Message("assistant", reply.text, reply.calls, thoughts=reply.thoughts)
    more = (*FIRST.messages, asked, Message("user", "", results=results))
    return Conversation(more, "faster tools=1", tools=FIRST.tools)


def exchange(spec: str, server: ModelServer) -> tuple[Reply, Reply, list[dict[str, Any]]]:
    """Both replies and the bodies of both requests."""
    model = models.open_model(spec)
    first = model(FIRST)
    second = model(after(first, "line 3", "é"))
    return first, second, [request.body for request in server.asked()]


def wanted(reply: Reply) -> tuple[tuple[str, object], ...]:
    return tuple((call.name, json.loads(call.arguments)) for call in reply.calls)


ANSWERS = [Answer("I look.", calls=WANTED, use=Use(plain=100, reasoning=5)), Answer("Done.")]


def test_anthropics_client_takes_tools_and_sends_results_and_thoughts_back() -> None:
    with ModelServer(ANSWERS) as server:
        first, second, bodies = exchange(f"anthropic:m@{server.url}", server)
    assert (first.text, first.stop, wanted(first)) == ("I look.", "end", WANTED)
    assert (second.text, second.calls, second.thoughts) == ("Done.", (), "")
    assert bodies[0]["tools"][0] == {"name": "read", "description": "Lines of a file.", "input_schema": READ.schema}
    assert bodies[0]["tools"] == bodies[1]["tools"]
    *_, called, given = bodies[1]["messages"]
    assert called["role"] == "assistant"
    assert called["content"] == [
        {"type": "thinking", "thinking": "Let me think.", "signature": "c2ln"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a.py", "first": 3}},
        {"type": "tool_use", "id": "toolu_2", "name": "run", "input": {"code": "print('é \"x\"')\n"}},
    ]
    assert given["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "line 3"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "é"},
    ]


def test_chat_completions_take_tools_and_results() -> None:
    with ModelServer(ANSWERS) as server:
        first, second, bodies = exchange(f"openai:m@{server.url}", server)
    assert (first.text, first.stop, wanted(first)) == ("I look.", "end", WANTED)
    assert (second.text, second.calls) == ("Done.", ())
    function = {"name": "read", "description": "Lines of a file.", "parameters": READ.schema}
    assert bodies[0]["tools"][0] == {"type": "function", "function": function}
    *_, called, one, two = bodies[1]["messages"]
    assert [call["id"] for call in called["tool_calls"]] == ["call_0", "call_1"]
    assert json.loads(called["tool_calls"][1]["function"]["arguments"]) == WANTED[1][1]
    assert one == {"role": "tool", "tool_call_id": "call_0", "content": "line 3"}
    assert two == {"role": "tool", "tool_call_id": "call_1", "content": "é"}


def test_the_responses_api_takes_tools_and_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "is_official", lambda url: True)
    with ModelServer(ANSWERS) as server:
        first, second, bodies = exchange(f"openai:m@{server.url}", server)
    assert (first.text, first.stop, wanted(first)) == ("I look.", "end", WANTED)
    assert (second.text, second.calls) == ("Done.", ())
    assert bodies[0]["tools"][0]["parameters"] == READ.schema
    _, said, one, two, *results = bodies[1]["input"]
    assert said["content"] == "I look."
    assert [one["call_id"], two["call_id"]] == ["call_1", "call_2"]
    assert results == [
        {"type": "function_call_output", "call_id": "call_1", "output": "line 3"},
        {"type": "function_call_output", "call_id": "call_2", "output": "é"},
    ]


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
def test_a_cut_off_call_is_none_and_no_tools_are_sent_where_none_are_offered(kind: str) -> None:
    with ModelServer([Answer("I", "length", calls=WANTED), Answer("plain")]) as server:
        model = models.open_model(f"{kind}:m@{server.url}")
        cut = model(FIRST)
        model(Conversation(FIRST.messages, "faster"))
        assert (cut.stop, cut.calls) == ("length", ())
        assert "tools" not in server.asked()[1].body


def test_servers_that_count_their_calls_oddly_are_understood() -> None:
    pieces = [
        {"index": 0, "function": {"name": "read", "arguments": '{"path":'}},
        {"index": 0, "function": {"arguments": ' "a.py"}'}},
        {"index": 0, "function": {"name": "run", "arguments": '{"code": "1"}'}},
    ]
    calls: list[Call] = []
    for piece in pieces:
        openai.add_piece(calls, openai.ChoiceDeltaToolCall.model_validate(piece))
    assert [(call.name, arguments_of(call)) for call in calls] == [("read", {"path": "a.py"}), ("run", {"code": "1"})]
    assert len({call.id for call in calls}) == 2


REFUSALS = [
    (400, "registry.ollama.ai/library/tiny does not support tools"),
    (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    (404, "No endpoints found that support tool use"),
    (500, "tools param requires --jinja flag"),
]


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
@pytest.mark.parametrize(("status", "words"), REFUSALS)
def test_a_server_without_tools_is_asked_in_plain_text_with_one_note(kind: str, status: int, words: str) -> None:
    notes: list[str] = []
    written = 'I look.\n\n```tool\nread {"path": "a.py"}\n```\n'
    with ModelServer([Answer(written, status=status, no_tools=words), Answer("Done.")]) as server:
        model = models.open_model(f"{kind}:m@{server.url}", retries=0, tell=notes.append)
        first = model(FIRST)
        second = model(after(first, "line 1"))
        last = server.asked()[-1].body
    assert (first.text, wanted(first)) == ("I look.", (("read", {"path": "a.py"}),))
    assert second.text == "Done."
    assert len(notes) == 1
    assert words in notes[0]
    assert "tools" not in last
    assert "line 1" in json.dumps(last["messages"])
    assert len(server.asked()) == 3  # it is not offered tools again


# --- plain text ------------------------------------------------------------------------------------------------


def test_tools_are_explained_in_few_lines_and_calls_and_results_are_text() -> None:
    first = Reply("I look.", "m", calls=(Call("call-1-1", "run", '{"code": "x = 1\\nprint(x)"}'),))
    plain = spelled(after(first, "1"))
    assert plain.tools == ()
    assert not any(message.calls or message.results for message in plain.messages)
    system, _, called, given = (message.text for message in plain.messages)
    assert system.startswith("Be fast.")
    assert '- read {"path": string, "first": integer}: Lines of a file.' in system
    assert "- run with code on the lines below: Run it." in system
    assert called == "I look.\n\n```tool\nrun\nx = 1\nprint(x)\n```"
    assert given == "What `call-1-1` gave:\n\n1"


@pytest.mark.parametrize(
    ("block", "name", "arguments"),
    [
        ('read {"path": "a.py", "first": 2}', "read", {"path": "a.py", "first": 2}),
        ('read\n{"path": "a.py"}', "read", {"path": "a.py"}),
        ("run\n{1: 2}\nprint(3)", "run", {"code": "{1: 2}\nprint(3)\n"}),
        ("run\n    x = 1", "run", {"code": "x = 1\n"}),
        ('run {"code": "1"}', "run", {"code": "1"}),
        ("read a.py", "read", {}),
        ("nothing {}", "nothing", {}),
        ("???", "", {}),
    ],
)
def test_a_block_asks_for_a_tool(block: str, name: str, arguments: dict[str, object]) -> None:
    text, calls = asked(f"Let me see.\n```tool\n{block}\n```\nThen I edit.", FIRST.tools, "1")
    assert text == "Let me see.\nThen I edit."
    assert [(call.name, arguments_of(call)) for call in calls] == [(name, arguments)]


def test_a_longer_fence_holds_others_and_an_answer_with_edits_is_the_answer() -> None:
    _, (call,) = asked("````tool\nrun\ns = '''\n```\n'''\n````", FIRST.tools, "1")
    assert arguments_of(call) == {"code": "s = '''\n```\n'''\n"}
    edit = "a.py\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    assert asked(f'```tool\nread {{"path": "a.py"}}\n```\n{edit}', FIRST.tools, "1")[1] == ()


def test_what_is_written_is_read_again_as_it_was() -> None:
    calls = (Call("call-1-1", "run", '{"code": "s = \\"```\\"\\n"}'), Call("call-1-2", "read", '{"path": "a.py"}'))
    text = spelled(after(Reply("", "m", calls=calls), "", "")).messages[2].text
    read = asked(text, FIRST.tools, "1")[1]
    assert [(call.id, call.name, arguments_of(call)) for call in read] == [
        (call.id, call.name, arguments_of(call)) for call in calls
    ]


def test_a_person_is_offered_tools_by_manual(tmp_path: Path) -> None:
    (tmp_path / "001-reply.md").write_text('```tool\nread {"path": "a.py"}\n```')
    model = models.open_model(f"manual:{tmp_path}", ask=lambda request, reply: '```tool\nread {"path": "a.py"}\n```')
    reply = model(FIRST)
    assert wanted(reply) == (("read", {"path": "a.py"}),)
    assert "## Tools" in (tmp_path / "002-request.md").read_text()


# --- records ---------------------------------------------------------------------------------------------------


def looking(conversation: Conversation) -> Reply:
    """A model that looks once, then answers; its ids differ each time."""
    if len(conversation.messages) > 2:
        return Reply("Done.", "m", Usage(10, 0, 5))
    looking.count = getattr(looking, "count", 0) + 1  # type: ignore[attr-defined]
    return Reply("I look.", "m", Usage(10, 0, 5), calls=(Call(f"id{looking.count}", "read", '{"path": "a.py"}'),))  # type: ignore[attr-defined]


def test_a_transcript_holds_calls_and_replays_them_whatever_the_tools_give(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    model = record(looking, path)
    first = model(FIRST)
    model(after(first, "0.123 s"))
    assert load(path)[1].messages[-1].results == (Result(first.calls[0].id, "0.123 s"),)
    replay = open_replay(path)
    again = replay(FIRST)
    assert again.calls == first.calls
    assert replay(after(again, "9.876 s")).text == "Done."


def test_the_cache_answers_again_whatever_the_tools_give_but_not_to_other_calls(tmp_path: Path) -> None:
    model = cached(looking, tmp_path, "m code", lambda reply: None)
    model(after(model(FIRST), "0.123 s"))

    def never(conversation: Conversation) -> Reply:
        raise AssertionError(conversation.subject)

    later = cached(never, tmp_path, "m code", lambda reply: None)
    first = later(FIRST)
    assert later(after(first, "9.876 s")).text == "Done."
    other = Reply(first.text, "m", calls=(Call("id", "read", '{"path": "b.py"}'),))
    with pytest.raises(AssertionError):
        later(after(other, "9.876 s"))


def test_tools_calls_and_results_count_in_a_budget() -> None:
    bare = Conversation(FIRST.messages, "faster")
    assert estimate_input(FIRST) > estimate_input(bare) + 40
    reply = Reply("", "m", calls=(Call("1", "run", json.dumps({"code": "x" * 2500})),))
    assert estimate_input(after(reply, "y" * 2500)) > estimate_input(FIRST) + 2000


def test_a_model_behind_plain_text_that_is_offered_nothing_is_left_alone() -> None:
    said = '```tool\nread {"path": "a.py"}\n```'
    model = in_text(lambda conversation: Reply(said, "m"))
    assert model(Conversation(FIRST.messages, "s")) == Reply(said, "m")
