"""A coding agent as the proposer: what it is given, what counts of what it does, and what it cannot reach."""

from __future__ import annotations

import json
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import coder
import layers
import pytest
import shop

from llmopt import encoding, git
from llmopt.checks import guard
from llmopt.data import Function, Grants, Hotspot, Limits, Proposal, Region, Tree, Verdict
from llmopt.errors import EditError, UsageError
from llmopt.models import agent
from llmopt.sandbox import bubblewrap, granted
from llmopt.search import agents, ask, served
from llmopt.search.code import open_code
from llmopt.search.effort import RECIPES
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks
from llmopt.search.tools import Workshop

CUSTOMERS = Hotspot(Function("shop/orders.py", "customers", 4), 10, 0.9, 0.9, 0.9, 10.0)
REGION = Region((CUSTOMERS,), CUSTOMERS, 0.9)
CODER = (sys.executable, coder.__file__)
SECRET = "sk-ant-api03-" + "Zx9" * 31 + "AA"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {
        **shop.FILES,
        "shop/secrets.py": "DATA = 1\n",
        "shop/keys.py": f'API_KEY = "{SECRET}"\n\n\ndef key():\n    return API_KEY\n',
    }
    return shop.repository(tmp_path_factory.mktemp("agents") / "shop", files)


class Bench:
    """A real repository and a real sandbox, without the rest of a run: what an agent needs, and what it did."""

    def __init__(self, repo: Path, folder: Path, layer: str) -> None:
        self.repo, self.folder, self.layer = repo, folder, layer
        self.told: list[str] = []
        self.works: dict[str, agents.Work] = {}
        self.verdicts: list[Verdict] = []
        self.exclude: list[str] = []
        self.allow: list[str] = []
        self.seconds = 30.0

    def working(self, *words: str) -> agents.Working:
        commit = git.head(self.repo)
        place = self.folder / f"base-{len(list(self.folder.glob('base-*')))}" / self.repo.name
        base = git.export(self.repo, commit, place)
        read = encoding.reader(base)

        def permitted(path: str) -> str:
            if guard.is_excluded(path, self.exclude):
                raise EditError(f"{path} is excluded")
            return read(path)

        given = granted.parse(self.allow)
        grants = Grants(given.read, given.environment, given.network)
        more = {"time_limit": self.seconds, "test_command": "python -m pytest", "commands": (), "below": ""}
        asking = ask.Asking(
            ask_nobody, Masks(permitted), Facts((3, 11, 4)), RECIPES["medium"], base=commit, code="abc",
            hotspots=(CUSTOMERS,), more={**more, "environment": "python", "left_out": tuple(self.exclude)},
        )  # fmt: skip
        facts = Facts((3, 11, 4), files=("shop/orders.py", "shop/keys.py"))
        shop = Workshop(asking.masks, facts, open_code(asking.masks.read, ("",)), (CUSTOMERS,))
        asking = replace(asking, shop=shop)
        return agents.Working(
            words,
            asking,
            export=lambda folder: git.export(self.repo, commit, folder),
            base=lambda: base,
            checkout=self.repo,
            sandbox=layers.open_layer(self.layer, grants),
            granted=given,
            limits=lambda: Limits(seconds=self.seconds),
            is_excluded=lambda path: guard.is_excluded(path, self.exclude),
            turned_down=lambda path: guard.turned_down(path, ["bench.py"], self.exclude),
            once=self.once,
            tell=self.told.append,
        )

    def once(self, subject: str, work: Callable[[], agents.Work]) -> agents.Work:
        if subject not in self.works:
            self.works[subject] = work()
        return self.works[subject]

    def drawn(self, acts: str, *more: object) -> list[Proposal]:
        """All proposals of the coder, each turned down as the tests would."""
        working, found = self.working(*CODER, acts, *map(str, more)), []
        for proposal in agents.propose([REGION], self.verdicts, working, ask.Memory()):
            found.append(proposal)
            stage, reason = ("apply", proposal.problem) if proposal.problem else ("tests", "2 tests fail")
            self.verdicts.append(Verdict(False, stage, reason, CUSTOMERS.function.key, proposal.author, proposal.plan))
        return found

    def first(self, acts: str, *more: object) -> Proposal:
        return next(iter(agents.propose([REGION], [], self.working(*CODER, acts, *map(str, more)), ask.Memory())))

    @property
    def work(self) -> agents.Work:
        return next(iter(self.works.values()))


