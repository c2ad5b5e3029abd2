"""The action and the workflows to copy: their schemas, what zizmor finds dangerous, and that they say what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import shop
from typer.main import get_command

from llmopt.ci import result
from llmopt.cli import app
from llmopt.commands import workflow
from llmopt.errors import UsageError

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
GITHUB = [file for file in WORKFLOWS if file.name != "gitlab-ci.yml"]
INPUT = re.compile(r"^  ([a-z-]+):\n    description:", re.MULTILINE)


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def inputs() -> set[str]:
    return set(INPUT.findall(ACTION.read_text().partition("\noutputs:")[0]))


@pytest.mark.parametrize(
    ("schema", "files"), [("github-actions", [ACTION]), ("github-workflows", GITHUB), ("gitlab-ci", [])]
)
def test_files_have_the_schema_of_their_service(schema: str, files: list[Path]) -> None:
    given = files or [ROOT / "examples" / "workflows" / "gitlab-ci.yml"]
    transform = [] if files else ["--data-transform", "gitlab-ci"]
    done = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *transform, *given)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_dangerous() -> None:
    done = tool("zizmor", "--offline", "--no-progress", ACTION, *GITHUB)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_would_find_an_input_in_a_script(tmp_path: Path) -> None:
    file = tmp_path / "action.yml"
    file.write_text(ACTION.read_text().replace('exit "$CODE"', "exit ${{ inputs.mode }}"))
    assert "template-injection" in tool("zizmor", "--offline", "--no-progress", file).stdout


def test_no_script_of_the_action_holds_an_expression() -> None:
    scripts = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", ACTION.read_text(), re.MULTILINE)
    assert len(scripts) >= 6
    assert not [script for script in scripts if "${{" in script]


def test_only_steps_that_run_none_of_the_project_s_code_have_the_token() -> None:
    steps = ACTION.read_text().split("\n    - name: ")[1:]
    with_token = [step for step in steps if "inputs.github-token" in step]
    assert [re.findall(r'"\$LLMOPT" ci (\w+)', step) for step in with_token] == [["post"], ["start"], ["post"]]
    [measuring] = [step for step in steps if '"$LLMOPT" ci run' in step]
    assert 'GITHUB_TOKEN: ""' in measuring
    assert [step for step in steps if "-api-key }}" in step] == [measuring]


def test_others_actions_are_pinned_by_commit() -> None:
    for file in (ACTION, *GITHUB):
        for name, pin in re.findall(r"uses: ([\w./-]+)@(\S+)", file.read_text()):
            assert name == "llmopt/llmopt" or re.fullmatch(r"[0-9a-f]{40}", pin), (file.name, name)


def test_options_that_the_action_passes_are_known() -> None:
    command = get_command(app).commands["ci"]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"(--[a-z-]+)", ACTION.read_text().partition("- name: Measure")[2])) <= known | {"--"}


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_workflows_give_the_action_inputs_that_it_has(file: Path) -> None:
    given = re.findall(r"uses: llmopt/llmopt@.*\n        with:\n((?:          .*\n)+)", file.read_text())
    assert given
    names = set(re.findall(r"^ {10}([a-z-]+):", "".join(given), re.MULTILINE))
    assert names
    assert names <= inputs()


def test_the_page_names_every_mode() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    assert re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE) == ["mode", *result.MODES]


@pytest.mark.parametrize("workloads", [[], ["bench.py", "pytest:tests/speed -k 'a: b'"]])
def test_what_init_writes_is_a_workflow_that_runs_the_workloads(tmp_path: Path, workloads: list[str]) -> None:
    file = workflow.write(tmp_path, workloads)
    assert file == tmp_path / ".github" / "workflows" / "llmopt.yml"
    done = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)
    assert done.returncode == 0, done.stdout
    found = re.search(r"^          workload: \|\n((?:            .*\n)+)", file.read_text(), re.MULTILINE)
    assert [line.strip() for line in found[1].splitlines()] == workloads if found else not workloads
    with pytest.raises(UsageError, match="is there already"):
        workflow.write(tmp_path, [])


def test_init_and_the_examples_pin_the_same_actions() -> None:
    pins = [set(re.findall(r"uses: (actions/\S+)", text)) for text in (workflow.TEXT, GUARD)]
    assert pins[0] == pins[1]


GUARD = (ROOT / "examples" / "workflows" / "guard.yml").read_text()


def test_init_with_the_flag_writes_the_workflow_with_the_workloads_of_the_table(tmp_path: Path) -> None:
    table = '[tool.llmopt]\nworkloads = ["bench.py@2"]\n'
    repo = shop.repository(tmp_path / "shop", {**shop.FILES, "pyproject.toml": shop.FILES["pyproject.toml"] + table})
    done = shop.llmopt(repo, "init", "--workflow")
    assert done.code == 0, done.err
    assert (repo / workflow.FILE).read_text() == workflow.text(["bench.py@2"])


DETECTED = "benchmarks/bench_report.py"
