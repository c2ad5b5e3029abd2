"""`llmopt optimize` through the real `anthropic` and `openai` clients, against a server on loopback that streams."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import shop
from model_server import Answer, ModelServer, Use
from shop import DECLINE, GOOD, Done, git, llmopt

from llmopt.data import Usage
from llmopt.models.prices import cost, packaged

FAST = ("--workload", "bench.py", "--no-rules", "--function", "customers")
KEY = "sk-shop-0123456789abcdefghij"
QUICK = (("retry-after-ms", "1"),)

# The target looks for the key itself: in its tests and in its workload.
CURIOUS = {
    **shop.FILES,
    "tests/test_environment.py": """
        import os


        def test_no_key_is_seen():
            assert [k for k, v in os.environ.items() if "sk-shop" in v or k.endswith("_BASE_URL")] == []
        """,
    "bench.py": 'import os\nassert "sk-shop" not in str(os.environ)\n\n'
    + textwrap.dedent(shop.FILES["bench.py"]).lstrip(),
}
# A server of one's own costs nothing unless a price is given.
PRICED = '[prices."{0}"]\ninput = {1.input}\noutput = {1.output}\ncached = {1.cached}\n'


def priced(folder: Path, name: str) -> Path:
    """A repository that names the price of a model."""
    return shop.repository(folder, {**CURIOUS, "llmopt.toml": PRICED.format(name, packaged()[name])})


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy nor base URL of whoever runs the tests."""
    for name in list(os.environ):
        if name.endswith("_BASE_URL") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


pytestmark = pytest.mark.usefixtures("bare")