def ask_nobody(conversation: object) -> object:
    raise AssertionError("an agent's run asks no model")


@pytest.fixture(params=layers.RUNNING)
def bench(request: pytest.FixtureRequest, repo: Path, tmp_path: Path) -> Bench:
    return Bench(repo, tmp_path, request.param)


@pytest.fixture
def strict(repo: Path, tmp_path: Path) -> Bench:
    """Under one layer, for what does not depend on it."""
    return Bench(repo, tmp_path, layers.RUNNING[0])


def test_what_differs_in_its_copy_is_the_proposal(bench: Bench) -> None:
    proposal = bench.first("good")
    assert proposal.problem == ""
    assert list(proposal.files) == ["shop/orders.py"]
    assert proposal.files["shop/orders.py"] == (bench.repo / "shop/orders.py").read_text().replace(
        coder.SLOW, coder.FAST
    )
    assert proposal.plan == "A dict keeps first occurrences in order."
    assert proposal.author == "agent:python coder.py"
    assert not proposal.usage.known
    assert shop.git(bench.repo, "status", "--porcelain") == ""


def test_what_it_committed_counts_and_it_finds_one_commit_without_history(bench: Bench) -> None:
    proposal = bench.first("history+good+commit")
    assert (proposal.problem, list(proposal.files)) == ("", ["shop/orders.py"])
    assert "commits: 1" in bench.work.printed


def test_edits_of_tests_are_left_out_and_named_and_the_rest_is_tried(strict: Bench) -> None:
    proposal = strict.first("good+tests")
    assert (list(proposal.files), proposal.problem) == (["shop/orders.py"], "")
    assert "tests/test_orders.py: tests, benchmarks and CI are out of bounds" in strict.told[0]


def test_edits_of_tests_alone_are_no_proposal_and_the_agent_is_told_so(strict: Bench) -> None:
    first, *_ = strict.drawn("tests,told")
    assert first.problem.startswith("the agent changed only what does not count: tests/test_orders.py")
    again = list(strict.works.values())[1].printed
    assert "LLMOPT_FEEDBACK.md: # What you did before" in again
    assert "changed only what does not count" in again


@pytest.mark.parametrize(
    ("act", "path", "why"),
    [
        ("delete", "shop/__init__.py", "it was deleted"),
        ("binary", "shop/data.py", "it is no text"),
        ("link", "shop/link.py", "it is a link"),
    ],
)
def test_what_is_no_change_of_a_text_is_left_out_and_named(strict: Bench, act: str, path: str, why: str) -> None:
    assert strict.first(act).problem.startswith(f"the agent changed only what does not count: {path}: {why}")


def test_a_link_in_the_place_of_the_plan_is_not_followed(strict: Bench) -> None:
    assert "root" not in strict.first("link+good").plan.replace("A dict", "")


def test_a_failure_is_told_with_the_diff_and_the_evidence_and_it_starts_again_on_the_base(strict: Bench) -> None:
    first, second, _ = strict.drawn("wrong,told+good")
    assert coder.WRONG in first.files["shop/orders.py"]
    assert first.plan == "a set is faster."
    assert coder.FAST in second.files["shop/orders.py"]  # it replaced the slow code: the wrong edit was not there
    told = list(strict.works.values())[1].printed
    assert "+" + coder.WRONG.rstrip() in told
    assert "2 tests fail" in told
    assert "a set is faster." in told


def test_the_task_holds_the_dossier_and_the_rules_and_comes_by_standard_input(strict: Bench) -> None:
    strict.first("told")
    printed = strict.work.printed
    assert "input: You make existing Python code faster" in printed
    assert 'if order["customer"] not in seen' in printed
    assert "## The contract to keep" in printed
    assert "LLMOPT_FEEDBACK.md:" not in printed


def test_a_place_for_the_text_or_its_file_leaves_standard_input_empty(strict: Bench) -> None:
    code = "import sys; print(repr(sys.stdin.read()), sys.argv[1][:9], open(sys.argv[2]).read()[:8], sys.argv[3])"
    working = strict.working(sys.executable, "-c", code, "{prompt}", "{prompt_file}", "in {tree}")
    next(iter(agents.propose([REGION], [], working, ask.Memory())))
    assert strict.work.printed.startswith("'' You make  You make in /")


