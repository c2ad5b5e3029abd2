"""A model's tools in; a server of the Model Context Protocol for one agent in its sandbox, over two named pipes, out.

A sandbox may have no sockets, and nothing that runs in it starts another one: so the server stays outside, and what the
agent starts as its server is a shell that copies lines. The pipes are opened here before the agent begins, and never
again by name: what it makes of the folder opens nothing. The tools are those of models, which take hostile arguments.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmopt.data import Call, Tool
from llmopt.errors import LlmoptError, UsageError
from llmopt.search import parallel, tools
from llmopt.search.tools import Workshop

if TYPE_CHECKING:
    from mcp_types import CallToolResult

# An agent looks into its copy by itself; edits are tried as text, because its files may change while they are read.
NAMES = ("callers", "callees", "profile_lines", "try_edit")
RELAY = 'cat <"$2" & copier=$!; cat >"$1"; kill "$copier"'
MOST_LINE = 1 << 20  # bytes of one request
MOST_REQUESTS = 2_000  # of one start of an agent; what comes after them is not read
CHUNK = 1 << 16


def require() -> None:
    """UsageError where the SDK is not installed."""
    if importlib.util.find_spec("mcp") is None:
        raise UsageError("{mcp} in an agent's command needs the MCP SDK", "pip install 'llmopt[mcp]', or leave it out")


def offered(shop: Workshop | None) -> tuple[Tool, ...]:
    """The tools that an agent gets."""
    return tuple(tool for tool in tools.offered(shop) if tool.name in NAMES) if shop else ()


@contextmanager
def serving(shop: Workshop, folder: Path) -> Iterator[Path]:
    """Serve while the block runs; gives the file that tells an agent how to start its end of it.

    A call that goes on when the block ends is waited for, as what follows is measured; not where the block fails.
    """
    folder.mkdir()
    opened: list[int] = []
    calls: list[Future[CallToolResult]] = []
    try:
        requests, replies = _pipes(folder, opened)
        config = folder / "mcp.json"
        config.write_text(_config(folder))
        with _in_thread(lambda: _speak(shop, requests, replies, calls)):
            yield config
    finally:
        for descriptor in opened:
            os.close(descriptor)
    wait(calls)


@contextmanager
def _in_thread(speak: Callable[[], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Run a coroutine while the block runs, in a thread that does not keep the program alive."""
    started: Future[Callable[[], object]] = Future()

    async def speak_until_told() -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        speaking = asyncio.create_task(speak())
        started.set_result(lambda: loop.call_soon_threadsafe(told.set))
        await told.wait()
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)  # an agent can bring it down, and then has no tools

    thread = threading.Thread(target=lambda: asyncio.run(speak_until_told()), daemon=True)
    thread.start()
    end = started.result()
    try:
        yield
    finally:
        end()
        thread.join()


def _pipes(folder: Path, opened: list[int]) -> tuple[int, int]:
    """The ends of the two pipes that belong here. Their other ends are held open too, so that none of them breaks when
    an agent starts its server twice."""
    requests, replies = folder / "requests", folder / "replies"
    for path in (requests, replies):
        os.mkfifo(path, 0o600)
    opened.append(os.open(requests, os.O_RDWR | os.O_NONBLOCK))
    opened.append(os.open(replies, os.O_RDWR | os.O_NONBLOCK))
    return opened[0], opened[1]


def _config(folder: Path) -> str:
    """The usual form: what most agents read, and others can be told by."""
    words = ["-c", RELAY, "sh", str(folder / "requests"), str(folder / "replies")]
    return json.dumps({"mcpServers": {"llmopt": {"command": "/bin/sh", "args": words}}})


class _Lines:
    """What the agent sends, as the SDK reads a file; it ends with the first line that is too long."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def __aiter__(self) -> AsyncIterator[str]:
        import anyio

        rest, count = b"", 0
        while len(rest) <= MOST_LINE and count < MOST_REQUESTS:
            await anyio.wait_readable(self._descriptor)
            *lines, rest = (rest + os.read(self._descriptor, CHUNK)).split(b"\n")
            for line in lines:
                count += 1
                yield line.decode("utf-8", "replace")


class _Sink:
    """Where replies go, as the SDK writes a file. An agent that does not read them waits for itself."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def write(self, text: str) -> None:
        import anyio

        left = text.encode("utf-8", "replace")
        while left:
            await anyio.wait_writable(self._descriptor)
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # less room than the least that is written at once
                await anyio.sleep(0.01)

    async def flush(self) -> None:
        return None


async def _speak(shop: Workshop, requests: int, replies: int, calls: list[Future[CallToolResult]]) -> None:
    from mcp.server.lowlevel.server import Server
    from mcp.server.stdio import stdio_server
    from mcp_types import CallToolRequestParams, ListToolsResult
    from mcp_types import Tool as Listed

    logging.getLogger("mcp").addHandler(logging.NullHandler())  # what an agent sends is no news to the user
    one_by_one = asyncio.Lock()

    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        found = [
            Listed(name=each.name, description=each.about, input_schema=dict(each.schema)) for each in offered(shop)
        ]
        return ListToolsResult(tools=found)

    async def call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult:
        async with one_by_one:
            calls.extend(parallel.start([functools.partial(_answer, params.name, params.arguments or {}, shop)]))
            return await asyncio.shield(asyncio.wrap_future(calls[-1]))

    server: Server[Any] = Server("llmopt", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server(_Lines(requests), _Sink(replies)) as (read, write):  # type: ignore[arg-type]
        await server.run(read, write, server.create_initialization_options())


def _answer(name: str, arguments: Mapping[str, Any], shop: Workshop) -> CallToolResult:
    """What a tool gives; an expected failure is one line."""
    from mcp_types import CallToolResult, TextContent

    if name not in (each.name for each in offered(shop)):
        return CallToolResult(content=[TextContent(text=f"there is no tool {name[:50]!r}")], is_error=True)
    try:
        text, failed = tools.given(Call("", name, json.dumps(arguments)), shop).text, False
    except LlmoptError as error:
        text, failed = tools.refused(error, shop), True
    return CallToolResult(content=[TextContent(text=text)], is_error=failed)