def assert_secret(repo: Path, done: Done) -> None:
    """The key is in nothing that was printed, written or committed."""
    assert "sk-shop" not in done.out + done.err
    written = [path for path in repo.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert (repo / ".llmopt").is_dir()
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
    assert KEY not in git(repo, "log", "--all", "--patch", "--format=full")


def assert_kept(done: Done, author: str, tests: int) -> None:
    assert done.code == 0, done.err
    [kept] = done.json["accepted"]
    assert kept["function"] == "shop/orders.py::customers"
    assert kept["author"] == author
    assert kept["evidence"]["tests"].startswith(f"{tests} tests passed")
    assert done.json["speedup"] > 1.5


@pytest.mark.slow
def test_anthropics_client_brings_an_edit_its_tokens_and_its_cost(tmp_path: Path) -> None:
    name = "claude-opus-5-5"
    repo = priced(tmp_path / "shop", name)
    uses = [Use(plain=300, written=2000, output=120), Use(plain=40, cached=2000, output=15)]
    with ModelServer([Answer(GOOD, use=uses[0]), Answer(DECLINE, use=uses[1])], keys=(KEY,)) as server:
        done = llmopt(
            *(repo, "optimize", *FAST, "--model", f"anthropic:{name}", "--json"),
            ANTHROPIC_BASE_URL=server.url,
            ANTHROPIC_API_KEY=KEY,
        )
        asked = server.asked()
    assert_kept(done, name, tests=6)
    assert {(request.path.partition("?")[0], request.body["stream"]) for request in asked} == {("/v1/messages", True)}
    assert_spent(done, uses[: len(asked)], name)
    assert_secret(repo, done)


@pytest.mark.slow
def test_openais_client_brings_an_edit_its_tokens_and_its_cost(tmp_path: Path) -> None:
    name = "gpt-6.1-sol"
    repo = priced(tmp_path / "shop", name)
    uses = [Use(plain=500, cached=1000, output=140, reasoning=100), Use(plain=40, cached=1500, output=15)]
    with ModelServer([Answer(GOOD, use=uses[0]), Answer(DECLINE, use=uses[1])], keys=(KEY,)) as server:
        done = llmopt(
            *(repo, "optimize", *FAST, "--model", f"openai:{name}@{server.url}", "--json"), OPENAI_API_KEY=KEY
        )
        asked = server.asked()
    assert_kept(done, name, tests=6)
    assert {(request.path, request.body["stream"]) for request in asked} == {("/v1/chat/completions", True)}
    assert_spent(done, uses[: len(asked)], name)
    assert_secret(repo, done)


def assert_spent(done: Done, uses: list[Use], name: str) -> None:
    """Tokens and dollars are those that the server reported, at the price of the table."""
    assert uses
    assert done.json["tokens"] == sum(use.input + use.output for use in uses)
    dollars = [cost(Usage(use.input, use.cached, use.output), packaged()[name], use.written) for use in uses]
    assert done.json["cost_usd"] == pytest.approx(sum(dollars), abs=1e-6)
    assert done.json["cost_usd"] > 0


# --- what ends before timing: one run, measured once, that each test resumes ---------------------------------------


@dataclass(frozen=True)
class Measured:
    """A repository with a run that has its baseline and profile and stopped before its first question."""

    repo: Path
    first: Done
    requests: int

    def resume(self, *arguments: str, **more: str) -> Done:
        return llmopt(self.repo, "optimize", "--resume", "last", *arguments, **more)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    repo = priced(tmp_path_factory.mktemp("clients") / "shop", "gpt-6.1-sol")
    with ModelServer() as server:
        model = f"openai:gpt-6.1-sol@{server.url}"
        done = llmopt(repo, "optimize", *FAST, "--model", model, "--max-tokens", "1000", OPENAI_API_KEY=KEY)
        yield Measured(repo, done, len(server.requests))


# Budgets of the first run stay in its settings: later ones raise them.
ENOUGH = ("--max-tokens", "1000000", "--budget-usd", "100")


def assert_one_line(done: Done, *said: str) -> None:
    """Exit 1, and one line on standard error after the log that says this."""
    assert done.code == 1, done.out
    assert "Traceback" not in done.err
    [line] = [line for line in done.err.splitlines() if line.startswith("llmopt: ")]
    assert done.err.splitlines()[-1] == line
    for words in said:
        assert words in line
    assert "sk-shop" not in done.err + done.out


def test_too_few_tokens_send_nothing_and_say_so(measured: Measured) -> None:
    assert measured.first.code == 3, measured.first.err
    assert measured.requests == 0
    [line] = [line for line in measured.first.out.splitlines() if line.startswith("Stopped: ")]
    assert "could exceed the budget: 0 of 1,000 tokens spent" in line


def test_too_few_dollars_send_nothing_and_say_so(measured: Measured) -> None:
    with ModelServer() as server:
        done = measured.resume(
            *("--max-tokens", "1000000", "--budget-usd", "0.001"),
            *("--model", f"openai:gpt-6.1-sol@{server.url}"),
            OPENAI_API_KEY=KEY,
        )
        assert server.requests == []
    assert done.code == 3, done.err
    assert "$0.00 of $0.001 spent" in done.out


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
def test_a_refused_key_ends_in_one_line(measured: Measured, kind: str) -> None:
    variables = {"anthropic": "ANTHROPIC", "openai": "OPENAI"}[kind]
    with ModelServer(keys=("another",)) as server:
        path = "/v1" if kind == "openai" else ""
        urls = {f"{variables}_BASE_URL": server.url + path, f"{variables}_API_KEY": KEY}
        done = measured.resume(*ENOUGH, "--model", f"{kind}:gpt-6.1-sol", **urls)
    assert_one_line(done, "refused the key (401)", f"check {variables}_API_KEY")
    assert_secret(measured.repo, done)


def test_an_unknown_model_ends_in_one_line_with_the_names_there_are(measured: Measured) -> None:
    with ModelServer([Answer("no such model", status=404)]) as server:
        done = measured.resume(*ENOUGH, "--model", f"openai:gpt-6.1-soul@{server.url}", OPENAI_API_KEY=KEY)
    assert_one_line(done, "knows no model 'gpt-6.1-soul'", "did you mean gpt-6.1-sol")


@pytest.mark.parametrize(
    ("answers", "asked", "said"),
    [
        ([Answer("slow down", status=429, headers=QUICK)] * 9, 5, "limits the rate (429, asked 5 times)"),
        ([Answer(GOOD, wait_seconds=0.5, pause_seconds=0.5, cut="hard")], 1, "broke off in the middle"),
        ([Answer(GOOD, cut="clean")], 1, "broke off in the middle"),
        ([Answer("boom", status=503, headers=QUICK)] * 9, 5, "failed (503): boom"),
    ],
    ids=["429", "slow-then-cut", "cut", "503"],
)
def test_a_server_that_fails_ends_the_run_in_one_line(
    measured: Measured, answers: list[Answer], asked: int, said: str
) -> None:
    with ModelServer(answers) as server:
        done = measured.resume(*ENOUGH, "--model", f"openai:gpt-6.1-sol@{server.url}", OPENAI_API_KEY=KEY)
        assert len(server.asked()) == asked
    assert_one_line(done, said)


def test_a_missing_key_ends_in_one_line(measured: Measured) -> None:
    done = measured.resume(*ENOUGH, "--model", "anthropic:claude-opus-5-5")
    assert_one_line(done, "ANTHROPIC_API_KEY is not set")


@pytest.mark.parametrize("model", ["anthropic:claude-opus-5-5", "openai:gpt-6.1-sol"])
def test_a_dry_run_sends_nothing_to_an_endpoint_not_even_a_question_for_its_models(tmp_path: Path, model: str) -> None:
    repo = shop.repository(tmp_path / "shop", CURIOUS)
    with ModelServer() as server:
        urls = {"ANTHROPIC_BASE_URL": server.url, "OPENAI_BASE_URL": server.url + "/v1"}
        keys = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
        done = llmopt(repo, "optimize", *FAST, "--dry-run", "--model", model, **urls, **keys)
        assert server.requests == []
    assert done.code == 0, done.err
    assert 'if order["customer"] not in seen:' in done.out
    assert KEY not in done.out + done.err


# --- kept before -----------------------------------------------------------------------------------------------

# A second slow function: something is left to ask about once the first edit is kept.
TWO = {
    **CURIOUS,
    "shop/orders.py": shop.FILES["shop/orders.py"]
    + """
        def amounts(orders):
            known = []
            for order in orders:
                if order["amount"] % 700 not in known:
                    known.append(order["amount"] % 700)
            return len(known)
        """,
    "bench.py": """
        from shop.orders import amounts, report

        ORDERS = []


        def setup():
            ORDERS[:] = [{"customer": "customer %d" % (i % 900), "amount": i} for i in range(4000)]


        def workload():
            print(len(report(ORDERS)), amounts(ORDERS))
        """,
}
ON = ("--workload", "bench.py", "--no-rules", "--json")


@pytest.mark.slow
def test_what_was_kept_stays_kept_when_the_server_fails_later(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop", TWO)
    with ModelServer([Answer(GOOD), Answer(DECLINE, wait_seconds=0.5, pause_seconds=0.5, cut="hard")]) as server:
        done = llmopt(repo, "optimize", *ON, "--model", f"openai:gpt-6.1-sol@{server.url}", OPENAI_API_KEY=KEY)
        assert len(server.asked()) == 2
    assert_one_line(done, "broke off in the middle")
    assert "broke off" in done.json["stopped"]
    assert git(repo, "rev-parse", done.json["branch"]) == done.json["accepted"][0]["commit"]


@pytest.mark.slow
@pytest.mark.thorough
def test_what_was_kept_is_the_result_when_the_next_question_could_exceed_the_budget(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop", TWO)
    with ModelServer([Answer(GOOD, use=Use(plain=9000, output=500))]) as server:
        model = f"openai:gpt-6.1-sol@{server.url}"
        done = llmopt(repo, "optimize", *ON, "--max-tokens", "12000", "--model", model, OPENAI_API_KEY=KEY)
        [request] = server.asked()
    assert 2000 <= request.body["max_tokens"] < 12_000 - 2000
    assert done.code == 0, done.err
    assert len(done.json["accepted"]) == 1
    assert done.json["tokens"] == 9500
    assert "could exceed the budget: 9,500 of 12,000 tokens spent" in done.json["stopped"]