def test_an_agent_that_changes_nothing_ends_the_region(strict: Bench) -> None:
    [only] = strict.drawn("nothing")
    assert only.problem == "the agent changed nothing"


def test_an_agent_that_fails_is_one_line_and_what_it_changed_is_not_tried(strict: Bench) -> None:
    [only] = strict.drawn("good+fail")
    assert only.problem == "the agent ended with exit code 3: no idea; its changes are not tried"
    assert only.files == {}


def test_an_agent_that_hangs_is_ended_with_all_it_started(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODER_MARK", "coder-hangs-under-" + bench.layer)
    bench.seconds, bench.allow = 1.5, ["env:CODER_MARK"]
    [only] = bench.drawn("good+hang")
    assert only.problem.startswith("the agent timed out after 1.5 s (--agent-seconds)")
    assert layers.ends("coder-hangs-under-" + bench.layer)


@pytest.mark.parametrize("layer", layers.CONFINING)
def test_it_writes_in_its_copy_alone(layer: str, repo: Path, tmp_path: Path) -> None:
    bench = Bench(repo, tmp_path / "work", layer)
    other, code = tmp_path / "other.txt", repo / "shop" / "orders.py"
    before = code.read_text()
    bench.first("outside+good", other, repo / ".git" / "hooks" / "post-merge")
    assert not other.exists()
    assert not (repo / ".git" / "hooks" / "post-merge").exists()
    assert code.read_text() == before


def test_it_gets_no_key_but_those_that_it_was_given_and_the_journal_holds_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "not-for-the-agent")
    monkeypatch.setenv("ITS_API_KEY", "for-the-agent-1234")
    bench.allow = ["env:ITS_API_KEY"]
    bench.first("keys")
    assert "{'ITS_API_KEY': '$ITS_API_KEY'}" in bench.work.printed


@pytest.mark.parametrize("layer", layers.CONFINING)
def test_it_reaches_the_network_only_where_that_is_granted(
    layer: str, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering() as port:
        monkeypatch.setenv("CODER_PORT", str(port))
        closed, opened = Bench(repo, tmp_path / "closed", layer), Bench(repo, tmp_path / "opened", layer)
        closed.allow, opened.allow = ["env:CODER_PORT"], ["env:CODER_PORT", "network"]
        problem = closed.first("network").problem
        opened.first("network")
    assert "answered" not in closed.work.printed
    assert "(it is confined; what may help: --agent-allow network)" in problem
    assert closed.told == [problem]
    assert "answered: hello" in opened.work.printed


class answering:  # noqa: N801
    """A server on loopback that says hello to all who come."""

    def __enter__(self) -> int:
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()
        return int(self.server.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"hello")

    def __exit__(self, *_: object) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


def test_what_it_says_of_logins_and_keys_names_the_grants(strict: Bench) -> None:
    [only] = strict.drawn("login")
    assert "Invalid API key. Please run /login" in only.problem
    assert "--agent-allow env:NAME (its key), --agent-allow home:PATH" in only.problem


@pytest.mark.skipif("bubblewrap" not in layers.RUNNING, reason="bubblewrap does not run here")
def test_an_agent_whose_own_sandbox_cannot_start_is_told_to_go_without(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODER_BWRAP", bubblewrap.program())
    bench = Bench(repo, tmp_path, "bubblewrap")
    bench.allow = ["env:CODER_BWRAP"]
    [only] = bench.drawn("nested")
    assert only.problem.startswith("the agent changed nothing (it is confined; what may help: an option of the agent")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("claude -p --permission-mode acceptEdits", "agent:claude"),
        ("codex exec --sandbox danger-full-access -", "agent:codex exec"),
        ("/usr/bin/python3 tools/coder.py", "agent:python3 coder.py"),
        ("mini {prompt} --yolo", "agent:mini"),
    ],
)
def test_reports_call_an_agent_by_its_program_and_verb_and_not_by_its_options(command: str, name: str) -> None:
    assert agents.name_of(shlex.split(command)) == name


