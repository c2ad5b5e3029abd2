"""Settings of a run: flags over LLMOPT_* variables over `[tool.llmopt]` in pyproject.toml (or llmopt.toml)."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from llmopt.errors import UsageError
from llmopt.judge import MAX_PAIRS, MIN_SPEEDUP
from llmopt.keys import shown_url

UNITS = {"s": 1, "m": 60, "h": 3600}
# Refused in a repository's own configuration until the user says so too; and `sandbox = "off"`.
THE_USERS_OWN = ("agent_allow", "allow_network", "allow_read", "allow_env", "record")


def seconds(value: Any) -> Any:
    """ "90", "90s", "30m", "1h30m" as seconds; ValueError for another text, pydantic refuses what is none."""
    if not isinstance(value, str) or is_number(value):
        return value
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", value)
    if parts and "".join(n + u for n, u in parts) == value.replace(" ", ""):
        return sum(float(number) * UNITS[unit] for number, unit in parts)
    raise ValueError("a time is written as 90s, 30m or 1h30m")


def is_number(text: str) -> bool:
    with suppress(ValueError):
        float(text)
        return True
    return False


def sized(value: Any) -> Any:
    """ "512MB", "8GB" as bytes (of 1024s); ValueError for another text, pydantic refuses what is none."""
    if not isinstance(value, str) or is_number(value):
        return value
    if parts := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT])i?B?", value.strip(), re.IGNORECASE):
        return int(float(parts[1]) * 1024 ** ("KMGT".index(parts[2].upper()) + 1))
    raise ValueError("a size is written as 512MB or 8GB")


def listed(value: Any) -> Any:
    """One string stands for a list of one; a variable's JSON list is read."""
    if isinstance(value, str):
        return json.loads(value) if value.startswith("[") else [value]
    return list(value) if isinstance(value, tuple) else value


def specs(value: Any) -> Any:
    """Workloads as SPEC or SPEC@WEIGHT; in a file each may also be a table {run = SPEC, weight = WEIGHT}."""
    given = listed([value] if isinstance(value, dict) else value)
    return [_spec(each) if isinstance(each, dict) else each for each in given] if isinstance(given, list) else given


def _spec(table: dict[str, Any]) -> str:
    if unknown := table.keys() - {"run", "weight"}:
        raise ValueError(f"a workload's table has no {sorted(unknown)[0]!r}, only run and weight")
    run, weight = table.get("run"), table.get("weight", 1)
    if not isinstance(run, str) or not run.strip():
        raise ValueError("a workload's table needs run, a string")
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ValueError(f"the weight {weight!r} is no number above 0")
    return f"{run}@{Decimal(repr(weight)):f}" if "weight" in table else run


Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(sized), Field(ge=1024**2)]
Strings = Annotated[list[str], BeforeValidator(listed)]
Specs = Annotated[list[str], BeforeValidator(specs)]


