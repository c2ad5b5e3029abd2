"""What is committed in README and docs/ is what the code says today; and what makes it changes nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import generate
import pytest
from typer.main import get_command

from llmopt.cli import app
from llmopt.config import Settings, check

ROOT = Path(__file__).parents[2]
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
CONSOLE = re.compile(r"^```(?:console|bash|sh|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^|[|&;(] ?|\$ |run: |/)llmopt ((?:[a-z]|--?)[^#\n|&;)]*)", re.MULTILINE)


@pytest.mark.parametrize("page", generate.pages(ROOT), ids=lambda page: page.name)
def test_the_page_is_what_the_code_says_today(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == generate.renewed(text), "run `make generate` and commit what it writes"


def test_every_command_and_every_setting_has_its_heading() -> None:
    commands, settings = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("cli", "configuration"))
    assert re.findall(r"^## llmopt ?(.*)$", commands, re.MULTILINE) == ["", *COMMANDS]
    assert re.findall(r"^### `(\w+)`$", settings, re.MULTILINE) == [*Settings.model_fields]


def test_a_setting_is_told_with_what_it_may_be_its_default_flag_and_variable() -> None:
    told = generate.settings()
    for expected in (
        "a whole number, at least 7 · default `30` · `--max-pairs` · `LLMOPT_MAX_PAIRS`",
        "`true` or `false` · default `true` · `--rules`, `--no-rules` · `LLMOPT_RULES`",
        "a size such as `512MB` or `8GB` · not set by default · `LLMOPT_MAX_MEMORY`",
        "a list of texts · not set by default · `--allow-path` of `verify` · `LLMOPT_ALLOW_PATHS`",
    ):
        assert f"\n\n{expected}\n" in told


def test_a_marked_output_is_renewed_and_what_stands_around_it_stays() -> None:
    mark, rest = "before\n\n<!-- output: llmopt --version -->\n```text\n", "```\nafter `x`\n```\nnot marked\n```\n"
    new = generate.renewed(f"{mark}old\n\nlines\n{rest}")
    assert new.startswith(mark)
    assert new.endswith(rest)
    assert re.fullmatch(r"llmopt \d[\w.]*\n", new.removeprefix(mark).removesuffix(rest))


def test_an_output_in_an_example_is_that_of_a_fresh_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPT_MODEL", "wrong")
    said = generate.run("llmopt", "logstats")
    assert said.startswith("logstats: a git repository, with tests, with benchmarks")
    assert not (ROOT / "examples" / "logstats" / ".git").exists()


def calls() -> list[tuple[str, str]]:
    """Every call of llmopt that a page shows, with the page's name."""
    shown = []
    for page in generate.pages(ROOT):
        for block in CONSOLE.findall(page.read_text(encoding="utf-8")):
            joined = block.replace("\\\n", " ")
            shown += [(page.name, line.strip()) for line in CALL.findall(joined)]
    return shown


@pytest.mark.parametrize(("page", "line"), sorted(set(calls())))
def test_a_command_that_is_shown_exists_with_its_options(page: str, line: str) -> None:
    name = line.split()[0]
    if name.startswith("-"):
        return
    assert name in COMMANDS
    known = {word for each in COMMANDS[name].params for word in (*each.opts, *each.secondary_opts)}
    quoteless = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
    used = {word.partition("=")[0] for word in quoteless.split()[1:] if re.match(r"--?[a-z]", word)}
    assert used <= known | {"--help", "-h"}


def tables() -> list[tuple[str, dict[str, object]]]:
    """Every `[tool.llmopt]` that a page shows, with the page's name."""
    shown = []
    for page in generate.pages(ROOT):
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            table = tomllib.loads(block).get("tool", {}).get("llmopt", {})
            shown.append((page.name, {name.replace("-", "_"): value for name, value in table.items()}))
    return shown


@pytest.mark.parametrize(("page", "table"), tables())
def test_a_configuration_that_is_shown_is_taken(page: str, table: dict[str, object]) -> None:
    assert table, "every example of TOML is a table of llmopt's"
    assert set(table) <= check(table, {}).model_fields_set


def test_pages_show_commands() -> None:
    assert len(calls()) > 40
    assert len(tables()) >= 3
