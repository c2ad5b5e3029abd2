"""Tools as plain text: a model that knows no tools in, one that takes a conversation with tools out.

The tools are explained at the end of the system's text (`prompts/tools.md`), and a reply that holds blocks fenced as
`tool` asks for them. So people, chats and servers without tools can use them as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from llmopt.data import Call, Conversation, Message, Model, Reply, Tool
from llmopt.errors import ModelError
from llmopt.prompts import inline, render
from llmopt.replies import FUNCTION, OPEN

FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})\s*tool\s*$")
NAMED = re.compile(r"(?P<name>[\w-]+)(?P<gap>\s*)(?P<rest>.*)", re.DOTALL)


class ToolsError(ModelError):
    """A server that refuses a request because of its tools."""


def else_in_text(model: Model, tell: Callable[[str], None]) -> Model:
    """`model`, or once it has refused tools the same one with tools in plain text, of which `tell` hears once."""
    plain = in_text(model)
    refused: list[str] = []

    def ask(conversation: Conversation) -> Reply:
        if refused or not conversation.tools:
            return plain(conversation)
        try:
            return model(conversation)
        except ToolsError as error:
            if not refused:
                tell(f"{error.message}; they are explained to it in plain text instead")
            refused.append(error.message)
        return plain(conversation)

    return ask


def in_text(model: Model) -> Model:
    """`model` with tools in plain text."""

    def ask(conversation: Conversation) -> Reply:
        reply = model(spelled(conversation))
        if not conversation.tools or reply.stop != "end":
            return reply
        turns = sum(bool(message.calls) for message in conversation.messages)
        rest, calls = asked(reply.text, conversation.tools, f"{turns + 1}")
        return replace(reply, text=rest, calls=calls) if calls else reply

    return ask


def arguments_of(call: Call) -> dict[str, object]:
    """The arguments as an object, empty where the model wrote none."""
    try:
        read = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


# --- the request -----------------------------------------------------------------------------------------------


def spelled(conversation: Conversation) -> Conversation:
    """The conversation without tools: what explains them, what was asked of them and what they gave is text."""
    tools = conversation.tools
    messages = [spelled_message(message, tools) for message in conversation.messages]
    if tools:
        at = max((place for place, each in enumerate(messages) if each.role == "system"), default=-1)
        explained = render("tools", tools=[(tool.name, signature(tool), tool.about) for tool in tools])
        known = messages[at].text.rstrip() + "\n\n" if at >= 0 else ""
        messages[max(at, 0) : at + 1] = [Message("system", known + explained)]
    return replace(conversation, messages=tuple(messages), tools=())


def spelled_message(message: Message, tools: Sequence[Tool]) -> Message:
    calls = [written(call, tools) for call in message.calls]
    results = [f"What {inline(result.id)} gave:\n\n{result.text}" for result in message.results]
    return Message(message.role, "\n\n".join(filter(None, [*results, message.text, *calls])))


def written(call: Call, tools: Sequence[Tool]) -> str:
    """The block that asks for a call, its long text below the other arguments."""
    arguments = arguments_of(call)
    body = next((tool.body for tool in tools if tool.name == call.name), "")
    text = str(arguments.pop(body, "")) if body else ""
    first = f"{call.name} {json.dumps(arguments)}" if arguments or not text else call.name
    inside = "\n".join(filter(None, [first, text.rstrip("\n")]))
    fence = "`" * max(3, 1 + max(map(len, re.findall("`{3,}", inside)), default=0))
    return f"{fence}tool\n{inside}\n{fence}"


def signature(tool: Tool) -> str:
    """The arguments but the long text: `{"path": string, "first": integer}`."""
    properties: Mapping[str, Mapping[str, object]] = tool.schema.get("properties", {})
    shown = [f'"{name}": {each.get("type")}' for name, each in properties.items() if name != tool.body]
    parts = [f"{{{', '.join(shown)}}}" if shown else "", f"with {tool.body} on the lines below" if tool.body else ""]
    return " ".join(filter(None, parts))


# --- the reply -------------------------------------------------------------------------------------------------


def asked(text: str, tools: Sequence[Tool], turn: str) -> tuple[str, tuple[Call, ...]]:
    """What a reply says beside its calls, and these; none where it holds edits besides: then it is the answer."""
    rest, blocks = list[str](), list[str]()
    for is_block, part in divided(text.split("\n")):
        (blocks if is_block else rest).append(part)
    if any(OPEN.match(line) or FUNCTION.match(line) for line in rest):
        return text, ()
    calls = [call_of(block, tools, f"call-{turn}-{number}") for number, block in enumerate(blocks, 1)]
    return "\n".join(rest).strip(), tuple(calls)


def divided(lines: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """The lines outside of tool blocks one by one, and each block's inside as a whole."""
    at = 0
    while at < len(lines):
        opening = FENCE.match(lines[at])
        if not opening:
            yield False, lines[at]
            at += 1
            continue
        mark = opening["mark"]
        closing = re.compile(rf"\s*{mark[0]}{{{len(mark)},}}\s*$")
        end = next((place for place in range(at + 1, len(lines)) if closing.match(lines[place])), len(lines))
        yield True, "\n".join(lines[at + 1 : end])
        at = end + 1


def call_of(block: str, tools: Sequence[Tool], number: str) -> Call:
    named = NAMED.match(block.strip())
    if not named:
        return Call(number, "", "{}")
    body = next((tool.body for tool in tools if tool.name == named["name"]), "")
    arguments, below = leading_object(named["rest"])
    if arguments is None:
        text = named["rest"] if "\n" in named["gap"] else ""
        arguments, below = ({}, text) if body and text else (None, "")
    if arguments is None:
        return Call(number, named["name"], named["rest"] or "{}")
    if body and below.strip("\n"):
        arguments = {body: below.strip("\n") + "\n"} | arguments
    return Call(number, named["name"], json.dumps(arguments))


def leading_object(text: str) -> tuple[dict[str, object] | None, str]:
    """The JSON object that a text begins with, None where it does not, and what follows it."""
    try:
        read, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, text
    return (read, text[end:]) if isinstance(read, dict) else (None, text)
