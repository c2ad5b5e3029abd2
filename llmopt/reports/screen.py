"""What is to be printed in colours in, a console out that interprets nothing of it: no markup, no escapes of others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from llmopt import output


class Screen(Console):
    """A rich console for text that others wrote: "[red]" and ":bug:" in the name of a test are its name.

    Each piece of text passes `output.plain` on its way to the stream, whoever made it; the escapes that colour it are
    added after that.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(output.plain(segment.text), segment.style)