class PriceSetting(BaseModel):
    """USD per million tokens."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)


class Settings(BaseModel):
    """Every setting, with its default. In the file dashes and underscores are the same."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    workloads: Specs = Field(default=[], description="What is to become faster; detected when empty.")
    test: str | None = Field(default=None, description="The command that runs the tests; detected when absent.")
    allow_no_tests: bool = Field(default=False, description="Go on without tests.")
    python: str | None = Field(default=None, description="The target's interpreter or environment folder.")
    roots: Strings | None = Field(default=None, description="Folders the repository's modules are imported from.")
    model: str = Field(
        default="rules",
        description="rules, anthropic:NAME, openai:NAME[@URL], manual:DIR, replay:FILE, agent:COMMAND.",
    )
    model_small: str | None = Field(default=None, description="A cheaper model that repairs edits; named like `model`.")
    rules: bool = Field(default=True, description="Try the model-free rewrites first.")
    functions: Strings = Field(default=[], description="Only these functions: NAME, or PATH::NAME.")
    exclude: Strings = Field(default=[], description="Paths (globs) that are never edited nor sent.")
    allow_paths: Strings = Field(
        default=[], description="Paths (globs) of tests, benchmarks and configuration that may be edited all the same."
    )
    min_speedup: float = Field(
        default=MIN_SPEEDUP, ge=1.0, description="What the speedup's lower bound must exceed, end to end."
    )
    objective: Literal["time", "cpu", "memory", "instructions", "energy"] = Field(
        default="time", description="What an edit must lower; the others are guarded."
    )
    max_memory_growth: float = Field(
        default=1.10,
        ge=1.0,
        allow_inf_nan=True,  # NaN is not above 1
        description="Most peak memory of an edit, by the base's; inf also allows caches without a bound.",
    )
    max_pairs: int = Field(default=MAX_PAIRS, ge=7, description="Most pairs of runs for one decision.")
    float_tolerance: float = Field(default=0.0, ge=0.0, lt=1.0, description="How far floats may differ, relatively.")
    require: Literal["none", "output", "tests", "calls"] | None = Field(
        default=None,
        description="Least evidence for an edit; when absent tests, or output in a project without tests.",
    )
    effort: Literal["low", "medium", "high"] = Field(
        default="medium", description="How much is asked of the model; how-it-works has the table."
    )
    attempts: int | None = Field(
        default=None, ge=1, description="Edits of the model tried on each hot region; when absent as the effort says."
    )
    agent_allow: Strings = Field(
        default=[], description="What an agent may reach, and it alone: network, env:NAME, read:PATH, home:PATH."
    )
    agent_seconds: Seconds = Field(default=900.0, description="Wall time of one start of an agent.")
    hotspots: int = Field(default=8, ge=1, description="Functions looked at in each round.")
    budget_usd: float | None = Field(default=None, ge=0, description="Stop before the call that could exceed it.")
    max_tokens: int | None = Field(default=None, ge=0, description="Tokens, input and output, of the whole run.")
    max_time: Seconds = Field(
        default=1800.0,
        description="Wall time after which the search ends; what was kept by then is measured as a whole after it.",
    )
    max_output_tokens: int = Field(default=16_000, ge=256, description="Most tokens of one reply.")
    test_timeout: Seconds = Field(default=1800.0, description="Wall time of one run of the tests.")
    workload_timeout: Seconds = Field(default=600.0, description="Wall time of one run of a workload.")
    sandbox: Literal["auto", "strict", "off", "bubblewrap", "landlock", "seatbelt", "docker", "podman"] = Field(
        default="auto", description="What confines the code under test: the strongest that works, at least one, none."
    )
    allow_network: bool = Field(default=False, description="Let the code under test use this machine's network.")
    allow_read: Strings = Field(default=[], description="Paths outside the repository that it may read.")
    allow_env: Strings = Field(default=[], description="Variables of the environment that it gets.")
    max_memory: Bytes | None = Field(default=None, description="Memory of one command; when absent 3/4 of all.")
    max_processes: int = Field(default=512, ge=16, description="Processes and threads of one command.")
    max_cpu: Seconds | None = Field(default=None, description="CPU time of one process; when absent wall time alone.")
    max_disk: Bytes = Field(default=16 * 1024**3, description="Disk space that one command may fill.")
    keep: Literal["branch", "commit", "worktree", "patch", "index"] = Field(
        default="branch", description="What happens at the end; index is for --staged, and the default there."
    )
    cache: bool = Field(default=True, description="Use the answers of earlier runs on the same code again.")
    record: str | None = Field(default=None, description="A transcript file for every request and reply.")
    prompts: str | None = Field(default=None, description="A folder whose templates win over the built-in ones.")
    prices: dict[str, PriceSetting] = Field(default={}, description="Prices by model name.")


