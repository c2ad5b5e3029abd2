"""Completion, as a shell asks for it; and that what is offered is what there is."""

from __future__ import annotations

import subprocess
import sys
import typing
from pathlib import Path

import pytest
import shop

from llmopt.commands import complete
from llmopt.config import Settings
from llmopt.models.spec import FORMS


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    for name in ("20260101-000000", "20260102-000000"):
        folder = tmp_path / ".llmopt" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").touch()
    return tmp_path


def completed(folder: Path, line: str) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    asked = {"_LLMOPT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    code = "import sys; sys.argv = ['llmopt']; from llmopt.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=shop.environment(**asked)
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("llmopt opt", ["optimize"]),
        ("llmopt optimize --resu", ["--resume"]),
        ("llmopt optimize --resume ", ["last", "20260102-000000", "20260101-000000"]),
        ("llmopt show 202601", ["20260102-000000", "20260101-000000"]),
        ("llmopt report la", ["last"]),
        ("llmopt optimize --model a", ["anthropic:", "agent:"]),
        ("llmopt optimize --keep ", ["branch", "commit", "worktree", "patch", "index"]),
        ("llmopt help wo", ["workloads"]),
    ],
)
def test_a_shell_is_offered(repo: Path, line: str, offered: list[str]) -> None:
    assert completed(repo, line) == offered


def test_below_the_root_runs_are_found_and_elsewhere_there_are_none(
    repo: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(repo / "a" / "b")
    assert complete.runs("2")[0] == "20260102-000000"
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    assert complete.runs("") == []


def test_what_is_offered_is_what_there_is() -> None:
    assert {kind.rstrip(":") for kind in complete.MODELS} == {"rules", *FORMS}
    from llmopt import cli

    command = typing.cast(typing.Any, cli.typer.main.get_command(cli.app)).commands["optimize"]
    for name in ("objective", "require", "sandbox", "effort", "keep"):
        parameter = next(each for each in command.params if each.name == name)
        offered = [item.value for item in parameter.shell_complete(command.make_context("x", []), "")]
        allowed = typing.get_args(Settings.model_fields[name].annotation)
        literal = allowed if isinstance(allowed[0], str) else typing.get_args(allowed[0])
        assert set(offered) == set(literal), name
