"""Settings from flags, environment and files: what wins, what is understood, and what a mistake is told."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from llmopt import config
from llmopt.errors import UsageError


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "repo" / "sub" / "deep").mkdir(parents=True)
    return tmp_path / "repo"


def pyproject(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.llmopt]\n{text}\n")
    return folder / "pyproject.toml"


def loaded(folder: Path, top: Path, flags: dict[str, Any] | None = None, **environ: str) -> config.Settings:
    return config.load(folder, top, flags or {}, environ)


def problem(folder: Path, flags: dict[str, Any] | None = None, **environ: str) -> str:
    with pytest.raises(UsageError) as caught:
        loaded(folder, folder, flags, **environ)
    return str(caught.value)


def test_without_anything_the_defaults_hold(top: Path) -> None:
    settings = loaded(top, top)
    assert (settings.model, settings.keep, settings.min_speedup, settings.max_time) == (
        "rules",
        "branch",
        1.005,
        1800.0,
    )
    assert settings.workloads == []


def test_flags_win_over_environment_over_file(top: Path) -> None:
    pyproject(top, 'model = "file"\nattempts = 5\nhotspots = 5')
    settings = loaded(top, top, {"model": "flag"}, LLMOPT_MODEL="environment", LLMOPT_ATTEMPTS="7")
    assert (settings.model, settings.attempts, settings.hotspots) == ("flag", 7, 5)


def test_flags_that_were_not_given_do_not_count(top: Path) -> None:
    pyproject(top, 'model = "file"\nrules = false\nworkloads = ["a.py"]')
    settings = loaded(top, top, {"model": None, "rules": None, "workloads": []})
    assert (settings.model, settings.rules, settings.workloads) == ("file", False, ["a.py"])
    assert loaded(top, top, {"rules": True}).rules is True


def test_llmopt_toml_wins_over_pyproject_in_the_same_folder(top: Path) -> None:
    pyproject(top, 'model = "pyproject"')
    (top / "llmopt.toml").write_text('model = "own"\n')
    assert loaded(top, top).model == "own"
    (top / "llmopt.toml").write_text('[tool.llmopt]\nmodel = "own table"\n')
    assert loaded(top, top).model == "own table"


def test_nearest_folder_up_to_the_git_root_wins(top: Path) -> None:
    pyproject(top, 'model = "root"')
    pyproject(top / "sub", 'model = "sub"')
    assert loaded(top / "sub" / "deep", top).model == "sub"
    (top / "sub" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 3\n")
    assert loaded(top / "sub" / "deep", top).model == "root"


def test_files_above_the_git_root_are_not_read(top: Path) -> None:
    pyproject(top.parent, 'model = "outside"')
    assert loaded(top / "sub", top).model == "rules"


def test_dashes_and_underscores_are_the_same(top: Path) -> None:
    pyproject(top, "max-time = 60\nmin_speedup = 1.1\nmax-output-tokens = 1000")
    settings = loaded(top, top)
    assert (settings.max_time, settings.min_speedup, settings.max_output_tokens) == (60.0, 1.1, 1000)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1h 30m", 5400), ("1.5h", 5400), ("0.5", 0.5)],
)
def test_durations(top: Path, text: str, seconds: float) -> None:
    pyproject(top, f'max-time = "{text}"')
    assert loaded(top, top).max_time == seconds
    assert loaded(top, top, LLMOPT_TEST_TIMEOUT=text).test_timeout == seconds


@pytest.mark.parametrize("text", ['"soon"', '"10 parsecs"', "0", "-5", "inf", "nan", '"inf"', '"5m later"', "[]"])
def test_durations_that_are_none(top: Path, text: str) -> None:
    file = pyproject(top, f"max-time = {text}")
    assert f"in {file}" in problem(top)


def test_unknown_setting_names_the_file_and_the_closest_one(top: Path) -> None:
    file = pyproject(top, "max-tmie = 5")
    assert problem(top) == f"unknown setting 'max_tmie' in {file} (did you mean 'max_time'?)"
    pyproject(top, "zzz = 5")
    assert "known: workloads, test," in problem(top)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("attempts = 'many'", "attempts"),
        ("attempts = 0", "attempts"),
        ("min-speedup = 0.5", "min_speedup"),
        ("min-speedup = inf", "min_speedup"),
        ("max-memory-growth = nan", "max_memory_growth"),
        ("keep = 'all'", "keep"),
        ("workloads = 5", "workloads"),
        ("workloads = [5]", "workloads.0"),
        ("prices = {m = {input = 1}}", "prices.m.output"),
        ("prices = {m = {input = 1, output = 2, extra = 3}}", "prices.m.extra"),
        ("model = ['a']", "model"),
    ],
)
def test_wrong_value_names_setting_file_and_flag(top: Path, text: str, name: str) -> None:
    file = pyproject(top, text)
    told = problem(top)
    assert told.startswith(f"{name} = ")
    assert f"in {file}: " in told
    assert "--" in told


def test_wrong_value_elsewhere_names_its_source(top: Path) -> None:
    assert "in the environment: " in problem(top, LLMOPT_ATTEMPTS="many")
    assert "in the arguments: " in problem(top, {"attempts": "many"})


@pytest.mark.parametrize("content", [b"a = = 1\n", b"\xff\xfe\x00", b"tool = \n", b'a = "\n'])
def test_file_that_is_no_toml_is_named(top: Path, content: bytes) -> None:
    (top / "pyproject.toml").write_bytes(content)
    assert problem(top).startswith(f"{top / 'pyproject.toml'} cannot be read: ")


@pytest.mark.parametrize("content", ["tool = 3\n", "[tool]\nllmopt = 3\n", ""])
def test_odd_tables_are_no_crash(top: Path, content: str) -> None:
    (top / "pyproject.toml").write_text(content)
    if "llmopt" in content:
        assert "[tool.llmopt] is not a table" in problem(top)
    else:
        assert loaded(top, top).model == "rules"


def test_byte_order_mark_is_no_mistake(top: Path) -> None:
    (top / "llmopt.toml").write_bytes(b'\xef\xbb\xbfmodel = "m"\n')
    assert loaded(top, top).model == "m"


# --- lists and workloads -----------------------------------------------------------------------------------------


def test_one_string_is_a_list_of_one(top: Path) -> None:
    pyproject(top, 'workloads = "bench.py"\nexclude = "vendor/*"')
    settings = loaded(top, top, LLMOPT_FUNCTIONS="f")
    assert (settings.workloads, settings.exclude, settings.functions) == (["bench.py"], ["vendor/*"], ["f"])


def test_paths_out_of_bounds_can_be_allowed(top: Path) -> None:
    assert loaded(top, top).allow_paths == []
    pyproject(top, 'allow-paths = ["pkg/testing/*.py"]')
    assert loaded(top, top).allow_paths == ["pkg/testing/*.py"]
    assert loaded(top, top, LLMOPT_ALLOW_PATHS="pkg/testing").allow_paths == ["pkg/testing"]


def test_variable_holds_a_json_list(top: Path) -> None:
    assert loaded(top, top, LLMOPT_WORKLOADS='["a.py", "cmd:sort x"]').workloads == ["a.py", "cmd:sort x"]
    assert "workloads = '[oops' in the environment" in problem(top, LLMOPT_WORKLOADS="[oops")


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ('workloads = [{run = "bench.py", weight = 2}]', ["bench.py@2"]),
        ('workloads = [{run = "bench.py"}, "other.py@3"]', ["bench.py", "other.py@3"]),
        ('workloads = {run = "pkg:f", weight = 0.5}', ["pkg:f@0.5"]),
        ('workloads = [{run = "a b.py", weight = 1e-7}]', ["a b.py@0.0000001"]),
        ('[[tool.llmopt.workloads]]\nrun = "cmd:x | y"\nweight = 1.25', ["cmd:x | y@1.25"]),
    ],
)
def test_workload_tables_become_specs(top: Path, text: str, specs: list[str]) -> None:
    pyproject(top, text)
    assert loaded(top, top).workloads == specs


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("{weight = 2}", "needs run"),
        ('{run = ""}', "needs run"),
        ("{run = 3}", "needs run"),
        ('{run = "a", wieght = 2}', "no 'wieght', only run and weight"),
        ('{run = "a", weight = 0}', "no number above 0"),
        ('{run = "a", weight = -1}', "no number above 0"),
        ('{run = "a", weight = inf}', "no number above 0"),
        ('{run = "a", weight = true}', "no number above 0"),
        ('{run = "a", weight = "2"}', "no number above 0"),
    ],
)
def test_workload_table_with_a_mistake_says_which(top: Path, table: str, words: str) -> None:
    file = pyproject(top, f"workloads = [{table}]")
    told = problem(top)
    assert words in told
    assert str(file) in told


# --- environment -------------------------------------------------------------------------------------------------


def test_empty_and_foreign_variables_are_left_alone(top: Path) -> None:
    settings = loaded(top, top, LLMOPT_MODEL="", LLMOPT_PROBE="x", LLMOPT_UNHEARD_OF="y", LLMOPT_ALLOW_NO_TESTS="1")
    assert (settings.model, settings.allow_no_tests) == ("rules", True)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("workloads", "--workload"),
        ("functions", "--function"),
        ("roots", "--root"),
        ("max_time", "--max-time"),
        ("hotspots", "--hotspots"),
    ],
)
def test_settings_name_their_flag(name: str, option: str) -> None:
    assert config.flag(name) == option


def test_memory_may_grow_without_a_bound_also_after_a_resumption(top: Path) -> None:
    pyproject(top, "max-memory-growth = inf")
    settings = config.load(top, top, {}, {})
    assert settings.max_memory_growth == math.inf
    kept = json.loads(json.dumps(settings.model_dump(mode="json")))
    assert config.check(kept, {}).max_memory_growth == math.inf


@pytest.mark.parametrize(
    ("line", "flags", "environ"),
    [
        ("allow_network = true", {"allow_network": True}, {"LLMOPT_ALLOW_NETWORK": "true"}),
        ('allow_read = ["/etc"]', {"allow_read": ["/data"]}, {"LLMOPT_ALLOW_READ": "/data"}),
        ('allow_env = ["AWS_SECRET_ACCESS_KEY"]', {"allow_env": ["DB"]}, {"LLMOPT_ALLOW_ENV": "DB"}),
        ('sandbox = "off"', {"sandbox": "off"}, {"LLMOPT_SANDBOX": "off"}),
        ('record = "/root/.bashrc"', {"record": "tape.jsonl"}, {"LLMOPT_RECORD": "tape.jsonl"}),
    ],
)
def test_a_repository_does_not_open_its_own_sandbox(
    line: str, flags: dict[str, Any], environ: dict[str, str], top: Path
) -> None:
    file = pyproject(top, line)
    name = line.partition(" ")[0]
    told = problem(top)
    assert str(file) in told
    assert f"--{name.replace('_', '-')}" in told
    assert f"LLMOPT_{name.upper()}" in told
    (given,) = flags.values()
    assert getattr(loaded(top, top, flags), name) == given
    assert getattr(loaded(top, top, **environ), name) == given


def test_a_repository_may_ask_for_a_stricter_sandbox(top: Path) -> None:
    pyproject(top, 'sandbox = "strict"\nallow_network = false\nallow_env = []')
    assert loaded(top, top).sandbox == "strict"