def test_its_home_holds_copies_of_what_was_granted_and_nothing_else(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".coder").mkdir(parents=True)
    (home / ".coder" / "settings").write_text("brave\n")
    (home / ".other").write_text("private\n")
    monkeypatch.setenv("HOME", str(home))
    bench.allow = ["home:.coder"]
    bench.first("home")
    assert "configured: brave" in bench.work.printed
    assert (home / ".coder" / "settings").read_text() == "brave\n"


def test_excluded_files_are_not_in_its_copy_and_secrets_are_masked_but_come_back(strict: Bench) -> None:
    strict.exclude = ["shop/secrets.py"]
    look = (
        "import glob; print(sorted(glob.glob('shop/*'))); p = 'shop/keys.py'; t = open(p).read(); print(t); "
        "open(p, 'w').write(t + '#')"
    )
    working = strict.working(sys.executable, "-c", look)
    proposal = next(iter(agents.propose([REGION], [], working, ask.Memory())))
    assert "secrets.py" not in strict.work.printed
    assert "MASKED_" in strict.work.printed
    assert SECRET not in repr(strict.work)
    assert SECRET in proposal.files["shop/keys.py"]


def test_an_environment_made_in_the_copy_is_no_edit(strict: Bench) -> None:
    made = "import os; os.mkdir('new'); [open(f'new/m{i}.py', 'w').close() for i in range(50)]"
    working = strict.working(sys.executable, "-c", made)
    proposal = next(iter(agents.propose([REGION], [], working, ask.Memory())))
    assert "it left 50 new source files" in proposal.problem


def test_after_a_kept_edit_it_starts_on_the_new_code_and_is_told_the_new_profile(strict: Bench) -> None:
    working, memory = strict.working(*CODER, "good,told"), ask.Memory()
    verdicts: list[Verdict] = []
    for proposal in agents.propose([REGION], verdicts, working, memory):
        verdicts.append(
            Verdict(True, "confirmation", "", CUSTOMERS.function.key, proposal.author, commit="next", speedup=2.0,
                    interval=(1.9, 2.1))
        )  # fmt: skip
    later = replace(working, asking=replace(working.asking, base="next", code="def"))
    next(iter(agents.propose([REGION], verdicts, later, memory)))
    told = list(strict.works.values())[1].printed
    assert "Kept: 2.000 times as fast" in told
    assert "The files are now as your edit left them" in told


def test_after_a_gain_no_grant_is_missing(strict: Bench) -> None:
    working, memory = strict.working(*CODER, "good,login"), ask.Memory()
    verdicts: list[Verdict] = []
    for proposal in agents.propose([REGION], verdicts, working, memory):
        verdicts.append(
            Verdict(True, "confirmation", "", CUSTOMERS.function.key, proposal.author, commit="next", speedup=2.0)
        )
    later = replace(working, asking=replace(working.asking, base="next", code="def"))
    [only] = agents.propose([REGION], [*verdicts], later, memory)
    assert "Invalid API key" in only.problem
    assert "--agent-allow" not in only.problem


# --- its command -----------------------------------------------------------------------------------------------


def test_a_command_that_is_not_there_is_refused_before_anything_runs() -> None:
    for command, message in [
        ("no-such-agent -p", "is not on the PATH"),
        ("/no/such/agent", "does not exist"),
        ("claude 'half", "cannot be read"),
        ("", "names no command"),
    ]:
        with pytest.raises(UsageError, match=message):
            agent.words_of(command)


def test_words_are_a_shells_and_other_braces_stay() -> None:
    words = agent.words_of("sh -c 'echo {prompt}' {\"a\":1} {tree}/x")
    assert words[1:] == ("-c", "echo {prompt}", "{a:1}", "{tree}/x")
    filled = agent.filled(words, "do {tree}", Path("/t/TASK.md"), Path("/t"))
    assert filled[2:] == ("echo do {tree}", "{a:1}", "/t/x")


def test_a_text_too_long_for_an_argument_is_named_instead() -> None:
    filled = agent.filled(("a", "{prompt}"), "x" * 200_000, Path("/t/TASK.md"), Path("/t"))
    assert filled == ("a", "Read /t/TASK.md and do what it says.")


@pytest.mark.parametrize(
    "word", ["net", "network:x", "env:", "env:A=b", "read:/no/such/path", "home:../x", "home:/etc/passwd", "home:."]
)
def test_a_grant_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="--agent-allow"):
        granted.parse([word])


