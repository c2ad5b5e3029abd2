"""The name of a template and its values in, the text of a message out.

Templates are Markdown rendered by jinja2. They lie in `llmopt/prompts/` of an installed llmopt, in `prompts/` of a
checkout, and a folder of the user's wins over both, template by template. They are rendered in jinja2's sandbox,
as that folder may be named by the configuration of a repository that somebody else wrote.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmopt.errors import UsageError

if TYPE_CHECKING:
    from jinja2 import Environment

INSTALLED = Path(__file__).parent / "prompts"
CHECKOUT = Path(__file__).parent.parent / "prompts"


def render(name: str, folder: Path | None = None, **values: object) -> str:
    """The text of the template `name` (no suffix); UsageError when a template is missing or asks for unknown values."""
    import jinja2

    try:
        return _environment(folder).get_template(f"{name}.md").render(**values).strip() + "\n"
    except jinja2.TemplateError as error:
        where = f" in {folder}" if folder else ""
        hint = "compare it with the template of the same name that llmopt ships"
        raise UsageError(f"the prompt {name}.md{where} cannot be rendered: {error}", hint) from None


@lru_cache(maxsize=4)
def _environment(folder: Path | None) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    folders = [path for path in (folder, INSTALLED, CHECKOUT) if path]
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown for a model, never HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"fenced": fenced, "percent": percent, "cell": cell, "inline": inline, "words": words}
    return environment


def fenced(text: str, language: str = "python") -> str:
    """The text verbatim in a fence longer than any fence inside it."""
    longest = max(map(len, re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}"


def percent(share: float) -> str:
    """0.1234 -> "12 %", 0.0123 -> "1.2 %"."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def cell(text: str) -> str:
    """One line of code as a cell of a Markdown table."""
    return inline(text).replace("|", "\\|")


def inline(text: str) -> str:
    """A name, a path or a line of code as a code span that it cannot end."""
    return f"`{_one_line(text).replace('`', chr(39)) or ' '}`"


def words(text: str) -> str:
    """What somebody wrote, in a line of prose: no heading, no fence, no code span of its own."""
    return re.sub(r"[`~]{2,}", "'", _one_line(text)).replace("`", "'")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
