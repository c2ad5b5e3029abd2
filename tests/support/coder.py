"""A coding agent as small as one can be: it reads the task file, edits what is in its folder, and says what it did.

`python coder.py ACT...` does one thing after the other, from the list below: good ones, and those that agents must not
get away with. An act before a comma is of the first start, the one after it of the second, and so on: what was started
before is told by the feedback file alone.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

ORDERS = Path("shop/orders.py")
SLOW = """    seen = []
    for order in orders:
        if order["customer"] not in seen:
            seen.append(order["customer"])
    return seen
"""
FAST = '    return list(dict.fromkeys([order["customer"] for order in orders]))\n'
WRONG = '    return sorted(set([order["customer"] for order in orders]))\n'


def replaced(old: str, new: str) -> None:
    text = ORDERS.read_text()
    if old not in text:
        raise SystemExit(0)  # it is done already: nothing is left to change
    ORDERS.write_text(text.replace(old, new))


def good() -> None:
    replaced(SLOW, FAST)
    Path("LLMOPT_PLAN.md").write_text("A dict keeps first occurrences in order.\n")


def wrong() -> None:
    replaced(SLOW, WRONG)
    print("PLAN: a set is faster.")


def same() -> None:
    """Another code that takes as long."""
    replaced(SLOW, SLOW.replace("seen = []", "seen = list(())"))


def tests() -> None:
    test = Path("tests/test_orders.py")
    test.write_text(test.read_text().replace('["b", "a", "c", "d"]', '["a", "b", "c", "d"]'))


def commit() -> None:
    for arguments in (["checkout", "-q", "-b", "work"], ["add", "--all"], ["commit", "-q", "-m", "Faster"]):
        subprocess.run(["git", *arguments], check=True)


def history() -> None:
    count = subprocess.run(["git", "rev-list", "--all", "--count"], check=True, capture_output=True, text=True)
    print("commits:", count.stdout.strip())


def hang() -> None:
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", os.environ.get("CODER_MARK", "coder-hangs")]
    )
    time.sleep(600)


def outside() -> None:
    """Writes to the paths after its acts, which are not its own."""
    for path in sys.argv[2:]:
        try:
            Path(path).write_text("by an agent\n")
            print("wrote", path)
        except OSError as problem:
            print("refused", problem.strerror)


def keys() -> None:
    """Prints the keys it finds, of which the user's must not be one."""
    print({name: value for name, value in os.environ.items() if "KEY" in name or "TOKEN" in name})


def home() -> None:
    print("configured:", Path.home().joinpath(".coder/settings").read_text())


def login() -> None:
    print("Invalid API key. Please run /login", file=sys.stderr)
    raise SystemExit(1)


def nested() -> None:
    """Confines a command of its own, as some do each of theirs; what it is not allowed ends with 0 all the same."""
    subprocess.run([os.environ["CODER_BWRAP"], "--unshare-user", "--ro-bind", "/", "/", "true"], check=False)


def network() -> None:
    """Asks a server of this machine, at the port in CODER_PORT."""
    with socket.create_connection(("127.0.0.1", int(os.environ["CODER_PORT"])), timeout=5) as connection:
        print("answered:", connection.recv(100).decode())


def delete() -> None:
    Path("shop/__init__.py").unlink()


def binary() -> None:
    Path("shop/data.py").write_bytes(b"\xff\xfe\x00\x01")


def link() -> None:
    Path("shop/link.py").symlink_to("/etc/passwd")
    Path("LLMOPT_PLAN.md").symlink_to("/etc/passwd")


def fail() -> None:
    print("\x1b[31mno idea\x1b[0m", file=sys.stderr)
    raise SystemExit(3)


def told() -> None:
    """Repeats what it was told, for a test to look at."""
    print("input:", sys.stdin.read()[:60].replace("\n", " "))
    for name in ("LLMOPT_TASK.md", "LLMOPT_FEEDBACK.md"):
        if Path(name).exists():
            print(f"{name}: {Path(name).read_text()}")


def tools() -> None:
    """Starts its server twice, as some do to look at it first, and makes the calls after its acts: NAME=JSON."""
    import anyio
    from mcp import Client, StdioServerParameters, stdio_client

    [server] = json.loads(Path(sys.argv[2]).read_text())["mcpServers"].values()
    parameters = StdioServerParameters(command=server["command"], args=server["args"])

    async def talk() -> None:
        async with Client(stdio_client(parameters)) as client:
            print("first:", [tool.name for tool in (await client.list_tools()).tools])
        async with Client(stdio_client(parameters)) as client:
            for name, _, arguments in (word.partition("=") for word in sys.argv[3:]):
                found = await client.call_tool(name, json.loads(arguments))
                print(name, "failed:" if found.is_error else "gave:", found.content[0].text)

    anyio.run(talk)


def abuse() -> None:
    """Puts links in the places of the pipes, sends what is no message, a line without an end, and reads nothing."""
    file = Path(sys.argv[2])
    requests, replies = file.parent / "requests", file.parent / "replies"
    pipe = os.open(requests, os.O_WRONLY | os.O_NONBLOCK)
    for path in (requests, replies, file):
        path.unlink()
        path.symlink_to(sys.argv[3])
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "callers", "arguments": {"a": [1]}}}
    lines = [b"{", b"\xff\x00", b"[]", json.dumps(call).encode(), b'{"jsonrpc": "2.0", "id": {}, "method": 1}']
    sent, until = 0, time.monotonic() + 3
    for line in [*lines * 50, b"x" * (1 << 22)]:
        data = line + b"\n"
        while data and time.monotonic() < until:
            try:
                count = os.write(pipe, data)
                data, sent = data[count:], sent + count
            except BlockingIOError:
                time.sleep(0.01)
    print("sent", sent, "bytes")


def nothing() -> None:
    print("I would not touch that.")


if __name__ == "__main__":
    again = Path("LLMOPT_FEEDBACK.md").exists()
    first, _, second = sys.argv[1].partition(",")
    for act in ((second or first) if again else first).split("+"):
        globals()[act]()