def test_a_program_is_seen_with_the_environment_it_is_installed_in(tmp_path: Path) -> None:
    from llmopt.sandbox import reach

    environment, package = tmp_path / "venv", tmp_path / "lib" / "node_modules" / "agent"
    (environment / "bin").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("")
    script = environment / "bin" / "agent"
    script.write_text(f"#!{sys.executable} -u\n")
    link = tmp_path / "agent"
    link.symlink_to(script)
    (package / "node_modules" / "dep").mkdir(parents=True)
    (package / "cli.js").write_text("#!/usr/bin/env -S sh -e\n")
    assert {link, script, environment, Path(sys.executable)} <= set(reach.installation(link))
    assert tmp_path / "lib" / "node_modules" in reach.installation(package / "cli.js")


# --- its tools -----------------------------------------------------------------------------------------------------


def test_an_agent_that_speaks_mcp_gets_the_tools_of_models_inside_its_sandbox(bench: Bench) -> None:
    calls = ['callers={"function": "customers"}', 'callers={"function": "nobody"}', 'read={"path": "shop/orders.py"}']
    calls += ['callees={"function": "shop/keys.py::key"}', "callers={}"]
    proposal = bench.first("tools+good", "{mcp}", *calls)
    assert proposal.problem == "", bench.work.printed
    printed = bench.work.printed
    assert "first: ['callers', 'callees', 'profile_lines']" in printed
    assert "callers gave: callers of shop/orders.py::customers\nby name: shop/orders.py::report" in printed
    assert "callers failed: the repository has no function 'nobody'" in printed
    assert "read failed: there is no tool 'read'" in printed
    assert "callees gave: callees of shop/keys.py::key" in printed
    assert "callers failed: function is missing" in printed
    assert list(proposal.files) == ["shop/orders.py"]


@pytest.mark.slow
def test_what_an_agent_makes_of_its_pipes_opens_nothing_and_its_edit_still_counts(
    bench: Bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("as it was")
    before = threading.enumerate()
    proposal = bench.first("abuse+good", "{mcp}", victim)
    assert (proposal.problem, list(proposal.files)) == ("", ["shop/orders.py"]), bench.work.printed
    assert int(bench.work.printed.partition("sent ")[2].split()[0]) > 1000
    assert victim.read_text() == "as it was"
    assert threading.enumerate() == before
    assert capfd.readouterr() == ("", "")


def test_the_task_names_the_tools_where_the_command_has_a_place_for_them(strict: Bench) -> None:
    strict.first("told", "{mcp}")
    assert "Tools of the MCP server `llmopt`: callers, callees, profile_lines." in strict.work.printed
    strict.works.clear()
    strict.first("told")
    assert "MCP" not in strict.work.printed


def asked_for_a_try(folder: Path) -> None:
    """What an agent writes to its pipe, by this process."""
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    call = {"name": "try_edit", "arguments": {"edits": shop.GOOD}}
    with (folder / "requests").open("w") as pipe:
        for message in (
            {"id": 1, "method": "initialize", "params": client},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/call", "params": call},
        ):
            pipe.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def test_a_call_that_outlives_its_agent_is_waited_for_and_ctrl_c_waits_for_none(repo: Path, tmp_path: Path) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def attempt(files: Mapping[str, str]) -> Verdict:
        begun.set()
        may_end.wait(60)
        ended.set()
        return Verdict(False, "tests", "2 tests fail", "", "")

    def gone(folder: Path) -> None:
        asked_for_a_try(folder)
        assert begun.wait(60)
        raise KeyboardInterrupt

    masks = Masks(encoding.reader(Tree("", repo)))
    tools = Workshop(masks, Facts((3, 11, 4)), open_code(masks.read, ("",)), attempt=attempt)
    with pytest.raises(KeyboardInterrupt), served.serving(tools, tmp_path / "one") as config:
        gone(config.parent)
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(60)
    for event in (begun, may_end, ended):
        event.clear()
    with served.serving(tools, tmp_path / "two") as config:
        asked_for_a_try(config.parent)
        assert begun.wait(60)
        threading.Timer(0.2, may_end.set).start()
    assert ended.is_set()
