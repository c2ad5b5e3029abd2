"""`llmopt mcp` as a coding agent has it: the official client, over standard input and output, on a real repository."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import shop
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters, stdio_client

from llmopt.serving import offered

SLOW = pytest.mark.slow
NAMES = ["profile", "hot_functions", "dossier", "callers", "callees", "profile_lines", "verify_edit"]
NAMES += ["compare_revisions"]


class Server:
    """A running server, and what it told of its progress."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal, self.client = portal, client
        self.told: list[str] = []

    def call(self, tool: str, give_up: float = 280, **arguments: object) -> Any:
        async def call() -> Any:
            with anyio.fail_after(give_up):
                return await self.client.call_tool(tool, dict(arguments), progress_callback=self._hear)

        self.told.clear()
        return self._portal.call(call)

    async def _hear(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append(message or "")

    def failure(self, tool: str, **arguments: object) -> str:
        """The one line that a call gives which cannot be done."""
        found = self.call(tool, **arguments)
        assert found.is_error
        assert found.structured_content is None
        return text_of(found)

    def listed(self) -> Any:
        return self._portal.call(self.client.list_tools).tools


def text_of(found: Any) -> str:
    [content] = found.content
    return content.text


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    words = shop.command("mcp", folder, *options, "--python", sys.executable)
    parameters = StdioServerParameters(command=words[0], args=words[1:], cwd=folder.parent, env=shop.environment())
    with (folder.parent / "errors.txt").open("w") as errors, start_blocking_portal() as portal:
        client = Client(stdio_client(parameters, errlog=errors))
        with portal.wrap_async_context_manager(client) as opened:
            yield Server(portal, opened)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shop.repository(tmp_path_factory.mktemp("place") / "shop")
    (folder.parent / "secret.py").write_text("SECRET = 'outside'\n")
    return folder


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    with serving(place, "--workload", "bench.py") as opened:
        yield opened


def test_the_tools_are_listed_with_schemas_and_only_look(server: Server) -> None:
    listed = server.listed()
    assert [tool.name for tool in listed] == NAMES
    for tool in listed:
        assert tool.annotations.read_only_hint
        assert tool.input_schema["additionalProperties"] is False
        assert "workload" not in tool.input_schema["properties"]  # the user named it
    assert {tool.name for tool in listed if tool.output_schema} == {
        "profile",
        "hot_functions",
        "verify_edit",
        "compare_revisions",
    }


@pytest.mark.slow
def test_a_profile_names_the_hot_lines_and_is_taken_once(server: Server, place: Path) -> None:
    before = shop.state(place)
    found = server.call("profile")
    hottest = found.structured_content["functions"][0]
    assert (hottest["path"], hottest["function"]) == ("shop/orders.py", "customers")
    assert hottest["self"] > 0.5
    assert re.search(r'  \d+: \d\d % if order\["customer"\] not in seen:', text_of(found))
    assert any("second pass" in each for each in server.told)
    again = server.call("profile")
    assert again.structured_content["functions"] == found.structured_content["functions"]
    assert server.told == []
    assert shop.state(place) == before


def test_what_is_known_of_a_function_is_told_from_the_same_profile(server: Server) -> None:
    server.call("profile")
    [function] = server.call("hot_functions", function="customers").structured_content["functions"]
    assert function["arguments"]["orders"][0].startswith("list[dict")
    assert "def customers(orders):" in text_of(server.call("dossier", function="customers"))
    assert "measured: shop/orders.py::report" in text_of(server.call("callers", function="customers"))
    assert "shop/orders.py::total" in text_of(server.call("callees", function="report"))
    assert "if order[" in text_of(server.call("profile_lines", function="customers"))
    assert server.told == []


@pytest.mark.slow
def test_a_wrong_edit_is_not_accepted_and_the_reason_is_told(server: Server, place: Path) -> None:
    before = shop.state(place)
    found = server.call("verify_edit", edit=shop.WRONG)
    result = found.structured_content
    assert not found.is_error
    assert (result["accepted"], result["stage"], result["speedup"]) == (False, "calls", None)
    assert "differs" in result["reason"]
    assert text_of(found).startswith("Not accepted at calls: the edit")
    assert any(told.startswith("calls: ") for told in server.told)
    assert shop.state(place) == before


@SLOW
def test_a_good_edit_is_accepted_with_its_interval_and_not_applied(server: Server, place: Path) -> None:
    before = shop.state(place)
    result = server.call("verify_edit", edit=shop.GOOD).structured_content
    assert (result["accepted"], result["stage"], result["level"]) == (True, "confirmation", "calls")
    assert 1.03 < result["interval"][0] <= result["speedup"]
    assert any(re.search(r"\d+ of \d+ pairs", told) for told in server.told)
    assert shop.state(place) == before


@SLOW
def test_a_diff_is_judged_by_its_behaviour_alone_where_that_is_asked(server: Server, place: Path) -> None:
    file = place / "shop" / "orders.py"
    text = file.read_text()
    file.write_text(text.replace("result += order", "result = result + order"))
    diff = subprocess.run(["git", "diff"], cwd=place, capture_output=True, text=True).stdout
    file.write_text(text)
    result = server.call("verify_edit", edit=diff, timing=False).structured_content
    assert (result["accepted"], result["speedup"], result["interval"]) == (True, None, None)
    assert result["files"] == ["shop/orders.py"]


@SLOW
def test_uncommitted_work_is_judged_and_compared_where_nothing_is_named(tmp_path: Path) -> None:
    folder = shop.repository(tmp_path / "shop")
    file = folder / "shop" / "orders.py"
    file.write_text(file.read_text().replace("seen = []", "seen = ['nobody']"))
    with serving(folder, "--workload", "bench.py") as server:
        result = server.call("verify_edit", timing=False).structured_content
        assert (result["accepted"], result["function"]) == (False, "shop/orders.py::customers")
        found = server.call("compare_revisions", base="main")
        assert found.structured_content["verdict"] in ("same", "inconclusive", "faster", "slower")
        assert found.structured_content["pairs"] >= 8
        assert "bench.py" in text_of(found)


WRONG = {
    "argument": (("profile", {"path": "/etc"}), "there is no argument 'path': profile takes no arguments"),
    "tool": (("optimize", {}), "there is no tool 'optimize': there are profile, hot_functions"),
    "type": (("verify_edit", {"edit": 1}), "edit is no string: verify_edit takes edit, timing"),
    "missing": (("callers", {}), "function is missing: callers takes function"),
    "function": (("dossier", {"function": "nobody"}), "the repository has no function 'nobody'"),
    "cold": (("hot_functions", {"function": "nobody"}), "'nobody' is not hot on this workload (hot are: shop/orders"),
    "revision": (("compare_revisions", {"base": "topik"}), "'topik' is no revision of the repository"),
    "folder": (("compare_revisions", {"base": "main", "head": "/tmp"}), "'/tmp' is no revision of the repository"),
    "option": (("compare_revisions", {"base": "--all"}), "'--all' is no revision of the repository"),
    "outside": (("profile_lines", {"function": "../secret.py::SECRET"}), "the repository has no function"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_done_is_one_line_that_says_why(server: Server, what: str) -> None:
    (tool, arguments), said = WRONG[what]
    failure = server.failure(tool, **arguments)
    assert said in failure
    assert "\n" not in failure


def test_an_edit_of_a_file_outside_is_not_accepted_and_nothing_is_written(server: Server, place: Path) -> None:
    for edit in (
        "../secret.py\n<<<<<<< SEARCH\nSECRET = 'outside'\n=======\nSECRET = ''\n>>>>>>> REPLACE\n",
        "--- a/../secret.py\n+++ b/../secret.py\n@@ -1 +1 @@\n-SECRET = 'outside'\n+SECRET = ''\n",
    ):
        result = server.call("verify_edit", edit=edit).structured_content
        assert (result["accepted"], result["stage"]) == (False, "apply")
    assert (place.parent / "secret.py").read_text() == "SECRET = 'outside'\n"


@pytest.mark.slow
def test_a_call_that_is_given_up_ends_its_work_and_the_next_one_is_served(server: Server) -> None:
    server.call("profile")
    with pytest.raises(TimeoutError):
        server.call("verify_edit", give_up=6, edit=shop.GOOD)
    assert server.told[-1].startswith(("tests on the base", "calls", "calibrating"))
    began = time.monotonic()
    assert server.call("hot_functions", function="customers").structured_content
    assert time.monotonic() - began < 30  # the tests alone would run twice


# --- who names what ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_where_the_user_named_no_workload_an_agent_does_but_none_from_outside(place: Path) -> None:
    with serving(place) as server:
        assert all("workload" in tool.input_schema["properties"] for tool in server.listed())
        outside = server.failure("profile", workload="../secret.py")
        assert "names a path outside of the repository" in outside
        assert server.call("profile", workload="bench.py").structured_content["functions"]


OUTSIDE = ["/etc/passwd", "cat /etc/passwd", "cmd:cat '/etc/passwd'", "../bench.py", "python -m a --file=/etc/passwd"]
OUTSIDE += ["a/../../b.py", "cat ~/.ssh/id", "cmd:'cat' \"/etc/passwd\"", "X=/etc/passwd cat", "pytest:/tmp/tests"]


@pytest.mark.parametrize("spec", OUTSIDE)
def test_a_workload_with_a_path_outside_is_refused(spec: str) -> None:
    with pytest.raises(Exception, match="outside of the repository"):
        offered.inside(spec)


@pytest.mark.parametrize(
    "spec", ["bench.py", "a.b:c", "python -m app data/x.csv", "asv:time_.*", "pytest:tests/t.py@2"]
)
def test_a_workload_of_the_repository_is_not(spec: str) -> None:
    assert offered.inside(spec) == spec


def test_an_agent_that_edits_the_configuration_is_judged_by_it_no_more(tmp_path: Path) -> None:
    folder = shop.repository(tmp_path / "shop")
    with serving(folder, "--workload", "bench.py") as server:
        (folder / "llmopt.toml").write_text('require = "none"\n')
        assert "the configuration of llmopt was changed" in server.failure("verify_edit", edit=shop.WRONG)


# --- beginning and end -------------------------------------------------------------------------------------------


def test_the_printed_configuration_starts_the_server(place: Path) -> None:
    printed = shop.llmopt(place, "mcp", "--print-config", "--workload", "bench.py", "--allow-no-tests").json
    written = printed["mcpServers"]["llmopt"]
    assert str(place) in written["args"]
    assert written["args"][-2:] == ["--workload=bench.py", "--allow-no-tests"]
    done = subprocess.run(
        [written["command"], *written["args"]], input="", text=True, capture_output=True, env=shop.environment()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_the_sdk_one_line_says_what_to_install(place: Path) -> None:
    code = "import sys; sys.modules['mcp'] = None; from llmopt.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "mcp", str(place)], capture_output=True, text=True, env=shop.environment()
    )
    assert done.returncode == 2
    assert done.stderr == "llmopt: llmopt mcp needs the MCP SDK (pip install 'llmopt[mcp]')\n"


def test_settings_that_cannot_be_used_end_it_at_once(place: Path) -> None:
    done = shop.llmopt(place, "mcp", "--require", "much")
    assert done.code == 2
    assert "require = 'much' in the arguments" in done.err


def begun(place: Path) -> subprocess.Popen[str]:
    """A server in the middle of a call."""
    process = subprocess.Popen(
        shop.command("mcp", place, "--workload", "bench.py", "--python", sys.executable),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.environment(),
    )
    assert process.stdin
    assert process.stdout
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"name": "verify_edit", "arguments": {"edit": shop.GOOD}, "_meta": {"progressToken": 1}}
    for message in (
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": call},
    ):
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
    while "tests on the base" not in (line := process.stdout.readline()):
        assert line, process.stderr and process.stderr.read()
    return process


ENDS: dict[str, tuple[Callable[[subprocess.Popen[str]], object], int]] = {
    "the client goes": (lambda process: process.stdin and process.stdin.close(), 0),
    "SIGTERM": (lambda process: process.send_signal(signal.SIGTERM), 130),
    "Ctrl-C": (lambda process: process.send_signal(signal.SIGINT), 130),
}


@pytest.mark.parametrize("how", ENDS)
def test_it_ends_with_all_that_it_started(place: Path, how: str) -> None:
    end, code = ENDS[how]
    process = begun(place)
    end(process)
    assert process.wait(20) == code
    assert process.stderr
    assert "Traceback" not in process.stderr.read()
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(place) not in running
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
