"""llmopt's code in, the parts of the documentation out that only repeat it: commands, settings, outputs that are shown.

python docsite/generate.py

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. An output stands in the fence below
`<!-- output: COMMAND -->`, or below `<!-- output in EXAMPLE: COMMAND -->` for one in a fresh copy of examples/EXAMPLE.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

ROOT = Path(__file__).parents[1]
PART = re.compile(r"(?<=^<!-- generated: )(\w+) -->\n.*?(?=^<!-- end -->)", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(
    r"^(?P<mark><!-- output(?: in (?P<example>\w+))?: (?P<command>.+?) -->\n+)"
    r"(?P<fence>`{3,})(?P<kind>\w*)\n.*?^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
COLUMNS = "80"


def main() -> None:
    for file in pages(ROOT):
        before = file.read_text(encoding="utf-8")
        if (after := renewed(before)) != before:
            file.write_text(after, encoding="utf-8")
            print(file.relative_to(ROOT))


def pages(root: Path) -> list[Path]:
    """Every page that may have something generated in it."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def renewed(text: str) -> str:
    """A page with its generated parts and outputs as the code makes them today."""
    text = PART.sub(lambda part: f"{part[1]} -->\n\n{PARTS[part[1]]()}\n\n", text)
    return OUTPUT.sub(_with_output, text)


def _with_output(block: re.Match[str]) -> str:
    output = run(block["command"], block["example"] or "")
    return f"{block['mark']}{block['fence']}{block['kind']}\n{output}\n{block['fence']}"


# --- what a command prints -------------------------------------------------------------------------------------


@cache
def run(line: str, example: str = "") -> str:
    """What a command of llmopt prints, both streams in order, on a terminal of 80 columns and without colours."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / (example or "empty")
        if example:
            shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
            subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        else:
            folder.mkdir()
        return printed(line, folder)


def printed(line: str, folder: Path) -> str:
    """What the command prints in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(line)],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.replace("python -m llmopt", "llmopt").rstrip()


def _environment() -> dict[str, str]:
    """This one's without what changes an output: settings, colours, another width."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLMOPT_", "FORCE_COLOR"))}
    return kept | {"COLUMNS": COLUMNS, "NO_COLOR": "1", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


# --- commands --------------------------------------------------------------------------------------------------


def commands() -> str:
    """Each command with its help."""
    shown = ["", *names()]
    return "\n\n".join(f"## {f'llmopt {name}'.strip()}\n\n```\n{run(f'llmopt {name} --help')}\n```" for name in shown)


def names() -> list[str]:
    """The commands, in the order of `llmopt --help`."""
    from llmopt.cli import app

    return [str(each.name or getattr(each.callback, "__name__", "")) for each in app.registered_commands]


# --- settings --------------------------------------------------------------------------------------------------


def settings() -> str:
    """Each setting with its meaning, what it may be, its default, flag and variable."""
    from llmopt.config import Settings

    schema = Settings.model_json_schema()
    return "\n\n".join(
        f"### `{name}`\n\n{field.description}\n\n{' · '.join(about(name, field, schema['properties'][name]))}"
        for name, field in Settings.model_fields.items()
    )


def about(name: str, field: FieldInfo, schema: dict[str, Any]) -> Iterator[str]:
    """What there is to know of a setting besides its meaning."""
    yield kind(field, schema)
    yield f"default `{default}`" if (default := shown_default(field)) else "not set by default"
    if having := flags(name):
        words = having.get("optimize") or next(iter(having.values()))
        others = "" if "optimize" in having else f" of {', '.join(f'`{each}`' for each in having)}"
        yield f"{', '.join(f'`{word}`' for word in words)}{others}"
    yield f"`LLMOPT_{name.upper()}`"


def kind(field: FieldInfo, schema: dict[str, Any]) -> str:
    """What a setting may be, in words."""
    schema = next((each for each in schema.get("anyOf", []) if each.get("type") != "null"), schema)
    text = str(field.annotation) + str(field.metadata)
    if "function seconds" in text:
        return "a time such as `90s`, `30m` or `1h30m`"
    if "function sized" in text:
        return "a size such as `512MB` or `8GB`"
    if "enum" in schema:
        return " or ".join([", ".join(f"`{word}`" for word in schema["enum"][:-1]), f"`{schema['enum'][-1]}`"])
    if schema["type"] in ("integer", "number") and "minimum" in schema:
        below = f", below {schema['exclusiveMaximum']:g}" if "exclusiveMaximum" in schema else ""
        return f"{KINDS[schema['type']]}, at least {schema['minimum']:g}{below}"
    return KINDS[schema["type"]]


KINDS = {
    "array": "a list of texts",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "number": "a number",
    "object": "a table",
    "string": "a text",
}


def shown_default(field: FieldInfo) -> str:
    """A default as it is written in the file; "" where there is none."""
    from llmopt.commands.init import toml

    return "" if field.default in (None, [], {}) else toml(field)


@cache
def flags(name: str) -> dict[str, list[str]]:
    """The commands that have a setting's flag, each with the ways to write it."""
    from typer.main import get_command

    from llmopt.cli import app
    from llmopt.config import flag

    group: Any = get_command(app)
    return {
        command: [word for word in (*each.opts, *each.secondary_opts) if word.startswith("--")]
        for command in names()
        for each in group.commands[command].params
        if flag(name) in each.opts
    }


PARTS: dict[str, Callable[[], str]] = {"commands": commands, "settings": settings}


if __name__ == "__main__":
    main()
