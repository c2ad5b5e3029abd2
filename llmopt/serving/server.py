"""The tools for agents in; a server of the Model Context Protocol on standard input and output, by its official SDK."""

from __future__ import annotations

import asyncio
import functools
import itertools
import math
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from llmopt import __version__, output
from llmopt.errors import LlmoptError
from llmopt.events import About, Checking, Event, Measuring, Notice, Phase, Step
from llmopt.reports import words
from llmopt.serving.offered import Desk, Offer, Told, offers
from llmopt.serving.worker import Worker

INSTRUCTIONS = (
    "Measures and judges speed in one Python repository. Profile first; edit what is hot; verify each edit before you "
    "claim that it is faster or that it behaves the same, and give the speedup with its interval. An edit that is not "
    "accepted comes with the reason: mend it or drop it. Nothing here changes the repository's files."
)
READS_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def serve(desk: Desk) -> None:
    """Serve until the client goes. The protocol has a thread of its own; the tools work on this one, the main one."""
    worker = Worker()
    thread = threading.Thread(target=_protocol, args=(desk, worker), daemon=True)
    thread.start()
    worker.run()
    thread.join()


def _protocol(desk: Desk, worker: Worker) -> None:
    try:
        asyncio.run(_speak(desk, worker))
    finally:
        worker.close()


async def _speak(desk: Desk, worker: Worker) -> None:
    tools = offers(desk)

    async def list_tools(context: ServerRequestContext, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_as_tool(offer) for offer in tools.values()])

    async def call_tool(context: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
        if (offer := tools.get(params.name)) is None:
            return _failed(f"there is no tool {params.name[:50]!r}: there are {', '.join(tools)}")
        arguments = params.arguments or {}
        if problem := wrong(arguments, offer):
            return _failed(problem)
        return await _call(offer, arguments, desk, worker, context)

    server: Server[Any] = Server(
        "llmopt",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _as_tool(offer: Offer) -> Tool:
    return Tool(
        name=offer.name,
        description=offer.about,
        input_schema=offer.takes,
        output_schema=offer.gives,
        annotations=READS_ONLY,
    )


KINDS = {"string": str, "boolean": bool}


def wrong(arguments: Mapping[str, Any], offer: Offer) -> str:
    """What is wrong with the arguments of a call, "" where nothing is."""
    known = offer.takes["properties"]
    takes = f"{offer.name} takes {', '.join(known) or 'no arguments'}"
    for name, value in arguments.items():
        if name not in known:
            return f"there is no argument {name[:50]!r}: {takes}"
        if not isinstance(value, KINDS[known[name]["type"]]):
            return f"{name} is no {known[name]['type']}: {takes}"
    missing = [name for name in offer.takes["required"] if name not in arguments]
    return f"{missing[0]} is missing: {takes}" if missing else ""


async def _call(
    offer: Offer, arguments: Mapping[str, Any], desk: Desk, worker: Worker, context: ServerRequestContext
) -> CallToolResult:
    """Let the worker do it. Meanwhile the client hears of each step; a call that it gives up is ended."""
    send, receive = anyio.create_memory_object_stream[str](math.inf)
    loop = asyncio.get_running_loop()

    def listen(event: Event) -> None:
        if line := progress(event):
            loop.call_soon_threadsafe(send.send_nowait, line)

    async def report() -> None:
        async with receive:
            numbers = itertools.count(1)
            async for line in receive:
                await context.session.report_progress(next(numbers), message=line)

    future = worker.submit(functools.partial(offer.do, desk, arguments, listen))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(report)
        try:
            result = await _result(future)
        finally:
            if not future.done():
                with anyio.CancelScope(shield=True):
                    worker.give_up(future)
                    await _ended(future)
            send.close()
    return result


async def _ended(future: Future[Any]) -> None:
    """Wait for a job of the worker."""
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(over.set))
    await over.wait()


async def _result(future: Future[Told]) -> CallToolResult:
    """What a job gives; an expected failure is one line that the agent reads."""
    await _ended(future)
    try:
        told = future.result()
    except LlmoptError as error:
        return _failed(str(error))
    data = dict(told.data) if told.data is not None else None
    return CallToolResult(content=[TextContent(text=output.plain(told.text))], structured_content=data)


def _failed(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=output.one_line(text))], is_error=True)


def progress(event: Event) -> str:
    """What goes on, in one line; "" for what is no news to a client."""
    match event:
        case About(lines):
            return output.one_line("; ".join(lines))
        case Phase(text) | Step(text) | Notice(text):
            return output.one_line(text)
        case Checking(stage, what, seconds):
            return output.one_line(f"{stage}: {what}{words.expected(seconds)}")
        case Measuring(decision, most):
            return words.decision(decision, most)
        case _:
            return ""