def load(folder: Path, top: Path, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings for a project folder; UsageError names the setting, where it stands, and what it may be.

    The file is the nearest llmopt.toml or pyproject.toml with a `[tool.llmopt]` table, from `folder` up to `top`.
    """
    table, file = read_file(folder, top)
    given = {name: value for name, value in flags.items() if value is not None and value != []}
    layers = [(table, str(file)), (from_environment(environ), "the environment"), (given, "the arguments")]
    merged: dict[str, Any] = {}
    where: dict[str, str] = {}
    for values, source in layers:
        for name, value in values.items():
            merged[name], where[name] = value, source
    settings = check(merged, where)
    for name in ("model", "model_small"):
        if where.get(name) == str(file):
            _refuse_foreign_server(name, getattr(settings, name) or "", file)
    _refuse_foreign_agent(settings, where, file)
    _refuse_foreign_reach(settings, where, file)
    return settings


def _refuse_foreign_reach(settings: Settings, where: Mapping[str, str], file: Path | None) -> None:
    """Nor what the repository's code may reach on the user's machine, or which file is written there."""
    opened = [name for name in THE_USERS_OWN if getattr(settings, name)]
    opened += ["sandbox"] if settings.sandbox == "off" else []
    for name in opened:
        if where.get(name) == str(file):
            raise UsageError(
                f"{file} sets {name.replace('_', '-')}, by which a repository would reach more of your machine",
                f"if that is meant, say so yourself: {flag(name)}, or LLMOPT_{name.upper()} in the environment",
            )


def _refuse_foreign_agent(settings: Settings, where: Mapping[str, str], file: Path | None) -> None:
    """Nor which program gets the user's key and the network."""
    named = [name for name in ("agent_allow", "model") if where.get(name) == str(file)]
    if "agent_allow" in named or ("model" in named and settings.model.strip().lower().startswith("agent")):
        raise UsageError(
            f"{file} sets {named[0].replace('_', '-')} for an agent, which is a program that may get your key",
            f"if that is meant, say so yourself: {flag(named[0])}, or LLMOPT_{named[0].upper()} in the environment",
        )


def _refuse_foreign_server(name: str, model: str, file: Path | None) -> None:
    """Whoever wrote a repository's configuration does not say to which server the user's key and code are sent."""
    _, at, url = model.partition("@")
    if (
        at
        and re.match("(openai|anthropic):", model)
        and not re.match(r"https?://(localhost|127\.0\.0\.1|\[::1\])[:/]?", url)
    ):
        raise UsageError(
            f"{file} names the server {shown_url(url)!r} for the {name}, to which your code and key would be sent",
            f"if that is meant, say so yourself: --{name.replace('_', '-')}, or LLMOPT_{name.upper()} in the "
            "environment",
        )


def check(values: Mapping[str, Any], where: Mapping[str, str]) -> Settings:
    """The settings of these values; `where` says for an error's message where each of them stands."""
    for name in ("model", "model_small"):
        if re.search(r"@\w+://([^/]*@|[^?#]*[?#])", str(values.get(name, ""))):
            raise UsageError(
                f"the URL of the {name} in {where.get(name)} holds a user, password or query, which would be recorded",
                "give the key in OPENAI_API_KEY or ANTHROPIC_API_KEY instead, the URL in OPENAI_BASE_URL",
            )
    try:
        return Settings.model_validate(values)
    except ValidationError as problem:
        raise _usage_error(problem, where) from None


def read_file(folder: Path, top: Path) -> tuple[dict[str, Any], Path | None]:
    """The table of the nearest configuration file, its keys with underscores, and the file's path."""
    for place in (folder, *folder.parents):
        for name in ("llmopt.toml", "pyproject.toml"):
            file = place / name
            if file.is_file() and (table := _table(file)) is not None:
                return {key.replace("-", "_"): value for key, value in table.items()}, file
        if place == top:
            break
    return {}, None


def _table(file: Path) -> dict[str, Any] | None:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageError(f"{file} cannot be read: {problem}") from None
    tools = content.get("tool", {})
    tool = tools.get("llmopt") if isinstance(tools, dict) else None
    table = content if file.name == "llmopt.toml" and tool is None else tool
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{file}: [tool.llmopt] is not a table")
    return table


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """LLMOPT_MODEL, LLMOPT_MAX_TIME, ... by setting; other LLMOPT_* names are left to whoever uses them."""
    names = {f"LLMOPT_{name.upper()}": name for name in Settings.model_fields}
    return {name: environ[variable] for variable, name in names.items() if environ.get(variable)}


def _usage_error(problem: ValidationError, where: Mapping[str, str]) -> UsageError:
    first = problem.errors()[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        close = difflib.get_close_matches(name, Settings.model_fields, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(Settings.model_fields)}"
        return UsageError(f"unknown setting {name!r} in {where.get(name)}", hint)
    path = ".".join(str(part) for part in first["loc"])
    return UsageError(
        f"{path} = {first['input']!r} in {where.get(name)}: {first['msg'].removeprefix('Value error, ')}", flag(name)
    )


def flag(name: str) -> str:
    """How a setting is written on the command line."""
    repeated = ("workloads", "functions", "roots", "allow_paths")
    return f"--{name.rstrip('s') if name in repeated else name}".replace("_", "-")
