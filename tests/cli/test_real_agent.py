"""mini-swe-agent from PyPI as the proposer: the program itself, confined; its model is a script on loopback."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import coder
import layers
import pytest
import shop
from environments import environment
from loopback import Loopback
from shop import git, llmopt

EDIT = f"""python3 - <<'EOF'
from pathlib import Path
path = Path({str(coder.ORDERS)!r})
path.write_text(path.read_text().replace({coder.SLOW!r}, {coder.FAST!r}))
Path("LLMOPT_PLAN.md").write_text("A dict keeps first occurrences in order.")
EOF"""
STEPS = ("head -3 LLMOPT_TASK.md", EDIT, "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")

pytestmark = [pytest.mark.slow, pytest.mark.thorough, pytest.mark.timeout(900)]


class Scripted(BaseHTTPRequestHandler):
    """Answers each request of a conversation with the next command; keeps what the commands printed."""

    printed: list[str]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.printed += [each["content"] for each in asked["messages"][-1:] if each["role"] == "tool"]
        turn = sum(each["role"] == "assistant" for each in asked["messages"])
        reply = json.dumps(completion(asked["model"], STEPS[min(turn, len(STEPS) - 1)])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        return None


def completion(model: str, command: str) -> Mapping[str, Any]:
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    message = {
        "role": "assistant",
        "content": "Next.",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}


@pytest.mark.skipif("bubblewrap" not in layers.RUNNING, reason="bubblewrap does not run here")
def test_what_mini_swe_agent_edits_in_its_copy_is_judged_and_kept(tmp_path: Path) -> None:
    program = Path(environment("3.11", "mini-swe-agent")).with_name("mini")
    repo = shop.repository(tmp_path / "shop")
    before, printed = shop.state(repo), list[str]()
    handler = type("Handler", (Scripted,), {"printed": printed})
    with Loopback(handler) as server:
        allowed = {"OPENAI_API_BASE": f"{server.url}/v1", "OPENAI_API_KEY": "any", "MSWEA_CONFIGURED": "true"}
        words = [str(program), "--yolo", "--exit-immediately", "--model", "openai/gpt-5-mini", "--task", "{prompt}"]
        grants = [part for name in allowed for part in ("--agent-allow", f"env:{name}")]
        done = llmopt(
            *(repo, "optimize", "--workload", "bench.py", "--no-rules", "--function", "customers", "--effort", "low"),
            *("--model", f"agent:{shlex.join(words)}", "--agent-allow", "network", *grants, "--json"),
            seconds=600,
            **allowed,
        )
    assert done.code == 0, done.err
    [kept] = done.json["accepted"]
    assert kept["author"] == "agent:mini"
    assert "You make existing Python code faster" in printed[0]
    assert "A dict keeps first occurrences in order." in git(repo, "log", "-1", "--format=%B", kept["commit"])
    assert shop.state(repo) == before
